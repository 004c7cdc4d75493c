//! Points in time.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// A point in time: nanoseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The time that much later; the end of time where there is none.
    pub fn after(self, duration: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// How much later this is than `earlier`; zero where it isn't.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// `2026-11-24T08:00:00.000000000Z`, the form of Falco's JSON key `time`.
    pub fn utc(self) -> String {
        self.zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S.%9fZ").to_string()
    }

    /// `2026-11-24T08:00:00.000000000+0000`, the form of Falco's text where `time_format_iso_8601` is set.
    pub fn iso_8601(self) -> String {
        self.zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S.%9f+0000").to_string()
    }

    /// `08:00:00.000000000` in that time zone: the form of Falco's text.
    pub fn clock(self, zone: &TimeZone) -> String {
        self.zoned(zone.clone()).strftime("%H:%M:%S.%9f").to_string()
    }

    /// The time in a time zone, to be formatted.
    pub fn zoned(self, zone: TimeZone) -> jiff::ZonedDateTime {
        // 2^64 ns end in the year 2554, well inside what jiff holds.
        jiff::Timestamp::from_nanosecond(i128::from(self.0))
            .unwrap_or(jiff::Timestamp::MAX)
            .to_zoned_datetime(zone)
    }
}

/// A time as RFC 3339 writes it, in any zone; one before 1970 is taken for the beginning of 1970.
impl FromStr for Timestamp {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Timestamp, jiff::Error> {
        let time: jiff::Timestamp = text.parse()?;
        Ok(Timestamp(u64::try_from(time.as_nanosecond()).unwrap_or(0)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.utc())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let time = Timestamp(1_762_000_000_123_456_789);
        assert_eq!(time.utc(), "2025-11-01T12:26:40.123456789Z");
        assert_eq!(time.iso_8601(), "2025-11-01T12:26:40.123456789+0000");
        assert_eq!(time.clock(&TimeZone::fixed(jiff::tz::offset(2))), "14:26:40.123456789");
        assert_eq!("2025-11-01T14:26:40.123456789+02:00".parse::<Timestamp>().ok(), Some(time));
        assert_eq!("1969-12-31T23:59:59Z".parse::<Timestamp>().ok(), Some(Timestamp(0)));
        assert!("2025-11-01".parse::<Timestamp>().is_err());
        assert_eq!(Timestamp(u64::MAX).after(Duration::MAX), Timestamp(u64::MAX));
    }
}
