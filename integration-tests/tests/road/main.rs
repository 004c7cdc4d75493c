//! The whole road: real syscalls become alerts in a terminal, a file, syslog, a mailbox, Slack, Kafka and a
//! collector, each exactly once; and after an outage and a `kill -9` once more only what was in flight.

mod attacks;
mod outputs;
mod stand;

use std::collections::BTreeMap;

use lanner_integration_tests::need::{WATCHING, can_run};
use lanner_integration_tests::{docker, kafka, mailpit, rsyslog, wait_for};
use serde_json::Value;

use attacks::{ATTACKS, Expected};
use outputs::{OUTPUTS, Seen};
use stand::Stand;

/// The outputs whose receivers go in the outage.
const AWAY: [&str; 3] = ["kafka", "webhook", "bot"];
/// The outputs whose receiver withholds its answers.
const WITHHELD: [&str; 2] = ["collector", "batches"];

#[test]
fn every_alert_arrives_once_and_outlives_an_outage_and_a_kill() {
    if !can_run(&[WATCHING, docker::NEED, kafka::NEED, mailpit::NEED, rsyslog::NEED]) {
        return;
    }
    let mut stand = Stand::start();
    let first = attack(&stand, "one");
    arrive_once(&stand, &first);
    facts_are_right(&stand, &first);
    let later = outage(&mut stand);
    facts_are_right(&stand, &later);
    in_flight(&mut stand);
    // Nothing of what came earlier has come again since.
    arrive_once(&stand, &first);
    arrive_once(&stand, &later);
    assert_eq!(stand.slack.refused(), Vec::<String>::new());
    stops_with_a_report(stand);
}

/// Performs every attack; what must come of them.
fn attack(stand: &Stand, run: &str) -> Vec<Expected> {
    ATTACKS.iter().flat_map(|attack| attack.perform(stand, run)).collect()
}

/// Waits until each expected alert has come to each output as often as it must.
fn arrive_once(stand: &Stand, expected: &[Expected]) {
    wait_for(
        "every alert at every output",
        || wrong(stand, expected).is_empty().then_some(()),
        || format!("{:#?}\n{}", wrong(stand, expected), state(stand)),
    );
}

/// How often each expected alert was seen at each output, where that isn't as often as it must.
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

/// Two receivers go, the attacks are repeated, lanner is killed and started again, and the receivers come back,
/// with some trouble.
fn outage(stand: &mut Stand) -> Vec<Expected> {
    let before = accepted(&stand.lanner().stats());
    stand.kafka.kill();
    stand.slack.stop();
    let later = attack(stand, "two");
    accepted_and_sent(stand, before, &later, &AWAY);
    stand.kill_lanner();
    stand.kafka.resume();
    stand.slack.fail_next(&[(503, None), (429, Some(1))]);
    stand.slack.resume();
    stand.start_lanner();
    // Nothing was in flight where nobody listened, and all was acknowledged where somebody did.
    arrive_once(stand, &later);
    later
}

/// Lanner is killed while the collector has an alert that it hasn't answered yet: that comes again there, under
/// the same id.
fn in_flight(stand: &mut Stand) {
    let before = accepted(&stand.lanner().stats());
    stand.collector.withhold("in-flight");
    let read = ATTACKS.iter().find(|attack| attack.number == 2).expect("there is a second attack");
    let alerts = read.perform(stand, "in-flight");
    accepted_and_sent(stand, before, &alerts, &WITHHELD);
    let withheld = || (stand.collector.unanswered().len() == WITHHELD.len()).then_some(());
    wait_for("the alert to be in flight", withheld, || state(stand));
    stand.kill_lanner();
    stand.collector.release();
    stand.start_lanner();
    accepted_and_sent(stand, before, &alerts, &[]);
    for output in OUTPUTS {
        let seen: Vec<Seen> = (output.seen)(stand).into_iter().filter(|seen| alerts[0].is(seen)).collect();
        let copies = 1 + usize::from(output.withheld);
        assert_eq!(seen.len(), copies, "{}: {seen:#?}", output.name);
        assert!(seen.iter().all(|copy| copy.id == seen[0].id), "{}: {seen:#?}", output.name);
    }
}

/// Waits until these alerts are accepted, beside so many others, and sent to every output but those.
fn accepted_and_sent(stand: &Stand, others: u64, expected: &[Expected], but: &[&str]) {
    let all: usize = expected.iter().map(|alert| alert.count).sum();
    // Whatever else happens on the host is accepted, too: that these are, a file shows that is always there.
    let file = OUTPUTS.iter().find(|output| output.name == "file").expect("there is a file");
    let done = || {
        let stats = stand.lanner().stats();
        let outputs = stats["outputs"].as_array()?;
        let sent = |output: &Value| output["pending"] == 0 || but.iter().any(|name| output["name"] == *name);
        let routed = stats["held"] == 0 && stats["cursor"] == stats["accepted"];
        let seen = (file.seen)(stand);
        let written = expected.iter().all(|alert| seen.iter().any(|seen| alert.is(seen)));
        let accepted = accepted(&stats) >= others + all as u64 && written;
        (accepted && routed && outputs.iter().all(sent)).then_some(())
    };
    wait_for("the alerts to be accepted, and sent where somebody answers", done, || state(stand));
}

fn accepted(stats: &Value) -> u64 {
    stats["accepted"].as_u64().expect("a number")
}

/// What there is to say when something didn't come.
fn state(stand: &Stand) -> String {
    format!("{:#}\n{}", stand.lanner().stats(), stand.lanner().said())
}

/// Every output says who did what, and where; those that give an identity give the same.
fn facts_are_right(stand: &Stand, expected: &[Expected]) {
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    for output in OUTPUTS {
        let seen: Vec<Seen> = (output.seen)(stand);
        for alert in expected {
            let one = seen.iter().find(|seen| alert.is(seen)).expect("it has arrived");
            let session = alert.session.map(|session| format!("session={session}"));
            for fact in alert.facts.iter().chain(&session) {
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
