//! How the router, the workers and `lanner journal` talk to the journal's thread.

use std::collections::BTreeMap;
use std::sync::Arc;

use lanner_alert::{Alert, Priority, Timestamp, Value};
use tokio::sync::{oneshot, watch};
use uuid::Uuid;

use crate::JournalError;
use crate::aside::is_damage;
use crate::outbox::{Due, End, OutboxRow, Outcome, Step};
use crate::queue::{Change, Entry, Queue};
use crate::replay::{RawReplaying, Replay, Replaying};
use crate::settings::{Clock, OutputId, Registered};
use crate::stats::Stats;
use crate::store::{RawBatch, Store};

/// Consecutive alerts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Batch {
    /// Each with its place in the journal.
    pub alerts: Vec<(u64, Arc<Alert>)>,
    /// How far the batch goes: the last place, readable or not.
    pub through: u64,
    /// Alerts whose rows are damaged.
    pub unreadable: u64,
}

/// The router's and the workers' end of the journal. What changes something is answered when it is committed,
/// and is tried again until then (a full disk may take a while); what asks is answered at once.
#[derive(Clone)]
pub struct Handle {
    pub(crate) queue: Arc<Queue>,
    pub(crate) accepted: watch::Receiver<u64>,
    pub(crate) asked: watch::Receiver<()>,
    pub(crate) outputs: Arc<[Registered]>,
    pub(crate) clock: Clock,
    pub(crate) hostname: Arc<str>,
}

impl Handle {
    /// The outputs that the journal knows: first the configured ones, in the order they were named in when it
    /// was opened, then those that an earlier configuration named.
    pub fn outputs(&self) -> &[Registered] {
        &self.outputs
    }

    /// The time as the journal has it.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// The place of the last accepted alert, as it changes.
    pub fn accepted(&self) -> watch::Receiver<u64> {
        self.accepted.clone()
    }

    /// Changes when another process has asked for something: a dead letter was put back into the outbox, or
    /// there may be something to be sent again.
    pub fn asked(&self) -> watch::Receiver<()> {
        self.asked.clone()
    }

    /// What is to be sent again, up to a number of alerts. One that can't be read back is left out.
    ///
    /// # Errors
    /// As every question: the journal is closed, or can't be read.
    pub async fn replay(&self, limit: usize) -> Result<Replaying, JournalError> {
        let raw = match self.ask(move |store| store.replay(limit)).await? {
            RawReplaying::Nothing => return Ok(Replaying::Nothing),
            RawReplaying::Later => return Ok(Replaying::Later),
            RawReplaying::Now(raw) => raw,
        };
        let alerts = raw.texts.iter().filter_map(|text| serde_json::from_slice(text).ok()).map(Arc::new);
        Ok(Replaying::Now(Replay { output: raw.output, alerts: alerts.collect(), progress: raw.progress }))
    }

    /// The last alert that was routed.
    ///
    /// # Errors
    /// As every question: the journal is closed, or can't be read.
    pub async fn cursor(&self) -> Result<u64, JournalError> {
        self.ask(|store| store.cursor()).await
    }

    /// The alerts after that place, up to a number of them.
    ///
    /// # Errors
    /// As every question: the journal is closed, or can't be read.
    pub async fn after(&self, seq: u64, limit: usize) -> Result<Batch, JournalError> {
        let texts = match self.ask(move |store| store.after(seq, limit)).await? {
            RawBatch::Recent(alerts) => {
                let through = alerts.last().map_or(seq, |(seq, _)| *seq);
                return Ok(Batch { alerts, through, unreadable: 0 });
            }
            RawBatch::Texts(texts) => texts,
        };
        let mut batch = Batch { through: seq, ..Batch::default() };
        for (seq, text) in texts {
            batch.through = seq;
            match serde_json::from_slice(&text) {
                Ok(alert) => batch.alerts.push((seq, Arc::new(alert))),
                Err(error) => {
                    tracing::error!(seq, %error, "an alert in the journal can't be read; it is given up");
                    batch.unreadable += 1;
                }
            }
        }
        Ok(batch)
    }

    /// What the stages keep: stage, key and value.
    ///
    /// # Errors
    /// As every question: the journal is closed, or can't be read.
    pub async fn state(&self) -> Result<Vec<(String, String, String)>, JournalError> {
        self.ask(|store| store.state()).await
    }

    /// Makes a router's step.
    ///
    /// # Errors
    /// The journal was closed before it was made.
    pub async fn step(&self, step: Step) -> Result<(), JournalError> {
        self.change(Change::Step(step)).await
    }

    /// What an output has to send at that time, up to a number of rows; the updates of groups with what was said of
    /// their first notification. A row that can't be read back becomes a dead letter.
    ///
    /// # Errors
    /// As every question: the journal is closed, or can't be read.
    pub async fn due(&self, output: OutputId, now: Timestamp, limit: usize) -> Result<Due, JournalError> {
        let raw = self.ask(move |store| store.due(output, now, limit)).await?;
        let mut due = Due { next: raw.next, ..Due::default() };
        let mut damaged = Vec::new();
        for (id, attempt, raw) in raw.rows {
            match raw.parse() {
                Some(notification) => due.rows.push(OutboxRow { id, attempt, notification }),
                None => {
                    tracing::error!(
                        row = id,
                        "a notification in the journal can't be read; it is a dead letter"
                    );
                    let end = End::Refused { answer: "it could not be read back from the journal".into() };
                    damaged.push(Outcome { row: id, end });
                }
            }
        }
        for row in &mut due.rows {
            if let Some(group) = row.notification.group.as_mut().filter(|group| group.update > 0) {
                let first = group.id;
                group.receipt = self.ask(move |store| store.receipt(output, first)).await?;
            }
        }
        if !damaged.is_empty() {
            self.settle(output, damaged).await?;
            // There may be more than was asked for.
            due.next = due.next.or(Some(now));
        }
        Ok(due)
    }

    /// Acknowledges, postpones or buries rows of an output.
    ///
    /// # Errors
    /// The journal was closed before it was done.
    pub async fn settle(&self, output: OutputId, outcomes: Vec<Outcome>) -> Result<(), JournalError> {
        self.change(Change::Settle(output, outcomes)).await
    }

    /// Has an alert of Lanner's own accepted.
    ///
    /// # Errors
    /// The journal is closed, and the alert is not taken.
    pub fn tell(
        &self,
        rule: &str,
        priority: Priority,
        output: String,
        fields: BTreeMap<String, Value>,
    ) -> Result<(), JournalError> {
        let id = Uuid::now_v7();
        let alert = Alert::internal(id, rule, priority, output, fields, self.now(), self.hostname.clone());
        self.queue.push(Entry::Alert(alert))
    }

    /// Waits until everything that was handed over before is committed; the place of the last accepted alert.
    ///
    /// # Errors
    /// The journal was closed before it was.
    pub async fn flush(&self) -> Result<u64, JournalError> {
        self.change(Change::Flush).await?;
        Ok(*self.accepted.borrow())
    }

    /// The journal in figures.
    ///
    /// # Errors
    /// As every question: the journal is closed, or can't be read.
    pub async fn stats(&self) -> Result<Stats, JournalError> {
        self.ask(|store| Stats::of(&store.db, &store.settings.path, store.now())).await
    }

    async fn change(&self, change: Change) -> Result<(), JournalError> {
        let (done, answer) = oneshot::channel();
        self.queue.write(change, done)?;
        answer.await.map_err(|_| JournalError::Closed)
    }

    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Store) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, JournalError> {
        let (reply, answer) = oneshot::channel();
        self.queue.read(Box::new(move |store| {
            let answer = question(store);
            let damage = answer.as_ref().err().filter(|error| is_damage(error)).map(ToString::to_string);
            // Who asked may have gone, which is no one's trouble.
            let _ = reply.send(answer);
            damage
        }))?;
        Ok(answer.await.map_err(|_| JournalError::Closed)??)
    }
}
