//! An alert as Falco wrote it, read again: for those who ask what would become of it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;

use super::json::CAUSES;
use crate::{Alert, AlertId, Causes, Fingerprint, Priority, Timestamp, Value};

/// Why a text is no alert of Falco's.
#[derive(Debug)]
pub struct ReadError(String);

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ReadError {}

/// What Falco always writes, and what its settings can leave out.
#[derive(Deserialize)]
struct Object {
    rule: String,
    priority: Priority,
    time: String,
    #[serde(default)]
    output: String,
    #[serde(default = "syscall")]
    source: String,
    #[serde(default)]
    hostname: String,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    output_fields: BTreeMap<String, Value>,
}

/// The source of events where none is named, as of rules.
fn syscall() -> String {
    "syscall".to_owned()
}

/// The alert of a JSON object as [`json`](super::json) writes it. It has no identity, and its fingerprint is of its rule
/// alone: the text has neither. Of causes it is known only that there are some.
///
/// # Errors
/// Where the text is no JSON object, or it lacks a rule, a priority or a time.
pub fn read(text: &str) -> Result<Alert, ReadError> {
    let object: Object = serde_json::from_str(text).map_err(|error| ReadError(error.to_string()))?;
    let time: Timestamp =
        object.time.parse().map_err(|_| ReadError(format!("`{}` is no time", object.time)))?;
    let Object { rule, priority, output, source, hostname, mut tags, output_fields, .. } = object;
    tags.sort();
    let causes = match output_fields.get(CAUSES) {
        Some(Value::List(causes)) => Some(Arc::new(Causes { count: causes.len() as u64, shown: Vec::new() })),
        _ => None,
    };
    Ok(Alert {
        id: AlertId::nil(),
        time,
        fingerprint: Fingerprint::of(&rule, []),
        rule: Arc::from(rule),
        priority,
        source: Arc::from(source),
        hostname: Arc::from(hostname),
        output,
        output_fields,
        tags,
        count: 1,
        first_seen: time,
        last_seen: time,
        silenced: None,
        route: None,
        facts: BTreeMap::new(),
        causes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_falco_writes_is_read() {
        let text = r#"{"hostname":"h","output":"12:26:40.1: Warning x","output_fields":{"evt.time":1762000000123456789,
            "fd.name":null,"proc.name":"sh"},"priority":"Warning","rule":"A rule","source":"k8s_audit",
            "tags":["b","a"],"time":"2025-11-01T12:26:40.123456789Z","uuid":"x"}"#;
        let alert = read(text).unwrap();
        assert_eq!(
            (&*alert.rule, alert.priority, &*alert.source, &*alert.hostname, alert.time.0),
            ("A rule", Priority::Warning, "k8s_audit", "h", 1_762_000_000_123_456_789)
        );
        assert_eq!(alert.tags, ["a", "b"]);
        assert_eq!(alert.field("proc.name"), Value::from("sh"));
        let short = read(r#"{"rule":"A","priority":"error","time":"2025-11-01T12:26:40Z"}"#).unwrap();
        assert_eq!((&*short.source, short.tags.len(), short.output_fields.len()), ("syscall", 0, 0));
    }

    #[test]
    fn what_is_no_alert_is_refused() {
        for (text, why) in [
            ("", "EOF"),
            ("[]", "invalid length 0"),
            (r#"{"rule":"A","priority":"error"}"#, "missing field `time`"),
            (r#"{"rule":"A","priority":"error","time":"now"}"#, "`now` is no time"),
            (r#"{"rule":"A","priority":"hig","time":"2025-11-01T12:26:40Z"}"#, "hig"),
            (r#"{"priority":"error","time":"2025-11-01T12:26:40Z"}"#, "missing field `rule`"),
        ] {
            let error = read(text).map(|_| ()).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
