//! Receivers of alerts over HTTP that are up, down, flapping or slow, refuse some, and remember what they took.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver as Told, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::free_port;
use crate::random::Random;
use crate::server::{Answer, Request, Server};

/// Of so many ids a receiver that refuses some refuses one.
const REFUSED_OF: u128 = 128;

/// How a receiver does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It takes what comes.
    Up,
    /// Nobody listens.
    Down,
    /// It takes some, turns some away, and takes some without saying so.
    Flapping,
    /// It takes what comes, and answers after that time.
    Slow(Duration),
}

/// How many occurrences, by rule; of a group those that are new, under no rule.
pub type Counts = BTreeMap<String, u64>;

/// Something that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Got {
    /// The notification's id.
    pub id: Uuid,
    /// What it stands for.
    pub counts: Counts,
    /// Whether it was made of alerts, rather than being one.
    pub made: bool,
    /// Whether the receiver said that it has it.
    pub answered: bool,
}

/// A process to be killed when something comes.
#[derive(Debug, Clone)]
pub struct Trap {
    /// With the so manieth request that is taken.
    pub nth: u64,
    /// Only those count that hold what was made of alerts.
    pub made: bool,
    /// The process, which is killed before it is answered and must be there until the trap is taken away; without it,
    /// who set the trap is told when it is answered.
    pub kill: Option<u32>,
}

struct State {
    got: Vec<Got>,
    mood: Mood,
    refuses: bool,
    random: Random,
    trap: Option<Trap>,
    tell: Sender<()>,
}

/// A receiver.
pub struct Receiver {
    port: u16,
    state: Arc<Mutex<State>>,
    told: Told<()>,
    server: Option<Server>,
}

#[derive(Deserialize)]
struct Item {
    id: Option<Uuid>,
    rule: String,
    #[serde(default = "one")]
    count: u64,
    #[serde(default)]
    output_fields: BTreeMap<String, Value>,
}

fn one() -> u64 {
    1
}

impl Receiver {
    /// Starts one that is up. `refuses` is whether it refuses some, always the same.
    pub fn start(refuses: bool, seed: u64) -> Receiver {
        let (tell, told) = channel();
        let (got, mood, random) = (Vec::new(), Mood::Up, Random::new(seed));
        let state = State { got, mood, refuses, random, trap: None, tell };
        let mut receiver =
            Receiver { port: free_port(), state: Arc::new(Mutex::new(state)), told, server: None };
        receiver.set(Mood::Up);
        receiver
    }

    /// Where to post to.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/alerts", self.port)
    }

    /// Has it do so from now on.
    pub fn set(&mut self, mood: Mood) {
        lock(&self.state).mood = mood;
        if mood == Mood::Down {
            self.server = None;
        } else if self.server.is_none() {
            let state = self.state.clone();
            self.server = Some(Server::start(self.port, Arc::new(move |request| take(&state, &request))));
        }
    }

    /// Sets a trap, or takes it away.
    pub fn trap(&self, trap: Option<Trap>) {
        lock(&self.state).trap = trap;
        while self.told.try_recv().is_ok() {}
    }

    /// Waits that long for what the trap tells; whether it did.
    pub fn trapped(&self, wait: Duration) -> bool {
        self.told.recv_timeout(wait).is_ok()
    }

    /// Waits until it has taken all that was sent by processes that have gone.
    pub fn settle(&self) {
        if let Some(server) = &self.server {
            server.settle();
        }
    }

    /// What it took from a place on.
    pub fn got(&self, from: usize) -> Vec<Got> {
        lock(&self.state).got[from..].to_vec()
    }

    /// Has it refuse nothing from now on.
    pub fn refuse_nothing(&self) {
        lock(&self.state).refuses = false;
    }

    /// Whether it refuses that one.
    pub fn refuses(&self, id: Uuid) -> bool {
        lock(&self.state).refuses && is_refused(id)
    }

    /// How much it took.
    pub fn count(&self) -> usize {
        lock(&self.state).got.len()
    }
}

fn is_refused(id: Uuid) -> bool {
    id.as_u128().is_multiple_of(REFUSED_OF)
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is in a request; nothing where it can't be read.
fn items(request: &Request) -> Option<Vec<Got>> {
    let items: Vec<Item> = match request.body.first()? {
        b'[' => serde_json::from_slice(&request.body).ok()?,
        _ => vec![serde_json::from_slice(&request.body).ok()?],
    };
    let key: Option<Uuid> = request.header("idempotency-key").and_then(|key| key.parse().ok());
    let got = |Item { id, rule, count, output_fields }: Item| {
        let id = id.or(key)?;
        let by_rule = output_fields.iter().filter_map(|(name, count)| {
            let rule = name.strip_prefix("lanner.alerts[")?.strip_suffix(']')?;
            Some((rule.to_owned(), count.as_u64()?))
        });
        let mut counts: Counts = by_rule.collect();
        let made = count > 1 || !counts.is_empty();
        // A group counts all that it had, and what no notification before had told of.
        if let Some(new) = output_fields.get("lanner.new").and_then(Value::as_u64) {
            counts = Counts::from([(String::new(), new)]);
        }
        if counts.is_empty() {
            counts.insert(rule, count);
        }
        Some(Got { id, counts, made, answered: true })
    };
    items.into_iter().map(got).collect()
}

fn take(state: &Mutex<State>, request: &Request) -> Option<Answer> {
    let say = |status| Some(Answer { status, kind: "text/plain", body: String::new(), retry_after: None });
    let items = items(request);
    let mut state = lock(state);
    let Some(mut items) = items else { return say(415) };
    let chance = if state.mood == Mood::Flapping { state.random.below(4) } else { 0 };
    if chance == 1 {
        return say(503);
    }
    if state.refuses && items.iter().any(|item| is_refused(item.id)) {
        return say(422);
    }
    let mut answered = chance == 0;
    let (mut kill, mut tell) = (None, false);
    let counts = |trap: &Trap| !trap.made || items.iter().any(|item| item.made);
    if let Some(trap) = state.trap.as_mut().filter(|trap| counts(trap)) {
        trap.nth = trap.nth.saturating_sub(1);
        if trap.nth == 0 {
            (kill, tell) = (trap.kill, trap.kill.is_none());
            answered &= kill.is_none();
            state.trap = None;
        }
    }
    items.iter_mut().for_each(|item| item.answered = answered);
    state.got.extend(items);
    let wait = if let Mood::Slow(wait) = state.mood { Some(wait) } else { None };
    if tell {
        // Who set the trap may have given it up.
        let _ = state.tell.send(());
    }
    if let Some(process) = kill {
        // SAFETY: kill touches no memory. As long as the trap is set, which is locked here, the process is a child that
        // its parent hasn't waited for yet.
        unsafe { libc::kill(process as i32, libc::SIGKILL) };
        return None;
    }
    drop(state);
    if let Some(wait) = wait {
        std::thread::sleep(wait);
    }
    match chance {
        2 => None,
        3 => say(503),
        _ => say(200),
    }
}
