//! The loop: events from a source, applied to the host, judged by the rules, made into alerts.

mod answers;
mod judge;
mod losses;
mod record;
mod starting;
#[cfg(test)]
mod tests;
mod users;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hashbrown::HashMap;
use lanner_alert::{Alert, Timestamp};
use lanner_event::{ContainerId, ContainerState, EventBatch, Kind};
use lanner_rules::{Hit, RuleSet, Scratch};
use uuid::Uuid;

use crate::container_users::{ContainerUsers, Inhabitant};
use crate::containers::{Engines, Origin, Reason, Why};
use crate::hold::{HeldEvent, Hold};
use crate::names::Names;
use crate::source::{Source, SourceError, Status};
use crate::state::{State, StateCounts, mount_namespace};
use answers::EngineWatch;
pub use losses::DropPolicy;
use losses::LossWatch;
use starting::Starting;

/// How long a source may wait for an event before the loop looks after everything else.
const WAIT: Duration = Duration::from_millis(50);
/// How long a source may wait while something waits for an engine.
const WAIT_FOR_ENGINE: Duration = Duration::from_millis(5);
/// How long the detector takes at the most, when it stops, for what is left in the source and what waits for engines.
/// What still waits then is judged after the next start.
const DRAIN_MAX: Duration = Duration::from_secs(2);
/// How often engines are asked again about containers that nothing is known of.
const ASK_AGAIN_INTERVAL: Duration = Duration::from_secs(10);

/// What the detector hands on.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// An alert.
    Alert(Alert),
    /// An event that waits; it must be given back after a restart.
    Hold {
        /// Its identity.
        id: Uuid,
        /// When it will have been judged.
        deadline: Timestamp,
        /// What the detector needs to judge it.
        body: Vec<u8>,
    },
    /// An event that waited was judged.
    Judged {
        /// Which one.
        id: Uuid,
        /// What it came to.
        alerts: Vec<Alert>,
    },
}

/// Takes what the detector hands on; `false` when nothing is taken any more.
pub type Sink<'a> = dyn FnMut(Outcome) -> bool + 'a;

/// What the detector did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// Events, by kind.
    pub events: BTreeMap<&'static str, u64>,
    /// Events that were lost, by kind.
    pub lost: Vec<(&'static str, u64)>,
    /// Events that aren't whole, by what is wrong with them.
    pub partial: Vec<(&'static str, u64)>,
    /// Alerts, by rule.
    pub alerts: BTreeMap<Arc<str>, u64>,
    /// Events that waited for their container.
    pub held: u64,
    /// Of those, how many were judged without it.
    pub expired: u64,
    /// Events that could not wait because too many did.
    pub not_held: u64,
    /// Containers that were described, by the engine's `container.type`.
    pub containers_known: BTreeMap<Box<str>, u64>,
    /// Of those, containers of which not all was kept, since it was too long.
    pub containers_cut: u64,
    /// Containers that the engines said they have none of.
    pub containers_unknown: u64,
    /// Containers of which nothing was said, by the engine that should have, and why it didn't.
    pub containers_unanswered: BTreeMap<(&'static str, Reason), u64>,
    /// Containers that weren't asked for because too many were waiting.
    pub containers_refused: u64,
    /// Containers that were started and raised no event, since their engine didn't know them or too many started.
    pub containers_not_raised: u64,
    /// Times that the users of a container could not be read.
    pub users_missed: u64,
    /// What was counted while the host was kept up to date.
    pub state: StateCounts,
}

/// The detector.
pub struct Detector {
    state: State,
    rules: Arc<RuleSet>,
    engines: Engines,
    names: Names,
    users: ContainerUsers,
    /// Containers whose users are to be looked at again.
    inhabitants: Vec<Inhabitant>,
    wait: Duration,
    hold: Hold,
    starting: HashMap<ContainerId, Starting>,
    /// The host's own mount namespace.
    mnt_ns: Option<u32>,
    asked_again: Instant,
    scratch: Scratch,
    hits: Vec<Hit>,
    counts: Vec<u64>,
    losses: LossWatch,
    /// Why it ends, where that isn't because it was told to.
    failed: Option<SourceError>,
    report: Report,
    engine_watch: EngineWatch,
}

impl Detector {
    /// A detector of these rules. Events wait for their containers as long as `wait`.
    pub fn new(state: State, rules: Arc<RuleSet>, engines: Engines, wait: Duration) -> Detector {
        Detector {
            state,
            rules,
            engines,
            names: Names::default(),
            users: ContainerUsers::default(),
            inhabitants: Vec::new(),
            wait,
            hold: Hold::default(),
            starting: HashMap::new(),
            mnt_ns: mount_namespace(),
            asked_again: Instant::now(),
            scratch: Scratch::default(),
            hits: Vec::new(),
            counts: vec![0; Kind::ALL.len()],
            losses: LossWatch::default(),
            failed: None,
            report: Report::default(),
            engine_watch: EngineWatch::default(),
        }
    }

    /// Keeps the names of hosts up to date that are being resolved.
    pub fn with_names(self, names: Names) -> Detector {
        Detector { names, ..self }
    }

    /// Reads the users of containers; without this nothing is known of them.
    pub fn with_container_users(self, users: ContainerUsers) -> Detector {
        Detector { users, ..self }
    }

    /// Does so about lost events.
    pub fn with_drop_policy(self, policy: DropPolicy) -> Detector {
        Detector { losses: LossWatch::new(policy), ..self }
    }

    /// Takes back an event that waited when Lanner ended. What isn't understood, as of an older version, is
    /// judged to be nothing.
    pub fn restore(&mut self, id: Uuid, body: &[u8], sink: &mut Sink) {
        match serde_json::from_slice::<HeldEvent>(body) {
            Ok(held) => {
                // Its cgroup's number may be another's by now, so only the container itself is noted.
                let containers = &mut self.state.host.containers;
                if !containers.by_id.contains_key(&held.container) {
                    let asked = self.engines.ask(&held.container, Origin::UNKNOWN, Why::Entered);
                    let state = if asked { ContainerState::Pending } else { ContainerState::Unavailable };
                    containers.by_id.insert(held.container.clone(), state);
                }
                self.hold.push(id, held, body.len(), Instant::now() + self.wait);
            }
            Err(error) => {
                tracing::error!("an event that waited for its container can't be read any more: {error}");
                sink(Outcome::Judged { id, alerts: Vec::new() });
            }
        }
    }

    /// Runs until the source ends, `stop` is set, or nothing is taken any more.
    ///
    /// # Errors
    /// Where the source has failed.
    pub fn run(
        mut self,
        source: &mut dyn Source,
        stop: &AtomicBool,
        sink: &mut Sink,
    ) -> Result<Report, SourceError> {
        let mut batch = EventBatch::default();
        let mut goes_on = true;
        while goes_on && !stop.load(Ordering::Relaxed) {
            batch.clear();
            let status = source.fill(&mut batch, self.patience())?;
            goes_on = self.batch(&batch, sink) && status == Status::More;
            goes_on &= self.tend(source, sink);
        }
        self.drain(source, &mut batch, sink)?;
        match self.failed.take() {
            Some(error) => Err(error),
            None => Ok(self.finish(source)),
        }
    }

    /// How long the source may wait for an event.
    fn patience(&self) -> Duration {
        if self.waits_for_engine() { WAIT_FOR_ENGINE } else { WAIT }
    }

    /// Whether there is something that an answer of an engine may settle.
    fn waits_for_engine(&self) -> bool {
        !self.hold.is_empty() || self.awaits_containers()
    }

    /// What is left in the source, and what still waits.
    fn drain(
        &mut self,
        source: &mut dyn Source,
        batch: &mut EventBatch,
        sink: &mut Sink,
    ) -> Result<(), SourceError> {
        let deadline = Instant::now() + DRAIN_MAX;
        while Instant::now() < deadline {
            batch.clear();
            source.fill(batch, Duration::ZERO)?;
            if batch.events.is_empty() || !self.batch(batch, sink) {
                break;
            }
        }
        while self.waits_for_engine() && Instant::now() < deadline {
            if !self.tend(source, sink) {
                break;
            }
            std::thread::sleep(WAIT_FOR_ENGINE);
        }
        Ok(())
    }

    fn finish(mut self, source: &dyn Source) -> Report {
        let kinds = Kind::ALL.iter().zip(&self.counts).filter(|(_, count)| **count > 0);
        self.report.events = kinds.map(|(kind, count)| (kind.row().name, *count)).collect();
        let losses = source.lost();
        self.report.lost = losses.by_kind;
        self.report.partial = losses.partial;
        self.report.state = self.state.counts;
        self.report.containers_refused = self.engines.refused;
        self.report
    }

    fn batch(&mut self, batch: &EventBatch, sink: &mut Sink) -> bool {
        for event in batch.iter() {
            self.counts[event.kind.index()] += 1;
            let seen = self.state.apply(event);
            self.settle_in(&event, seen.as_ref());
            if let Some(seen) = seen {
                self.seen(&seen, &event);
            }
            if matches!(event.kind, Kind::Execve | Kind::Execveat)
                && event.res >= 0
                && !self.starting.is_empty()
            {
                self.entrypoint(&event);
            }
            if !self.judge(event, sink) {
                return false;
            }
        }
        true
    }

    /// Everything that isn't an event: answers of engines, deadlines, losses.
    fn tend(&mut self, source: &dyn Source, sink: &mut Sink) -> bool {
        self.refresh();
        while let Some(answer) = self.engines.answer() {
            let id = answer.id.clone();
            self.note(answer);
            if !self.release(&id, sink) {
                return false;
            }
        }
        while let Some((id, users)) = self.users.answer() {
            self.note_users(&id, users);
            if !self.release(&id, sink) {
                return false;
            }
        }
        for waiting in self.hold.take_due(Instant::now()) {
            if !self.judge_held(waiting, sink) {
                return false;
            }
        }
        self.ask_again();
        self.raise_started(sink) && self.announce_engines(sink) && self.announce_losses(source, sink)
    }

    /// What changes without an event: users, and the addresses of names.
    fn refresh(&mut self) {
        if self.state.refresh() {
            self.look_at_users();
        }
        while let Some((name, addresses)) = self.names.answer() {
            let left = self.state.host.names.set(&name, &addresses);
            if left > 0 {
                tracing::warn!("{left} addresses of {name} aren't known to rules: there are too many");
            }
        }
    }

    /// Judges what waited for a container, once nothing more of it is on its way.
    fn release(&mut self, id: &ContainerId, sink: &mut Sink) -> bool {
        if self.state.host.containers.is_pending(id) {
            return true;
        }
        let waited = self.hold.take_of(id);
        waited.into_iter().all(|waiting| self.judge_held(waiting, sink))
    }
}
