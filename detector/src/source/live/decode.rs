//! Records made into events.

mod bytes;
mod details;
mod option;
mod paths;
mod process;
mod quota;
mod request;
mod socket;
#[cfg(test)]
mod tests;

use lanner_bpf::layout::*;
use lanner_event::{
    CUT, Capabilities, CommName, Event, EventBatch, EventFlags, FD_LOWER_LAYER, FD_UPPER_LAYER, Fd, FdKind,
    Kind, O_F_CREATED, Param, Path, Slice, Task,
};

pub use quota::Quota;

use bytes::{duration, half, more, short, wide, word};
use request::Requests;

use super::clock::Clock;
use super::path::push_leaf_first;
use super::record::Parts;
use super::resolve::Resolver;
use super::syscalls::{self, Caps, Origin, RESULT, Syscall, WRITTEN};

/// The kernel's mark of an open that made its file (`FMODE_CREATED`, include/linux/fs.h).
const FMODE_CREATED: u32 = 0x10_0000;

/// The flags of open(2) of which one makes a file: O_CREAT, and that of O_TMPFILE which isn't O_DIRECTORY.
const MAKES_FILE: u32 = 0o100 | 0o20_000_000;

/// The most parameters of a syscall.
const PARAMS_MAX: usize = 32;

// Magic numbers of file systems (include/uapi/linux/magic.h).
const ANON_INODE_FS_MAGIC: u32 = 0x0904_1934;
const PID_FS_MAGIC: u32 = 0x5049_4446;
const TMPFS_MAGIC: u32 = 0x0102_1994;

/// What the kernel calls files that have no path, and what they are.
const ANONYMOUS: &[(&[u8], FdKind)] = &[
    (b"[eventfd", FdKind::Event),
    (b"[signalfd", FdKind::Signal),
    (b"[eventpoll", FdKind::Epoll),
    (b"inotify", FdKind::Inotify),
    (b"[timerfd", FdKind::Timer),
    (b"bpf-", FdKind::Bpf),
    (b"[userfaultfd", FdKind::Userfault),
    (b"[io_uring", FdKind::IoUring),
    (b"[pidfd", FdKind::Pidfd),
];

/// What is kept from record to record.
#[derive(Default)]
pub struct Decoder {
    /// Tells times of day.
    pub clock: Clock,
    /// Looks real directories up.
    pub resolver: Resolver,
    /// The requests of io_uring that aren't done.
    pub requests: Requests,
    /// The number of the last event.
    pub num: u64,
    /// Files and sockets that another thread had closed before the call that opened them returned.
    pub gone: u64,
    /// Records that made no sense, which only a mismatch of the two sides can cause.
    pub malformed: u64,
}

impl Decoder {
    /// Adds the event of a record to the batch.
    pub fn push(&mut self, batch: &mut EventBatch, record: &Record, parts: &Parts) {
        let mut event = self.head(batch, record, parts);
        self.resolver.saw(record.root_mount, record.task.pid);
        match u32::from(record.kind) {
            RECORD_SYSCALL => return self.push_syscall(batch, event, record, parts),
            RECORD_REQUEST => return self.requests.take(record.res as u64, record, parts),
            // Numbers of threads are no addresses of requests.
            RECORD_CALLED => return self.requests.take(record.task.tid as u64, record, parts),
            RECORD_REQUEST_DONE | RECORD_RETURNED => return self.join(batch, record, parts),
            RECORD_EXEC => process::exec(batch, &mut event, record, parts),
            RECORD_FORK => process::fork(batch, &mut event, record, parts),
            RECORD_EXIT => process::exit(batch, &mut event, record),
            RECORD_CGROUP_MKDIR => process::cgroup_mkdir(batch, &mut event, record, parts),
            RECORD_PROCESS => process::process(batch, &mut event, record, parts),
            _ => {
                self.malformed += 1;
                return;
            }
        }
        self.push_event(batch, event);
    }

    /// Adds the event of a record that another one came before.
    fn join(&mut self, batch: &mut EventBatch, record: &Record, parts: &Parts) {
        let mut requests = std::mem::take(&mut self.requests);
        let returned = u32::from(record.kind) == RECORD_RETURNED;
        let see = |record: &Record, parts: &Parts| {
            let mut event = self.head(batch, record, parts);
            if returned {
                return self.push_syscall(batch, event, record, parts);
            }
            event.flags |= EventFlags::ASYNC;
            self.push_syscall(batch, event, &syscalls::as_syscall(record), parts);
        };
        match (returned, record.args[0]) {
            (true, _) => requests.done(record.task.tid as u64, record, parts, see),
            (false, 0) => requests.done_again((record.args[1], record.args[2]), record, parts, see),
            (false, request) => requests.done(request, record, parts, see),
        }
        self.requests = requests;
    }

    fn push_syscall(&mut self, batch: &mut EventBatch, mut event: Event, record: &Record, parts: &Parts) {
        let kind = Kind::ALL.get(usize::from(record.event));
        match kind.and_then(|kind| syscalls::row_of(*kind)) {
            Some(row) => {
                // It is known before the event is judged that brought it about.
                if row.what & WHAT_CWD != 0
                    && let Some(path) = push_walk(batch, record, parts.get(PART_CWD))
                {
                    let params = batch.push_named(Kind::Cwd, &[("path", Param::Bytes(path))]);
                    self.push_event(batch, Event { kind: Kind::Cwd, params, ..event });
                }
                self.syscall(batch, &mut event, row, record, parts);
                self.push_event(batch, event);
            }
            None => self.malformed += 1,
        }
    }

    fn push_event(&mut self, batch: &mut EventBatch, event: Event) {
        self.num += 1;
        batch.events.push(Event { num: self.num, ..event });
    }

    fn head(&self, batch: &mut EventBatch, record: &Record, parts: &Parts) -> Event {
        let task = &record.task;
        let mut flags = EventFlags::empty();
        flags.set(EventFlags::COMPAT, record.flags & FLAG_COMPAT != 0);
        flags.set(EventFlags::UPPER_LAYER, record.flags & FLAG_UPPER_LAYER != 0);
        flags.set(EventFlags::LOWER_LAYER, record.flags & FLAG_LOWER_LAYER != 0);
        flags.set(EventFlags::RACED, record.flags & FLAG_RACED != 0);
        flags.set(EventFlags::TRUNCATED, record.flags & (FLAG_TRUNCATED | FLAG_WALK_ENDED) != 0);
        Event {
            num: 0,
            time: self.clock.wall(record.time),
            kind: Kind::Execve,
            flags,
            cpu: record.cpu,
            res: record.res,
            task: Task {
                pid: task.pid,
                tid: task.tid,
                vpid: task.vpid,
                vtid: task.vtid,
                ppid: task.ppid,
                sid: task.sid,
                pgid: task.pgid,
                vsid: task.vsid,
                vpgid: task.vpgid,
                tty: task.tty,
                uid: task.uid,
                euid: task.euid,
                gid: task.gid,
                egid: task.egid,
                loginuid: task.loginuid,
                mnt_ns: task.mnt_ns,
                pid_ns: task.pid_ns,
                net_ns: task.net_ns,
                cgroup: task.cgroup,
                start: task.start,
                comm: CommName(task.comm),
                caps: Some(Capabilities {
                    permitted: task.cap_permitted,
                    effective: task.cap_effective,
                    inheritable: task.cap_inheritable,
                }),
            },
            fd: None,
            params: Slice::default(),
            document: None,
            details: details::read(batch, record, parts),
        }
    }

    fn syscall(
        &mut self,
        batch: &mut EventBatch,
        event: &mut Event,
        row: &Syscall,
        record: &Record,
        parts: &Parts,
    ) {
        event.kind = row.kind;
        let paths = paths::read(&mut self.resolver, batch, event, row, (record, parts));
        event.fd = descriptor(batch, row, record, parts, paths[0]);
        let cut = paths::is_cut(record, parts.get(PART_REAL)) && event.fd.is_some_and(|fd| is_file(&fd));
        event.flags.set(EventFlags::PATH_CUT, cut || event.flags.contains(EventFlags::PATH_CUT));
        let nothing = event.fd.is_some_and(|fd| fd.kind.is_none());
        self.gone +=
            u64::from(row.fd == RESULT && record.res >= 0 && record.flags & FLAG_DIRECT == 0 && nothing);
        if row.what & WHAT_FAILURE_ONLY != 0 {
            event.params = process::failed_exec(batch, event, record, parts, path(parts, 0, paths[0]));
            return;
        }
        let mut params = [Param::Missing; PARAMS_MAX];
        for (param, origin) in params.iter_mut().zip(row.params) {
            *param = read(batch, *origin, record, parts, &paths);
        }
        event.params = batch.push_params(&params[..row.params.len()]);
    }
}

/// A parameter, from where it comes from.
fn read(batch: &mut EventBatch, origin: Origin, record: &Record, parts: &Parts, paths: &[Path; 2]) -> Param {
    let number = |number: Option<u64>| number.map_or(Param::Missing, Param::Uint);
    match origin {
        Origin::Res => Param::Int(record.res),
        Origin::Address => Param::Uint(record.res as u64),
        Origin::Int(at) => Param::Int(i64::from(record.args[at] as i32)),
        Origin::Uint(at) => Param::Uint(u64::from(record.args[at] as u32)),
        Origin::Caps(Caps::Inheritable) => Param::Uint(record.task.cap_inheritable),
        Origin::Caps(Caps::Permitted) => Param::Uint(record.task.cap_permitted),
        Origin::Caps(Caps::Effective) => Param::Uint(record.task.cap_effective),
        Origin::Id(at) => id(record.args[at]),
        Origin::Written(_) if record.res < 0 => Param::Missing,
        Origin::Written(at) => id(record.args[at]),
        Origin::Percent(of, all) => {
            Param::Uint((record.args[of] * 100).checked_div(record.args[all]).unwrap_or(0))
        }
        Origin::Signals(at) => Param::Uint(u64::from(record.args[at] as u32)),
        Origin::Offset(at) if is_old_sendfile(record) => Param::Uint(u64::from(record.args[at] as u32)),
        Origin::Moved => Param::Uint(u64::try_from(record.res).unwrap_or(0)),
        Origin::LongUnlessStr(_) if parts.get(PART_STRING).is_some() => Param::Int(0),
        Origin::LongUnlessStr(at) if record.flags & FLAG_COMPAT != 0 => {
            Param::Int(i64::from(record.args[at] as i32))
        }
        Origin::LongUnlessStr(at) => Param::Int(record.args[at] as i64),
        Origin::Ulong(at) | Origin::Offset(at) => Param::Uint(record.args[at]),
        Origin::Path(at) => path(parts, at, paths[at]),
        Origin::Given(at) => match path(parts, at, paths[at]) {
            Param::Path(path) => Param::Bytes(path.raw),
            missing => missing,
        },
        Origin::Str => push_text(batch, parts.string(PART_STRING)),
        Origin::Data => push_text(batch, parts.get(PART_DATA)),
        Origin::Control => push_text(batch, parts.get(PART_CONTROL)),
        Origin::DataOf(at, commands) if has_command(record, at, commands) => {
            push_text(batch, parts.get(PART_DATA))
        }
        Origin::TextOf(at, commands) if has_command(record, at, commands) => {
            push_text(batch, parts.string(PART_TEXT))
        }
        Origin::SocketOption => option::value(batch, record, parts),
        Origin::Quota(what) => quota::read(batch, record, parts, what),
        Origin::Word(at) => word(record, parts, at).map_or(Param::Missing, |word| Param::Int(word as i64)),
        Origin::Wide(at) => wide(parts, at).map_or(Param::Missing, |wide| Param::Int(wide as i64)),
        Origin::More(at) => more(parts, at).map_or(Param::Missing, |wide| Param::Int(wide as i64)),
        Origin::Half(at) => number(half(parts, at).map(u64::from)),
        Origin::Descriptor(at) => half(parts, at).map_or(Param::Missing, |fd| Param::Int((fd as i32).into())),
        Origin::Short(at) => Param::Uint(short(parts, at).unwrap_or(0).into()),
        Origin::SignedShort(at) => Param::Int((short(parts, at).unwrap_or(0) as i16).into()),
        Origin::Duration => number(duration(record, parts)),
        Origin::OpenFlags(at) => Param::Uint(open_flags(record, at)),
        Origin::Layer => Param::Uint(layer(record)),
        Origin::OpenMode(at) => {
            let makes = record.args[at - 1] as u32 & MAKES_FILE != 0;
            Param::Uint(if makes { u64::from(record.args[at] as u32) } else { 0 })
        }
        Origin::Place(at) if record.flags & FLAG_COMPAT != 0 => {
            Param::Uint(record.args[at + 1] << 32 | record.args[at])
        }
        Origin::Place(at) => Param::Uint(record.args[at]),
        Origin::Halves(at) => Param::Uint(record.args[at] << 32 | u64::from(record.args[at + 1] as u32)),
        Origin::Real => push_walk(batch, record, parts.get(PART_REAL)).map_or(Param::Missing, Param::Bytes),
        Origin::Dev => Param::Uint(u64::from(device(record.fd.dev))),
        Origin::Ino => Param::Uint(record.fd.ino),
        Origin::Nr => Param::Uint(record.nr.into()),
        Origin::VmSize => number(details::usage(parts).map(|usage| usage.vm_size)),
        Origin::VmRss => number(details::usage(parts).map(|usage| usage.vm_rss)),
        Origin::VmSwap => number(details::usage(parts).map(|usage| usage.vm_swap)),
        Origin::Polled => details::poll_list(batch, parts),
        Origin::DataOf(..) | Origin::TextOf(..) | Origin::Fd | Origin::Nothing => Param::Missing,
    }
}

/// A user's or group's number; all bits set is none.
fn id(argument: u64) -> Param {
    let number = argument as u32;
    Param::Int(if number == u32::MAX { -1 } else { number.into() })
}

/// A path, where there is one: its string may not have been there to be read.
fn path(parts: &Parts, at: usize, path: Path) -> Param {
    let read = parts.string(PART_GIVEN_0 + at as u32).is_some();
    if read || path.real.is_some() { Param::Path(path) } else { Param::Missing }
}

/// Whether an argument, which tells what the syscall is to do, is one of these, and it was done.
fn has_command(record: &Record, at: usize, commands: &[u64]) -> bool {
    record.res >= 0 && commands.contains(&record.args[at])
}

/// Whether it is the sendfile of 32-bit programs whose offsets have 32 bits.
fn is_old_sendfile(record: &Record) -> bool {
    record.flags & FLAG_COMPAT != 0 && record.nr == syscalls::arch::Narrow::sendfile as u32
}

fn slice_from(batch: &EventBatch, start: usize) -> Slice {
    Slice { start: start as u32, len: (batch.bytes.len() - start) as u32 }
}

fn push_text(batch: &mut EventBatch, text: Option<&[u8]>) -> Param {
    text.map_or(Param::Missing, |text| Param::Bytes(batch.push_bytes(text)))
}

/// A path as it was walked, marked where that ended before the root.
fn push_walk(batch: &mut EventBatch, record: &Record, components: Option<&[u8]>) -> Option<Slice> {
    let start = batch.bytes.len();
    if paths::is_cut(record, components) {
        batch.bytes.extend_from_slice(CUT);
    }
    let components = components?;
    push_leaf_first(&mut batch.bytes, components);
    Some(slice_from(batch, start))
}

/// The flags that were passed, whether the file was made, and where it is.
fn open_flags(record: &Record, at: usize) -> u64 {
    let created = record.res >= 0 && record.file_mode & FMODE_CREATED != 0;
    u64::from(record.args[at] as u32) | layer(record) | if created { O_F_CREATED } else { 0 }
}

/// Which layer of an overlay the file is in, as a flag.
fn layer(record: &Record) -> u64 {
    let has = |flag, is| if record.flags & flag != 0 { is } else { 0 };
    has(FLAG_UPPER_LAYER, FD_UPPER_LAYER) | has(FLAG_LOWER_LAYER, FD_LOWER_LAYER)
}

/// The number of a device as stat(2) gives it, from the kernel's own (new_encode_dev(), linux/kdev_t.h).
fn device(dev: u32) -> u32 {
    let (major, minor) = (dev >> 20, dev & 0xf_ffff);
    (minor & 0xff) | (major << 8) | ((minor & !0xff) << 12)
}

/// What the event's descriptor was.
fn descriptor(
    batch: &mut EventBatch,
    row: &Syscall,
    record: &Record,
    parts: &Parts,
    path: Path,
) -> Option<Fd> {
    let num = match row.fd {
        RESULT if record.flags & FLAG_DIRECT != 0 => -1,
        RESULT => record.res,
        WRITTEN => half(parts, 0)? as i32 as i64,
        argument => i64::from(*record.args.get(usize::from(argument))? as i32),
    };
    let mut fd = Fd { num, kind: None, path, socket: None, dev: device(record.fd.dev), ino: record.fd.ino };
    if record.fd.family != 0 {
        socket::fill(batch, &mut fd, row.kind, record, parts);
        return Some(fd);
    }
    fd.kind = kind_of(record, parts);
    // What an open asked for is a path of its own; of other descriptors there is what they are alone.
    if row.path[0] == syscalls::NO || row.fd != RESULT {
        let name = match fd.kind {
            Some(FdKind::File | FdKind::Directory) => push_walk(batch, record, parts.get(PART_REAL)),
            _ => parts.string(PART_REAL).map(|name| batch.push_bytes(name)),
        };
        let name = name.unwrap_or_default();
        fd.path = Path { raw: name, given: name, real: None };
    }
    Some(fd)
}

fn is_file(fd: &Fd) -> bool {
    matches!(fd.kind, Some(FdKind::File | FdKind::Directory))
}

/// What a descriptor stands for that is no socket's, from the file system that it is of, and its name there.
fn kind_of(record: &Record, parts: &Parts) -> Option<FdKind> {
    const S_IFMT: u16 = libc::S_IFMT as u16;
    if record.fd.mode == 0 && record.fd.magic == 0 {
        return None;
    }
    Some(match (record.fd.magic, record.fd.mode & S_IFMT) {
        (ANON_INODE_FS_MAGIC, _) => {
            let name = parts.get(PART_REAL).unwrap_or_default();
            ANONYMOUS.iter().find(|(of, _)| name.starts_with(of)).map_or(FdKind::Other, |(_, kind)| *kind)
        }
        (PID_FS_MAGIC, _) => FdKind::Pidfd,
        (_, mode) if mode == libc::S_IFIFO as u16 => FdKind::Pipe,
        (_, mode) if mode == libc::S_IFDIR as u16 => FdKind::Directory,
        (TMPFS_MAGIC, _) if parts.get(PART_REAL).is_some_and(|name| name.starts_with(b"memfd:")) => {
            FdKind::Memfd
        }
        _ => FdKind::File,
    })
}
