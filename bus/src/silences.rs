//! Silences that are made while lanner runs: by a command beside it, heeded by the router within a second.

use jiff::tz::TimeZone;
use lanner_alert::{Calendar, CalendarError, Matcher, Silence, Timestamp};
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use crate::JournalError;
use crate::beside::Beside;
use crate::handle::Handle;
use crate::store::{Store, json};

/// How many silences there may be that haven't ended.
pub const SILENCES_MAX: usize = 1_000;

/// Adds a text to a calendar.
type Add = fn(&mut Calendar, &str) -> Result<(), CalendarError>;

/// A silence that a command has made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeSilence {
    /// Its number; 0 before it has one.
    #[serde(default)]
    pub id: u64,
    /// All of these must hold of an alert, each as [`Matcher`] writes it.
    pub matchers: Vec<String>,
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Only at these times.
    #[serde(default)]
    pub times: MadeTimes,
    /// Who made it.
    pub author: String,
    /// Why.
    pub comment: String,
}

/// Recurring times, each as a [`Calendar`] reads it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MadeTimes {
    /// Times of the day.
    pub times: Vec<String>,
    /// Days of the week.
    pub weekdays: Vec<String>,
    /// Days of the month.
    pub days: Vec<String>,
    /// Months.
    pub months: Vec<String>,
    /// The time zone, by its name; the host's without one.
    pub zone: Option<String>,
}

impl MadeTimes {
    /// The calendar.
    ///
    /// # Errors
    /// What is no time, or no time zone.
    pub fn calendar(&self) -> Result<Calendar, String> {
        let mut calendar = Calendar::default();
        let parts: [(&[String], Add); 4] = [
            (&self.times, Calendar::time),
            (&self.weekdays, Calendar::weekday),
            (&self.days, Calendar::day),
            (&self.months, Calendar::month),
        ];
        for (texts, add) in parts {
            for text in texts {
                add(&mut calendar, text).map_err(|error| error.to_string())?;
            }
        }
        if let Some(name) = &self.zone {
            calendar.set_zone(TimeZone::get(name).map_err(|_| format!("there is no time zone `{name}`"))?);
        }
        Ok(calendar)
    }

    /// The parts that are set, as they were written.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        let parts = [&self.times, &self.weekdays, &self.days, &self.months];
        parts.into_iter().flatten().chain(&self.zone).map(String::as_str)
    }
}

impl MadeSilence {
    /// What the router asks; none where a newer Lanner wrote conditions that aren't known here.
    fn silence(&self) -> Option<Silence> {
        let matchers: Option<Vec<Matcher>> = self.matchers.iter().map(|text| text.parse().ok()).collect();
        Some(Silence {
            name: format!("silence #{}", self.id).into(),
            matchers: matchers?,
            from: Some(self.from),
            until: Some(self.until),
            times: self.times.calendar().ok()?,
        })
    }
}

/// All silences, in the order in which they were made.
fn read(db: &Connection) -> rusqlite::Result<Vec<MadeSilence>> {
    let mut select = db.prepare_cached("SELECT id, silence FROM silences ORDER BY id")?;
    let rows = select.query_map([], |row| Ok((row.get::<_, u64>(0)?, row.get::<_, String>(1)?)))?;
    let mut silences = Vec::new();
    for row in rows {
        let (id, text) = row?;
        match serde_json::from_str::<MadeSilence>(&text) {
            Ok(silence) => silences.push(MadeSilence { id, ..silence }),
            Err(error) => tracing::error!(id, %error, "a silence in the journal can't be read"),
        }
    }
    Ok(silences)
}

impl Beside {
    /// The silences that commands have made, those that have ended with them.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn silences(&self) -> Result<Vec<MadeSilence>, JournalError> {
        Ok(read(&self.db)?)
    }

    /// Makes a silence, and forgets those that have ended by `now`; its number, or none where there are
    /// [`SILENCES_MAX`] already.
    ///
    /// # Errors
    /// The journal can't be written.
    pub fn silence(&mut self, silence: &MadeSilence, now: Timestamp) -> Result<Option<u64>, JournalError> {
        let db = self.change()?;
        let (ended, lasting): (Vec<_>, Vec<_>) =
            read(&db)?.into_iter().partition(|silence| silence.until <= now);
        for silence in ended {
            db.execute("DELETE FROM silences WHERE id = ?", [silence.id])?;
        }
        if lasting.len() >= SILENCES_MAX {
            db.commit()?;
            return Ok(None);
        }
        db.execute("INSERT INTO silences (silence) VALUES (?)", [json(silence)])?;
        let id = u64::try_from(db.last_insert_rowid()).unwrap_or(0);
        db.commit()?;
        Ok(Some(id))
    }

    /// Ends a silence; whether there was one of that number that hadn't ended.
    ///
    /// # Errors
    /// The journal can't be written.
    pub fn expire(&mut self, id: u64, now: Timestamp) -> Result<bool, JournalError> {
        let db = self.change()?;
        let found = read(&db)?.into_iter().find(|silence| silence.id == id && silence.until > now);
        if let Some(silence) = &found {
            let ended = json(&MadeSilence { until: now, ..silence.clone() });
            db.execute("UPDATE silences SET silence = ? WHERE id = ?", params![ended, id])?;
        }
        db.commit()?;
        Ok(found.is_some())
    }
}

impl Store {
    fn silences(&self) -> rusqlite::Result<Vec<Silence>> {
        Ok(read(&self.db)?.iter().filter_map(MadeSilence::silence).collect())
    }
}

impl Handle {
    /// The silences that commands have made, as the router asks them.
    ///
    /// # Errors
    /// As every question: the journal is closed, or can't be read.
    pub async fn silences(&self) -> Result<Vec<Silence>, JournalError> {
        self.ask(|store| store.silences()).await
    }
}
