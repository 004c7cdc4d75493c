//! `docs/variants.md`, as a run finds it.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::Found;

const HEAD: &str = "# Variants of syscalls

Written by the test `variants` of `integration-tests`, whose programs (`integration-tests/programs/variants`) perform \
each syscall of which more is told than its number, in every way that it has, and print what they know to be true of \
it: its parameters, its descriptor, its paths in both readings, its result, who did it. An alert of each must say the \
same. A cell says how the call ended there: `✓` or its errno; `–` is said below, or follows from the column: there is \
no path, no directory's descriptor, no memory or no descriptor that could be wrong, no such operation of io_uring, no \
such call of 32-bit programs, or everybody may do it.
";

/// Why there is no cell, where that needs no saying.
const OF_THEMSELVES: &[&str] = &[
    "no path",
    "no directory's descriptor",
    "no memory is passed",
    "no descriptor is passed",
    "everybody may",
    "32-bit programs have no such call",
    "32-bit programs alone have it",
    "not a call of socketcall(2)",
    "not an operation of io_uring",
    "opens nothing by a path",
];

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/variants.md")
}

/// The columns: what each row of the first family has, as a cell or not.
pub fn columns(found: &[Found]) -> Vec<&str> {
    let Some(first) = found.first() else { return Vec::new() };
    let row = found.iter().take_while(|found| found.line.event == first.line.event);
    let known = row.filter(|of| {
        found.iter().any(|found| found.line.cell.is_none() && found.line.column == of.line.column)
    });
    known.map(|found| &*found.line.column).collect()
}

/// Compares the page with what was found, or writes it.
pub fn check(found: &[Found]) {
    let page = print(found);
    if std::env::var_os("LANNER_BLESS").is_some() {
        std::fs::write(path(), &page).expect("the page can be written");
    }
    let written = std::fs::read_to_string(path()).unwrap_or_default();
    assert!(written == page, "docs/variants.md is written again with LANNER_BLESS=1:\n{page}");
}

fn print(found: &[Found]) -> String {
    let columns = columns(found);
    let mut page = HEAD.to_owned();
    let (mut family, mut event) = ("", "");
    for (at, of) in found.iter().enumerate() {
        if of.family != family {
            (family, event) = (of.family, "");
            let _ = write!(page, "\n## {family}\n\n");
            if of.line.column == columns[0] {
                let _ = writeln!(page, "| event | {} | besides |", columns.join(" | "));
                let _ = writeln!(page, "|{}", "---|".repeat(columns.len() + 2));
            }
        }
        if of.line.event != event {
            event = &of.line.event;
            let row: Vec<&Found> = found[at..].iter().take_while(|found| found.line.event == event).collect();
            let _ = writeln!(page, "{}", print_row(event, &columns, &row));
        }
    }
    let said = |found: &&Found| found.line.cell.is_none() && !OF_THEMSELVES.contains(&&*found.line.outcome);
    let _ = writeln!(page, "\n## What can't be\n");
    for found in found.iter().filter(said) {
        let _ = writeln!(page, "- `{}`, {}: {}.", found.line.event, found.line.column, found.line.outcome);
    }
    page
}

fn print_row(event: &str, columns: &[&str], row: &[&Found]) -> String {
    if row.iter().all(|found| !columns.contains(&&*found.line.column)) {
        let mut cases: Vec<&str> = row.iter().map(|found| &*found.line.column).collect();
        cases.dedup();
        return format!("- `{event}`: {}.", cases.join("; "));
    }
    let outcome = |found: &Found| match (&found.line.cell, &*found.line.outcome) {
        (None, _) => "–".to_owned(),
        (Some(_), "SUCCESS") => "✓".to_owned(),
        (Some(_), errno) => errno.to_owned(),
    };
    let cell = |column: &&str| {
        row.iter()
            .find(|found| found.line.column == **column)
            .map_or_else(String::new, |found| outcome(found))
    };
    let others = row.iter().filter(|found| !columns.contains(&&*found.line.column));
    let others: Vec<&str> = others.map(|found| &*found.line.column).collect();
    let cells: Vec<String> = columns.iter().map(cell).collect();
    format!("| `{event}` | {} | {} |", cells.join(" | "), others.join(", "))
}
