//! The loop with a scripted source and an engine of the tests: what is held is judged when the engine answers,
//! when it doesn't, and after a restart; containers that start are told of.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lanner_detector::containers::{Engines, Settings};
use lanner_detector::source::{Losses, Source, SourceError, Status};
use lanner_detector::state::State;
use lanner_detector::{Detector, Outcome, Report};
use lanner_diagnostic::{SourceText, Sources};
use lanner_event::fields::FIELDS;
use lanner_event::{CommName, Event, EventBatch, EventFlags, Kind, Param, Task};
use lanner_rules::{Options, RuleSet};

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
        Losses { by_kind }
    }
}

fn id() -> String {
    "0123456789abcdef".repeat(4)
}

/// The start of a program in a container, or on the host.
fn exec(name: &str, pid: i32, in_container: bool) -> EventBatch {
    let mut batch = EventBatch::default();
    let mut comm = CommName::default();
    comm.0[..name.len()].copy_from_slice(name.as_bytes());
    let path = if in_container { format!("/docker/{}", id()) } else { "/user.slice".to_owned() };
    let cgroups = batch.push_bytes(path.as_bytes());
    let exe = batch.push_bytes(name.as_bytes());
    let args = batch.push_bytes(b"-c\0ls\0");
    let params: Vec<Param> = Kind::Execve
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
    let vpid = if in_container { 1 } else { pid };
    let task = Task { pid, tid: pid, vpid, cgroup, comm, start: pid as u64, ..Task::default() };
    batch.events.push(Event {
        num: 1,
        time: 1_700_000_000_000_000_000,
        kind: Kind::Execve,
        flags: EventFlags::empty(),
        cpu: 0,
        res: 0,
        task,
        fd: None,
        params,
    });
    batch
}

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

struct Run {
    outcomes: Vec<Outcome>,
    report: Report,
}

/// Runs the detector over a script until `enough` says so.
fn run(
    socket: &Path,
    wait: Duration,
    script: Vec<EventBatch>,
    lost: u64,
    restore: &[(uuid::Uuid, Vec<u8>)],
    enough: impl Fn(&[Outcome]) -> bool,
) -> Run {
    let mut sources = Sources::default();
    let file = sources.add(SourceText::new("rules", RULES));
    let (rules, diagnostics) = RuleSet::compile(&sources, &[file], FIELDS, &[], &Options::default());
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let engines = Engines::start(Settings { docker_socket: socket.to_owned(), wait }).unwrap();
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

/// The outputs of all alerts, in order.
fn outputs(outcomes: &[Outcome]) -> Vec<String> {
    outcomes
        .iter()
        .flat_map(|outcome| match outcome {
            Outcome::Alert(alert) => std::slice::from_ref(alert),
            Outcome::Judged { alerts, .. } => alerts,
            Outcome::Hold { .. } => &[],
        })
        .map(|alert| alert.output.clone())
        .collect()
}

fn judged(outcomes: &[Outcome]) -> bool {
    outcomes.iter().any(|outcome| matches!(outcome, Outcome::Judged { .. }))
}

const LONG: Duration = Duration::from_secs(20);

#[test]
fn a_hit_waits_for_its_container() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("docker.sock");
    engine(&socket);
    let run = run(&socket, LONG, vec![exec("sh", 10, true)], 0, &[], |outcomes| outputs(outcomes).len() == 2);
    assert!(matches!(run.outcomes[0], Outcome::Hold { .. }), "{:?}", run.outcomes);
    let mut seen = outputs(&run.outcomes);
    seen.sort();
    assert_eq!(
        seen,
        ["shell (cmdline=sh -c ls container=web image=nginx:1)", "started (container=web process=sh)"]
    );
    assert_eq!((run.report.held, run.report.expired, run.report.containers_known), (1, 0, 1));
}

#[test]
fn a_hit_is_judged_without_its_container_in_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("none.sock");
    let run = run(&socket, Duration::from_millis(50), vec![exec("sh", 10, true)], 0, &[], judged);
    assert_eq!(outputs(&run.outcomes), ["shell (container=<NA>)"]);
    assert_eq!(run.report.containers_unknown, 1);
}

#[test]
fn what_needs_no_container_waits_for_none() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("none.sock");
    let script = vec![exec("ls", 9, true), exec("sh", 10, false)];
    let run = run(&socket, LONG, script, 0, &[], |outcomes| !outcomes.is_empty());
    assert!(matches!(run.outcomes[0], Outcome::Alert(_)));
    assert_eq!(outputs(&run.outcomes), ["shell (container=host)"]);
    assert_eq!(run.report.events.get("execve"), Some(&2));
}

#[test]
fn what_was_held_is_judged_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("docker.sock");
    let first = run(&socket, Duration::from_millis(50), vec![exec("sh", 10, true)], 0, &[], judged);
    let Outcome::Hold { id, body, .. } = &first.outcomes[0] else { panic!("{:?}", first.outcomes) };
    engine(&socket);
    let again = [(*id, body.clone()), (uuid::Uuid::nil(), b"nonsense".to_vec())];
    let second = run(&socket, LONG, Vec::new(), 0, &again, |outcomes| outcomes.len() == 2);
    let judged: Vec<_> = second
        .outcomes
        .iter()
        .map(|outcome| match outcome {
            Outcome::Judged { id, alerts } => (*id, alerts.len()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(judged, [(uuid::Uuid::nil(), 0), (*id, 1)]);
    assert_eq!(outputs(&second.outcomes), ["shell (cmdline=sh -c ls container=web image=nginx:1)"]);
}

#[test]
fn losses_are_announced() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("none.sock");
    let run = run(&socket, LONG, Vec::new(), 7, &[], |outcomes| !outcomes.is_empty());
    let Outcome::Alert(alert) = &run.outcomes[0] else { panic!("{:?}", run.outcomes) };
    assert_eq!((&*alert.rule, &*alert.source), ("Falco internal: syscall event drop", "internal"));
    assert_eq!(alert.output_fields.get("n_drops.openat").map(ToString::to_string).as_deref(), Some("7"));
    assert_eq!(run.report.lost, [("openat", 7)]);
}
