//! Memory.

use lanner_event::Kind;

use super::Origin::{Address, Int, Nothing, Res, Uint, Ulong};
use super::{Syscall, row};

pub const ROWS: &[Syscall] = &[
    row(Kind::Brk).params(&[Address, Nothing, Nothing, Nothing, Ulong(0)]),
    row(Kind::Mmap).packed(6).params(&[
        Res,
        Nothing,
        Nothing,
        Nothing,
        Ulong(0),
        Ulong(1),
        Uint(2),
        Uint(3),
        Int(4),
        Ulong(5),
    ]),
    row(Kind::Mmap2).params(&[
        Res,
        Nothing,
        Nothing,
        Nothing,
        Ulong(0),
        Ulong(1),
        Uint(2),
        Uint(3),
        Int(4),
        Ulong(5),
    ]),
    row(Kind::Munmap).params(&[Res, Nothing, Nothing, Nothing, Ulong(0), Ulong(1)]),
    row(Kind::Mprotect).params(&[Res, Ulong(0), Ulong(1), Uint(2)]),
    row(Kind::Mlock).params(&[Res, Ulong(0), Ulong(1)]),
    row(Kind::Munlock).params(&[Res, Ulong(0), Ulong(1)]),
    row(Kind::Mlockall).params(&[Res, Uint(0)]),
    row(Kind::Munlockall).params(&[Res]),
    row(Kind::Mlock2).params(&[Res, Ulong(0), Ulong(1), Uint(2)]),
];
