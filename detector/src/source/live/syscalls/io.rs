//! What is done with a descriptor, and descriptors that are made.

use lanner_bpf::layout::{ARG_TOTAL, WHAT_BYTES_OF_SUCCESS, WHAT_CALLED, WHAT_IOVEC, WHAT_POLLED};
use lanner_event::Kind;

use super::Origin::{
    Data, Descriptor, Duration, Half, Ino, Int, Moved, Nothing, Offset, Place, Polled, Res, Signals, Str,
    Uint, Ulong,
};
use super::{RESULT, Syscall, WRITTEN, row};

pub const ROWS: &[Syscall] = &[
    row(Kind::Read).what(WHAT_BYTES_OF_SUCCESS).fd(0).buffer(1, RESULT).params(&[Res, Data, Int(0), Uint(2)]),
    row(Kind::Pread).native("pread64").what(WHAT_BYTES_OF_SUCCESS).fd(0).buffer(1, RESULT).params(&[
        Res,
        Data,
        Int(0),
        Uint(2),
        Place(3),
    ]),
    row(Kind::Readv).what(WHAT_BYTES_OF_SUCCESS | WHAT_IOVEC).fd(0).buffer(1, RESULT).params(&[
        Res,
        Moved,
        Data,
        Int(0),
    ]),
    row(Kind::Preadv).what(WHAT_BYTES_OF_SUCCESS | WHAT_IOVEC).fd(0).buffer(1, RESULT).params(&[
        Res,
        Moved,
        Data,
        Int(0),
        Place(3),
    ]),
    row(Kind::Write).fd(0).buffer(1, 2).params(&[Res, Data, Int(0), Uint(2)]),
    row(Kind::Pwrite).native("pwrite64").fd(0).buffer(1, 2).params(&[Res, Data, Int(0), Uint(2), Place(3)]),
    row(Kind::Writev).what(WHAT_IOVEC).fd(0).buffer(1, RESULT).params(&[Res, Data, Int(0), Uint(ARG_TOTAL)]),
    row(Kind::Pwritev).what(WHAT_IOVEC).fd(0).buffer(1, RESULT).params(&[
        Res,
        Data,
        Int(0),
        Uint(ARG_TOTAL),
        Place(3),
    ]),
    // As in Falco, where the next data come from: behind those that were copied.
    row(Kind::Sendfile).narrow(&["sendfile64"]).behind_wide(2).fd(1).params(&[
        Res,
        Offset(2),
        Int(0),
        Int(1),
        Ulong(3),
    ]),
    row(Kind::Splice).fd(0).params(&[Res, Int(0), Int(2), Ulong(4), Uint(5)]),
    row(Kind::Close).what(WHAT_CALLED).fd(0).params(&[Res, Int(0)]),
    row(Kind::Dup).fd(0).params(&[Res, Int(0)]),
    row(Kind::Dup2).fd(0).params(&[Res, Int(0), Int(1)]),
    row(Kind::Dup3).fd(0).params(&[Res, Int(0), Int(1), Uint(2)]),
    row(Kind::Fcntl).narrow(&["fcntl64"]).fd(0).params(&[Res, Int(0), Uint(1)]),
    row(Kind::Ioctl).fd(0).params(&[Res, Int(0), Uint(1), Ulong(2)]),
    row(Kind::Pipe).what(WHAT_BYTES_OF_SUCCESS).structure(0, 8).fd(WRITTEN).params(&[
        Res,
        Descriptor(0),
        Descriptor(1),
        Ino,
    ]),
    row(Kind::Pipe2).what(WHAT_BYTES_OF_SUCCESS).structure(0, 8).fd(WRITTEN).params(&[
        Res,
        Descriptor(0),
        Descriptor(1),
        Ino,
        Uint(1),
    ]),
    // It has no flags.
    row(Kind::Eventfd).fd(RESULT).params(&[Res, Uint(0), Nothing]),
    row(Kind::Eventfd2).fd(RESULT).params(&[Res, Uint(1), Uint(0)]),
    // The first signals of the set; Falco says none. The older one has no flags.
    row(Kind::Signalfd).behind_wide(1).fd(RESULT).params(&[Res, Int(0), Uint(1), Nothing]),
    row(Kind::Signalfd4).behind_wide(1).fd(RESULT).params(&[Res, Uint(3), Int(0), Uint(1)]),
    row(Kind::TimerfdCreate).fd(RESULT).params(&[Res, Uint(0), Uint(1)]),
    // It has no flags.
    row(Kind::InotifyInit).fd(RESULT).params(&[Res, Nothing]),
    row(Kind::InotifyInit1).fd(RESULT).params(&[Res, Uint(0)]),
    row(Kind::EpollCreate).fd(RESULT).params(&[Res, Int(0)]),
    row(Kind::EpollCreate1).fd(RESULT).params(&[Res, Uint(0)]),
    row(Kind::EpollWait).fd(0).params(&[Res, Int(2)]),
    row(Kind::Poll).what(WHAT_POLLED).params(&[Res, Polled, Int(2)]),
    row(Kind::Ppoll).narrow(&["ppoll_time64"]).what(WHAT_POLLED).structure(2, 16).behind_wide(3).params(&[
        Res,
        Polled,
        Duration,
        Signals(3),
    ]),
    row(Kind::Select).narrow(&["_newselect"]).params(&[Res]),
    row(Kind::Userfaultfd).fd(RESULT).params(&[Res, Uint(0)]),
    row(Kind::MemfdCreate).string(0).fd(RESULT).params(&[Res, Str, Uint(1)]),
    row(Kind::IoUringSetup).structure(1, 24).fd(RESULT).params(&[
        Res,
        Uint(0),
        Half(0),
        Half(1),
        Half(2),
        Half(3),
        Half(4),
        Half(5),
    ]),
    // What Falco says of the last is where in the program's memory the set is, or a structure that may have one.
    row(Kind::IoUringEnter).fd(0).params(&[Res, Int(0), Uint(1), Uint(2), Uint(3), Nothing]),
    row(Kind::IoUringRegister).fd(0).params(&[Res, Int(0), Uint(1), Ulong(2), Uint(3)]),
];
