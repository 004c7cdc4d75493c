//! The table of syscalls: one row each, with their numbers, what the kernel side sends of them, and where each
//! parameter of the event comes from.

use lanner_bpf::layout::{
    NO_ARG, WHAT_ARG_SOCKET, WHAT_FAILURE_ONLY, WHAT_OPEN_HOW, WHAT_RESULT_FILE, WHAT_RESULT_SOCKET,
    WHAT_ROOT, WHAT_SOCKADDR,
};
use lanner_event::Kind;

/// Where a parameter comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The result.
    Res,
    /// An argument that is a signed 32-bit number.
    Int(usize),
    /// An argument that is an unsigned number.
    Uint(usize),
    /// An argument that is the flags of an open; Falco adds whether the file was made by it.
    OpenFlags(usize),
    /// The first or second path.
    Path(usize),
    /// The string that isn't a path.
    Str,
    /// The device of the file.
    Dev,
    /// The inode of the file.
    Ino,
    /// The event's descriptor holds it.
    Fd,
    /// Nothing tells it.
    Nothing,
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Syscall {
    /// The kind of event.
    pub kind: Kind,
    /// Its number on x86_64.
    pub nr: u32,
    /// Its number for 32-bit programs, if it has one.
    pub compat: Option<u32>,
    /// Its number in socketcall(2), by which 32-bit programs may make it, and how many arguments it has there.
    pub socketcall: Option<(u32, u8)>,
    /// What there is to send besides arguments (`WHAT_*`).
    pub what: u32,
    /// Which arguments are paths.
    pub path: [u8; 2],
    /// Which arguments are the directory descriptors that the paths are relative to.
    pub dirfd: [u8; 2],
    /// Which argument is a string that isn't a path.
    pub string: u8,
    /// Where the parameters come from, in the order of the kind's row. A failed start of a program, which tells little
    /// of what its row has, has none here.
    pub params: &'static [Origin],
}

const NO: u8 = NO_ARG as u8;

const BASE: Syscall = Syscall {
    kind: Kind::Open,
    nr: 0,
    compat: None,
    socketcall: None,
    what: 0,
    path: [NO, NO],
    dirfd: [NO, NO],
    string: NO,
    params: &[],
};

use Origin::{Dev, Fd, Ino, Int, Nothing, OpenFlags, Path, Res, Str, Uint};

/// All syscalls that are captured. A failed start of a program is told by its syscall, a successful one by the
/// scheduler.
pub const SYSCALLS: &[Syscall] = &[
    Syscall { kind: Kind::Execve, nr: 59, compat: Some(11), what: WHAT_FAILURE_ONLY, path: [0, NO], ..BASE },
    Syscall {
        kind: Kind::Execveat,
        nr: 322,
        compat: Some(358),
        what: WHAT_FAILURE_ONLY,
        path: [1, NO],
        dirfd: [0, NO],
        ..BASE
    },
    Syscall {
        kind: Kind::Open,
        nr: 2,
        compat: Some(5),
        what: WHAT_RESULT_FILE,
        path: [0, NO],
        params: &[Res, Path(0), OpenFlags(1), Uint(2), Dev, Ino],
        ..BASE
    },
    Syscall {
        kind: Kind::Openat,
        nr: 257,
        compat: Some(295),
        what: WHAT_RESULT_FILE,
        path: [1, NO],
        dirfd: [0, NO],
        params: &[Res, Int(0), Path(0), OpenFlags(2), Uint(3), Dev, Ino],
        ..BASE
    },
    Syscall {
        kind: Kind::Openat2,
        nr: 437,
        compat: Some(437),
        what: WHAT_RESULT_FILE | WHAT_OPEN_HOW,
        path: [1, NO],
        dirfd: [0, NO],
        params: &[Res, Int(0), Path(0), OpenFlags(2), Uint(3), Uint(4), Dev, Ino],
        ..BASE
    },
    Syscall {
        kind: Kind::Creat,
        nr: 85,
        compat: Some(8),
        what: WHAT_RESULT_FILE,
        path: [0, NO],
        params: &[Res, Path(0), Uint(1), Dev, Ino, Nothing],
        ..BASE
    },
    Syscall {
        kind: Kind::Rename,
        nr: 82,
        compat: Some(38),
        what: WHAT_ROOT,
        path: [0, 1],
        params: &[Res, Path(0), Path(1)],
        ..BASE
    },
    Syscall {
        kind: Kind::Renameat,
        nr: 264,
        compat: Some(302),
        what: WHAT_ROOT,
        path: [1, 3],
        dirfd: [0, 2],
        params: &[Res, Int(0), Path(0), Int(2), Path(1)],
        ..BASE
    },
    Syscall {
        kind: Kind::Renameat2,
        nr: 316,
        compat: Some(353),
        what: WHAT_ROOT,
        path: [1, 3],
        dirfd: [0, 2],
        params: &[Res, Int(0), Path(0), Int(2), Path(1), Uint(4)],
        ..BASE
    },
    Syscall {
        kind: Kind::Link,
        nr: 86,
        compat: Some(9),
        what: WHAT_ROOT,
        path: [0, 1],
        params: &[Res, Path(0), Path(1)],
        ..BASE
    },
    Syscall {
        kind: Kind::Linkat,
        nr: 265,
        compat: Some(303),
        what: WHAT_ROOT,
        path: [1, 3],
        dirfd: [0, 2],
        params: &[Res, Int(0), Path(0), Int(2), Path(1), Uint(4)],
        ..BASE
    },
    Syscall {
        kind: Kind::Symlink,
        nr: 88,
        compat: Some(83),
        what: WHAT_ROOT,
        path: [1, NO],
        string: 0,
        params: &[Res, Str, Path(0)],
        ..BASE
    },
    Syscall {
        kind: Kind::Symlinkat,
        nr: 266,
        compat: Some(304),
        what: WHAT_ROOT,
        path: [2, NO],
        dirfd: [1, NO],
        string: 0,
        params: &[Res, Str, Int(1), Path(0)],
        ..BASE
    },
    Syscall {
        kind: Kind::Unlink,
        nr: 87,
        compat: Some(10),
        what: WHAT_ROOT,
        path: [0, NO],
        params: &[Res, Path(0)],
        ..BASE
    },
    Syscall {
        kind: Kind::Unlinkat,
        nr: 263,
        compat: Some(301),
        what: WHAT_ROOT,
        path: [1, NO],
        dirfd: [0, NO],
        params: &[Res, Int(0), Path(0), Uint(2)],
        ..BASE
    },
    Syscall {
        kind: Kind::Rmdir,
        nr: 84,
        compat: Some(40),
        what: WHAT_ROOT,
        path: [0, NO],
        params: &[Res, Path(0)],
        ..BASE
    },
    Syscall {
        kind: Kind::Mkdir,
        nr: 83,
        compat: Some(39),
        what: WHAT_ROOT,
        path: [0, NO],
        params: &[Res, Path(0), Uint(1)],
        ..BASE
    },
    Syscall {
        kind: Kind::Mkdirat,
        nr: 258,
        compat: Some(296),
        what: WHAT_ROOT,
        path: [1, NO],
        dirfd: [0, NO],
        params: &[Res, Int(0), Path(0), Uint(2)],
        ..BASE
    },
    Syscall {
        kind: Kind::Mount,
        nr: 165,
        compat: Some(21),
        what: WHAT_ROOT,
        path: [0, 1],
        string: 2,
        params: &[Res, Path(0), Path(1), Str, Uint(3)],
        ..BASE
    },
    Syscall {
        kind: Kind::Connect,
        nr: 42,
        compat: Some(362),
        socketcall: Some((3, 3)),
        what: WHAT_ARG_SOCKET | WHAT_SOCKADDR,
        params: &[Res, Fd, Int(0), Fd],
        ..BASE
    },
    Syscall {
        kind: Kind::Accept,
        nr: 43,
        socketcall: Some((5, 3)),
        what: WHAT_RESULT_SOCKET,
        params: &[Res, Fd, Nothing, Nothing, Nothing],
        ..BASE
    },
    Syscall {
        kind: Kind::Accept4,
        nr: 288,
        compat: Some(364),
        socketcall: Some((18, 4)),
        what: WHAT_RESULT_SOCKET,
        params: &[Res, Fd, Nothing, Nothing, Nothing, Int(3)],
        ..BASE
    },
    Syscall {
        kind: Kind::Listen,
        nr: 50,
        compat: Some(363),
        socketcall: Some((4, 2)),
        what: WHAT_ARG_SOCKET,
        params: &[Res, Int(0), Int(1)],
        ..BASE
    },
    Syscall {
        kind: Kind::Bind,
        nr: 49,
        compat: Some(361),
        socketcall: Some((2, 3)),
        what: WHAT_ARG_SOCKET | WHAT_SOCKADDR,
        params: &[Res, Fd, Int(0)],
        ..BASE
    },
];

/// The row of a kind.
pub fn row(kind: Kind) -> Option<&'static Syscall> {
    SYSCALLS.iter().find(|row| row.kind == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_fit_their_kinds() {
        for row in SYSCALLS {
            let kind = row.kind.row();
            if row.what & WHAT_FAILURE_ONLY == 0 {
                assert_eq!(row.params.len(), kind.params.len(), "{}", kind.name);
                let paths = row.params.iter().filter(|from| matches!(from, Path(_))).count();
                assert_eq!(paths, row.path.iter().filter(|arg| **arg != NO).count(), "{}", kind.name);
            }
            assert_eq!(SYSCALLS.iter().filter(|other| other.nr == row.nr).count(), 1, "{}", kind.name);
        }
    }
}
