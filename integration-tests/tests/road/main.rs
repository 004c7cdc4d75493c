//! The whole road: real syscalls become alerts in a terminal, a file, syslog, a mailbox, Slack, Kafka and a
//! collector, each exactly once; and after an outage and a `kill -9`, each at least once.

mod attacks;
mod outputs;
mod stand;

use std::collections::BTreeMap;

use lanner_integration_tests::{can_watch, lanner, wait_for};

use attacks::{ATTACKS, Expected};
use outputs::{OUTPUTS, Seen};
use stand::Stand;

/// How often each expected alert was seen at each output, where that isn't once.
fn wrong(stand: &Stand, expected: &[Expected]) -> BTreeMap<String, String> {
    let mut wrong = BTreeMap::new();
    for output in OUTPUTS {
        let seen = (output.seen)(stand);
        for alert in expected {
            let count = seen.iter().filter(|seen| alert.is(seen)).count();
            if count != alert.count {
                let place = format!("{} {} at {}", alert.attack, alert.rule, output.name);
                wrong.insert(place, format!("{count} instead of {} of {}", alert.count, alert.token));
            }
        }
    }
    wrong
}

/// Performs every attack; what must come of them.
fn attack(stand: &Stand, run: &str) -> Vec<Expected> {
    ATTACKS.iter().flat_map(|attack| attack.perform(stand, run)).collect()
}

#[test]
fn every_alert_arrives_once_and_outlives_an_outage() {
    if !can_watch() {
        return;
    }
    let mut stand = Stand::start();
    let expected = attack(&stand, "one");
    let state = |stand: &Stand| format!("{:#?}\n{}", wrong(stand, &expected), stand.lanner().said());
    wait_for(
        "every alert at every output",
        || wrong(&stand, &expected).is_empty().then_some(()),
        || state(&stand),
    );
    facts_are_right(&stand, &expected);

    stand.kafka.kill();
    stand.slack.stop();
    let accepted = accepted(&stand);
    let later = attack(&stand, "two");
    let all: usize = later.iter().map(|alert| alert.count).sum();
    wait_for(
        "the alerts to be accepted, and sent where somebody listens",
        || {
            let stats = stand.lanner().stats();
            let sent = stats["outputs"].as_array().is_some_and(|outputs| {
                outputs.iter().all(|output| stand.is_away(&output["name"]) || output["pending"] == 0)
            });
            (accepted_of(&stats) >= accepted + all as u64 && stats["held"] == 0 && sent).then_some(())
        },
        || format!("{:#}\n{}", stand.lanner().stats(), stand.lanner().said()),
    );
    stand.kill_lanner();
    stand.kafka.resume();
    stand.slack.resume();
    stand.start_lanner();
    wait_for(
        "what was pending to arrive",
        || missing(&stand, &later).is_empty().then_some(()),
        || format!("{:#?}\n{:#}\n{}", missing(&stand, &later), stand.lanner().stats(), stand.lanner().said()),
    );
    // Nothing was in flight where nobody listened, and all was acknowledged where somebody did.
    assert_eq!(wrong(&stand, &later), BTreeMap::new());
    assert_eq!(stand.slack.refused(), Vec::<String>::new());
    stops_with_a_report(stand);
}

fn accepted(stand: &Stand) -> u64 {
    accepted_of(&stand.lanner().stats())
}

fn accepted_of(stats: &serde_json::Value) -> u64 {
    stats["accepted"].as_u64().expect("a number")
}

/// The expected alerts that an output hasn't seen at all.
fn missing(stand: &Stand, expected: &[Expected]) -> Vec<String> {
    OUTPUTS
        .iter()
        .flat_map(|output| {
            let seen = (output.seen)(stand);
            let absent = move |alert: &&Expected| !seen.iter().any(|seen| alert.is(seen));
            expected.iter().filter(absent).map(move |alert| format!("{} at {}", alert.token, output.name))
        })
        .collect()
}

/// Every output says who did what, and where; those that give an identity give the same.
fn facts_are_right(stand: &Stand, expected: &[Expected]) {
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    for output in OUTPUTS {
        let seen: Vec<Seen> = (output.seen)(stand);
        for alert in expected {
            let Some(one) = seen.iter().find(|seen| alert.is(seen)) else { continue };
            for fact in &alert.facts {
                assert!(one.text.contains(fact), "{} lacks `{fact}`:\n{}", output.name, one.text);
            }
            if let Some(json) = &one.json {
                alert.check(json);
            }
            if let Some(id) = &one.id {
                let known = ids.entry(format!("{} {}", alert.rule, alert.token)).or_insert(id.clone());
                assert_eq!(known, id, "{} at {}", alert.rule, output.name);
            }
        }
    }
    assert_eq!(ids.len(), expected.len());
}

fn stops_with_a_report(mut stand: Stand) {
    let (status, said) = stand.stop_lanner();
    assert!(status.success(), "{said}");
    let report = said.rsplit("lanner has stopped").next().expect("it says what it did");
    for line in ["seen", "alerts", "kafka", "sent, 0 pending"] {
        assert!(report.contains(line), "the report lacks `{line}`:\n{report}");
    }
}

/// What lanner says before it ends, run by a command of the system's.
fn refused_by(command: &mut std::process::Command) -> String {
    let output = command.output().expect("util-linux is installed");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

#[test]
fn without_privileges_one_sentence_says_what_is_needed() {
    if !can_watch() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("lanner");
    std::fs::copy(lanner::binary(), &copy).expect("a copy for everybody");
    let permissions: std::fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), permissions).expect("everybody may look");
    let mut command = std::process::Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(&copy);
    let said = refused_by(command.args(["-o", "journal.path=/nowhere/journal.db"]));
    assert!(said.contains("needs root, or the capabilities CAP_BPF"), "{said}");
}

#[test]
fn without_the_kernels_types_one_sentence_says_what_is_needed() {
    if !can_watch() {
        return;
    }
    // In a mount namespace of its own, in which the kernel shows no types.
    let script = "mount -t tmpfs none /sys/kernel/btf && exec \"$0\" -o journal.path=/nowhere/journal.db";
    let mut command = std::process::Command::new("unshare");
    let said = refused_by(command.args(["-m", "sh", "-c", script]).arg(lanner::binary()));
    assert!(said.contains("needs a kernel with BTF"), "{said}");
}

#[test]
fn a_file_that_was_moved_away_is_opened_again() {
    if !can_watch() {
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
    let lanner = lanner::Lanner::start(&path("lanner.yaml"), &path("log"));
    let read = |name: &str| std::fs::read_to_string(path(name)).unwrap_or_default();
    let attack = |token: &str| std::process::Command::new("cat").args(["/etc/shadow", token]).output();
    let attack_until = |token: &str, name: &str| {
        let _ = attack(token);
        wait_for("the alert", || read(name).contains(token).then_some(()), || lanner.said());
    };
    attack_until("/none/before", "alerts");
    std::fs::rename(path("alerts"), path("alerts.1")).expect("it is moved away");
    attack_until("/none/between", "alerts.1");
    lanner.signal(10);
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
