//! What needn't go at once: collected over an interval or until a time of the day, counted in full, shown in part.

use jiff::tz::TimeZone;
use lanner_alert::{AlertId, Kind, Notification, Priority, Schedule, Seen, Tally, Timestamp};
use serde::{Deserialize, Serialize};

use crate::shown::Shown;
use crate::stage::{Change, Stage, Verdict, json, made_id};

/// Most alerts that a digest shows; all are counted.
const DIGEST_ALERTS_MAX: usize = 100;

/// How an output collects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestSettings {
    /// When a digest goes out, after the first that it holds.
    pub schedule: Schedule,
    /// The host's time zone, for times of the day that name none.
    pub zone: TimeZone,
    /// What has this priority or a higher one goes at once; without it, all is collected.
    pub immediate_from: Option<Priority>,
}

/// What is collected, without the alerts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Collected {
    /// When it goes out.
    due: Timestamp,
    /// The first alert or summary of it.
    first: AlertId,
    tally: Tally,
}

/// The key of what is collected.
const COLLECTED: &str = "";
/// The key of what the digest before had.
const BEFORE: &str = "before";

/// The digest of one output. Without settings it lets everything through, and lets out at once what an earlier
/// configuration collected.
pub struct Digest {
    output: String,
    settings: Option<DigestSettings>,
    collected: Option<Collected>,
    shown: Shown,
    /// What the digest before had.
    before: Option<Seen>,
    collected_changed: bool,
    before_changed: bool,
}

impl Digest {
    /// The digest of that output.
    pub fn new(output: &str, settings: Option<DigestSettings>) -> Digest {
        Digest {
            output: output.to_owned(),
            settings,
            collected: None,
            shown: Shown::default(),
            before: None,
            collected_changed: false,
            before_changed: false,
        }
    }
}

impl Stage<Notification> for Digest {
    fn name(&self) -> &'static str {
        "digest"
    }

    fn judge(&mut self, item: &mut Notification, now: Timestamp) -> Verdict {
        let Some(settings) = &self.settings else {
            return Verdict::Pass("no digest");
        };
        if settings.immediate_from.is_some_and(|least| item.priority >= least) {
            return Verdict::Pass("immediate");
        }
        self.collected_changed = true;
        let first = item.id;
        let collected = self.collected.get_or_insert_with(|| Collected {
            due: settings.schedule.next(now, &settings.zone),
            first,
            tally: Tally::default(),
        });
        match item.kind {
            Kind::Alert => item.alerts.iter().for_each(|alert| collected.tally.add(alert)),
            Kind::Summary | Kind::Digest | Kind::Group => collected.tally.merge(&item.tally),
        }
        for alert in &item.alerts {
            self.shown.show(alert, DIGEST_ALERTS_MAX);
        }
        Verdict::Hold("collected")
    }

    fn next(&self) -> Option<Timestamp> {
        let collected = self.collected.as_ref()?;
        Some(if self.settings.is_some() { collected.due } else { Timestamp(0) })
    }

    fn tick(&mut self, now: Timestamp, out: &mut Vec<Notification>) {
        if self.next().is_none_or(|due| due > now) {
            return;
        }
        let Some(Collected { first, mut tally, .. }) = self.collected.take() else { return };
        let seen = tally.seen();
        if let Some(before) = self.before.replace(seen) {
            tally.mark_new(&before);
        }
        (self.collected_changed, self.before_changed) = (true, true);
        out.push(Notification {
            id: made_id(Kind::Digest, &self.output, first, now),
            kind: Kind::Digest,
            time: now,
            priority: tally.priority(),
            alerts: self.shown.take(),
            tally,
            group: None,
        });
    }

    fn set_back(&mut self, now: Timestamp) {
        let (Some(settings), Some(collected)) = (&self.settings, &mut self.collected) else { return };
        let due = settings.schedule.next(now, &settings.zone);
        if due < collected.due {
            (collected.due, self.collected_changed) = (due, true);
        }
    }

    fn changes(&mut self, out: &mut Vec<Change>) {
        if std::mem::take(&mut self.collected_changed) {
            let value = self.collected.as_ref().map(json);
            out.push(Change { key: COLLECTED.to_owned(), value });
        }
        if std::mem::take(&mut self.before_changed) {
            // Without a digest there is none after this.
            let value = self.before.as_ref().filter(|_| self.settings.is_some()).map(json);
            out.push(Change { key: BEFORE.to_owned(), value });
        }
        self.shown.changes(|id| id.to_string(), out);
    }

    fn restore(&mut self, key: &str, value: &str) -> bool {
        match key {
            COLLECTED => {
                self.collected = serde_json::from_str(value).ok();
                self.collected.is_some()
            }
            BEFORE => {
                self.before = serde_json::from_str(value).ok();
                self.before_changed = self.settings.is_none();
                self.before.is_some()
            }
            _ => self.shown.restore(value),
        }
    }
}
