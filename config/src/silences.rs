//! `silences:`: what isn't sent for a time.

use lanner_alert::{Silence, Timestamp};
use lanner_diagnostic::{Diagnostic, Node, Place};

use crate::calendar;
use crate::check::WRONG_VALUE;
use crate::matchers;
use crate::values::Values;

/// The silences of a checked tree.
pub(crate) fn read(
    root: &Node,
    fields: &mut Vec<(String, Place)>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Silence> {
    let nodes = Values::root(root).node("silences").and_then(Node::as_sequence).unwrap_or_default();
    nodes.iter().enumerate().map(|(at, node)| silence(at, node, fields, diagnostics)).collect()
}

fn silence(
    at: usize,
    node: &Node,
    fields: &mut Vec<(String, Place)>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Silence {
    let values = Values::of(node, "silences[].");
    let matchers = match values.node("match") {
        Some(node) => matchers::some(node, fields, diagnostics),
        None => Vec::new(),
    };
    let mut error = |message: String, place: Place| {
        diagnostics.push(Diagnostic::error(WRONG_VALUE, message).at(place));
    };
    if values.node("match").is_none() {
        error(
            "this silence says no `match`: it would keep everything from being sent".to_owned(),
            node.place,
        );
    }
    let (from, until) = (time(values, "from"), time(values, "until"));
    if let (Some(from), Some(until)) = (from, until)
        && until <= from
    {
        error("this silence ends before it begins".to_owned(), values.place("until"));
    }
    let name = match values.text("name") {
        "" => format!("silence {}", at + 1),
        name => name.to_owned(),
    };
    let times = values.node("when").map(|node| calendar::read(node, diagnostics)).unwrap_or_default();
    Silence { name: name.into(), matchers, from, until, times }
}

fn time(values: Values, key: &str) -> Option<Timestamp> {
    values.node(key)?.as_str()?.parse().ok()
}
