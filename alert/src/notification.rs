//! What an output is given to send.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Alert, Priority, Tally, Timestamp, Value};

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
    /// What belongs together, as far as it has come.
    Group,
}

/// Which group a notification tells of, and what it tells anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// The group's identity: the id of its first notification, of which the later ones are updates.
    pub id: Uuid,
    /// How many notifications of it came before.
    pub update: u32,
    /// The fields that its alerts have in common, each with their value of it.
    pub by: Vec<(String, Value)>,
    /// Occurrences that none of the notifications before told of.
    pub new: u64,
    /// What the receiver said of the first notification, where it has it: it lets an output change what it sent. Filled in
    /// when an update is sent.
    #[serde(skip)]
    pub receipt: Option<String>,
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
    /// The alerts: one, or those of a digest or group that it has room for, the most important first; none in a
    /// summary.
    pub alerts: Vec<Arc<Alert>>,
    /// What a summary or a digest stands for, all of it counted, and all that a group has had; empty for a single
    /// alert.
    pub tally: Tally,
    /// The group that it tells of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Box<Group>>,
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
            group: None,
        }
    }

    /// How many occurrences it stands for that no other notification does: of a group those that are new.
    pub fn count(&self) -> u64 {
        match (self.kind, &self.group) {
            (Kind::Alert, _) => self.alerts.iter().map(|alert| alert.count).sum(),
            (Kind::Group, Some(group)) => group.new,
            (Kind::Summary | Kind::Digest | Kind::Group, _) => self.tally.total(),
        }
    }
}
