//! The table of event kinds: one row each, with the parameters it carries.

use serde::{Deserialize, Serialize};

use crate::flags;
use crate::param::{ParamRow, ParamType};

/// Where events come from. A rule is of one source, and sees its events only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventSource {
    /// The kernel: what programs do on this host.
    Syscall,
    /// The audit log of a Kubernetes API server.
    K8sAudit,
}

impl EventSource {
    /// All of them.
    pub const ALL: &[EventSource] = &[EventSource::Syscall, EventSource::K8sAudit];

    /// Falco's name: what stands in a rule's `source`.
    pub fn name(self) -> &'static str {
        match self {
            EventSource::Syscall => "syscall",
            EventSource::K8sAudit => "k8s_audit",
        }
    }

    /// The source of that name.
    pub fn by_name(name: &str) -> Option<EventSource> {
        EventSource::ALL.iter().copied().find(|source| source.name() == name)
    }
}

impl std::fmt::Display for EventSource {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KindRow {
    /// Falco's name: what `evt.type` says.
    pub name: &'static str,
    /// What it means.
    pub doc: &'static str,
    /// Whether only the state reads it, and no rule can name it.
    pub internal: bool,
    /// The parameters, in order.
    pub params: &'static [ParamRow],
}

macro_rules! kinds {
    (@internal internal) => { true };
    (@internal) => { false };
    ($($(#[$mark:ident])? $variant:ident $name:literal $doc:literal [$($param:literal: $ty:expr),* $(,)?])*) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[repr(u16)]
        pub enum Kind {
            $(#[doc = $doc] $variant,)*
        }

        /// All event kinds, in the order of [`Kind`].
        pub const KINDS: &[KindRow] = &[
            $(KindRow {
                name: $name,
                doc: $doc,
                internal: kinds!(@internal $($mark)?),
                params: &[$(ParamRow { name: $param, ty: $ty }),*],
            },)*
        ];

        impl Kind {
            /// All, in order.
            pub const ALL: &[Kind] = &[$(Kind::$variant),*];
        }
    };
}

use ParamType::{Errno, Fd, Flags, Gid, Int, Mode, Path, Pid, SockAddr, SockTuple, Str, StrList, Uid, Uint};

kinds! {
    Execve "execve" "A program was started, or could not be." [
        "res": Errno, "filename": Path, "exe": Str, "args": StrList, "tid": Pid, "pid": Pid, "ptid": Pid, "cwd": Str,
        "comm": Str, "cgroups": Str, "tty": Uint, "vpgid": Pid, "loginuid": Uid, "trusted_exepath": Str, "exe_ino": Uint,
        "uid": Uid, "gid": Gid, "pgid": Pid,
    ]
    Execveat "execveat" "A program was started relative to a directory descriptor, or could not be." [
        "res": Errno, "filename": Path, "exe": Str, "args": StrList, "tid": Pid, "pid": Pid, "ptid": Pid, "cwd": Str,
        "comm": Str, "cgroups": Str, "tty": Uint, "vpgid": Pid, "loginuid": Uid, "trusted_exepath": Str, "exe_ino": Uint,
        "uid": Uid, "gid": Gid, "pgid": Pid,
    ]
    Clone "clone" "A process or a thread was made; the event is the child's." [
        "res": Errno, "ptid": Pid, "cgroups": Str, "flags": Flags(flags::CLONE),
    ]
    Procexit "procexit" "A thread ended; of a process where it was the last." [
        "status": Errno, "ret": Int, "sig": Int,
    ]
    Open "open" "A file was opened." ["fd": Fd, "name": Path, "flags": Flags(flags::OPEN), "mode": Mode, "dev": Uint, "ino": Uint]
    Openat "openat" "A file was opened relative to a directory descriptor." [
        "fd": Fd, "dirfd": Fd, "name": Path, "flags": Flags(flags::OPEN), "mode": Mode, "dev": Uint, "ino": Uint,
    ]
    Openat2 "openat2" "A file was opened relative to a directory descriptor, with restrictions." [
        "fd": Fd, "dirfd": Fd, "name": Path, "flags": Flags(flags::OPEN), "mode": Mode, "resolve": Uint, "dev": Uint, "ino": Uint,
    ]
    Creat "creat" "A file was made and opened." ["fd": Fd, "name": Path, "mode": Mode, "dev": Uint, "ino": Uint]
    Rename "rename" "A file was renamed." ["res": Errno, "oldpath": Path, "newpath": Path]
    Renameat "renameat" "A file was renamed relative to directory descriptors." [
        "res": Errno, "olddirfd": Fd, "oldpath": Path, "newdirfd": Fd, "newpath": Path,
    ]
    Renameat2 "renameat2" "A file was renamed relative to directory descriptors, with flags." [
        "res": Errno, "olddirfd": Fd, "oldpath": Path, "newdirfd": Fd, "newpath": Path, "flags": Flags(flags::RENAME),
    ]
    Link "link" "A file was given another name." ["res": Errno, "oldpath": Path, "newpath": Path]
    Linkat "linkat" "A file was given another name relative to directory descriptors." [
        "res": Errno, "olddir": Fd, "oldpath": Path, "newdir": Fd, "newpath": Path, "flags": Flags(flags::AT),
    ]
    Symlink "symlink" "A symbolic link was made." ["res": Errno, "target": Str, "linkpath": Path]
    Symlinkat "symlinkat" "A symbolic link was made relative to a directory descriptor." [
        "res": Errno, "target": Str, "linkdirfd": Fd, "linkpath": Path,
    ]
    Unlink "unlink" "A file's name was removed." ["res": Errno, "path": Path]
    Unlinkat "unlinkat" "A file's name was removed relative to a directory descriptor." [
        "res": Errno, "dirfd": Fd, "name": Path, "flags": Flags(flags::AT),
    ]
    Rmdir "rmdir" "A directory was removed." ["res": Errno, "path": Path]
    Mkdir "mkdir" "A directory was made." ["res": Errno, "path": Path, "mode": Mode]
    Mkdirat "mkdirat" "A directory was made relative to a directory descriptor." [
        "res": Errno, "dirfd": Fd, "path": Path, "mode": Mode,
    ]
    Mount "mount" "A file system was mounted, or a mount changed." [
        "res": Errno, "dev": Path, "dir": Path, "type": Str, "flags": Flags(flags::MOUNT),
    ]
    Connect "connect" "A socket was connected, or its connection began (EINPROGRESS)." [
        "res": Errno, "tuple": SockTuple, "fd": Fd, "addr": SockAddr,
    ]
    Accept "accept" "A connection was accepted." ["fd": Fd, "tuple": SockTuple]
    Accept4 "accept4" "A connection was accepted, with flags." ["fd": Fd, "tuple": SockTuple, "flags": Flags(flags::ACCEPT)]
    Listen "listen" "A socket began to listen." ["res": Errno, "fd": Fd, "backlog": Int]
    Bind "bind" "A socket was given an address." ["res": Errno, "addr": SockAddr, "fd": Fd]
    Container "container" "A container was started and is now known by name and image." ["id": Str]
    Pluginevent "pluginevent" "Something that another source than the kernel told of, such as an API server's audit log." []
    #[internal] CgroupMkdir "cgroup_mkdir" "A cgroup was made." ["cgroup": Uint, "path": Str]
    #[internal] Process "process" "A process that was there before the capture began." [
        "exe": Str, "args": StrList, "cwd": Str, "cgroups": Str, "trusted_exepath": Str, "exe_ino": Uint,
    ]
}

impl Kind {
    /// Its row in the table.
    pub fn row(self) -> &'static KindRow {
        &KINDS[self as usize]
    }

    /// Where its events come from.
    pub fn source(self) -> EventSource {
        match self {
            Kind::Pluginevent => EventSource::K8sAudit,
            _ => EventSource::Syscall,
        }
    }

    /// Its index in the table.
    pub fn index(self) -> usize {
        self as usize
    }

    /// Whether it is an open: `open`, `openat`, `openat2`, `creat`.
    pub fn is_open(self) -> bool {
        matches!(self, Kind::Open | Kind::Openat | Kind::Openat2 | Kind::Creat)
    }

    /// The kind that rules call by that name.
    pub fn by_name(name: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| !kind.row().internal && kind.row().name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_well_formed() {
        for (kind, row) in Kind::ALL.iter().zip(KINDS) {
            assert_eq!(kind.row(), row);
            assert!(row.doc.ends_with('.'), "{} is not explained", row.name);
            assert_eq!(KINDS.iter().filter(|other| other.name == row.name).count(), 1, "{}", row.name);
        }
        assert_eq!(Kind::by_name("openat"), Some(Kind::Openat));
        assert_eq!(Kind::by_name("process"), None);
    }
}
