//! What the router and the workers say to the journal, and the outbox between the two.

use std::sync::Arc;

use lanner_alert::{Alert, Notification, Timestamp};
use rusqlite::{OptionalExtension, Row, params};
use uuid::Uuid;

use crate::replay::Progress;
use crate::settings::OutputId;
use crate::store::{Store, bytes, json, ns, time};

/// One step of the router, made as one transaction.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Step {
    /// The last alert that was routed.
    pub cursor: u64,
    /// When the step was made.
    pub made: Timestamp,
    /// What the stages keep, where it changed.
    pub state: Vec<StateChange>,
    /// What is to be sent.
    pub outbox: Vec<Outgoing>,
    /// Alerts that were made of others: they are accepted with the step, and are to be routed like any other.
    pub accept: Vec<Arc<Alert>>,
    /// What could not be read back, to be counted and announced.
    pub unreadable: u64,
    /// How far a replay has come by this step.
    pub replayed: Option<Progress>,
}

/// A value that a stage keeps across restarts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateChange {
    /// The stage's name.
    pub stage: &'static str,
    /// What the stage knows it by.
    pub key: String,
    /// Its new value; none to remove it.
    pub value: Option<String>,
}

/// Something for an output to send.
#[derive(Debug, Clone, PartialEq)]
pub enum Outgoing {
    /// An accepted alert by itself, as it is.
    Alert {
        /// Its place in the journal.
        seq: u64,
        /// For whom.
        output: OutputId,
    },
    /// A notification that the router made.
    Notification {
        /// It.
        notification: Notification,
        /// For whom.
        outputs: Vec<OutputId>,
    },
}

/// What an output has to send now.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Due {
    /// In the order to be sent.
    pub rows: Vec<OutboxRow>,
    /// If there is nothing: when the next row becomes due, of those that wait for another attempt.
    pub next: Option<Timestamp>,
}

/// A row of the outbox.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxRow {
    /// The row's key within its output.
    pub id: u64,
    /// How often it was tried.
    pub attempt: u32,
    /// What to send.
    pub notification: Notification,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The row's key within its output.
    pub row: u64,
    /// How it ended.
    pub end: End,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The receiver has it, and said this.
    Sent {
        /// The receipt; empty where the receiver gives none.
        receipt: String,
    },
    /// It is to be tried again.
    Retry {
        /// Not before.
        not_before: Timestamp,
        /// What went wrong.
        cause: String,
    },
    /// The receiver will not take it: it becomes a dead letter.
    Refused {
        /// What the receiver said.
        answer: String,
    },
}

/// A row as it lies in the table.
pub(crate) struct Stored {
    id: u64,
    pub(crate) attempt: u32,
    made: Timestamp,
    pub(crate) alert: Option<u64>,
    notification: Option<u64>,
}

impl Stored {
    fn read(row: &Row) -> rusqlite::Result<Stored> {
        Ok(Stored {
            id: row.get(0)?,
            attempt: row.get(1)?,
            made: time(row.get(2)?),
            alert: row.get(3)?,
            notification: row.get(4)?,
        })
    }
}

impl Store {
    /// Writes a router's step into the open transaction.
    pub(crate) fn step(&mut self, step: &Step) -> rusqlite::Result<()> {
        self.sql("UPDATE router SET cursor = MAX(cursor, ?), given_up = given_up + ?")?
            .execute(params![step.cursor, step.unreadable])?;
        if let Some(progress) = step.replayed {
            self.replayed(progress)?;
        }
        for alert in &step.accept {
            self.accept(alert, step.made)?;
        }
        for StateChange { stage, key, value } in &step.state {
            match value {
                Some(value) => {
                    self.sql("REPLACE INTO state VALUES (?, ?, ?)")?.execute(params![stage, key, value])?
                }
                None => {
                    self.sql("DELETE FROM state WHERE stage = ? AND key = ?")?.execute(params![stage, key])?
                }
            };
        }
        for outgoing in &step.outbox {
            match outgoing {
                // It went, counted as not routed, while the router had it in hand.
                Outgoing::Alert { seq, .. } if *seq <= self.evicted => {}
                Outgoing::Alert { seq, output } => {
                    self.put(*output, step.made, Some(*seq), None)?;
                }
                Outgoing::Notification { notification, outputs } => {
                    let id = self.keep(notification, outputs.len())?;
                    for output in outputs {
                        self.put(*output, step.made, None, Some(id))?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Adds a row to the outbox: an alert, or a notification that is kept.
    pub(crate) fn put(
        &mut self,
        output: OutputId,
        made: Timestamp,
        alert: Option<u64>,
        notification: Option<i64>,
    ) -> rusqlite::Result<()> {
        self.sql(
            "INSERT INTO outbox (output, id, made, not_before, attempt, alert, notification) \
             VALUES (?, ?, ?, 0, 0, ?, ?)",
        )?
        .execute(params![output.0, self.next_row + 1, ns(made), alert, notification])?;
        self.next_row += 1;
        Ok(())
    }

    fn keep(&self, notification: &Notification, refs: usize) -> rusqlite::Result<i64> {
        self.sql("INSERT INTO notifications (refs, notification) VALUES (?, ?)")?
            .insert(params![refs, json(notification)])
    }

    pub(crate) fn give_up(&self, output: u64, count: u64) -> rusqlite::Result<()> {
        self.sql("UPDATE outputs SET given_up = given_up + ? WHERE id = ?")?
            .execute(params![count, output])?;
        Ok(())
    }

    /// Writes what came of attempts into the open transaction.
    pub(crate) fn settle(
        &mut self,
        output: OutputId,
        outcomes: &[Outcome],
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let (mut sent, mut retried, mut refused) = (0, 0, 0);
        for Outcome { row, end } in outcomes {
            match end {
                End::Sent { receipt } => sent += self.sent(output, *row, receipt, now)?,
                End::Retry { not_before, cause } => {
                    retried += self
                        .sql(
                            "UPDATE outbox SET attempt = attempt + 1, not_before = ?, cause = ? \
                             WHERE output = ? AND id = ?",
                        )?
                        .execute(params![ns(*not_before), cause, output.0, *row])?;
                }
                End::Refused { answer } => refused += self.bury(output, *row, answer, now)?,
            }
        }
        self.sql(
            "UPDATE outputs SET sent = sent + ?, retried = retried + ?, refused = refused + ? WHERE id = ?",
        )?
        .execute(params![sent, retried, refused, output.0])?;
        Ok(())
    }

    fn sent(&self, output: OutputId, row: u64, receipt: &str, now: Timestamp) -> rusqlite::Result<usize> {
        let Some(stored) = self.take(output, row)? else { return Ok(0) };
        let attempt = stored.attempt + 1;
        if let Some(alert) = stored.alert {
            self.sql("INSERT OR REPLACE INTO deliveries VALUES (?, ?, ?, ?, ?)")?.execute(params![
                alert,
                output.0,
                ns(now),
                attempt,
                receipt
            ])?;
        } else if let Some(notification) = self.notification(&stored)? {
            let id = notification.id.to_string();
            let alerts: Vec<String> = notification.alerts.iter().map(|alert| alert.id.to_string()).collect();
            self.sql(
                "INSERT INTO receipts (at, output, notification, receipt, attempt, alerts) \
                 VALUES (?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![ns(now), output.0, id, receipt, attempt, alerts.join(" ")])?;
        }
        self.release(stored.notification)?;
        Ok(1)
    }

    /// What an output's receiver said of a notification that was made.
    pub(crate) fn receipt(&self, output: OutputId, notification: Uuid) -> rusqlite::Result<Option<String>> {
        self.sql(
            "SELECT receipt FROM receipts WHERE notification = ? AND output = ? ORDER BY id DESC LIMIT 1",
        )?
        .query_row(params![notification.to_string(), output.0], |row| row.get(0))
        .optional()
    }

    pub(crate) fn stored(&self, output: OutputId, row: u64) -> rusqlite::Result<Option<Stored>> {
        self.sql("SELECT id, attempt, made, alert, notification FROM outbox WHERE output = ? AND id = ?")?
            .query_row(params![output.0, row], Stored::read)
            .optional()
    }

    /// Removes a row of the outbox, and the notification that it was the last one to want; how many rows.
    pub(crate) fn remove(&self, output: OutputId, row: u64) -> rusqlite::Result<usize> {
        let Some(stored) = self.take(output, row)? else { return Ok(0) };
        self.release(stored.notification)?;
        Ok(1)
    }

    /// Removes a row of the outbox; what it was.
    fn take(&self, output: OutputId, row: u64) -> rusqlite::Result<Option<Stored>> {
        self.sql(
            "DELETE FROM outbox WHERE output = ? AND id = ? RETURNING id, attempt, made, alert, notification",
        )?
        .query_row(params![output.0, row], Stored::read)
        .optional()
    }

    /// Removes a notification that no row wants any more.
    fn release(&self, notification: Option<u64>) -> rusqlite::Result<()> {
        if let Some(notification) = notification {
            self.sql("UPDATE notifications SET refs = refs - 1 WHERE id = ?")?.execute([notification])?;
            self.sql("DELETE FROM notifications WHERE id = ? AND refs <= 0")?.execute([notification])?;
        }
        Ok(())
    }

    /// What an output has to send now, as it lies there: who asked parses it, so that this thread needn't.
    pub(crate) fn due(&mut self, output: OutputId, now: Timestamp, limit: usize) -> rusqlite::Result<RawDue> {
        self.heed_clock()?;
        // One transaction for all that is read here, or each statement would lock and unlock by itself.
        let read = self.db.unchecked_transaction()?;
        let stored: Vec<Stored> = self
            .sql(
                "SELECT id, attempt, made, alert, notification FROM outbox \
                 WHERE output = ? AND not_before <= ? ORDER BY id LIMIT ?",
            )?
            .query_map(params![output.0, ns(now), limit], Stored::read)?
            .collect::<rusqlite::Result<_>>()?;
        let mut due = RawDue::default();
        for stored in stored {
            due.rows.push((stored.id, stored.attempt, self.raw(&stored)?));
        }
        if due.rows.is_empty() {
            due.next = self
                .sql("SELECT MIN(not_before) FROM outbox WHERE output = ?")?
                .query_row([output.0], |row| row.get::<_, Option<i64>>(0))?
                .map(time);
        }
        read.commit()?;
        Ok(due)
    }

    /// What a row is to send; none where its text is damaged.
    pub(crate) fn notification(&self, stored: &Stored) -> rusqlite::Result<Option<Notification>> {
        Ok(self.raw(stored)?.parse())
    }

    fn raw(&self, stored: &Stored) -> rusqlite::Result<Raw> {
        let text =
            |sql: &str, key| self.sql(sql)?.query_row([key], bytes).optional().map(Option::unwrap_or_default);
        let made = stored.made;
        Ok(match stored.alert {
            None => Raw::Notification(text(
                "SELECT notification FROM notifications WHERE id = ?",
                stored.notification,
            )?),
            Some(seq) => match self.recent.get(seq) {
                Some(alert) => Raw::Alert(alert, made),
                None => Raw::AlertText(text("SELECT alert FROM alerts WHERE seq = ?", Some(seq))?, made),
            },
        })
    }
}

/// What an output has to send, not yet parsed: key, attempts and content of each row.
#[derive(Default)]
pub(crate) struct RawDue {
    pub(crate) rows: Vec<(u64, u32, Raw)>,
    pub(crate) next: Option<Timestamp>,
}

/// What a row is to send, as the journal has it. A text that isn't there is empty.
pub(crate) enum Raw {
    Alert(Arc<Alert>, Timestamp),
    AlertText(Vec<u8>, Timestamp),
    Notification(Vec<u8>),
}

impl Raw {
    /// The notification; none where its text is damaged.
    pub(crate) fn parse(self) -> Option<Notification> {
        match self {
            Raw::Alert(alert, made) => Some(Notification::of(alert, made)),
            Raw::AlertText(text, made) => {
                serde_json::from_slice(&text).ok().map(|alert| Notification::of(Arc::new(alert), made))
            }
            Raw::Notification(text) => serde_json::from_slice(&text).ok(),
        }
    }
}
