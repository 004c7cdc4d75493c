//! How a field is given a value: one row each, for those that don't follow from others.

use std::net::IpAddr;

use super::socket::socket;
use super::{SESSION, Sample, params};
use crate::fields::{caps, errno, fs};
use crate::{
    Arg, CUT, Capabilities, Category, CommName, Endpoint, EventFlags, ExeFlags, Fd, FdKind, FieldRef, Kind,
    Param, ParamType, Path, Process, Role, Socket, User,
};

/// Gives a field a value; `None` where it can't have that one.
pub type Set = fn(&mut Sample, &Arg, &str) -> Option<()>;

/// How the field of that name is set.
pub fn of(name: &str) -> Option<Set> {
    let all = [
        SETTERS,
        super::numbers::SETTERS,
        super::details::SETTERS,
        super::file::SETTERS,
        super::socket::SETTERS,
        super::container::SETTERS,
    ];
    all.into_iter().flatten().find(|(known, _)| *known == name).map(|(_, set)| *set)
}

const SETTERS: &[(&str, Set)] = &[
    // These can only be what they are.
    ("evt.dir", |_, _, value| (value == "<").then_some(())),
    ("evt.type", |sample, _, value| (value == sample.event.kind.row().name).then_some(())),
    ("evt.num", |sample, _, value| put(&mut sample.event.num, value.parse().ok())),
    ("evt.rawtime", |sample, _, value| put(&mut sample.event.time, value.parse().ok())),
    ("evt.cpu", |sample, _, value| put(&mut sample.event.cpu, value.parse().ok())),
    ("evt.hostname", |sample, _, value| put(&mut sample.host.hostname, Some(value.into()))),
    ("evt.rawres", |sample, _, value| put(&mut sample.event.res, value.parse().ok())),
    ("evt.res", |sample, _, value| match value {
        "SUCCESS" => Some(()),
        name => put(&mut sample.event.res, errno::result(name)),
    }),
    ("evt.buffer", |sample, _, value| {
        let data = Param::Bytes(sample.batch.push_bytes(value.as_bytes()));
        sample.param("data", data)
    }),
    ("evt.arg", |sample, arg, value| match arg {
        Arg::Key(name) => params::set(sample, name, value),
        Arg::Index(number) => {
            let row = sample.event.kind.row().params.get(*number as usize)?;
            params::set(sample, row.name, value)
        }
        _ => None,
    }),
    ("evt.rawarg", |sample, arg, value| match arg {
        Arg::Key(name) => params::set_raw(sample, name, value),
        _ => None,
    }),
    ("proc.name", |sample, _, value| {
        sample.event.task.comm = comm(value)?;
        name(sample, 0, value)
    }),
    ("proc.pname", |sample, _, value| name(sample, 1, value)),
    ("proc.aname", |sample, arg, value| name(sample, index(arg)?, value)),
    ("proc.exe", |sample, _, value| put(&mut sample.process(0)?.exe, bytes(value))),
    ("proc.pexe", |sample, _, value| put(&mut sample.process(1)?.exe, bytes(value))),
    ("proc.aexe", |sample, arg, value| put(&mut sample.process(index(arg)?)?.exe, bytes(value))),
    ("proc.exepath", |sample, _, value| put(&mut sample.process(0)?.exepath, bytes(value))),
    ("proc.pexepath", |sample, _, value| put(&mut sample.process(1)?.exepath, bytes(value))),
    ("proc.aexepath", |sample, arg, value| put(&mut sample.process(index(arg)?)?.exepath, bytes(value))),
    ("proc.args", |sample, _, value| args(sample.process(0)?, value)),
    ("proc.cmdline", |sample, _, value| {
        sample.event.task.comm = comm(value.split(' ').next()?)?;
        command(sample, 0, value)
    }),
    ("proc.pcmdline", |sample, _, value| command(sample, 1, value)),
    ("proc.acmdline", |sample, arg, value| command(sample, index(arg)?, value)),
    ("proc.env", |sample, arg, value| {
        let process = sample.process(0)?;
        let mut env = process.env.to_vec();
        match arg {
            Arg::Key(name) => env.extend_from_slice(format!("{name}={value}\0").as_bytes()),
            _ => env = (value.replace(' ', "\0") + "\0").into_bytes(),
        }
        process.set_env(&env);
        Some(())
    }),
    ("proc.duration", |sample, _, value| put(&mut sample.duration, value.parse().ok().map(Some))),
    ("proc.exe_ino", |sample, _, value| put(&mut sample.process(0)?.exe_ino, value.parse().ok())),
    ("proc.exe_ino.ctime", |sample, _, value| put(&mut sample.process(0)?.exe_ctime, value.parse().ok())),
    ("proc.exe_ino.mtime", |sample, _, value| put(&mut sample.process(0)?.exe_mtime, value.parse().ok())),
    ("proc.is_exe_upper_layer", |sample, _, value| exe_flag(sample, ExeFlags::UPPER_LAYER, value)),
    ("proc.is_exe_lower_layer", |sample, _, value| exe_flag(sample, ExeFlags::LOWER_LAYER, value)),
    ("proc.is_exe_writable", |sample, _, value| exe_flag(sample, ExeFlags::WRITABLE, value)),
    ("proc.is_exe_from_memfd", |sample, _, value| exe_flag(sample, ExeFlags::FROM_MEMFD, value)),
    ("thread.cap_permitted", |sample, _, value| put(&mut capabilities(sample).permitted, caps::bits(value))),
    ("thread.cap_inheritable", |sample, _, value| {
        put(&mut capabilities(sample).inheritable, caps::bits(value))
    }),
    ("thread.cap_effective", |sample, _, value| put(&mut capabilities(sample).effective, caps::bits(value))),
    ("proc.cwd", |sample, _, value| put(&mut sample.process(0)?.cwd, bytes(value))),
    ("proc.tty", |sample, _, value| put(&mut sample.event.task.tty, value.parse().ok())),
    ("proc.vpid", |sample, _, value| put(&mut sample.event.task.vpid, value.parse().ok())),
    ("proc.pvpid", |sample, _, value| put(&mut sample.process(1)?.vpid, value.parse().ok())),
    ("proc.sid", |sample, _, value| put(&mut sample.event.task.vsid, value.parse().ok())),
    ("proc.is_sid_leader", |sample, _, value| {
        let task = &mut sample.event.task;
        let leads: bool = value.parse().ok()?;
        (task.sid, task.vsid) = if leads { (task.pid, task.vpid) } else { (SESSION, task.vpid + 1) };
        Some(())
    }),
    ("proc.is_pgid_leader", |sample, _, value| {
        let (task, leads) = (&mut sample.event.task, value.parse().ok()?);
        task.pgid = if leads { task.pid } else { task.ppid };
        Some(())
    }),
    ("proc.is_vpgid_leader", |sample, _, value| {
        let (task, leads) = (&mut sample.event.task, value.parse().ok()?);
        task.vpgid = if leads { task.vpid } else { task.vpid + 1 };
        Some(())
    }),
    ("evt.doubts", |sample, _, value| {
        for name in value.split(',') {
            let (flag, _) = EventFlags::DOUBTS.into_iter().find(|(_, of)| *of == name)?;
            sample.event.flags |= flag;
        }
        Some(())
    }),
    ("user.uid", |sample, _, value| put(&mut sample.event.task.uid, value.parse().ok())),
    ("user.name", |sample, _, value| {
        let uid = user(sample, value);
        put(&mut sample.event.task.uid, uid)
    }),
    ("user.loginuid", |sample, _, value| {
        put(&mut sample.event.task.loginuid, value.parse::<i32>().ok().map(|uid| uid as u32))
    }),
    ("user.loginname", |sample, _, value| {
        let uid = user(sample, value);
        put(&mut sample.event.task.loginuid, uid)
    }),
    ("group.gid", |sample, _, value| put(&mut sample.event.task.gid, value.parse().ok())),
    ("group.name", |sample, _, value| {
        let groups = &mut sample.host.users.groups;
        let known = groups.iter().find(|(_, name)| ***name == *value.as_bytes()).map(|(gid, _)| *gid);
        let gid = known.unwrap_or(1000 + u32::try_from(groups.len()).ok()?);
        groups.insert(gid, bytes(value)?);
        put(&mut sample.event.task.gid, Some(gid))
    }),
    ("fd.num", |sample, _, value| {
        let number = value.parse().ok()?;
        sample.event.fd.as_mut()?.num = number;
        if makes_descriptor(sample.event.kind) {
            sample.event.res = number;
        }
        Some(())
    }),
    ("fd.name", descriptor),
    ("fd.nameraw", |sample, _, value| {
        let raw = sample.batch.push_bytes(value.as_bytes());
        put(&mut sample.event.fd.as_mut()?.path.raw, Some(raw))
    }),
    ("fd.ino", |sample, _, value| put(&mut sample.event.fd.as_mut()?.ino, value.parse().ok())),
    ("fd.name.real", |sample, _, value| sample.set_real("fd.name", value).ok()),
    ("fs.path.name", |sample, _, value| params::set(sample, fs::only(sample.event.kind)?, value)),
    ("fs.path.source", |sample, _, value| params::set(sample, fs::source(sample.event.kind)?, value)),
    ("fs.path.target", |sample, _, value| params::set(sample, fs::target(sample.event.kind)?, value)),
];

/// Puts a value where there is one.
pub fn put<T>(place: &mut T, value: Option<T>) -> Option<()> {
    *place = value?;
    Some(())
}

fn bytes(text: &str) -> Option<Box<[u8]>> {
    Some(text.as_bytes().into())
}

fn exe_flag(sample: &mut Sample, flag: ExeFlags, value: &str) -> Option<()> {
    sample.process(0)?.exe_flags.get_or_insert_default().set(flag, value.parse().ok()?);
    Some(())
}

fn capabilities(sample: &mut Sample) -> &mut Capabilities {
    sample.event.task.caps.get_or_insert_default()
}

/// The number of an argument.
pub fn index(arg: &Arg) -> Option<u32> {
    match arg {
        Arg::Index(number) => Some(*number),
        _ => None,
    }
}

/// The name of a process, where it isn't too long.
pub fn comm(text: &str) -> Option<CommName> {
    let mut name = CommName::default();
    name.0.get_mut(..text.len()).filter(|_| text.len() < 16)?.copy_from_slice(text.as_bytes());
    Some(name)
}

/// Names a process, 0, or an ancestor.
pub fn name(sample: &mut Sample, ancestor: u32, text: &str) -> Option<()> {
    let process = sample.process(ancestor)?;
    process.comm = comm(text)?;
    let args = process.args.clone();
    process.set_args(&args);
    Some(())
}

fn args(process: &mut Process, text: &str) -> Option<()> {
    let mut args = text.replace(' ', "\0");
    if !args.is_empty() {
        args.push('\0');
    }
    process.set_args(args.as_bytes());
    Some(())
}

fn command(sample: &mut Sample, ancestor: u32, text: &str) -> Option<()> {
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    name(sample, ancestor, first)?;
    args(sample.process(ancestor)?, rest)
}

/// The number of a user of that name, who is added where there is none.
pub fn user(sample: &mut Sample, name: &str) -> Option<u32> {
    let users = &mut sample.host.users.users;
    if let Some((uid, _)) = users.iter().find(|(_, user)| *user.name == *name.as_bytes()) {
        return Some(*uid);
    }
    let uid = 1000 + u32::try_from(users.len()).ok()?;
    users.insert(uid, User { name: bytes(name)?, ..User::default() });
    Some(uid)
}

/// The number of a group of that name, which is added where there is none.
pub fn group(sample: &mut Sample, name: &str) -> Option<u32> {
    let groups = &mut sample.host.users.groups;
    if let Some((gid, _)) = groups.iter().find(|(_, known)| ***known == *name.as_bytes()) {
        return Some(*gid);
    }
    let gid = 1000 + u32::try_from(groups.len()).ok()?;
    groups.insert(gid, bytes(name)?);
    Some(gid)
}

/// The parameter that a field which is a path reads.
pub fn param_of(kind: Kind, field: &FieldRef) -> Option<&str> {
    match (field.field.name, &field.arg) {
        // The path of an open is its descriptor's.
        _ if kind.is_open() => None,
        ("evt.arg", Arg::Key(name)) => Some(name),
        ("fs.path.name", _) => fs::only(kind),
        ("fs.path.source", _) => fs::source(kind),
        ("fs.path.target", _) => fs::target(kind),
        _ => None,
    }
}

/// The descriptor that an event of that kind is about, before its name is known.
pub fn fd(kind: Kind) -> Option<Fd> {
    let has = |ty: ParamType| kind.row().params.iter().any(|row| row.ty == ty);
    let socket = has(ParamType::SockAddr) || has(ParamType::SockTuple) || kind == Kind::Listen;
    let moves = matches!(kind.row().category, Category::IoRead | Category::IoWrite);
    let role = match kind {
        Kind::Connect => Role::Client,
        Kind::Accept | Kind::Accept4 | Kind::Listen => Role::Server,
        _ => Role::Unknown,
    };
    let file = Fd { num: 3, kind: None, path: Path::default(), socket: None, dev: 0, ino: 0 };
    match kind {
        _ if kind.is_open() || moves && !socket => Some(Fd { kind: Some(FdKind::File), ..file }),
        _ if socket => {
            let socket = Socket { role, ..Socket::default() };
            Some(Fd { kind: Some(FdKind::Other), socket: Some(socket), ..file })
        }
        kind if kind.row().position("fd").is_some() || makes_descriptor(kind) => Some(file),
        _ => None,
    }
}

/// Whether the result of an event of that kind is the number of the descriptor that it is about: it opens a file, or
/// copies a descriptor.
pub fn makes_descriptor(kind: Kind) -> bool {
    kind.is_open() || kind.row().position("oldfd").is_some()
}

/// Names the descriptor: a path, `ip:port`, or `ip:port->ip:port`.
pub fn descriptor(sample: &mut Sample, _: &Arg, text: &str) -> Option<()> {
    let is_path = text.starts_with('/') || text.as_bytes().starts_with(CUT);
    let path = is_path.then(|| sample.path(text));
    if path.is_none() {
        socket(sample)?;
    }
    let fd = sample.event.fd.as_mut()?;
    match (&mut fd.socket, path) {
        (None, path) => (fd.path, fd.kind) = (path?, fd.kind.or(Some(FdKind::File))),
        (Some(_), Some(path)) => (fd.kind, fd.path) = (Some(FdKind::Unix), path),
        (Some(socket), None) => {
            let (client, server) = match text.split_once("->") {
                Some((client, server)) => (Some(endpoint(client)?), endpoint(server)?),
                None => (None, endpoint(text)?),
            };
            (socket.local, socket.peer) = match (socket.role, client) {
                (Role::Client, _) | (Role::Unknown, Some(_)) => (client, Some(server)),
                (Role::Server, _) | (Role::Unknown, None) => (Some(server), client),
            };
            fd.kind = Some(if server.ip.is_ipv4() { FdKind::Ipv4 } else { FdKind::Ipv6 });
        }
    }
    Some(())
}

fn endpoint(text: &str) -> Option<Endpoint> {
    let (ip, port) = text.rsplit_once(':')?;
    Some(Endpoint { ip: ip.parse::<IpAddr>().ok()?, port: port.parse().ok()? })
}
