//! The journal in figures, for `lanner journal stats`.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use lanner_alert::Timestamp;
use rusqlite::Connection;
use serde::Serialize;

use crate::schema::{self, Access, OpenError};
use crate::store::time;

/// The journal in figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// The database.
    pub path: PathBuf,
    /// Alerts that were ever accepted.
    pub accepted: u64,
    /// The last of them that was routed.
    pub cursor: u64,
    /// Alerts that are in the journal, sent or not.
    pub alerts: u64,
    /// Hits that wait to be judged.
    pub held: u64,
    /// Alerts that went because of age or size after they were routed.
    pub pruned: u64,
    /// Alerts that went before they were routed.
    pub given_up: u64,
    /// By output, in the order of their names.
    pub outputs: Vec<OutputStats>,
    /// What it takes on the disk.
    pub bytes: Bytes,
}

/// An output in figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutputStats {
    /// Its name.
    pub name: String,
    /// Whether the configuration still names it.
    pub configured: bool,
    /// Notifications that wait to be sent.
    pub pending: u64,
    /// How long the oldest of them has waited, in seconds.
    pub oldest_pending_s: Option<u64>,
    /// Why it could not be sent, where it was tried.
    pub cause: Option<String>,
    /// Notifications that the receiver has.
    pub sent: u64,
    /// Attempts that are to be repeated.
    pub retried: u64,
    /// Notifications that the receiver refused.
    pub refused: u64,
    /// Refused notifications that are kept.
    pub dead_letters: u64,
    /// Occurrences of what could not be sent in the journal's bounds.
    pub given_up: u64,
}

/// Bytes on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Bytes {
    /// Of the database.
    pub database: u64,
    /// Of its write-ahead log.
    pub wal: u64,
}

impl Stats {
    /// Reads a journal's figures, beside the lanner that writes it if there is one.
    ///
    /// # Errors
    /// There is no journal, or it can't be read.
    pub fn read(path: &Path, now: Timestamp) -> Result<Stats, OpenError> {
        let db = schema::open_beside(path, Access::Read)?;
        Stats::of(&db, path, now).map_err(|error| OpenError::of(path, &error))
    }

    pub(crate) fn of(db: &Connection, path: &Path, now: Timestamp) -> rusqlite::Result<Stats> {
        // The figures are of one moment, and the transaction ends before they are shown.
        let db = db.unchecked_transaction()?;
        let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, u64>(0));
        let size = |path: &Path| fs::metadata(path).map_or(0, |data| data.len());
        Ok(Stats {
            path: path.to_owned(),
            accepted: count("SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'alerts'")?,
            cursor: count("SELECT cursor FROM router")?,
            alerts: count("SELECT COUNT(*) FROM alerts")?,
            held: count("SELECT COUNT(*) FROM held")?,
            pruned: count("SELECT pruned FROM router")?,
            given_up: count("SELECT given_up FROM router")?,
            outputs: Self::outputs(&db, now)?,
            bytes: Bytes { database: size(path), wal: size(&schema::beside(path, "-wal")) },
        })
    }

    fn outputs(db: &Connection, now: Timestamp) -> rusqlite::Result<Vec<OutputStats>> {
        db.prepare(
            "SELECT name, configured, sent, retried, refused, given_up, \
             (SELECT COUNT(*) FROM outbox WHERE output = outputs.id), \
             (SELECT made FROM outbox WHERE output = outputs.id ORDER BY id LIMIT 1), \
             (SELECT COUNT(*) FROM dead_letters WHERE output = outputs.id), \
             (SELECT cause FROM outbox WHERE output = outputs.id ORDER BY id LIMIT 1) \
             FROM outputs ORDER BY name",
        )?
        .query_map([], |row| {
            let count = |at| row.get::<_, u64>(at);
            Ok(OutputStats {
                name: row.get(0)?,
                configured: row.get(1)?,
                sent: count(2)?,
                retried: count(3)?,
                refused: count(4)?,
                given_up: count(5)?,
                pending: count(6)?,
                dead_letters: count(8)?,
                cause: row.get(9)?,
                oldest_pending_s: row.get::<_, Option<i64>>(7)?.map(|made| now.since(time(made)).as_secs()),
            })
        })?
        .collect()
    }
}

impl fmt::Display for Stats {
    /// The figures as text, a line each and a table of the outputs.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(
            f,
            "journal    {} ({} bytes, WAL {} bytes)",
            self.path.display(),
            self.bytes.database,
            self.bytes.wal
        )?;
        writeln!(f, "accepted   {} ({} in the journal, {} pruned)", self.accepted, self.alerts, self.pruned)?;
        writeln!(f, "routed     {} ({} waiting)", self.cursor, self.accepted.saturating_sub(self.cursor))?;
        writeln!(f, "held       {}", self.held)?;
        writeln!(f, "given up   {} before they were routed", self.given_up)?;
        if self.outputs.is_empty() {
            return Ok(());
        }
        let width = self.outputs.iter().map(|output| output.name.chars().count()).max().unwrap_or(0).max(6);
        writeln!(
            f,
            "\n{:width$} {:>10} {:>10} {:>10} {:>10} {:>12} {:>10} {:>11}",
            "output", "pending", "sent", "retried", "refused", "dead letters", "given up", "oldest",
        )?;
        for output in &self.outputs {
            let name = lanner_alert::printable(&output.name);
            let oldest =
                output.oldest_pending_s.map_or_else(|| "-".to_owned(), |seconds| format!("{seconds} s"));
            let removed = if output.configured { "" } else { "  (not in the configuration)" };
            let OutputStats { pending, sent, retried, refused, dead_letters, given_up, .. } = output;
            writeln!(
                f,
                "{name:width$} {pending:>10} {sent:>10} {retried:>10} {refused:>10} {dead_letters:>12} {given_up:>10} {oldest:>11}{removed}",
            )?;
        }
        for OutputStats { name, cause, .. } in &self.outputs {
            if let Some(cause) = cause {
                writeln!(f, "\n{} fails: {cause}", lanner_alert::printable(name))?;
            }
        }
        Ok(())
    }
}
