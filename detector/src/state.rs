//! Keeps the host up to date: every event is applied to it, in order, before the rules see the event.
//!
//! Numbers of users, parents, sessions and cgroups come with each event from the kernel, so they are right even where
//! events were lost. What only the start of a program tells, its path and arguments, is kept here; after a loss it is
//! read again from `/proc`.

mod cgroup;
mod containers;
mod procfs;
#[cfg(test)]
mod tests;
mod users;
mod zone;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hashbrown::{HashMap, HashSet};
use jiff::tz::TimeZone;
use lanner_event::{ContainerId, EventRef, ExeFlags, Host, Kind, Param, Process, Task};

use crate::container_users::Inhabitant;
use crate::containers::Origin;
use crate::host_root::host_path;
use containers::{Cgroups, World};

pub use containers::{Seen, running};
pub use procfs::{is_same_process, mount_namespace};

/// How many processes are kept (Falco's `thread_table_size`).
pub const PROCESSES_MAX: usize = 262_144;
/// How many ended processes are kept, for events of theirs that are still to come and for their children.
pub const ENDED_MAX: usize = 4096;
/// How many cgroups are kept.
pub const CGROUPS_MAX: usize = 65_536;
/// How many containers are kept.
pub const CONTAINERS_MAX: usize = 8192;
/// How often the files of users and groups are looked at for changes.
const USERS_INTERVAL: Duration = Duration::from_secs(2);
/// How often all processes are compared with `/proc`, at the most.
const COMPARE_INTERVAL: Duration = Duration::from_secs(10);

/// What was counted while the host was kept up to date.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StateCounts {
    /// Processes that weren't known, or not surely, and were looked up in `/proc`.
    pub unknown_processes: u64,
    /// Of those, processes that `/proc` didn't know any more.
    pub missed_processes: u64,
    /// Processes that were given up because there were too many.
    pub evicted_processes: u64,
    /// Cgroups that had to be looked up in `/proc`.
    pub looked_up_cgroups: u64,
    /// Cgroups in use that were given up because there were too many.
    pub evicted_cgroups: u64,
    /// Containers in use that were given up because there were too many.
    pub evicted_containers: u64,
}

/// How much is kept.
#[derive(Debug)]
struct Limits {
    processes: usize,
    ended: usize,
    cgroups: usize,
    containers: usize,
}

/// The host, and what is needed to keep it up to date.
pub struct State {
    /// The host.
    pub host: Host,
    /// What was counted.
    pub counts: StateCounts,
    limits: Limits,
    ended: VecDeque<(i32, u64)>,
    /// Processes that may have started another program, which was lost.
    doubtful: HashSet<i32>,
    users: users::Files,
    users_read: Instant,
    cgroups: Cgroups,
    compared: Option<Instant>,
}

impl State {
    /// A host of that name that nothing is known of yet. Containers are told apart by cgroups of version 2, or by those
    /// of version 1's memory controller.
    pub fn new(hostname: &str, cgroups_v2: bool) -> State {
        let mut users = users::Files::new(host_path("/etc/passwd"), host_path("/etc/group"));
        let mut host = Host { hostname: Arc::from(hostname), boot_time: boot_time(), ..Host::default() };
        host.zone = zone::read(&TimeZone::system());
        users.read(&mut host.users);
        State {
            host,
            counts: StateCounts::default(),
            limits: Limits {
                processes: PROCESSES_MAX,
                ended: ENDED_MAX,
                cgroups: CGROUPS_MAX,
                containers: CONTAINERS_MAX,
            },
            ended: VecDeque::with_capacity(ENDED_MAX + 1),
            doubtful: HashSet::new(),
            users,
            users_read: Instant::now(),
            cgroups: Cgroups::new(cgroups_v2),
            compared: None,
        }
    }

    /// Whose a container is, as far as is known.
    pub fn origin(&self, id: &str) -> Origin {
        self.cgroups.origin(id)
    }

    /// Whether a container is the host's, and no user's own.
    pub fn is_hosts(&self, id: &str) -> bool {
        self.origin(id).user.is_none()
    }

    /// Looks for changes of what events don't tell, every few seconds; whether it was time to.
    pub fn refresh(&mut self) -> bool {
        let due = self.users_read.elapsed() > USERS_INTERVAL;
        if due {
            self.users.read(&mut self.host.users);
            self.users_read = Instant::now();
        }
        due
    }

    /// Of each container a process that lives there: its first, or the oldest.
    pub fn inhabitants(&self) -> Vec<Inhabitant> {
        let ended: HashSet<(i32, u64)> = self.ended.iter().copied().collect();
        let living = self.host.processes.iter().filter(|of| !ended.contains(&(of.pid, of.start)));
        let mut found: HashMap<&ContainerId, &Process> = HashMap::new();
        let rank = |process: &Process| (process.vpid != 1, process.start);
        for process in living {
            let Some(id) = self.host.containers.of_cgroup(process.cgroup) else { continue };
            let best = found.entry(id).or_insert(process);
            if rank(process) < rank(best) {
                *best = process;
            }
        }
        let of = |(id, process): (&ContainerId, &Process)| Inhabitant {
            container: id.clone(),
            pid: process.pid,
            start: process.start,
        };
        found.into_iter().map(of).collect()
    }

    /// Applies an event; says which container was seen for the first time, or its cgroup made.
    pub fn apply(&mut self, event: EventRef) -> Option<Seen> {
        let task = event.task;
        self.host.times.note(event.time);
        let (cgroups, mut world) = self.world();
        match event.kind {
            Kind::CgroupMkdir => {
                if let (Some(Param::Uint(cgroup)), Some(path)) = (event.param("cgroup"), event.text("path")) {
                    // Most engines know a container by now, which may have ended when its first process is seen.
                    return cgroups.made(&mut world, cgroup, path);
                }
                return None;
            }
            Kind::Clone | Kind::Execve | Kind::Execveat | Kind::Process => {
                if let Some(path) = event.text("cgroups") {
                    cgroups.note(&mut world, task.cgroup, path);
                }
            }
            _ => {}
        }
        let seen = cgroups.seen(&mut world, &task, event.kind == Kind::Process);
        match event.kind {
            Kind::Clone => self.clone(event),
            Kind::Execve | Kind::Execveat if event.res >= 0 => self.exec(event),
            Kind::Process => self.exec(event),
            Kind::Procexit => self.exit(&task),
            Kind::Cwd => {
                self.touch(&task);
                let process = self.host.processes.get_mut(task.pid);
                if let (Some(process), Some(path)) = (process, event.text("path")) {
                    process.cwd = path.into();
                }
            }
            _ => self.touch(&task),
        }
        seen
    }

    /// Events of processes were lost: from here on what is known of them is doubted, and read again when they do
    /// something; what has ended unseen is taken out.
    pub fn doubt(&mut self) {
        self.doubtful.extend(self.host.processes.iter().map(|process| process.pid));
        self.compare();
    }

    /// Lets the processes that don't live any more end, at most every few seconds.
    fn compare(&mut self) {
        if self.compared.is_some_and(|at| at.elapsed() < COMPARE_INTERVAL) {
            return;
        }
        self.compared = Some(Instant::now());
        let Some(living) = procfs::processes() else { return };
        let gone = self.host.processes.iter().filter(|process| !living.contains(&process.pid));
        self.ended.extend(gone.map(|process| (process.pid, process.start)));
        self.bury_above(self.limits.ended);
    }

    fn world(&mut self) -> (&mut Cgroups, World<'_>) {
        let world = World {
            containers: &mut self.host.containers,
            processes: &self.host.processes,
            counts: &mut self.counts,
            limits: &self.limits,
        };
        (&mut self.cgroups, world)
    }

    /// What is true of the process at every event.
    fn touch(&mut self, task: &Task) {
        match self.host.processes.get_mut(task.pid).filter(|process| process.start == task.start) {
            Some(process) => {
                update(process, task);
                if !self.doubtful.is_empty() && self.doubtful.remove(&task.pid) {
                    self.look_up(task);
                }
            }
            None => self.look_up(task),
        }
    }

    /// Reads a process from `/proc`; where that doesn't know it any more, what was known of it stays.
    fn look_up(&mut self, task: &Task) {
        self.counts.unknown_processes += 1;
        let known = self.host.processes.get(task.pid).filter(|process| process.start == task.start);
        let mut process = match (procfs::program(task.pid, task.start), known) {
            (Some(program), _) => {
                let (exe, args) = split_first(&program.args);
                let mut process = Process {
                    pid: task.pid,
                    comm: program.comm,
                    exe: exe.into(),
                    exepath: program.exepath.into(),
                    cwd: program.cwd.into(),
                    exec_time: known.map_or(0, |process| process.exec_time),
                    ..Process::default()
                };
                process.set_args(args);
                know_executable(&mut process, &program.env, &program.file);
                process
            }
            (None, Some(_)) => {
                self.counts.missed_processes += 1;
                return;
            }
            (None, None) => {
                self.counts.missed_processes += 1;
                let mut process = Process { pid: task.pid, comm: task.comm, ..Process::default() };
                process.set_args(&[]);
                process
            }
        };
        update(&mut process, task);
        self.insert(process);
    }

    /// A process is what made it until it starts a program of its own.
    fn clone(&mut self, event: EventRef) {
        let task = event.task;
        // The one that made it, which isn't its parent under CLONE_PARENT.
        let maker = match event.param("ptid") {
            Some(Param::Int(pid)) => i32::try_from(pid).unwrap_or(task.ppid),
            _ => task.ppid,
        };
        if self.doubtful.contains(&maker) {
            return self.look_up(&task);
        }
        let Some(mut process) = self.host.processes.get(maker).cloned() else { return self.look_up(&task) };
        process.pid = task.pid;
        update(&mut process, &task);
        self.insert(process);
    }

    fn exec(&mut self, event: EventRef) {
        let task = event.task;
        let text = |name: &str| -> Box<[u8]> { event.text(name).unwrap_or_default().into() };
        let number = |name: &str| match event.param(name) {
            Some(Param::Uint(number)) => Some(number),
            _ => None,
        };
        let mut process = Process {
            pid: task.pid,
            exec_time: if event.kind == Kind::Process { 0 } else { event.time },
            comm: task.comm,
            exe: text("exe"),
            exepath: text("trusted_exepath"),
            exe_ino: number("exe_ino").unwrap_or(0),
            exe_ctime: number("exe_ino_ctime").unwrap_or(0),
            exe_mtime: number("exe_ino_mtime").unwrap_or(0),
            exe_flags: number("flags").map(|bits| ExeFlags::from_bits_truncate(bits as u32)),
            cwd: text("cwd"),
            ..Process::default()
        };
        process.set_args(event.text("args").unwrap_or_default());
        process.set_env(event.text("env").unwrap_or_default());
        if event.kind == Kind::Process
            && let Some(program) = procfs::program(task.pid, task.start)
        {
            know_executable(&mut process, &program.env, &program.file);
        }
        update(&mut process, &task);
        self.insert(process);
    }

    fn exit(&mut self, task: &Task) {
        if self.host.processes.get(task.pid).is_none_or(|process| process.start != task.start) {
            return;
        }
        self.ended.push_back((task.pid, task.start));
        self.bury_above(self.limits.ended);
    }

    /// Takes out those that ended first until so many are left, unless their numbers were used again.
    fn bury_above(&mut self, left: usize) {
        while self.ended.len() > left {
            let Some((pid, start)) = self.ended.pop_front() else { return };
            if self.host.processes.get(pid).is_some_and(|process| process.start == start) {
                self.remove(pid);
            }
        }
    }

    fn remove(&mut self, pid: i32) {
        self.host.processes.remove(pid);
        self.doubtful.remove(&pid);
    }

    fn insert(&mut self, process: Process) {
        if self.host.processes.get(process.pid).is_none() {
            self.make_room();
        }
        self.doubtful.remove(&process.pid);
        self.host.processes.insert(process);
    }

    /// Makes room for one more process: the ended go first.
    fn make_room(&mut self) {
        let full = |state: &State| state.host.processes.len() >= state.limits.processes;
        if full(self) {
            self.compare();
        }
        while full(self) && !self.ended.is_empty() {
            self.bury_above(self.ended.len() - 1);
        }
        while full(self) {
            let Some(pid) = self.host.processes.iter().next().map(|process| process.pid) else { return };
            self.remove(pid);
            self.counts.evicted_processes += 1;
        }
    }
}

/// The first argument, and the rest.
fn split_first(args: &[u8]) -> (&[u8], &[u8]) {
    match args.iter().position(|byte| *byte == 0) {
        Some(end) => (&args[..end], &args[end + 1..]),
        None => (args, &[]),
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
    process.pid_ns = task.pid_ns;
}

/// Notes what `/proc` alone tells of a program: its environment and its file.
fn know_executable(process: &mut Process, env: &[u8], file: &procfs::ExeFile) {
    process.set_env(env);
    if file.ino != 0 {
        process.exe_ino = file.ino;
        process.exe_ctime = file.ctime;
        process.exe_mtime = file.mtime;
    }
}

/// When the host started, in nanoseconds since 1970-01-01 UTC (proc(5), `btime`).
fn boot_time() -> u64 {
    let stat = std::fs::read_to_string(host_path("/proc/stat")).unwrap_or_default();
    let seconds = stat.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse::<u64>().ok());
    seconds.unwrap_or(0) * 1_000_000_000
}
