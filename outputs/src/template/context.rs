//! What a template can say: a notification as the template engine sees it.

use std::collections::BTreeMap;
use std::sync::Arc;

use lanner_alert::{Alert, Notification, Tally, Value as FieldValue};
use minijinja::Value;
use minijinja::value::{Enumerator, Object};

use crate::{Common, render};

/// What there is in every template, and what it is.
pub const NAMES: &[(&str, &str)] = &[
    ("kind", "`alert`, `summary` or `digest`."),
    ("id", "The notification's id."),
    ("time", "When it was made, as `2025-11-01T12:26:40.123456789Z`."),
    ("title", "The notification in a few words."),
    ("priority", "The highest priority of what it stands for."),
    ("count", "How many occurrences it stands for."),
    ("first_seen", "When the first of them happened."),
    ("last_seen", "When the last of them happened."),
    ("rule", "The alert's rule; of a summary or digest, Lanner's name for it."),
    ("output", "The alert's output; of a summary or digest, what it stands for in a sentence."),
    ("source", "The alert's event source."),
    ("hostname", "The host's name."),
    ("tags", "The rule's tags."),
    ("silenced", "The silence that keeps it from outputs which aren't for audits; else none."),
    ("fields", "The fields of the alert: `fields[\"proc.name\"]`. One that it doesn't have is none."),
    ("alerts", "The alerts, the most important first; each has the names above but `kind` and `title`."),
    ("rules", "How often each rule occurred: `rule`, `priority` and `count`, the most important first."),
];

/// The context of a notification.
pub fn context(notification: &Notification, common: &Common) -> Value {
    let alert = match (notification.kind, notification.alerts.first()) {
        (lanner_alert::Kind::Alert, Some(alert)) => alert.clone(),
        _ => Arc::new(render::as_alert(notification, common)),
    };
    let mut counted = Tally::default();
    let tally = if notification.kind == lanner_alert::Kind::Alert {
        notification.alerts.iter().for_each(|alert| counted.add(alert));
        &counted
    } else {
        &notification.tally
    };
    let rules: Vec<Value> = render::ranked(tally)
        .into_iter()
        .map(|(rule, count)| {
            Value::from(BTreeMap::from([
                ("rule", Value::from(rule)),
                ("priority", Value::from(count.priority.name())),
                ("count", Value::from(count.count)),
            ]))
        })
        .collect();
    let mut names = of_alert(&alert);
    names.extend([
        ("kind", Value::from(render::kind(notification.kind))),
        ("id", Value::from(notification.id.to_string())),
        ("time", Value::from(notification.time.utc())),
        ("title", Value::from(render::title(notification))),
        ("priority", Value::from(notification.priority.name())),
        ("count", Value::from(notification.count())),
        ("alerts", notification.alerts.iter().map(|alert| Value::from(of_alert(alert))).collect()),
        ("rules", Value::from(rules)),
    ]);
    Value::from(names)
}

fn of_alert(alert: &Arc<Alert>) -> BTreeMap<&'static str, Value> {
    BTreeMap::from([
        ("id", Value::from(alert.id.to_string())),
        ("time", Value::from(alert.time.utc())),
        ("priority", Value::from(alert.priority.name())),
        ("count", Value::from(alert.count)),
        ("first_seen", Value::from(alert.first_seen.utc())),
        ("last_seen", Value::from(alert.last_seen.utc())),
        ("rule", Value::from(&*alert.rule)),
        ("output", Value::from(&*alert.output)),
        ("source", Value::from(&*alert.source)),
        ("hostname", Value::from(&*alert.hostname)),
        ("tags", alert.tags.iter().map(|tag| Value::from(&**tag)).collect()),
        ("silenced", alert.silenced.as_deref().map_or_else(|| Value::from(()), Value::from)),
        ("fields", Value::from_object(Fields(alert.clone()))),
    ])
}

/// The fields of an alert, by name.
#[derive(Debug)]
struct Fields(Arc<Alert>);

impl Object for Fields {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(value(&self.0.field(key.as_str()?)))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let names = self.0.output_fields.keys().chain(self.0.facts.keys());
        let names: std::collections::BTreeSet<&String> = names.collect();
        Enumerator::Values(names.into_iter().map(|name| Value::from(&**name)).collect())
    }
}

fn value(field: &FieldValue) -> Value {
    match field {
        FieldValue::Null => Value::from(()),
        FieldValue::Bool(value) => Value::from(*value),
        FieldValue::Uint(number) => Value::from(*number),
        FieldValue::Int(number) => Value::from(*number),
        FieldValue::Float(number) => Value::from(*number),
        FieldValue::Str(text) => Value::from(&**text),
        FieldValue::List(items) => items.iter().map(value).collect(),
    }
}
