//! Alerts made of hits.

use std::collections::BTreeMap;
use std::sync::Arc;

use lanner_alert::{Alert, AlertId, Fingerprint, Timestamp, Value};
use lanner_rules::{Rendered, Rule};

/// The fields that, with the rule, tell alerts apart: where, by whom, to what. Every alert carries them.
pub const KEY_FIELDS: &[&str] = &[
    CONTAINER,
    "proc.name",
    "proc.pname",
    "fd.cip",
    "fd.sip",
    "fd.sport",
    "fd.name",
    "fs.path.name",
    "fs.path.source",
    "fs.path.target",
];

/// Where: the container, or the host where there is none.
const CONTAINER: &str = "container.id";
/// What of a connection tells alerts apart, in place of its name: that has the port that the client happened to get.
const CONNECTION: &str = "fd.sip";
/// What `container.id` says of the host.
const NO_CONTAINER: &str = "host";
/// See [`CONNECTION`].
const CONNECTION_NAME: &str = "fd.name";

/// The alert of a rule that was true of an event at that time.
pub fn alert(rule: &Rule, rendered: Rendered, time: u64, hostname: &Arc<str>) -> Alert {
    let time = Timestamp(time);
    let fingerprint = key_fingerprint(&rule.name, &rendered.facts, hostname);
    Alert {
        id: new_id(time),
        time,
        rule: rule.name.clone(),
        priority: rule.priority,
        source: rule.source.name().into(),
        hostname: hostname.clone(),
        output: rendered.output,
        output_fields: rendered.output_fields,
        tags: rule.tags.clone(),
        fingerprint,
        count: 1,
        first_seen: time,
        last_seen: time,
        silenced: None,
        route: None,
        facts: rendered.facts,
        causes: None,
    }
}

/// What alerts that are the same have in common, by their rule, the values of [`KEY_FIELDS`] and their host.
pub fn key_fingerprint(rule: &str, facts: &BTreeMap<String, Value>, hostname: &Arc<str>) -> Fingerprint {
    Fingerprint::of(rule, &key(facts, hostname))
}

/// The values that tell alerts of a rule apart.
fn key(facts: &BTreeMap<String, Value>, hostname: &Arc<str>) -> Vec<Value> {
    let value = |name: &str| facts.get(name).cloned().unwrap_or_default();
    let connected = value(CONNECTION) != Value::Null;
    let part = |name: &&str| match *name {
        CONTAINER if value(CONTAINER) == Value::from(NO_CONTAINER) => Value::from(&**hostname),
        CONNECTION_NAME if connected => Value::Null,
        name => value(name),
    };
    KEY_FIELDS.iter().map(part).collect()
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

    fn key_of(facts: &[(&str, &str)], hostname: &str) -> Vec<Value> {
        let facts = facts.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect();
        key(&facts, &hostname.into())
    }

    #[test]
    fn keys_tell_hosts_and_peers_apart_but_not_ports_that_happen() {
        let on_host = [("container.id", "host"), ("fd.name", "/etc/shadow")];
        assert_ne!(key_of(&on_host, "a"), key_of(&on_host, "b"));
        let in_container = [("container.id", "0123"), ("fd.name", "/etc/shadow")];
        assert_eq!(key_of(&in_container, "a"), key_of(&in_container, "b"));
        assert_ne!(key_of(&[("fd.name", "/a")], "a"), key_of(&[("fd.name", "/b")], "a"));
        let connection = |name, server| key_of(&[("fd.name", name), ("fd.sip", server)], "a");
        assert_eq!(
            connection("1.1.1.1:40000->2.2.2.2:80", "2.2.2.2"),
            connection("1.1.1.1:5->2.2.2.2:80", "2.2.2.2")
        );
        assert_ne!(connection("x", "2.2.2.2"), connection("x", "3.3.3.3"));
    }

    #[test]
    fn identities_sort_by_time_and_differ() {
        let (early, late) = (Timestamp(1_000_000_000_000), Timestamp(2_000_000_000_000));
        assert!(new_id(early) < new_id(late));
        assert_ne!(new_id(early), new_id(early));
        assert_eq!(new_id(early).get_version_num(), 7);
    }
}
