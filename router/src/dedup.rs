//! The same thing again and again: the first alert goes out at once, its repeats as one counted update, at intervals that
//! grow.
//!
//! Alerts are the same where they have the same key: their fingerprint, which the detector makes of the rule, the
//! container, the process, its parent and the file or peer; or the values of the fields that the configuration names.

use std::sync::Arc;
use std::time::Duration;

use lanner_alert::{Alert, Fingerprint, Kind, Notification, Timestamp};
use serde::{Deserialize, Serialize};

use crate::kept::{Kept, Row};
use crate::shown::rank;
use crate::stage::{Change, Stage, Verdict, alert_bytes, json, key_of, made_id};

/// How many bytes the keys and the alerts that are kept may take, roughly; past that those are given up that came least
/// lately, and what they hadn't told is told.
pub const DEDUP_BYTES_MAX: usize = 32 << 20;
/// What a key takes without an alert, roughly, in bytes.
const ENTRY_BYTES: usize = 300;
/// How long after a repeat the first update comes; each of the next waits twice as long.
const FIRST_INTERVAL: Duration = Duration::from_secs(60);
/// How long an update waits at the most.
const INTERVAL_MAX: Duration = Duration::from_secs(3600);

/// What is the same, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DedupSettings {
    /// The fields whose values make the key; none for the alert's fingerprint.
    pub by: Vec<String>,
    /// How long after its last occurrence the next one is new again.
    pub window: Duration,
}

/// Something that occurred, and may again.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    /// When it came last.
    at: Timestamp,
    /// When what hasn't been told is told at the latest.
    update: Option<Timestamp>,
    /// How long the next update waits.
    interval: Duration,
    /// What hasn't been told: the most important of the repeats, with their count.
    repeats: Option<Arc<Alert>>,
}

impl Entry {
    /// When there is something to do: an update, or, when it hasn't come for so long, to forget it.
    fn due(&self, window: Duration) -> Timestamp {
        let quiet = self.at.after(window);
        self.update.map_or(quiet, |update| update.min(quiet))
    }

    fn bytes(&self) -> usize {
        ENTRY_BYTES + self.repeats.as_ref().map_or(0, |alert| alert_bytes(alert))
    }
}

/// The stage of one output. Without settings it lets everything through, and lets out at once what an earlier
/// configuration counted.
pub struct Dedup {
    output: String,
    settings: Option<DedupSettings>,
    bytes_max: usize,
    entries: Kept<Entry>,
    /// What was given up before its update.
    given_up: Vec<Notification>,
}

impl Dedup {
    /// The stage of that output.
    pub fn new(output: &str, settings: Option<DedupSettings>) -> Dedup {
        Dedup::with_bytes_max(output, settings, DEDUP_BYTES_MAX)
    }

    /// The stage with another limit than [`DEDUP_BYTES_MAX`].
    pub fn with_bytes_max(output: &str, settings: Option<DedupSettings>, bytes_max: usize) -> Dedup {
        Dedup {
            output: output.to_owned(),
            settings,
            bytes_max,
            entries: Kept::default(),
            given_up: Vec::new(),
        }
    }

    /// How many bytes are taken, roughly.
    pub fn bytes(&self) -> usize {
        self.entries.bytes()
    }

    /// How long it takes until the next is new again.
    fn window(&self) -> Duration {
        self.settings.as_ref().map_or(Duration::ZERO, |settings| settings.window)
    }

    fn put(&mut self, key: Fingerprint, entry: Entry) {
        let (bytes, due) = (entry.bytes(), entry.due(self.window()));
        self.entries.put(key, entry, bytes, due);
    }

    /// Gives up what came least lately, until the rest has room; whether that was needed.
    fn shrink(&mut self, now: Timestamp) -> bool {
        let full = self.entries.bytes() > self.bytes_max;
        while self.entries.bytes() > self.bytes_max {
            let oldest = self.entries.oldest().and_then(|key| self.entries.take(key));
            let Some(mut entry) = oldest else { break };
            let update = self.update(&mut entry, now);
            self.given_up.extend(update);
        }
        full
    }

    /// What hasn't been told of the repeats.
    fn update(&self, entry: &mut Entry, now: Timestamp) -> Option<Notification> {
        let alert = entry.repeats.take()?;
        entry.update = None;
        let id = made_id(Kind::Alert, &self.output, alert.id, now);
        Some(Notification { id, ..Notification::of(alert, now) })
    }
}

fn key(alert: &Alert, settings: &DedupSettings) -> Fingerprint {
    if settings.by.is_empty() { alert.fingerprint } else { key_of("", alert, &settings.by) }
}

/// One for both: the more important, or else the later.
fn together(before: Arc<Alert>, repeat: &Arc<Alert>) -> Arc<Alert> {
    let (count, first, last) = (before.count, before.first_seen, before.last_seen);
    let mut told = if before.priority > repeat.priority { before } else { repeat.clone() };
    let alert = Arc::make_mut(&mut told);
    alert.count = count + repeat.count;
    alert.first_seen = first.min(repeat.first_seen);
    alert.last_seen = last.max(repeat.last_seen);
    told
}

impl Stage<Notification> for Dedup {
    fn name(&self) -> &'static str {
        "dedup"
    }

    fn judge(&mut self, item: &mut Notification, now: Timestamp) -> Verdict {
        let (Some(settings), Kind::Alert, [alert]) = (&self.settings, item.kind, &item.alerts[..]) else {
            return Verdict::Pass("no dedup");
        };
        let key = key(alert, settings);
        let Some(mut entry) = self.entries.take(key) else {
            self.put(key, Entry { at: now, update: None, interval: FIRST_INTERVAL, repeats: None });
            return Verdict::Pass(if self.shrink(now) { "new, others made room for it" } else { "new" });
        };
        let repeats = match entry.repeats.take() {
            Some(before) => together(before, alert),
            None => alert.clone(),
        };
        entry.at = now;
        entry.repeats = Some(repeats);
        entry.update.get_or_insert(now.after(entry.interval));
        self.put(key, entry);
        Verdict::Hold(if self.shrink(now) { "repeated, others made room for it" } else { "repeated" })
    }

    fn next(&self) -> Option<Timestamp> {
        if !self.given_up.is_empty() || (self.settings.is_none() && !self.entries.is_empty()) {
            return Some(Timestamp(0));
        }
        self.entries.next().map(|(due, _)| due)
    }

    fn tick(&mut self, now: Timestamp, out: &mut Vec<Notification>) {
        let before = out.len();
        out.append(&mut self.given_up);
        while let Some((due, key)) = self.entries.next() {
            if self.settings.is_some() && due > now {
                break;
            }
            let Some(mut entry) = self.entries.take(key) else { break };
            let quiet = entry.at.after(self.window()) <= now;
            out.extend(self.update(&mut entry, now));
            // What was quiet for long is new when it comes again; what goes on is told of less and less often.
            if !quiet {
                entry.interval = entry.interval.saturating_mul(2).min(INTERVAL_MAX);
                self.put(key, entry);
            }
        }
        // A limit behind this lets the first of them through.
        out[before..].sort_by_key(|item| item.alerts.first().map(|alert| rank(alert)));
    }

    fn set_back(&mut self, now: Timestamp) {
        let waits = |entry: &Entry| entry.at > now || entry.update > Some(now.after(entry.interval));
        for key in self.entries.which(waits) {
            let Some(mut entry) = self.entries.take(key) else { continue };
            entry.at = entry.at.min(now);
            entry.update = entry.update.map(|update| update.min(now.after(entry.interval)));
            self.put(key, entry);
        }
    }

    fn changes(&mut self, out: &mut Vec<Change>) {
        self.entries.changes(|row, entry| {
            out.push(Change { key: row.to_string(), value: entry.map(|entry| json(entry)) });
        });
    }

    fn restore(&mut self, key: &str, value: &str) -> bool {
        let (Some(row), Ok(entry)) = (Row::parse(key), serde_json::from_str::<Entry>(value)) else {
            return false;
        };
        let (bytes, due) = (entry.bytes(), entry.due(self.window()));
        self.entries.restore(row, entry, bytes, due);
        true
    }
}
