//! How much an output is sent: a rate, and one summary of what was over it.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use governor::{Quota, RateLimiter};
use lanner_alert::{AlertId, Kind, Notification, Tally, Timestamp};
use serde::{Deserialize, Serialize};

use crate::stage::{Change, Stage, Verdict, made_id};

/// The rate of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitSettings {
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

/// What was withheld and waits to be summed up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Withheld {
    /// When the summary is due.
    due: Timestamp,
    /// The first alert of it.
    first: AlertId,
    tally: Tally,
}

/// What lies in the journal.
#[derive(Serialize, Deserialize)]
struct Kept {
    arrival: u64,
    withheld: Option<Withheld>,
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
    arrival: Arrival,
    withheld: Option<Withheld>,
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
        Limit { output: output.to_owned(), limiter, now, arrival, withheld: None, changed: false }
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
        self.changed = true;
        self.now.0.store(now.0, Ordering::Relaxed);
        // A clock that was set back must not close the output until that time comes again.
        let full = now.after(settings.period.saturating_mul(settings.burst.get()));
        if self.arrival.0.load(Ordering::Relaxed) > full.0 {
            self.arrival.0.store(full.0, Ordering::Relaxed);
        }
        if rate.check().is_ok() {
            return Verdict::Pass("within the limit");
        }
        let due = now.after(settings.summary);
        let first = item.id;
        let withheld = self.withheld.get_or_insert_with(|| Withheld { due, first, tally: Tally::default() });
        withheld.due = withheld.due.min(due);
        for alert in &item.alerts {
            withheld.tally.add(alert);
        }
        Verdict::Hold("over the limit")
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
            });
        }
    }

    fn changes(&mut self, out: &mut Vec<Change>) {
        if !std::mem::take(&mut self.changed) {
            return;
        }
        let kept = Kept { arrival: self.arrival.0.load(Ordering::Relaxed), withheld: self.withheld.clone() };
        let idle = self.limiter.is_none() && kept.withheld.is_none();
        out.push(Change {
            key: String::new(),
            value: (!idle).then(|| serde_json::to_string(&kept).unwrap_or_default()),
        });
    }

    fn restore(&mut self, _: &str, value: &str) -> bool {
        let Ok(Kept { arrival, withheld }) = serde_json::from_str(value) else { return false };
        self.arrival.0.store(arrival, Ordering::Relaxed);
        self.withheld = withheld;
        true
    }
}
