//! The eight priorities of a rule, which are syslog's severities.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How important an alert is. The order is by importance: `Priority::Debug < Priority::Emergency`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// For whoever works on the rule.
    Debug,
    /// Worth knowing. Rules files may say `INFO`.
    Informational,
    /// Normal, but significant.
    Notice,
    /// May be trouble.
    Warning,
    /// Is trouble.
    Error,
    /// Is serious trouble.
    Critical,
    /// Must be acted upon at once.
    Alert,
    /// The system is unusable.
    Emergency,
}

impl Priority {
    /// All, the most important first.
    pub const ALL: [Priority; 8] = [
        Priority::Emergency,
        Priority::Alert,
        Priority::Critical,
        Priority::Error,
        Priority::Warning,
        Priority::Notice,
        Priority::Informational,
        Priority::Debug,
    ];

    /// The name as Falco prints it.
    pub fn name(self) -> &'static str {
        match self {
            Priority::Emergency => "Emergency",
            Priority::Alert => "Alert",
            Priority::Critical => "Critical",
            Priority::Error => "Error",
            Priority::Warning => "Warning",
            Priority::Notice => "Notice",
            Priority::Informational => "Informational",
            Priority::Debug => "Debug",
        }
    }

    /// The severity of RFC 5424 §6.2.1: 0 is an emergency, 7 is for debugging.
    pub fn severity(self) -> u8 {
        7 - self as u8
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The text isn't the name of a priority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsePriorityError(pub String);

impl fmt::Display for ParsePriorityError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(
            f,
            "`{}` is not a priority: known are emergency, alert, critical, error, warning, notice, \
             informational (or info) and debug",
            self.0
        )
    }
}

impl std::error::Error for ParsePriorityError {}

impl FromStr for Priority {
    type Err = ParsePriorityError;

    /// Reads a name in any case, as Falco does; `info` is short for `informational`.
    fn from_str(text: &str) -> Result<Self, ParsePriorityError> {
        if text.eq_ignore_ascii_case("info") {
            return Ok(Priority::Informational);
        }
        Priority::ALL
            .into_iter()
            .find(|priority| priority.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| ParsePriorityError(text.to_owned()))
    }
}

impl Serialize for Priority {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Priority {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case() {
        assert_eq!("WARNING".parse(), Ok(Priority::Warning));
        assert_eq!("info".parse(), Ok(Priority::Informational));
        assert_eq!("warn".parse::<Priority>(), Err(ParsePriorityError("warn".into())));
        for priority in Priority::ALL {
            assert_eq!(priority.name().parse(), Ok(priority));
        }
    }

    #[test]
    fn order_is_by_importance() {
        assert!(Priority::Critical > Priority::Error);
        assert_eq!((Priority::Emergency.severity(), Priority::Debug.severity()), (0, 7));
    }
}
