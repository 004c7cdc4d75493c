//! One notification of each kind, on which templates are tried before anything is sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use lanner_alert::{Alert, AlertId, Group, Kind, Notification, Priority, Tally, Timestamp, Value};

use crate::render;

/// An alert, a summary, a digest and a group. They have every field that outputs show.
pub fn notifications() -> [Notification; 4] {
    let time = Timestamp(1_762_000_000_123_456_789);
    let value = |name: &str| {
        let number = ["pid", "sid", "uid"].iter().any(|end| name.ends_with(end));
        if number { Value::Uint(1) } else { Value::from("a \"value\"") }
    };
    let fields: BTreeMap<_, _> = render::fields_shown().map(|name| (name.to_owned(), value(name))).collect();
    let output = "A file was opened \"so\"".to_owned();
    let alert =
        Alert::internal(AlertId::nil(), "A rule", Priority::Warning, output, fields, time, "host".into());
    let alert = Arc::new(Alert { tags: vec!["container".to_owned()], ..alert });
    let single = Notification::of(alert.clone(), time);
    let mut tally = Tally::default();
    tally.add(&alert);
    let summary = Notification { kind: Kind::Summary, alerts: Vec::new(), tally, ..single.clone() };
    let digest = Notification { kind: Kind::Digest, alerts: vec![alert], ..summary.clone() };
    let by = vec![("rule".to_owned(), Value::from("A rule"))];
    let group = Group { id: digest.id, update: 1, by, new: 1, receipt: None };
    let mut tally = digest.tally.clone();
    tally.merge(&digest.tally);
    let group = Notification { kind: Kind::Group, tally, group: Some(Box::new(group)), ..digest.clone() };
    [single, summary, digest, group]
}
