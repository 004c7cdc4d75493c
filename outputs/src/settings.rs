//! What the settings of several outputs share: durations, files that must be readable, errors with places.

use std::fmt;
use std::time::Duration;

use lanner_diagnostic::{Node, NodeError};
use serde::{Deserializer, de};

/// Reads `10s`, `1m 30s`, `250ms`; a plain number is seconds. Longer than a day is an error.
pub fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    struct Visitor;
    impl de::Visitor<'_> for Visitor {
        type Value = Duration;
        fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
            f.write_str("a duration such as `10s`, of at most a day")
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
            let seconds = text.parse().ok().map(Duration::from_secs);
            seconds
                .or_else(|| Duration::try_from(text.parse::<jiff::SignedDuration>().ok()?).ok())
                .filter(|duration| !duration.is_zero() && *duration <= Duration::from_hours(24))
                .ok_or_else(|| E::invalid_type(de::Unexpected::Str(text), &self))
        }
    }
    deserializer.deserialize_str(Visitor)
}

/// Reads a text or a list of texts.
pub fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Visitor;
    impl<'de> de::Visitor<'de> for Visitor {
        type Value = Vec<String>;
        fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
            f.write_str("a string or a list of strings")
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<String>, E> {
            Ok(vec![text.to_owned()])
        }
        fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<String>, A::Error> {
            let mut items = Vec::new();
            while let Some(item) = seq.next_element()? {
                items.push(item);
            }
            Ok(items)
        }
    }
    deserializer.deserialize_any(Visitor)
}

/// An error at a key of the settings, or at the settings where the key isn't there.
pub fn wrong(node: &Node, key: &str, message: impl Into<String>) -> NodeError {
    let place = node.get(key).map_or(node.place, |value| value.place);
    NodeError { message: message.into(), place: Some(place), help: None }
}

/// The bytes of the file that a key names.
///
/// # Errors
/// Where it can't be read: at the key.
pub fn read_file(node: &Node, key: &str, path: &str) -> Result<Vec<u8>, NodeError> {
    std::fs::read(path).map_err(|error| wrong(node, key, format!("{path}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let read = |text: &'static str| {
            duration(de::value::StrDeserializer::<de::value::Error>::new(text))
                .map_err(|error| error.to_string())
        };
        assert_eq!(read("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(read("7"), Ok(Duration::from_secs(7)));
        assert_eq!(read("1m 30s"), Ok(Duration::from_secs(90)));
        for wrong in ["", "0s", "-1s", "x", "25h"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
