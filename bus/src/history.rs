//! What became of accepted alerts, by output, as `lanner journal ls` and `show` tell it.

use std::collections::HashMap;
use std::fmt;

use lanner_alert::{Alert, Timestamp};
use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::JournalError;
use crate::beside::Beside;
use crate::store::{bytes, ns, time};

/// Which accepted alerts are meant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Those of this rule.
    pub rule: Option<String>,
    /// Those accepted from then on.
    pub since: Option<Timestamp>,
    /// Those accepted before.
    pub until: Option<Timestamp>,
}

/// An accepted alert, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Accepted {
    /// Its place in the journal.
    pub seq: u64,
    /// When it was accepted.
    pub accepted: Timestamp,
    /// Whether the router has taken it.
    pub routed: bool,
    /// It; none where its row is damaged.
    pub alert: Option<Alert>,
    /// What the journal knows of it, by output. An output of which it knows nothing wasn't to have it, or has it
    /// counted in something else, such as a digest with no room for it.
    pub fates: Vec<Fate>,
}

/// What became of an alert at an output.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fate {
    /// The output's name.
    pub output: String,
    /// What became of it there.
    #[serde(flatten)]
    pub state: State,
}

/// What became of an alert at an output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// A stage keeps it, to send it later or in something else.
    Kept {
        /// The stage.
        stage: String,
    },
    /// It waits to be sent.
    Waiting {
        /// How often it was tried.
        attempts: u32,
        /// When it is tried next, where it was tried.
        not_before: Timestamp,
        /// Why the last attempt failed.
        cause: Option<String>,
    },
    /// The receiver has it.
    Sent {
        /// Since when.
        at: Timestamp,
        /// How often it was tried.
        attempts: u32,
        /// What the receiver said of it; empty where it says nothing.
        receipt: String,
        /// The notification that it was sent in: its own id, or that of a digest.
        notification: Option<Uuid>,
    },
    /// The receiver refused it.
    Refused {
        /// The number of its dead letter.
        dead_letter: u64,
        /// When.
        at: Timestamp,
        /// How often it was tried.
        attempts: u32,
        /// What the receiver said.
        answer: String,
    },
}

impl fmt::Display for State {
    /// The state in a few words.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            State::Kept { stage } => write!(f, "kept by {stage}"),
            State::Waiting { attempts: 0, .. } => f.write_str("waiting"),
            State::Waiting { attempts, .. } => write!(f, "waiting, tried {attempts}×"),
            State::Sent { .. } => f.write_str("sent"),
            State::Refused { dead_letter, .. } => write!(f, "refused (dead letter {dead_letter})"),
        }
    }
}

/// The ids of everything that a JSON text holds. The causes of an alert are alerts of their own.
fn ids(text: &[u8]) -> Vec<Uuid> {
    fn walk(value: &Value, ids: &mut Vec<Uuid>) {
        match value {
            Value::Object(map) => {
                let id: Option<Uuid> = map.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok());
                ids.extend(id);
                let held = map.iter().filter(|(name, _)| *name != "causes");
                held.for_each(|(_, value)| walk(value, ids));
            }
            Value::Array(items) => items.iter().for_each(|value| walk(value, ids)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    if let Ok(value) = serde_json::from_slice(text) {
        walk(&value, &mut found);
    }
    found
}

/// Accepted alerts, told page by page: what is known by an alert's id, rather than its place, is read once.
pub struct History<'a> {
    beside: &'a Beside,
    filter: Filter,
    cursor: u64,
    /// The last alert that was looked at.
    at: u64,
    outputs: HashMap<u64, String>,
    /// How far each output's rows of the outbox were looked at: they lie in the order of their alerts.
    rows: HashMap<u64, u64>,
    by_id: HashMap<Uuid, Vec<Fate>>,
}

/// Alerts that are looked at at a time.
const PAGE: u64 = 1000;

impl Beside {
    /// The accepted alerts that a filter lets through, from the oldest on.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn history(&self, filter: Filter) -> Result<History<'_>, JournalError> {
        let first = "SELECT MIN(seq) FROM alerts WHERE ?1 IS NULL OR accepted >= ?1";
        let first: Option<u64> = self.db.query_row(first, [filter.since.map(ns)], |row| row.get(0))?;
        let at = first.unwrap_or(u64::MAX >> 1).saturating_sub(1);
        let mut history = History {
            beside: self,
            filter,
            cursor: self.db.query_row("SELECT cursor FROM router", [], |row| row.get(0))?,
            at,
            outputs: HashMap::new(),
            rows: HashMap::new(),
            by_id: HashMap::new(),
        };
        history.read()?;
        Ok(history)
    }

    /// The accepted alert at that place.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn accepted(&self, seq: u64) -> Result<Option<Accepted>, JournalError> {
        let mut history = self.history(Filter::default())?;
        history.at = seq.saturating_sub(1);
        Ok(history.page_of(1)?.into_iter().flatten().find(|accepted| accepted.seq == seq))
    }

    /// The place of the alert with that id.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn place(&self, id: Uuid) -> Result<Option<u64>, JournalError> {
        // Its id is the first thing in an alert's text.
        let sql = "SELECT seq FROM alerts WHERE substr(alert, 8, 36) = ?";
        Ok(self.db.query_row(sql, [id.to_string()], |row| row.get(0)).optional()?)
    }
}

impl History<'_> {
    /// Reads what is known by id.
    fn read(&mut self) -> rusqlite::Result<()> {
        let db = &self.beside.db;
        let mut outputs = db.prepare("SELECT id, name FROM outputs")?;
        let names = outputs.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        self.outputs = names.collect::<rusqlite::Result<_>>()?;
        let mut by_id: HashMap<Uuid, Vec<Fate>> = HashMap::new();
        let mut state = db.prepare("SELECT value, stage, key FROM state")?;
        let mut rows = state.query([])?;
        while let Some(row) = rows.next()? {
            let key: String = row.get(2)?;
            let output = key.split_once('@').map_or("", |(_, output)| output).to_owned();
            let state = State::Kept { stage: row.get(1)? };
            put(&mut by_id, ids(&bytes(row)?), &Fate { output, state });
        }
        let mut made = db.prepare(
            "SELECT made.notification, output, attempt, not_before, cause FROM outbox \
             JOIN notifications AS made ON made.id = outbox.notification",
        )?;
        let mut rows = made.query([])?;
        while let Some(row) = rows.next()? {
            let fate = Fate { output: self.name(row.get(1)?), state: waiting(row, 2)? };
            put(&mut by_id, ids(&bytes(row)?), &fate);
        }
        let mut letters =
            db.prepare("SELECT notification, output, id, at, attempt, answer FROM dead_letters")?;
        let mut rows = letters.query([])?;
        while let Some(row) = rows.next()? {
            let state = State::Refused {
                dead_letter: row.get(2)?,
                at: time(row.get(3)?),
                attempts: row.get(4)?,
                answer: row.get(5)?,
            };
            put(&mut by_id, ids(&bytes(row)?), &Fate { output: self.name(row.get(1)?), state });
        }
        let mut receipts =
            db.prepare("SELECT alerts, notification, output, at, attempt, receipt FROM receipts")?;
        let mut rows = receipts.query([])?;
        while let Some(row) = rows.next()? {
            let notification: Option<Uuid> = row.get::<_, String>(1)?.parse().ok();
            let alerts: String = row.get(0)?;
            let state = State::Sent {
                at: time(row.get(3)?),
                attempts: row.get(4)?,
                receipt: row.get(5)?,
                notification,
            };
            let within = alerts.split(' ').filter_map(|id| id.parse().ok()).chain(notification).collect();
            put(&mut by_id, within, &Fate { output: self.name(row.get(2)?), state });
        }
        self.by_id = by_id;
        Ok(())
    }

    fn name(&self, output: u64) -> String {
        self.outputs.get(&output).cloned().unwrap_or_default()
    }

    /// The next alerts, some of them at a time; nothing when there are no more.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn page(&mut self) -> Result<Option<Vec<Accepted>>, JournalError> {
        self.page_of(PAGE)
    }

    fn page_of(&mut self, limit: u64) -> Result<Option<Vec<Accepted>>, JournalError> {
        let until = self.filter.until.map(ns);
        let mut select = self.beside.db.prepare(
            "SELECT alert, seq, accepted FROM alerts WHERE seq > ?1 AND (?2 IS NULL OR accepted < ?2) \
             ORDER BY seq LIMIT ?3",
        )?;
        let rows = select.query_map(params![self.at, until, limit], |row| {
            Ok((bytes(row)?, row.get::<_, u64>(1)?, time(row.get(2)?)))
        })?;
        let rows: Vec<(Vec<u8>, u64, Timestamp)> = rows.collect::<rusqlite::Result<_>>()?;
        let Some((_, last, _)) = rows.last() else { return Ok(None) };
        let mut fates = self.fates(self.at + 1, *last)?;
        self.at = *last;
        let page = rows.into_iter().filter_map(|(text, seq, accepted)| {
            let alert: Option<Alert> = serde_json::from_slice(&text).ok();
            let rule = alert.as_ref().map(|alert| &*alert.rule);
            if self.filter.rule.as_deref().is_some_and(|wanted| rule != Some(wanted)) {
                return None;
            }
            let mut fates = fates.remove(&seq).unwrap_or_default();
            let by_id = alert.as_ref().and_then(|alert| self.by_id.get(&alert.id));
            fates.extend(by_id.into_iter().flatten().cloned());
            Some(Accepted { seq, accepted, routed: seq <= self.cursor, alert, fates })
        });
        Ok(Some(page.collect()))
    }

    /// What is known by place of the alerts from one to another.
    fn fates(&mut self, first: u64, last: u64) -> rusqlite::Result<HashMap<u64, Vec<Fate>>> {
        let mut fates: HashMap<u64, Vec<Fate>> = HashMap::new();
        let db = &self.beside.db;
        let mut outbox = db.prepare(
            "SELECT alert, id, attempt, not_before, cause FROM outbox WHERE output = ? AND id > ? ORDER BY id",
        )?;
        for (output, name) in &self.outputs {
            let seen = self.rows.entry(*output).or_default();
            let mut rows = outbox.query([*output, *seen])?;
            while let Some(row) = rows.next()? {
                // A row without an alert is of a notification, and is known by its id.
                let alert: Option<u64> = row.get(0)?;
                if alert.is_some_and(|alert| alert > last) {
                    break;
                }
                *seen = row.get(1)?;
                if let Some(alert) = alert.filter(|alert| *alert >= first) {
                    let fate = Fate { output: name.clone(), state: waiting(row, 2)? };
                    fates.entry(alert).or_default().push(fate);
                }
            }
        }
        let mut sent = db.prepare(
            "SELECT alert, output, at, attempt, receipt FROM deliveries WHERE alert BETWEEN ? AND ?",
        )?;
        let mut rows = sent.query([first, last])?;
        while let Some(row) = rows.next()? {
            let state = State::Sent {
                at: time(row.get(2)?),
                attempts: row.get(3)?,
                receipt: row.get(4)?,
                notification: None,
            };
            fates.entry(row.get(0)?).or_default().push(Fate { output: self.name(row.get(1)?), state });
        }
        Ok(fates)
    }
}

fn waiting(row: &Row, from: usize) -> rusqlite::Result<State> {
    Ok(State::Waiting {
        attempts: row.get(from)?,
        not_before: time(row.get(from + 1)?),
        cause: row.get(from + 2)?,
    })
}

/// Puts a fate to each of the ids, once.
fn put(by_id: &mut HashMap<Uuid, Vec<Fate>>, mut ids: Vec<Uuid>, fate: &Fate) {
    ids.sort();
    ids.dedup();
    for id in ids {
        by_id.entry(id).or_default().push(fate.clone());
    }
}
