//! The texts that outputs have in common: titles, the facts worth showing, and the form of what stands for
//! many alerts.
//!
//! Nothing here is escaped for a medium yet but against control characters.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use lanner_alert::{
    Alert, Group, Kind, Notification, RuleCount, TALLIED, Tally, Timestamp, Value, falco, printable, truncate,
};

use crate::format::shown;
use crate::{Common, template};

/// The most rules that a text names of what stands for many alerts; the rest is counted.
pub const RULES_LISTED_MAX: usize = 20;
/// The most bytes of one fact's value in a mail or chat.
pub const FACT_BYTES_MAX: usize = 1024;

/// A label, a field, and another field that says more about it, with what stands before and behind that.
type Fact = (&'static str, &'static str, Option<(&'static str, &'static str, &'static str)>);

/// The facts that mail and chat show of an alert.
const FACTS: &[Fact] = &[
    ("Container", "container.name", Some((" (", "container.id", ")"))),
    ("Image", "container.image.repository", Some((":", "container.image.tag", ""))),
    ("Pod", "k8s.pod.name", Some((" (", "k8s.ns.name", ")"))),
    ("User", "user.name", Some((" (", "user.uid", ")"))),
    ("Login user", "user.loginname", None),
    ("Process", "proc.name", Some((" (", "proc.pid", ")"))),
    ("Command line", "proc.cmdline", None),
    ("Parent", "proc.pname", Some((" (", "proc.ppid", ")"))),
    ("Session", "proc.sid", None),
    ("File or peer", "fd.name", None),
];

/// The fields that mail and chat show where an alert has them: whoever makes alerts should fill them in.
pub fn fields_shown() -> impl Iterator<Item = &'static str> {
    let facts = FACTS.iter().flat_map(|(_, field, more)| [Some(*field), more.map(|(_, field, _)| field)]);
    // Those without a dot are the alert's own.
    let counted = TALLIED.iter().map(|(field, _)| *field).filter(|field| field.contains('.'));
    facts.flatten().chain(counted)
}

/// The facts of an alert that have a value, as (label, value): the host, then those of [`fields_shown`].
pub fn facts(alert: &Alert) -> Vec<(&'static str, String)> {
    let mut facts = vec![("Host", bounded(&alert.hostname))];
    for (label, field, more) in FACTS {
        let Some(mut value) = shown(&alert.field(field)) else { continue };
        if let Some((before, field, after)) = more
            && let Some(detail) = shown(&alert.field(field))
        {
            value = format!("{value}{before}{detail}{after}");
        }
        facts.push((label, bounded(&value)));
    }
    if alert.count > 1 {
        facts.push(("Occurrences", alert.count.to_string()));
    }
    facts
}

/// What a correlation made an alert of, in lines, each of at most so many bytes: how many alerts, and the first and the
/// last of them. Nothing for other alerts.
pub fn causes(alert: &Alert, zone: &TimeZone, bytes_max: usize) -> Vec<String> {
    let Some(causes) = &alert.causes else { return Vec::new() };
    let mut lines = vec![format!("Made of {}:", alerts(causes.count))];
    for (at, cause) in causes.shown.iter().enumerate() {
        if at == causes.shown.len() / 2 && causes.hidden() > 0 {
            lines.push(format!("… {} more …", causes.hidden()));
        }
        let mut line = format!("{}  {}", moment(cause.time, zone), printable(&cause.rule));
        if !cause.output.is_empty() {
            line.push_str(": ");
            line.push_str(&printable(&cause.output));
        }
        lines.push(truncate(&line, bytes_max).into_owned());
    }
    lines
}

fn bounded(text: &str) -> String {
    truncate(&printable(text), FACT_BYTES_MAX).into_owned()
}

/// The kind in a word.
pub fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Alert => "alert",
        Kind::Summary => "summary",
        Kind::Digest => "digest",
        Kind::Group => "group",
    }
}

/// The alert that a notification is of, where it is of one: sent by itself, or the only one of its group yet.
pub fn single(notification: &Notification) -> Option<&Arc<Alert>> {
    let alert = notification.alerts.first()?;
    let only = notification.kind == Kind::Group && notification.tally.total() == alert.count;
    (notification.kind == Kind::Alert || only).then_some(alert)
}

/// The notification in a few words: `Warning: Terminal shell in container`, `12 alerts withheld`.
pub fn title(notification: &Notification) -> String {
    if let Some(alert) = single(notification) {
        return format!("{}: {}", alert.priority, printable(&alert.rule));
    }
    match (notification.kind, &notification.group) {
        (Kind::Group, Some(group)) => {
            let new = if group.update > 0 { format!(", {} new", group.new) } else { String::new() };
            format!("{}{new}: {}", alerts(notification.tally.total()), together(group))
        }
        (Kind::Summary, _) => format!("{} withheld", alerts(notification.count())),
        _ => alerts(notification.count()),
    }
}

/// What the alerts of a group have in common: `container.name=web, user.name=root`.
pub fn together(group: &Group) -> String {
    let values = group.by.iter().map(|(field, value)| format!("{field}={}", bounded(&value.to_string())));
    let values: Vec<String> = values.collect();
    if values.is_empty() { "all together".to_owned() } else { values.join(", ") }
}

/// `1 alert`, `2 alerts`.
pub fn alerts(count: u64) -> String {
    if count == 1 { "1 alert".to_owned() } else { format!("{count} alerts") }
}

/// What stands for many alerts, in one sentence without its rules.
pub fn sentence(notification: &Notification, zone: &TimeZone) -> String {
    let Tally { since, until, .. } = notification.tally;
    let (count, what) = match (notification.kind, &notification.group) {
        (Kind::Group, Some(group)) => {
            let new = if group.update > 0 { format!(" ({} of them new)", group.new) } else { String::new() };
            (notification.tally.total(), format!("{new} came"))
        }
        (Kind::Summary, _) => (notification.count(), " were withheld by the rate limit".to_owned()),
        _ => (notification.count(), " came".to_owned()),
    };
    let with = notification.group.as_ref().filter(|group| !group.by.is_empty());
    let with = with.map(|group| format!(", with {}", together(group))).unwrap_or_default();
    let count = alerts(count);
    format!("{count}{what} between {} and {}{with}", moment(since, zone), moment(until, zone))
}

/// The most alerts whose outputs are among the fields of what stands for many.
const SHOWN_MAX: usize = 10;
/// The most values of a field that are shown.
const TOP_SHOWN_MAX: usize = 5;

/// Where most of it happened: for each field that is counted a word, and its most frequent values.
pub fn top(tally: &Tally) -> Vec<(&'static str, &'static str, Vec<String>)> {
    let of_field = |(field, word): &(&'static str, &'static str)| {
        let ranked = tally.top.get(*field)?.ranked();
        let shown = ranked.iter().take(TOP_SHOWN_MAX).map(|(value, count)| {
            let about = if count.over > 0 { "about " } else { "" };
            format!("{} ({about}{}{})", printable(value), count.count, new(count.new))
        });
        Some((*field, *word, shown.collect()))
    };
    TALLIED.iter().filter_map(of_field).collect()
}

/// What stands behind a count of what the digest before had none of.
pub fn new(new: bool) -> &'static str {
    if new { ", new" } else { "" }
}

/// A time as a person reads it: `2025-11-01 12:26:40 UTC`.
pub fn moment(time: Timestamp, zone: &TimeZone) -> String {
    time.zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

/// The rules of a tally, the most important first, those of one priority by how often they occurred.
pub fn ranked(tally: &Tally) -> Vec<(&str, &RuleCount)> {
    let mut rules: Vec<_> = tally.rules.iter().map(|(rule, count)| (&**rule, count)).collect();
    rules.sort_by_key(|(_, count)| Reverse((count.priority, count.count)));
    rules
}

/// The notification as one alert: its own, or, where it stands for many, one of Lanner's (source `internal`)
/// with the counts in `output_fields`, so that whatever reads Falco's alerts can read it.
pub fn as_alert<'a>(notification: &'a Notification, common: &Common) -> Cow<'a, Alert> {
    if let Some(alert) = single(notification) {
        return Cow::Borrowed(&**alert);
    }
    let ranked = ranked(&notification.tally);
    let mut listed: Vec<_> = ranked
        .iter()
        .take(RULES_LISTED_MAX)
        .map(|(rule, count)| format!("{} x {}", count.count, rule))
        .collect();
    if ranked.len() > RULES_LISTED_MAX {
        listed.push(format!("and {} more rules", ranked.len() - RULES_LISTED_MAX));
    }
    let rule = match notification.kind {
        Kind::Group => "Lanner internal: group",
        Kind::Digest => "Lanner internal: digest",
        Kind::Alert | Kind::Summary => "Lanner internal: alerts withheld",
    };
    let Tally { since, until, .. } = notification.tally;
    let mut fields = BTreeMap::from([
        ("lanner.alerts".to_owned(), Value::Uint(notification.tally.total())),
        ("lanner.since".to_owned(), Value::from(since.utc())),
        ("lanner.until".to_owned(), Value::from(until.utc())),
    ]);
    for (rule, count) in ranked {
        fields.insert(format!("lanner.alerts[{rule}]"), Value::Uint(count.count));
    }
    for (field, _, values) in top(&notification.tally) {
        let values = values.into_iter().map(Value::from).collect();
        fields.insert(format!("lanner.top[{field}]"), Value::List(values));
    }
    let shown = notification.alerts.iter().take(SHOWN_MAX);
    let shown: Vec<_> = shown.map(|alert| Value::from(&*truncate(&alert.output, FACT_BYTES_MAX))).collect();
    if !shown.is_empty() {
        fields.insert("lanner.shown".to_owned(), Value::List(shown));
    }
    if let Some(group) = &notification.group {
        fields.insert("lanner.group".to_owned(), Value::from(group.id.to_string()));
        fields.insert("lanner.update".to_owned(), Value::from(u64::from(group.update)));
        fields.insert("lanner.new".to_owned(), Value::Uint(group.new));
        fields.extend(group.by.iter().cloned());
    }
    let output = format!("{}: {}", sentence(notification, &common.zone), listed.join(", "));
    let hostname = common.hostname.clone();
    let (priority, time) = (notification.priority, notification.time);
    Cow::Owned(Alert {
        first_seen: since,
        last_seen: until,
        ..Alert::internal(notification.id, rule, priority, output, fields, time, hostname)
    })
}

/// The notification as one line without its end: what comes of the output's `template`, else Falco's JSON object
/// where `json_output` is set, else Falco's text.
pub fn line(notification: &Notification, common: &Common) -> String {
    if let Some(text) = common.templates.render(template::LINE.key, notification, common) {
        return text;
    }
    if common.json_output {
        falco::json(&as_alert(notification, common), &common.json).to_string()
    } else {
        falco::line(&as_alert(notification, common), &common.json.time_format)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn what_stands_for_many_reads_as_one() {
        let mut common = samples::common();
        assert_eq!(
            line(&samples::summary(), &common),
            "12:26:40.123456789: Critical 40 alerts were withheld by the rate limit between 2025-11-01 \
             11:26:40 UTC and 2025-11-01 12:26:40 UTC: 2 x Sensitive file opened for reading, 7 x Terminal \
             shell in container, 31 x Outbound connection not expected"
        );
        common.json_output = true;
        common.json.output = false;
        assert_eq!(
            line(&samples::digest(), &common),
            concat!(
                r#"{"hostname":"node-1","output_fields":{"evt.time":1762000000123456789,"#,
                r#""lanner.alerts":40,"lanner.alerts[Outbound connection not expected]":31,"#,
                r#""lanner.alerts[Sensitive file opened for reading]":2,"#,
                r#""lanner.alerts[Terminal shell in container]":7,"#,
                r#""lanner.shown":["/etc/shadow was read (user=root command=cat /etc/shadow)","#,
                r#""A shell was used in a container (user=root\ncommand=sh -c echo <b>hi</b> `id` <!here>)"],"#,
                r#""lanner.since":"2025-11-01T11:26:40.123456789Z","lanner.top[container.name]":["web (3)","#,
                r#""<b>db</b> (1)"],"lanner.top[hostname]":["node-1 (4)"],"lanner.top[proc.name]":["sh (4)"],"#,
                r#""lanner.top[user.name]":["root\\r\\nBcc: x@evil.example (4)"],"lanner.until":"2025-11-01T12:26:40.123456789Z"},"#,
                r#""priority":"Critical","rule":"Lanner internal: digest","source":"internal","tags":[],"#,
                r#""time":"2025-11-01T12:26:40.123456789Z"}"#
            )
        );
    }

    #[test]
    fn facts_leave_out_what_has_no_value() {
        let facts = facts(&samples::alert());
        assert_eq!(facts[0], ("Host", "node-1".to_owned()));
        assert_eq!(facts[1], ("Container", "web (3ad7b26ded6d)".to_owned()));
        assert!(facts.contains(&("User", "root\\r\\nBcc: x@evil.example (0)".to_owned())));
        assert!(!facts.iter().any(|(label, _)| *label == "File or peer"));
    }
}
