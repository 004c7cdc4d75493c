//! The alerts that an alert was made of.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Alert, AlertId, Timestamp, printable};

/// The most alerts that one carries as its causes: the first and the last of them.
pub const CAUSES_MAX: usize = 20;
/// The most bytes of a cause's output.
pub const CAUSE_BYTES_MAX: usize = 256;

/// An alert that another was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// Its identity.
    pub id: AlertId,
    /// When its event happened.
    pub time: Timestamp,
    /// Its rule.
    pub rule: Arc<str>,
    /// Its output, cut between words to [`CAUSE_BYTES_MAX`] bytes; empty where it wasn't kept.
    pub output: String,
}

impl Cause {
    /// The alert as a cause of another.
    pub fn of(alert: &Alert) -> Cause {
        let output = cut(&alert.output).into_owned();
        Cause { id: alert.id, time: alert.time, rule: alert.rule.clone(), output }
    }
}

/// The text cut between words, so that no half of a secret is left, which nobody would know for one.
fn cut(text: &str) -> Cow<'_, str> {
    if text.len() <= CAUSE_BYTES_MAX {
        return Cow::Borrowed(text);
    }
    let end = text.floor_char_boundary(CAUSE_BYTES_MAX - " …".len());
    let end = text[..end].rfind(char::is_whitespace).unwrap_or(0);
    Cow::Owned(format!("{} …", text[..end].trim_end()))
}

impl fmt::Display for Cause {
    /// When, the rule and the output, in one line, its control characters written out.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} {}", self.time, printable(&self.rule))?;
        if self.output.is_empty() { Ok(()) } else { write!(f, ": {}", printable(&self.output)) }
    }
}

/// The alerts that one was made of.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Causes {
    /// How many they are.
    pub count: u64,
    /// The first and the last of them, in order: all, where they are at most [`CAUSES_MAX`].
    pub shown: Vec<Cause>,
}

impl Causes {
    /// How many aren't shown: they came between the first half of those that are, and the rest.
    pub fn hidden(&self) -> u64 {
        self.count.saturating_sub(self.shown.len() as u64)
    }
}

/// All causes, the first and the last shown.
impl FromIterator<Cause> for Causes {
    fn from_iter<I: IntoIterator<Item = Cause>>(causes: I) -> Causes {
        let mut shown: Vec<Cause> = causes.into_iter().collect();
        let count = shown.len() as u64;
        if shown.len() > CAUSES_MAX {
            let first = CAUSES_MAX / 2;
            shown.drain(first..shown.len() - (CAUSES_MAX - first));
        }
        Causes { count, shown }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_cut_between_words() {
        assert_eq!(cut("a b"), "a b");
        assert_eq!(cut(&"é".repeat(CAUSE_BYTES_MAX)), " …");
        let long = format!("{}  token=é{}", "a".repeat(200), "x".repeat(100));
        assert_eq!(cut(&long), format!("{} …", "a".repeat(200)));
        let words = cut(&"word ".repeat(100)).into_owned();
        assert!(words.len() <= CAUSE_BYTES_MAX && words.ends_with("word …"), "{words}");
    }

    #[test]
    fn the_first_and_the_last_are_shown() {
        let cause = |n: u64| Cause {
            id: AlertId::nil(),
            time: Timestamp(n),
            rule: "r".into(),
            output: String::new(),
        };
        for (count, hidden, last_of_first) in [(2, 0, 0), (20, 0, 9), (21, 1, 9), (1000, 980, 9)] {
            let causes: Causes = (0..count).map(cause).collect();
            assert_eq!((causes.count, causes.hidden()), (count, hidden));
            let times: Vec<u64> = causes.shown.iter().map(|cause| cause.time.0).collect();
            let middle = times.len() / 2;
            assert_eq!((times[middle - 1], times.last().copied()), (last_of_first, Some(count - 1)));
        }
    }
}
