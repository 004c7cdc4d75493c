//! The names of flags, as `evt.arg.flags` shows them.

use std::fmt::Write;

/// A bit, or several under a mask, and the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlagName {
    /// The bits that are set.
    pub bits: u64,
    /// The bits that are looked at; where `bits` is 0 this is what must be clear.
    pub mask: u64,
    /// The kernel's name.
    pub name: &'static str,
}

const fn flag(bits: u64, name: &'static str) -> FlagName {
    FlagName { bits, mask: bits, name }
}

/// Writes the names of the flags that are set, `|` between them; nothing where none has a name.
pub fn flag_text(value: u64, names: &[FlagName], out: &mut impl Write) {
    let mut between = "";
    for flag in names.iter().filter(|flag| value & flag.mask == flag.bits) {
        // What is written to is memory, which can't fail.
        let _ = write!(out, "{between}{}", flag.name);
        between = "|";
    }
}

/// Access modes and flags of open(2), with the kernel's numbers for x86_64 and aarch64 where they agree.
/// `O_F_CREATED` is Falco's: the file wasn't there before.
pub const OPEN: &[FlagName] = &[
    FlagName { bits: 0, mask: 3, name: "O_RDONLY" },
    FlagName { bits: 1, mask: 3, name: "O_WRONLY" },
    FlagName { bits: 2, mask: 3, name: "O_RDWR" },
    flag(0o100, "O_CREAT"),
    flag(0o200, "O_EXCL"),
    flag(0o400, "O_NOCTTY"),
    flag(0o1000, "O_TRUNC"),
    flag(0o2000, "O_APPEND"),
    flag(0o4000, "O_NONBLOCK"),
    flag(0o4010000, "O_SYNC"),
    flag(0o10000, "O_DSYNC"),
    flag(0o40000, "O_DIRECT"),
    flag(0o100000, "O_LARGEFILE"),
    flag(0o200000, "O_DIRECTORY"),
    flag(0o400000, "O_NOFOLLOW"),
    flag(0o1000000, "O_NOATIME"),
    flag(0o2000000, "O_CLOEXEC"),
    flag(0o10000000, "O_PATH"),
    flag(0o20200000, "O_TMPFILE"),
    flag(O_F_CREATED, "O_F_CREATED"),
];

/// Falco's own flag beside those of open(2): the file was made by this open.
pub const O_F_CREATED: u64 = 1 << 62;

/// Flags of unlinkat(2), linkat(2) and execveat(2).
pub const AT: &[FlagName] = &[
    flag(0x100, "AT_SYMLINK_NOFOLLOW"),
    flag(0x200, "AT_REMOVEDIR"),
    flag(0x400, "AT_SYMLINK_FOLLOW"),
    flag(0x1000, "AT_EMPTY_PATH"),
];

/// Flags of renameat2(2).
pub const RENAME: &[FlagName] =
    &[flag(1, "RENAME_NOREPLACE"), flag(2, "RENAME_EXCHANGE"), flag(4, "RENAME_WHITEOUT")];

/// Flags of accept4(2).
pub const ACCEPT: &[FlagName] = &[flag(0o4000, "SOCK_NONBLOCK"), flag(0o2000000, "SOCK_CLOEXEC")];

/// Flags of mount(2).
pub const MOUNT: &[FlagName] = &[
    flag(1, "RDONLY"),
    flag(2, "NOSUID"),
    flag(4, "NODEV"),
    flag(8, "NOEXEC"),
    flag(16, "SYNCHRONOUS"),
    flag(32, "REMOUNT"),
    flag(64, "MANDLOCK"),
    flag(128, "DIRSYNC"),
    flag(1024, "NOATIME"),
    flag(2048, "NODIRATIME"),
    flag(4096, "BIND"),
    flag(8192, "MOVE"),
    flag(16384, "REC"),
    flag(32768, "SILENT"),
    flag(1 << 16, "POSIXACL"),
    flag(1 << 17, "UNBINDABLE"),
    flag(1 << 18, "PRIVATE"),
    flag(1 << 19, "SLAVE"),
    flag(1 << 20, "SHARED"),
    flag(1 << 21, "RELATIME"),
    flag(1 << 24, "STRICTATIME"),
    flag(1 << 25, "LAZYTIME"),
];

/// Flags of clone(2).
pub const CLONE: &[FlagName] = &[
    flag(0x100, "CLONE_VM"),
    flag(0x200, "CLONE_FS"),
    flag(0x400, "CLONE_FILES"),
    flag(0x800, "CLONE_SIGHAND"),
    flag(0x2000, "CLONE_PTRACE"),
    flag(0x4000, "CLONE_VFORK"),
    flag(0x8000, "CLONE_PARENT"),
    flag(0x10000, "CLONE_THREAD"),
    flag(0x20000, "CLONE_NEWNS"),
    flag(0x40000, "CLONE_SYSVSEM"),
    flag(0x80000, "CLONE_SETTLS"),
    flag(0x100000, "CLONE_PARENT_SETTID"),
    flag(0x200000, "CLONE_CHILD_CLEARTID"),
    flag(0x800000, "CLONE_UNTRACED"),
    flag(0x1000000, "CLONE_CHILD_SETTID"),
    flag(0x2000000, "CLONE_NEWCGROUP"),
    flag(0x4000000, "CLONE_NEWUTS"),
    flag(0x8000000, "CLONE_NEWIPC"),
    flag(0x10000000, "CLONE_NEWUSER"),
    flag(0x20000000, "CLONE_NEWPID"),
    flag(0x40000000, "CLONE_NEWNET"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: u64, names: &[FlagName]) -> String {
        let mut out = String::new();
        flag_text(value, names, &mut out);
        out
    }

    #[test]
    fn names() {
        assert_eq!(text(0, OPEN), "O_RDONLY");
        assert_eq!(text(0o1101, OPEN), "O_WRONLY|O_CREAT|O_TRUNC");
        assert_eq!(text(0, AT), "");
        assert_eq!(text(5, RENAME), "RENAME_NOREPLACE|RENAME_WHITEOUT");
    }
}
