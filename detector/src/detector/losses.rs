//! Losses announced: what did not fit the ring buffer is told in the log and as an alert.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use lanner_alert::{Alert, Priority, Timestamp, Value};
use lanner_event::Kind;

use super::{Detector, Outcome, Sink};
use crate::alert::new_id;
use crate::source::{Losses, Source};

/// Falco's name for the alert.
const RULE: &str = "Falco internal: syscall event drop";
/// How often the source is asked what it lost.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// How often losses are announced at the most: Falco's default rate.
const ANNOUNCE_INTERVAL: Duration = Duration::from_secs(30);

/// The kinds whose loss leaves processes in doubt.
const PROCESS_KINDS: [Kind; 4] = [Kind::Execve, Kind::Execveat, Kind::Clone, Kind::Procexit];

/// What was lost, and what of it was announced.
#[derive(Debug, Default)]
pub(super) struct LossWatch {
    announced: u64,
    of_processes: u64,
    looked: Option<Instant>,
    said: Option<Instant>,
}

impl Detector {
    /// Announces what was lost since the last time.
    pub(super) fn announce_losses(&mut self, source: &dyn Source, sink: &mut Sink) -> bool {
        let passed = |at: Option<Instant>, interval| at.is_none_or(|at| at.elapsed() > interval);
        if !passed(self.losses.looked, LOOK_INTERVAL) {
            return true;
        }
        self.losses.looked = Some(Instant::now());
        let lost = source.lost();
        self.doubt(&lost);
        let new = lost.total().saturating_sub(self.losses.announced);
        if new == 0 || !passed(self.losses.said, ANNOUNCE_INTERVAL) {
            return true;
        }
        self.losses.announced = lost.total();
        self.losses.said = Some(Instant::now());
        let kinds: Vec<String> = lost.by_kind.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        tracing::warn!(
            "{new} events did not fit the ring buffer and were lost; in all: {}",
            kinds.join(", ")
        );
        let events: u64 = self.counts.iter().sum();
        let mut fields = BTreeMap::from([
            ("n_drops".to_owned(), Value::Uint(new)),
            ("n_drops_total".to_owned(), Value::Uint(lost.total())),
            ("n_evts".to_owned(), Value::Uint(events)),
        ]);
        fields.extend(
            lost.by_kind.iter().map(|(kind, count)| (format!("n_drops.{kind}"), Value::Uint(*count))),
        );
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let time = Timestamp::default().after(now);
        let output = format!("Falco internal: syscall event drop. {new} events were lost.");
        let hostname = self.state.host.hostname.clone();
        let alert = Alert::internal(new_id(time), RULE, Priority::Debug, output, fields, time, hostname);
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
