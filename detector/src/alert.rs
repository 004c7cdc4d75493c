//! Alerts made of hits.

use std::collections::BTreeMap;
use std::sync::Arc;

use lanner_alert::{Alert, AlertId, Priority, Timestamp, Value, fingerprint};
use lanner_rules::{Rendered, Rule};

/// The fields that, with the rule, tell alerts apart: where, by whom, to what. Every alert carries them.
pub const KEY_FIELDS: &[&str] =
    &["container.id", "proc.name", "proc.pname", "fd.name", "fs.path.name", "fs.path.target"];

/// The event source of Lanner's own alerts.
const INTERNAL: &str = "internal";

/// The alert of a rule that was true of an event at that time.
pub fn alert(rule: &Rule, rendered: Rendered, time: u64, hostname: &Arc<str>) -> Alert {
    let time = Timestamp(time);
    let missing = Value::Null;
    let key = KEY_FIELDS.iter().map(|name| rendered.facts.get(*name).unwrap_or(&missing));
    let fingerprint = fingerprint(&rule.name, key);
    Alert {
        id: new_id(time),
        time,
        rule: rule.name.clone(),
        priority: rule.priority,
        source: rule.source.clone(),
        hostname: hostname.clone(),
        output: rendered.output,
        output_fields: rendered.output_fields,
        tags: rule.tags.clone(),
        fingerprint,
        count: 1,
        first_seen: time,
        last_seen: time,
        facts: rendered.facts,
    }
}

/// An alert of Lanner itself.
pub fn internal(
    rule: &str,
    priority: Priority,
    output: String,
    fields: BTreeMap<String, Value>,
    time: Timestamp,
    hostname: &Arc<str>,
) -> Alert {
    Alert {
        id: new_id(time),
        time,
        rule: rule.into(),
        priority,
        source: INTERNAL.into(),
        hostname: hostname.clone(),
        output,
        output_fields: fields,
        tags: Vec::new(),
        fingerprint: fingerprint(rule, []),
        count: 1,
        first_seen: time,
        last_seen: time,
        facts: BTreeMap::new(),
    }
}

/// A new identity (UUIDv7, RFC 9562 §5.7): the milliseconds of its time, and random bits.
pub fn new_id(time: Timestamp) -> AlertId {
    let mut random = [0; 10];
    // SAFETY: the buffer is as long as is said. The kernel's generator is ready long before Lanner starts, and
    // gives up to 256 bytes whole.
    unsafe { libc::getrandom(random.as_mut_ptr().cast(), random.len(), 0) };
    uuid::Builder::from_unix_timestamp_millis(time.0 / 1_000_000, &random).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_sort_by_time_and_differ() {
        let (early, late) = (Timestamp(1_000_000_000_000), Timestamp(2_000_000_000_000));
        assert!(new_id(early) < new_id(late));
        assert_ne!(new_id(early), new_id(early));
        assert_eq!(new_id(early).get_version_num(), 7);
    }
}
