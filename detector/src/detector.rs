//! The loop: events from a source, applied to the host, judged by the rules, made into alerts.

mod judge;
mod losses;
mod starting;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hashbrown::HashMap;
use lanner_alert::{Alert, Timestamp};
use lanner_event::{ContainerState, EventBatch, Kind};
use lanner_rules::{Hit, RuleSet, Scratch};
use uuid::Uuid;

use crate::containers::{Answer, Engines};
use crate::hold::{HeldEvent, Hold};
use crate::source::{Source, SourceError, Status};
use crate::state::{State, StateCounts};
use losses::LossWatch;
use starting::Starting;

/// How long a source may wait for an event before the loop looks after everything else.
const WAIT: Duration = Duration::from_millis(50);
/// How many times a source is asked for what is left when the detector stops.
const DRAIN_MAX: usize = 1000;

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
    /// Alerts, by rule.
    pub alerts: BTreeMap<Arc<str>, u64>,
    /// Events that waited for their container.
    pub held: u64,
    /// Of those, how many were judged without it.
    pub expired: u64,
    /// Events that could not wait because too many did.
    pub not_held: u64,
    /// Containers that an engine described, and that none did.
    pub containers_known: u64,
    /// See `containers_known`.
    pub containers_unknown: u64,
    /// Containers that weren't asked for because too many were waiting.
    pub containers_refused: u64,
    /// What was counted while the host was kept up to date.
    pub state: StateCounts,
}

/// The detector.
pub struct Detector {
    state: State,
    rules: Arc<RuleSet>,
    engines: Engines,
    wait: Duration,
    hold: Hold,
    starting: HashMap<Arc<str>, Starting>,
    scratch: Scratch,
    hits: Vec<Hit>,
    counts: Vec<u64>,
    losses: LossWatch,
    report: Report,
    engine_trouble: bool,
}

impl Detector {
    /// A detector of these rules. Events wait for their containers as long as `wait`.
    pub fn new(state: State, rules: Arc<RuleSet>, engines: Engines, wait: Duration) -> Detector {
        Detector {
            state,
            rules,
            engines,
            wait,
            hold: Hold::default(),
            starting: HashMap::new(),
            scratch: Scratch::default(),
            hits: Vec::new(),
            counts: vec![0; Kind::ALL.len()],
            losses: LossWatch::default(),
            report: Report::default(),
            engine_trouble: false,
        }
    }

    /// Takes back an event that waited when Lanner ended. What isn't understood, as of an older version, is
    /// judged to be nothing.
    pub fn restore(&mut self, id: Uuid, body: &[u8], sink: &mut Sink) {
        match serde_json::from_slice::<HeldEvent>(body) {
            Ok(held) => {
                let containers = &mut self.state.host.containers;
                let task = held.event.as_ref().task;
                containers.by_cgroup.insert(task.cgroup, Some(held.container.clone()));
                if !containers.by_id.contains_key(&held.container) {
                    containers.by_id.insert(held.container.clone(), ContainerState::Pending);
                    self.engines.ask(&held.container);
                }
                self.hold.push(id, held, Instant::now() + self.wait);
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
            let status = source.fill(&mut batch, WAIT)?;
            goes_on = self.batch(&batch, sink) && status == Status::More;
            goes_on &= self.tend(source, sink);
        }
        self.drain(source, &mut batch, sink)?;
        Ok(self.finish(source))
    }

    /// What is left in the source, and what still waits.
    fn drain(
        &mut self,
        source: &mut dyn Source,
        batch: &mut EventBatch,
        sink: &mut Sink,
    ) -> Result<(), SourceError> {
        for _ in 0..DRAIN_MAX {
            batch.clear();
            source.fill(batch, Duration::ZERO)?;
            if batch.events.is_empty() || !self.batch(batch, sink) {
                break;
            }
        }
        let deadline = Instant::now() + self.wait + WAIT;
        while (self.hold.len() > 0 || !self.starting.is_empty()) && Instant::now() < deadline {
            if !self.tend(source, sink) {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    fn finish(mut self, source: &dyn Source) -> Report {
        let kinds = Kind::ALL.iter().zip(&self.counts).filter(|(_, count)| **count > 0);
        self.report.events = kinds.map(|(kind, count)| (kind.row().name, *count)).collect();
        self.report.lost = source.lost().by_kind;
        self.report.state = self.state.counts;
        self.report.containers_refused = self.engines.refused;
        self.report
    }

    fn batch(&mut self, batch: &EventBatch, sink: &mut Sink) -> bool {
        for event in batch.iter() {
            self.counts[event.kind.index()] += 1;
            if let Some(seen) = self.state.apply(event) {
                self.seen(seen, &event.task);
            }
            if event.kind == Kind::Execve && event.task.vpid == 1 {
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
        self.state.refresh();
        while let Some(answer) = self.engines.answer() {
            if !self.answered(answer, sink) {
                return false;
            }
        }
        for waiting in self.hold.take_due(Instant::now()) {
            self.report.expired += 1;
            if !self.judge_held(waiting, sink) {
                return false;
            }
        }
        self.raise_started(sink) && self.announce_losses(source, sink)
    }

    fn answered(&mut self, answer: Answer, sink: &mut Sink) -> bool {
        let state = match answer.result {
            Ok(container) => {
                self.report.containers_known += 1;
                self.trouble(None);
                ContainerState::Known(container)
            }
            Err(cause) => {
                self.report.containers_unknown += 1;
                self.trouble(Some(&cause));
                self.starting.remove(&answer.id);
                ContainerState::Unavailable
            }
        };
        self.state.host.containers.by_id.insert(answer.id.clone(), state);
        let waited = self.hold.take_of(&answer.id);
        waited.into_iter().all(|waiting| self.judge_held(waiting, sink))
    }

    /// Says when an engine stops to answer, and when it does again.
    fn trouble(&mut self, cause: Option<&str>) {
        match cause {
            Some(cause) if !self.engine_trouble => {
                tracing::warn!("a container stays without name and image: {cause}");
            }
            None if self.engine_trouble => tracing::info!("containers are described again"),
            _ => {}
        }
        self.engine_trouble = cause.is_some();
    }
}
