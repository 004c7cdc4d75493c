//! Memory.

use lanner_bpf::layout::WHAT_USAGE;
use lanner_event::Kind;

use super::Origin::{Address, Int, Res, Uint, Ulong, VmRss, VmSize, VmSwap};
use super::{Syscall, row};

pub const ROWS: &[Syscall] = &[
    row(Kind::Brk).what(WHAT_USAGE).params(&[Address, VmSize, VmRss, VmSwap, Ulong(0)]),
    row(Kind::Mmap).what(WHAT_USAGE).packed(6).params(&[
        Res,
        VmSize,
        VmRss,
        VmSwap,
        Ulong(0),
        Ulong(1),
        Uint(2),
        Uint(3),
        Int(4),
        Ulong(5),
    ]),
    row(Kind::Mmap2).what(WHAT_USAGE).params(&[
        Res,
        VmSize,
        VmRss,
        VmSwap,
        Ulong(0),
        Ulong(1),
        Uint(2),
        Uint(3),
        Int(4),
        Ulong(5),
    ]),
    row(Kind::Munmap).what(WHAT_USAGE).params(&[Res, VmSize, VmRss, VmSwap, Ulong(0), Ulong(1)]),
    row(Kind::Mprotect).params(&[Res, Ulong(0), Ulong(1), Uint(2)]),
    row(Kind::Mlock).params(&[Res, Ulong(0), Ulong(1)]),
    row(Kind::Munlock).params(&[Res, Ulong(0), Ulong(1)]),
    row(Kind::Mlockall).params(&[Res, Uint(0)]),
    row(Kind::Munlockall).params(&[Res]),
    row(Kind::Mlock2).params(&[Res, Ulong(0), Ulong(1), Uint(2)]),
];
