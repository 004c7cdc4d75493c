//! The journal's thread: it owns the database, and makes of everything that comes within a moment one
//! transaction.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::aside;
use crate::handle::Handle;
use crate::queue::{Entry, Held, Queue, Sender, Work, Write};
use crate::schema::{self, OpenError};
use crate::settings::{Registered, Settings};
use crate::store::Store;

/// Commits are at least this far apart: what comes after a pause is committed at once, what comes in a storm
/// is committed together.
const COMMIT_INTERVAL: Duration = Duration::from_millis(1);
/// How long to wait after a commit that failed.
const RETRY: Duration = Duration::from_millis(500);
/// How often a failing commit is tried once Lanner is stopping.
const TRIES_AT_CLOSE: u32 = 4;
/// How often the journal's bounds in time are looked at, and what other processes ask for.
const BOUNDS_INTERVAL: Duration = Duration::from_secs(1);

/// The open journal.
pub struct Journal {
    queue: Arc<Queue>,
    handle: Handle,
    held: Vec<Held>,
    thread: Option<JoinHandle<usize>>,
}

impl Journal {
    /// Opens or makes the journal, for those outputs.
    ///
    /// # Errors
    /// Another process has it, its file can't be used, is damaged, or a newer Lanner's.
    pub fn open(settings: Settings, outputs: &[String]) -> Result<Journal, OpenError> {
        let path = schema::resolve(&settings.path);
        let settings = Settings { path: path.clone(), ..settings };
        let (clock, hostname) = (settings.clock.clone(), settings.hostname.clone());
        let queue = Arc::new(Queue::new(settings.channel_max));
        let (store, registered, held) = match open(&settings, outputs) {
            Err(OpenError::Damaged { cause, .. }) if aside::was_journal(&path) => {
                begin_anew(&settings, outputs, &cause)?
            }
            opened => opened?,
        };
        let outputs: Arc<[Registered]> = registered.into();
        let (accept, accepted) = watch::channel(store.accepted);
        let (ask, asked) = watch::channel(());
        let mut writer = Writer {
            store,
            outputs: outputs.clone(),
            queue: queue.clone(),
            accept,
            asked: ask,
            failing: false,
        };
        let thread = thread::Builder::new()
            .name("journal".into())
            .spawn(move || writer.run())
            .map_err(|error| OpenError::io(&path, &error))?;
        let handle = Handle { queue: queue.clone(), accepted, asked, outputs, clock, hostname };
        Ok(Journal { queue, handle, held, thread: Some(thread) })
    }

    /// The detector's end of the channel.
    pub fn sender(&self) -> Sender {
        Sender(self.queue.clone())
    }

    /// The router's and the workers' end.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// The hits that an earlier run held and didn't come to judge, the oldest first.
    pub fn held(&self) -> &[Held] {
        &self.held
    }

    /// Takes nothing more, as [`close`](Journal::close) does, and doesn't wait for the rest: who waits for room
    /// in the channel, or for an answer that doesn't come, is told that the journal is closed.
    pub fn shut(&self) {
        self.queue.close();
    }

    /// Commits what was handed over, takes nothing more, and closes the file; how many entries could not be
    /// committed any more.
    pub fn close(mut self) -> usize {
        self.queue.close();
        let ended = self.thread.take().map(JoinHandle::join);
        ended.map_or(0, |lost| lost.unwrap_or_else(|_| self.queue.abandon()))
    }
}

/// Without `close` nobody waits, but the thread works off what it has and lets the file go.
impl Drop for Journal {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// Opens the journal's file, for those outputs; what they are, and what was held.
fn open(settings: &Settings, outputs: &[String]) -> Result<(Store, Vec<Registered>, Vec<Held>), OpenError> {
    let of = |error: rusqlite::Error| OpenError::of(&settings.path, &error);
    let mut store = Store::open(settings.clone())?;
    let registered = store.register(outputs).map_err(of)?;
    let held = store.held().map_err(of)?;
    Ok((store, registered, held))
}

/// Puts a file aside that can't be opened, and begins a new one.
fn begin_anew(
    settings: &Settings,
    outputs: &[String],
    cause: &str,
) -> Result<(Store, Vec<Registered>, Vec<Held>), OpenError> {
    let path = &settings.path;
    let aside = aside::put_aside(path, (settings.clock)()).map_err(|error| OpenError::io(path, &error))?;
    let (mut store, registered, held) = open(settings, outputs)?;
    store.tell_begun(&aside, cause).map_err(|error| OpenError::of(path, &error))?;
    Ok((store, registered, held))
}

struct Writer {
    store: Store,
    outputs: Arc<[Registered]>,
    queue: Arc<Queue>,
    accept: watch::Sender<u64>,
    /// Told when another process has asked for something.
    asked: watch::Sender<()>,
    /// Whether the last commit failed, so that a failure is said once.
    failing: bool,
}

/// However the thread ends, nobody waits for it any longer.
impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.abandon();
    }
}

impl Writer {
    /// Works until the queue is closed; how many entries could not be committed.
    fn run(&mut self) -> usize {
        let mut commit = Instant::now();
        let mut bounds = commit;
        loop {
            match self.queue.take(commit, bounds) {
                Work::Read(questions) => {
                    let damage: Vec<String> =
                        questions.into_iter().filter_map(|question| question(&mut self.store)).collect();
                    if let Some(cause) = damage.first() {
                        self.begin_anew(cause);
                    }
                }
                Work::Commit(entries, writes) => {
                    if let Err(lost) = self.commit(entries, writes) {
                        return lost + self.queue.abandon();
                    }
                    commit = Instant::now() + COMMIT_INTERVAL;
                    self.keep_size();
                }
                Work::Idle => {}
                Work::Closed => return 0,
            }
            if Instant::now() >= bounds {
                self.keep_bounds();
                bounds = Instant::now() + if self.heed() { Duration::ZERO } else { BOUNDS_INTERVAL };
            }
        }
    }

    /// Commits, however long it takes; meanwhile the channel fills and the detector waits.
    ///
    /// # Errors
    /// Lanner is stopping, and so many entries are lost.
    fn commit(&mut self, entries: Vec<Entry>, writes: Vec<Write>) -> Result<(), usize> {
        let mut tries_at_close = 0;
        let committed = loop {
            match self.store.commit(&entries, &writes) {
                Ok(committed) => break committed,
                Err(error) => self.failed(&error),
            }
            if self.queue.closed_within(RETRY) {
                tries_at_close += 1;
                if tries_at_close == TRIES_AT_CLOSE {
                    tracing::error!(entries = entries.len(), "stopping without having journaled these");
                    return Err(entries.len());
                }
                thread::sleep(RETRY / 2);
            }
        };
        if self.failing {
            self.failing = false;
            tracing::info!("the journal can be written again");
        }
        self.store.remember(&committed, entries, &writes);
        self.tell_accepted();
        for write in writes {
            // Who waited may have gone, which is no one's trouble.
            let _ = write.done.send(());
        }
        Ok(())
    }

    /// Puts a damaged database aside and begins a new one.
    fn begin_anew(&mut self, cause: &str) {
        match self.store.begin_anew(&self.outputs, cause) {
            Ok(()) => self.tell_accepted(),
            Err(error) => self.say(&error),
        }
    }

    /// Something can't be written.
    fn failed(&mut self, error: &rusqlite::Error) {
        if self.store.aside.is_some() || aside::is_damage(error) {
            self.begin_anew(&error.to_string());
        } else {
            self.say(error);
        }
    }

    fn say(&mut self, error: &dyn std::error::Error) {
        if !self.failing {
            self.failing = true;
            let path = self.store.settings.path.display();
            tracing::error!(%path, error = %error, "the journal can't be written; alerts wait in the channel until it can");
        }
    }

    fn tell_accepted(&self) {
        let last = self.store.accepted;
        self.accept.send_if_modified(|accepted| std::mem::replace(accepted, last) != last);
    }

    fn keep_size(&mut self) {
        if let Err(error) = self.store.keep_size() {
            self.failed(&error);
        }
    }

    /// Does some of what other processes have asked for; whether there may be more.
    fn heed(&mut self) -> bool {
        match self.store.heed() {
            Ok(None) => false,
            Ok(Some(more)) => {
                self.asked.send_replace(());
                more
            }
            Err(error) => {
                self.failed(&error);
                false
            }
        }
    }

    fn keep_bounds(&mut self) {
        let store = &mut self.store;
        let kept = store
            .heed_clock()
            .and_then(|()| store.keep_age())
            .and_then(|()| store.keep_size())
            .and_then(|()| store.announce());
        if let Err(error) = kept {
            self.failed(&error);
        }
        self.tell_accepted();
    }
}
