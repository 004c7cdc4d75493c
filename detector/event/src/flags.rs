//! The names of flags, as `evt.arg.flags` shows them: a table each, in Falco's order (driver/flags_table.c of its
//! libs), with the kernel's numbers.

mod file;
mod kernel;
mod net;
mod process;

pub use file::*;
pub use kernel::*;
pub use net::*;
pub use process::*;

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

/// A name that stands for the whole number.
const fn value(number: u64, name: &'static str) -> FlagName {
    FlagName { bits: number, mask: u64::MAX, name }
}

/// Writes the names of the flags that are set, `|` between them; nothing where none has a name. Bits that a name has
/// told of are not told of again.
pub fn flag_text(number: u64, names: &[FlagName], out: &mut impl Write) {
    let (mut told, mut between) = (0, "");
    for flag in names.iter().filter(|flag| number & flag.mask == flag.bits) {
        if flag.bits != 0 && flag.bits & !told == 0 && flag.mask != u64::MAX {
            continue;
        }
        told |= flag.bits;
        // What is written to is memory, which can't fail.
        let _ = write!(out, "{between}{}", flag.name);
        between = "|";
    }
}

/// The number that names with `|` between stand for.
pub fn flag_number(text: &str, names: &[FlagName]) -> Option<u64> {
    let bits = |name| names.iter().find(|flag| flag.name == name).map(|flag| flag.bits);
    text.split('|').map(bits).try_fold(0, |all, flag| Some(all | flag?))
}

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
        assert_eq!(text(0o1101, OPEN), "O_TRUNC|O_CREAT|O_WRONLY");
        assert_eq!(text(0o4010002, OPEN), "O_SYNC|O_RDWR");
        assert_eq!(text(0, UNLINKAT), "");
        assert_eq!(text(5, RENAME), "RENAME_NOREPLACE|RENAME_WHITEOUT");
        assert_eq!(text(1, FAMILY), "AF_LOCAL|AF_UNIX");
        assert_eq!(text(0x81, FUTEX), "FUTEX_PRIVATE_FLAG|FUTEX_WAKE");
        assert_eq!(text(0, PROT), "PROT_NONE");
        assert_eq!(text(3, PROT), "PROT_READ|PROT_WRITE");
        assert_eq!(text(0o120644, MODE), "S_IROTH|S_IRGRP|S_IWUSR|S_IRUSR");
    }

    #[test]
    fn numbers() {
        assert_eq!(flag_number("O_CREAT|O_WRONLY", OPEN), Some(0o101));
        assert_eq!(flag_number("O_CREAT|X", OPEN), None);
        assert_eq!(flag_number("AF_UNIX", FAMILY), Some(1));
    }
}
