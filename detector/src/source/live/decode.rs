//! Records made into events.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use lanner_bpf::layout::*;
use lanner_event::{
    CommName, Endpoint, Event, EventBatch, EventFlags, Fd, FdKind, Kind, Param, Path, Role, Slice, Socket,
    Task,
};

use super::clock::Clock;
use super::path::{push_given, push_leaf_first};
use super::record::Parts;
use super::resolve::Resolver;
use super::syscalls::{self, Origin, Syscall};

const AF_UNIX: u16 = libc::AF_UNIX as u16;
const AF_INET: u16 = libc::AF_INET as u16;
const AF_INET6: u16 = libc::AF_INET6 as u16;

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
        match u32::from(record.kind) {
            RECORD_SYSCALL => {
                let kind = Kind::ALL.get(usize::from(record.event));
                let Some(row) = kind.and_then(|kind| syscalls::row(*kind)) else {
                    self.malformed += 1;
                    return;
                };
                self.syscall(batch, &mut event, row, record, parts);
            }
            RECORD_EXEC => exec(batch, &mut event, parts),
            RECORD_FORK => {
                event.kind = Kind::Clone;
                let cgroups = push_cgroup(batch, parts);
                event.params = batch.push_params(&[
                    Param::Int(0),
                    Param::Int(i64::from(record.parent as i32)),
                    cgroups,
                    Param::Uint(0),
                ]);
            }
            RECORD_EXIT => {
                event.kind = Kind::Procexit;
                let code = i64::from(record.exit);
                event.params =
                    batch.push_params(&[Param::Int(code), Param::Int(code >> 8), Param::Int(code & 0x7f)]);
            }
            RECORD_CGROUP_MKDIR => {
                event.kind = Kind::CgroupMkdir;
                let path = push_text(batch, parts.string(PART_STRING));
                event.params = batch.push_params(&[Param::Uint(record.args[0]), path]);
            }
            RECORD_PROCESS => process(batch, &mut event, parts),
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
            },
            fd: None,
            params: Slice::default(),
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
        let mut paths = [Path::default(); 2];
        for (which, path) in paths.iter_mut().enumerate() {
            let which = which as u32;
            if let Some(string) = parts.string(PART_GIVEN_0 + which) {
                path.raw = batch.push_bytes(string);
                let start = batch.bytes.len();
                push_given(&mut batch.bytes, parts.get(PART_BASE_0 + which), string);
                path.given = slice_from(batch, start);
            }
        }
        if record.res >= 0 {
            self.real(batch, event, row, &mut paths, parts);
        }
        event.fd = descriptor(batch, row, record, parts, paths[0]);
        let mut params = [Param::Missing; 8];
        for (param, from) in params.iter_mut().zip(row.params) {
            *param = match *from {
                Origin::Res => Param::Int(record.res),
                Origin::Int(at) => Param::Int(i64::from(record.args[at] as i32)),
                Origin::Uint(at) => Param::Uint(u64::from(record.args[at] as u32)),
                Origin::Path(at) => Param::Path(paths[at]),
                Origin::Str => push_text(batch, parts.string(PART_STRING)),
                Origin::Dev => Param::Uint(u64::from(record.fd.dev)),
                Origin::Ino => Param::Uint(record.fd.ino),
                Origin::Fd => Param::Missing,
            };
        }
        event.params = batch.push_params(&params[..row.params.len()]);
    }

    /// Adds the real readings: what the kernel side sent, or what can be looked up now.
    fn real(
        &mut self,
        batch: &mut EventBatch,
        event: &mut Event,
        row: &Syscall,
        paths: &mut [Path; 2],
        parts: &Parts,
    ) {
        if row.what & WHAT_RESULT_FILE != 0 {
            if let Some(components) = parts.get(PART_REAL) {
                let start = batch.bytes.len();
                push_leaf_first(&mut batch.bytes, components);
                paths[0].real = Some(slice_from(batch, start));
            }
            return;
        }
        for path in paths.iter_mut().filter(|path| path.given.len > 0) {
            let start = batch.bytes.len();
            let given = path.given.start as usize..(path.given.start + path.given.len) as usize;
            let given = batch.bytes[given].to_vec();
            if self.resolver.push_real(&mut batch.bytes, event.task.pid, &given) {
                path.real = Some(slice_from(batch, start));
                event.flags |= EventFlags::LATE;
            }
        }
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

fn push_cgroup(batch: &mut EventBatch, parts: &Parts) -> Param {
    push_walk(batch, parts.get(PART_CGROUP)).map_or(Param::Missing, Param::Bytes)
}

fn exec(batch: &mut EventBatch, event: &mut Event, parts: &Parts) {
    event.kind = Kind::Execve;
    let cwd = push_walk(batch, parts.get(PART_CWD));
    let real = push_walk(batch, parts.get(PART_EXE));
    let mut filename = Path::default();
    if let Some(string) = parts.string(PART_GIVEN_0) {
        filename.raw = batch.push_bytes(string);
        let start = batch.bytes.len();
        push_given(&mut batch.bytes, parts.get(PART_CWD), string);
        filename.given = slice_from(batch, start);
    }
    filename.real = real;
    let (exe, args) = arguments(parts.get(PART_ARGS).unwrap_or_default());
    let (exe, args) = (push_text(batch, Some(exe)), push_text(batch, Some(args)));
    let cgroups = push_cgroup(batch, parts);
    let comm = batch.push_bytes(event.task.comm.as_bytes());
    let task = event.task;
    let bytes = |slice: Option<Slice>| slice.map_or(Param::Missing, Param::Bytes);
    event.params = batch.push_params(&[
        Param::Int(0),
        Param::Path(filename),
        exe,
        args,
        Param::Int(i64::from(task.tid)),
        Param::Int(i64::from(task.pid)),
        Param::Int(i64::from(task.ppid)),
        bytes(cwd),
        Param::Bytes(comm),
        cgroups,
        Param::Uint(u64::from(task.tty)),
        Param::Int(i64::from(task.vpgid)),
        Param::Int(i64::from(task.loginuid as i32)),
        bytes(real),
        Param::Missing,
        Param::Int(i64::from(task.uid)),
        Param::Int(i64::from(task.gid)),
        Param::Int(i64::from(task.pgid)),
    ]);
}

/// The first argument, and the rest.
fn arguments(all: &[u8]) -> (&[u8], &[u8]) {
    match all.iter().position(|byte| *byte == 0) {
        Some(end) => (&all[..end], &all[end + 1..]),
        None => (all, &[]),
    }
}

/// A process that was there before: its arguments are read from `/proc`, since its memory isn't mapped here.
fn process(batch: &mut EventBatch, event: &mut Event, parts: &Parts) {
    event.kind = Kind::Process;
    let all = std::fs::read(format!("/proc/{}/cmdline", event.task.pid)).unwrap_or_default();
    let (exe, args) = arguments(&all[..all.len().min(STRING_MAX)]);
    let (exe, args) = (push_text(batch, Some(exe)), push_text(batch, Some(args)));
    let cwd = push_walk(batch, parts.get(PART_CWD)).map_or(Param::Missing, Param::Bytes);
    let exepath = push_walk(batch, parts.get(PART_EXE)).map_or(Param::Missing, Param::Bytes);
    let cgroups = push_cgroup(batch, parts);
    event.params = batch.push_params(&[exe, args, cwd, cgroups, exepath, Param::Missing]);
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
    let mut fd = Fd { num, kind: None, path, socket: None, dev: record.fd.dev, ino: record.fd.ino };
    if file {
        let directory = record.fd.mode & 0o170_000 == 0o040_000;
        fd.kind = (record.res >= 0).then_some(if directory { FdKind::Directory } else { FdKind::File });
    } else if record.fd.family != 0 {
        socket_of(batch, &mut fd, row.kind, record, parts);
    }
    Some(fd)
}

fn socket_of(batch: &mut EventBatch, fd: &mut Fd, kind: Kind, record: &Record, parts: &Parts) {
    let head = &record.fd;
    let passed = parts.get(PART_SOCKADDR).and_then(endpoint_of);
    let mut local = endpoint(head.family, &head.local, head.local_port);
    let mut peer = endpoint(head.family, &head.peer, head.peer_port).filter(|peer| peer.port != 0);
    let role = match kind {
        Kind::Connect => Role::Client,
        Kind::Accept | Kind::Accept4 | Kind::Listen => Role::Server,
        _ => Role::Unknown,
    };
    match kind {
        // A connection that failed, or a datagram's, has no peer but the one that was asked for.
        Kind::Connect => peer = peer.or(passed),
        Kind::Bind if record.res < 0 => local = passed,
        _ => {}
    }
    fd.kind = Some(match head.family {
        AF_INET => FdKind::Ipv4,
        AF_INET6 => FdKind::Ipv6,
        AF_UNIX => FdKind::Unix,
        _ => FdKind::Other,
    });
    if head.family == AF_UNIX {
        let name = |kind| parts.get(kind).and_then(unix_path);
        let wanted = if kind == Kind::Connect {
            name(PART_UNIX_PEER).or_else(|| name(PART_SOCKADDR))
        } else {
            name(PART_UNIX_LOCAL).or_else(|| name(PART_SOCKADDR))
        };
        if let Some(path) = wanted {
            let slice = batch.push_bytes(path);
            fd.path = Path { raw: slice, given: slice, real: None };
        }
    }
    fd.socket = Some(Socket { protocol: head.protocol as u8, role, local, peer });
}

fn endpoint(family: u16, address: &[u8; 16], port: u16) -> Option<Endpoint> {
    let ip = match family {
        AF_INET => IpAddr::V4(Ipv4Addr::new(address[0], address[1], address[2], address[3])),
        AF_INET6 => IpAddr::V6(Ipv6Addr::from(*address)).to_canonical(),
        _ => return None,
    };
    Some(Endpoint { ip, port })
}

/// The address in a `struct sockaddr_in` or `sockaddr_in6`.
fn endpoint_of(address: &[u8]) -> Option<Endpoint> {
    let family = u16::from_ne_bytes(address.get(..2)?.try_into().ok()?);
    let port = u16::from_be_bytes(address.get(2..4)?.try_into().ok()?);
    let mut bytes = [0; 16];
    match family {
        AF_INET => bytes[..4].copy_from_slice(address.get(4..8)?),
        AF_INET6 => bytes.copy_from_slice(address.get(8..24)?),
        _ => return None,
    }
    endpoint(family, &bytes, port)
}

/// The name in a `struct sockaddr_un`: a path, or an abstract name with its leading NUL.
fn unix_path(address: &[u8]) -> Option<&[u8]> {
    let family = u16::from_ne_bytes(address.get(..2)?.try_into().ok()?);
    let name = address.get(2..)?;
    if family != AF_UNIX || name.is_empty() {
        return None;
    }
    match name.iter().skip(1).position(|byte| *byte == 0) {
        Some(end) if name[0] != 0 => Some(&name[..=end]),
        _ => Some(name),
    }
}
