//! What makes one alert of several, as rules files say it.

use std::sync::Arc;
use std::time::Duration;

use crate::{AlertFormat, Matcher, Priority};

/// What makes one alert of several that come within a time and have the same values of some fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correlation {
    /// Its name: the rule of the alerts that it makes.
    pub name: Arc<str>,
    /// What it is about.
    pub desc: String,
    /// Which alerts it takes.
    pub pattern: Pattern,
    /// The fields of which all of them have the same values. A value that is missing is one like others.
    pub by: Vec<String>,
    /// How long after the first of them the last comes at the latest.
    pub within: Duration,
    /// The text of its alerts, filled in from the one that completed it.
    pub output: AlertFormat,
    /// The priority of its alerts.
    pub priority: Priority,
    /// The tags of its alerts, sorted.
    pub tags: Vec<String>,
}

/// Which alerts a correlation takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// So many.
    Threshold {
        /// All of these are true of each.
        matchers: Vec<Matcher>,
        /// How many.
        count: usize,
    },
    /// Those that have so many different values of a field.
    Distinct {
        /// All of these are true of each.
        matchers: Vec<Matcher>,
        /// The field. An alert without a value of it doesn't count.
        field: String,
        /// How many values.
        count: usize,
    },
    /// One after the other.
    Sequence {
        /// What is true of the first, of the second, and so on: all matchers of a step.
        steps: Vec<Vec<Matcher>>,
    },
}

impl Pattern {
    /// The matchers, step by step; those that aren't a sequence have one.
    pub fn steps(&self) -> &[Vec<Matcher>] {
        match self {
            Pattern::Threshold { matchers, .. } | Pattern::Distinct { matchers, .. } => {
                std::slice::from_ref(matchers)
            }
            Pattern::Sequence { steps } => steps,
        }
    }
}

impl Correlation {
    /// The field of its alerts that says how many others each was made of.
    pub const COUNT_FIELD: &str = "lanner.alerts";
    /// The most alerts, or values, that one may be made of.
    pub const COUNT_MAX: usize = 1000;
    /// The most steps of a sequence.
    pub const STEPS_MAX: usize = 10;
}
