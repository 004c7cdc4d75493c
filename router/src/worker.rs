//! The delivery worker, one per output: it takes what is due from the outbox, has it sent, and writes down what
//! came of it. It runs on a thread of its own, so that an output which hangs or panics delays only itself.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use lanner_alert::{Notification, printable, truncate};
use lanner_bus::{End, Handle, JournalError, OutboxRow, Outcome, OutputId};
use tokio::sync::{Notify, watch};

use crate::backoff::{Jitter, backoff};
use crate::output::{DeliveryError, Output, Receipt};

/// After this many attempts a notification steps aside, and goes alone, so that those behind it are tried.
const ATTEMPTS_IN_ORDER: u32 = 5;
/// Most notifications that are taken from the outbox at a time, unless a batch is larger.
const ROUND_MAX: usize = 512;
/// What was sent is acknowledged at the end of its batch, or after this time where batches are faster: it is
/// what a crash makes a receiver see twice.
const ACKNOWLEDGE_WITHIN: Duration = Duration::from_millis(2);
/// The most of a receiver's answer that is kept, in bytes.
const ANSWER_BYTES_MAX: usize = 1000;
/// How long to wait for a journal that can't be read.
const JOURNAL_RETRY: Duration = Duration::from_secs(1);

/// How an output is sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliverySettings {
    /// Most notifications of one attempt.
    pub batch: usize,
    /// How long an attempt may take.
    pub timeout: Duration,
}

impl Default for DeliverySettings {
    fn default() -> Self {
        DeliverySettings { batch: 1, timeout: Duration::from_secs(30) }
    }
}

/// How far the router has come with stopping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(crate) enum Phase {
    Running,
    /// Nothing new will come: send what is due, and end.
    Draining,
    /// The time is up.
    Stopping,
}

/// What a worker did since the start.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) sent: AtomicU64,
    pub(crate) retried: AtomicU64,
    pub(crate) refused: AtomicU64,
}

pub(crate) struct Worker {
    pub(crate) name: String,
    pub(crate) id: OutputId,
    pub(crate) output: Box<dyn Output>,
    pub(crate) settings: DeliverySettings,
    pub(crate) journal: Handle,
    /// Told when there may be something new.
    pub(crate) wake: Arc<Notify>,
    pub(crate) phase: watch::Receiver<Phase>,
    pub(crate) reopen: watch::Receiver<()>,
    /// Changes when something was put back into the outbox.
    pub(crate) returned: watch::Receiver<()>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) jitter: Jitter,
    /// Attempts in a row of which nothing came.
    pub(crate) failures: u32,
    /// So many are to be sent one by one, as the receiver refused them together.
    pub(crate) singly: usize,
}

/// What came of sending a batch.
enum Attempt {
    Done(Vec<Outcome>, Option<Duration>),
    /// The receiver refused the batch as a whole: one of it may be the cause.
    RefusedTogether(usize),
    /// The time was up.
    Abandoned,
}

/// What a worker does next.
enum Then {
    Next,
    Pause(Duration),
    End,
}

impl Worker {
    /// Sends until Lanner stops.
    pub(crate) async fn run(mut self) {
        while *self.phase.borrow() < Phase::Stopping {
            match self.round().await {
                Ok(true) => {}
                Ok(false) | Err(JournalError::Closed) => return,
                Err(error) => {
                    tracing::error!(output = self.name, %error, "waiting for the journal");
                    if !self.pause(JOURNAL_RETRY).await {
                        return;
                    }
                }
            }
        }
    }

    /// Sends what is due, or waits for it; whether to go on.
    async fn round(&mut self) -> Result<bool, JournalError> {
        // Looked at before the outbox: what is due when draining begins is seen.
        let draining = *self.phase.borrow_and_update() >= Phase::Draining;
        if self.reopen.has_changed().unwrap_or(false) {
            self.reopen.mark_unchanged();
            self.reopen_output();
        }
        let batch = if self.singly > 0 { 1 } else { self.settings.batch.max(1) };
        let limit = if self.singly > 0 { 1 } else { batch.max(ROUND_MAX) };
        let now = self.journal.now();
        let due = self.journal.due(self.id, now, limit).await?;
        if due.rows.is_empty() {
            self.singly = 0;
            if draining {
                return Ok(false);
            }
            return Ok(self.idle(due.next.map(|next| next.since(now))).await);
        }
        self.singly = self.singly.saturating_sub(1);
        let mut outcomes = Vec::with_capacity(due.rows.len());
        let then = self.send(due.rows, batch, &mut outcomes).await;
        self.journal.settle(self.id, outcomes).await?;
        match then {
            Then::Next => Ok(true),
            Then::Pause(wait) => Ok(self.pause(wait).await),
            Then::End => Ok(false),
        }
    }

    /// Sends rows batch by batch, as long as that is fast and goes well; what came of them.
    async fn send(&mut self, rows: Vec<OutboxRow>, batch: usize, outcomes: &mut Vec<Outcome>) -> Then {
        let start = Instant::now();
        let mut rows = rows.into_iter();
        while rows.len() > 0 && start.elapsed() < ACKNOWLEDGE_WITHIN {
            // One that has failed so often goes alone, so that it takes no others along.
            let alone = rows.as_slice().first().is_some_and(|row| row.attempt >= ATTEMPTS_IN_ORDER);
            let count = if alone { 1 } else { batch };
            match self.attempt(rows.by_ref().take(count).collect()).await {
                Attempt::Done(done, pause) => {
                    outcomes.extend(done);
                    if let Some(wait) = pause {
                        return Then::Pause(wait);
                    }
                }
                Attempt::RefusedTogether(count) => {
                    self.singly = count;
                    return Then::Next;
                }
                Attempt::Abandoned => return Then::End,
            }
        }
        Then::Next
    }

    /// Waits for something to do; whether to go on.
    async fn idle(&mut self, until_next: Option<Duration>) -> bool {
        let next = async {
            match until_next {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.wake.notified() => true,
            // Where the journal is closed, the next round finds that out.
            _ = self.returned.changed() => true,
            () = next => true,
            changed = self.phase.changed() => changed.is_ok(),
            changed = self.reopen.changed() => {
                self.reopen_output();
                changed.is_ok()
            }
        }
    }

    /// Waits after a failure; whether to go on. When Lanner is stopping there's no time to wait.
    async fn pause(&mut self, wait: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(wait) => true,
            _ = self.phase.wait_for(|phase| *phase >= Phase::Draining) => false,
        }
    }

    fn reopen_output(&mut self) {
        let output = &mut self.output;
        if let Err(panic) = std::panic::catch_unwind(AssertUnwindSafe(|| output.reopen())) {
            tracing::error!(
                output = self.name,
                cause = said(&*panic),
                "the output panicked while it was reopened"
            );
        }
    }

    async fn attempt(&mut self, rows: Vec<OutboxRow>) -> Attempt {
        let (keys, batch): (Vec<(u64, u32)>, Vec<Notification>) =
            rows.into_iter().map(|row| ((row.id, row.attempt), row.notification)).unzip();
        let output = &mut self.output;
        let send = AssertUnwindSafe(async { output.deliver(&batch).await }).catch_unwind();
        let timeout = self.settings.timeout;
        let sent = tokio::select! {
            sent = tokio::time::timeout(timeout, send) => sent,
            _ = self.phase.wait_for(|phase| *phase >= Phase::Stopping) => return Attempt::Abandoned,
        };
        let failed = |cause: String| vec![Err(DeliveryError::Retry { after: None, cause }); keys.len()];
        let mut results = match sent {
            Ok(Ok(results)) => results,
            Ok(Err(panic)) => failed(format!("the output panicked: {}", said(&*panic))),
            Err(_) => failed(format!("no answer within {} s", timeout.as_secs_f64())),
        };
        results.truncate(keys.len());
        while results.len() < keys.len() {
            results.push(Err(DeliveryError::Retry { after: None, cause: "the output didn't say".into() }));
        }
        let refused =
            |result: &Result<Receipt, DeliveryError>| matches!(result, Err(DeliveryError::Refused { .. }));
        if keys.len() > 1 && results.iter().all(refused) {
            return Attempt::RefusedTogether(keys.len());
        }
        self.judge(&keys, results)
    }

    /// What is to be written down, and how long to wait before the next attempt.
    fn judge(&mut self, keys: &[(u64, u32)], results: Vec<Result<Receipt, DeliveryError>>) -> Attempt {
        let retry =
            |result: &Result<Receipt, DeliveryError>| matches!(result, Err(DeliveryError::Retry { .. }));
        let nothing_came = results.iter().all(retry);
        let asked = results.iter().filter_map(|result| match result {
            Err(DeliveryError::Retry { after, .. }) => *after,
            _ => None,
        });
        let asked = asked.max();
        let pause = if nothing_came {
            self.failures = self.failures.saturating_add(1);
            let own = backoff(self.failures, &mut self.jitter);
            Some(asked.map_or(own, |asked| asked.max(own)))
        } else {
            asked
        };
        self.say(nothing_came, &results);
        if !nothing_came {
            self.failures = 0;
        }
        let now = self.journal.now();
        let outcomes = keys.iter().zip(results).map(|(&(row, attempt), result)| {
            let end = match result {
                Ok(Receipt(receipt)) => End::Sent { receipt },
                Err(DeliveryError::Refused { cause }) => End::Refused { answer: bounded(&cause) },
                Err(DeliveryError::Retry { after, cause }) => {
                    // While nothing goes through, the order is kept; for a while, as the cause may be this one.
                    let in_order = nothing_came && attempt + 1 < ATTEMPTS_IN_ORDER;
                    let wait = if in_order { Duration::ZERO } else { backoff(attempt + 1, &mut self.jitter) };
                    End::Retry {
                        not_before: now.after(wait.max(after.unwrap_or_default())),
                        cause: bounded(&cause),
                    }
                }
            };
            self.counters.count(&end);
            Outcome { row, end }
        });
        Attempt::Done(outcomes.collect(), pause)
    }

    /// Says when an output begins to fail, when it works again, and what is refused.
    fn say(&self, failing: bool, results: &[Result<Receipt, DeliveryError>]) {
        let output = &self.name;
        let cause = |error: &DeliveryError| bounded(&error.to_string());
        if failing && self.failures == 1 {
            if let Some(Err(error)) = results.first() {
                tracing::warn!(output, cause = cause(error), "can't deliver; trying again");
            }
        } else if !failing && self.failures > 0 {
            tracing::info!(output, "delivers again");
        }
        let mut refused = results.iter().filter_map(|result| match result {
            Err(error @ DeliveryError::Refused { .. }) => Some(error),
            _ => None,
        });
        if let Some(first) = refused.next() {
            let notifications = 1 + refused.count();
            tracing::warn!(output, notifications, cause = cause(first), "refused; kept as dead letters");
        }
    }
}

impl Counters {
    fn count(&self, end: &End) {
        let counter = match end {
            End::Sent { .. } => &self.sent,
            End::Retry { .. } => &self.retried,
            End::Refused { .. } => &self.refused,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("nothing")
}

/// A receiver's answer, fit to be kept and shown.
fn bounded(answer: &str) -> String {
    truncate(&printable(answer), ANSWER_BYTES_MAX).into_owned()
}
