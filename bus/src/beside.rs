//! The journal as another process sees it, beside the lanner that owns it: the commands read it, and write
//! down what they ask for. The owner does it, as only the owner knows what it is about to do.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::schema::{self, OpenError};
use crate::store::Store;

/// How long a change waits for its turn: between two commits of an owner in a storm, another process comes in only
/// by chance.
const TURN_WAIT: Duration = Duration::from_secs(20);

/// A journal that someone else may have open. Nothing is read in a transaction that stays open, so that the
/// owner's write-ahead log doesn't grow.
pub struct Beside {
    pub(crate) db: Connection,
}

impl Beside {
    /// Opens a journal to read it.
    ///
    /// # Errors
    /// There is none, it can't be read, or another version of Lanner made it.
    pub fn read(path: &Path) -> Result<Beside, OpenError> {
        Ok(Beside { db: schema::open_beside(path, schema::Access::Read)? })
    }

    /// Opens a journal to ask its owner for something, who does it within a second where it runs, and else when
    /// it starts.
    ///
    /// # Errors
    /// As to read it.
    pub fn ask(path: &Path) -> Result<Beside, OpenError> {
        let beside = Beside { db: schema::open_beside(path, schema::Access::Ask)? };
        beside.db.busy_timeout(TURN_WAIT).map_err(|error| OpenError::of(path, &error))?;
        Ok(beside)
    }

    /// Begins a change. It takes its turn to write before it reads anything: what was read first would be out of
    /// date as soon as the owner commits, and could then not be changed.
    pub(crate) fn change(&mut self) -> rusqlite::Result<Transaction<'_>> {
        self.db.transaction_with_behavior(TransactionBehavior::Immediate)
    }
}

impl Store {
    /// Does some of what others have asked for, where they have changed anything; whether there may be more.
    pub(crate) fn heed(&mut self) -> rusqlite::Result<Option<bool>> {
        let version = self.pragma("data_version")?;
        if self.heeded == Some(version) {
            return Ok(None);
        }
        let more = self.put_back()? > 0;
        if !more {
            self.heeded = Some(version);
        }
        Ok(Some(more))
    }
}
