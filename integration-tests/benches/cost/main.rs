//! What watching costs the host, how fast alerts pass, and that none is lost: `make bench`, or only some of it by
//! `cargo bench --bench cost -- syscalls road rate kept storm`.

mod peers;
mod road;
mod syscalls;
mod table;

use lanner_integration_tests::need::{Need, WATCHING, can_run};

use crate::table::Row;

/// What is measured: its name, what it needs, and how.
type Section = (&'static str, &'static [Need], fn() -> Vec<Row>);

const SECTIONS: [Section; 5] = [
    ("syscalls", &[WATCHING], syscalls::measure),
    ("road", &[WATCHING], || vec![road::latency()]),
    ("rate", &[], peers::rate),
    ("kept", &[], peers::kept),
    ("storm", &[], peers::storm),
];

fn main() {
    // Cargo adds options of its own.
    let only: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let mut rows = Vec::new();
    for (name, needs, measure) in SECTIONS {
        if (only.is_empty() || only.iter().any(|only| only == name)) && can_run(needs) {
            rows.extend(measure());
        }
    }
    table::print(&rows);
}
