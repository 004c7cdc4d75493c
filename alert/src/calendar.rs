//! Times that recur: weekdays, hours, days of the month, months, in a time zone.

use std::fmt;

use jiff::tz::TimeZone;

use crate::Timestamp;

/// A set of recurring times, as an Alertmanager's time interval: what is given must all hold, and what isn't given
/// holds always.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Calendar {
    /// From the first up to but not including the second, in minutes of the day; a span that ends before it begins goes
    /// past midnight.
    times: Vec<(u16, u16)>,
    /// From Monday, 0, both ends included.
    weekdays: Vec<(u8, u8)>,
    /// From 1; counted from the month's end where negative.
    days: Vec<(i8, i8)>,
    /// From 1.
    months: Vec<(u8, u8)>,
    zone: Option<TimeZone>,
}

/// Why a text is no recurring time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarError(String);

impl fmt::Display for CalendarError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CalendarError {}

const WEEKDAYS: &[&str] = &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const MONTHS: &[&str] = &[
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
/// The last minute of a day, and one more.
const DAY: u16 = 24 * 60;

impl Calendar {
    /// Adds a span of the day, such as `22:00-06:00`; the end isn't in it, and may be `24:00`.
    ///
    /// # Errors
    /// Where the text isn't one.
    pub fn time(&mut self, text: &str) -> Result<(), CalendarError> {
        let minute = |text: &str| {
            let (hour, minute) = text.trim().split_once(':')?;
            let (hour, minute) = (hour.parse::<u16>().ok()?, minute.parse::<u16>().ok()?);
            let minutes = hour * 60 + minute;
            (hour <= 24 && minute < 60 && minutes <= DAY).then_some(minutes)
        };
        let span = text.split_once('-').and_then(|(start, end)| Some((minute(start)?, minute(end)?)));
        let Some((start, end)) = span.filter(|(start, end)| start != end) else {
            return Err(CalendarError(format!("`{text}` is no span of a day: it is written `22:00-06:00`")));
        };
        self.times.push((start, end));
        Ok(())
    }

    /// Adds a weekday or a span of them, such as `sat` or `monday-friday`.
    ///
    /// # Errors
    /// Where the text isn't one.
    pub fn weekday(&mut self, text: &str) -> Result<(), CalendarError> {
        let span = span(text, |name| named(WEEKDAYS, name).map(|at| at as u8));
        let wrong =
            || CalendarError(format!("`{text}` is no weekday: it is written `sat` or `monday-friday`"));
        self.weekdays.push(span.ok_or_else(wrong)?);
        Ok(())
    }

    /// Adds a day of the month or a span of days, such as `1`, `1..15` or `-3..-1`, counted from the month's end.
    ///
    /// # Errors
    /// Where the text isn't one.
    pub fn day(&mut self, text: &str) -> Result<(), CalendarError> {
        let day = |text: &str| text.trim().parse::<i8>().ok().filter(|day| (1..=31).contains(&day.abs()));
        let (start, end) = text.split_once("..").unwrap_or((text, text));
        let Some(span) = day(start).zip(day(end)) else {
            return Err(CalendarError(format!(
                "`{text}` is no day of a month: it is written `1`, `1..15` or `-1`"
            )));
        };
        self.days.push(span);
        Ok(())
    }

    /// Adds a month or a span of months, such as `december` or `jun-aug`.
    ///
    /// # Errors
    /// Where the text isn't one.
    pub fn month(&mut self, text: &str) -> Result<(), CalendarError> {
        let span = span(text, |name| named(MONTHS, name).map(|at| at as u8 + 1));
        let wrong = || CalendarError(format!("`{text}` is no month: it is written `december` or `jun-aug`"));
        self.months.push(span.ok_or_else(wrong)?);
        Ok(())
    }

    /// Sets the time zone; without one the times are the host's.
    pub fn set_zone(&mut self, zone: TimeZone) {
        self.zone = Some(zone);
    }

    /// Whether a moment is among the times. `host` is the zone of a calendar that names none.
    pub fn contains(&self, now: Timestamp, host: &TimeZone) -> bool {
        let now = now.zoned(self.zone.as_ref().unwrap_or(host).clone());
        let minute = now.hour() as u16 * 60 + now.minute() as u16;
        let in_times = |(start, end): &(u16, u16)| match start < end {
            true => (*start..*end).contains(&minute),
            false => minute >= *start || minute < *end,
        };
        let from_end = now.day() - now.days_in_month() - 1;
        let after = |day: i8| if day > 0 { now.day() >= day } else { from_end >= day };
        let before = |day: i8| if day > 0 { now.day() <= day } else { from_end <= day };
        any(&self.times, in_times)
            && any(&self.weekdays, |span| within(*span, now.weekday().to_monday_zero_offset() as u8))
            && any(&self.days, |(start, end)| after(*start) && before(*end))
            && any(&self.months, |span| within(*span, now.month() as u8))
    }
}

/// Whether one of them is so, or there is none.
fn any<T>(items: &[T], so: impl Fn(&T) -> bool) -> bool {
    items.is_empty() || items.iter().any(so)
}

/// Whether a number is in a span, which may go past the end of the week or the year.
fn within((start, end): (u8, u8), number: u8) -> bool {
    match start <= end {
        true => (start..=end).contains(&number),
        false => number >= start || number <= end,
    }
}

fn span<T: Copy>(text: &str, read: impl Fn(&str) -> Option<T>) -> Option<(T, T)> {
    let (start, end) = text.split_once('-').unwrap_or((text, text));
    Some((read(start.trim())?, read(end.trim())?))
}

/// The place of a name, of which the first three letters are enough.
fn named(names: &[&str], text: &str) -> Option<usize> {
    let text = text.to_ascii_lowercase();
    names.iter().position(|name| text == *name || (text.len() == 3 && name.starts_with(&text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(parts: &[(&str, &str)]) -> Calendar {
        let mut calendar = Calendar::default();
        for (what, text) in parts {
            let added = match *what {
                "time" => calendar.time(text),
                "weekday" => calendar.weekday(text),
                "day" => calendar.day(text),
                "month" => calendar.month(text),
                _ => {
                    calendar.set_zone(TimeZone::get(text).expect("a zone"));
                    Ok(())
                }
            };
            added.unwrap_or_else(|error| panic!("{what} {text}: {error}"));
        }
        calendar
    }

    fn at(text: &str) -> Timestamp {
        let time: jiff::Timestamp = text.parse().expect("a time");
        Timestamp(time.as_nanosecond() as u64)
    }

    /// 2026-11-24 is a Tuesday.
    #[test]
    fn moments_are_in_or_out() {
        for (parts, moment, is_in) in [
            (&[][..], "2026-11-24T12:00:00Z", true),
            (&[("time", "08:00-17:00")], "2026-11-24T08:00:00Z", true),
            (&[("time", "08:00-17:00")], "2026-11-24T17:00:00Z", false),
            (&[("time", "22:00-06:00")], "2026-11-24T23:30:00Z", true),
            (&[("time", "22:00-06:00")], "2026-11-24T05:59:59Z", true),
            (&[("time", "22:00-06:00")], "2026-11-24T06:00:00Z", false),
            (&[("time", "00:00-24:00")], "2026-11-24T23:59:59Z", true),
            (&[("time", "08:00-09:00"), ("time", "12:00-13:00")], "2026-11-24T12:30:00Z", true),
            (&[("weekday", "mon-fri")], "2026-11-24T12:00:00Z", true),
            (&[("weekday", "Saturday"), ("weekday", "sun")], "2026-11-24T12:00:00Z", false),
            (&[("weekday", "sat-tue")], "2026-11-24T12:00:00Z", true),
            (&[("weekday", "sat-mon")], "2026-11-24T12:00:00Z", false),
            (&[("day", "24")], "2026-11-24T12:00:00Z", true),
            (&[("day", "1..15")], "2026-11-24T12:00:00Z", false),
            (&[("day", "-1")], "2026-11-30T12:00:00Z", true),
            (&[("day", "-7..-1")], "2026-11-24T12:00:00Z", true),
            (&[("day", "-6..-1")], "2026-11-24T12:00:00Z", false),
            (&[("month", "november")], "2026-11-24T12:00:00Z", true),
            (&[("month", "dec-feb")], "2026-11-24T12:00:00Z", false),
            (&[("month", "dec-feb")], "2026-01-24T12:00:00Z", true),
            (&[("time", "08:00-09:00"), ("weekday", "sat")], "2026-11-24T08:30:00Z", false),
            (&[("zone", "America/New_York"), ("time", "07:00-08:00")], "2026-11-24T12:30:00Z", true),
            (&[("zone", "America/New_York"), ("weekday", "mon")], "2026-11-24T03:00:00Z", true),
        ] {
            assert_eq!(calendar(parts).contains(at(moment), &TimeZone::UTC), is_in, "{parts:?} {moment}");
        }
        let host = TimeZone::fixed(jiff::tz::offset(2));
        assert!(calendar(&[("time", "14:00-15:00")]).contains(at("2026-11-24T12:00:00Z"), &host));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        let mut calendar = Calendar::default();
        for text in ["", "8-17", "08:00", "25:00-26:00", "08:60-09:00", "24:01-25:00", "08:00-08:00"] {
            assert!(calendar.time(text).is_err(), "{text}");
        }
        for text in ["", "m", "mo", "mon-", "mon-fry", "mond"] {
            assert!(calendar.weekday(text).is_err(), "{text}");
        }
        for text in ["", "0", "32", "-32", "1-5", "1.."] {
            assert!(calendar.day(text).is_err(), "{text}");
        }
        assert!(calendar.month("smarch").is_err());
        assert_eq!(calendar, Calendar::default());
    }
}
