//! Events and hosts from one line of text: `openat path=/etc/shadow proc=cat parents=bash,sshd`.

use std::net::SocketAddr;
use std::sync::Arc;

use lanner_event::{
    CommName, Container, ContainerState, Endpoint, Event, EventBatch, EventFlags, EventRef, Fd, FdKind, Host,
    Kind, Param, ParamType, Path, Process, Role, Socket, Task, User,
};

const CGROUP: u64 = 7;
const CONTAINER: &str = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e";

/// One event and its host.
pub struct World {
    pub host: Host,
    batch: EventBatch,
}

impl World {
    /// Reads a line: the event's kind, and then
    /// `path` `real` `raw` `old` `new` (paths), `flags` `res` `tty` `uid` (numbers), `proc` `args` `parents` (names),
    /// `local` `peer` (addresses) and `role`, `container` (`pending`, `gone`, or `name:repository:tag`).
    pub fn new(line: &str) -> World {
        let mut words = line.split_whitespace();
        let kind = words.next().unwrap_or_default();
        let kind = Kind::by_name(kind).unwrap_or_else(|| panic!("no kind {kind}"));
        let pairs: Vec<(&str, &str)> =
            words.map(|word| word.split_once('=').unwrap_or_else(|| panic!("{word} is no pair"))).collect();
        let get = |key: &str| pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
        let mut world = World { host: Host::default(), batch: EventBatch::default() };
        world.host.hostname = "box".into();
        world.processes(
            get("proc").unwrap_or("cat"),
            get("args").unwrap_or(""),
            get("parents").unwrap_or(""),
        );
        world.container(get("container"));
        let number = |key: &str| get(key).map_or(0, |text| text.parse::<i64>().expect("a number"));
        world.host.users.users.insert(0, User { name: b"root"[..].into(), ..User::default() });
        let path = world.path(get("path"), get("real"), get("raw"));
        let params: Vec<Param> = kind
            .row()
            .params
            .iter()
            .map(|row| match (row.name, row.ty) {
                ("oldpath" | "dev", ParamType::Path) => {
                    world.path(get("old"), None, None).map_or(Param::Missing, Param::Path)
                }
                ("newpath" | "dir", ParamType::Path) => {
                    world.path(get("new"), get("newreal"), None).map_or(Param::Missing, Param::Path)
                }
                (_, ParamType::Path) => path.map_or(Param::Missing, Param::Path),
                (_, ParamType::Flags(_)) => Param::Uint(number("flags") as u64),
                (_, ParamType::Errno) => Param::Int(number("res")),
                _ => Param::Missing,
            })
            .collect();
        let task = Task {
            pid: 100,
            tid: 100,
            ppid: 101,
            sid: 100,
            tty: number("tty") as u32,
            uid: number("uid") as u32,
            cgroup: CGROUP,
            comm: comm(get("proc").unwrap_or("cat")),
            ..Task::default()
        };
        let params = world.batch.push_params(&params);
        let fd = world.fd(kind, path, get("local"), get("peer"), get("role"));
        let (flags, res) = (EventFlags::empty(), number("res"));
        world.batch.events.push(Event {
            num: 1,
            time: 1_700_000_000_000_000_000,
            kind,
            flags,
            cpu: 0,
            res,
            task,
            fd,
            params,
            document: None,
            details: None,
        });
        world
    }

    pub fn event(&self) -> EventRef<'_> {
        self.batch.get(0)
    }

    /// The process, and its ancestors, the parent first.
    fn processes(&mut self, name: &str, args: &str, parents: &str) {
        let names = std::iter::once(name).chain(parents.split(',').filter(|name| !name.is_empty()));
        for (at, name) in names.enumerate() {
            let pid = 100 + at as i32;
            let exepath = format!("/usr/bin/{name}").into_bytes().into();
            let exe = name.as_bytes().into();
            let mut process =
                Process { pid, ppid: pid + 1, comm: comm(name), exe, exepath, ..Process::default() };
            let args = if at == 0 { args.replace(',', "\0") + "\0" } else { String::new() };
            process.set_args(if args == "\0" { b"" } else { args.as_bytes() });
            self.host.processes.insert(process);
        }
    }

    fn container(&mut self, container: Option<&str>) {
        let containers = &mut self.host.containers;
        containers.by_cgroup.insert(CGROUP, container.map(|_| CONTAINER.into()));
        let state = match container {
            None => return,
            Some("pending") => ContainerState::Pending,
            Some("gone") => ContainerState::Unavailable,
            Some(text) => {
                let mut parts = text.split(':').map(Box::from);
                let mut next = || parts.next().unwrap_or_default();
                ContainerState::Known(Arc::new(Container {
                    full_id: CONTAINER.into(),
                    name: next(),
                    image_repository: next(),
                    image_tag: next(),
                    ..Container::default()
                }))
            }
        };
        containers.by_id.insert(CONTAINER.into(), state);
    }

    fn path(&mut self, given: Option<&str>, real: Option<&str>, raw: Option<&str>) -> Option<Path> {
        let given = given?;
        Some(Path {
            raw: self.batch.push_bytes(raw.unwrap_or(given).as_bytes()),
            given: self.batch.push_bytes(given.as_bytes()),
            real: real.map(|real| self.batch.push_bytes(real.as_bytes())),
        })
    }

    fn fd(
        &self,
        kind: Kind,
        path: Option<Path>,
        local: Option<&str>,
        peer: Option<&str>,
        role: Option<&str>,
    ) -> Option<Fd> {
        let end = |text: &str| {
            let address: SocketAddr = text.parse().unwrap_or_else(|_| panic!("{text} is no address"));
            Endpoint { ip: address.ip(), port: address.port() }
        };
        let (local, peer) = (local.map(end), peer.map(end));
        let role = match role {
            Some("server") => Role::Server,
            Some("client") => Role::Client,
            _ => Role::Unknown,
        };
        let ip = local.or(peer).map(|end| if end.ip.is_ipv4() { FdKind::Ipv4 } else { FdKind::Ipv6 });
        let socket = ip.map(|_| Socket { protocol: 6, role, local, peer, ..Socket::default() });
        let path = path.filter(|_| kind.is_open() || ip.is_some());
        let kind = ip.or(path.map(|_| FdKind::File))?;
        Some(Fd { num: 3, kind: Some(kind), path: path.unwrap_or_default(), socket, dev: 1, ino: 2 })
    }
}

fn comm(name: &str) -> CommName {
    let mut comm = CommName::default();
    comm.0[..name.len().min(15)].copy_from_slice(&name.as_bytes()[..name.len().min(15)]);
    comm
}
