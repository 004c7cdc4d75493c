//! What the journal gives up when it becomes too large or too old: the oldest first, counted by whom it was
//! for, and told in an alert.

use std::collections::BTreeMap;
use std::time::Duration;

use lanner_alert::{Alert, Priority, Timestamp};
use rusqlite::{OptionalExtension, Row, params};
use uuid::Uuid;

use crate::schema;
use crate::settings::OutputId;
use crate::store::{Store, ns, time};

/// Most alerts that go in one transaction, so that accepting others doesn't wait for long.
const EVICT_ALERTS_MAX: u64 = 1000;
/// At most one alert in this time tells what was given up.
const ANNOUNCE_INTERVAL: Duration = Duration::from_secs(60);
/// Most pages that are given back to the system at a time.
const VACUUM_PAGES_MAX: i64 = 1024;

impl Store {
    /// Lets go of what arrived too long ago.
    pub(crate) fn keep_age(&mut self) -> rusqlite::Result<()> {
        let age = u64::try_from(self.settings.max_age.as_nanos()).unwrap_or(u64::MAX);
        let horizon = Timestamp(self.now().0.saturating_sub(age));
        self.keep_dead_letters(horizon)?;
        loop {
            let through = self.oldest_alerts(EVICT_ALERTS_MAX, horizon)?;
            if self.transaction(|store| store.evict(through, horizon))? == 0 {
                return Ok(());
            }
        }
    }

    /// Lets go of the oldest until the database is within its bound. The write-ahead log has a share of its own.
    pub(crate) fn keep_size(&mut self) -> rusqlite::Result<()> {
        let max = self.settings.max_size.saturating_sub(schema::wal_max(self.settings.max_size));
        let page = self.pragma("page_size")?;
        while (self.pragma("page_count")? - self.pragma("freelist_count")?) * page > max {
            let kept = self.accepted.saturating_sub(self.first_alert()?.unwrap_or(self.accepted));
            let some = (kept / 32).clamp(1, EVICT_ALERTS_MAX);
            let through = self.oldest_alerts(some, Timestamp(u64::MAX))?;
            let horizon = match through {
                Some(seq) => self.accepted_at(seq)?,
                None => self.oldest_other()?.after(Duration::from_nanos(1)),
            };
            if self.transaction(|store| store.evict(through, horizon))? == 0 {
                break;
            }
        }
        if self.pragma("page_count")? * page > max && self.pragma("freelist_count")? > 0 {
            let mut vacuum =
                self.db.prepare_cached(&format!("PRAGMA incremental_vacuum({VACUUM_PAGES_MAX})"))?;
            let mut rows = vacuum.query([])?;
            while rows.next()?.is_some() {}
        }
        Ok(())
    }

    pub(crate) fn pragma(&self, name: &str) -> rusqlite::Result<u64> {
        self.sql(&format!("PRAGMA {name}"))?.query_row([], |row| row.get::<_, u64>(0))
    }

    fn first_alert(&self) -> rusqlite::Result<Option<u64>> {
        let first: Option<u64> = self.sql("SELECT MIN(seq) FROM alerts")?.query_row([], |row| row.get(0))?;
        Ok(first)
    }

    /// The last of the first so many alerts that were accepted before that time.
    fn oldest_alerts(&self, count: u64, before: Timestamp) -> rusqlite::Result<Option<u64>> {
        let last: Option<u64> = self
            .sql("SELECT MAX(seq) FROM (SELECT seq, accepted FROM alerts ORDER BY seq LIMIT ?) WHERE accepted < ?")?
            .query_row(params![count, ns(before)], |row| row.get(0))?;
        Ok(last)
    }

    fn accepted_at(&self, seq: u64) -> rusqlite::Result<Timestamp> {
        let at = self.sql("SELECT accepted FROM alerts WHERE seq = ?")?.query_row([seq], |row| row.get(0))?;
        Ok(time(at))
    }

    /// The time of the oldest row that isn't an alert, nor a dead letter, which have a bound of their own.
    fn oldest_other(&self) -> rusqlite::Result<Timestamp> {
        let oldest: Option<i64> = self
            .sql(
                "SELECT MIN(at) FROM (SELECT MIN(made) AS at FROM outbox UNION ALL \
                 SELECT MIN(at) FROM receipts)",
            )?
            .query_row([], |row| row.get(0))?;
        Ok(oldest.map_or(Timestamp(0), time))
    }

    /// Removes the alerts up to one, what was to be sent of them, and what else was made before a time; how
    /// many rows. To be repeated until there are none, as each call takes a bounded number. What is held stays:
    /// its owner judges it at its deadline, and bounds how much there is of it.
    fn evict(&mut self, through: Option<u64>, horizon: Timestamp) -> rusqlite::Result<usize> {
        let before = ns(horizon);
        let mut rows = 0;
        rows += self
            .sql("DELETE FROM receipts WHERE at < ? AND id IN (SELECT id FROM receipts ORDER BY id LIMIT 1000)")?
            .execute([before])?;
        rows += self.evict_outbox(through.unwrap_or(0), before)?;
        if let Some(through) = through {
            rows += self.evict_alerts(through)?;
        }
        Ok(rows)
    }

    fn evict_alerts(&mut self, through: u64) -> rusqlite::Result<usize> {
        let unrouted: u64 = self
            .sql("SELECT COUNT(*) FROM alerts WHERE seq <= ? AND seq > (SELECT cursor FROM router)")?
            .query_row([through], |row| row.get(0))?;
        let gone = self.sql("DELETE FROM alerts WHERE seq <= ?")?.execute([through])?;
        self.sql("DELETE FROM deliveries WHERE alert <= ?")?.execute([through])?;
        self.sql("UPDATE router SET cursor = MAX(cursor, ?), given_up = given_up + ?, pruned = pruned + ?")?
            .execute(params![through, unrouted, (gone as u64).saturating_sub(unrouted)])?;
        self.evicted = self.evicted.max(through);
        self.recent.forget(through);
        Ok(gone)
    }

    /// An output's rows lie in the order they were made in, so that the oldest are at the front.
    fn evict_outbox(&mut self, through: u64, before: i64) -> rusqlite::Result<usize> {
        let mut gone = Vec::new();
        for output in self.sql("SELECT id FROM outputs")?.query_map([], |row| row.get::<_, u64>(0))? {
            let output = output?;
            let mut select = self.sql("SELECT id, made, alert FROM outbox WHERE output = ? ORDER BY id")?;
            let mut rows = select.query([output])?;
            while let Some(row) = rows.next()? {
                let alert = row.get::<_, Option<u64>>(2)?;
                if row.get::<_, i64>(1)? < before || alert.is_some_and(|alert| alert <= through) {
                    gone.push((OutputId(output), row.get::<_, u64>(0)?));
                } else if alert.is_some() || through == 0 {
                    break;
                }
            }
        }
        let mut by_output: BTreeMap<u64, u64> = BTreeMap::new();
        for (output, row) in &gone {
            *by_output.entry(output.0).or_default() += self.occurrences(*output, *row)?;
            self.remove(*output, *row)?;
        }
        by_output.into_iter().try_for_each(|(output, count)| self.give_up(output, count))?;
        Ok(gone.len())
    }

    /// How many occurrences a row of the outbox stands for that no other does.
    fn occurrences(&self, output: OutputId, row: u64) -> rusqlite::Result<u64> {
        match self.stored(output, row)? {
            Some(stored) if stored.alert.is_none() => {
                Ok(self.notification(&stored)?.map_or(1, |notification| notification.count()))
            }
            stored => Ok(u64::from(stored.is_some())),
        }
    }

    /// Tells in an alert what was given up since the last such alert.
    pub(crate) fn announce(&mut self) -> rusqlite::Result<()> {
        let now = self.now();
        if self.told.is_some_and(|told| told <= now && now < told.after(ANNOUNCE_INTERVAL)) {
            return Ok(());
        }
        let unrouted: u64 = self
            .sql("SELECT given_up - announced FROM router")?
            .query_row([], |row| row.get(0))
            .optional()?
            .unwrap_or(0);
        let mut parts: Vec<String> = self
            .sql("SELECT name, given_up - announced FROM outputs WHERE given_up > announced ORDER BY name")?
            .query_map([], |row| Ok(format!("{} for {}", row.get::<_, u64>(1)?, row.get::<_, String>(0)?)))?
            .collect::<rusqlite::Result<_>>()?;
        if unrouted > 0 {
            parts.push(format!("{unrouted} not yet routed"));
        }
        let letters =
            |row: &Row| Ok(format!("{} dead letters of {}", row.get::<_, u64>(0)?, row.get::<_, String>(1)?));
        let of_letters = self
            .sql("SELECT letters_given_up - letters_announced, name FROM outputs WHERE letters_given_up > letters_announced ORDER BY name")?
            .query_map([], letters)?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        parts.extend(of_letters);
        if parts.is_empty() {
            return Ok(());
        }
        let alert = self.given_up_alert(&parts.join(", "), now);
        tracing::warn!("{}", alert.output);
        self.transaction(|store| {
            store.accept(&alert, now)?;
            store.sql("UPDATE router SET announced = given_up")?.execute([])?;
            store
                .sql("UPDATE outputs SET announced = given_up, letters_announced = letters_given_up")?
                .execute([])
        })?;
        self.recent.push(self.accepted, alert);
        self.told = Some(now);
        Ok(())
    }

    fn given_up_alert(&self, what: &str, now: Timestamp) -> Alert {
        const RULE: &str = "Lanner internal: alerts given up";
        Alert::internal(
            Uuid::now_v7(),
            RULE,
            Priority::Error,
            format!("The journal's bounds made Lanner give up: {what}"),
            BTreeMap::new(),
            now,
            self.settings.hostname.clone(),
        )
    }
}
