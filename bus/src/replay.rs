//! Accepted alerts that someone wants sent again to an output: another process asks, the journal remembers how
//! far it has come, and the router takes them through what changes alerts for that output.

use std::sync::Arc;

use lanner_alert::{Alert, Timestamp};
use rusqlite::{OptionalExtension, params};

use crate::JournalError;
use crate::beside::Beside;
use crate::settings::OutputId;
use crate::store::{Store, bytes, ns};

/// As long as so many notifications wait for the output, no more are added by a replay, which would else fill
/// the journal with copies.
const REPLAY_BACKLOG_MAX: u64 = 2000;

/// What is to be sent again now.
#[derive(Debug, Clone, PartialEq)]
pub enum Replaying {
    /// Nothing.
    Nothing,
    /// Something, when its output has come further.
    Later,
    /// These.
    Now(Replay),
}

/// Some of the alerts that are to be sent again.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    /// To whom.
    pub output: OutputId,
    /// The alerts, as they were accepted.
    pub alerts: Vec<Arc<Alert>>,
    /// What the router's step says of it.
    pub progress: Progress,
}

/// How far a replay has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    id: u64,
    /// The last alert that was looked at.
    at: u64,
    /// Whether it was the last of them.
    done: bool,
}

/// A batch of a replay as it lies in the journal.
pub(crate) struct RawReplay {
    pub(crate) output: OutputId,
    pub(crate) texts: Vec<Vec<u8>>,
    pub(crate) progress: Progress,
}

pub(crate) enum RawReplaying {
    Nothing,
    Later,
    Now(RawReplay),
}

impl Beside {
    /// How many alerts were accepted from one time until before another.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn accepted_between(&self, since: Timestamp, until: Timestamp) -> Result<u64, JournalError> {
        let sql = "SELECT COUNT(*) FROM alerts WHERE accepted >= ? AND accepted < ?";
        Ok(self.db.query_row(sql, [ns(since), ns(until)], |row| row.get(0))?)
    }

    /// Asks for the alerts that were accepted from one time until before another, and that are in the journal
    /// now, to be sent to an output again; whether the configuration that lanner last started with has that
    /// output.
    ///
    /// # Errors
    /// The journal can't be written.
    pub fn replay(&mut self, output: &str, since: Timestamp, until: Timestamp) -> Result<bool, JournalError> {
        let db = self.change()?;
        let asked = db.execute(
            "INSERT INTO replays (output, at, through, since, until) \
             SELECT id, 0, (SELECT COALESCE(MAX(seq), 0) FROM alerts), ?2, ?3 FROM outputs \
             WHERE name = ?1 AND configured",
            params![output, ns(since), ns(until)],
        )?;
        db.commit()?;
        Ok(asked > 0)
    }
}

impl Store {
    /// The next alerts of the first replay, up to a number of them.
    pub(crate) fn replay(&self, limit: usize) -> rusqlite::Result<RawReplaying> {
        let first = self
            .sql(
                "SELECT id, output, at, through, since, until FROM replays \
                 WHERE output IN (SELECT id FROM outputs WHERE configured) ORDER BY id LIMIT 1",
            )?
            .query_row([], |row| {
                let number = |at| row.get::<_, u64>(at);
                Ok((number(0)?, number(1)?, [number(2)?, number(3)?, number(4)?, number(5)?]))
            })
            .optional()?;
        let Some((id, output, [at, through, since, until])) = first else { return Ok(RawReplaying::Nothing) };
        let waiting: u64 = self
            .sql("SELECT COUNT(*) FROM (SELECT 1 FROM outbox WHERE output = ? LIMIT ?)")?
            .query_row([output, REPLAY_BACKLOG_MAX], |row| row.get(0))?;
        if waiting >= REPLAY_BACKLOG_MAX {
            return Ok(RawReplaying::Later);
        }
        let rows: Vec<(Vec<u8>, u64)> = self
            .sql(
                "SELECT alert, seq FROM alerts WHERE seq > ? AND seq <= ? AND accepted >= ? AND accepted < ? \
                 ORDER BY seq LIMIT ?",
            )?
            .query_map(params![at, through, since, until, limit], |row| Ok((bytes(row)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let last = rows.last().map_or(through, |(_, seq)| *seq);
        let progress = Progress { id, at: last, done: rows.len() < limit };
        let texts = rows.into_iter().map(|(text, _)| text).collect();
        Ok(RawReplaying::Now(RawReplay { output: OutputId(output), texts, progress }))
    }

    /// Writes into the open transaction how far a replay has come.
    pub(crate) fn replayed(&self, progress: Progress) -> rusqlite::Result<()> {
        match progress.done {
            true => self.sql("DELETE FROM replays WHERE id = ?")?.execute([progress.id])?,
            false => {
                self.sql("UPDATE replays SET at = ? WHERE id = ?")?.execute([progress.at, progress.id])?
            }
        };
        Ok(())
    }
}
