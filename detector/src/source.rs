//! Sources of events.

pub mod live;

use std::time::Duration;

use lanner_event::EventBatch;

/// A stream of events.
pub trait Source: Send {
    /// Adds events to the batch, in the order they happened; waits for the first at most `wait`.
    ///
    /// # Errors
    /// Where the source has failed and will not go on.
    fn fill(&mut self, batch: &mut EventBatch, wait: Duration) -> Result<Status, SourceError>;

    /// What was lost so far.
    fn lost(&self) -> Losses;
}

/// How a source goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// There may be more.
    More,
    /// That was the last of it.
    End,
}

/// Why there are no events.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Lanner may not do it, or the kernel can't.
    #[error("{0}")]
    Unsupported(String),
    /// The kernel refused what it should be able to do.
    #[error("the kernel refused {what}: {cause}")]
    Refused {
        /// What it refused.
        what: &'static str,
        /// What it said.
        cause: String,
    },
    /// Events were lost, and it was configured to end then.
    #[error("{lost} events were lost, and `syscall_event_drops.actions` says to exit then")]
    Lost {
        /// How many.
        lost: u64,
    },
}

/// What was lost since the start, by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Losses {
    /// The kind's name and how many events of it; kinds that lost nothing are left out.
    pub by_kind: Vec<(&'static str, u64)>,
    /// What was wrong with events that weren't lost, but aren't whole, and of how many that is true.
    pub partial: Vec<(&'static str, u64)>,
}

impl Losses {
    /// All of it.
    pub fn total(&self) -> u64 {
        self.by_kind.iter().map(|(_, count)| count).sum()
    }
}
