//! Records made into events.

mod paths;
mod process;
mod socket;
#[cfg(test)]
mod tests;

use lanner_bpf::layout::*;
use lanner_event::{
    Capabilities, CommName, Event, EventBatch, EventFlags, Fd, FdKind, Kind, O_F_CREATED, Param, Path, Slice,
    Task,
};

use super::clock::Clock;
use super::path::push_leaf_first;
use super::record::Parts;
use super::resolve::Resolver;
use super::syscalls::{self, Origin, Syscall};

/// The kernel's mark of an open that made its file (`FMODE_CREATED`, include/linux/fs.h).
const FMODE_CREATED: u32 = 0x10_0000;

/// What is kept from record to record.
pub struct Decoder {
    /// Tells times of day.
    pub clock: Clock,
    /// Looks real directories up.
    pub resolver: Resolver,
    /// The number of the last event.
    pub num: u64,
    /// Records that made no sense, which only a mismatch of the two sides can cause.
    pub malformed: u64,
}

impl Decoder {
    /// Adds the event of a record to the batch.
    pub fn push(&mut self, batch: &mut EventBatch, record: &Record, parts: &Parts) {
        let mut event = self.head(record);
        self.resolver.saw(record.root_mount, record.task.pid);
        match u32::from(record.kind) {
            RECORD_SYSCALL => {
                let kind = Kind::ALL.get(usize::from(record.event));
                let Some(row) = kind.and_then(|kind| syscalls::row(*kind)) else {
                    self.malformed += 1;
                    return;
                };
                self.syscall(batch, &mut event, row, record, parts);
            }
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
        self.num += 1;
        event.num = self.num;
        batch.events.push(event);
    }

    fn head(&self, record: &Record) -> Event {
        let task = &record.task;
        let mut flags = EventFlags::empty();
        flags.set(EventFlags::COMPAT, record.flags & FLAG_COMPAT != 0);
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
        if row.what & WHAT_FAILURE_ONLY != 0 {
            event.params = process::failed_exec(batch, row.kind, record.res, paths[0]);
            return;
        }
        let mut params = [Param::Missing; 8];
        for (param, from) in params.iter_mut().zip(row.params) {
            *param = match *from {
                Origin::Res => Param::Int(record.res),
                Origin::Int(at) => Param::Int(i64::from(record.args[at] as i32)),
                Origin::Uint(at) => Param::Uint(u64::from(record.args[at] as u32)),
                Origin::Path(at) => Param::Path(paths[at]),
                Origin::Str => push_text(batch, parts.string(PART_STRING)),
                Origin::OpenFlags(at) => Param::Uint(open_flags(record, at)),
                Origin::Dev => Param::Uint(u64::from(device(record.fd.dev))),
                Origin::Ino => Param::Uint(record.fd.ino),
                Origin::Fd | Origin::Nothing => Param::Missing,
            };
        }
        event.params = batch.push_params(&params[..row.params.len()]);
    }
}

fn slice_from(batch: &EventBatch, start: usize) -> Slice {
    Slice { start: start as u32, len: (batch.bytes.len() - start) as u32 }
}

fn push_text(batch: &mut EventBatch, text: Option<&[u8]>) -> Param {
    text.map_or(Param::Missing, |text| Param::Bytes(batch.push_bytes(text)))
}

fn push_walk(batch: &mut EventBatch, components: Option<&[u8]>) -> Option<Slice> {
    let components = components?;
    let start = batch.bytes.len();
    push_leaf_first(&mut batch.bytes, components);
    Some(slice_from(batch, start))
}

/// The flags that were passed, and whether the file was made.
fn open_flags(record: &Record, at: usize) -> u64 {
    let created = record.res >= 0 && record.file_mode & FMODE_CREATED != 0;
    u64::from(record.args[at] as u32) | if created { O_F_CREATED } else { 0 }
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
    let file = row.what & WHAT_RESULT_FILE != 0;
    let socket = row.what & (WHAT_ARG_SOCKET | WHAT_RESULT_SOCKET) != 0;
    if !file && !socket {
        return None;
    }
    let num = if row.what & WHAT_ARG_SOCKET != 0 { i64::from(record.args[0] as i32) } else { record.res };
    let mut fd = Fd { num, kind: None, path, socket: None, dev: device(record.fd.dev), ino: record.fd.ino };
    if file {
        let directory = record.fd.mode & 0o170_000 == 0o040_000;
        fd.kind = (record.res >= 0).then_some(if directory { FdKind::Directory } else { FdKind::File });
    } else if record.fd.family != 0 {
        socket::fill(batch, &mut fd, row.kind, record, parts);
    }
    Some(fd)
}
