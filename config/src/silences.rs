//! `silences:`: what isn't sent for a time.

use jiff::tz::TimeZone;
use lanner_alert::{Calendar, CalendarError, Silence, Timestamp};
use lanner_diagnostic::{Diagnostic, Node, Place};

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
    let mut error = |message: String, place: Place| {
        diagnostics.push(Diagnostic::error(WRONG_VALUE, message).at(place));
    };
    if values.node("match").is_none() {
        error(
            "this silence says no `match`: it would keep everything from being sent".to_owned(),
            node.place,
        );
    }
    let matchers = values.node("match").map(|node| matchers::collect(node, fields)).unwrap_or_default();
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
    Silence { name: name.into(), matchers, from, until, times: calendar(values, "when.", diagnostics) }
}

fn time(values: Values, key: &str) -> Option<Timestamp> {
    let time: jiff::Timestamp = values.node(key)?.as_str()?.parse().ok()?;
    Some(Timestamp(u64::try_from(time.as_nanosecond()).unwrap_or(0)))
}

/// Adds a text to a calendar.
type Add = fn(&mut Calendar, &str) -> Result<(), CalendarError>;

/// Recurring times, whose keys begin with a prefix.
fn calendar(values: Values, prefix: &str, diagnostics: &mut Vec<Diagnostic>) -> Calendar {
    let mut calendar = Calendar::default();
    let parts: [(&str, Add); 4] = [
        ("times", Calendar::time),
        ("weekdays", Calendar::weekday),
        ("days", Calendar::day),
        ("months", Calendar::month),
    ];
    for (key, add) in parts {
        for node in values.texts(&format!("{prefix}{key}")) {
            if let Err(error) = add(&mut calendar, node.as_str().unwrap_or_default()) {
                diagnostics.push(Diagnostic::error(WRONG_VALUE, error.to_string()).at(node.place));
            }
        }
    }
    if let Some(zone) = values.node(&format!("{prefix}zone")) {
        let name = zone.as_str().unwrap_or_default();
        match TimeZone::get(name) {
            Ok(zone) => calendar.set_zone(zone),
            Err(_) => {
                let message = format!("there is no time zone `{name}`");
                let help = "a zone is named as in the IANA's database, such as `Europe/Berlin`";
                diagnostics.push(Diagnostic::error(WRONG_VALUE, message).at(zone.place).help(help));
            }
        }
    }
    calendar
}
