//! Counts over alerts that aren't all held: how many, of which rules, and where.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Alert, Priority, Timestamp, Value, truncate};

/// The fields whose values are counted, each with a word for it: whoever makes alerts should fill them in.
pub const TALLIED: &[(&str, &str)] =
    &[("hostname", "host"), ("container.name", "container"), ("proc.name", "process"), ("user.name", "user")];

/// The most values of a field that are counted at a time.
pub const TOP_VALUES_MAX: usize = 32;
/// The most bytes of a value.
const VALUE_BYTES_MAX: usize = 120;

/// How often a rule occurred.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleCount {
    /// Its highest priority.
    pub priority: Priority,
    /// How many occurrences.
    pub count: u64,
    /// Whether the digest before had none of it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub new: bool,
}

/// How often a value occurred.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ValueCount {
    /// How many occurrences, at the most.
    pub count: u64,
    /// So many of them may have been of values that had to make room.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub over: u64,
    /// Whether the digest before had none of it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub new: bool,
}

/// The values of a field that occurred most, in bounded memory (Metwally et al. 2005, "Efficient Computation of Frequent
/// and Top-k Elements in Data Streams"): a value of which there is more than one in [`TOP_VALUES_MAX`] is always there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Top(BTreeMap<String, ValueCount>);

impl Top {
    /// Counts a value, so many times, of which some may have been of others.
    fn add(&mut self, value: &str, count: u64, over: u64) {
        if let Some(known) = self.0.get_mut(value) {
            known.count += count;
            known.over += over;
            return;
        }
        let mut new = ValueCount { count, over, new: false };
        if self.0.len() >= TOP_VALUES_MAX
            && let Some(least) =
                self.0.iter().min_by_key(|(_, least)| least.count).map(|(value, _)| value.clone())
            && let Some(gone) = self.0.remove(&least)
        {
            new.count += gone.count;
            new.over += gone.count;
        }
        self.0.insert(value.to_owned(), new);
    }

    /// The values, the most frequent first.
    pub fn ranked(&self) -> Vec<(&str, &ValueCount)> {
        let mut values: Vec<_> = self.0.iter().map(|(value, count)| (&**value, count)).collect();
        values.sort_by_key(|(_, count)| Reverse(count.count));
        values
    }
}

/// Counts over alerts that a notification stands for without holding them all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// When the first occurred.
    pub since: Timestamp,
    /// When the last occurred.
    pub until: Timestamp,
    /// By rule.
    pub rules: BTreeMap<Arc<str>, RuleCount>,
    /// By the values of [`TALLIED`] fields; one without any value isn't there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub top: BTreeMap<String, Top>,
}

impl Tally {
    /// Counts one more alert.
    pub fn add(&mut self, alert: &Alert) {
        self.span(alert.first_seen, alert.last_seen);
        self.rule(&alert.rule, alert.priority, alert.count);
        for (field, _) in TALLIED {
            let value = match alert.field(field) {
                Value::Null => continue,
                value => value.to_string(),
            };
            if !value.is_empty() {
                self.value(field, &truncate(&value, VALUE_BYTES_MAX), alert.count, 0);
            }
        }
    }

    /// Adds the counts of another.
    pub fn merge(&mut self, other: &Tally) {
        if other.rules.is_empty() {
            return;
        }
        self.span(other.since, other.until);
        for (rule, count) in &other.rules {
            self.rule(rule, count.priority, count.count);
        }
        for (field, top) in &other.top {
            for (value, count) in &top.0 {
                self.value(field, value, count.count, count.over);
            }
        }
    }

    fn span(&mut self, since: Timestamp, until: Timestamp) {
        self.since = if self.rules.is_empty() { since } else { self.since.min(since) };
        self.until = self.until.max(until);
    }

    fn rule(&mut self, rule: &Arc<str>, priority: Priority, count: u64) {
        let known = self.rules.entry(rule.clone()).or_insert(RuleCount { priority, count: 0, new: false });
        known.priority = known.priority.max(priority);
        known.count += count;
    }

    fn value(&mut self, field: &str, value: &str, count: u64, over: u64) {
        match self.top.get_mut(field) {
            Some(top) => top.add(value, count, over),
            None => self.top.entry(field.to_owned()).or_default().add(value, count, over),
        }
    }

    /// Puts other values in place of those for which there are some.
    pub fn replace_values(&mut self, other: impl Fn(&str, &str) -> Option<String>) {
        for (field, top) in &mut self.top {
            for (value, count) in std::mem::take(&mut top.0) {
                let value = other(field, &value).unwrap_or(value);
                top.add(&value, count.count, count.over);
                if let Some(put) = top.0.get_mut(&value) {
                    put.new |= count.new;
                }
            }
        }
    }

    /// All occurrences.
    pub fn total(&self) -> u64 {
        self.rules.values().map(|rule| rule.count).sum()
    }

    /// The highest priority; `Debug` where nothing was counted.
    pub fn priority(&self) -> Priority {
        self.rules.values().map(|rule| rule.priority).max().unwrap_or(Priority::Debug)
    }

    /// The names of what was counted, without the counts.
    pub fn seen(&self) -> Seen {
        Seen {
            rules: self.rules.keys().cloned().collect(),
            values: self
                .top
                .iter()
                .map(|(field, top)| (field.clone(), top.0.keys().cloned().collect()))
                .collect(),
        }
    }

    /// Marks as new what isn't among what was seen before.
    pub fn mark_new(&mut self, before: &Seen) {
        for (rule, count) in &mut self.rules {
            count.new = !before.rules.contains(rule);
        }
        for (field, top) in &mut self.top {
            let seen = before.values.get(field);
            for (value, count) in &mut top.0 {
                count.new = !seen.is_some_and(|seen| seen.contains(value));
            }
        }
    }

    /// How much memory this takes, roughly, in bytes.
    pub fn bytes(&self) -> usize {
        let rules: usize = self.rules.keys().map(|rule| 80 + rule.len()).sum();
        let values = self.top.values().flat_map(|top| top.0.keys());
        200 + rules + values.map(|value| 80 + value.len()).sum::<usize>()
    }
}

/// Which rules there were, and which values of fields.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Seen {
    rules: BTreeSet<Arc<str>>,
    values: BTreeMap<String, BTreeSet<String>>,
}

// The shape of these is serde's.
fn is_false(value: &bool) -> bool {
    !*value
}

fn is_zero(value: &u64) -> bool {
    *value == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AlertId;

    fn alert(rule: &str, host: &str, count: u64) -> Alert {
        let (output, time) = (String::new(), Timestamp(1000));
        let fields = BTreeMap::from([("container.name".to_owned(), Value::from("web"))]);
        let alert =
            Alert::internal(AlertId::nil(), rule, Priority::Notice, output, fields, time, host.into());
        Alert { count, ..alert }
    }

    #[test]
    fn rules_hosts_and_containers_are_counted() {
        let mut tally = Tally::default();
        tally.add(&alert("A", "one", 3));
        tally.add(&alert("B", "two", 4));
        let mut other = Tally::default();
        other.add(&alert("A", "two", 5));
        tally.merge(&other);
        tally.merge(&Tally::default());
        assert_eq!((tally.total(), tally.since, tally.until), (12, Timestamp(1000), Timestamp(1000)));
        let count = |count| ValueCount { count, ..ValueCount::default() };
        assert_eq!(tally.top["hostname"].ranked(), [("two", &count(9)), ("one", &count(3))]);
        assert_eq!(tally.top["container.name"].ranked(), [("web", &count(12))]);
        assert!(!tally.top.contains_key("proc.name"), "nothing had one");
    }

    #[test]
    fn values_can_be_replaced() {
        let mut tally = Tally::default();
        for (host, count) in [("one", 1), ("two", 2), ("three", 3)] {
            tally.add(&alert("A", host, count));
        }
        tally.replace_values(|field, value| {
            (field == "hostname" && value.starts_with('t')).then(|| "t".to_owned())
        });
        let top: Vec<_> =
            tally.top["hostname"].ranked().iter().map(|(host, count)| (*host, count.count)).collect();
        assert_eq!(top, [("t", 5), ("one", 1)]);
    }

    #[test]
    fn what_was_not_there_before_is_new() {
        let (mut before, mut tally) = (Tally::default(), Tally::default());
        before.add(&alert("A", "one", 1));
        tally.add(&alert("A", "two", 1));
        tally.add(&alert("B", "one", 1));
        tally.mark_new(&before.seen());
        assert_eq!((tally.rules["A"].new, tally.rules["B"].new), (false, true));
        let new: Vec<_> =
            tally.top["hostname"].ranked().iter().map(|(host, count)| (*host, count.new)).collect();
        assert_eq!(new, [("one", false), ("two", true)]);
    }

    #[test]
    fn made_up_values_take_bounded_memory_and_hide_no_frequent_one() {
        let mut tally = Tally::default();
        for number in 0..1000 {
            tally.add(&alert("A", &format!("made up {number} {}", "x".repeat(1000)), 1));
            if number % 10 == 0 {
                tally.add(&alert("A", "often", 1));
            }
        }
        let top = tally.top["hostname"].ranked();
        assert_eq!(top.len(), TOP_VALUES_MAX);
        let often = top.iter().find(|(host, _)| *host == "often").expect("it is there");
        assert!(often.1.count >= 100 && often.1.count - often.1.over <= 100, "{often:?}");
        assert!(tally.bytes() < 10_000, "{}", tally.bytes());
    }
}
