//! What each output has seen, as texts that can be searched.

use lanner_integration_tests::slack::Via;
use serde_json::Value;

use crate::stand::{Stand, TOPIC};

/// A notification as an output has it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Its identity, where the output has it.
    pub id: Option<String>,
    /// All of it.
    pub text: String,
    /// The alert, where it is there as JSON.
    pub json: Option<Value>,
}

/// An output.
pub struct Output {
    pub name: &'static str,
    /// Whether the collector withholds its answers to it while an alert is in flight.
    pub withheld: bool,
    pub seen: fn(&Stand) -> Vec<Seen>,
}

/// All outputs of the configuration.
pub const OUTPUTS: &[Output] = &[
    // Standard output and the log share a file here: alerts are the lines that are JSON.
    Output { name: "stdout", withheld: false, seen: |stand| lines(&stand.lanner().said()) },
    Output {
        name: "file",
        withheld: false,
        seen: |stand| lines(&std::fs::read_to_string(stand.path("alerts.jsonl")).unwrap_or_default()),
    },
    Output {
        name: "syslog",
        withheld: false,
        seen: |stand| {
            let messages = stand.rsyslog.messages();
            let text = |message: &Value| message["msg"].as_str().unwrap_or_default().to_owned();
            messages.iter().flat_map(|message| lines(&text(message))).collect()
        },
    },
    Output {
        name: "mail",
        withheld: false,
        seen: |stand| {
            let mails = stand.mailpit.mails();
            let id = |mail: &str| mail.split('@').next().map(str::to_owned);
            mails
                .iter()
                .map(|mail| Seen {
                    id: id(&mail.id),
                    // Lines may be folded anywhere between words.
                    text: words(&format!("{} {}", mail.subject, mail.text)),
                    json: None,
                })
                .collect()
        },
    },
    Output { name: "slack webhook", withheld: false, seen: |stand| slack(stand, Via::Webhook) },
    Output { name: "slack bot", withheld: false, seen: |stand| slack(stand, Via::PostMessage) },
    Output {
        name: "kafka",
        withheld: false,
        seen: |stand| {
            let records = stand.kafka.records(TOPIC);
            let seen = |record: &lanner_integration_tests::kafka::Record| Seen {
                id: Some(record.id.clone()),
                text: record.value.clone(),
                json: serde_json::from_str(&record.value).ok(),
            };
            records.iter().map(seen).collect()
        },
    },
    Output {
        name: "http",
        withheld: true,
        seen: |stand| {
            let requests = stand.collector.requests();
            requests
                .iter()
                .filter(|request| request.path == "/alerts")
                .map(|request| {
                    let text = String::from_utf8_lossy(&request.body).into_owned();
                    let id = request.header("idempotency-key").map(str::to_owned);
                    Seen { id, json: serde_json::from_str(&text).ok(), text }
                })
                .collect()
        },
    },
    Output {
        name: "http in batches",
        withheld: true,
        seen: |stand| {
            let requests = stand.collector.requests();
            requests
                .iter()
                .filter(|request| request.path == "/alerts/batch")
                .flat_map(|request| {
                    serde_json::from_slice::<Vec<Value>>(&request.body).expect("a JSON array")
                })
                .map(|alert| Seen {
                    id: alert["id"].as_str().map(str::to_owned),
                    text: alert.to_string(),
                    json: Some(alert),
                })
                .collect()
        },
    },
];

/// The lines that are alerts.
fn lines(text: &str) -> Vec<Seen> {
    text.lines()
        .filter_map(|line| Some((line, serde_json::from_str::<Value>(line.trim()).ok()?)))
        .filter(|(_, json)| json["rule"].is_string())
        .map(|(line, json)| Seen { id: None, text: line.to_owned(), json: Some(json) })
        .collect()
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn slack(stand: &Stand, via: Via) -> Vec<Seen> {
    let texts = |message: &Value| {
        let mut texts = Vec::new();
        collect(message, &mut texts);
        texts.join(" ")
    };
    stand
        .slack
        .messages(via)
        .iter()
        .map(|message| {
            let text = words(&texts(message));
            let id = text.split("id ").filter_map(|rest| rest.get(..36)).find(|id| is_uuid(id));
            Seen { id: id.map(str::to_owned), text: text.clone(), json: None }
        })
        .collect()
}

fn is_uuid(text: &str) -> bool {
    text.bytes().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

/// Every text in a message.
fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(entries) => entries.values().for_each(|item| collect(item, texts)),
        _ => {}
    }
}
