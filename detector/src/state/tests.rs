use hashbrown::HashSet;
use lanner_event::{
    CommName, ContainerState, Event, EventBatch, EventFlags, ExeFlags, Kind, Param, Slice, Task, Times,
};
use proptest::prelude::*;

use super::*;

/// What an event says in one of its parameters.
#[derive(Debug, Clone, Copy)]
enum Say<'a> {
    Text(&'a str),
    Number(u64),
}

fn batch(kind: Kind, task: Task, res: i64, said: &[(&str, Say)]) -> EventBatch {
    let mut batch = EventBatch::default();
    let params: Vec<Param> = kind
        .row()
        .params
        .iter()
        .map(|row| match said.iter().find(|(name, _)| *name == row.name) {
            Some((_, Say::Text(text))) => Param::Bytes(batch.push_bytes(text.as_bytes())),
            Some((_, Say::Number(number))) if row.name == "ptid" => Param::Int(*number as i64),
            Some((_, Say::Number(number))) => Param::Uint(*number),
            None => Param::Missing,
        })
        .collect();
    let params: Slice = batch.push_params(&params);
    let flags = EventFlags::empty();
    batch.events.push(Event {
        num: 1,
        time: 1000,
        kind,
        flags,
        cpu: 0,
        res,
        task,
        fd: None,
        params,
        document: None,
        details: None,
    });
    batch
}

fn comm(name: &str) -> CommName {
    let mut comm = CommName::default();
    comm.0[..name.len()].copy_from_slice(name.as_bytes());
    comm
}

fn task(pid: i32, name: &str) -> Task {
    Task { pid, tid: pid, ppid: 1, cgroup: 1, start: pid as u64, comm: comm(name), ..Task::default() }
}

/// A state that knows that cgroup 1 is the host's, so that nothing is looked up.
fn state() -> State {
    let mut state = State::new("host", false);
    state.host.containers.by_cgroup.insert(1, None);
    state
}

fn apply(state: &mut State, kind: Kind, task: Task, said: &[(&str, Say)]) -> Option<Seen> {
    state.apply(batch(kind, task, 0, said).get(0))
}

const SHELL: [(&str, Say); 5] = [
    ("exe", Say::Text("-sh")),
    ("args", Say::Text("-c\0ls -l\0")),
    ("cwd", Say::Text("/root")),
    ("trusted_exepath", Say::Text("/bin/sh")),
    ("exe_ino", Say::Number(7)),
];

fn id() -> String {
    "0123456789abcdef".repeat(4)
}

#[track_caller]
fn check(state: &State, pid: i32, cmdline: &str) {
    let cmdline = (!cmdline.is_empty()).then_some(cmdline);
    let process = state.host.processes.get(pid).map(|process| String::from_utf8_lossy(&process.cmdline));
    assert_eq!(process.as_deref(), cmdline);
}

#[test]
fn a_program_that_was_started_is_known() {
    let mut state = state();
    apply(&mut state, Kind::Execve, task(10, "sh"), &SHELL);
    let process = state.host.processes.get(10).unwrap();
    assert_eq!(
        (&*process.exe, &*process.exepath, &*process.cwd),
        (&b"-sh"[..], &b"/bin/sh"[..], &b"/root"[..])
    );
    assert_eq!((process.exec_time, process.exe_ino, process.start, process.ppid), (1000, 7, 10, 1));
    check(&state, 10, "sh -c ls -l");
    // One that could not be started changes nothing.
    let failed = batch(Kind::Execve, task(10, "sh"), -2, &[("args", Say::Text("x\0"))]);
    state.apply(failed.get(0));
    check(&state, 10, "sh -c ls -l");
    assert_eq!(state.counts, StateCounts::default());
}

#[test]
fn a_working_directory_is_that_which_was_gone_to_last() {
    let mut state = state();
    apply(&mut state, Kind::Execve, task(10, "sh"), &SHELL);
    apply(&mut state, Kind::Cwd, task(10, "sh"), &[("path", Say::Text("/tmp"))]);
    assert_eq!(&*state.host.processes.get(10).unwrap().cwd, b"/tmp");
}

#[test]
fn what_an_event_tells_of_an_executable_is_kept() {
    let mut state = state();
    let told = [
        ("env", Say::Text("HOME=/root\0")),
        ("exe_ino_ctime", Say::Number(5)),
        ("exe_ino_mtime", Say::Number(4)),
        ("flags", Say::Number(0b110)),
    ];
    apply(&mut state, Kind::Execve, Task { pid_ns: 9, ..task(10, "sh") }, &told);
    let process = state.host.processes.get(10).unwrap();
    assert_eq!((&*process.env, process.exe_ctime, process.exe_mtime), (&b"HOME=/root\0"[..], 5, 4));
    assert_eq!(process.exe_flags, Some(ExeFlags::UPPER_LAYER | ExeFlags::FROM_MEMFD));
    assert_eq!(process.pid_ns, 9);
    assert_eq!(state.host.times, Times { first: 1000, previous: 1000, latest: 1000 });
    apply(&mut state, Kind::Execve, task(10, "sh"), &SHELL);
    assert_eq!(state.host.processes.get(10).unwrap().exe_flags, None);
}

#[test]
fn a_child_is_what_made_it_until_it_starts_a_program() {
    let mut state = state();
    apply(&mut state, Kind::Execve, task(10, "sh"), &SHELL);
    let child = Task { ppid: 10, ..task(11, "sh") };
    apply(&mut state, Kind::Clone, child, &[("ptid", Say::Number(10))]);
    check(&state, 11, "sh -c ls -l");
    // Under CLONE_PARENT the parent isn't the one that made it.
    apply(&mut state, Kind::Clone, task(12, "sh"), &[("ptid", Say::Number(10))]);
    check(&state, 12, "sh -c ls -l");
    apply(&mut state, Kind::Execve, Task { ppid: 10, ..task(11, "ls") }, &[("args", Say::Text("-l\0"))]);
    check(&state, 11, "ls -l");
    check(&state, 10, "sh -c ls -l");
    assert_eq!(state.host.processes.get(11).unwrap().ppid, 10);
    assert_eq!(state.counts, StateCounts::default());
}

#[test]
fn what_the_kernel_says_at_an_event_counts() {
    let mut state = state();
    apply(&mut state, Kind::Execve, task(10, "sh"), &SHELL);
    let changed = Task { ppid: 5, sid: 6, uid: 7, loginuid: 8, tty: 9, ..task(10, "renamed") };
    apply(&mut state, Kind::Openat, changed, &[]);
    let process = state.host.processes.get(10).unwrap();
    assert_eq!((process.ppid, process.sid, process.uid, process.loginuid, process.tty), (5, 6, 7, 8, 9));
    check(&state, 10, "renamed -c ls -l");
    // The name of a thread is not the process's.
    apply(&mut state, Kind::Openat, Task { tid: 99, ..task(10, "thread") }, &[]);
    check(&state, 10, "renamed -c ls -l");
}

#[test]
fn the_ended_stay_for_a_while() {
    let mut state = state();
    state.limits.ended = 2;
    for pid in 10..13 {
        apply(&mut state, Kind::Execve, task(pid, "sh"), &SHELL);
    }
    apply(&mut state, Kind::Procexit, task(10, "sh"), &[]);
    apply(&mut state, Kind::Procexit, task(11, "sh"), &[]);
    check(&state, 10, "sh -c ls -l");
    // Its number was used again, so what has it now stays.
    apply(&mut state, Kind::Execve, Task { start: 99, ..task(10, "new") }, &[]);
    apply(&mut state, Kind::Procexit, task(12, "sh"), &[]);
    check(&state, 10, "new");
    apply(&mut state, Kind::Procexit, task(12, "sh"), &[]);
    check(&state, 11, "");
    // The end of one that isn't known is none.
    apply(&mut state, Kind::Procexit, task(50, "sh"), &[]);
    check(&state, 50, "");
}

/// A process of this machine with a known command line, and a task of it as the kernel would tell it.
struct Sleeper(std::process::Child);

impl Sleeper {
    fn new() -> (Sleeper, Task) {
        let child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        let pid = child.id() as i32;
        // Until the child has started its program, its command line is that of this test.
        while !procfs_cmdline(pid).starts_with(b"sleep\0") {
            std::thread::yield_now();
        }
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let ticks: u64 =
            stat.rsplit(')').next().unwrap().split_whitespace().nth(19).unwrap().parse().unwrap();
        let start = ticks * 10_000_000;
        (Sleeper(child), Task { start, ..task(pid, "sleep") })
    }
}

fn procfs_cmdline(pid: i32) -> Vec<u8> {
    std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn what_proc_alone_tells_of_a_program_is_read_there() {
    for kind in [Kind::Openat, Kind::Process] {
        let (_sleeper, sleeping) = Sleeper::new();
        let mut state = state();
        apply(&mut state, kind, sleeping, &[]);
        let process = state.host.processes.get(sleeping.pid).unwrap();
        assert!(process.exe_ino > 0 && process.exe_ctime > 0 && process.exe_mtime > 0, "{process:?}");
        assert_eq!(process.env.is_empty(), std::env::vars_os().next().is_none());
    }
}

#[test]
fn a_process_that_isnt_known_is_looked_up_once() {
    let (_sleeper, sleeping) = Sleeper::new();
    let mut state = state();
    apply(&mut state, Kind::Openat, sleeping, &[]);
    apply(&mut state, Kind::Openat, sleeping, &[]);
    check(&state, sleeping.pid, "sleep 1000");
    assert_eq!((state.counts.unknown_processes, state.counts.missed_processes), (1, 0));
    // A child of one that isn't known is looked up, too; and one that has ended can't be.
    apply(&mut state, Kind::Clone, task(i32::MAX, "gone"), &[("ptid", Say::Number(3))]);
    check(&state, i32::MAX, "gone");
    assert_eq!((state.counts.unknown_processes, state.counts.missed_processes), (2, 1));
}

#[test]
fn after_a_loss_processes_are_read_again() {
    let (_sleeper, sleeping) = Sleeper::new();
    let mut state = state();
    apply(&mut state, Kind::Execve, sleeping, &SHELL);
    apply(&mut state, Kind::Execve, task(i32::MAX, "gone"), &SHELL);
    state.limits.ended = 0;
    state.doubt();
    check(&state, i32::MAX, "");
    check(&state, sleeping.pid, "sleep -c ls -l");
    apply(&mut state, Kind::Openat, sleeping, &[]);
    check(&state, sleeping.pid, "sleep 1000");
    // What has been seen to start since then is certain.
    state.doubt();
    apply(&mut state, Kind::Execve, sleeping, &SHELL);
    apply(&mut state, Kind::Openat, sleeping, &[]);
    check(&state, sleeping.pid, "sleep -c ls -l");
}

#[test]
fn a_container_is_seen_as_its_cgroup_is_made_and_as_it_is_entered() {
    let mut state = state();
    let path = format!("/docker/{}", id());
    let engine = task(10, "runc");
    let made = [("cgroup", Say::Number(5)), ("path", Say::Text(&path))];
    let Some(Seen::Made(made_id, _)) = apply(&mut state, Kind::CgroupMkdir, engine, &made) else { panic!() };
    assert_eq!(&*made_id, &*id());
    assert_eq!(state.host.containers.by_id[&made_id], ContainerState::Pending);
    // It has cgroups in it.
    let (path_in, number) = (format!("{path}/init.scope"), Say::Number(7));
    let made = [("cgroup", number), ("path", Say::Text(&path_in))];
    assert_eq!(apply(&mut state, Kind::CgroupMkdir, engine, &made), None);
    let inside = Task { cgroup: 5, ..task(11, "sh") };
    let seen = apply(&mut state, Kind::Clone, inside, &[("cgroups", Say::Text(&path))]);
    assert!(matches!(seen, Some(Seen::Entered { id, old: false, .. }) if id == made_id));
    assert_eq!(apply(&mut state, Kind::Openat, inside, &[]), None);
    assert_eq!(apply(&mut state, Kind::Openat, engine, &[]), None);
    // One that is there before the capture begins.
    let path = format!("/docker/{}", "f".repeat(64));
    let before = Task { cgroup: 6, ..task(12, "sh") };
    let seen = apply(&mut state, Kind::Process, before, &[("cgroups", Say::Text(&path))]);
    assert!(matches!(seen, Some(Seen::Entered { old: true, .. })));
    assert_eq!(state.counts.looked_up_cgroups, 0);
}

#[test]
fn a_user_cant_make_a_cgroup_of_anothers_container() {
    let mut state = state();
    let mut made = |cgroup: u64, path: String| {
        let said = [("cgroup", Say::Number(cgroup)), ("path", Say::Text(&path))];
        apply(&mut state, Kind::CgroupMkdir, task(10, "sh"), &said);
        state.host.containers.by_cgroup[&cgroup].is_some()
    };
    let id = id();
    assert!(made(5, format!("/system.slice/docker-{id}.scope")));
    assert!(!made(6, format!("/user.slice/user-1000.slice/docker-{id}.scope")));
    // And where the user was first, the host's own container is one all the same.
    let other = "f".repeat(64);
    assert!(made(7, format!("/user.slice/user-1000.slice/docker-{other}.scope")));
    assert!(!made(8, format!("/user.slice/user-1001.slice/docker-{other}.scope")));
    assert!(made(9, format!("/system.slice/docker-{other}.scope")));
    assert_eq!(state.origin(&other).user, None);
    assert_eq!(state.host.containers.by_cgroup[&7], None);
}

#[test]
fn a_cgroup_that_cant_be_looked_up_is_tried_once_by_each_process() {
    let mut state = state();
    let gone = Task { cgroup: 5, ..task(i32::MAX, "gone") };
    for _ in 0..3 {
        apply(&mut state, Kind::Openat, gone, &[]);
    }
    assert_eq!(state.counts.looked_up_cgroups, 1);
    let own = Task { cgroup: 5, ..task(std::process::id() as i32, "test") };
    apply(&mut state, Kind::Openat, own, &[]);
    apply(&mut state, Kind::Openat, gone, &[]);
    assert_eq!(state.counts.looked_up_cgroups, 2);
    assert!(state.host.containers.by_cgroup.contains_key(&5));
}

#[test]
fn cgroups_and_containers_are_bounded() {
    let mut state = state();
    (state.limits.cgroups, state.limits.containers) = (64, 16);
    let inside = Task { cgroup: 1_000_000, ..task(10, "sh") };
    let own = format!("/docker/{}", id());
    apply(&mut state, Kind::Execve, inside, &[("cgroups", Say::Text(&own))]);
    for cgroup in 2..1000 {
        let path = format!("/docker/{cgroup:064x}");
        let made = [("cgroup", Say::Number(cgroup)), ("path", Say::Text(&path))];
        apply(&mut state, Kind::CgroupMkdir, task(11, "runc"), &made);
        let short = Task { cgroup, ..task(12, "true") };
        apply(&mut state, Kind::Execve, short, &[("cgroups", Say::Text(&path))]);
        assert!(state.host.containers.by_cgroup.len() <= 64);
        assert!(state.host.containers.by_id.len() <= 16);
    }
    // What is in use stays.
    assert!(state.host.containers.by_id.contains_key(&*id()));
    assert_eq!((state.counts.evicted_cgroups, state.counts.evicted_containers), (0, 0));
}

/// Any event of any task, with few numbers, so that they meet.
fn any_event() -> impl Strategy<Value = EventBatch> {
    let text = prop::collection::vec(any::<u8>(), 0..40);
    let path = prop_oneof![
        Just(format!("/docker/{}", id())),
        (0..40u64).prop_map(|number| format!("/kubepods/{number:064x}")),
        Just("/user.slice".to_owned()),
        Just("/../..".to_owned()),
    ];
    let numbers = (0..60i32, 0..60i32, 0..3u64, 0..60u64, any::<i64>());
    (prop::sample::select(Kind::ALL), numbers, text, path, any::<[u8; 16]>()).prop_map(
        |(kind, (pid, ppid, start, cgroup, res), text, path, name)| {
            let pid = i32::MAX - pid;
            let mut task = task(0, "x");
            (task.pid, task.tid, task.ppid) = (pid, pid - (ppid & 1), i32::MAX - ppid);
            (task.start, task.cgroup, task.comm) = (start, cgroup, CommName(name));
            let mut batch = batch(kind, task, res, &[]);
            let (text, path) = (batch.push_bytes(&text), batch.push_bytes(path.as_bytes()));
            for (param, row) in batch.params.iter_mut().zip(kind.row().params) {
                *param = match row.name {
                    "cgroups" | "path" => Param::Bytes(path),
                    "ptid" => Param::Int(i64::from(i32::MAX - ppid)),
                    "cgroup" => Param::Uint(cgroup),
                    "exe" | "cwd" => Param::Missing,
                    _ => Param::Bytes(text),
                };
            }
            batch
        },
    )
}

proptest! {
    #[test]
    fn no_sequence_of_events_breaks_the_state(
        batches in prop::collection::vec(any_event(), 1..300),
        doubt in 0..300usize,
    ) {
        let mut state = State::new("host", true);
        state.limits = Limits { processes: 20, ended: 5, cgroups: 16, containers: 8 };
        for (at, batch) in batches.iter().enumerate() {
            state.apply(batch.get(0));
            if at == doubt {
                state.doubt();
            }
            let known: HashSet<i32> = state.host.processes.iter().map(|process| process.pid).collect();
            prop_assert!(state.host.processes.len() <= 20);
            prop_assert!(state.ended.len() <= 5);
            prop_assert!(state.doubtful.is_subset(&known));
            prop_assert!(state.host.containers.by_cgroup.len() <= 16);
            prop_assert!(state.host.containers.by_id.len() <= 8);
        }
    }
}
