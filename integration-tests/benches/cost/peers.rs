//! What the peers were measured by: Falcosidekick and Alertmanager lose alerts, or take more time or memory.

use std::time::Duration;

use lanner_integration_tests::peers::{Outcome, Stand, storm};
use lanner_integration_tests::receiver::Mood;

use crate::table::Row;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pipe");
/// How often the rate is taken.
const ROUNDS: usize = 5;
/// Alerts of a round.
const ALERTS: u64 = 200_000;
/// Alerts in a second while a receiver is down or slow.
const PER_SECOND: u64 = 500;
/// Most memory that may be resident, in MB.
const RESIDENT_MAX: f64 = 100.0;

/// All of them.
pub fn measure() -> Vec<Row> {
    let mut rows = rate();
    eprintln!("a receiver that is down for 30 s");
    rows.extend(kept("down 30 s at 500/s", &paced(30).with_receiver(Mood::Down)));
    eprintln!("a kill after 10,000");
    rows.extend(kept("kill -9 after 10,000", &Stand::new(PROGRAM, 20_000, None).killed_after(10_000)));
    eprintln!("a receiver that takes 2 s, for a minute");
    let slow = Mood::Slow(Duration::from_secs(2));
    rows.extend(kept("takes 2 s, 500/s for 60 s", &paced(60).with_receiver(slow)));
    for (alerts, name) in [(100_000, "100,000 active, none sent"), (500_000, "500,000 active, none sent")] {
        eprintln!("{alerts} different alerts");
        rows.extend(kept(name, &Stand::new(PROGRAM, alerts, None).with_receiver(Mood::Down)));
    }
    eprintln!("a storm");
    let storm = storm(PROGRAM, 1_000_000, 10_000);
    let allowed = storm.allowed as f64;
    rows.push(Row::new("storm of 1,000,000, messages", vec![storm.messages as f64]).at_most(allowed));
    let counted = storm.counted as f64;
    rows.push(Row::new("storm of 1,000,000, counted", vec![counted]).at_least(1e6).at_most(1e6));
    rows
}

fn rate() -> Vec<Row> {
    let report = |round| {
        eprintln!("rate, round {} of {ROUNDS}", round + 1);
        let report = Stand::new(PROGRAM, ALERTS, None).rate();
        (ALERTS as f64 / report.seconds, report.cpu / ALERTS as f64 * 1e5)
    };
    let (rates, costs) = (0..ROUNDS).map(report).unzip();
    vec![
        Row::new("bus to batched HTTP, alerts/s", rates).at_least(50_000.0),
        Row::new("bus to batched HTTP, CPU s per 100,000", costs).at_most(2.0),
    ]
}

fn paced(seconds: u64) -> Stand {
    Stand::new(PROGRAM, PER_SECOND * seconds, Some(PER_SECOND))
}

fn kept(name: &str, outcome: &Outcome) -> [Row; 3] {
    let row = |what: &str, value: f64| Row::new(format!("{name}: {what}"), vec![value]);
    [
        row("lost", outcome.lost as f64).at_most(0.0),
        row("came twice", outcome.again as f64),
        row("resident, MB", outcome.resident as f64 / 1e6).at_most(RESIDENT_MAX),
    ]
}
