//! How much an output is sent: a rate, for all of it or for each value of some fields, and one summary of what was over it.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use governor::{Quota, RateLimiter};
use hashbrown::HashMap;
use lanner_alert::{AlertId, Fingerprint, Kind, Notification, Tally, Timestamp};
use serde::{Deserialize, Serialize};

use crate::stage::{Change, Stage, Verdict, json, key_of, made_id};

/// How many values of the fields have a rate of their own at the same time; those that come while none has room share
/// one, so that an attacker who makes up values gets one rate more and no memory.
pub const LIMIT_KEYS_MAX: usize = 10_000;
/// The key of all that has no rate of its own.
const SHARED: Fingerprint = Fingerprint(0);

/// The rate of an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitSettings {
    /// The fields whose values have a rate each; none for one rate of the whole output.
    pub per: Vec<String>,
    /// One notification in this time; longer than nothing.
    pub period: Duration,
    /// So many at once after a quiet time.
    pub burst: NonZeroU32,
    /// How long after the first that was withheld its summary comes.
    pub summary: Duration,
}

/// The time as `judge` was given it.
#[derive(Debug, Clone, Default)]
struct Given(Arc<AtomicU64>);

impl Clock for Given {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.load(Ordering::Relaxed).into()
    }
}

/// The limiter's memory: when it will have worked off what it let through, in ns since 1970; 0 for no time yet.
/// The stage has it to itself, so that nothing comes between load and store.
#[derive(Debug, Clone, Default)]
struct Arrival(Arc<AtomicU64>);

impl StateStore for Arrival {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _: &NotKeyed, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let before = self.0.load(Ordering::Relaxed);
        let (decided, after) = decide((before > 0).then(|| before.into()))?;
        self.0.store(after.into(), Ordering::Relaxed);
        Ok(decided)
    }
}

/// Up to when each key will have worked off what it let through, in ns since 1970. One that has is as good as new, and
/// forgotten.
#[derive(Debug, Default)]
struct Arrivals {
    by_key: HashMap<Fingerprint, u64>,
    /// The earliest first.
    order: BTreeSet<(u64, Fingerprint)>,
    changed: BTreeSet<Fingerprint>,
}

impl Arrivals {
    fn set(&mut self, key: Fingerprint, arrival: u64) {
        self.remove(key);
        self.by_key.insert(key, arrival);
        self.order.insert((arrival, key));
    }

    fn remove(&mut self, key: Fingerprint) {
        if let Some(before) = self.by_key.remove(&key) {
            self.order.remove(&(before, key));
        }
        self.changed.insert(key);
    }

    /// Forgets those that are as good as new.
    fn tidy(&mut self, now: Timestamp) {
        while let Some((_, key)) = self.order.first().copied().filter(|(arrival, _)| *arrival <= now.0) {
            self.remove(key);
        }
    }

    /// None is later than `full`, when all that a burst allows was let through just now.
    fn set_back(&mut self, full: Timestamp) {
        while let Some((_, key)) = self.order.last().copied().filter(|(arrival, _)| *arrival > full.0) {
            self.set(key, full.0);
        }
    }

    /// The key under which this one counts.
    fn place(&self, key: Fingerprint) -> Fingerprint {
        let room = self.by_key.len() < LIMIT_KEYS_MAX || self.by_key.contains_key(&key);
        if room { key } else { SHARED }
    }
}

/// What was withheld and waits to be summed up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Withheld {
    /// When the summary is due.
    due: Timestamp,
    /// The first alert of it.
    first: AlertId,
    tally: Tally,
}

struct Limiter {
    settings: LimitSettings,
    rate: RateLimiter<NotKeyed, Arrival, Given, NoOpMiddleware<Nanos>>,
}

/// The limit of one output. Without settings it lets everything through, and sums up at once what an earlier
/// configuration withheld.
pub struct Limit {
    output: String,
    limiter: Option<Limiter>,
    now: Given,
    /// What the limiter works on: that of the key in question.
    arrival: Arrival,
    arrivals: Arrivals,
    withheld: Option<Withheld>,
    /// Whether what is withheld has changed.
    changed: bool,
}

impl Limit {
    /// The limit of that output.
    pub fn new(output: &str, settings: Option<LimitSettings>) -> Limit {
        let (now, arrival) = (Given::default(), Arrival::default());
        let limiter = settings.map(|settings| {
            let period = settings.period.max(Duration::from_nanos(1));
            // A period that isn't zero always makes a quota; `per_second` stands for the type only.
            let quota = Quota::with_period(period).unwrap_or(Quota::per_second(NonZeroU32::MIN));
            let rate = RateLimiter::new(quota.allow_burst(settings.burst), arrival.clone(), now.clone());
            Limiter { settings, rate }
        });
        Limit {
            output: output.to_owned(),
            limiter,
            now,
            arrival,
            arrivals: Arrivals::default(),
            withheld: None,
            changed: false,
        }
    }
}

fn key(item: &Notification, per: &[String]) -> Fingerprint {
    match item.alerts.first() {
        Some(alert) if !per.is_empty() => key_of("", alert, per),
        _ => SHARED,
    }
}

impl Stage<Notification> for Limit {
    fn name(&self) -> &'static str {
        "limit"
    }

    fn judge(&mut self, item: &mut Notification, now: Timestamp) -> Verdict {
        let Some(Limiter { settings, rate }) = &self.limiter else {
            return Verdict::Pass("no limit");
        };
        self.now.0.store(now.0, Ordering::Relaxed);
        self.arrivals.tidy(now);
        let own = key(item, &settings.per);
        let key = self.arrivals.place(own);
        self.arrival.0.store(self.arrivals.by_key.get(&key).copied().unwrap_or(0), Ordering::Relaxed);
        if rate.check().is_ok() {
            self.arrivals.set(key, self.arrival.0.load(Ordering::Relaxed));
            return Verdict::Pass(if key == own {
                "within the limit"
            } else {
                "within the limit of those without room"
            });
        }
        self.changed = true;
        let due = now.after(settings.summary);
        let first = item.id;
        let withheld = self.withheld.get_or_insert_with(|| Withheld { due, first, tally: Tally::default() });
        for alert in &item.alerts {
            withheld.tally.add(alert);
        }
        Verdict::Hold(if key == own { "over the limit" } else { "over the limit of those without room" })
    }

    fn next(&self) -> Option<Timestamp> {
        let withheld = self.withheld.as_ref()?;
        Some(if self.limiter.is_some() { withheld.due } else { Timestamp(0) })
    }

    fn tick(&mut self, now: Timestamp, out: &mut Vec<Notification>) {
        if self.next().is_none_or(|due| due > now) {
            return;
        }
        if let Some(Withheld { first, tally, .. }) = self.withheld.take() {
            self.changed = true;
            out.push(Notification {
                id: made_id(Kind::Summary, &self.output, first, now),
                kind: Kind::Summary,
                time: now,
                priority: tally.priority(),
                alerts: Vec::new(),
                tally,
                group: None,
            });
        }
    }

    fn set_back(&mut self, now: Timestamp) {
        let Some(Limiter { settings, .. }) = &self.limiter else { return };
        self.arrivals.set_back(now.after(settings.period.saturating_mul(settings.burst.get())));
        let due = now.after(settings.summary);
        if let Some(withheld) = self.withheld.as_mut().filter(|withheld| withheld.due > due) {
            (withheld.due, self.changed) = (due, true);
        }
    }

    fn changes(&mut self, out: &mut Vec<Change>) {
        for key in std::mem::take(&mut self.arrivals.changed) {
            // Without a limit nothing is to be remembered of an earlier one.
            let arrival = self.arrivals.by_key.get(&key).filter(|_| self.limiter.is_some());
            out.push(Change { key: key.to_string(), value: arrival.map(u64::to_string) });
        }
        if std::mem::take(&mut self.changed) {
            out.push(Change { key: String::new(), value: self.withheld.as_ref().map(json) });
        }
    }

    fn restore(&mut self, key: &str, value: &str) -> bool {
        if key.is_empty() {
            self.withheld = serde_json::from_str(value).ok();
            return self.withheld.is_some();
        }
        let (Ok(key), Ok(arrival)) = (key.parse(), value.parse()) else { return false };
        self.arrivals.set(key, arrival);
        if self.limiter.is_some() {
            self.arrivals.changed.remove(&key);
        }
        true
    }
}
