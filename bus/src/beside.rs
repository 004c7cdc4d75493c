//! The journal as another process sees it, beside the lanner that owns it: the commands read it, and write
//! down what they ask for. The owner does it, as only the owner knows what it is about to do.

use std::path::Path;

use rusqlite::Connection;

use crate::schema::{self, OpenError};
use crate::store::Store;

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
        Ok(Beside { db: schema::open_beside(path, schema::Access::Ask)? })
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
