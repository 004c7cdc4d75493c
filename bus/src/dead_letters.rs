//! What receivers refused: kept with their answer, bounded, and put back into the outbox when someone asks.

use std::collections::BTreeMap;

use lanner_alert::{Notification, Timestamp};
use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;

use crate::JournalError;
use crate::beside::Beside;
use crate::outbox::Stored;
use crate::settings::OutputId;
use crate::store::{Store, json, ns, time};

/// Dead letters take at most this part of the journal's size.
const LETTERS_SHARE: u64 = 8;
/// Most dead letters that are given up in one transaction.
const GIVE_UP_LETTERS_MAX: usize = 1000;
/// Most dead letters that are put back in one transaction: their texts are read into memory.
const PUT_BACK_LETTERS_MAX: usize = 256;

/// A notification that its receiver refused.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeadLetter {
    /// Its number.
    pub id: u64,
    /// When it was refused.
    pub at: Timestamp,
    /// The output's name.
    pub output: String,
    /// Whether the configuration still names the output.
    pub configured: bool,
    /// How often it was tried.
    pub attempts: u32,
    /// What the receiver said.
    pub answer: String,
    /// Whether it is about to be sent again.
    pub retry: bool,
    /// What was to be sent; none where it can't be read back.
    pub notification: Option<Notification>,
}

/// Which dead letters are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which<'a> {
    /// Those with these numbers.
    Ids(&'a [u64]),
    /// All, or all of one output.
    All {
        /// The output's name.
        output: Option<&'a str>,
    },
}

impl DeadLetter {
    fn read(row: &Row) -> rusqlite::Result<DeadLetter> {
        let text: String = row.get(7)?;
        Ok(DeadLetter {
            id: row.get(0)?,
            at: time(row.get(1)?),
            output: row.get(2)?,
            configured: row.get(3)?,
            attempts: row.get(4)?,
            answer: row.get(5)?,
            retry: row.get(6)?,
            notification: serde_json::from_str(&text).ok(),
        })
    }
}

const SELECT: &str = "SELECT letter.id, letter.at, outputs.name, outputs.configured, letter.attempt, \
    letter.answer, letter.retry, letter.notification \
    FROM dead_letters AS letter JOIN outputs ON outputs.id = letter.output";

impl Beside {
    /// The dead letters after that one, of one output or of all, up to a number of them.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn dead_letters(
        &self,
        output: Option<&str>,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, JournalError> {
        let sql = format!(
            "{SELECT} WHERE letter.id > ?1 AND (?2 IS NULL OR outputs.name = ?2) ORDER BY letter.id LIMIT ?3"
        );
        let mut select = self.db.prepare(&sql)?;
        let letters = select.query_map(params![after, output, limit], DeadLetter::read)?;
        Ok(letters.collect::<rusqlite::Result<_>>()?)
    }

    /// The dead letter of that number.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn dead_letter(&self, id: u64) -> Result<Option<DeadLetter>, JournalError> {
        let sql = format!("{SELECT} WHERE letter.id = ?");
        Ok(self.db.query_row(&sql, [id], DeadLetter::read).optional()?)
    }

    /// Asks for dead letters to be sent again; how many that will be. One that can't be read back, or whose
    /// output the configuration doesn't name any more, stays.
    ///
    /// # Errors
    /// The journal can't be written.
    pub fn retry_dead_letters(&mut self, which: Which) -> Result<usize, JournalError> {
        self.change_letters(
            which,
            "UPDATE dead_letters SET retry = 1 \
             WHERE notification <> '' AND output IN (SELECT id FROM outputs WHERE configured)",
        )
    }

    /// Removes dead letters; how many those were.
    ///
    /// # Errors
    /// The journal can't be written.
    pub fn remove_dead_letters(&mut self, which: Which) -> Result<usize, JournalError> {
        self.change_letters(which, "DELETE FROM dead_letters WHERE TRUE")
    }

    fn change_letters(&mut self, which: Which, sql: &str) -> Result<usize, JournalError> {
        let db = self.change()?;
        let changed = match which {
            Which::Ids(ids) => {
                let mut change = db.prepare(&format!("{sql} AND id = ?"))?;
                ids.iter()
                    .try_fold(0, |changed, id| Ok::<_, rusqlite::Error>(changed + change.execute([id])?))?
            }
            Which::All { output } => db.execute(
                &format!("{sql} AND (?1 IS NULL OR output = (SELECT id FROM outputs WHERE name = ?1))"),
                [output],
            )?,
        };
        db.commit()?;
        Ok(changed)
    }
}

impl Store {
    /// Makes a dead letter of a row of the outbox; how many rows that were, as it may have been given up while
    /// it was on its way.
    pub(crate) fn bury(
        &self,
        output: OutputId,
        row: u64,
        answer: &str,
        now: Timestamp,
    ) -> rusqlite::Result<usize> {
        let Some(stored) = self.stored(output, row)? else { return Ok(0) };
        let Stored { attempt, .. } = stored;
        let text = self.notification(&stored)?.map(|notification| json(&notification)).unwrap_or_default();
        self.sql(
            "INSERT INTO dead_letters (at, output, attempt, answer, notification) VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![ns(now), output.0, attempt + 1, answer, text])?;
        self.remove(output, row)
    }

    /// Puts some of the dead letters back into the outbox that are to be sent again; how many those were.
    pub(crate) fn put_back(&mut self) -> rusqlite::Result<usize> {
        let letters: Vec<(u64, u64, String)> = self
            .sql("SELECT id, output, notification FROM dead_letters WHERE retry ORDER BY id LIMIT ?")?
            .query_map([PUT_BACK_LETTERS_MAX], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        if letters.is_empty() {
            return Ok(0);
        }
        let now = self.now();
        self.transaction(|store| {
            for (id, output, text) in &letters {
                let kept = store
                    .sql("INSERT INTO notifications (refs, notification) VALUES (1, ?)")?
                    .insert([text])?;
                store.put(OutputId(*output), now, None, Some(kept))?;
                store.sql("DELETE FROM dead_letters WHERE id = ?")?.execute([id])?;
            }
            Ok(letters.len())
        })
    }

    /// Lets go of dead letters that are too old, and of the oldest while they take too much; counted, to be
    /// told.
    pub(crate) fn keep_dead_letters(&mut self, horizon: Timestamp) -> rusqlite::Result<()> {
        loop {
            let gone = self.dead_letters_over(horizon)?;
            if gone.is_empty() {
                return Ok(());
            }
            self.transaction(|store| {
                let mut by_output: BTreeMap<u64, u64> = BTreeMap::new();
                for (id, output) in &gone {
                    store.sql("DELETE FROM dead_letters WHERE id = ?")?.execute([id])?;
                    *by_output.entry(*output).or_default() += 1;
                }
                let mut count =
                    store.sql("UPDATE outputs SET letters_given_up = letters_given_up + ? WHERE id = ?")?;
                by_output.iter().try_for_each(|(output, gone)| count.execute([gone, output]).map(drop))
            })?;
        }
    }

    /// The first of the dead letters that are beyond their bounds, each with its output.
    fn dead_letters_over(&self, horizon: Timestamp) -> rusqlite::Result<Vec<(u64, u64)>> {
        let bytes: u64 = self.sql("SELECT letter_bytes FROM router")?.query_row([], |row| row.get(0))?;
        let mut excess = bytes.saturating_sub(self.settings.max_size / LETTERS_SHARE);
        let mut select = self.sql(
            "SELECT id, output, at, octet_length(notification) + octet_length(answer) FROM dead_letters \
             ORDER BY id LIMIT ?",
        )?;
        let mut rows = select.query([GIVE_UP_LETTERS_MAX])?;
        let mut over = Vec::new();
        while let Some(row) = rows.next()? {
            if excess == 0 && time(row.get(2)?) >= horizon {
                break;
            }
            excess = excess.saturating_sub(row.get(3)?);
            over.push((row.get(0)?, row.get(1)?));
        }
        Ok(over)
    }
}
