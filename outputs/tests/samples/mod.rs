//! Notifications to test with, hostile where an attacker has a say.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use lanner_alert::falco::{JsonOptions, TimeFormat};
use lanner_alert::{
    Alert, Cause, Causes, Fingerprint, Group, Kind, Notification, Priority, RuleCount, Tally, Timestamp,
    Value,
};
use uuid::Uuid;

use crate::{Common, Templates};

/// 2025-11-01T12:26:40Z.
pub const TIME: Timestamp = Timestamp(1_762_000_000_123_456_789);

pub fn common() -> Common {
    Common {
        name: "test".into(),
        hostname: "node-1".into(),
        batch: 1,
        json_output: false,
        json: JsonOptions::new(TimeFormat::Clock(TimeZone::UTC)),
        zone: TimeZone::UTC,
        templates: Templates::default(),
    }
}

pub fn alert() -> Alert {
    let fields = [
        ("container.id", Value::from("3ad7b26ded6d")),
        ("container.image.repository", Value::from("registry.example.org/shop/web")),
        ("container.image.tag", Value::from("1.27")),
        ("container.name", Value::from("web")),
        ("proc.cmdline", Value::from("sh -c echo <b>hi</b> & `id` *x* <!here> https://evil.example")),
        ("proc.name", Value::from("sh")),
        ("proc.pid", Value::Uint(4711)),
        ("proc.pname", Value::from("containerd-shim")),
        ("proc.sid", Value::Uint(1)),
        ("user.name", Value::from("root\r\nBcc: x@evil.example")),
        ("user.uid", Value::Uint(0)),
        ("fd.name", Value::Null),
    ];
    Alert {
        id: Uuid::from_u128(0x019a_0000_0000_7000_8000_0000_0000_0001),
        time: TIME,
        rule: "Terminal shell in container".into(),
        priority: Priority::Warning,
        source: "syscall".into(),
        hostname: "node-1".into(),
        output: "A shell was used in a container (user=root\ncommand=sh -c echo <b>hi</b> `id` <!here>)"
            .into(),
        output_fields: fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        tags: vec!["T1059".into(), "container".into(), "mitre_execution".into(), "shell".into()],
        fingerprint: Fingerprint(0x0123_4567_89ab_cdef),
        count: 1,
        first_seen: TIME,
        last_seen: TIME,
        silenced: None,
        route: None,
        facts: BTreeMap::new(),
        causes: None,
    }
}

pub fn single() -> Notification {
    Notification::of(Arc::new(alert()), TIME)
}

/// An alert that a correlation made of many.
pub fn correlated() -> Notification {
    let cause = |at: u64| {
        let time = Timestamp(TIME.0 - (100 - at) * 1_000_000_000);
        Cause { time, ..Cause::of(&alert()) }
    };
    let mut causes: Causes = (0..100).map(cause).collect();
    causes.shown[1].output.clear();
    causes.shown[2].output.push_str(&"x".repeat(250));
    let alert = Alert { causes: Some(Arc::new(causes)), rule: "Many shells".into(), ..alert() };
    Notification::of(Arc::new(alert), TIME)
}

fn tally() -> Tally {
    let count = |priority, count| RuleCount { priority, count, new: count == 2 };
    let mut counted = Tally::default();
    for (container, count) in [("web", 3), ("<b>db</b>", 1)] {
        let mut alert = Alert { count, ..alert() };
        alert.output_fields.insert("container.name".into(), Value::from(container));
        counted.add(&alert);
    }
    Tally {
        since: Timestamp(TIME.0 - 3_600_000_000_000),
        until: TIME,
        rules: BTreeMap::from([
            ("Outbound connection not expected".into(), count(Priority::Notice, 31)),
            ("Sensitive file opened for reading".into(), count(Priority::Critical, 2)),
            ("Terminal shell in container".into(), count(Priority::Warning, 7)),
        ]),
        top: counted.top,
    }
}

pub fn summary() -> Notification {
    Notification {
        id: Uuid::from_u128(0x019a_0000_0000_7000_8000_0000_0000_0002),
        kind: Kind::Summary,
        time: TIME,
        priority: Priority::Critical,
        alerts: Vec::new(),
        tally: tally(),
        group: None,
    }
}

pub fn digest() -> Notification {
    let mut first = alert();
    first.rule = "Sensitive file opened for reading".into();
    first.priority = Priority::Critical;
    first.output = "/etc/shadow was read (user=root command=cat /etc/shadow)".into();
    first.output_fields.insert("fd.name".into(), Value::from("/etc/shadow"));
    first.count = 2;
    Notification {
        id: Uuid::from_u128(0x019a_0000_0000_7000_8000_0000_0000_0003),
        kind: Kind::Digest,
        alerts: vec![Arc::new(first), Arc::new(alert())],
        ..summary()
    }
}

/// The first notification of a group, of its only alert.
pub fn group() -> Notification {
    let mut tally = Tally::default();
    tally.add(&alert());
    let id = Uuid::from_u128(0x019a_0000_0000_7000_8000_0000_0000_0004);
    let by = vec![
        ("container.name".to_owned(), Value::from("web")),
        ("user.name".to_owned(), Value::from("<!here>")),
    ];
    let group = Group { id, update: 0, by, new: 1, receipt: None };
    Notification { id, kind: Kind::Group, tally, group: Some(Box::new(group)), ..single() }
}

/// A later one of the same group.
pub fn update() -> Notification {
    let group = group().group.map(|group| Box::new(Group { update: 2, new: 3, ..*group }));
    let id = Uuid::from_u128(0x019a_0000_0000_7000_8000_0000_0000_0005);
    Notification { id, kind: Kind::Group, group, ..digest() }
}
