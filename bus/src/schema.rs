//! The journal's file: its lock, its tables, and how an older one becomes today's.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::settings::{Settings, Synchronous};

/// Why the journal couldn't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("the journal {} is in use by {holder}: only one lanner may run on a journal", path.display())]
    InUse {
        /// The journal.
        path: PathBuf,
        /// The process that has it, as far as it can be told.
        holder: String,
    },
    /// A newer Lanner wrote it.
    #[error(
        "the journal {} has version {found}, and this lanner knows versions up to {known}: start the newer \
         lanner, or move the file away to begin a new journal", path.display()
    )]
    Newer {
        /// The journal.
        path: PathBuf,
        /// Its version.
        found: usize,
        /// The latest version known here.
        known: usize,
    },
    /// It isn't a database, or one that is damaged or can't be written. A journal is then put aside, so that
    /// this is said only of what can't have been one.
    #[error(
        "the journal {} can't be used ({cause}): move it and the files beside it (-wal, -shm) away to begin a \
         new one", path.display()
    )]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// What SQLite says.
        cause: String,
    },
    /// It is the database of something else, and is left alone.
    #[error("{} is a database, but not a journal of lanner: name another file", path.display())]
    Foreign {
        /// The database.
        path: PathBuf,
    },
    /// There is no room for it on the disk: it can be opened as soon as there is.
    #[error("there is no room on the disk for the journal {}", path.display())]
    Full {
        /// The journal.
        path: PathBuf,
    },
    /// The system refuses it.
    #[error("the journal {} can't be opened: {cause}", path.display())]
    Unusable {
        /// The journal.
        path: PathBuf,
        /// What the system or SQLite says.
        cause: String,
    },
}

impl OpenError {
    pub(crate) fn of(path: &Path, error: &rusqlite::Error) -> OpenError {
        let (path, cause) = (path.to_owned(), error.to_string());
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt | ErrorCode::ReadOnly) => {
                OpenError::Damaged { path, cause }
            }
            Some(ErrorCode::DiskFull) => OpenError::Full { path },
            // SQLite doesn't always say that this is why.
            Some(ErrorCode::SystemIoFailure) if is_full(&path) => OpenError::Full { path },
            _ => OpenError::Unusable { path, cause },
        }
    }

    pub(crate) fn io(path: &Path, error: &io::Error) -> OpenError {
        if error.kind() == ErrorKind::StorageFull {
            return OpenError::Full { path: path.to_owned() };
        }
        OpenError::Unusable { path: path.to_owned(), cause: error.to_string() }
    }
}

/// One step per version; `user_version` counts those that were made. A step that was released stays as it is.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE alerts (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        accepted INTEGER NOT NULL, -- when, in ns since 1970
        alert TEXT NOT NULL
    );
    -- Hits that wait for something, as the detector wrote them.
    CREATE TABLE held (id TEXT PRIMARY KEY, deadline INTEGER NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;
    -- The router: how far it has come, and what the stages keep.
    CREATE TABLE router (
        id INTEGER PRIMARY KEY CHECK (id = 0),
        cursor INTEGER NOT NULL,   -- the last alert that was routed
        pruned INTEGER NOT NULL,   -- alerts that went because of age or size, their work done
        given_up INTEGER NOT NULL, -- entries that went before they were routed
        announced INTEGER NOT NULL -- how many of those an alert has told of
    );
    INSERT INTO router VALUES (0, 0, 0, 0, 0);
    CREATE TABLE state (stage TEXT, key TEXT, value TEXT NOT NULL, PRIMARY KEY (stage, key)) WITHOUT ROWID;
    CREATE TABLE outputs (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        configured INTEGER NOT NULL,
        since INTEGER NOT NULL,    -- the last alert before it was there
        sent INTEGER NOT NULL DEFAULT 0,
        retried INTEGER NOT NULL DEFAULT 0,
        refused INTEGER NOT NULL DEFAULT 0,
        given_up INTEGER NOT NULL DEFAULT 0,
        announced INTEGER NOT NULL DEFAULT 0
    );
    -- What is to be sent: the notification of one alert, or a made one, which several outputs may share.
    CREATE TABLE notifications (
        id INTEGER PRIMARY KEY,
        refs INTEGER NOT NULL,
        notification TEXT NOT NULL
    );
    CREATE TABLE outbox (
        output INTEGER NOT NULL,
        id INTEGER NOT NULL,
        made INTEGER NOT NULL,
        not_before INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        alert INTEGER,
        notification INTEGER,
        cause TEXT,                -- why the last attempt failed
        PRIMARY KEY (output, id)
    ) WITHOUT ROWID;
    -- What the receivers said of what they took.
    CREATE TABLE receipts (
        id INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        output INTEGER NOT NULL,
        notification TEXT NOT NULL,
        receipt TEXT NOT NULL
    );
    -- What the receivers refused, with their answer.
    CREATE TABLE dead_letters (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        output INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        answer TEXT NOT NULL,
        notification TEXT NOT NULL
    );
", "
    -- Dead letters that are to be sent again, and what is counted to bound them.
    ALTER TABLE dead_letters ADD COLUMN retry INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX dead_letters_to_retry ON dead_letters (id) WHERE retry;
    ALTER TABLE outputs ADD COLUMN letters_given_up INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE outputs ADD COLUMN letters_announced INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE router ADD COLUMN letter_bytes INTEGER NOT NULL DEFAULT 0;
    UPDATE router SET letter_bytes = (
        SELECT COALESCE(SUM(octet_length(notification) + octet_length(answer)), 0) FROM dead_letters
    );
    -- Others than the owner remove dead letters too, so that the database counts.
    CREATE TRIGGER dead_letter_in AFTER INSERT ON dead_letters BEGIN
        UPDATE router SET letter_bytes = letter_bytes + octet_length(NEW.notification) + octet_length(NEW.answer);
    END;
    CREATE TRIGGER dead_letter_out AFTER DELETE ON dead_letters BEGIN
        UPDATE router SET letter_bytes = letter_bytes - octet_length(OLD.notification) - octet_length(OLD.answer);
    END;
", "
    -- What became of alerts that were sent by themselves; of what was made of alerts, the receipts tell.
    CREATE TABLE deliveries (
        alert INTEGER NOT NULL,
        output INTEGER NOT NULL,
        at INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        receipt TEXT NOT NULL,
        PRIMARY KEY (alert, output, at)
    ) WITHOUT ROWID;
    ALTER TABLE receipts ADD COLUMN attempt INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE receipts ADD COLUMN alerts TEXT NOT NULL DEFAULT ''; -- the ids of those in it, with spaces
", "
    -- Accepted alerts that are to be sent again, and how far that has come.
    CREATE TABLE replays (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        output INTEGER NOT NULL,
        at INTEGER NOT NULL,       -- the last alert that was looked at
        through INTEGER NOT NULL,  -- the last alert to look at
        since INTEGER NOT NULL,    -- accepted from then on
        until INTEGER NOT NULL     -- and before
    );
", "
    -- Silences that commands have made.
    CREATE TABLE silences (id INTEGER PRIMARY KEY AUTOINCREMENT, silence TEXT NOT NULL);
", "
    -- What was said of a group's first notification is asked for by its updates.
    CREATE INDEX receipts_by_notification ON receipts (notification);
"];

/// Marks a database as a journal: `LANN`, in SQLite's `application_id`.
const APPLICATION_ID: i32 = 0x4c41_4e4e;

/// Whether a database has tables of something else. A journal that was made before journals were marked is known
/// by its version and tables.
fn is_foreign(db: &Connection) -> rusqlite::Result<bool> {
    let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, u64>(0));
    if db.pragma_query_value(None, "application_id", |row| row.get::<_, i32>(0))? == APPLICATION_ID {
        return Ok(false);
    }
    let own = "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' \
               AND name IN ('alerts', 'held', 'router', 'state', 'outputs', 'outbox')";
    let unmarked = count("PRAGMA user_version")? > 0 && count(own)? == 6;
    Ok(!unmarked && count("SELECT COUNT(*) FROM sqlite_schema")? > 0)
}

/// The file that a path leads to, through symbolic links: what lies beside the journal lies beside that, whichever
/// way it is named.
pub(crate) fn resolve(path: &Path) -> PathBuf {
    let in_folder = || {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        Some(fs::canonicalize(folder.unwrap_or(Path::new("."))).ok()?.join(path.file_name()?))
    };
    fs::canonicalize(path).ok().or_else(in_folder).unwrap_or_else(|| path.to_owned())
}

/// What keeps others from the journal, until it is dropped. It is unlocked rather than only closed: a process that is
/// being started has copies of all descriptors for a moment, and a lock goes with the last copy.
pub(crate) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Where it fails, closing the file is what is left.
        let _ = self.0.unlock();
    }
}

/// The file beside the journal that its owner has locked. SQLite's own locks are of the process, and would go
/// with the first descriptor of the database that is closed; so the database itself isn't locked.
pub(crate) fn lock(path: &Path) -> Result<Lock, OpenError> {
    let beside = beside(path, ".lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&beside)
        .map_err(|error| OpenError::io(path, &error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            let holder = match file.take(20).read_to_string(&mut pid) {
                Ok(_) if !pid.trim().is_empty() => format!("process {}", pid.trim()),
                _ => "another process".to_owned(),
            };
            return Err(OpenError::InUse { path: path.to_owned(), holder });
        }
        Err(TryLockError::Error(error)) => return Err(OpenError::io(path, &error)),
    }
    // Who holds it is a help to the reader of the error only.
    let written =
        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
    written.map_err(|error| OpenError::io(path, &error))?;
    Ok(Lock(file))
}

/// Whether there is no room beside the journal for as much as SQLite needs to open it.
fn is_full(path: &Path) -> bool {
    const PROBE_BYTES: usize = 64 << 10;
    let probe = beside(path, ".probe");
    let written = fs::write(&probe, [0; PROBE_BYTES]);
    // What is left of it is of no use, and may not be there at all.
    let _ = fs::remove_file(&probe);
    written.is_err_and(|error| error.kind() == ErrorKind::StorageFull)
}

/// A file beside the journal.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Opens the database to write, makes it when it isn't there, and brings it to today's schema.
pub(crate) fn open(settings: &Settings) -> Result<Connection, OpenError> {
    let path = &settings.path;
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connect = || -> rusqlite::Result<Option<(Connection, usize)>> {
        let mut db = Connection::open_with_flags(path, flags)?;
        if is_foreign(&db)? {
            return Ok(None);
        }
        // Has an effect on a database that has no tables yet.
        db.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(
            None,
            "synchronous",
            match settings.sync {
                Synchronous::Normal => "NORMAL",
                Synchronous::Full => "FULL",
            },
        )?;
        let page: u64 = db.pragma_query_value(None, "page_size", |row| row.get::<_, u64>(0))?;
        let wal = wal_max(settings.max_size);
        db.pragma_update(None, "wal_autocheckpoint", wal / page.max(1))?;
        db.pragma_update(None, "journal_size_limit", wal)?;
        db.pragma_update(None, "cache_size", -CACHE_KIB)?;
        db.set_prepared_statement_cache_capacity(64);
        let version = migrate(&mut db)?;
        if db.pragma_query_value(None, "application_id", |row| row.get::<_, i32>(0))? != APPLICATION_ID {
            db.pragma_update(None, "application_id", APPLICATION_ID)?;
        }
        Ok(Some((db, version)))
    };
    let opened = connect().map_err(|error| OpenError::of(path, &error))?;
    let (db, version) = opened.ok_or_else(|| OpenError::Foreign { path: path.clone() })?;
    if version > MIGRATIONS.len() {
        return Err(OpenError::Newer { path: path.clone(), found: version, known: MIGRATIONS.len() });
    }
    Ok(db)
}

/// Pages that are kept in memory, in KiB: what is written again and again, and the alerts that are about to be sent.
const CACHE_KIB: i64 = 4 << 10;

/// At this many bytes the write-ahead log is worked into the database: large enough that pages which change
/// often are written there once, small against the journal's bound.
pub(crate) fn wal_max(max_size: u64) -> u64 {
    const WAL_BYTES_MAX: u64 = 16 << 20;
    WAL_BYTES_MAX.min(max_size / 8)
}

/// Makes the steps that are missing, in one transaction; the version that was found.
fn migrate(db: &mut Connection) -> rusqlite::Result<usize> {
    let version: usize = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let Some(missing) = MIGRATIONS.get(version..).filter(|missing| !missing.is_empty()) else {
        return Ok(version);
    };
    let transaction = db.transaction()?;
    for step in missing {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len())?;
    transaction.commit()?;
    Ok(version)
}

/// What a process that doesn't own the journal may do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    /// Read, and write down what the owner is to do.
    Ask,
}

/// Opens the database beside the lanner that owns it.
pub(crate) fn open_beside(path: &Path, access: Access) -> Result<Connection, OpenError> {
    let mode = match access {
        Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Access::Ask => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    let flags = mode | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connect = || -> rusqlite::Result<(Connection, usize)> {
        let db = Connection::open_with_flags(path, flags)?;
        let version: usize = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
        Ok((db, version))
    };
    let (db, version) = connect().map_err(|error| OpenError::of(path, &error))?;
    if version > MIGRATIONS.len() {
        return Err(OpenError::Newer { path: path.to_owned(), found: version, known: MIGRATIONS.len() });
    }
    if version < MIGRATIONS.len() {
        let cause = format!("it has version {version}: start lanner once to bring it up to date");
        return Err(OpenError::Unusable { path: path.to_owned(), cause });
    }
    Ok(db)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_the_descriptor_keeps_nobody_out() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("journal.db");
        let held = lock(&path).expect("nobody has it");
        // As a process that is being started has one.
        let _copy = held.0.try_clone().expect("a copy");
        assert!(matches!(lock(&path), Err(OpenError::InUse { .. })));
        drop(held);
        assert!(lock(&path).is_ok());
    }
}
