//! Falco's JSON object: its keys, its order, its types.

use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};
use uuid::Uuid;

use super::TimeFormat;
use super::text;
use crate::{Alert, Value};

/// Which of the optional keys the object has: Falco's `json_include_*` settings.
#[derive(Debug, Clone)]
pub struct JsonOptions {
    /// `output`: the text line.
    pub output: bool,
    /// `message`: the output without time and priority.
    pub message: bool,
    /// `output_fields`.
    pub output_fields: bool,
    /// `tags`.
    pub tags: bool,
    /// How the time stands in `output`.
    pub time_format: TimeFormat,
}

impl JsonOptions {
    /// Falco's defaults.
    pub fn new(time_format: TimeFormat) -> Self {
        JsonOptions { output: true, message: false, output_fields: true, tags: true, time_format }
    }
}

/// The name of the causes among the fields: a text for each that is shown.
pub(super) const CAUSES: &str = "lanner.causes";

/// An alert as Falco writes it: exactly Falco's keys, sorted; `count` where it stands for several, which only outputs with
/// dedup get; and `silenced` where it is, which only outputs for audits get to see.
///
/// It is written as it is walked: with many alerts, a tree of it would cost more than all else that is done to send it.
#[derive(Debug, Clone, Copy)]
pub struct Json<'a> {
    alert: &'a Alert,
    options: &'a JsonOptions,
    id: Option<Uuid>,
}

/// The alert as Falco writes it.
pub fn json<'a>(alert: &'a Alert, options: &'a JsonOptions) -> Json<'a> {
    Json { alert, options, id: None }
}

impl Json<'_> {
    /// The same with an `id`, which Falco's doesn't have.
    #[must_use]
    pub fn with_id(self, id: Uuid) -> Self {
        Json { id: Some(id), ..self }
    }
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Json { alert, options, id } = *self;
        let mut object = serializer.serialize_map(None)?;
        if alert.count > 1 {
            object.serialize_entry("count", &alert.count)?;
        }
        object.serialize_entry("hostname", &*alert.hostname)?;
        if let Some(id) = id {
            object.serialize_entry("id", &id)?;
        }
        if options.message {
            object.serialize_entry("message", &alert.output)?;
        }
        if options.output {
            object.serialize_entry("output", &text::line(alert, &options.time_format))?;
        }
        if options.output_fields {
            object.serialize_entry("output_fields", &Fields { alert, options })?;
        }
        object.serialize_entry("priority", alert.priority.name())?;
        object.serialize_entry("rule", &*alert.rule)?;
        if let Some(silence) = &alert.silenced {
            object.serialize_entry("silenced", &**silence)?;
        }
        object.serialize_entry("source", &*alert.source)?;
        if options.tags {
            object.serialize_entry("tags", &alert.tags)?;
        }
        object.serialize_entry("time", &alert.time.utc())?;
        object.end()
    }
}

impl fmt::Display for Json<'_> {
    /// One line, without its end.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

/// The fields, with the event's time and an alert's causes among them, sorted by name.
struct Fields<'a> {
    alert: &'a Alert,
    options: &'a JsonOptions,
}

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Fields { alert, options } = *self;
        let time_key = match options.time_format {
            TimeFormat::Clock(_) => "evt.time",
            TimeFormat::Iso8601 => "evt.time.iso8601",
        };
        let causes = alert.causes.as_ref().map(|causes| {
            Value::List(causes.shown.iter().map(|cause| Value::Str(cause.to_string())).collect())
        });
        let time = Value::Uint(alert.time.0);
        let own = [Some((time_key, &time)), causes.as_ref().map(|causes| (CAUSES, causes))];
        let mut own = own.into_iter().flatten().peekable();
        let mut object = serializer.serialize_map(None)?;
        for (name, value) in &alert.output_fields {
            while let Some((name, value)) = own.next_if(|(own, _)| *own < name.as_str()) {
                object.serialize_entry(name, value)?;
            }
            if own.peek().is_none_or(|(own, _)| own != name) {
                object.serialize_entry(name, value)?;
            }
        }
        for (name, value) in own {
            object.serialize_entry(name, value)?;
        }
        object.end()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use jiff::tz::TimeZone;

    use super::*;
    use crate::{Cause, Fingerprint, Priority, Timestamp};

    fn alert() -> Alert {
        let time = Timestamp(1_762_000_000_123_456_789);
        Alert {
            id: uuid::Uuid::nil(),
            time,
            rule: "Shell".into(),
            priority: Priority::Warning,
            source: "syscall".into(),
            hostname: "h".into(),
            output: "shell (user=a\nb)".into(),
            output_fields: BTreeMap::from([
                ("user.name".to_owned(), Value::from("a\nb")),
                ("proc.pid".to_owned(), Value::from(7_i64)),
                ("k8s.pod.name".to_owned(), Value::Null),
            ]),
            tags: vec!["host".into(), "shell".into()],
            fingerprint: Fingerprint::default(),
            count: 1,
            first_seen: time,
            last_seen: time,
            silenced: None,
            route: None,
            facts: BTreeMap::new(),
            causes: None,
        }
    }

    #[test]
    fn all_keys() {
        let mut options = JsonOptions::new(TimeFormat::Clock(TimeZone::UTC));
        options.message = true;
        assert_eq!(
            json(&alert(), &options).to_string(),
            concat!(
                r#"{"hostname":"h","message":"shell (user=a\nb)","#,
                r#""output":"12:26:40.123456789: Warning shell (user=a\\nb)","#,
                r#""output_fields":{"evt.time":1762000000123456789,"k8s.pod.name":null,"proc.pid":7,"user.name":"a\nb"},"#,
                r#""priority":"Warning","rule":"Shell","source":"syscall","tags":["host","shell"],"#,
                r#""time":"2025-11-01T12:26:40.123456789Z"}"#
            )
        );
    }

    /// Whoever parses it finds the same, whatever fields there are.
    #[test]
    fn keys_are_sorted_and_stand_once() {
        let options = JsonOptions::new(TimeFormat::Clock(TimeZone::UTC));
        let mut alert = alert();
        alert.causes = Some(Arc::new([Cause::of(&alert)].into_iter().collect()));
        for name in ["evt.time", "evt.a", "evt.z", "lanner.causes", "a", "z"] {
            alert.output_fields.insert(name.to_owned(), Value::from("x"));
            let text = json(&alert, &options).with_id(uuid::Uuid::nil()).to_string();
            let parsed: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(parsed.to_string(), text);
            assert_eq!(parsed["output_fields"]["evt.time"], alert.time.0);
        }
    }

    #[test]
    fn causes_stand_among_the_fields() {
        let options = JsonOptions::new(TimeFormat::Clock(TimeZone::UTC));
        let mut alert = alert();
        let cause = Cause { rule: "Login\nfailed".into(), output: String::new(), ..Cause::of(&alert) };
        alert.causes = Some(Arc::new([Cause::of(&alert), cause].into_iter().collect()));
        assert_eq!(
            serde_json::to_value(json(&alert, &options)).unwrap()["output_fields"]["lanner.causes"]
                .to_string(),
            concat!(
                r#"["2025-11-01T12:26:40.123456789Z Shell: shell (user=a\\nb)","#,
                r#""2025-11-01T12:26:40.123456789Z Login\\nfailed"]"#
            )
        );
    }

    #[test]
    fn only_the_keys_that_are_asked_for() {
        let options = JsonOptions {
            output: false,
            message: false,
            output_fields: false,
            tags: false,
            time_format: TimeFormat::Iso8601,
        };
        assert_eq!(
            json(&alert(), &options).to_string(),
            r#"{"hostname":"h","priority":"Warning","rule":"Shell","source":"syscall","time":"2025-11-01T12:26:40.123456789Z"}"#
        );
    }

    #[test]
    fn what_stands_for_several_says_how_many() {
        let mut options = JsonOptions::new(TimeFormat::Clock(TimeZone::UTC));
        options.output_fields = false;
        let update = Alert { count: 12, silenced: Some("drill".into()), ..alert() };
        assert_eq!(
            json(&update, &options).to_string(),
            concat!(
                r#"{"count":12,"hostname":"h","#,
                r#""output":"12:26:40.123456789: Warning shell (user=a\\nb) (12 times) (silenced: drill)","#,
                r#""priority":"Warning","rule":"Shell","silenced":"drill","source":"syscall","tags":["host","shell"],"#,
                r#""time":"2025-11-01T12:26:40.123456789Z"}"#
            )
        );
    }
}
