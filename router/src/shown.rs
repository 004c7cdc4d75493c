//! The alerts that a notification of many shows: the most important of them, as many as there is room for.

use std::cmp::Reverse;
use std::sync::Arc;

use lanner_alert::{Alert, AlertId};

use crate::stage::{Change, json};

/// The most important of the alerts that it was shown, each kept in the journal under its id.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    alerts: Vec<Arc<Alert>>,
    /// The alerts that came or went since it was asked last.
    came: Vec<AlertId>,
    went: Vec<AlertId>,
}

/// The order of importance: by priority, the earlier first.
pub(crate) fn rank(alert: &Alert) -> impl Ord + use<> {
    (Reverse(alert.priority), alert.time, alert.id)
}

impl Shown {
    pub(crate) fn alerts(&self) -> &[Arc<Alert>] {
        &self.alerts
    }

    /// Adds an alert if there is room for it, or it is more important than one that then goes; which one went.
    pub(crate) fn show(&mut self, alert: &Arc<Alert>, most: usize) -> Option<Arc<Alert>> {
        let at = self.alerts.partition_point(|shown| rank(shown) < rank(alert));
        if at >= most {
            return Some(alert.clone());
        }
        self.alerts.insert(at, alert.clone());
        self.came.push(alert.id);
        let least = (self.alerts.len() > most).then(|| self.alerts.pop()).flatten();
        if let Some(least) = &least {
            self.forget(least.id);
        }
        least
    }

    /// All of them, which it has no more.
    pub(crate) fn take(&mut self) -> Vec<Arc<Alert>> {
        let alerts = std::mem::take(&mut self.alerts);
        alerts.iter().for_each(|alert| self.forget(alert.id));
        alerts
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

    /// What has changed since it was asked last; an alert's key is what `key` makes of its id.
    pub(crate) fn changes(&mut self, key: impl Fn(AlertId) -> String, out: &mut Vec<Change>) {
        out.extend(self.went.drain(..).map(|id| Change { key: key(id), value: None }));
        for id in self.came.drain(..) {
            if let Some(alert) = self.alerts.iter().find(|alert| alert.id == id) {
                out.push(Change { key: key(id), value: Some(json(alert)) });
            }
        }
    }

    /// Takes an alert back; whether it could be read.
    pub(crate) fn restore(&mut self, value: &str) -> bool {
        let Ok(alert) = serde_json::from_str::<Arc<Alert>>(value) else { return false };
        let at = self.alerts.partition_point(|shown| rank(shown) < rank(&alert));
        self.alerts.insert(at, alert);
        true
    }
}
