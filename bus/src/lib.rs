//! The bounded channel and the journal: where an alert becomes accepted.
//!
//! Between the detector's threads and the router's tasks stands one SQLite file, so that what was accepted
//! outlives a crash, an outage of a receiver, and both at once. One thread owns the only connection that
//! writes: what the detector, the router and the delivery workers hand in within a millisecond becomes one
//! transaction. Everyone else talks to that thread, and nothing is read in a transaction that stays open.
//!
//! An alert is *accepted* when its row is committed. What is still in the channel at a `kill -9` is not.

mod aside;
mod beside;
mod bounds;
mod dead_letters;
mod handle;
mod history;
mod journal;
mod outbox;
mod queue;
mod recent;
mod replay;
mod schema;
mod set_back;
mod settings;
mod silences;
mod stats;
mod store;

pub use beside::Beside;
pub use dead_letters::{DeadLetter, Which};
pub use handle::{Batch, Handle};
pub use history::{Accepted, Fate, Filter, History, State};
pub use journal::Journal;
pub use outbox::{Due, End, OutboxRow, Outcome, Outgoing, StateChange, Step};
pub use queue::{Entry, Held, Sender};
pub use replay::{Progress, Replay, Replaying};
pub use schema::OpenError;
pub use settings::{Clock, OutputId, Registered, Settings, Synchronous, system_clock};
pub use silences::{MadeSilence, MadeTimes, SILENCES_MAX};
pub use stats::{Bytes, OutputStats, Stats};

/// The journal doesn't answer any more.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// It was closed: Lanner is stopping.
    #[error("the journal is closed")]
    Closed,
    /// SQLite could not read it.
    #[error("the journal can't be read: {0}")]
    Read(#[from] rusqlite::Error),
}
