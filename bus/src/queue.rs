//! What waits for the journal's thread: the detector's entries, bounded, and the requests of the router and
//! the workers, each of whom waits for its answer and so has only one here.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lanner_alert::{Alert, Timestamp};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::JournalError;
use crate::outbox::{Outcome, Step};
use crate::settings::OutputId;
use crate::store::Store;

/// Most entries of one transaction: as many as the router takes in a step, so that it finds them at hand.
const TRANSACTION_ENTRIES_MAX: usize = 1024;

/// A hit that can't be judged yet, as its owner wrote it down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its identity, which its owner gives it.
    pub id: Uuid,
    /// When it must have been judged.
    pub deadline: Timestamp,
    /// What its owner needs to judge it; the journal doesn't look inside.
    pub body: Vec<u8>,
}

/// What the detector hands to the journal.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// An alert, to be accepted.
    Alert(Alert),
    /// A hit to be kept until it is judged.
    Hold(Held),
    /// A held hit was judged: in one transaction its row goes and its alerts are accepted.
    Judged {
        /// Which one.
        held: Uuid,
        /// What it came to.
        alerts: Vec<Alert>,
    },
}

/// A change that is answered when it is committed.
pub(crate) enum Change {
    Step(Step),
    Settle(OutputId, Vec<Outcome>),
    /// Changes nothing: its answer says that what came before is committed.
    Flush,
}

pub(crate) struct Write {
    pub(crate) change: Change,
    /// It is made after so many entries, of all that ever came.
    after: u64,
    pub(crate) done: oneshot::Sender<()>,
}

/// A question, which answers its asker by itself; what it found out where the database is damaged.
pub(crate) type Read = Box<dyn FnOnce(&mut Store) -> Option<String> + Send>;

/// What is to be done next.
pub(crate) enum Work {
    Read(Vec<Read>),
    Commit(Vec<Entry>, Vec<Write>),
    /// Nothing came until the time was up.
    Idle,
    /// The queue is closed and empty.
    Closed,
}

#[derive(Default)]
struct Waiting {
    entries: VecDeque<Entry>,
    /// Entries that were ever taken from here.
    taken: u64,
    reads: Vec<Read>,
    writes: Vec<Write>,
    senders_wait: usize,
    closed: bool,
}

pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    work: Condvar,
    room: Condvar,
    entries_max: usize,
    full: AtomicU64,
}

impl Queue {
    pub(crate) fn new(entries_max: usize) -> Queue {
        Queue {
            waiting: Mutex::default(),
            work: Condvar::new(),
            room: Condvar::new(),
            entries_max: entries_max.max(1),
            full: AtomicU64::new(0),
        }
    }

    /// What waits is consistent between any two statements, so that a panic elsewhere does no harm to it.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, entry: Entry) -> Result<(), JournalError> {
        let mut waiting = self.lock();
        if waiting.entries.len() >= self.entries_max && !waiting.closed {
            self.full.fetch_add(1, Ordering::Relaxed);
            waiting.senders_wait += 1;
            waiting = self
                .room
                .wait_while(waiting, |waiting| waiting.entries.len() >= self.entries_max && !waiting.closed)
                .unwrap_or_else(PoisonError::into_inner);
            waiting.senders_wait -= 1;
        }
        if waiting.closed {
            return Err(JournalError::Closed);
        }
        waiting.entries.push_back(entry);
        // The journal's thread is told once per batch; it doesn't sleep while more is here.
        if waiting.entries.len() == 1 || waiting.entries.len() == self.batch_full() {
            self.work.notify_one();
        }
        Ok(())
    }

    /// Takes an entry although there may be no room: Lanner's own alerts are few, and who tells of trouble must
    /// not wait for it to end.
    pub(crate) fn push(&self, entry: Entry) -> Result<(), JournalError> {
        self.ask(|waiting| waiting.entries.push_back(entry))
    }

    fn batch_full(&self) -> usize {
        TRANSACTION_ENTRIES_MAX.min(self.entries_max)
    }

    pub(crate) fn write(&self, change: Change, done: oneshot::Sender<()>) -> Result<(), JournalError> {
        self.ask(|waiting| {
            let after = match change {
                Change::Flush => waiting.taken + waiting.entries.len() as u64,
                Change::Step(_) | Change::Settle(..) => 0,
            };
            waiting.writes.push(Write { change, after, done });
        })
    }

    pub(crate) fn read(&self, read: Read) -> Result<(), JournalError> {
        self.ask(|waiting| waiting.reads.push(read))
    }

    fn ask(&self, put: impl FnOnce(&mut Waiting)) -> Result<(), JournalError> {
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(JournalError::Closed);
        }
        put(&mut waiting);
        self.work.notify_one();
        Ok(())
    }

    /// Waits for the next work, until `idle` at most. Questions come first; changes are taken together from
    /// `commit` on, or as soon as they fill a transaction.
    pub(crate) fn take(&self, commit: Instant, idle: Instant) -> Work {
        let mut waiting = self.lock();
        loop {
            if !waiting.reads.is_empty() {
                return Work::Read(std::mem::take(&mut waiting.reads));
            }
            let now = Instant::now();
            let changes = !waiting.entries.is_empty() || !waiting.writes.is_empty();
            let full = waiting.entries.len() >= self.batch_full();
            if changes && (full || waiting.closed || now >= commit) {
                let count = waiting.entries.len().min(TRANSACTION_ENTRIES_MAX);
                let entries = waiting.entries.drain(..count).collect();
                waiting.taken += count as u64;
                if waiting.senders_wait > 0 {
                    self.room.notify_all();
                }
                let taken = waiting.taken;
                let (ready, later) =
                    std::mem::take(&mut waiting.writes).into_iter().partition(|write| write.after <= taken);
                waiting.writes = later;
                return Work::Commit(entries, ready);
            }
            if waiting.closed {
                return Work::Closed;
            }
            if now >= idle {
                return Work::Idle;
            }
            let until = if changes { commit.min(idle) } else { idle };
            (waiting, _) = self
                .work
                .wait_timeout(waiting, until.saturating_duration_since(now))
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits that long, or until the queue is closed; whether it is.
    pub(crate) fn closed_within(&self, wait: Duration) -> bool {
        self.work
            .wait_timeout_while(self.lock(), wait, |waiting| !waiting.closed)
            .unwrap_or_else(PoisonError::into_inner)
            .0
            .closed
    }

    /// Takes nothing any more; what is here is still worked off.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.work.notify_all();
        self.room.notify_all();
    }

    /// Drops what is here, so that whoever waits for an answer learns that there will be none; how many
    /// entries that were.
    pub(crate) fn abandon(&self) -> usize {
        let left = std::mem::replace(&mut *self.lock(), Waiting { closed: true, ..Waiting::default() });
        self.room.notify_all();
        left.entries.len()
    }
}

/// The detector's end of the channel.
#[derive(Clone)]
pub struct Sender(pub(crate) Arc<Queue>);

impl Sender {
    /// Hands an entry over. While the channel is full this waits, so that the kernel's ring buffer fills and
    /// what is lost is counted there.
    ///
    /// # Errors
    /// The journal is closed, and the entry is not taken.
    pub fn send(&self, entry: Entry) -> Result<(), JournalError> {
        self.0.send(entry)
    }

    /// How often `send` found the channel full.
    pub fn full(&self) -> u64 {
        self.0.full.load(Ordering::Relaxed)
    }

    /// How many entries wait in the channel.
    pub fn depth(&self) -> usize {
        self.0.lock().entries.len()
    }
}
