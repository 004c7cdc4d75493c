//! The loop with a scripted source and an engine of the tests: what is held is judged when the engine answers,
//! when it doesn't, and after a restart; containers that start are told of.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lanner_alert::Alert;
use lanner_detector::containers::{ENGINES, EngineSettings, Engines, Reason, Settings};
use lanner_detector::source::{Losses, Source, SourceError, Status};
use lanner_detector::state::{State, mount_namespace};
use lanner_detector::{Detector, Outcome, Report};
use lanner_diagnostic::{SourceText, Sources};
use lanner_event::fields::Fields;
use lanner_event::{CommName, Event, EventBatch, EventFlags, Kind, Param, Task};
use lanner_rules::{Matching, Options, RuleSet};

const RULES: &str = r#"
- rule: Shell in web
  desc: a shell in a certain container
  condition: evt.type = execve and proc.name = sh and container.name = web
  output: shell (cmdline=%proc.cmdline container=%container.name image=%container.image)
  priority: NOTICE
- rule: Shell anywhere
  desc: a shell anywhere
  condition: evt.type = execve and proc.name = sh
  output: shell (container=%container.name)
  priority: DEBUG
- rule: A shell
  desc: a shell, of which nothing else is told
  condition: evt.type = execve and proc.name = sh
  output: a shell
  priority: DEBUG
- rule: Started
  desc: a container that was started
  condition: evt.type = container
  output: started (container=%container.name process=%proc.name)
  priority: DEBUG
"#;

/// Events in batches; after them, nothing happens until the test has seen enough.
struct Script {
    batches: VecDeque<EventBatch>,
    lost: u64,
}

impl Source for Script {
    fn fill(&mut self, batch: &mut EventBatch, wait: Duration) -> Result<Status, SourceError> {
        match self.batches.pop_front() {
            Some(next) => *batch = next,
            None => std::thread::yield_now(),
        }
        let _ = wait;
        Ok(Status::More)
    }

    fn lost(&self) -> Losses {
        let by_kind = if self.lost > 0 { vec![("openat", self.lost)] } else { Vec::new() };
        Losses { by_kind, ..Losses::default() }
    }
}

fn id() -> String {
    "0123456789abcdef".repeat(4)
}

/// A program that is started.
#[derive(Clone, Copy)]
struct Start {
    kind: Kind,
    name: &'static str,
    pid: i32,
    vpid: i32,
    mnt_ns: u32,
    res: i64,
    in_container: bool,
}

/// The program of a container, of which it is the first process.
const FIRST: Start =
    Start { kind: Kind::Execve, name: "sh", pid: 10, vpid: 1, mnt_ns: 1, res: 0, in_container: true };

/// The start of a program in a container, or on the host.
fn exec(start: Start) -> EventBatch {
    let mut batch = EventBatch::default();
    push(&mut batch, start);
    batch
}

fn push(batch: &mut EventBatch, start: Start) {
    let Start { kind, name, pid, vpid, mnt_ns, res, in_container } = start;
    let mut comm = CommName::default();
    comm.0[..name.len()].copy_from_slice(name.as_bytes());
    let path = if in_container { format!("/docker/{}", id()) } else { "/user.slice".to_owned() };
    let cgroups = batch.push_bytes(path.as_bytes());
    let exe = batch.push_bytes(name.as_bytes());
    let args = batch.push_bytes(b"-c\0ls\0");
    let params: Vec<Param> = kind
        .row()
        .params
        .iter()
        .map(|row| match row.name {
            "cgroups" => Param::Bytes(cgroups),
            "exe" => Param::Bytes(exe),
            "args" => Param::Bytes(args),
            _ => Param::Missing,
        })
        .collect();
    let params = batch.push_params(&params);
    let cgroup = if in_container { 5 } else { 6 };
    let task = Task { pid, tid: pid, vpid, mnt_ns, cgroup, comm, start: pid as u64, ..Task::default() };
    let time = TIME + pid as u64;
    let flags = EventFlags::empty();
    batch.events.push(Event {
        num: 1,
        time,
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
}

/// When events happen.
const TIME: u64 = 1_700_000_000_000_000_000;

/// An engine that knows the container, for as long as the test runs.
fn engine(socket: &Path) {
    let listener = UnixListener::bind(socket).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request);
            let json = format!(r#"{{"Id":"{}","Name":"/web","Config":{{"Image":"nginx:1"}}}}"#, id());
            let _ = write!(stream, "HTTP/1.0 200 OK\r\n\r\n{json}");
        }
    });
}

/// An engine that takes requests and says nothing, for as long as the test runs.
fn silent_engine(socket: &Path) {
    let listener = UnixListener::bind(socket).unwrap();
    std::thread::spawn(move || {
        let mut taken = Vec::new();
        for stream in listener.incoming() {
            taken.push(stream);
        }
    });
}

/// What a detector is given.
struct Setup<'a> {
    socket: &'a Path,
    wait: Duration,
    matching: Matching,
    script: Vec<EventBatch>,
    lost: u64,
    restore: &'a [(uuid::Uuid, Vec<u8>)],
}

impl<'a> Setup<'a> {
    fn new(socket: &'a Path, wait: Duration, script: Vec<EventBatch>) -> Setup<'a> {
        Setup { socket, wait, matching: Matching::First, script, lost: 0, restore: &[] }
    }
}

struct Run {
    outcomes: Vec<Outcome>,
    report: Report,
}

/// Runs the detector over a script until `enough` says so.
fn run(setup: Setup, enough: impl Fn(&[Outcome]) -> bool) -> Run {
    let Setup { socket, wait, matching, script, lost, restore } = setup;
    let mut sources = Sources::default();
    let file = sources.add(SourceText::new("rules", RULES));
    let options = Options { matching, ..Options::default() };
    let (rules, diagnostics) = RuleSet::compile(&sources, &[file], Fields::ALL, &[], &options);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let only = |name: &str| (name == "docker").then(|| vec![socket.to_owned()]);
    let engines = ENGINES.iter().map(|spec| EngineSettings {
        name: spec.name.to_owned(),
        enabled: only(spec.name).is_some(),
        sockets: only(spec.name),
    });
    let engines = Engines::start(&Settings { engines: engines.collect(), wait }).unwrap();
    let mut detector = Detector::new(State::new("host", false), Arc::new(rules), engines, wait);
    let mut outcomes = Vec::new();
    for (id, body) in restore {
        detector.restore(*id, body, &mut |outcome| {
            outcomes.push(outcome);
            true
        });
    }
    let stop = AtomicBool::new(false);
    let mut source = Script { batches: script.into(), lost };
    let report = detector
        .run(&mut source, &stop, &mut |outcome| {
            outcomes.push(outcome);
            if enough(&outcomes) {
                stop.store(true, Ordering::Relaxed);
            }
            true
        })
        .unwrap();
    Run { outcomes, report }
}

/// All alerts of rules, in order.
fn alerts(outcomes: &[Outcome]) -> impl Iterator<Item = &Alert> {
    let all = outcomes.iter().flat_map(|outcome| match outcome {
        Outcome::Alert(alert) => std::slice::from_ref(alert),
        Outcome::Judged { alerts, .. } => alerts,
        Outcome::Hold { .. } => &[],
    });
    all.filter(|alert| !alert.rule.starts_with("Lanner internal"))
}

/// Their outputs.
fn outputs(outcomes: &[Outcome]) -> Vec<String> {
    alerts(outcomes).map(|alert| alert.output.clone()).collect()
}

fn judged(outcomes: &[Outcome]) -> bool {
    outcomes.iter().any(|outcome| matches!(outcome, Outcome::Judged { .. }))
}

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(200);

/// A socket of the test's own, where an engine may be started.
fn socket() -> (tempfile::TempDir, std::path::PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("docker.sock");
    (directory, socket)
}

#[track_caller]
fn check_outputs(run: &Run, expected: &[&str]) {
    let mut seen = outputs(&run.outcomes);
    seen.sort();
    assert_eq!(seen, expected, "{:?}", run.outcomes);
}

const IN_WEB: &str = "shell (cmdline=sh -c ls container=web image=nginx:1)";
const STARTED: &str = "started (container=web process=sh)";

#[test]
fn a_hit_waits_for_its_container() {
    let (_directory, socket) = socket();
    engine(&socket);
    let setup = Setup::new(&socket, LONG, vec![exec(FIRST)]);
    let run = run(setup, |outcomes| outputs(outcomes).len() == 2);
    assert!(matches!(run.outcomes[0], Outcome::Hold { .. }), "{:?}", run.outcomes);
    check_outputs(&run, &[IN_WEB, STARTED]);
    assert_eq!((run.report.held, run.report.expired), (1, 0));
    assert_eq!(run.report.containers_known, [("docker".into(), 1)].into());
}

#[test]
fn rules_that_need_no_container_dont_wait_beside_one_that_does() {
    let (_directory, socket) = socket();
    engine(&socket);
    let setup = Setup { matching: Matching::All, ..Setup::new(&socket, LONG, vec![exec(FIRST)]) };
    let run = run(setup, |outcomes| outputs(outcomes).len() == 4);
    let Outcome::Alert(first) = &run.outcomes[0] else { panic!("{:?}", run.outcomes) };
    assert_eq!(first.output, "a shell");
    check_outputs(&run, &["a shell", IN_WEB, "shell (container=web)", STARTED]);
}

#[test]
fn a_hit_is_judged_without_its_container_in_the_end() {
    let (_directory, socket) = socket();
    let none = run(Setup::new(&socket, SHORT, vec![exec(FIRST)]), judged);
    check_outputs(&none, &["shell (container=<NA>)"]);
    assert_eq!(none.report.containers_unanswered, [(("docker", Reason::Absent), 1)].into());
    silent_engine(&socket);
    let silent = run(Setup::new(&socket, SHORT, vec![exec(FIRST)]), judged);
    check_outputs(&silent, &["shell (container=<NA>)"]);
}

#[test]
fn what_needs_no_container_waits_for_none() {
    let (_directory, socket) = socket();
    let script = vec![
        exec(Start { name: "ls", pid: 9, ..FIRST }),
        exec(Start { vpid: 10, in_container: false, ..FIRST }),
    ];
    let run = run(Setup::new(&socket, LONG, script), |outcomes| !outcomes.is_empty());
    assert!(matches!(run.outcomes[0], Outcome::Alert(_)));
    check_outputs(&run, &["shell (container=host)"]);
    assert_eq!(run.report.events.get("execve"), Some(&2));
}

#[test]
fn too_many_that_wait_are_judged_at_once() {
    const TOO_MANY: usize = 5000;
    let (_directory, socket) = socket();
    silent_engine(&socket);
    let mut batch = EventBatch::default();
    (0..TOO_MANY).for_each(|at| push(&mut batch, Start { pid: 10 + at as i32, ..FIRST }));
    let run = run(Setup::new(&socket, SHORT, vec![batch]), |outcomes| {
        outcomes.iter().filter(|outcome| !matches!(outcome, Outcome::Hold { .. })).count() == TOO_MANY
    });
    let Report { held, not_held, .. } = run.report;
    assert_eq!(held + not_held, TOO_MANY as u64);
    assert!(not_held > 0);
    let judged = run.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Judged { .. })).count();
    assert_eq!((judged as u64, outputs(&run.outcomes).len()), (held, TOO_MANY));
}

#[test]
fn what_was_held_is_judged_after_a_restart() {
    let (_directory, socket) = socket();
    let first = run(Setup::new(&socket, SHORT, vec![exec(FIRST)]), judged);
    let Outcome::Hold { id, body, .. } = &first.outcomes[0] else { panic!("{:?}", first.outcomes) };
    engine(&socket);
    let restore = [(*id, body.clone()), (uuid::Uuid::nil(), b"nonsense".to_vec())];
    // The cgroup has another use by now: it is the host's.
    let script = vec![exec(Start { name: "ls", ..FIRST })];
    let setup = Setup { restore: &restore, ..Setup::new(&socket, LONG, script) };
    let second = run(setup, |outcomes| outcomes.len() == 2);
    let judged: Vec<_> = second
        .outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            Outcome::Judged { id, alerts } => Some((*id, alerts.len())),
            _ => None,
        })
        .collect();
    assert_eq!(judged, [(uuid::Uuid::nil(), 0), (*id, 1)]);
    check_outputs(&second, &[IN_WEB]);
}

/// How the event of a container that was started came to be.
#[track_caller]
fn check_started(script: Vec<EventBatch>, wait: Duration, output: &str, pid: u64) {
    let (_directory, socket) = socket();
    engine(&socket);
    let is_started = |alert: &&Alert| &*alert.rule == "Started";
    let run =
        run(Setup::new(&socket, wait, script), |outcomes| alerts(outcomes).any(|alert| is_started(&alert)));
    let started: Vec<_> = alerts(&run.outcomes).filter(is_started).collect();
    assert_eq!(started.len(), 1);
    assert_eq!((started[0].output.as_str(), started[0].time.0), (output, TIME + pid));
    assert_eq!(run.report.events.get("container"), Some(&1));
}

#[test]
fn a_container_is_told_of_with_its_own_program() {
    // Without root the host can't be asked, and only the first process of a pid namespace is told apart.
    let host_mnt_ns = mount_namespace();
    let runc = Start { name: "runc", pid: 9, vpid: 9, mnt_ns: host_mnt_ns.unwrap_or(1), ..FIRST };
    let failed = Start { name: "runc", res: -2, ..FIRST };
    let later = Start { name: "ls", pid: 11, vpid: 2, ..FIRST };
    check_started([runc, failed, FIRST, later].map(exec).into(), LONG, STARTED, 10);
    let by_descriptor = Start { kind: Kind::Execveat, ..FIRST };
    check_started([runc, by_descriptor, later].map(exec).into(), LONG, STARTED, 10);
    // Where it shares the pid namespace of the host.
    let (shared, later) = (Start { vpid: 10, ..FIRST }, Start { vpid: 11, ..later });
    if host_mnt_ns.is_some() {
        check_started([runc, shared, later].map(exec).into(), LONG, STARTED, 10);
    }
    // Where nothing is seen to start in it, what was seen first stands for it.
    let first = "started (container=web process=runc)";
    check_started([runc].map(exec).into(), SHORT, first, 9);
}

#[test]
fn containers_that_were_there_before_are_not_told_of() {
    let (_directory, socket) = socket();
    engine(&socket);
    let script = vec![exec(Start { kind: Kind::Process, ..FIRST }), exec(FIRST)];
    let run = run(Setup::new(&socket, LONG, script), |outcomes| !outputs(outcomes).is_empty());
    check_outputs(&run, &[IN_WEB]);
    assert_eq!(run.report.containers_known, [("docker".into(), 1)].into());
}

#[test]
fn losses_are_announced() {
    let (_directory, socket) = socket();
    let run =
        run(Setup { lost: 7, ..Setup::new(&socket, LONG, Vec::new()) }, |outcomes| !outcomes.is_empty());
    let Outcome::Alert(alert) = &run.outcomes[0] else { panic!("{:?}", run.outcomes) };
    assert_eq!((&*alert.rule, &*alert.source), ("Falco internal: syscall event drop", "internal"));
    assert_eq!(alert.output_fields.get("n_drops.openat").map(ToString::to_string).as_deref(), Some("7"));
    assert_eq!(run.report.lost, [("openat", 7)]);
}
