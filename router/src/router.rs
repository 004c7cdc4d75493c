//! The router's task: it takes accepted alerts through the stages, a batch and a transaction at a time, and the
//! workers that send what comes out.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use lanner_bus::{Batch, Handle, JournalError, Replaying, Step};
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinHandle;

use crate::backoff::Jitter;
use crate::breaker::Breaker;
use crate::output::Output;
use crate::pipeline::{Decision, Pipeline};
use crate::redact::REPLACED;
use crate::worker::{Counters, DeliverySettings, Phase, Worker};

/// Most alerts of one step.
const STEP_ALERTS_MAX: usize = 1024;
/// The stages are looked at this often at least, as the wall clock may be set.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// How often it is looked whether more can be sent again.
const REPLAY_INTERVAL: Duration = Duration::from_secs(1);
/// How long to wait for a journal that can't be read.
const JOURNAL_RETRY: Duration = Duration::from_secs(1);

/// How long a stop waits for the journal to say what is pending: one that can't be written doesn't answer.
const REPORT_WAIT: Duration = Duration::from_secs(2);

/// The running router and its workers.
pub struct Router {
    journal: Handle,
    pipeline: Arc<Mutex<Pipeline>>,
    task: JoinHandle<()>,
    workers: Vec<Running>,
    /// What the router's task listens to, and what the workers do.
    routing: watch::Sender<Phase>,
    delivery: watch::Sender<Phase>,
    reopen: watch::Sender<()>,
}

/// A worker on its thread.
struct Running {
    name: String,
    counters: Arc<Counters>,
    done: oneshot::Receiver<()>,
}

/// What became of an output's notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputReport {
    /// The output's name.
    pub name: String,
    /// Sent since the start.
    pub sent: u64,
    /// Attempts since the start that had to be repeated.
    pub retried: u64,
    /// Refused by the receiver since the start.
    pub refused: u64,
    /// Whether it failed so often that only probes were sent at the end.
    pub failing: bool,
    /// Notifications since the start out of which secrets were taken.
    pub redacted: u64,
    /// Waiting in the journal to be sent; none where the journal couldn't be asked.
    pub pending: Option<u64>,
}

impl Router {
    /// Takes up where the last run ended. The outputs are those that the journal was opened with, in the same
    /// order, each with how it is sent to and its source of jitter.
    ///
    /// # Errors
    /// The journal can't be read, or the system gives no thread.
    pub async fn start(
        journal: Handle,
        mut pipeline: Pipeline,
        outputs: Vec<(Box<dyn Output>, DeliverySettings, Jitter)>,
    ) -> Result<Router, StartError> {
        let mut unreadable = 0;
        for (stage, key, value) in journal.state().await? {
            if !pipeline.restore(&stage, &key, &value) {
                tracing::error!(stage, key, "what a stage kept can't be read; it is given up");
                unreadable += 1;
            }
        }
        let cursor = journal.cursor().await?;
        if unreadable > 0 {
            journal.step(Step { cursor, unreadable, ..Step::default() }).await?;
        }
        let (delivery, phase) = watch::channel(Phase::Running);
        let (reopen, reopened) = watch::channel(());
        let mut workers = Vec::new();
        let mut wakes = Vec::new();
        for (registered, (output, settings, jitter)) in journal.outputs().iter().zip(outputs) {
            let wake = Arc::new(Notify::new());
            wakes.push(wake.clone());
            let counters = Arc::new(Counters::default());
            workers.push(spawn(Worker {
                name: registered.name.clone(),
                id: registered.id,
                output,
                settings,
                journal: journal.clone(),
                wake,
                phase: phase.clone(),
                reopen: reopened.clone(),
                asked: journal.asked(),
                counters,
                jitter,
                breaker: Breaker::new(settings.breaker),
                batch: settings.batch.max(1),
                round: 1,
                singly: 0,
            })?);
        }
        let pipeline = Arc::new(Mutex::new(pipeline));
        let (routing, phase) = watch::channel(Phase::Running);
        let (asked, pipe) = (journal.asked(), pipeline.clone());
        let task =
            Task { journal: journal.clone(), pipeline: pipe, cursor, wakes, phase, asked, replaying: true };
        let task = tokio::spawn(task.run());
        Ok(Router { journal, pipeline, task, workers, routing, delivery, reopen })
    }

    /// Has every output open again what it holds open by name (SIGUSR1).
    pub fn reopen(&self) {
        self.reopen.send_replace(());
    }

    /// How often each stage decided what, since the start.
    pub fn decisions(&self) -> Vec<Decision> {
        lock(&self.pipeline).decisions()
    }

    /// Routes what was accepted, sends what can be sent at once, and ends after that time in any case; what
    /// became of each output's notifications. What is pending is sent after the next start.
    pub async fn stop(self, limit: Duration) -> Vec<OutputReport> {
        let Router { journal, pipeline, task, workers, routing, delivery, .. } = self;
        let (counters, ends): (Vec<_>, Vec<_>) =
            workers.into_iter().map(|worker| ((worker.name, worker.counters), worker.done)).unzip();
        let drain = async {
            routing.send_replace(Phase::Draining);
            // It ends by itself; if it panicked, there is nothing to wait for.
            let _ = task.await;
            delivery.send_replace(Phase::Draining);
            for done in ends {
                // The other end of it goes with the worker, whichever way that ends.
                let _ = done.await;
            }
        };
        if tokio::time::timeout(limit, drain).await.is_err() {
            tracing::warn!("not everything could be sent in {} s", limit.as_secs_f64());
        }
        delivery.send_replace(Phase::Stopping);
        let stats = tokio::time::timeout(REPORT_WAIT, journal.stats()).await.ok().and_then(Result::ok);
        let pending = |name: &str| {
            stats.as_ref()?.outputs.iter().find(|output| output.name == name).map(|output| output.pending)
        };
        let decisions = lock(&pipeline).decisions();
        let redacted = |name: &str| {
            let own = decisions.iter().filter(|decision| decision.output == name);
            own.filter(|decision| decision.reason == REPLACED).map(|decision| decision.count).sum()
        };
        let report = |(name, counters): (String, Arc<Counters>)| OutputReport {
            redacted: redacted(&name),
            pending: pending(&name),
            sent: counters.sent.load(Ordering::Relaxed),
            retried: counters.retried.load(Ordering::Relaxed),
            refused: counters.refused.load(Ordering::Relaxed),
            failing: counters.open.load(Ordering::Relaxed),
            name,
        };
        counters.into_iter().map(report).collect()
    }
}

/// Why the router couldn't be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The journal can't be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The system gives no thread for a worker.
    #[error("the system gives no thread for an output: {0}")]
    Thread(#[from] std::io::Error),
}

/// Runs a worker on a thread of its own, whose runtime only it uses.
fn spawn(worker: Worker) -> Result<Running, StartError> {
    let (name, counters) = (worker.name.clone(), worker.counters.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (ended, done) = oneshot::channel::<()>();
    // The system cuts a thread's name after 15 bytes.
    thread::Builder::new().name(format!("to-{name}").replace('\0', "")).spawn(move || {
        runtime.block_on(worker.run());
        drop(ended);
    })?;
    Ok(Running { name, counters, done })
}

/// A stage never panics; if one did, what it counted is still worth showing.
fn lock(pipeline: &Mutex<Pipeline>) -> MutexGuard<'_, Pipeline> {
    pipeline.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Task {
    journal: Handle,
    pipeline: Arc<Mutex<Pipeline>>,
    cursor: u64,
    /// By the output's place.
    wakes: Vec<Arc<Notify>>,
    phase: watch::Receiver<Phase>,
    /// Changes when there may be something to be sent again, or another silence.
    asked: watch::Receiver<()>,
    /// Whether there may be something to be sent again.
    replaying: bool,
}

impl Task {
    async fn run(mut self) {
        let mut accepted = self.journal.accepted();
        let mut silences_known = false;
        loop {
            // Looked at before the journal: what is accepted when draining begins is seen.
            let draining = *self.phase.borrow_and_update() >= Phase::Draining;
            accepted.mark_unchanged();
            if !silences_known {
                silences_known = self.know_silences().await;
            }
            // What is accepted comes first, and then what is to be sent again.
            let worked = match self.step().await {
                Ok(false) if !draining => self.replay().await,
                worked => worked,
            };
            match worked {
                Ok(true) => continue,
                Ok(false) if draining => return,
                Ok(false) => {}
                Err(JournalError::Closed) => return,
                Err(error) => {
                    tracing::error!(%error, "the router waits for the journal");
                    tokio::time::sleep(JOURNAL_RETRY).await;
                    continue;
                }
            }
            let next = lock(&self.pipeline).next();
            let look = if self.replaying { REPLAY_INTERVAL } else { LOOK_INTERVAL };
            let wait = next.map_or(look, |next| next.since(self.journal.now()).min(look));
            tokio::select! {
                _ = accepted.changed() => {}
                _ = self.asked.changed() => {
                    self.replaying = true;
                    silences_known = false;
                }
                () = tokio::time::sleep(wait) => {}
                changed = self.phase.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Takes the silences that commands have made; whether it could.
    async fn know_silences(&self) -> bool {
        match self.journal.silences().await {
            Ok(silences) => {
                lock(&self.pipeline).set_silences(silences);
                true
            }
            Err(error) => {
                tracing::error!(%error, "silences can't be read from the journal");
                false
            }
        }
    }

    /// Takes the next alerts through the stages and commits what comes of it; whether there were any.
    async fn step(&mut self) -> Result<bool, JournalError> {
        let batch = self.journal.after(self.cursor, STEP_ALERTS_MAX).await?;
        let moved = batch.through > self.cursor;
        let (step, places) = self.judge(&batch);
        if !moved && step.outbox.is_empty() && step.state.is_empty() && step.accept.is_empty() {
            return Ok(false);
        }
        self.journal.step(step).await?;
        self.cursor = batch.through;
        self.wake(&places);
        Ok(moved)
    }

    /// Takes some of what is to be sent again to its output; whether there was any.
    async fn replay(&mut self) -> Result<bool, JournalError> {
        if !self.replaying {
            return Ok(false);
        }
        let replay = match self.journal.replay(STEP_ALERTS_MAX).await? {
            Replaying::Nothing => {
                self.replaying = false;
                return Ok(false);
            }
            Replaying::Later => return Ok(false),
            Replaying::Now(replay) => replay,
        };
        let now = self.journal.now();
        let mut step = Step { made: now, replayed: Some(replay.progress), ..Step::default() };
        let places = {
            let mut pipeline = lock(&self.pipeline);
            for alert in &replay.alerts {
                pipeline.replay(alert, replay.output, now, &mut step.outbox);
            }
            pipeline.places(&step.outbox)
        };
        self.journal.step(step).await?;
        self.wake(&places);
        Ok(true)
    }

    fn wake(&self, places: &[usize]) {
        places.iter().filter_map(|place| self.wakes.get(*place)).for_each(|wake| wake.notify_one());
    }

    fn judge(&self, batch: &Batch) -> (Step, Vec<usize>) {
        let now = self.journal.now();
        let mut step =
            Step { cursor: batch.through, made: now, unreadable: batch.unreadable, ..Step::default() };
        let mut pipeline = lock(&self.pipeline);
        for (seq, alert) in &batch.alerts {
            pipeline.push(*seq, alert, now, &mut step.outbox);
        }
        step.accept = pipeline.made(now);
        pipeline.tick(now, &mut step.outbox);
        pipeline.changes(&mut step.state);
        let places = pipeline.places(&step.outbox);
        (step, places)
    }
}
