//! The host's time zone, as a table: a time of day is worked out without asking anybody.

use serde::{Deserialize, Serialize};

/// How far a zone's clocks are from UTC, and since when. Without any it is UTC.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Zone {
    /// The offset before the first change, in seconds to the east.
    first: i32,
    /// From which second since 1970-01-01 UTC on the clocks have which offset, in order.
    changes: Box<[(i64, i32)]>,
}

impl Zone {
    /// A zone by its changes, each a second since 1970-01-01 UTC and the offset from then on, and the offset before
    /// the first. Both offsets are in seconds to the east.
    pub fn new(first: i32, mut changes: Vec<(i64, i32)>) -> Zone {
        changes.sort_by_key(|(since, _)| *since);
        Zone { first, changes: changes.into() }
    }

    /// The offset at a second since 1970-01-01 UTC, in seconds to the east.
    pub fn offset(&self, second: i64) -> i32 {
        let begun = self.changes.partition_point(|(since, _)| *since <= second);
        begun.checked_sub(1).map_or(self.first, |last| self.changes[last].1)
    }

    /// The zone whose clocks always have the offset that this one's have at a second since 1970-01-01 UTC.
    pub fn fixed(&self, second: i64) -> Zone {
        Zone { first: self.offset(second), changes: Box::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_holds_from_its_change_on() {
        let zone = Zone::new(3600, vec![(200, 3600), (100, 7200)]);
        for (second, offset) in [(-1, 3600), (99, 3600), (100, 7200), (199, 7200), (200, 3600)] {
            assert_eq!(zone.offset(second), offset, "{second}");
            assert_eq!(zone.fixed(second).offset(1_000), offset, "{second}");
        }
        assert_eq!(Zone::default().offset(0), 0);
    }
}
