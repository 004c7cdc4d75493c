//! Recurring times, as routes and silences have them.

use jiff::tz::TimeZone;
use lanner_alert::{Calendar, CalendarError};
use lanner_diagnostic::{Diagnostic, Node};

use crate::check::WRONG_VALUE;
use crate::values::Values;

/// Adds a text to a calendar.
type Add = fn(&mut Calendar, &str) -> Result<(), CalendarError>;

/// A mapping of recurring times, wherever it stands.
pub(crate) fn read(node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Calendar {
    let values = Values::of(node, "");
    let mut calendar = Calendar::default();
    let parts: [(&str, Add); 4] = [
        ("times", Calendar::time),
        ("weekdays", Calendar::weekday),
        ("days", Calendar::day),
        ("months", Calendar::month),
    ];
    for (key, add) in parts {
        for node in values.texts(key) {
            if let Err(error) = add(&mut calendar, node.as_str().unwrap_or_default()) {
                diagnostics.push(Diagnostic::error(WRONG_VALUE, error.to_string()).at(node.place));
            }
        }
    }
    if let Some(zone) = values.node("zone").and_then(|node| zone(node, diagnostics)) {
        calendar.set_zone(zone);
    }
    calendar
}

/// A time zone by its name.
pub(crate) fn zone(node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<TimeZone> {
    let name = node.as_str().unwrap_or_default();
    let zone = TimeZone::get(name).ok();
    if zone.is_none() {
        let message = format!("there is no time zone `{name}`");
        let help = "a zone is named as in the IANA's database, such as `Europe/Berlin`";
        diagnostics.push(Diagnostic::error(WRONG_VALUE, message).at(node.place).help(help));
    }
    zone
}
