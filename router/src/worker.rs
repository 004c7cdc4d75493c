//! The delivery worker, one per output: it takes what is due from the outbox, has it sent, and writes down what
//! came of it. It runs on a thread of its own, so that an output which hangs or panics delays only itself.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use lanner_alert::{Notification, Priority, Value, printable, truncate};
use lanner_bus::{End, Handle, JournalError, OutboxRow, Outcome, OutputId};
use tokio::sync::{Notify, watch};

use crate::backoff::{Jitter, backoff};
use crate::breaker::{Breaker, BreakerSettings, Turn};
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
    /// When to send probes only.
    pub breaker: BreakerSettings,
}

impl Default for DeliverySettings {
    fn default() -> Self {
        DeliverySettings { batch: 1, timeout: Duration::from_secs(30), breaker: BreakerSettings::default() }
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
    /// Whether the circuit is open.
    pub(crate) open: AtomicBool,
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
    /// Changes when something may have been put back into the outbox.
    pub(crate) asked: watch::Receiver<()>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) jitter: Jitter,
    pub(crate) breaker: Breaker,
    /// The size of batches now: half after a failure, double after an answer, up to what is set. So a receiver
    /// that only fails on large ones is served, and one that comes back is not overwhelmed.
    pub(crate) batch: usize,
    /// So many are taken from the outbox at a time, unless a batch is larger: as many as were sent last within the time,
    /// or double that where all were.
    pub(crate) round: usize,
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
        let one = self.singly > 0 || self.breaker.is_open();
        let limit = if one { 1 } else { self.batch.max(self.round) };
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
        let taken = due.rows.len();
        let mut outcomes = Vec::with_capacity(taken);
        let then = self.send(due.rows, &mut outcomes).await;
        let done = outcomes.len();
        self.round = if done < taken { done } else { ROUND_MAX.min(taken * 2) };
        self.journal.settle(self.id, outcomes).await?;
        match then {
            Then::Next => Ok(true),
            Then::Pause(wait) => Ok(self.pause(wait).await),
            Then::End => Ok(false),
        }
    }

    /// Sends rows batch by batch, as long as that is fast and goes well; what came of them.
    async fn send(&mut self, rows: Vec<OutboxRow>, outcomes: &mut Vec<Outcome>) -> Then {
        let start = Instant::now();
        let mut rows = rows.into_iter();
        while rows.len() > 0 && start.elapsed() < ACKNOWLEDGE_WITHIN {
            // One that has failed so often goes alone, so that it takes no others along.
            let alone = rows.as_slice().first().is_some_and(|row| row.attempt >= ATTEMPTS_IN_ORDER);
            let count = if alone { 1 } else { self.batch };
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
            _ = self.asked.changed() => true,
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
        let (turn, pause) = if nothing_came {
            self.batch = (self.batch / 2).max(1);
            let (turn, own) = self.breaker.failed(&mut self.jitter);
            (turn, Some(asked.map_or(own, |asked| asked.max(own))))
        } else {
            self.batch = (self.batch * 2).min(self.settings.batch.max(1));
            (self.breaker.answered(), asked)
        };
        self.counters.open.store(self.breaker.is_open(), Ordering::Relaxed);
        self.say(turn, &results);
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

    /// Says when an output begins to fail, when its circuit opens, when it works again, and what is refused.
    fn say(&self, turn: Turn, results: &[Result<Receipt, DeliveryError>]) {
        let output = &self.name;
        let cause = |error: &DeliveryError| bounded(&error.to_string());
        let first = results.iter().find_map(|result| result.as_ref().err().map(cause)).unwrap_or_default();
        match turn {
            Turn::None => {}
            Turn::Failing => tracing::warn!(output, cause = first, "can't deliver; trying again"),
            Turn::Opened => {
                tracing::warn!(output, cause = first, "still can't deliver; only probing from now on");
                let said = format!("The output {output} fails; what it is owed is kept: {first}");
                self.tell("Lanner internal: output fails", Priority::Error, said, &first);
            }
            Turn::Recovered => tracing::info!(output, "delivers again"),
            Turn::Closed => {
                tracing::info!(output, "delivers again; what waited is sent");
                let said = format!("The output {output} delivers again; what waited is sent");
                self.tell("Lanner internal: output delivers again", Priority::Notice, said, "");
            }
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

impl Worker {
    /// Tells in an alert, so that the other outputs say it.
    fn tell(&self, rule: &str, priority: Priority, said: String, cause: &str) {
        let mut fields = BTreeMap::from([("lanner.output".to_owned(), Value::from(&*self.name))]);
        if !cause.is_empty() {
            fields.insert("lanner.cause".to_owned(), Value::from(cause));
        }
        // Where the journal is closed, Lanner is stopping, and the next round finds that out.
        let _ = self.journal.tell(rule, priority, said, fields);
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
