//! Programs that do what rules look for, and print what they know to be true of it: the alerts say the same.

use std::path::Path;
use std::process::Command;

use lanner_integration_tests::lanner::Lanner;
use lanner_integration_tests::need::{CLANG, WATCHING, can_run};
use lanner_integration_tests::program::compile;
use lanner_integration_tests::wait_for;
use serde_json::Value;

/// What a program did: the type of event, its result, and a path or an address.
#[derive(Debug, Clone, PartialEq)]
struct Done {
    kind: String,
    res: i64,
    name: String,
}

/// Runs a program in a folder; what it did.
fn run(program: &Path, folder: &Path) -> Vec<Done> {
    let output = Command::new(program).arg(folder).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("it prints text");
    let done = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [kind, res, name] = words[..] else { panic!("{line}") };
        Done { kind: kind.to_owned(), res: res.parse().expect("a number"), name: name.to_owned() }
    };
    text.lines().map(done).collect()
}

/// The alerts of a file, as what was done, each with its line.
fn told(file: &Path) -> Vec<(Done, Value)> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let alerts = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let done = |alert: Value| {
        let field = |name: &str| alert["output_fields"][name].as_str().map(str::to_owned);
        let kind = field("evt.type")?;
        let res = alert["output_fields"]["evt.rawres"].as_i64()?;
        let names =
            ["fd.name", "fs.path.name", "fs.path.source", "fs.path.target"].into_iter().filter_map(field);
        let name = names.collect::<Vec<_>>().join(" ");
        Some((Done { kind, res, name }, alert))
    };
    alerts.filter_map(done).collect()
}

const RULE: &str = "- rule: what a request did\n  desc: d\n  priority: notice\n  \
    condition: evt.is_async = true and proc.name = PROGRAM and evt.type in (mkdirat, openat, openat2, linkat, symlinkat, \
    renameat2, unlinkat, socket, connect, accept4, sendto, recvfrom)\n  \
    output: \"%evt.type %evt.rawres %fs.path.name %fs.path.source %fs.path.target %fd.name %fd.name.real %evt.buffer\"\n";

/// Lanner in a folder, with that rule for a program.
fn watch(folder: &Path, program: &str) -> Lanner {
    let path = |name: &str| folder.join(name);
    std::fs::write(path("rule.yaml"), RULE.replace("PROGRAM", program)).expect("a file");
    let configuration = format!(
        "rules_files: [{}]\njson_output: true\nfile_output: {{enabled: true, filename: {}}}\njournal: {{path: {}}}\n",
        path("rule.yaml").display(),
        path("alerts").display(),
        path("journal.db").display()
    );
    std::fs::write(path("lanner.yaml"), configuration).expect("a file");
    Lanner::start(&path("lanner.yaml"), &path("log"))
}

/// A connection that never came about is told of, as soon as nobody waits for it any more.
#[test]
fn a_request_that_hangs_is_told_when_it_ends() {
    if !can_run(&[WATCHING, CLANG]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let program = compile("hanging", &[], folder.path());
    let lanner = watch(folder.path(), "hanging");
    let output = Command::new(program).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let address = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let alerts = folder.path().join("alerts");
    let connects = || told(&alerts).into_iter().find(|(done, _)| done.kind == "connect");
    let (done, alert) = wait_for("the alert", connects, || lanner.said());
    assert!([-i64::from(libc::ECANCELED), -i64::from(libc::EINTR)].contains(&done.res), "{alert:#}");
    assert!(done.name.contains(&address), "{address}: {alert:#}");
    assert!(lanner.stop().0.success());
}

/// What a program has io_uring do raises the events of the syscalls.
#[test]
fn requests_of_io_uring_are_events() {
    if !can_run(&[WATCHING, CLANG]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let program = compile("uring", &[], folder.path());
    std::fs::create_dir(path("work")).expect("a folder");
    let lanner = watch(folder.path(), "uring");
    let work = path("work").canonicalize().expect("it is there");
    let done = run(&program, &work);
    let whole = || Some(told(&path("alerts"))).filter(|told| told.len() >= done.len());
    let told = wait_for("the alerts", whole, || format!("{}\n{:#?}", lanner.said(), told(&path("alerts"))));
    for (done, (told, alert)) in done.iter().zip(&told) {
        assert_eq!((&told.kind, told.res), (&done.kind, done.res), "{alert:#}");
        let expected = match &*done.name {
            "-" => continue,
            address if address.contains(':') => address.to_owned(),
            path => work.join(path).display().to_string(),
        };
        assert!(told.name.contains(&expected), "{expected}: {alert:#}");
    }
    // Through a link the file that was really opened is known.
    let (_, opened) = told.iter().find(|(done, _)| done.kind == "openat2").expect("it was opened");
    let real = work.join("made/file").display().to_string();
    assert_eq!(opened["output_fields"]["fd.name.real"], real.as_str(), "{opened:#}");
    // What was sent, and what was received.
    for (_, alert) in told.iter().filter(|(done, _)| ["sendto", "recvfrom"].contains(&done.kind.as_str())) {
        assert_eq!(alert["output_fields"]["evt.buffer"], "ping", "{alert:#}");
    }
    assert_eq!(told.len(), done.len(), "{told:#?}");
    assert!(lanner.stop().0.success());
}
