//! What the peers were measured by: Falcosidekick and Alertmanager lose alerts, or take more time or memory.

use std::time::Duration;

use lanner_integration_tests::peers::{self, Outcome, Stand};
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

/// From the bus through all stages to a batched HTTP output.
pub fn rate() -> Vec<Row> {
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

/// What goes wrong, and what that costs.
pub fn kept() -> Vec<Row> {
    let slow = Mood::Slow(Duration::from_secs(2));
    let all = |alerts| Stand::new(PROGRAM, alerts, None);
    let paced = |seconds| Stand::new(PROGRAM, PER_SECOND * seconds, Some(PER_SECOND));
    let cases: [(&str, &dyn Fn() -> Outcome); 5] = [
        ("down 30 s at 500/s", &|| paced(30).with_receiver(Mood::Down)),
        ("kill -9 after 10,000", &|| all(20_000).killed_after(10_000)),
        ("takes 2 s, 500/s for 60 s", &|| paced(60).with_receiver(slow)),
        ("100,000 active, all waiting", &|| all(100_000).with_receiver(Mood::Down)),
        ("500,000 active, all waiting", &|| all(500_000).with_receiver(Mood::Down)),
    ];
    let rows = |(name, measure): (&str, &dyn Fn() -> Outcome)| {
        eprintln!("{name}");
        let outcome = measure();
        let row = |what: &str, value: f64| Row::new(format!("{name}: {what}"), vec![value]);
        [
            row("lost", outcome.lost as f64).at_most(0.0),
            row("came twice", outcome.again as f64),
            row("resident, MB", outcome.resident as f64 / 1e6).at_most(RESIDENT_MAX),
        ]
    };
    cases.into_iter().flat_map(rows).collect()
}

/// A storm at Slack.
pub fn storm() -> Vec<Row> {
    const STORM: u64 = 1_000_000;
    eprintln!("a storm of {STORM}");
    let storm = peers::storm(PROGRAM, STORM, STORM / 100);
    let (all, counted) = (STORM as f64, storm.counted as f64);
    vec![
        Row::new("storm of 1,000,000: messages", vec![storm.messages as f64]).at_most(storm.allowed as f64),
        Row::new("storm of 1,000,000: counted", vec![counted]).at_least(all).at_most(all),
    ]
}
