//! The kernel itself: its modules, its programs, its filters.

use lanner_event::Kind;

use super::Origin::{Data, Int, Res, Str, Uint, Ulong};
use super::{RESULT, Syscall, row};

pub const ROWS: &[Syscall] = &[
    row(Kind::Bpf).fd(RESULT).params(&[Res, Uint(0)]),
    row(Kind::Seccomp).params(&[Res, Uint(0), Uint(1)]),
    row(Kind::InitModule).buffer(0, 1).string(2).params(&[Res, Data, Ulong(1), Str]),
    row(Kind::FinitModule).fd(0).string(1).params(&[Res, Int(0), Str, Uint(2)]),
    row(Kind::DeleteModule).string(0).params(&[Res, Str, Uint(1)]),
];
