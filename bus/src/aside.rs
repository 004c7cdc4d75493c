//! A journal that is damaged, or can't be written any more, is put aside, and a new one is begun: a watchman
//! who can't write must not stop watching. What was in it is kept for whoever wants to look, and an alert says
//! that it won't be sent.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use lanner_alert::{Alert, Priority, Timestamp, Value};
use rusqlite::{Connection, ErrorCode, params};
use uuid::Uuid;

use crate::schema::{self, OpenError, beside};
use crate::settings::Registered;
use crate::store::Store;

/// Names that are tried for a file that is put aside.
const NAMES_MAX: u32 = 100;
/// What a SQLite database begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Whether an error says that the database itself is of no more use.
pub(crate) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt))
}

/// Whether this can be a journal that was damaged, and not some other file that was named by mistake.
pub(crate) fn was_journal(path: &Path) -> bool {
    let mut magic = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(MAGIC.len() as u64).read_to_end(&mut magic));
    path.extension().is_some_and(|ending| ending == "db") || (read.is_ok() && magic == MAGIC)
}

/// Renames a journal and the files beside it; its new name.
pub(crate) fn put_aside(path: &Path, now: Timestamp) -> io::Result<PathBuf> {
    let stamp = now.zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string();
    let names = (0..NAMES_MAX).map(|n| match n {
        0 => beside(path, &format!(".damaged-{stamp}")),
        n => beside(path, &format!(".damaged-{stamp}-{n}")),
    });
    let aside = names
        .into_iter()
        .find(|name| !name.exists())
        .ok_or_else(|| io::Error::from(ErrorKind::AlreadyExists))?;
    for suffix in ["", "-wal", "-shm"] {
        match fs::rename(beside(path, suffix), beside(&aside, suffix)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(aside)
}

impl Store {
    /// Says in an alert that a new journal was begun, and where the old one is.
    pub(crate) fn tell_begun(&mut self, aside: &Path, cause: &str) -> rusqlite::Result<()> {
        const RULE: &str = "Lanner internal: journal begun anew";
        let aside = aside.display().to_string();
        let now = self.now();
        let output = format!(
            "The journal can't be used ({cause}): it is kept as {aside}, what waited in it is not sent, and a new \
             one is begun"
        );
        tracing::error!("{output}");
        let fields = BTreeMap::from([
            ("lanner.journal".to_owned(), Value::from(&*aside)),
            ("lanner.cause".to_owned(), Value::from(cause)),
        ]);
        let hostname = self.settings.hostname.clone();
        let alert = Alert::internal(Uuid::now_v7(), RULE, Priority::Critical, output, fields, now, hostname);
        self.transaction(|store| store.accept(&alert, now))?;
        self.recent.push(self.accepted, alert);
        Ok(())
    }

    /// Puts the journal aside while it is in use, and begins a new one in which everything keeps its number: the
    /// outputs, the alerts to come, and those that weren't routed yet and are still at hand.
    ///
    /// # Errors
    /// The file can't be renamed, or no new one made: to be tried again.
    pub(crate) fn begin_anew(&mut self, outputs: &[Registered], cause: &str) -> Result<(), OpenError> {
        let path = self.settings.path.clone();
        let of = |error: rusqlite::Error| OpenError::of(&path, &error);
        let now = self.now();
        if self.aside.is_none() {
            // SQLite removes files by their names when it lets a database go, so that comes first.
            self.db = Connection::open_in_memory().map_err(of)?;
            self.aside = Some(put_aside(&path, now).map_err(|error| OpenError::io(&path, &error))?);
        }
        self.db = schema::open(&self.settings)?;
        self.heeded = None;
        let (routed, accepted) = (self.routed, self.accepted);
        let salvaged = self.recent.since(routed);
        let lost = (accepted - routed.min(accepted)).saturating_sub(salvaged.len() as u64);
        self.transaction(|store| {
            for output in outputs {
                store
                    .sql("REPLACE INTO outputs (id, name, configured, since) VALUES (?, ?, ?, ?)")?
                    .execute(params![output.id.0, output.name, output.configured, output.since])?;
            }
            store.sql("UPDATE router SET cursor = ?, given_up = ?")?.execute(params![routed, lost])?;
            for (seq, alert) in &salvaged {
                store.accepted = seq - 1;
                store.accept(alert, now)?;
            }
            store.accepted = accepted;
            Ok(())
        })
        .map_err(of)?;
        if let Some(aside) = self.aside.take() {
            self.tell_begun(&aside, cause).map_err(of)?;
        }
        Ok(())
    }
}
