//! Silences: alerts that are expected for a time, and not sent.

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::{Alert, Calendar, Matcher, Timestamp};

/// What isn't sent for a time. It is journaled all the same, and goes, marked, to outputs for audits.
#[derive(Debug, Clone, PartialEq)]
pub struct Silence {
    /// What it is called in what it marks.
    pub name: Arc<str>,
    /// All of these must hold of an alert; without any, it is of every alert.
    pub matchers: Vec<Matcher>,
    /// From when on.
    pub from: Option<Timestamp>,
    /// Until when, that moment excluded.
    pub until: Option<Timestamp>,
    /// Only at these times.
    pub times: Calendar,
}

impl Silence {
    /// Whether it is of an alert now. `host` is the time zone of times that name none.
    pub fn covers(&self, alert: &Alert, now: Timestamp, host: &TimeZone) -> bool {
        self.from.is_none_or(|from| from <= now)
            && self.until.is_none_or(|until| now < until)
            && Matcher::all(&self.matchers, alert)
            && self.times.contains(now, host)
    }
}
