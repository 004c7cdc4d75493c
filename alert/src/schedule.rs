//! When something that is collected goes out: so long after the first, or at times of the day.

use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};

use crate::Timestamp;

/// When something goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// That long after the first.
    Every(Duration),
    /// At times of the day.
    Daily {
        /// The times, of which there is at least one.
        times: Vec<Time>,
        /// Where; the host's zone without one.
        zone: Option<TimeZone>,
    },
}

impl Schedule {
    /// A time of the day, as `08:00`; nothing where the text is none.
    pub fn time(text: &str) -> Option<Time> {
        Time::strptime("%H:%M", text).ok()
    }

    /// The first time after `now`. `host` is the zone of times that name none. Where the clocks leave out a time, it is as
    /// much later; where they have it twice, it is the first.
    pub fn next(&self, now: Timestamp, host: &TimeZone) -> Timestamp {
        let (times, zone) = match self {
            Schedule::Every(interval) => return now.after(*interval),
            Schedule::Daily { times, zone } => (times, zone.as_ref().unwrap_or(host)),
        };
        let today = now.zoned(zone.clone()).date();
        let days = [Span::new(), 1.day(), 2.days()];
        let dates = days.into_iter().filter_map(|day| today.checked_add(day).ok());
        let moments = dates.flat_map(|date| times.iter().map(move |time| date.to_datetime(*time)));
        let moments = moments.filter_map(|moment| moment.to_zoned_datetime(zone.clone()).ok());
        let moments = moments.filter_map(|moment| u64::try_from(moment.timestamp().as_nanosecond()).ok());
        // Without any times, and at the end of time, there is no next one.
        moments.map(Timestamp).filter(|moment| *moment > now).min().unwrap_or(Timestamp(u64::MAX))
    }

    /// How far away the next time is at the most.
    pub fn longest(&self) -> Duration {
        match self {
            Schedule::Every(interval) => *interval,
            // A day, and the hour or two by which one may be longer where clocks are set back.
            Schedule::Daily { .. } => Duration::from_secs(26 * 3600),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_time() {
        let zone = |name: &str| TimeZone::get(name).unwrap();
        let daily = |times: &[&str], place: Option<&str>| Schedule::Daily {
            times: times.iter().map(|time| Schedule::time(time).unwrap()).collect(),
            zone: place.map(zone),
        };
        let cases = [
            (Schedule::Every(Duration::from_secs(3600)), "2026-11-24T08:00:00Z", "2026-11-24T09:00:00Z"),
            // The host's zone.
            (daily(&["08:00"], None), "2026-11-24T12:59:59Z", "2026-11-24T13:00:00Z"),
            (daily(&["08:00"], None), "2026-11-24T13:00:00Z", "2026-11-25T13:00:00Z"),
            (daily(&["08:00"], Some("Europe/Berlin")), "2026-11-24T06:00:00Z", "2026-11-24T07:00:00Z"),
            (daily(&["16:30", "08:00"], Some("UTC")), "2026-11-24T09:00:00Z", "2026-11-24T16:30:00Z"),
            (daily(&["16:30", "08:00"], Some("UTC")), "2026-12-31T23:59:00Z", "2027-01-01T08:00:00Z"),
            // The clocks leave out 02:00 to 03:00.
            (daily(&["02:30"], Some("Europe/Berlin")), "2026-03-29T00:00:00Z", "2026-03-29T01:30:00Z"),
            // They have 02:00 to 03:00 twice.
            (daily(&["02:30"], Some("Europe/Berlin")), "2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z"),
            (daily(&["02:30"], Some("Europe/Berlin")), "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"),
        ];
        for (schedule, now, next) in cases {
            let now: Timestamp = now.parse().unwrap();
            let found = schedule.next(now, &zone("America/New_York"));
            assert_eq!(found, next.parse().unwrap(), "{schedule:?} after {now}");
            assert!(found.since(now) <= schedule.longest());
        }
        for wrong in ["", "8", "24:00", "08:60", "08:00:00", "noon"] {
            assert!(Schedule::time(wrong).is_none(), "{wrong}");
        }
    }
}
