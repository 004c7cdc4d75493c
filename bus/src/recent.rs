//! The alerts that were accepted last, as they came: the router and the workers mostly want those, and need
//! not have them read and parsed again.

use std::collections::VecDeque;
use std::sync::Arc;

use lanner_alert::Alert;

/// Most alerts that are kept.
const RECENT_ALERTS_MAX: usize = 2048;

/// A window of consecutive alerts up to the last one.
#[derive(Default)]
pub(crate) struct Recent {
    first: u64,
    alerts: VecDeque<Arc<Alert>>,
}

impl Recent {
    /// Adds the next alert.
    pub(crate) fn push(&mut self, seq: u64, alert: impl Into<Arc<Alert>>) {
        if self.first + self.alerts.len() as u64 != seq {
            self.alerts.clear();
        }
        if self.alerts.is_empty() {
            self.first = seq;
        }
        self.alerts.push_back(alert.into());
        if self.alerts.len() > RECENT_ALERTS_MAX {
            self.alerts.pop_front();
            self.first += 1;
        }
    }

    /// That alert, if it is recent.
    pub(crate) fn get(&self, seq: u64) -> Option<Arc<Alert>> {
        let at = usize::try_from(seq.checked_sub(self.first)?).ok()?;
        self.alerts.get(at).cloned()
    }

    /// The alerts after that one, if all of them are recent.
    pub(crate) fn after(&self, seq: u64, limit: usize) -> Option<Vec<(u64, Arc<Alert>)>> {
        let at = usize::try_from((seq + 1).checked_sub(self.first)?).ok()?;
        if self.alerts.is_empty() || at > self.alerts.len() {
            return None;
        }
        Some((seq + 1..).zip(self.alerts.range(at..).take(limit).cloned()).collect())
    }

    /// The alerts after that one that are at hand.
    pub(crate) fn since(&self, seq: u64) -> Vec<(u64, Arc<Alert>)> {
        (self.first..).zip(self.alerts.iter().cloned()).filter(|(at, _)| *at > seq).collect()
    }

    /// Forgets the alerts up to that one.
    pub(crate) fn forget(&mut self, through: u64) {
        while self.first <= through && self.alerts.pop_front().is_some() {
            self.first += 1;
        }
    }
}
