//! Events and hosts built from a few words of YAML, so that the real getters run on them.

use std::sync::Arc;

use lanner_event::{
    CommName, Container, ContainerState, Endpoint, Event, EventBatch, EventFlags, Fd, FdKind, Host, Kind,
    Mount, Param, ParamType, Path, Process, Role, Slice, Socket, Task, User,
};
use serde::Deserialize;

/// What happened, and to whom. What isn't said is ordinary: root, on the host, without a terminal.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scene {
    /// The event's kind.
    pub event: String,
    /// What it returned.
    #[serde(default)]
    pub res: i64,
    /// The flags of an open, in octal digits.
    #[serde(default)]
    flags: String,
    /// The path, or the first of two, as given.
    path: Option<String>,
    /// The path as it was reached, where that differs.
    real: Option<String>,
    /// The second path.
    to: Option<String>,
    /// The second path as it was reached, where that differs.
    real_to: Option<String>,
    /// The local end of a TCP socket.
    local: Option<String>,
    /// The remote end.
    remote: Option<String>,
    /// The name of the thread, and of its ancestors, the parent first.
    #[serde(default = "ordinary")]
    process: Vec<String>,
    /// The number of the terminal.
    #[serde(default)]
    tty: u32,
    /// Whether it leads its session.
    #[serde(default)]
    leader: bool,
    /// Its number in its own pid namespace.
    vpid: Option<i32>,
    /// Its container's image; without one it is on the host.
    image: Option<String>,
    /// Directories of the host that are mounted in the container.
    #[serde(default)]
    mounts: Vec<String>,
    /// Whether the engine hasn't answered yet.
    #[serde(default)]
    pub pending: bool,
}

fn ordinary() -> Vec<String> {
    vec!["cat".to_owned(), "bash".to_owned()]
}

const CGROUP: u64 = 7;
const FIRST_PID: i32 = 100;

impl Scene {
    /// The event, and the host it happened on.
    pub fn build(&self) -> (EventBatch, Host) {
        let mut batch = EventBatch::default();
        let kind = Kind::by_name(&self.event).unwrap_or_else(|| panic!("there is no event `{}`", self.event));
        let first = push_path(&mut batch, self.path.as_deref(), self.real.as_deref(), self.res >= 0);
        let second = push_path(&mut batch, self.to.as_deref(), self.real_to.as_deref(), self.res >= 0);
        let mut paths = [first, second].into_iter();
        let flags = u64::from_str_radix(&self.flags, 8).unwrap_or(0);
        let params: Vec<Param> = kind
            .row()
            .params
            .iter()
            .map(|row| match row.ty {
                ParamType::Errno | ParamType::Fd if matches!(row.name, "res" | "fd") => Param::Int(self.res),
                ParamType::Path => {
                    paths.next().filter(|path| path.given.len > 0).map_or(Param::Missing, Param::Path)
                }
                ParamType::Flags(_) => Param::Uint(flags),
                _ => Param::Missing,
            })
            .collect();
        let params = batch.push_params(&params);
        batch.events.push(Event {
            num: 1,
            time: 1_700_000_000_000_000_000,
            kind,
            flags: EventFlags::empty(),
            cpu: 0,
            res: self.res,
            task: self.task(),
            fd: self.fd(kind, first),
            params,
        });
        (batch, self.host())
    }

    fn task(&self) -> Task {
        let pid = FIRST_PID;
        Task {
            pid,
            tid: pid,
            ppid: pid + 1,
            vpid: self.vpid.unwrap_or(pid),
            sid: if self.leader { pid } else { 1 },
            tty: self.tty,
            loginuid: u32::MAX,
            cgroup: CGROUP,
            comm: comm(&self.process[0]),
            ..Task::default()
        }
    }

    fn fd(&self, kind: Kind, path: Path) -> Option<Fd> {
        let socket = self.local.is_some() || self.remote.is_some();
        if !kind.is_open() && !socket {
            return None;
        }
        let role = if kind == Kind::Connect { Role::Client } else { Role::Server };
        let socket = socket.then(|| Socket {
            protocol: 6,
            role,
            local: self.local.as_deref().map(endpoint),
            peer: self.remote.as_deref().map(endpoint),
        });
        let fd_kind = if socket.is_some() { FdKind::Ipv4 } else { FdKind::File };
        let fd_kind = (self.res >= 0 || socket.is_some()).then_some(fd_kind);
        Some(Fd { num: self.res.max(3), kind: fd_kind, path, socket, dev: 1, ino: 2 })
    }

    fn host(&self) -> Host {
        let mut host = Host { hostname: Arc::from("host"), ..Host::default() };
        host.users.users.insert(0, User { name: (*b"root").into(), ..User::default() });
        for (at, name) in self.process.iter().enumerate() {
            let pid = FIRST_PID + at as i32;
            let mut process =
                Process { pid, ppid: pid + 1, comm: comm(name), cgroup: CGROUP, ..Process::default() };
            process.set_args(b"");
            host.processes.insert(process);
        }
        let id: Option<Arc<str>> = self.image.as_ref().map(|_| Arc::from("0123456789abcdef".repeat(4)));
        if let (Some(id), Some(image)) = (&id, &self.image) {
            let state = if self.pending { ContainerState::Pending } else { self.container(image) };
            host.containers.by_id.insert(id.clone(), state);
        }
        host.containers.by_cgroup.insert(CGROUP, id);
        host
    }

    fn container(&self, image: &str) -> ContainerState {
        let mount = |source: &String| Mount {
            source: source.as_str().into(),
            dest: "/mounted".into(),
            ..Mount::default()
        };
        let (repository, tag) = image.split_once(':').unwrap_or((image, "latest"));
        ContainerState::Known(Arc::new(Container {
            name: "web".into(),
            image: image.into(),
            image_repository: repository.into(),
            image_tag: tag.into(),
            mounts: self.mounts.iter().map(mount).collect(),
            ..Container::default()
        }))
    }
}

fn push_path(batch: &mut EventBatch, given: Option<&str>, real: Option<&str>, succeeded: bool) -> Path {
    let Some(given) = given else { return Path::default() };
    let slice: Slice = batch.push_bytes(given.as_bytes());
    let real = match real {
        Some(real) => Some(batch.push_bytes(real.as_bytes())),
        None => succeeded.then_some(slice),
    };
    Path { raw: slice, given: slice, real }
}

fn comm(name: &str) -> CommName {
    let mut comm = CommName::default();
    let length = name.len().min(15);
    comm.0[..length].copy_from_slice(&name.as_bytes()[..length]);
    comm
}

fn endpoint(text: &str) -> Endpoint {
    let (ip, port) = text.rsplit_once(' ').expect("an address, a blank, a port");
    Endpoint { ip: ip.parse().expect("an address"), port: port.parse().expect("a port") }
}
