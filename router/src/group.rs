//! What belongs together goes together: one notification of a group, and updates of it while more comes.
//!
//! As in Alertmanager a group waits a little for what comes with its first alert, and then for a longer time between one
//! notification and the next. Security events don't resolve: a group to which nothing new comes isn't told of again, and
//! closes after a while. The next alert that would belong to it then begins another.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lanner_alert::{Alert, AlertId, Fingerprint, Group as Told, Kind, Notification, Tally, Timestamp, Value};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::kept::{Kept, Row};
use crate::shown::Shown;
use crate::stage::{Change, Stage, Verdict, alert_bytes, json, key_of, made_id};

/// The most alerts that a notification of a group shows; all are counted.
const GROUP_ALERTS_MAX: usize = 10;
/// How many bytes an output's groups may take, roughly; past that those close that had something least lately, and what
/// they hadn't told is told.
pub const GROUP_BYTES_MAX: usize = 32 << 20;
/// What a group takes without its counts and alerts, roughly, in bytes.
const ENTRY_BYTES: usize = 300;

/// What stands before the alert in a key. Rows are read back in the order of their keys, to which an `@` is added.
const ALERT: char = '~';

/// How a route groups what it sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupSettings {
    /// The fields whose values the alerts of a group have in common; none for one group.
    pub by: Vec<String>,
    /// How long a group waits after what is new, for what comes with it.
    pub wait: Duration,
    /// How far its notifications are apart at least.
    pub interval: Duration,
    /// How long after its last alert it closes.
    pub idle: Duration,
}

/// A group.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    route: Arc<str>,
    by: Vec<(String, Value)>,
    /// Its first alert.
    first: AlertId,
    /// Its first notification.
    id: Option<Uuid>,
    /// How many notifications there were.
    updates: u32,
    /// When the last notification went out.
    sent: Option<Timestamp>,
    /// When the last alert came.
    last: Timestamp,
    /// When what is new is told.
    due: Option<Timestamp>,
    /// What is new.
    new: u64,
    /// All that it had.
    tally: Tally,
    /// Of what is new.
    #[serde(skip)]
    shown: Shown,
}

impl Entry {
    /// When there is something to do: to tell what is new, or to close.
    fn acts(&self, settings: Option<&Arc<GroupSettings>>) -> Timestamp {
        match settings {
            Some(settings) => self.due.unwrap_or_else(|| self.last.after(settings.idle)),
            // Its route groups no more.
            None => Timestamp(0),
        }
    }

    /// When something that came now would be told.
    fn due_if_now(&self, settings: &GroupSettings, now: Timestamp) -> Timestamp {
        let earliest = self.sent.map_or(now, |sent| sent.min(now).after(settings.interval));
        now.after(settings.wait).max(earliest)
    }

    fn size(&self) -> usize {
        let by: usize = self.by.iter().map(|(field, value)| 80 + field.len() + value.bytes()).sum();
        let shown: usize = self.shown.alerts().iter().map(|alert| alert_bytes(alert)).sum();
        ENTRY_BYTES + by + self.tally.bytes() + shown
    }
}

/// The groups of one output. Those of routes that group no more are let out at once, and close.
pub struct Group {
    output: String,
    routes: BTreeMap<Arc<str>, Arc<GroupSettings>>,
    bytes_max: usize,
    entries: Kept<Entry>,
    /// What was to be told of those that had to make room.
    given_up: Vec<Notification>,
    /// Alerts whose rows go with their group.
    gone: Vec<Change>,
}

/// The key of an alert that a group shows: it comes behind the group's own.
fn alert_key(group: Row, alert: AlertId) -> String {
    format!("{group}{ALERT}{alert}")
}

impl Group {
    /// The groups of that output, with the settings of the routes that group.
    pub fn new(output: &str, routes: BTreeMap<Arc<str>, Arc<GroupSettings>>) -> Group {
        Group::with_bytes_max(output, routes, GROUP_BYTES_MAX)
    }

    /// The stage with another limit than [`GROUP_BYTES_MAX`].
    pub fn with_bytes_max(
        output: &str,
        routes: BTreeMap<Arc<str>, Arc<GroupSettings>>,
        bytes_max: usize,
    ) -> Group {
        Group {
            output: output.to_owned(),
            routes,
            bytes_max,
            entries: Kept::default(),
            given_up: Vec::new(),
            gone: Vec::new(),
        }
    }

    /// How many bytes are taken, roughly.
    pub fn bytes(&self) -> usize {
        self.entries.bytes()
    }

    fn put(&mut self, key: Fingerprint, entry: Entry) {
        let (bytes, acts) = (entry.size(), entry.acts(self.routes.get(&entry.route)));
        self.entries.put(key, entry, bytes, acts);
    }

    /// Ends a group; what it had to tell.
    fn close(&mut self, key: Fingerprint, now: Timestamp) -> Option<Notification> {
        let mut entry = self.entries.take(key)?;
        let (told, row) = (self.tell(&mut entry, now), self.entries.row(key));
        entry.shown.changes(|id| alert_key(row, id), &mut self.gone);
        told
    }

    /// Closes what had something least lately, until the rest has room; whether that was needed.
    fn shrink(&mut self, now: Timestamp) -> bool {
        let full = self.entries.bytes() > self.bytes_max;
        while self.entries.bytes() > self.bytes_max {
            let Some(key) = self.entries.oldest() else { break };
            let told = self.close(key, now);
            self.given_up.extend(told);
        }
        full
    }

    /// What is new in a group, with all that it had.
    fn tell(&self, entry: &mut Entry, now: Timestamp) -> Option<Notification> {
        if entry.new == 0 {
            return None;
        }
        let place = format!("{}/{}", self.output, entry.updates);
        let id = made_id(Kind::Group, &place, entry.first, now);
        let group = Told {
            id: *entry.id.get_or_insert(id),
            update: entry.updates,
            by: entry.by.clone(),
            new: entry.new,
            receipt: None,
        };
        entry.updates += 1;
        entry.sent = Some(now);
        (entry.due, entry.new) = (None, 0);
        let alerts = entry.shown.take();
        Some(Notification {
            id,
            kind: Kind::Group,
            time: now,
            priority: alerts.first().map_or(entry.tally.priority(), |first| first.priority),
            alerts,
            tally: entry.tally.clone(),
            group: Some(Box::new(group)),
        })
    }

    /// The group that an alert belongs to, open or new, taken out, and its route's settings.
    fn of(&mut self, alert: &Alert, now: Timestamp) -> Option<(Fingerprint, Entry, Arc<GroupSettings>)> {
        let route = alert.route.as_ref()?;
        let settings = self.routes.get(route)?.clone();
        let key = key_of(route, alert, &settings.by);
        let entry = self.entries.take(key).unwrap_or_else(|| Entry {
            route: route.clone(),
            by: settings.by.iter().map(|field| (field.clone(), alert.field(field))).collect(),
            first: alert.id,
            id: None,
            updates: 0,
            sent: None,
            last: now,
            due: None,
            new: 0,
            tally: Tally::default(),
            shown: Shown::default(),
        });
        Some((key, entry, settings))
    }
}

impl Stage<Notification> for Group {
    fn name(&self) -> &'static str {
        "group"
    }

    fn judge(&mut self, item: &mut Notification, now: Timestamp) -> Verdict {
        let (Kind::Alert, [alert]) = (item.kind, &item.alerts[..]) else {
            return Verdict::Pass("no group");
        };
        let Some((key, mut entry, settings)) = self.of(alert, now) else {
            return Verdict::Pass("no group");
        };
        let due = entry.due_if_now(&settings, now);
        entry.due.get_or_insert(due);
        let begins = entry.tally.rules.is_empty();
        entry.last = now;
        entry.new += alert.count;
        entry.tally.add(alert);
        entry.shown.show(alert, GROUP_ALERTS_MAX);
        self.put(key, entry);
        Verdict::Hold(match (self.shrink(now), begins) {
            (true, _) => "grouped, others made room for it",
            (false, true) => "began a group",
            (false, false) => "joined a group",
        })
    }

    fn next(&self) -> Option<Timestamp> {
        if !self.given_up.is_empty() {
            return Some(Timestamp(0));
        }
        self.entries.next().map(|(at, _)| at)
    }

    fn tick(&mut self, now: Timestamp, out: &mut Vec<Notification>) {
        out.append(&mut self.given_up);
        while let Some((_, key)) = self.entries.next().filter(|(at, _)| *at <= now) {
            let Some(mut entry) = self.entries.take(key) else { break };
            let told = self.tell(&mut entry, now);
            let open = told.is_some() && self.routes.contains_key(&entry.route);
            out.extend(told);
            if open {
                self.put(key, entry);
            } else {
                let row = self.entries.row(key);
                entry.shown.changes(|id| alert_key(row, id), &mut self.gone);
            }
        }
    }

    fn set_back(&mut self, now: Timestamp) {
        let waits = |entry: &Entry| {
            let settings = self.routes.get(&entry.route);
            let due = settings.is_some_and(|settings| entry.due > Some(entry.due_if_now(settings, now)));
            due || entry.last > now || entry.sent > Some(now)
        };
        for key in self.entries.which(waits) {
            let Some(mut entry) = self.entries.take(key) else { continue };
            entry.last = entry.last.min(now);
            entry.sent = entry.sent.map(|sent| sent.min(now));
            if let Some(settings) = self.routes.get(&entry.route) {
                let due = entry.due_if_now(settings, now);
                entry.due = entry.due.map(|before| before.min(due));
            }
            self.put(key, entry);
        }
    }

    fn changes(&mut self, out: &mut Vec<Change>) {
        out.append(&mut self.gone);
        self.entries.changes(|row, entry| {
            let value = entry.as_ref().map(|entry| json(*entry));
            if let Some(entry) = entry {
                entry.shown.changes(|id| alert_key(row, id), out);
            }
            out.push(Change { key: row.to_string(), value });
        });
    }

    fn restore(&mut self, key: &str, value: &str) -> bool {
        let (group, alert) = key.split_once(ALERT).map_or((key, false), |(group, _)| (group, true));
        let Some(row) = Row::parse(group) else { return false };
        let (entry, read) = if alert {
            let Some(mut entry) = self.entries.take(row.key) else { return false };
            let read = entry.shown.restore(value);
            (entry, read)
        } else {
            let Ok(entry) = serde_json::from_str::<Entry>(value) else { return false };
            (entry, true)
        };
        let (bytes, acts) = (entry.size(), entry.acts(self.routes.get(&entry.route)));
        self.entries.restore(row, entry, bytes, acts);
        read
    }
}
