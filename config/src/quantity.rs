//! Sizes and rates as people write them.

use std::num::NonZeroU32;
use std::time::Duration;

use lanner_alert::duration;

/// Units of sizes in bytes.
const SIZE_UNITS: [(&str, u64); 9] = [
    ("B", 1),
    ("KB", 1000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// Reads `1GiB`, `500 MB` or a plain number of bytes.
///
/// # Errors
/// What the text should look like.
pub fn bytes(text: &str) -> Result<u64, String> {
    let help = "a size is a whole number with a unit, such as `64KiB`, `500MB` or `1GiB`";
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let unit = match unit.trim_start() {
        "" => "B",
        unit => unit,
    };
    let unit = SIZE_UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).ok_or(help)?;
    let number: u64 = number.parse().map_err(|_| help)?;
    number.checked_mul(unit.1).ok_or_else(|| "this size is too large".to_owned())
}

/// So many in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: NonZeroU32,
    /// In which time; longer than nothing.
    pub per: Duration,
}

impl Rate {
    /// The time in which there is one.
    pub fn period(self) -> Duration {
        self.per / self.count.get()
    }
}

/// Reads `10/m`, `1/30s`: a number, a slash, and a unit or a duration.
///
/// # Errors
/// What the text should look like.
pub fn rate(text: &str) -> Result<Rate, String> {
    let help = "a rate is a whole number, a slash and a time, such as `10/m`, `1/s` or `5/30s`";
    let (count, per) = text.split_once('/').ok_or(help)?;
    let count = count.trim().parse().map_err(|_| help)?;
    let per = per.trim();
    let per = if per.starts_with(|c: char| c.is_ascii_digit()) {
        duration(per)
    } else {
        duration(&format!("1{per}"))
    };
    let per = per.ok().filter(|per| !per.is_zero()).ok_or(help)?;
    Ok(Rate { count, per })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, size) in [("1GiB", 1 << 30), ("500 MB", 500_000_000), ("64kib", 65_536), ("7", 7)] {
            assert_eq!(bytes(text), Ok(size), "{text}");
        }
        for wrong in ["", "GiB", "1.5GiB", "1 gib ", "-1", "99999999999TiB"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn rates() {
        assert_eq!(rate("10/m").map(Rate::period), Ok(Duration::from_secs(6)));
        assert_eq!(rate("1 / 30s").map(Rate::period), Ok(Duration::from_secs(30)));
        for wrong in ["10", "0/m", "10/", "/m", "10/x", "1/0s", "-1/s"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
    }
}
