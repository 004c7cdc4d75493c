//! `<time>: <Priority> <output>`, Falco's text line.

use std::borrow::Cow;

use jiff::tz::TimeZone;

use crate::{Alert, Timestamp, printable};

/// How a text line begins.
#[derive(Debug, Clone)]
pub enum TimeFormat {
    /// The time of day in that zone, with nanoseconds.
    Clock(TimeZone),
    /// Date and time in UTC (`time_format_iso_8601`).
    Iso8601,
}

impl TimeFormat {
    /// The time in this format.
    pub fn format(&self, time: Timestamp) -> String {
        match self {
            TimeFormat::Clock(zone) => time.clock(zone),
            TimeFormat::Iso8601 => time.iso_8601(),
        }
    }
}

/// The alert's text line, without the line's end. Control characters are written out, so that it stays one
/// line and does nothing to a terminal.
pub fn line(alert: &Alert, format: &TimeFormat) -> String {
    format!("{}: {} {}", format.format(alert.time), alert.priority, message(alert))
}

/// The alert's output alone, with its control characters written out; with how often it occurred and the silence that it
/// is under, where there is more to say than once.
pub fn message(alert: &Alert) -> Cow<'_, str> {
    let mut message = printable(&alert.output);
    if alert.count > 1 {
        message.to_mut().push_str(&format!(" ({} times)", alert.count));
    }
    if let Some(silence) = &alert.silenced {
        message.to_mut().push_str(&format!(" (silenced: {})", printable(silence)));
    }
    message
}
