//! Losses announced: what did not fit the ring buffer is told in the log and as an alert, as Falco's
//! `syscall_event_drops` says.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use lanner_alert::{Priority, Value};
use lanner_event::Kind;

use super::{Detector, Outcome, Sink};
use crate::source::{Losses, Source, SourceError};

/// Falco's name for the alert.
const RULE: &str = "Falco internal: syscall event drop";
/// How often the source is asked what it lost.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// How often what is lost below the threshold is logged at the most.
const LOG_INTERVAL: Duration = Duration::from_secs(30);
/// Longer than any detector runs.
const NEVER: Duration = Duration::from_hours(1_000_000);

/// The kinds whose loss leaves processes in doubt.
const PROCESS_KINDS: [Kind; 4] = [Kind::Execve, Kind::Execveat, Kind::Clone, Kind::Procexit];

/// What to do about lost events: Falco's `syscall_event_drops`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DropPolicy {
    /// Above which share of the events of a second to act, from 0 to 1. What is lost below is logged from time to time.
    pub threshold: f64,
    /// Whether to log it.
    pub log: bool,
    /// Whether to raise an alert.
    pub alert: bool,
    /// Whether to end with an error.
    pub exit: bool,
    /// How often to act, per second.
    pub rate: f64,
    /// How often to act at once.
    pub max_burst: u32,
    /// Whether to act as if an event were lost each second.
    pub simulate: bool,
}

impl Default for DropPolicy {
    /// Each loss is logged and raises an alert, as often as Falco does.
    fn default() -> DropPolicy {
        DropPolicy {
            threshold: 0.0,
            log: true,
            alert: true,
            exit: false,
            rate: 0.03333,
            max_burst: 1,
            simulate: false,
        }
    }
}

impl DropPolicy {
    /// How often it acts; `None` where it never does.
    fn limit(&self) -> Option<DefaultDirectRateLimiter> {
        let burst = NonZeroU32::new(self.max_burst)?;
        let period = Duration::try_from_secs_f64(1.0 / self.rate).unwrap_or(NEVER);
        let quota = Quota::with_period(period.clamp(Duration::from_nanos(1), NEVER))?;
        Some(RateLimiter::direct(quota.allow_burst(burst)))
    }
}

/// What was lost, and what of it was told.
pub(super) struct LossWatch {
    policy: DropPolicy,
    limit: Option<DefaultDirectRateLimiter>,
    looked: Option<Instant>,
    logged: Option<Instant>,
    /// What had been lost, and how many events there had been, at the last look.
    lost: u64,
    events: u64,
    of_processes: u64,
    /// What wasn't told yet, and whether it is to be acted upon.
    untold: u64,
    due: bool,
}

impl Default for LossWatch {
    fn default() -> LossWatch {
        LossWatch::new(DropPolicy::default())
    }
}

impl LossWatch {
    pub(super) fn new(policy: DropPolicy) -> LossWatch {
        LossWatch {
            policy,
            limit: policy.limit(),
            looked: None,
            logged: None,
            lost: 0,
            events: 0,
            of_processes: 0,
            untold: 0,
            due: false,
        }
    }

    /// Takes what was lost, and how many events there were, since the start; whether it is to be acted upon now.
    fn look(&mut self, lost: u64, events: u64) -> bool {
        let new = lost.saturating_sub(self.lost) + u64::from(self.policy.simulate);
        let seen = events.saturating_sub(self.events);
        (self.lost, self.events) = (lost, events);
        self.untold += new;
        let share = new as f64 / (new + seen).max(1) as f64;
        self.due |= new > 0 && (share > self.policy.threshold || self.policy.simulate);
        self.due && self.limit.as_ref().is_some_and(|limit| limit.check().is_ok())
    }
}

fn passed(at: Option<Instant>, interval: Duration) -> bool {
    at.is_none_or(|at| at.elapsed() > interval)
}

impl Detector {
    /// Does what is to be done about what was lost since the last time; `false` when that is to end.
    pub(super) fn announce_losses(&mut self, source: &dyn Source, sink: &mut Sink) -> bool {
        if !passed(self.losses.looked, LOOK_INTERVAL) {
            return true;
        }
        self.losses.looked = Some(Instant::now());
        let lost = source.lost();
        self.doubt(&lost);
        let events = self.counts.iter().sum();
        if self.losses.look(lost.total(), events) {
            self.losses.due = false;
            let new = std::mem::take(&mut self.losses.untold);
            return self.act(new, events, &lost, sink);
        }
        if self.losses.untold > 0 && !self.losses.due && passed(self.losses.logged, LOG_INTERVAL) {
            log(std::mem::take(&mut self.losses.untold), &lost);
            self.losses.logged = Some(Instant::now());
        }
        true
    }

    fn act(&mut self, new: u64, events: u64, lost: &Losses, sink: &mut Sink) -> bool {
        let policy = self.losses.policy;
        if policy.log {
            log(new, lost);
        }
        if policy.alert && !self.alert_of_losses(new, events, lost, sink) {
            return false;
        }
        if policy.exit {
            self.failed = Some(SourceError::Lost { lost: new });
        }
        !policy.exit
    }

    fn alert_of_losses(&mut self, new: u64, events: u64, lost: &Losses, sink: &mut Sink) -> bool {
        let mut fields = BTreeMap::from([
            ("n_drops".to_owned(), Value::Uint(new)),
            ("n_drops_total".to_owned(), Value::Uint(lost.total())),
            ("n_evts".to_owned(), Value::Uint(events)),
        ]);
        fields.extend(
            lost.by_kind.iter().map(|(kind, count)| (format!("n_drops.{kind}"), Value::Uint(*count))),
        );
        let simulated = if self.losses.policy.simulate { " (simulated)" } else { "" };
        let output = format!("Falco internal: syscall event drop. {new} events were lost{simulated}.");
        let alert = self.internal_alert(RULE, Priority::Debug, output, fields);
        self.hand_on(Outcome::Alert(alert), sink)
    }

    /// Lets the state doubt what it knows where starts and ends of processes were lost.
    fn doubt(&mut self, lost: &Losses) {
        let is_process = |name: &str| PROCESS_KINDS.iter().any(|kind| kind.row().name == name);
        let of_processes =
            lost.by_kind.iter().filter(|(name, _)| is_process(name)).map(|(_, count)| count).sum();
        if of_processes > self.losses.of_processes {
            self.losses.of_processes = of_processes;
            self.state.doubt();
        }
    }
}

fn log(new: u64, lost: &Losses) {
    let kinds: Vec<String> = lost.by_kind.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    tracing::warn!("{new} events did not fit the ring buffer and were lost; in all: {}", kinds.join(", "));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_is_acted_upon_above_the_threshold_and_not_too_often() {
        let mut watch =
            LossWatch::new(DropPolicy { threshold: 0.5, max_burst: 2, rate: 0.0, ..DropPolicy::default() });
        assert!(!watch.look(0, 10));
        assert!(!watch.look(10, 20), "half is no more than half");
        assert!(watch.look(21, 30));
        watch.due = false;
        assert!(watch.look(40, 30));
        watch.due = false;
        assert!(!watch.look(60, 30), "that would be too often");
        assert!(watch.due, "it will be told");
        assert_eq!(watch.untold, 60);
        let mut watch = LossWatch::new(DropPolicy { max_burst: 0, ..DropPolicy::default() });
        assert!(!watch.look(5, 0));
        let mut watch =
            LossWatch::new(DropPolicy { simulate: true, threshold: 1.0, ..DropPolicy::default() });
        assert!(watch.look(0, 1000));
    }
}
