//! How many instructions judging events takes: `cargo bench -p lanner-rules --bench instructions`.
//!
//! Unlike times, these are the same on every machine. Each run judges a thousand events of a scenario, so that a
//! thousandth of what is printed is the cost of an event.

// The macros make modules that no one can document.
#![allow(missing_docs)]

mod common;

use std::hint::black_box;

use common::{Recorded, Rules, scenarios};
use gungraun::{library_benchmark, library_benchmark_group, main};
use lanner_rules::{Hit, RuleSet, Scratch};

/// How many events are judged.
const EVENTS: usize = 1_000;

/// All that judging needs, its memory warm.
struct Work {
    set: RuleSet,
    events: Vec<Recorded>,
    scratch: Scratch,
    hits: Vec<Hit>,
}

impl Work {
    fn new(rules: Rules, scenario: &str) -> Work {
        let scenario =
            scenarios().into_iter().find(|other| other.name == scenario).expect("a scenario of that name");
        let (set, events) = match rules.compile() {
            Some(set) => (set, scenario.events),
            None => {
                eprintln!("{rules:?}: skipped, as Falco's rules aren't here");
                (RuleSet::default(), Vec::new())
            }
        };
        let mut work = Work { set, events, scratch: Scratch::default(), hits: Vec::with_capacity(100) };
        work.judge();
        work
    }

    fn judge(&mut self) {
        for recorded in self.events.iter().cycle().take(EVENTS) {
            self.hits.clear();
            self.set.eval(black_box(recorded.event()), &recorded.host, &mut self.scratch, &mut self.hits);
        }
    }
}

macro_rules! benchmarks {
    ($($scenario:ident)*) => {
        $(
            #[library_benchmark]
            #[bench::shipped(args = (Rules::Shipped, stringify!($scenario)), setup = Work::new)]
            #[bench::rules_25(args = (Rules::Stable, stringify!($scenario)), setup = Work::new)]
            #[bench::rules_93(args = (Rules::Upstream, stringify!($scenario)), setup = Work::new)]
            #[bench::rules_1000(args = (Rules::Grown, stringify!($scenario)), setup = Work::new)]
            fn $scenario(mut work: Work) -> Work {
                work.judge();
                work
            }
        )*
        library_benchmark_group!(name = eval, benchmarks = [$($scenario),*]);
    };
}

benchmarks! { compile container login package }
main!(library_benchmark_groups = eval);
