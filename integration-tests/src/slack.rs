//! What stands for Slack: an incoming webhook and `chat.postMessage`, as strict about Block Kit as Slack is.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::free_port;
use crate::server::{Answer, Request, Server};

/// The token that is accepted.
pub const TOKEN: &str = "xoxb-test-token";
/// The path of the incoming webhook.
pub const WEBHOOK: &str = "/services/T0/B0/secret";
/// The path of `chat.postMessage`.
pub const POST_MESSAGE: &str = "/api/chat.postMessage";
/// The path of `chat.update`.
pub const UPDATE: &str = "/api/chat.update";
/// The id of the channel.
const CHANNEL: &str = "C0";

#[derive(Default)]
struct State {
    messages: Vec<(Via, Value)>,
    refused: Vec<String>,
    /// How the next requests fail.
    failures: VecDeque<Failure>,
}

/// A request that fails, whatever it holds: its status, and seconds until the next attempt.
pub type Failure = (u16, Option<u32>);

/// How a message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// The incoming webhook.
    Webhook,
    /// `chat.postMessage`.
    PostMessage,
    /// `chat.update`, of a message that is there.
    Update,
}

/// The stand-in. It can be stopped and started again on its port.
pub struct Slack {
    port: u16,
    state: Arc<Mutex<State>>,
    server: Option<Server>,
}

impl Slack {
    /// Starts it.
    pub fn start() -> Slack {
        let mut slack = Slack { port: free_port(), state: Arc::default(), server: None };
        slack.resume();
        slack
    }

    /// Stops answering.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Answers again.
    pub fn resume(&mut self) {
        let state = self.state.clone();
        self.server = Some(Server::start(self.port, Arc::new(move |request| Some(answer(&state, &request)))));
    }

    /// Fails that many of the next requests, as Slack does when it is asked too often (429) or has trouble (5xx).
    pub fn fail_next(&self, failures: &[Failure]) {
        lock(&self.state).failures.extend(failures);
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The incoming webhook.
    pub fn webhook_url(&self) -> String {
        format!("http://127.0.0.1:{}{WEBHOOK}", self.port)
    }

    /// Where the API is.
    pub fn api_url(&self) -> String {
        format!("http://127.0.0.1:{}/api/", self.port)
    }

    /// The messages that came in one way.
    pub fn messages(&self, via: Via) -> Vec<Value> {
        let state = lock(&self.state);
        state.messages.iter().filter(|(by, _)| *by == via).map(|(_, message)| message.clone()).collect()
    }

    /// Why messages were refused.
    pub fn refused(&self) -> Vec<String> {
        lock(&self.state).refused.clone()
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(state: &Mutex<State>, request: &Request) -> Answer {
    if let Some((status, retry_after)) = lock(state).failures.pop_front() {
        return Answer { status, kind: "text/plain", body: "failed".to_owned(), retry_after };
    }
    let (posts, updates) = (request.path == POST_MESSAGE, request.path == UPDATE);
    let calls = posts || updates;
    let of = |status, kind, body| Answer { status, kind, body, retry_after: None };
    let text = |status, body: &str| of(status, "text/plain", body.to_owned());
    let api = |body: Value| of(200, "application/json", body.to_string());
    if !calls && request.path != WEBHOOK {
        return text(404, "no_service");
    }
    let message: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let token = format!("Bearer {TOKEN}");
    let posted = |number: usize| format!("1700000000.{number:06}");
    let there = |ts: &str| (1..=lock(state).messages.len()).any(|number| posted(number) == ts);
    let wrong = if calls && request.header("authorization") != Some(&token) {
        Some("invalid_auth".to_owned())
    } else if posts && message["channel"].as_str().is_none_or(str::is_empty) {
        Some("channel_not_found".to_owned())
    } else if updates && message["channel"] != CHANNEL {
        // By its name a channel isn't found here.
        Some("channel_not_found".to_owned())
    } else if updates && !message["ts"].as_str().is_some_and(there) {
        Some("message_not_found".to_owned())
    } else {
        check_message(&message).err()
    };
    let mut state = lock(state);
    if let Some(wrong) = wrong {
        state.refused.push(format!("{wrong}: {message}"));
        return if calls { api(json!({"ok": false, "error": wrong})) } else { text(400, "invalid_blocks") };
    }
    let via = match (posts, updates) {
        (true, _) => Via::PostMessage,
        (_, true) => Via::Update,
        _ => Via::Webhook,
    };
    let changed = message["ts"].as_str().filter(|_| updates).map(str::to_owned);
    state.messages.push((via, message));
    let ts = changed.unwrap_or_else(|| posted(state.messages.len()));
    if calls { api(json!({"ok": true, "ts": ts, "channel": CHANNEL})) } else { text(200, "ok") }
}

type Checked = Result<(), String>;

fn check_message(message: &Value) -> Checked {
    let fallback = message["text"].as_str().unwrap_or_default();
    at_most("the fallback text", fallback.chars().count(), 40_000)?;
    if fallback.is_empty() {
        return Err("no_text".to_owned());
    }
    let blocks = message["blocks"].as_array().map(Vec::as_slice).unwrap_or_default();
    at_most("blocks", blocks.len(), 50)?;
    blocks.iter().try_for_each(check_block)
}

fn check_block(block: &Value) -> Checked {
    match block["type"].as_str() {
        Some("header") => check_text(&block["text"], 150, &["plain_text"]),
        Some("divider") => Ok(()),
        Some("section") => {
            let fields = block["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
            at_most("fields", fields.len(), 10)?;
            fields.iter().try_for_each(|field| check_text(field, 2000, &["plain_text", "mrkdwn"]))?;
            match (&block["text"], fields.is_empty()) {
                (Value::Null, true) => Err("a section needs text or fields".to_owned()),
                (Value::Null, false) => Ok(()),
                (text, _) => check_text(text, 3000, &["plain_text", "mrkdwn"]),
            }
        }
        Some("context") => {
            let elements = block["elements"].as_array().map(Vec::as_slice).unwrap_or_default();
            at_most("elements of a context", elements.len(), 10)?;
            elements.iter().try_for_each(|element| check_text(element, 3000, &["plain_text", "mrkdwn"]))
        }
        Some("rich_text") if block["elements"].is_array() => Ok(()),
        other => Err(format!("a block of the type {other:?}")),
    }
}

fn check_text(text: &Value, max: usize, kinds: &[&str]) -> Checked {
    let kind = text["type"].as_str().unwrap_or_default();
    if !kinds.contains(&kind) {
        return Err(format!("a text of the type `{kind}`"));
    }
    let length = text["text"].as_str().unwrap_or_default().chars().count();
    if length == 0 {
        return Err("an empty text".to_owned());
    }
    at_most("characters of a text", length, max)
}

fn at_most(what: &str, count: usize, max: usize) -> Checked {
    if count > max { Err(format!("{count} {what}, at most {max} are allowed")) } else { Ok(()) }
}
