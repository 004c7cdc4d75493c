//! The operations of io_uring, and the syscalls that do the same. The kernel never gives an operation another number.

use lanner_bpf::layout::*;
use lanner_event::Kind;

use super::row_of;

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// The operation.
    pub op: u32,
    /// The syscall that does the same.
    pub kind: Kind,
    /// The one that does it at a place in a file, where the operation may name one.
    pub placed: Option<Kind>,
}

const fn request(op: u32, kind: Kind) -> Request {
    Request { op, kind, placed: None }
}

const fn placed(op: u32, kind: Kind, placed: Kind) -> Request {
    Request { op, kind, placed: Some(placed) }
}

/// All that are captured.
pub const REQUESTS: &[Request] = &[
    placed(OP_READV, Kind::Readv, Kind::Preadv),
    placed(OP_WRITEV, Kind::Writev, Kind::Pwritev),
    request(OP_FSYNC, Kind::Fsync),
    placed(OP_READ_FIXED, Kind::Read, Kind::Pread),
    placed(OP_WRITE_FIXED, Kind::Write, Kind::Pwrite),
    request(OP_SYNC_FILE_RANGE, Kind::SyncFileRange),
    request(OP_SENDMSG, Kind::Sendmsg),
    request(OP_RECVMSG, Kind::Recvmsg),
    request(OP_ACCEPT, Kind::Accept4),
    request(OP_CONNECT, Kind::Connect),
    request(OP_FALLOCATE, Kind::Fallocate),
    request(OP_OPENAT, Kind::Openat),
    request(OP_CLOSE, Kind::Close),
    request(OP_STATX, Kind::Statx),
    placed(OP_READ, Kind::Read, Kind::Pread),
    placed(OP_WRITE, Kind::Write, Kind::Pwrite),
    request(OP_FADVISE, Kind::Fadvise64),
    request(OP_MADVISE, Kind::Madvise),
    request(OP_SEND, Kind::Sendto),
    request(OP_RECV, Kind::Recvfrom),
    request(OP_OPENAT2, Kind::Openat2),
    request(OP_EPOLL_CTL, Kind::EpollCtl),
    request(OP_SPLICE, Kind::Splice),
    request(OP_TEE, Kind::Tee),
    request(OP_SHUTDOWN, Kind::Shutdown),
    request(OP_RENAMEAT, Kind::Renameat2),
    request(OP_UNLINKAT, Kind::Unlinkat),
    request(OP_MKDIRAT, Kind::Mkdirat),
    request(OP_SYMLINKAT, Kind::Symlinkat),
    request(OP_LINKAT, Kind::Linkat),
    request(OP_FSETXATTR, Kind::Fsetxattr),
    request(OP_SETXATTR, Kind::Setxattr),
    request(OP_FGETXATTR, Kind::Fgetxattr),
    request(OP_GETXATTR, Kind::Getxattr),
    request(OP_SOCKET, Kind::Socket),
    request(OP_SEND_ZC, Kind::Sendto),
    request(OP_SENDMSG_ZC, Kind::Sendmsg),
    request(OP_READ_MULTISHOT, Kind::Read),
    request(OP_WAITID, Kind::Waitid),
    request(OP_FUTEX_WAIT, Kind::FutexWait),
    request(OP_FUTEX_WAKE, Kind::FutexWake),
    request(OP_FUTEX_WAITV, Kind::FutexWaitv),
    request(OP_FTRUNCATE, Kind::Ftruncate),
    request(OP_BIND, Kind::Bind),
    request(OP_LISTEN, Kind::Listen),
    request(OP_RECV_ZC, Kind::Recvfrom),
    request(OP_EPOLL_WAIT, Kind::EpollWait),
    placed(OP_READV_FIXED, Kind::Readv, Kind::Preadv),
    placed(OP_WRITEV_FIXED, Kind::Writev, Kind::Pwritev),
    request(OP_PIPE, Kind::Pipe2),
];

impl Request {
    /// Whether any of its kinds is wanted.
    pub fn is_wanted(&self, wanted: &[Kind]) -> bool {
        wanted.contains(&self.kind) || self.placed.is_some_and(|kind| wanted.contains(&kind))
    }
}

/// The record of a request as that of the syscall: with its number, and its kind. What a file has and a pipe or a socket
/// has not is a place to read from, which is no place where it is that of the descriptor.
pub fn as_syscall(record: &Record) -> Record {
    let request = REQUESTS.iter().find(|request| request.op == record.nr);
    let has_places = matches!(u32::from(record.fd.mode) & libc::S_IFMT, libc::S_IFREG | libc::S_IFBLK);
    let placed =
        request.and_then(|request| request.placed).filter(|_| has_places && record.args[3] != u64::MAX);
    let kind = placed.or(request.map(|request| request.kind));
    let number = kind.and_then(row_of).and_then(|row| row.number());
    Record {
        event: kind.map_or(record.event, |kind| kind as u16),
        nr: number.unwrap_or(record.nr),
        ..*record
    }
}
