//! The table of syscalls: one row each, with what the kernel side sends of them, and where each parameter of the event
//! comes from.
//!
//! Their numbers are looked up by name, those of 32-bit programs too. What has no row here, because nothing is told of it
//! but that it happened, is made one (`generic`), so that a rule can name any syscall.

pub mod arch;
mod files;
mod io;
mod memory;
mod net;
mod process;
mod requests;
mod system;

use std::sync::LazyLock;

use lanner_bpf::layout::{ARG_BYTES, ARG_RESULT, NO_ARG, WHAT_ENTER};
use lanner_event::{Class, Kind};

pub use super::decode::Quota;
pub use requests::{REQUESTS, as_syscall};

/// Where a parameter comes from. Arguments are counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The result.
    Res,
    /// The result, which is an address.
    Address,
    /// An argument that is a signed 32-bit number.
    Int(usize),
    /// An argument that is an unsigned 32-bit number.
    Uint(usize),
    /// An argument that is as wide as a register, with a sign; 0 where the string is told, which it says the place of.
    LongUnlessStr(usize),
    /// An argument that is as wide as a register.
    Ulong(usize),
    /// A set of the thread's capabilities.
    Caps(Caps),
    /// A user's or group's number, of which all bits set is none.
    Id(usize),
    /// A number that the syscall wrote where an argument said: only where it succeeded.
    Written(usize),
    /// The first argument in percent of the second; 0 where there is no second.
    Percent(usize, usize),
    /// A set of signals, of which Falco tells the first 32.
    Signals(usize),
    /// A place in a file that an argument said where to find; it has 32 bits for an old syscall of 32-bit programs.
    Offset(usize),
    /// How many bytes were moved: the result, if it isn't an error.
    Moved,
    /// The flags of an open; Falco adds whether the file was made by it, and its layer of an overlay.
    OpenFlags(usize),
    /// The layer of an overlay that the file is in.
    Layer,
    /// The mode of an open, whose flags are the argument before: 0 where they make no file, as in Falco.
    OpenMode(usize),
    /// An argument that is the upper half of a number, whose lower half is the next.
    Halves(usize),
    /// A place in a file, which 32-bit programs pass as two arguments, the lower half first.
    Place(usize),
    /// The first or second path.
    Path(usize),
    /// The first or second path, as a text.
    Given(usize),
    /// The string that isn't a path.
    Str,
    /// The bytes.
    Data,
    /// A word of the bytes, which are a structure of such: as wide as a register.
    Word(usize),
    /// A 64-bit number of the bytes, and one of the second structure.
    Wide(usize),
    /// See `Wide`.
    More(usize),
    /// An unsigned 32-bit number of the bytes.
    Half(usize),
    /// A descriptor among the bytes, which are 32-bit numbers.
    Descriptor(usize),
    /// A 16-bit number of the bytes, 0 where they are fewer: Falco tells as many as there could be.
    Short(usize),
    /// The same with a sign.
    SignedShort(usize),
    /// A duration, of whose seconds and nanoseconds the bytes are.
    Duration,
    /// The value of a socket's option: its level and its name are the second and third argument.
    SocketOption,
    /// The bytes that go with a message.
    Control,
    /// The bytes or the second string, where the command, an argument, is one of these.
    DataOf(usize, &'static [u64]),
    /// See `DataOf`.
    TextOf(usize, &'static [u64]),
    /// Something of quotas, whose structure depends on the command.
    Quota(Quota),
    /// The path of the descriptor's file.
    Real,
    /// The device of the file.
    Dev,
    /// The inode of the file.
    Ino,
    /// The syscall's number.
    Nr,
    /// How much memory the process has asked for, how much of it is in memory, and how much is swapped out.
    VmSize,
    /// See `VmSize`.
    VmRss,
    /// See `VmSize`.
    VmSwap,
    /// The descriptors that are waited for.
    Polled,
    /// The event's descriptor holds it.
    Fd,
    /// Nothing tells it.
    Nothing,
}

/// Which set of capabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caps {
    /// Those that a program that is started may have.
    Inheritable,
    /// Those that may be made effective.
    Permitted,
    /// Those that it has.
    Effective,
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Syscall {
    /// The kind of event.
    pub kind: Kind,
    /// Its name, where that isn't the event's.
    native: Option<&'static str>,
    /// Names that 32-bit programs know it by, besides that.
    narrow: &'static [&'static str],
    /// Its number in socketcall(2), by which 32-bit programs may make it, and how many arguments it has there.
    pub socketcall: Option<(u32, u8)>,
    /// How many arguments its old call of 32-bit programs has in memory, where the first says.
    pub packed: u8,
    /// What there is to send besides arguments (`WHAT_*`).
    pub what: u32,
    /// Which argument is the descriptor that it is about, or `ARG_RESULT` or `ARG_BYTES`.
    pub fd: u8,
    /// Which arguments are paths.
    pub path: [u8; 2],
    /// Which arguments are the directory descriptors that the paths are relative to.
    pub dirfd: [u8; 2],
    /// Which argument is a string that isn't a path.
    pub string: u8,
    /// Which argument says where bytes are, which says how many, or `ARG_RESULT`, and how many at the most.
    pub bytes: (u8, u8, u16),
    /// How many bytes each has of what the length counts.
    pub unit: u8,
    /// Which arguments say where a number of 32 bits is, and which one of 64: a bit each.
    pub behind: (u8, u8),
    /// Which argument says where a second structure is, of the same size.
    pub more: u8,
    /// Which argument is a second string that isn't a path.
    pub text: u8,
    /// Which argument says where an address is; the next is its length.
    pub address: u8,
    /// Where the parameters come from, in the order of the kind's row. A failed start of a program, which tells little
    /// of what its row has, has none here.
    pub params: &'static [Origin],
}

/// No argument.
pub const NO: u8 = NO_ARG as u8;
/// The result in place of an argument.
pub const RESULT: u8 = ARG_RESULT as u8;
/// The first of the bytes in place of an argument.
pub const WRITTEN: u8 = ARG_BYTES as u8;
/// How many bytes of a buffer are told, as Falco's `snaplen` is unless set.
const SNAPLEN: u16 = 80;

/// A row of which nothing is sent but arguments and result.
const fn row(kind: Kind) -> Syscall {
    Syscall {
        kind,
        native: None,
        narrow: &[],
        socketcall: None,
        packed: 0,
        what: 0,
        fd: NO,
        path: [NO, NO],
        dirfd: [NO, NO],
        string: NO,
        bytes: (NO, NO, 0),
        unit: 1,
        behind: (0, 0),
        more: NO,
        text: NO,
        address: NO,
        params: &[],
    }
}

impl Syscall {
    const fn native(self, name: &'static str) -> Syscall {
        Syscall { native: Some(name), ..self }
    }

    const fn narrow(self, names: &'static [&'static str]) -> Syscall {
        Syscall { narrow: names, ..self }
    }

    const fn socketcall(self, call: u32, args: u8) -> Syscall {
        Syscall { socketcall: Some((call, args)), ..self }
    }

    const fn packed(self, args: u8) -> Syscall {
        Syscall { packed: args, ..self }
    }

    const fn what(self, what: u32) -> Syscall {
        Syscall { what: self.what | what, ..self }
    }

    const fn fd(self, argument: u8) -> Syscall {
        Syscall { fd: argument, ..self }
    }

    const fn path(self, argument: u8) -> Syscall {
        Syscall { path: [argument, NO], ..self }
    }

    const fn path_at(self, dirfd: u8, argument: u8) -> Syscall {
        Syscall { path: [argument, NO], dirfd: [dirfd, NO], ..self }
    }

    const fn paths(self, first: u8, second: u8) -> Syscall {
        Syscall { path: [first, second], ..self }
    }

    const fn paths_at(self, first: (u8, u8), second: (u8, u8)) -> Syscall {
        Syscall { path: [first.1, second.1], dirfd: [first.0, second.0], ..self }
    }

    const fn string(self, argument: u8) -> Syscall {
        Syscall { string: argument, ..self }
    }

    /// A structure of so many bytes, where an argument says.
    const fn structure(self, argument: u8, size: u16) -> Syscall {
        Syscall { bytes: (argument, NO, size), ..self }
    }

    /// A buffer where an argument says, of as many bytes as another says.
    const fn buffer(self, argument: u8, length: u8) -> Syscall {
        Syscall { bytes: (argument, length, SNAPLEN), ..self }
    }

    /// An array where an argument says, of as many as another says, so many bytes each; at most so many are read.
    const fn array(self, argument: u8, length: u8, unit: u8, max: u16) -> Syscall {
        Syscall { bytes: (argument, length, max * unit as u16), unit, ..self }
    }

    /// An argument says where a number of 32 bits is.
    const fn behind(self, argument: u8) -> Syscall {
        Syscall { behind: (self.behind.0 | 1 << argument, self.behind.1), ..self }
    }

    /// An argument says where a number of 64 bits is.
    const fn behind_wide(self, argument: u8) -> Syscall {
        Syscall { behind: (self.behind.0, self.behind.1 | 1 << argument), ..self }
    }

    const fn more(self, argument: u8) -> Syscall {
        Syscall { more: argument, ..self }
    }

    const fn text(self, argument: u8) -> Syscall {
        Syscall { text: argument, ..self }
    }

    const fn address(self, argument: u8) -> Syscall {
        Syscall { address: argument, ..self }
    }

    const fn params(self, params: &'static [Origin]) -> Syscall {
        Syscall { params, ..self }
    }

    /// Its name as programs call it.
    pub fn name(&self) -> &'static str {
        self.native.unwrap_or(self.kind.row().name)
    }

    /// Its number, if it has one on this machine.
    pub fn number(&self) -> Option<u32> {
        Some(self.name().parse::<arch::Wide>().ok()?.id() as u32)
    }

    /// Its numbers for 32-bit programs.
    pub fn narrow_numbers(&self) -> impl Iterator<Item = u32> {
        let names = std::iter::once(self.name()).chain(self.narrow.iter().copied());
        names.filter_map(|name| Some(name.parse::<arch::Narrow>().ok()?.id() as u32))
    }
}

/// Those that don't return, or not to where they were called.
const ENDLESS: &[&str] = &["exit", "exit_group", "rt_sigreturn", "sigreturn"];

/// Those of which more is told than that they happened.
const TOLD: &[&[Syscall]] = &[files::ROWS, io::ROWS, memory::ROWS, net::ROWS, process::ROWS, system::ROWS];

/// All syscalls that are captured. A failed start of a program is told by its syscall, a successful one by the
/// scheduler.
pub static SYSCALLS: LazyLock<Vec<Syscall>> = LazyLock::new(|| {
    let mut rows: Vec<Syscall> = TOLD.iter().copied().flatten().copied().collect();
    // What is told under another name isn't told a second time.
    let told: Vec<&str> = rows
        .iter()
        .flat_map(|row| row.narrow.iter().copied().chain([row.name(), row.kind.row().name]))
        .collect();
    let generic = Kind::ALL.iter().map(|kind| (kind, kind.row()));
    let generic = generic.filter(|(_, row)| row.class == Class::Generic && !told.contains(&row.name));
    let generic = generic.map(|(kind, of)| {
        let what = if ENDLESS.contains(&of.name) { WHAT_ENTER } else { 0 };
        row(*kind).what(what).params(&[Origin::Nr, Origin::Nr])
    });
    let generic: Vec<Syscall> = generic.collect();
    // What 32-bit programs alone have, or another kind of machine, has no number here.
    rows.extend(
        generic.into_iter().filter(|row| row.number().is_some() || row.narrow_numbers().next().is_some()),
    );
    rows
});

/// The row of each kind of event.
static BY_KIND: LazyLock<Vec<Option<Syscall>>> = LazyLock::new(|| {
    let of = |kind: &Kind| SYSCALLS.iter().find(|row| row.kind == *kind).copied();
    Kind::ALL.iter().map(of).collect()
});

/// The row of a kind.
pub fn row_of(kind: Kind) -> Option<&'static Syscall> {
    BY_KIND.get(kind.index())?.as_ref()
}

#[cfg(test)]
mod tests {
    use lanner_bpf::layout::WHAT_FAILURE_ONLY;

    use super::*;

    #[test]
    fn rows_fit_their_kinds() {
        for row in SYSCALLS.iter() {
            let kind = row.kind.row();
            assert_eq!(SYSCALLS.iter().filter(|other| other.kind == row.kind).count(), 1, "{}", kind.name);
            if row.what & WHAT_FAILURE_ONLY != 0 {
                continue;
            }
            assert_eq!(row.params.len(), kind.params.len(), "{}", kind.name);
            for at in 0..2 {
                let told = row.params.contains(&Origin::Path(at)) || row.params.contains(&Origin::Given(at));
                assert_eq!(told, row.path[at] != NO, "{}", kind.name);
            }
        }
    }

    /// Each number has one row at the most, and each name a number.
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn numbers_are_of_one_row() {
        let (mut wide, mut narrow) = (std::collections::BTreeMap::new(), std::collections::BTreeMap::new());
        for row in SYSCALLS.iter() {
            let name = row.name();
            if let Some(number) = row.number() {
                assert_eq!(wide.insert(number, name), None, "{name}");
            }
            for number in row.narrow_numbers() {
                assert_eq!(narrow.insert(number, name), None, "{name}");
            }
            for name in row.narrow {
                assert!(name.parse::<arch::Narrow>().is_ok(), "{name}");
            }
            let found = row.number().is_some() || row.narrow_numbers().next().is_some();
            assert!(found, "{name} has no number");
        }
        let unseen: Vec<&str> = arch::Wide::iter()
            .filter(|sysno| !wide.contains_key(&(sysno.id() as u32)))
            .map(|sysno| sysno.name())
            .collect();
        // Of new processes the scheduler tells, and programs call the last one only to come back from a probe.
        assert_eq!(unseen, ["clone", "fork", "vfork", "uprobe", "clone3"]);
    }
}
