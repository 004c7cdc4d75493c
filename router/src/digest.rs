//! What needn't go at once: collected over an interval, counted in full, shown in part.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use lanner_alert::{Alert, AlertId, Kind, Notification, Priority, Tally, Timestamp};
use serde::{Deserialize, Serialize};

use crate::stage::{Change, Stage, Verdict, made_id};

/// Most alerts that a digest shows; all are counted.
const DIGEST_ALERTS_MAX: usize = 100;

/// How an output collects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DigestSettings {
    /// How long after the first that it holds a digest goes out.
    pub every: Duration,
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

/// The digest of one output. Without settings it lets everything through, and lets out at once what an earlier
/// configuration collected.
pub struct Digest {
    output: String,
    settings: Option<DigestSettings>,
    collected: Option<Collected>,
    /// The most important alerts, in that order.
    shown: Vec<Arc<Alert>>,
    changed: bool,
    /// The alerts that came to or went from what is shown, since it was asked last.
    came: Vec<AlertId>,
    went: Vec<AlertId>,
}

/// The order of importance: by priority, the earlier first.
fn rank(alert: &Alert) -> impl Ord + use<> {
    (Reverse(alert.priority), alert.time, alert.id)
}

impl Digest {
    /// The digest of that output.
    pub fn new(output: &str, settings: Option<DigestSettings>) -> Digest {
        Digest {
            output: output.to_owned(),
            settings,
            collected: None,
            shown: Vec::new(),
            changed: false,
            came: Vec::new(),
            went: Vec::new(),
        }
    }

    fn show(&mut self, alert: &Arc<Alert>) {
        let at = self.shown.partition_point(|shown| rank(shown) < rank(alert));
        if at == DIGEST_ALERTS_MAX {
            return;
        }
        self.shown.insert(at, alert.clone());
        self.came.push(alert.id);
        if self.shown.len() > DIGEST_ALERTS_MAX
            && let Some(least) = self.shown.pop()
        {
            self.forget(least.id);
        }
    }

    /// Takes an alert's row away, if it has one already.
    fn forget(&mut self, id: AlertId) {
        match self.came.iter().position(|came| *came == id) {
            Some(at) => {
                self.came.swap_remove(at);
            }
            None => self.went.push(id),
        }
    }
}

impl Stage<Notification> for Digest {
    fn name(&self) -> &'static str {
        "digest"
    }

    fn judge(&mut self, item: &mut Notification, now: Timestamp) -> Verdict {
        let Some(settings) = self.settings else {
            return Verdict::Pass("no digest");
        };
        if settings.immediate_from.is_some_and(|least| item.priority >= least) {
            return Verdict::Pass("immediate");
        }
        self.changed = true;
        let (due, first) = (now.after(settings.every), item.id);
        let collected =
            self.collected.get_or_insert_with(|| Collected { due, first, tally: Tally::default() });
        // A clock that was set back must not put the digest off.
        collected.due = collected.due.min(due);
        match item.kind {
            Kind::Alert => item.alerts.iter().for_each(|alert| collected.tally.add(alert)),
            Kind::Summary | Kind::Digest => merge(&mut collected.tally, &item.tally),
        }
        for alert in &item.alerts {
            self.show(alert);
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
        let Some(Collected { first, tally, .. }) = self.collected.take() else { return };
        self.changed = true;
        let alerts = std::mem::take(&mut self.shown);
        alerts.iter().for_each(|alert| self.forget(alert.id));
        out.push(Notification {
            id: made_id(Kind::Digest, &self.output, first, now),
            kind: Kind::Digest,
            time: now,
            priority: tally.priority(),
            alerts,
            tally,
        });
    }

    fn changes(&mut self, out: &mut Vec<Change>) {
        if !std::mem::take(&mut self.changed) {
            return;
        }
        let value = self.collected.as_ref().map(json);
        out.push(Change { key: String::new(), value });
        for id in self.went.drain(..) {
            out.push(Change { key: id.to_string(), value: None });
        }
        for id in self.came.drain(..) {
            if let Some(alert) = self.shown.iter().find(|alert| alert.id == id) {
                out.push(Change { key: id.to_string(), value: Some(json(alert)) });
            }
        }
    }

    fn restore(&mut self, key: &str, value: &str) -> bool {
        if key.is_empty() {
            self.collected = serde_json::from_str(value).ok();
            return self.collected.is_some();
        }
        let Ok(alert) = serde_json::from_str::<Arc<Alert>>(value) else { return false };
        let at = self.shown.partition_point(|shown| rank(shown) < rank(&alert));
        self.shown.insert(at, alert);
        true
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Adds the counts of one tally to another.
fn merge(into: &mut Tally, from: &Tally) {
    let empty = into.rules.is_empty();
    into.since = if empty { from.since } else { into.since.min(from.since) };
    into.until = into.until.max(from.until);
    for (rule, count) in &from.rules {
        into.rules
            .entry(rule.clone())
            .and_modify(|sum| {
                sum.priority = sum.priority.max(count.priority);
                sum.count += count.count;
            })
            .or_insert_with(|| count.clone());
    }
}
