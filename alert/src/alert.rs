//! One alert.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Causes, Fingerprint, Priority, Timestamp, Value};

/// An alert's identity: a UUIDv7 (RFC 9562), so that ids sort by time. It stays the same through journal,
/// restarts and every output, and lets a receiver tell a second copy from a second alert.
pub type AlertId = uuid::Uuid;

/// One alert: Falco's, and what Lanner needs to route it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Its identity.
    pub id: AlertId,
    /// When the event happened.
    pub time: Timestamp,
    /// The rule that was true.
    pub rule: Arc<str>,
    /// The rule's priority.
    pub priority: Priority,
    /// The rule's event source: `syscall`, `k8s_audit`, or `internal` for Lanner's own.
    pub source: Arc<str>,
    /// The host's name.
    pub hostname: Arc<str>,
    /// The rule's output with its fields filled in; what an event contributed is not escaped for any medium.
    pub output: String,
    /// The values of the fields in the output, by the name they are written with.
    pub output_fields: BTreeMap<String, Value>,
    /// The rule's tags, sorted.
    pub tags: Vec<String>,
    /// What alerts that are the same have in common: a hash of the rule and its key fields.
    pub fingerprint: Fingerprint,
    /// How many occurrences this stands for.
    pub count: u64,
    /// When the first of them happened.
    pub first_seen: Timestamp,
    /// When the last of them happened.
    pub last_seen: Timestamp,
    /// The silence that keeps it from being sent, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silenced: Option<Arc<str>>,
    /// The route that it took to an output, where that says how it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<Arc<str>>,
    /// The values of every field that a matcher, key or template of the router names.
    pub facts: BTreeMap<String, Value>,
    /// The alerts that a correlation made it of, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causes: Option<Arc<Causes>>,
}

/// The event source of Lanner's own alerts.
const INTERNAL: &str = "internal";

impl Alert {
    /// An alert of Lanner itself.
    pub fn internal(
        id: AlertId,
        rule: &str,
        priority: Priority,
        output: String,
        output_fields: BTreeMap<String, Value>,
        time: Timestamp,
        hostname: Arc<str>,
    ) -> Alert {
        // What is told of one output is no repeat of what is told of another.
        let fingerprint = Fingerprint::of(rule, output_fields.get("lanner.output"));
        Alert {
            id,
            time,
            rule: rule.into(),
            priority,
            source: INTERNAL.into(),
            hostname,
            output,
            output_fields,
            tags: Vec::new(),
            fingerprint,
            count: 1,
            first_seen: time,
            last_seen: time,
            silenced: None,
            route: None,
            facts: BTreeMap::new(),
            causes: None,
        }
    }

    /// Whether it is one of Lanner itself.
    pub fn is_internal(&self) -> bool {
        &*self.source == INTERNAL
    }

    /// The value of a field by name: from the facts, else from the output's fields. `rule`, `priority`,
    /// `source`, `hostname` and `tags` can be asked for too.
    pub fn field(&self, name: &str) -> Value {
        match name {
            "rule" => Value::from(&*self.rule),
            "priority" => Value::from(self.priority.name()),
            "source" => Value::from(&*self.source),
            "hostname" => Value::from(&*self.hostname),
            "tags" => Value::List(self.tags.iter().map(|tag| Value::from(tag.as_str())).collect()),
            _ => self.fact(name).cloned().unwrap_or_default(),
        }
    }

    /// The value of a field of its event by name: from the facts, else from the output's fields.
    pub fn fact(&self, name: &str) -> Option<&Value> {
        self.facts.get(name).or_else(|| self.output_fields.get(name))
    }
}
