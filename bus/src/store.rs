//! The journal's database as its one thread sees it: what is written comes as transactions, what is read is
//! read at once and let go.

use std::path::PathBuf;
use std::sync::Arc;

use lanner_alert::{Alert, Timestamp};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use crate::queue::{Change, Entry, Held, Write};
use crate::recent::Recent;
use crate::schema::{self, Lock, OpenError};
use crate::settings::{OutputId, Registered, Settings};

/// The database, and what is kept in memory of it.
pub(crate) struct Store {
    pub(crate) db: Connection,
    pub(crate) settings: Settings,
    pub(crate) recent: Recent,
    /// The last key of a row of the outbox.
    pub(crate) next_row: u64,
    /// The last accepted alert.
    pub(crate) accepted: u64,
    /// The last alert that was routed.
    pub(crate) routed: u64,
    /// Where the database was put, as long as there is no new one.
    pub(crate) aside: Option<PathBuf>,
    /// The last alert that went because of age or size.
    pub(crate) evicted: u64,
    /// The version of the database, which others change, when it was last looked at what they ask for.
    pub(crate) heeded: Option<u64>,
    /// The time when the clock was last looked at.
    pub(crate) latest: Timestamp,
    /// When an alert last told of what was given up.
    pub(crate) told: Option<Timestamp>,
    /// Locked as long as the store is open.
    _lock: Lock,
}

/// Consecutive alerts, each with its place.
pub(crate) enum RawBatch {
    Recent(Vec<(u64, Arc<Alert>)>),
    Texts(Vec<(u64, Vec<u8>)>),
}

/// What a commit did.
pub(crate) struct Committed {
    /// The first alert that it accepted.
    first: u64,
}

impl Store {
    /// Opens the journal for its only writer.
    pub(crate) fn open(settings: Settings) -> Result<Store, OpenError> {
        let lock = schema::lock(&settings.path)?;
        let db = schema::open(&settings)?;
        let at = settings.path.clone();
        let last = |sql: &str| db.query_row(sql, [], |row| row.get::<_, Option<u64>>(0)).optional();
        let read = || -> rusqlite::Result<(u64, u64, u64)> {
            let row = last("SELECT MAX(id) FROM outbox")?.flatten().unwrap_or(0);
            let accepted =
                last("SELECT seq FROM sqlite_sequence WHERE name = 'alerts'")?.flatten().unwrap_or(0);
            Ok((row, accepted, last("SELECT cursor FROM router")?.flatten().unwrap_or(0)))
        };
        let (next_row, accepted, routed) = read().map_err(|error| OpenError::of(&at, &error))?;
        let latest = Store::latest_time(&db).map_err(|error| OpenError::of(&at, &error))?;
        Ok(Store {
            db,
            settings,
            recent: Recent::default(),
            next_row,
            accepted,
            routed,
            aside: None,
            evicted: 0,
            heeded: None,
            latest,
            told: None,
            _lock: lock,
        })
    }

    /// A statement that is prepared once.
    pub(crate) fn sql(&self, sql: &str) -> rusqlite::Result<CachedStatement<'_>> {
        self.db.prepare_cached(sql)
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        (self.settings.clock)()
    }

    /// Makes a change as one transaction, or not at all.
    pub(crate) fn transaction<T>(
        &mut self,
        change: impl FnOnce(&mut Store) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.sql("BEGIN IMMEDIATE")?.execute([])?;
        let (row, accepted) = (self.next_row, self.accepted);
        let done = change(self).and_then(|done| {
            self.sql("COMMIT")?.execute([])?;
            Ok(done)
        });
        if done.is_err() {
            (self.next_row, self.accepted) = (row, accepted);
            // SQLite has rolled back by itself after some errors, such as a full disk.
            if !self.db.is_autocommit() {
                self.sql("ROLLBACK")?.execute([])?;
            }
        }
        done
    }

    /// Commits what came from the detector, the router and the workers as one transaction.
    pub(crate) fn commit(&mut self, entries: &[Entry], writes: &[Write]) -> rusqlite::Result<Committed> {
        let now = self.now();
        let first = self.accepted + 1;
        self.transaction(|store| {
            for entry in entries {
                store.enter(entry, now)?;
            }
            for write in writes {
                match &write.change {
                    Change::Step(step) => store.step(step)?,
                    Change::Settle(output, outcomes) => store.settle(*output, outcomes, now)?,
                    Change::Flush => {}
                }
            }
            Ok(Committed { first })
        })
    }

    /// Keeps the committed alerts at hand for the router, in the order in which they were accepted, and how far it has
    /// come.
    pub(crate) fn remember(&mut self, committed: &Committed, entries: Vec<Entry>, writes: &[Write]) {
        let mut seq = committed.first;
        let mut push = |alert: Arc<Alert>| {
            self.recent.push(seq, alert);
            seq += 1;
        };
        for entry in entries {
            match entry {
                Entry::Alert(alert) => push(alert.into()),
                Entry::Judged { alerts, .. } => alerts.into_iter().map(Arc::new).for_each(&mut push),
                Entry::Hold(_) => {}
            }
        }
        for write in writes {
            if let Change::Step(step) = &write.change {
                step.accept.iter().cloned().for_each(&mut push);
                self.routed = self.routed.max(step.cursor);
            }
        }
    }

    fn enter(&mut self, entry: &Entry, now: Timestamp) -> rusqlite::Result<()> {
        match entry {
            Entry::Alert(alert) => self.accept(alert, now),
            Entry::Hold(Held { id, deadline, body }) => {
                self.sql("REPLACE INTO held VALUES (?, ?, ?)")?.execute(params![
                    id.to_string(),
                    ns(*deadline),
                    body
                ])?;
                Ok(())
            }
            Entry::Judged { held, alerts } => {
                self.sql("DELETE FROM held WHERE id = ?")?.execute([held.to_string()])?;
                alerts.iter().try_for_each(|alert| self.accept(alert, now))
            }
        }
    }

    /// Adds an alert to the open transaction.
    pub(crate) fn accept(&mut self, alert: &Alert, now: Timestamp) -> rusqlite::Result<()> {
        let seq = self.accepted + 1;
        self.sql("INSERT INTO alerts VALUES (?, ?, ?)")?.execute(params![seq, ns(now), json(alert)])?;
        self.accepted = seq;
        Ok(())
    }

    /// The alerts after that one, in order, as they lie there: who asked parses them, so that this thread
    /// needn't.
    pub(crate) fn after(&self, seq: u64, limit: usize) -> rusqlite::Result<RawBatch> {
        if let Some(alerts) = self.recent.after(seq, limit) {
            return Ok(RawBatch::Recent(alerts));
        }
        let texts = self
            .sql("SELECT alert, seq FROM alerts WHERE seq > ? ORDER BY seq LIMIT ?")?
            .query_map(params![seq, limit], |row| Ok((row.get(1)?, bytes(row)?)))?
            .collect::<rusqlite::Result<_>>()?;
        Ok(RawBatch::Texts(texts))
    }

    /// The last alert that was routed.
    pub(crate) fn cursor(&self) -> rusqlite::Result<u64> {
        self.sql("SELECT cursor FROM router")?.query_row([], |row| row.get::<_, u64>(0))
    }

    /// What the stages keep: stage, key and value.
    pub(crate) fn state(&self) -> rusqlite::Result<Vec<(String, String, String)>> {
        self.sql("SELECT stage, key, value FROM state ORDER BY stage, key")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect()
    }

    /// The hits that wait to be judged, the oldest first.
    pub(crate) fn held(&self) -> rusqlite::Result<Vec<Held>> {
        let mut select = self.sql("SELECT id, deadline, body FROM held ORDER BY id")?;
        let mut rows = select.query([])?;
        let mut held = Vec::new();
        while let Some(row) = rows.next()? {
            let id: String = row.get(0)?;
            match id.parse() {
                Ok(id) => held.push(Held { id, deadline: time(row.get(1)?), body: row.get(2)? }),
                Err(_) => tracing::error!(id, "a held hit in the journal can't be read; it is left alone"),
            }
        }
        Ok(held)
    }

    /// Names the outputs that are configured now: a new one is owed what is accepted from here on, and one that
    /// isn't named any more keeps its rows until they expire.
    pub(crate) fn register(&mut self, names: &[String]) -> rusqlite::Result<Vec<Registered>> {
        self.transaction(|store| {
            store.sql("UPDATE outputs SET configured = 0")?.execute([])?;
            let mut put = store.sql(
                "INSERT INTO outputs (name, configured, since) VALUES (?, 1, ?) \
                 ON CONFLICT (name) DO UPDATE SET configured = 1 RETURNING id, name, since, configured",
            )?;
            let registered = |row: &Row| {
                let (id, name) = (OutputId(row.get(0)?), row.get(1)?);
                Ok(Registered { id, name, since: row.get(2)?, configured: row.get(3)? })
            };
            let mut outputs = Vec::new();
            for name in names {
                outputs.push(put.query_row(params![name, store.accepted], registered)?);
            }
            let mut removed =
                store.sql("SELECT id, name, since, configured FROM outputs WHERE NOT configured")?;
            for output in removed.query_map([], registered)? {
                outputs.push(output?);
            }
            Ok(outputs)
        })
    }
}

/// A time for SQLite, whose integers end in the year 2262.
pub(crate) fn ns(time: Timestamp) -> i64 {
    i64::try_from(time.0).unwrap_or(i64::MAX)
}

/// A time as SQLite holds it: its integers have a sign, and a time before 1970 is none.
pub(crate) fn time(nanoseconds: i64) -> Timestamp {
    Timestamp(u64::try_from(nanoseconds).unwrap_or(0))
}

/// The text of something that always has one.
pub(crate) fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The text in the row's first column, which need not be one any more; empty where it isn't.
pub(crate) fn bytes(row: &Row) -> rusqlite::Result<Vec<u8>> {
    Ok(row.get_ref(0)?.as_bytes().unwrap_or_default().to_vec())
}
