//! Processes, users, signals, and what processes ask of each other.

use lanner_bpf::layout::{WHAT_BYTES_OF_SUCCESS, WHAT_FAILURE_ONLY, WHAT_IOVEC, WHAT_SET_NAME, WHAT_STRINGS};
use lanner_event::Kind;

use super::Origin::{
    Caps, Data, Duration, Id, Int, LongUnlessStr, More, Res, Short, SignedShort, Str, Uint, Ulong, Wide,
    Word, Written,
};
use super::{Caps as Set, RESULT, Syscall, row};

pub const ROWS: &[Syscall] = &[
    row(Kind::Execve).what(WHAT_FAILURE_ONLY | WHAT_STRINGS).path(0).structure(1, 0).more(2),
    row(Kind::Execveat).what(WHAT_FAILURE_ONLY | WHAT_STRINGS).path_at(0, 1).structure(2, 0).more(3),
    row(Kind::Setuid).narrow(&["setuid32"]).params(&[Res, Id(0)]),
    row(Kind::Setgid).narrow(&["setgid32"]).params(&[Res, Id(0)]),
    row(Kind::Setreuid).narrow(&["setreuid32"]).params(&[Res, Id(0), Id(1)]),
    row(Kind::Setregid).narrow(&["setregid32"]).params(&[Res, Id(0), Id(1)]),
    row(Kind::Setresuid).narrow(&["setresuid32"]).params(&[Res, Id(0), Id(1), Id(2)]),
    row(Kind::Setresgid).narrow(&["setresgid32"]).params(&[Res, Id(0), Id(1), Id(2)]),
    row(Kind::Getuid).narrow(&["getuid32"]).params(&[Res]),
    row(Kind::Geteuid).narrow(&["geteuid32"]).params(&[Res]),
    row(Kind::Getgid).narrow(&["getgid32"]).params(&[Res]),
    row(Kind::Getegid).narrow(&["getegid32"]).params(&[Res]),
    row(Kind::Getresuid).narrow(&["getresuid32"]).behind(0).behind(1).behind(2).params(&[
        Res,
        Written(0),
        Written(1),
        Written(2),
    ]),
    row(Kind::Getresgid).narrow(&["getresgid32"]).behind(0).behind(1).behind(2).params(&[
        Res,
        Written(0),
        Written(1),
        Written(2),
    ]),
    row(Kind::Getrlimit).narrow(&["ugetrlimit"]).structure(1, 16).params(&[Res, Word(0), Word(1), Uint(0)]),
    row(Kind::Setrlimit).structure(1, 16).params(&[Res, Word(0), Word(1), Uint(0)]),
    row(Kind::Prlimit).native("prlimit64").structure(2, 16).more(3).params(&[
        Res,
        Wide(0),
        Wide(1),
        More(0),
        More(1),
        Int(0),
        Uint(1),
    ]),
    row(Kind::Ptrace).params(&[Res, Ulong(2), Ulong(3), Uint(0), Int(1)]),
    row(Kind::Setns).fd(0).params(&[Res, Int(0), Uint(1)]),
    row(Kind::Unshare).params(&[Res, Uint(0)]),
    row(Kind::Setsid).params(&[Res]),
    row(Kind::Setpgid).params(&[Res, Int(0), Int(1)]),
    // As in Falco, what the thread has after it.
    row(Kind::Capset).params(&[Res, Caps(Set::Inheritable), Caps(Set::Permitted), Caps(Set::Effective)]),
    row(Kind::Prctl).what(WHAT_SET_NAME).string(1).params(&[Res, Uint(0), Str, LongUnlessStr(1)]),
    row(Kind::PidfdGetfd).fd(RESULT).params(&[Res, Int(0), Int(1), Uint(2)]),
    row(Kind::PidfdOpen).fd(RESULT).params(&[Res, Int(0), Uint(1)]),
    row(Kind::Semop).array(1, 2, 6, 2).params(&[
        Res,
        Uint(2),
        Short(0),
        SignedShort(1),
        Short(2),
        Short(3),
        SignedShort(4),
        Short(5),
        Int(0),
    ]),
    row(Kind::Semctl).params(&[Res, Int(0), Int(1), Uint(2), Int(3)]),
    row(Kind::Semget).params(&[Res, Int(0), Int(1), Uint(2)]),
    row(Kind::Futex).narrow(&["futex_time64"]).params(&[Res, Ulong(0), Uint(1), Uint(2)]),
    row(Kind::ProcessVmReadv).what(WHAT_BYTES_OF_SUCCESS | WHAT_IOVEC).buffer(1, RESULT).params(&[
        Res,
        Int(0),
        Data,
    ]),
    row(Kind::ProcessVmWritev).what(WHAT_BYTES_OF_SUCCESS | WHAT_IOVEC).buffer(1, RESULT).params(&[
        Res,
        Int(0),
        Data,
    ]),
    row(Kind::Kill).params(&[Res, Int(0), Uint(1)]),
    row(Kind::Tkill).params(&[Res, Int(0), Uint(1)]),
    row(Kind::Tgkill).params(&[Res, Int(0), Int(1), Uint(2)]),
    row(Kind::Nanosleep).structure(0, 16).params(&[Res, Duration]),
];
