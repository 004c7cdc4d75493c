//! What an output is given to send.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Alert, Priority, Timestamp};

/// What a notification stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One alert, sent by itself.
    Alert,
    /// What a limit withheld.
    Summary,
    /// What came together over an interval.
    Digest,
}

/// How often a rule occurred.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleCount {
    /// Its highest priority.
    pub priority: Priority,
    /// How many occurrences.
    pub count: u64,
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
}

impl Tally {
    /// Counts one more alert.
    pub fn add(&mut self, alert: &Alert) {
        if self.rules.is_empty() {
            self.since = alert.first_seen;
        }
        self.since = self.since.min(alert.first_seen);
        self.until = self.until.max(alert.last_seen);
        let rule =
            self.rules.entry(alert.rule.clone()).or_insert(RuleCount { priority: alert.priority, count: 0 });
        rule.priority = rule.priority.max(alert.priority);
        rule.count += alert.count;
    }

    /// All occurrences.
    pub fn total(&self) -> u64 {
        self.rules.values().map(|rule| rule.count).sum()
    }

    /// The highest priority; `Debug` where nothing was counted.
    pub fn priority(&self) -> Priority {
        self.rules.values().map(|rule| rule.priority).max().unwrap_or(Priority::Debug)
    }
}

/// What an output is given to send: once it is made, only its delivery is tried again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// Its identity at the receiver (`Idempotency-Key`, `Message-ID`, Kafka's header `id`). That of a single
    /// alert is the alert's own.
    pub id: Uuid,
    /// What it stands for.
    pub kind: Kind,
    /// When it was made.
    pub time: Timestamp,
    /// The highest priority of what it stands for.
    pub priority: Priority,
    /// The alerts: one, or those of a digest that it has room for, the most important first; none in a
    /// summary.
    pub alerts: Vec<Arc<Alert>>,
    /// What a summary or a digest stands for, all of it counted; empty for a single alert.
    pub tally: Tally,
}

impl Notification {
    /// The notification of a single alert.
    pub fn of(alert: Arc<Alert>, now: Timestamp) -> Self {
        Notification {
            id: alert.id,
            kind: Kind::Alert,
            time: now,
            priority: alert.priority,
            alerts: vec![alert],
            tally: Tally::default(),
        }
    }

    /// How many occurrences it stands for.
    pub fn count(&self) -> u64 {
        match self.kind {
            Kind::Alert => self.alerts.iter().map(|alert| alert.count).sum(),
            Kind::Summary | Kind::Digest => self.tally.total(),
        }
    }
}
