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

#[test]
fn each_event_says_what_was_done() {
    if !can_run(&[WATCHING, CLANG]) {
        return;
    }
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
    let said = stand.stop();
    let wrong = found.iter().filter(|found| !found.wrong.is_empty());
    let wrong: Vec<String> =
        wrong.map(|found| format!("{}\n    {}", found.line, found.wrong.join("\n    "))).collect();
    assert!(wrong.is_empty(), "{said}\n{} of {} cells:\n{}", wrong.len(), found.len(), wrong.join("\n"));
    page::check(&found);
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
