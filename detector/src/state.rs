//! Keeps the host up to date: every event is applied to it, in order, before the rules see the event.

mod cgroup;
mod users;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lanner_event::{ContainerId, ContainerState, EventRef, Host, Kind, Param, Process, Task};

pub use cgroup::container_id;

/// How many processes are kept (Falco's `thread_table_size`).
pub const PROCESSES_MAX: usize = 262_144;
/// How many ended processes are kept, for events of theirs that are still to come and for their children.
pub const ENDED_MAX: usize = 4096;
/// How many cgroups are kept; past that those of the host are forgotten.
pub const CGROUPS_MAX: usize = 65_536;
/// How often the files of users and groups are looked at for changes.
const USERS_INTERVAL: Duration = Duration::from_secs(2);

/// What was counted while the host was kept up to date.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StateCounts {
    /// Events of processes that weren't known.
    pub unknown_processes: u64,
    /// Processes that were given up because there were too many.
    pub evicted_processes: u64,
    /// Cgroups that had to be looked up in `/proc`.
    pub looked_up_cgroups: u64,
}

/// The host, and what is needed to keep it up to date.
pub struct State {
    /// The host.
    pub host: Host,
    /// What was counted.
    pub counts: StateCounts,
    ended: VecDeque<(i32, u64)>,
    users: users::Files,
    users_read: Instant,
    cgroups_v2: bool,
}

/// A container that was seen for the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its id.
    pub id: ContainerId,
    /// Whether it was there before the capture began.
    pub old: bool,
}

impl State {
    /// A host of that name that nothing is known of yet.
    pub fn new(hostname: &str, cgroups_v2: bool) -> State {
        let mut users = users::Files::new("/etc/passwd", "/etc/group");
        let mut host = Host { hostname: Arc::from(hostname), boot_time: boot_time(), ..Host::default() };
        users.read(&mut host.users);
        State {
            host,
            counts: StateCounts::default(),
            ended: VecDeque::new(),
            users,
            users_read: Instant::now(),
            cgroups_v2,
        }
    }

    /// Looks for changes of what events don't tell; at most every few seconds.
    pub fn refresh(&mut self) {
        if self.users_read.elapsed() > USERS_INTERVAL {
            self.users.read(&mut self.host.users);
            self.users_read = Instant::now();
        }
    }

    /// Applies an event; says which container was seen for the first time.
    pub fn apply(&mut self, event: EventRef) -> Option<Seen> {
        let task = event.task;
        let seen = match event.kind {
            Kind::CgroupMkdir => {
                if let (Some(Param::Uint(cgroup)), Some(path)) = (event.param("cgroup"), event.text("path")) {
                    // The cgroup of a container is known before its first process; the container itself is asked
                    // for once it has one, since its engine knows nothing of it until then.
                    self.cgroup(cgroup, path);
                }
                return None;
            }
            Kind::Clone | Kind::Execve | Kind::Execveat | Kind::Process => {
                if let Some(path) = event.text("cgroups") {
                    self.cgroup(task.cgroup, path);
                }
                self.seen(&task, event.kind == Kind::Process)
            }
            _ => self.seen(&task, false),
        };
        match event.kind {
            Kind::Clone => self.clone(&task),
            Kind::Execve | Kind::Execveat if event.res >= 0 => self.exec(event),
            Kind::Process => self.exec(event),
            Kind::Procexit => self.exit(&task),
            _ => self.touch(&task),
        }
        seen
    }

    /// What is true of the process at every event.
    fn touch(&mut self, task: &Task) {
        match self.host.processes.get_mut(task.pid) {
            Some(process) if process.start == task.start => update(process, task),
            _ => {
                self.counts.unknown_processes += 1;
                let mut process = Process { pid: task.pid, comm: task.comm, ..Process::default() };
                update(&mut process, task);
                process.set_args(&[]);
                self.insert(process);
            }
        }
    }

    fn clone(&mut self, task: &Task) {
        let mut process = self.host.processes.get(task.ppid).cloned().unwrap_or_default();
        process.pid = task.pid;
        process.comm = task.comm;
        update(&mut process, task);
        self.insert(process);
    }

    fn exec(&mut self, event: EventRef) {
        let task = event.task;
        let text = |name: &str| -> Box<[u8]> { event.text(name).unwrap_or_default().into() };
        let mut process = Process {
            pid: task.pid,
            exec_time: if event.kind == Kind::Process { 0 } else { event.time },
            comm: task.comm,
            exe: text("exe"),
            exepath: text("trusted_exepath"),
            cwd: text("cwd"),
            ..Process::default()
        };
        process.set_args(event.text("args").unwrap_or_default());
        update(&mut process, &task);
        self.insert(process);
    }

    fn exit(&mut self, task: &Task) {
        if self.host.processes.get(task.pid).is_none_or(|process| process.start != task.start) {
            return;
        }
        self.ended.push_back((task.pid, task.start));
        while self.ended.len() > ENDED_MAX {
            self.bury();
        }
    }

    /// Takes out the process that ended first, unless its number was used again.
    fn bury(&mut self) {
        let Some((pid, start)) = self.ended.pop_front() else { return };
        if self.host.processes.get(pid).is_some_and(|process| process.start == start) {
            self.host.processes.remove(pid);
        }
    }

    fn insert(&mut self, process: Process) {
        if self.host.processes.len() >= PROCESSES_MAX && self.host.processes.get(process.pid).is_none() {
            self.bury();
            if self.host.processes.len() >= PROCESSES_MAX {
                let any = self.host.processes.iter().next().map(|process| process.pid);
                any.map(|pid| self.host.processes.remove(pid));
                self.counts.evicted_processes += 1;
            }
        }
        self.host.processes.insert(process);
    }

    /// Notes which container a cgroup belongs to.
    fn cgroup(&mut self, cgroup: u64, path: &[u8]) {
        if self.host.containers.by_cgroup.contains_key(&cgroup) {
            return;
        }
        if self.host.containers.by_cgroup.len() >= CGROUPS_MAX {
            self.host.containers.by_cgroup.retain(|_, container| container.is_some());
        }
        let container = container_id(path).map(ContainerId::from);
        self.host.containers.by_cgroup.insert(cgroup, container);
    }

    /// The container of a thread, where it is seen for the first time.
    fn seen(&mut self, task: &Task, old: bool) -> Option<Seen> {
        if !self.host.containers.by_cgroup.contains_key(&task.cgroup) {
            self.counts.looked_up_cgroups += 1;
            let path = cgroup::of_process(task.pid, self.cgroups_v2)?;
            self.cgroup(task.cgroup, path.as_bytes());
        }
        let containers = &mut self.host.containers;
        let id = containers.by_cgroup.get(&task.cgroup)?.clone()?;
        if containers.by_id.contains_key(&id) {
            return None;
        }
        containers.by_id.insert(id.clone(), ContainerState::Pending);
        Some(Seen { id, old })
    }
}

fn update(process: &mut Process, task: &Task) {
    if process.comm != task.comm && task.tid == task.pid {
        process.comm = task.comm;
        let args = std::mem::take(&mut process.args);
        process.set_args(&args);
    }
    process.start = task.start;
    process.ppid = task.ppid;
    process.sid = task.sid;
    process.pgid = task.pgid;
    process.vpid = task.vpid;
    process.vpgid = task.vpgid;
    process.tty = task.tty;
    process.uid = task.uid;
    process.loginuid = task.loginuid;
    process.cgroup = task.cgroup;
}

/// When the host started, in nanoseconds since 1970-01-01 UTC (proc(5), `btime`).
fn boot_time() -> u64 {
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let seconds = stat.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse::<u64>().ok());
    seconds.unwrap_or(0) * 1_000_000_000
}
