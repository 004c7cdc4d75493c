//! The host's time zone, read once: `TZ`, else `/etc/localtime`.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use lanner_event::Zone;

/// How many changes of a zone's clocks are kept: two a year until the century's end.
const CHANGES_MAX: usize = 512;

/// The zone as a table.
pub fn read(zone: &TimeZone) -> Zone {
    let start = Timestamp::UNIX_EPOCH;
    let changes = zone.following(start).take(CHANGES_MAX);
    let changes = changes.map(|change| (change.timestamp().as_second(), change.offset().seconds()));
    Zone::new(zone.to_offset(start).seconds(), changes.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summer_and_winter_differ() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
        let zone = read(&zone);
        // The first days of January and July 2026.
        for (second, hours) in [(1_767_225_600, 1), (1_782_864_000, 2), (0, 1)] {
            assert_eq!(zone.offset(second), hours * 3600, "{second}");
        }
        assert_eq!(read(&TimeZone::UTC), Zone::default());
    }
}
