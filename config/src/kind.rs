//! What the value of a key must be, and what to say where it isn't.

use std::net::IpAddr;

use lanner_alert::{duration, matchers, printable, truncate};
use lanner_diagnostic::{Node, NodeError, Value, nearest};

use crate::quantity;

/// How much of a wrong value is quoted.
const QUOTED_BYTES_MAX: usize = 40;

/// What the value of a key must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number from the first to the second.
    Whole(i64, i64),
    /// A number from the first to the second.
    Number(f64, f64),
    /// Any scalar.
    Text,
    /// A text or a list of texts.
    Texts,
    /// One of these words, in any case.
    OneOf(&'static [&'static str]),
    /// A priority.
    Priority,
    /// A duration, such as `1h30m`, from the first to the second.
    Duration(&'static str, &'static str),
    /// A moment, such as `2026-11-24T08:00:00Z`.
    Time,
    /// A size, such as `1GiB`, of at least that.
    Bytes(&'static str),
    /// A rate, such as `10/m`.
    Rate,
    /// An IP address.
    Address,
    /// Conditions on the fields of an alert.
    Matchers,
    /// The same as at that path.
    Same(&'static str),
    /// Whatever it is.
    Any,
}

impl Kind {
    /// The kind in words, for the reference page and for messages.
    pub fn words(self) -> String {
        match self {
            Kind::Bool => "true or false".to_owned(),
            Kind::Whole(i64::MIN, i64::MAX) => "a whole number".to_owned(),
            Kind::Whole(min, i64::MAX) => format!("a whole number from {min}"),
            Kind::Whole(min, max) => format!("a whole number from {min} to {max}"),
            Kind::Number(min, f64::INFINITY) => format!("a number from {min}"),
            Kind::Number(min, max) => format!("a number from {min} to {max}"),
            Kind::Text => "a text".to_owned(),
            Kind::Texts => "a text or a list of texts".to_owned(),
            Kind::OneOf(words) => match words {
                [] => String::new(),
                [word] => format!("`{word}`"),
                [words @ .., last] => format!("`{}` or `{last}`", words.join("`, `")),
            },
            Kind::Priority => "a priority".to_owned(),
            Kind::Duration(min, max) => format!("a duration from {min} to {max}"),
            Kind::Time => "a moment such as `2026-11-24T08:00:00Z` (RFC 3339)".to_owned(),
            Kind::Bytes(min) => format!("a size of at least {min}"),
            Kind::Rate => "a rate".to_owned(),
            Kind::Address => "an IP address".to_owned(),
            Kind::Matchers => "conditions on fields".to_owned(),
            Kind::Same(path) => format!("as `{path}`"),
            Kind::Any => "anything".to_owned(),
        }
    }

    /// What is wrong with a node that should have this kind.
    pub(crate) fn wrong(self, node: &Node) -> Vec<NodeError> {
        match self {
            Kind::Matchers => matchers::read(node).1,
            kind => kind.check(node).err().into_iter().collect(),
        }
    }

    fn check(self, node: &Node) -> Result<(), NodeError> {
        match (self, &node.value) {
            (Kind::Any | Kind::Same(_), _) => Ok(()),
            (Kind::Texts, Value::Sequence(items)) => items.iter().try_for_each(|one| Kind::Text.check(one)),
            (_, Value::Plain(text) | Value::Quoted(text)) => self.check_text(text),
            _ => Err(self.mismatch(node.kind())),
        }
    }

    fn mismatch(self, found: &str) -> NodeError {
        NodeError::from(format!("this should be {}, not {found}", self.words()))
    }

    /// Whether a scalar has this kind. As in Falco, quotes make no difference.
    pub(crate) fn check_text(self, text: &str) -> Result<(), NodeError> {
        let plain = Node { place: Default::default(), value: Value::Plain(text.to_owned()) };
        let found = match text {
            "" => "an empty text".to_owned(),
            _ => format!("`{}`", printable(&truncate(text, QUOTED_BYTES_MAX))),
        };
        let fits = match self {
            Kind::Bool => plain.as_bool().is_some(),
            Kind::Whole(min, max) => plain.as_i64().is_some_and(|number| (min..=max).contains(&number)),
            Kind::Number(min, max) => plain.as_f64().is_some_and(|number| (min..=max).contains(&number)),
            Kind::Address => text.parse::<IpAddr>().is_ok(),
            Kind::OneOf(words) => {
                return one_of(words, text).map(|_| ()).ok_or_else(|| NodeError {
                    place: None,
                    message: format!("this should be {}, not {found}", self.words()),
                    help: nearest(text, words.iter().copied()).map(|near| format!("did you mean `{near}`?")),
                });
            }
            Kind::Priority => return matchers::priority(text).map(|_| ()),
            Kind::Duration(min, max) => {
                let limit = |text| duration(text).unwrap_or_default();
                (limit(min)..=limit(max)).contains(&duration(text)?)
            }
            Kind::Time => text.parse::<jiff::Timestamp>().is_ok(),
            Kind::Bytes(min) => quantity::bytes(text)? >= quantity::bytes(min).unwrap_or_default(),
            Kind::Rate => return quantity::rate(text).map(|_| ()).map_err(NodeError::from),
            Kind::Text | Kind::Texts | Kind::Matchers | Kind::Same(_) | Kind::Any => true,
        };
        if fits { Ok(()) } else { Err(self.mismatch(&found)) }
    }
}

/// The word of the list that the text is, in any case.
pub(crate) fn one_of(words: &'static [&'static str], text: &str) -> Option<&'static str> {
    words.iter().copied().find(|word| word.eq_ignore_ascii_case(text))
}
