//! A clock that is set back. The journal's times are of the wall clock, so that they outlive a restart; what they
//! say is to stay true of a clock that was ahead: what waits for its next attempt waits no longer, and what is kept
//! for a time is not kept for the step on top of it.

use lanner_alert::Timestamp;
use rusqlite::params;

use crate::store::{Store, ns, time};

/// Most rows that are changed in one transaction.
const ROWS_MAX: usize = 1000;
/// Tables with times of what was done, each with its key and its time.
const DONE: [[&str; 3]; 3] =
    [["alerts", "seq", "accepted"], ["receipts", "id", "at"], ["dead_letters", "id", "at"]];

impl Store {
    /// Looks at the clock, and where it was set back, sets the times in the journal back with it.
    pub(crate) fn heed_clock(&mut self) -> rusqlite::Result<()> {
        let now = self.now();
        if now < self.latest {
            let back = ns(self.latest) - ns(now);
            tracing::warn!(seconds = back / 1_000_000_000, "the clock was set back");
            self.sql(
                "UPDATE outbox SET not_before = MAX(0, not_before - ?2 * (not_before > ?1)), \
                 made = MAX(0, MIN(made, ?1, made - ?2 * (made > ?1))) WHERE not_before > ?1 OR made > ?1",
            )?
            .execute([ns(now), back])?;
            for [table, key, column] in DONE {
                self.set_back(table, key, column, ns(now), back)?;
            }
        }
        self.latest = now;
        Ok(())
    }

    /// Sets back the times of a table that are yet to come: those of its last rows.
    fn set_back(
        &mut self,
        table: &str,
        key: &str,
        column: &str,
        now: i64,
        back: i64,
    ) -> rusqlite::Result<()> {
        let mut below = i64::MAX;
        loop {
            let last: Vec<(i64, i64)> = self
                .sql(&format!(
                    "SELECT {key}, {column} FROM {table} WHERE {key} < ? ORDER BY {key} DESC LIMIT {ROWS_MAX}"
                ))?
                .query_map([below], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<_>>()?;
            let coming = last.iter().take_while(|(_, at)| *at > now);
            let Some(first) = coming.last().map(|(key, _)| *key) else { return Ok(()) };
            self.sql(&format!(
                "UPDATE {table} SET {column} = MAX(0, MIN(?, {column} - ?)) WHERE {key} >= ? AND {key} < ?"
            ))?
            .execute(params![now, back, first, below])?;
            below = first;
        }
    }

    /// The latest time that the journal tells of having had.
    pub(crate) fn latest_time(db: &rusqlite::Connection) -> rusqlite::Result<Timestamp> {
        let latest = db.query_row(
            "SELECT MAX(at) FROM (SELECT (SELECT accepted FROM alerts ORDER BY seq DESC LIMIT 1) AS at \
             UNION ALL SELECT (SELECT at FROM receipts ORDER BY id DESC LIMIT 1) \
             UNION ALL SELECT made FROM (SELECT MAX(id), made FROM outbox))",
            [],
            |row| row.get::<_, Option<i64>>(0),
        )?;
        Ok(latest.map_or(Timestamp(0), time))
    }
}
