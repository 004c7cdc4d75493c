//! What a template can say: a notification as the template engine sees it.

use std::collections::BTreeMap;
use std::sync::Arc;

use lanner_alert::{Alert, Cause, Group, Notification, Tally, Top, Value as FieldValue};
use minijinja::Value;
use minijinja::value::{Enumerator, Object};

use crate::{Common, render};

/// What there is in every template, and what it is.
pub const NAMES: &[(&str, &str)] = &[
    ("kind", "`alert`, `summary`, `digest` or `group`."),
    ("id", "The notification's id."),
    ("time", "When it was made, as `2025-11-01T12:26:40.123456789Z`."),
    ("title", "The notification in a few words."),
    ("priority", "The highest priority of what it stands for."),
    ("count", "How many occurrences it stands for; of a group those that are new."),
    ("first_seen", "When the first of them happened."),
    ("last_seen", "When the last of them happened."),
    ("rule", "The alert's rule; of what stands for many, Lanner's name for it."),
    ("output", "The alert's output; of what stands for many, that in a sentence."),
    ("source", "The alert's event source."),
    ("hostname", "The host's name."),
    ("tags", "The rule's tags."),
    ("silenced", "The silence that keeps it from outputs which aren't for audits; else none."),
    ("fields", "The fields of the alert: `fields[\"proc.name\"]`. One that it doesn't have is none."),
    (
        "causes",
        "The alerts that a correlation made it of, the first and the last: `time`, `rule`, `output`, `id`.",
    ),
    ("alerts", "The alerts, the most important first; each has the names above but `kind` and `title`."),
    (
        "rules",
        "How often each rule occurred: `rule`, `priority`, `count` and whether it is `new` since the last digest, the \
         most important first.",
    ),
    (
        "top",
        "Where it happened most: for `hostname`, `container.name`, `proc.name` and `user.name` a list of `value`, \
         `count` and `new`, the most frequent first; a field of which there is no value isn't there.",
    ),
    (
        "group",
        "Of a group its `id`, the number of this `update`, the fields that it was grouped `by` with their values, and \
         its `total`; else none.",
    ),
];

/// The context of a notification.
pub fn context(notification: &Notification, common: &Common) -> Value {
    let alert = match render::single(notification) {
        Some(alert) => alert.clone(),
        None => Arc::new(render::as_alert(notification, common).into_owned()),
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
                ("new", Value::from(count.new)),
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
        ("top", top(tally)),
        ("group", notification.group.as_ref().map_or(Value::from(()), |told| group(told, tally))),
    ]);
    Value::from(names)
}

fn top(tally: &Tally) -> Value {
    let values = |top: &Top| -> Value {
        let counted = top.ranked().into_iter().map(|(value, count)| {
            BTreeMap::from([
                ("value", Value::from(value)),
                ("count", Value::from(count.count)),
                ("new", Value::from(count.new)),
            ])
        });
        counted.map(Value::from).collect()
    };
    tally.top.iter().map(|(field, top)| (Value::from(&**field), values(top))).collect()
}

fn group(told: &Group, tally: &Tally) -> Value {
    let by: BTreeMap<&str, Value> = told.by.iter().map(|(field, of)| (&**field, value(of))).collect();
    Value::from(BTreeMap::from([
        ("id", Value::from(told.id.to_string())),
        ("update", Value::from(told.update)),
        ("by", Value::from(by)),
        ("total", Value::from(tally.total())),
    ]))
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
        ("causes", causes(alert)),
    ])
}

fn causes(alert: &Alert) -> Value {
    let cause = |cause: &Cause| {
        Value::from(BTreeMap::from([
            ("id", Value::from(cause.id.to_string())),
            ("time", Value::from(cause.time.utc())),
            ("rule", Value::from(&*cause.rule)),
            ("output", Value::from(&*cause.output)),
        ]))
    };
    alert.causes.iter().flat_map(|causes| &causes.shown).map(cause).collect()
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
