//! Durations as people write them, in configurations and in rules.

use std::time::Duration;

const DURATION_HELP: &str =
    "a duration is numbers with units, the largest first, such as `5ms`, `10s` or `1h30m`";

/// Units of durations in milliseconds, the largest first, as Prometheus has them.
const DURATION_UNITS: [(&str, u64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// Reads `1h30m`, `500ms`, `7d`: Prometheus' form, which Falco's `metrics.interval` has too.
///
/// # Errors
/// What the text should look like.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || DURATION_HELP.to_owned();
    if text.is_empty() {
        return Err(wrong());
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("a duration needs a unit: `{text}s`?"));
    }
    let (mut rest, mut total, mut units) = (text, 0_u64, &DURATION_UNITS[..]);
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?);
        let (unit, after) =
            after.split_at(after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len()));
        let at = units.iter().position(|(name, _)| *name == unit).ok_or_else(wrong)?;
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let part = number.checked_mul(units[at].1);
        total = part.and_then(|part| total.checked_add(part)).ok_or("this duration is too long")?;
        units = &units[at + 1..];
        rest = after;
    }
    Ok(Duration::from_millis(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let cases =
            [("5ms", 5), ("10s", 10_000), ("1h30m", 5_400_000), ("7d", 604_800_000), ("1m500ms", 60_500)];
        for (text, millis) in cases {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        assert_eq!(duration("10").unwrap_err(), "a duration needs a unit: `10s`?");
        for wrong in
            ["", "s", "10x", "30m1h", "1h1h", "-1s", "1.5s", "99999999999999999999s", "99999999999y", "1é"]
        {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
