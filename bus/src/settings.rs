//! What the journal is opened with.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lanner_alert::Timestamp;

/// Where the time comes from: the system's clock, or a test's.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The system's wall clock.
pub fn system_clock() -> Clock {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    })
}

/// How far a commit goes before it counts: SQLite's `synchronous`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Synchronous {
    /// Survives the end of the process, however it comes; a power cut may take the last moments.
    #[default]
    Normal,
    /// Survives a power cut: each commit waits for the disk.
    Full,
}

/// What the journal is opened with.
#[derive(Clone)]
pub struct Settings {
    /// The database. Its directory must exist.
    pub path: PathBuf,
    /// Most bytes that the database and its write-ahead log take on the disk.
    pub max_size: u64,
    /// Longest that an alert is kept after its arrival, sent or not.
    pub max_age: Duration,
    /// How far a commit goes.
    pub sync: Synchronous,
    /// Most entries that wait in the channel; with that many, who sends one more waits.
    pub channel_max: usize,
    /// The host's name in the journal's own alerts.
    pub hostname: Arc<str>,
    /// The time.
    pub clock: Clock,
}

impl Settings {
    /// The settings that the shipped configuration has, for a journal at that path.
    pub fn at(path: impl Into<PathBuf>) -> Settings {
        Settings {
            path: path.into(),
            max_size: 1 << 30,
            max_age: Duration::from_secs(7 * 24 * 3600),
            sync: Synchronous::Normal,
            channel_max: 4096,
            hostname: Arc::from(""),
            clock: system_clock(),
        }
    }
}

/// An output's key in the journal; it stays the same as long as the output keeps its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutputId(pub(crate) u64);

/// An output that the journal keeps rows for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// Its key.
    pub id: OutputId,
    /// Its name in the configuration.
    pub name: String,
    /// The last alert that was accepted before the output was there: it is owed only later ones.
    pub since: u64,
    /// Whether the configuration names it; one that it named once keeps what it is owed until that expires.
    pub configured: bool,
}

impl Registered {
    /// An output of no journal, by its place in the configuration: for stages that only say what they would do.
    pub fn unkept(place: u64, name: &str) -> Registered {
        Registered { id: OutputId(place), name: name.to_owned(), since: 0, configured: true }
    }
}
