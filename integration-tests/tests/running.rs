//! Lanner as a program: what it refuses to run without, and the signals that it takes.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use lanner_integration_tests::lanner::{self, Lanner, run};
use lanner_integration_tests::need::{WATCHING, can_run};
use lanner_integration_tests::process::Running;
use lanner_integration_tests::wait_for;

/// Lanner doesn't start, and says why in one sentence.
fn refuses(command: &mut Command, why: &str) {
    let output = command.args(["-o", "journal.path=/nowhere/journal.db"]).output();
    let output = output.expect("util-linux is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains(why), "{said}");
}

#[test]
fn without_privileges_one_sentence_says_what_is_needed() {
    if !can_run(&[WATCHING]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("lanner");
    std::fs::copy(lanner::binary(), &copy).expect("a copy for everybody");
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("everybody may look");
    let mut nobody = Command::new("setpriv");
    nobody.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(&copy);
    refuses(&mut nobody, "needs root, or the capabilities CAP_BPF");
}

#[test]
fn without_the_kernels_types_one_sentence_says_what_is_needed() {
    if !can_run(&[WATCHING]) {
        return;
    }
    // In a mount namespace of its own, in which the kernel shows no types.
    let hide = "mount -t tmpfs none /sys/kernel/btf && exec \"$0\" \"$@\"";
    let mut hidden = Command::new("unshare");
    hidden.args(["--mount", "sh", "-c", hide]).arg(lanner::binary());
    refuses(&mut hidden, "needs a kernel with BTF");
}

#[test]
fn a_file_that_was_moved_away_is_opened_again() {
    if !can_run(&[WATCHING]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let configuration = format!(
        "file_output: {{enabled: true, keep_alive: true, filename: {}}}\njournal: {{path: {}}}\n",
        path("alerts").display(),
        path("journal.db").display()
    );
    std::fs::write(path("lanner.yaml"), configuration).expect("a file");
    let lanner = Lanner::start(&path("lanner.yaml"), &path("log"));
    let read = |name: &str| std::fs::read_to_string(path(name)).unwrap_or_default();
    let attack = |token: &str| Command::new("cat").args(["/etc/shadow", token]).output();
    let attack_until = |token: &str, name: &str| {
        let _ = attack(token);
        wait_for("the alert", || read(name).contains(token).then_some(()), || lanner.said());
    };
    attack_until("/none/before", "alerts");
    std::fs::rename(path("alerts"), path("alerts.1")).expect("it is moved away");
    attack_until("/none/between", "alerts.1");
    lanner.signal(libc::SIGUSR1);
    // The signal comes when it comes; the file is made by the first alert after it.
    let made = || {
        let _ = attack("/none/meanwhile");
        path("alerts").exists().then_some(())
    };
    wait_for("a new file", made, || lanner.said());
    attack_until("/none/after", "alerts");
    assert!(!read("alerts.1").contains("/none/after"));
    assert!(lanner.stop().0.success());
}

/// What happens can be written down, and a rule be explained and tested on it.
#[test]
fn what_was_recorded_is_explained_and_tested() {
    if !can_run(&[WATCHING]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let mut command = Command::new(lanner::binary());
    command.args(["record", &path("events.jsonl"), "--all"]);
    let mut recorder = Running::start(&mut command, &folder.path().join("log"));
    wait_for(
        "lanner to record",
        || recorder.said().contains("is recording").then_some(()),
        || recorder.said(),
    );
    let read = Command::new("cat").args(["/etc/shadow", "/none/recorded"]).output();
    assert!(read.is_ok(), "cat is there");
    let shell = Command::new("sh").args(["-c", "exit 0"]).output();
    assert!(shell.is_ok(), "sh is there");
    recorder.signal(libc::SIGINT);
    assert!(recorder.wait().success(), "{}", recorder.said());
    // Everything on the host was recorded; one line is what is looked at.
    let events = std::fs::read_to_string(path("events.jsonl")).expect("it was written");
    let is_wanted = |line: &&str| line.contains("/none/recorded") && line.contains("\"bytes\":\"/etc/shadow");
    let line =
        events.lines().find(is_wanted).unwrap_or_else(|| panic!("it wasn't seen: {}", recorder.said()));
    std::fs::write(path("event.jsonl"), line).expect("a file");
    let explained = run(&["explain", "--rule", "Sensitive file read", "--event", &path("event.jsonl")]);
    let said = String::from_utf8_lossy(&explained.stdout);
    assert!(said.contains("Sensitive file read fires") && said.contains("cat /etc/shadow"), "{said}");
    let cases = "- rule: Sensitive file read\n  fires: [{record: event.jsonl}]\n";
    std::fs::write(path("cases.yaml"), cases).expect("a file");
    let tested = run(&["test", &path("cases.yaml")]);
    assert_eq!(String::from_utf8_lossy(&tested.stdout), "1 case, 0 failed\n");
}

/// Lost events are acted upon as Falco's keys say: here as if one were lost each second.
#[test]
fn lost_events_may_end_it_with_an_alert() {
    if !can_run(&[WATCHING]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let configuration = format!(
        "syscall_event_drops: {{actions: [log, alert, exit], simulate_drops: true}}\n\
         file_output: {{enabled: true, filename: {}}}\njournal: {{path: {}}}\n",
        path("alerts").display(),
        path("journal.db").display()
    );
    std::fs::write(path("lanner.yaml"), configuration).expect("a file");
    let mut command = Command::new(lanner::binary());
    let mut running = Running::start(command.arg("-c").arg(path("lanner.yaml")), &path("log"));
    assert_eq!(running.wait().code(), Some(1), "{}", running.said());
    assert!(running.said().contains("`syscall_event_drops.actions` says to exit"), "{}", running.said());
    let alerts = std::fs::read_to_string(path("alerts")).expect("there are alerts");
    assert!(
        alerts.contains("Falco internal: syscall event drop. 1 events were lost (simulated)."),
        "{alerts}"
    );
    assert!(alerts.contains("stops, because"), "{alerts}");
}
