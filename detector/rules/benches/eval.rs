//! How long compiling rules and judging events takes: `cargo bench -p lanner-rules --bench eval`.
//!
//! The events are of ordinary work: a rule is true of few of them.

mod common;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use common::{Recorded, Rules, Scenario, scenarios};
use lanner_rules::{RuleSet, Scratch};

/// How often something is measured: the quickest time is the one that was disturbed least.
const ROUNDS: usize = 60;
/// How many events are judged in a round, at least.
const EVENTS: usize = 5_000;

fn main() {
    let scenarios = scenarios();
    for rules in [Rules::Shipped, Rules::Stable, Rules::Upstream, Rules::Grown] {
        let Some(set) = rules.compile() else {
            println!("{rules:?}: skipped, as Falco's rules aren't here");
            continue;
        };
        let compiled = quickest(10, || drop(black_box(rules.compile())));
        println!("{rules:?}: {} rules, compiled in {:.1} ms", set.enabled(), compiled.as_secs_f64() * 1e3);
        report(&set, &scenarios);
    }
}

/// Nanoseconds an event, of each scenario, and of each kind of event in all of them.
fn report(set: &RuleSet, scenarios: &[Scenario]) {
    let mut kinds: BTreeMap<&str, Vec<&Recorded>> = BTreeMap::new();
    for recorded in scenarios.iter().flat_map(|scenario| &scenario.events) {
        kinds.entry(recorded.event().kind.row().name).or_default().push(recorded);
    }
    let all: Vec<&Recorded> = scenarios.iter().flat_map(|scenario| &scenario.events).collect();
    let of_scenario = |scenario: &Scenario| {
        let events: Vec<&Recorded> = scenario.events.iter().collect();
        (scenario.name.clone(), measure(set, &events))
    };
    let lines = scenarios.iter().map(of_scenario);
    let lines = lines.chain(kinds.iter().map(|(kind, events)| ((*kind).to_owned(), measure(set, events))));
    for (name, nanoseconds) in lines.chain([("all".to_owned(), measure(set, &all))]) {
        println!("  {name:<12}{nanoseconds:>6.0} ns an event");
    }
}

fn measure(set: &RuleSet, events: &[&Recorded]) -> f64 {
    let (mut scratch, mut hits) = (Scratch::default(), Vec::new());
    let times = EVENTS.div_ceil(events.len().max(1));
    let round = || {
        for recorded in std::iter::repeat_n(events, times).flatten() {
            hits.clear();
            set.eval(black_box(recorded.event()), &recorded.host, &mut scratch, &mut hits);
        }
    };
    quickest(ROUNDS, round).as_nanos() as f64 / (times * events.len()) as f64
}

fn quickest(rounds: usize, mut run: impl FnMut()) -> Duration {
    let time = |()| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    std::iter::repeat_n((), rounds).map(time).min().unwrap_or_default()
}
