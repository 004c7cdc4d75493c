//! Falco's JSON object: its keys, its order, its types.

use serde_json::{Map, Value as Json};

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

/// The alert as Falco writes it: exactly Falco's keys, sorted; `count` where it stands for several, which only outputs
/// with dedup get; and `silenced` where it is, which only outputs for audits get to see.
pub fn json(alert: &Alert, options: &JsonOptions) -> Json {
    let mut object = Map::new();
    let mut put = |key: &str, value: Json| object.insert(key.to_owned(), value);
    if alert.count > 1 {
        put("count", Json::from(alert.count));
    }
    put("hostname", Json::from(&*alert.hostname));
    if options.message {
        put("message", Json::from(alert.output.as_str()));
    }
    if options.output {
        put("output", Json::from(text::line(alert, &options.time_format)));
    }
    if options.output_fields {
        let mut fields = Map::new();
        let (time_key, time) = match options.time_format {
            TimeFormat::Clock(_) => ("evt.time", alert.time.0),
            TimeFormat::Iso8601 => ("evt.time.iso8601", alert.time.0),
        };
        for (name, value) in &alert.output_fields {
            fields.insert(name.clone(), json_value(value));
        }
        fields.insert(time_key.to_owned(), Json::from(time));
        if let Some(causes) = &alert.causes {
            let causes: Vec<String> = causes.shown.iter().map(ToString::to_string).collect();
            fields.insert(CAUSES.to_owned(), Json::from(causes));
        }
        put("output_fields", Json::Object(fields));
    }
    put("priority", Json::from(alert.priority.name()));
    put("rule", Json::from(&*alert.rule));
    if let Some(silence) = &alert.silenced {
        put("silenced", Json::from(&**silence));
    }
    put("source", Json::from(&*alert.source));
    if options.tags {
        put("tags", Json::from(alert.tags.as_slice()));
    }
    put("time", Json::from(alert.time.utc()));
    Json::Object(object)
}

fn json_value(value: &Value) -> Json {
    // A value holds nothing that JSON lacks but a float that is no number, which becomes null.
    serde_json::to_value(value).unwrap_or(Json::Null)
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

    #[test]
    fn causes_stand_among_the_fields() {
        let options = JsonOptions::new(TimeFormat::Clock(TimeZone::UTC));
        let mut alert = alert();
        let cause = Cause { rule: "Login\nfailed".into(), output: String::new(), ..Cause::of(&alert) };
        alert.causes = Some(Arc::new([Cause::of(&alert), cause].into_iter().collect()));
        assert_eq!(
            json(&alert, &options)["output_fields"]["lanner.causes"].to_string(),
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
