//! Values read from a checked tree: those that are set, else their defaults from the table of keys.

use std::num::NonZeroU32;
use std::time::Duration;

use lanner_alert::matchers::priority;
use lanner_alert::{Priority, duration};
use lanner_diagnostic::{Node, Place};

use crate::key::{self, Key};
use crate::kind::{Kind, one_of};
use crate::quantity::{self, Rate};

/// A mapping of a checked tree. What a key's row demands of its value holds, so no getter has to complain; a
/// getter that names a key without a row, or asks for another kind, is a mistake of this crate that a test
/// finds, since all keys are read from an empty tree.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    node: &'a Node,
    /// Where the mapping is, as rows name it, with a dot behind it.
    path: &'static str,
}

impl<'a> Values<'a> {
    /// The values of the whole configuration.
    pub fn root(node: &'a Node) -> Self {
        Values { node, path: "" }
    }

    /// The values of an entry of a list, such as `outputs[].`.
    pub fn of(node: &'a Node, path: &'static str) -> Self {
        Values { node, path }
    }

    /// The node of a key, where it is set.
    pub fn node(self, key: &str) -> Option<&'a Node> {
        key.split('.').try_fold(self.node, |node, name| node.get(name))
    }

    /// Where the key stands, or else where it could.
    pub fn place(self, key: &str) -> Place {
        self.node(key).unwrap_or(self.node).place
    }

    /// The value of a key as it was written, or its default.
    pub fn text(self, key: &str) -> &'a str {
        let default = self.row(key).map_or("", |row| row.default);
        self.node(key).and_then(Node::as_str).unwrap_or(default)
    }

    /// The value of a key, or its default where it isn't set or was found wrong.
    fn parsed<T>(self, key: &str, parse: impl Fn(&str) -> Option<T>, otherwise: T) -> T {
        if let Some(value) = self.node(key).and_then(Node::as_str).and_then(&parse) {
            return value;
        }
        let default = self.row(key).and_then(|row| parse(row.default));
        debug_assert!(default.is_some(), "{}{key} has no default", self.path);
        default.unwrap_or(otherwise)
    }

    fn row(self, key: &str) -> Option<&'static Key> {
        let row = key::all().find(|row| row.path.strip_prefix(self.path) == Some(key));
        debug_assert!(row.is_some(), "no row for {}{key}", self.path);
        row
    }

    pub fn bool(self, key: &str) -> bool {
        self.parsed(key, bool, false)
    }

    /// A truth value, where it is set.
    pub fn set_bool(self, key: &str) -> Option<bool> {
        bool(self.node(key)?.as_str()?)
    }

    pub fn whole(self, key: &str) -> i64 {
        self.parsed(key, whole, 0)
    }

    /// A number that may have a fraction.
    pub fn number(self, key: &str) -> f64 {
        self.parsed(key, |text| text.parse().ok(), 0.0)
    }

    /// A whole number whose row demands at least 1.
    pub fn count(self, key: &str) -> NonZeroU32 {
        self.parsed(key, |text| NonZeroU32::new(u32::try_from(whole(text)?).ok()?), NonZeroU32::MIN)
    }

    pub fn duration(self, key: &str) -> Duration {
        self.parsed(key, |text| duration(text).ok(), Duration::ZERO)
    }

    pub fn bytes(self, key: &str) -> u64 {
        self.parsed(key, |text| quantity::bytes(text).ok(), 0)
    }

    pub fn priority(self, key: &str) -> Priority {
        self.parsed(key, |text| priority(text).ok(), Priority::Debug)
    }

    /// A priority, where it is set.
    pub fn set_priority(self, key: &str) -> Option<Priority> {
        priority(self.node(key)?.as_str()?).ok()
    }

    /// The word of a key whose row lists its words.
    pub fn word(self, key: &str) -> &'static str {
        let Some(Kind::OneOf(words)) = self.row(key).map(|row| row.kind) else { return "" };
        self.parsed(key, |text| one_of(words, text), "")
    }

    /// A rate, where it is set: rates have no default.
    pub fn rate(self, key: &str) -> Option<Rate> {
        quantity::rate(self.node(key)?.as_str()?).ok()
    }

    /// A text or the texts of a list.
    pub fn texts(self, key: &str) -> Vec<&'a Node> {
        match self.node(key) {
            Some(node) => match node.as_sequence() {
                Some(items) => items.iter().collect(),
                None => vec![node],
            },
            None => Vec::new(),
        }
    }
}

/// Quotes make no difference to Falco, so the text alone counts.
fn plain(text: &str) -> Node {
    Node { place: Place::default(), value: lanner_diagnostic::Value::Plain(text.to_owned()) }
}

fn bool(text: &str) -> Option<bool> {
    plain(text).as_bool()
}

fn whole(text: &str) -> Option<i64> {
    plain(text).as_i64()
}
