//! What programs know to be true, and the alerts that must say the same.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::stand::{Alert, REAL};

/// A cell of the table, as the program tells it.
pub struct Line {
    /// The name that the program had while it performed the cell; `None` where there is no such cell.
    pub cell: Option<String>,
    /// The row.
    pub event: String,
    /// The column.
    pub column: String,
    /// `SUCCESS` or an errno; why there is no such cell.
    pub outcome: String,
    /// The fields and their values, in one reading and in the other.
    given: BTreeMap<String, String>,
    real: BTreeMap<String, String>,
}

/// The lines of a program.
pub fn read(text: &str) -> Vec<Line> {
    text.lines().map(line).collect()
}

fn line(text: &str) -> Line {
    let mut words = text.split('\t');
    let mut word = || words.next().unwrap_or_else(|| panic!("too short: {text}")).to_owned();
    let (cell, event, column, outcome) = (word(), word(), word(), word());
    let mut line = Line {
        cell: Some(cell).filter(|cell| cell != "-"),
        event,
        column,
        outcome,
        given: BTreeMap::new(),
        real: BTreeMap::new(),
    };
    for word in words {
        let (field, value) = word.split_once('=').unwrap_or_else(|| panic!("no value: {word} in {text}"));
        match field.strip_prefix("real:") {
            Some(field) => line.real.insert(field.to_owned(), value.to_owned()),
            None => line.given.insert(field.to_owned(), value.to_owned()),
        };
    }
    line
}

impl fmt::Display for Line {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let cell = self.cell.as_deref().unwrap_or_default();
        write!(out, "{cell}: {}, {}: {}", self.event, self.column, self.outcome)
    }
}

impl Line {
    /// What is wrong with the alerts of a cell.
    pub fn compare(&self, alerts: &BTreeMap<String, Vec<Alert>>) -> Vec<String> {
        let Some(cell) = &self.cell else { return Vec::new() };
        let all = alerts.get(cell).map(Vec::as_slice).unwrap_or_default();
        // The program takes the cell's name first; and a request is handed over by a syscall.
        let own = |alert: &&Alert| match alert.field("evt.type").as_str() {
            "prctl" => alert.number != all[0].number,
            "io_uring_enter" => self.given.get("evt.is_async").is_none_or(|is_async| is_async == "false"),
            _ => true,
        };
        let own: Vec<&Alert> = all.iter().filter(own).collect();
        // A program that was started goes on under the same name.
        let starts = self.event.starts_with("execve") && self.outcome == "SUCCESS";
        let last = own.first().map(|alert| alert.number).filter(|_| starts);
        let own = own.into_iter().filter(|alert| last.is_none_or(|last| alert.number <= last));
        let (real, given): (Vec<&Alert>, Vec<&Alert>) = own.partition(|alert| alert.rule == REAL);
        let mut wrong = differences("", &self.given, &given);
        if !self.real.is_empty() {
            wrong.extend(differences("really ", &self.real, &real));
        }
        wrong
    }
}

/// The fields in which the only alert differs.
fn differences(reading: &str, expected: &BTreeMap<String, String>, alerts: &[&Alert]) -> Vec<String> {
    let [alert] = alerts else {
        let types: Vec<String> = alerts.iter().map(|alert| alert.field("evt.type")).collect();
        return vec![format!("{reading}{} alerts: {}", alerts.len(), types.join(" "))];
    };
    let differs = |(field, value): (&String, &String)| {
        let found = alert.field(field);
        (!same(value, &found)).then(|| format!("{reading}{field} is {found:?}, not {value:?}"))
    };
    expected.iter().filter_map(differs).collect()
}

/// Whether two values are the same: flags in whatever order.
fn same(expected: &str, found: &str) -> bool {
    let sorted = |text: &str| {
        let mut flags: Vec<String> = text.split('|').map(str::to_owned).collect();
        flags.sort();
        flags
    };
    expected == found || (expected.contains('|') && sorted(expected) == sorted(found))
}

/// A value as a text; `<NA>` where there is none.
pub fn text(value: &Value) -> String {
    match value {
        Value::Null => "<NA>".to_owned(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}
