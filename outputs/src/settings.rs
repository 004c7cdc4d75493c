//! What the settings of several outputs share: durations, files that must be readable, errors with places.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use lanner_diagnostic::{Node, NodeError};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A span of time: `10s`, `1m30s`, `250ms`. At most a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period(pub Duration);

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Period, D::Error> {
        deserializer.deserialize_str(PeriodVisitor)
    }
}

struct PeriodVisitor;

impl de::Visitor<'_> for PeriodVisitor {
    type Value = Period;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a duration such as `10s`, of at most a day")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Period, E> {
        let duration = text.parse::<jiff::SignedDuration>().ok();
        duration
            .and_then(|duration| Duration::try_from(duration).ok())
            .filter(|duration| !duration.is_zero() && *duration <= Duration::from_hours(24))
            .map(Period)
            .ok_or_else(|| E::invalid_type(de::Unexpected::Str(text), &self))
    }
}

impl Serialize for Period {
    /// As it is read, for the documentation of defaults.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:?}", self.0))
    }
}

impl JsonSchema for Period {
    fn schema_name() -> Cow<'static, str> {
        "Period".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
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
            let read = Period::deserialize(de::value::StrDeserializer::<de::value::Error>::new(text));
            read.map(|period| period.0).map_err(|error| error.to_string())
        };
        assert_eq!(read("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(read("1m30s"), Ok(Duration::from_secs(90)));
        for wrong in ["", "7", "0s", "-1s", "x", "25h"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
