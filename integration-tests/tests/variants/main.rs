//! Each syscall of which more is told than that it happened, in every variant: success, each common failure, by a
//! 32-bit program, by io_uring, through links, in a race. Programs perform them and say what they know to be true; the
//! alerts must say the same.
//!
//! The table is that of the programs (`programs/variants`): a row for each syscall, a column for each variant.

mod page;
mod stand;
mod told;

use std::collections::BTreeSet;

use lanner_integration_tests::need::{CLANG, WATCHING, can_run};

use stand::Stand;
use told::Line;

/// The programs, one for each family of syscalls.
const FAMILIES: &[&str] =
    &["files", "descriptors", "memory", "moments", "net", "paths", "processes", "programs", "system"];

/// A cell, and what is wrong with the alerts of it.
struct Found {
    family: &'static str,
    line: Line,
    wrong: Vec<String>,
}

/// All cells of a run, and what lanner said.
struct Ran {
    found: Vec<Found>,
    said: String,
}

/// How often it is tried where events were lost, as this asks for all that the machine does: what is missing then says
/// nothing.
const RUNS_MAX: usize = 3;

#[test]
fn each_event_says_what_was_done() {
    if !can_run(&[WATCHING, CLANG]) {
        return;
    }
    let mut ran = run();
    for _ in 1..RUNS_MAX {
        if ran.wrong().is_empty() || !ran.said.contains("were lost") {
            break;
        }
        ran = run();
    }
    let wrong = ran.wrong();
    let (all, said) = (ran.found.len(), &ran.said);
    assert!(wrong.is_empty(), "{said}\n{} of {all} cells:\n{}", wrong.len(), wrong.join("\n"));
    page::check(&ran.found);
}

/// Has all programs perform their cells, and compares.
fn run() -> Ran {
    let stand = Stand::start(FAMILIES);
    let mut found = Vec::new();
    for family in FAMILIES {
        let lines = told::read(&stand.perform(family));
        found.extend(lines.into_iter().map(|line| Found { family, line, wrong: Vec::new() }));
    }
    assert_eq!(lacking(stand.events(), &found), Vec::<String>::new());
    let alerts = stand.alerts();
    for found in &mut found {
        found.wrong = found.line.compare(&alerts);
    }
    Ran { found, said: stand.stop() }
}

impl Ran {
    /// What is wrong, cell by cell.
    fn wrong(&self) -> Vec<String> {
        let wrong = self.found.iter().filter(|found| !found.wrong.is_empty());
        wrong.map(|found| format!("{}\n    {}", found.line, found.wrong.join("\n    "))).collect()
    }
}

/// The events of which more is told than their number, and that no program has a row for; the columns that a row lacks.
fn lacking(events: &[String], found: &[Found]) -> Vec<String> {
    let columns = page::columns(found);
    let cells_of = |event: &str| -> BTreeSet<&str> {
        found.iter().filter(|of| of.line.event == event).map(|of| &*of.line.column).collect()
    };
    let lacks = |event: &String| match cells_of(event) {
        cells if cells.is_empty() => vec![format!("{event} has no row")],
        cells => {
            let lacking = columns.iter().filter(|column| !cells.contains(**column));
            lacking.map(|column| format!("{event} has no {column}")).collect()
        }
    };
    events.iter().flat_map(lacks).collect()
}
