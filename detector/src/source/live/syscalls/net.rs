//! Sockets.

use lanner_bpf::layout::{
    ARG_QUEUE, ARG_QUEUE_MAX, ARG_TOTAL, WHAT_BYTES_OF_SUCCESS, WHAT_LENGTH_BEHIND, WHAT_MMSGHDR,
    WHAT_MSGHDR, WHAT_QUEUE,
};
use lanner_event::Kind;

use super::Origin::{Control, Data, Descriptor, Fd, Int, Moved, Nothing, Percent, Res, SocketOption, Uint};
use super::{RESULT, Syscall, WRITTEN, row};

pub const ROWS: &[Syscall] =
    &[
        row(Kind::Socket).socketcall(1, 3).fd(RESULT).params(&[Res, Uint(0), Uint(1), Uint(2)]),
        row(Kind::Bind).socketcall(2, 3).fd(0).address(1).params(&[Res, Fd, Int(0)]),
        row(Kind::Connect).socketcall(3, 3).fd(0).address(1).params(&[Res, Fd, Int(0), Fd]),
        row(Kind::Listen).socketcall(4, 2).fd(0).params(&[Res, Int(0), Int(1)]),
        row(Kind::Accept).socketcall(5, 3).what(WHAT_QUEUE).fd(RESULT).params(&[
            Res,
            Fd,
            Percent(ARG_QUEUE, ARG_QUEUE_MAX),
            Uint(ARG_QUEUE),
            Uint(ARG_QUEUE_MAX),
        ]),
        row(Kind::Accept4).socketcall(18, 4).what(WHAT_QUEUE).fd(RESULT).params(&[
            Res,
            Fd,
            Percent(ARG_QUEUE, ARG_QUEUE_MAX),
            Uint(ARG_QUEUE),
            Uint(ARG_QUEUE_MAX),
            Int(3),
        ]),
        row(Kind::Getsockname).socketcall(6, 3).fd(0).params(&[]),
        row(Kind::Getpeername).socketcall(7, 3).fd(0).params(&[]),
        // In place of source and peer Falco tells where in the kernel's memory the sockets are, which helps attackers only.
        row(Kind::Socketpair)
            .socketcall(8, 4)
            .what(WHAT_BYTES_OF_SUCCESS)
            .structure(3, 8)
            .fd(WRITTEN)
            .params(&[Res, Descriptor(0), Descriptor(1), Nothing, Nothing, Uint(0), Uint(1), Uint(2)]),
        row(Kind::Sendto).socketcall(11, 6).fd(0).buffer(1, 2).address(4).params(&[
            Res,
            Data,
            Int(0),
            Uint(2),
            Fd,
        ]),
        row(Kind::Recvfrom)
            .socketcall(12, 6)
            .what(WHAT_BYTES_OF_SUCCESS | WHAT_LENGTH_BEHIND)
            .fd(0)
            .buffer(1, RESULT)
            .address(4)
            .params(&[Res, Data, Fd, Int(0), Uint(2)]),
        row(Kind::Shutdown).socketcall(13, 2).fd(0).params(&[Res, Int(0), Uint(1)]),
        row(Kind::Setsockopt).socketcall(14, 5).fd(0).buffer(3, 4).params(&[
            Res,
            Int(0),
            Uint(1),
            Uint(2),
            SocketOption,
            Uint(4),
        ]),
        row(Kind::Getsockopt).socketcall(15, 5).behind(4).fd(0).buffer(3, 4).params(&[
            Res,
            Int(0),
            Uint(1),
            Uint(2),
            SocketOption,
            Uint(4),
        ]),
        row(Kind::Sendmsg).socketcall(16, 3).what(WHAT_MSGHDR).fd(0).buffer(1, RESULT).params(&[
            Res,
            Data,
            Int(0),
            Uint(ARG_TOTAL),
            Fd,
        ]),
        row(Kind::Recvmsg)
            .socketcall(17, 3)
            .what(WHAT_BYTES_OF_SUCCESS | WHAT_MSGHDR)
            .fd(0)
            .buffer(1, RESULT)
            .params(&[Res, Moved, Data, Fd, Control, Int(0)]),
        // Of several messages the first; Falco makes an event of each.
        row(Kind::Sendmmsg)
            .socketcall(20, 4)
            .what(WHAT_MSGHDR | WHAT_MMSGHDR)
            .fd(0)
            .structure(1, super::SNAPLEN)
            .params(&[Res, Int(0), Uint(ARG_TOTAL), Data, Fd]),
        row(Kind::Recvmmsg)
            .narrow(&["recvmmsg_time64"])
            .socketcall(19, 5)
            .what(WHAT_BYTES_OF_SUCCESS | WHAT_MSGHDR | WHAT_MMSGHDR)
            .fd(0)
            .structure(1, super::SNAPLEN)
            .params(&[Res, Int(0), Uint(ARG_TOTAL), Data, Fd, Control]),
    ];
