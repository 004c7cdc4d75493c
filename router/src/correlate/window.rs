//! What a correlation remembers of the alerts that have the same values of its `by` fields.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use lanner_alert::{Alert, AlertId, CAUSE_BYTES_MAX, CAUSES_MAX, Cause, Causes, Pattern, Timestamp};

use crate::stage::json;

/// What an entry takes without its causes, roughly, in bytes; and a window without its entries.
const ENTRY_BYTES: usize = 160;
/// What a cause takes without its output, roughly, in bytes. Its rule's name is mostly shared.
const CAUSE_BYTES: usize = 128;

/// An alert that counts, or the beginning of a sequence.
#[derive(Debug)]
pub struct Entry {
    /// What it is known by: a number, what stands for a value, or the step that a sequence has come to.
    pub slot: u128,
    /// Its place among the entries.
    order: u64,
    /// When the alert arrived, or the first of the sequence.
    at: Timestamp,
    causes: Vec<Cause>,
}

/// How an entry is written down.
type Written = (u64, Timestamp, Vec<(AlertId, Timestamp, Arc<str>, String)>);

impl Entry {
    /// The entry with a sequence that has come to that step. The further it has come the earlier it began.
    fn chain(step: usize, at: Timestamp, causes: Vec<Cause>) -> Entry {
        let slot = step as u128;
        Entry { slot, order: u64::MAX - step as u64, at, causes }
    }

    /// What was written down, read again.
    pub fn read(slot: u128, text: &str) -> Option<Entry> {
        let (order, at, causes): Written = serde_json::from_str(text).ok()?;
        let cause = |(id, time, rule, output)| Cause { id, time, rule, output };
        Some(Entry { slot, order, at, causes: causes.into_iter().map(cause).collect() })
    }

    fn write(&self) -> String {
        let causes = self.causes.iter().cloned();
        let causes = causes.map(|Cause { id, time, rule, output }| (id, time, rule, output)).collect();
        let written: Written = (self.order, self.at, causes);
        json(&written)
    }

    fn bytes(&self) -> usize {
        let causes = self.causes.iter().map(|cause| CAUSE_BYTES + cause.output.len());
        ENTRY_BYTES + causes.sum::<usize>()
    }
}

/// The entries that haven't ended yet, the first to end in front.
#[derive(Default)]
pub struct Window {
    entries: VecDeque<Entry>,
    bytes: usize,
}

impl Window {
    /// How many bytes the windows of that pattern take at the most, roughly.
    pub fn bytes_max(pattern: &Pattern) -> usize {
        const TEXT_BYTES: usize = CAUSE_BYTES + CAUSE_BYTES_MAX;
        match pattern {
            Pattern::Threshold { count, .. } | Pattern::Distinct { count, .. } => {
                count * (ENTRY_BYTES + CAUSE_BYTES) + CAUSES_MAX * TEXT_BYTES
            }
            Pattern::Sequence { steps } => steps.len() * (ENTRY_BYTES + steps.len() * TEXT_BYTES),
        }
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many bytes it takes, roughly.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// When the entry arrived that is the last to end.
    pub fn last(&self) -> Timestamp {
        self.entries.back().map_or(Timestamp(0), |entry| entry.at)
    }

    /// The slots of all entries.
    pub fn slots(&self) -> impl Iterator<Item = u128> {
        self.entries.iter().map(|entry| entry.slot)
    }

    /// What is written down of that entry, where it is there.
    pub fn write(&self, slot: u128) -> Option<String> {
        // What has changed is mostly among the last.
        self.entries.iter().rev().find(|entry| entry.slot == slot).map(Entry::write)
    }

    /// Has everything that arrived later than now arrive now; the slots of what was changed.
    pub fn set_back(&mut self, now: Timestamp) -> Vec<u128> {
        let later = self.entries.iter_mut().filter(|entry| entry.at > now);
        let set = |entry: &mut Entry| {
            entry.at = now;
            entry.slot
        };
        later.map(set).collect()
    }

    /// Forgets what has ended; the slots of that.
    pub fn expire(&mut self, now: Timestamp, within: Duration) -> Vec<u128> {
        let mut expired = Vec::new();
        while let Some(entry) = self.entries.pop_front_if(|entry| entry.at.after(within) <= now) {
            self.bytes -= entry.bytes();
            expired.push(entry.slot);
        }
        expired
    }

    /// Puts an entry to its place; its slot, and whether another had that.
    pub fn insert(&mut self, entry: Entry) -> (u128, bool) {
        let slot = entry.slot;
        let old = self.entries.iter().position(|entry| entry.slot == slot);
        let old = old.and_then(|at| self.entries.remove(at));
        self.bytes -= old.as_ref().map_or(0, Entry::bytes);
        self.bytes += entry.bytes();
        let at = self.entries.partition_point(|other| other.order < entry.order);
        self.entries.insert(at, entry);
        (slot, old.is_some())
    }

    /// Adds an alert; where alerts count by value, in place of the one that has the same. Its slot, and whether another
    /// had that.
    pub fn push(&mut self, value: Option<u128>, now: Timestamp, alert: &Alert) -> (u128, bool) {
        let order = self.entries.back().map_or(0, |last| last.order.saturating_add(1));
        let entry =
            Entry { slot: value.unwrap_or(order.into()), order, at: now, causes: vec![Cause::of(alert)] };
        let put = if value.is_some() {
            self.insert(entry)
        } else {
            self.bytes += entry.bytes();
            self.entries.push_back(entry);
            (order.into(), false)
        };
        self.forget_texts();
        put
    }

    /// Forgets the texts of those alerts that are neither among the first nor among the last: they won't be shown, as
    /// long as the first remain.
    fn forget_texts(&mut self) {
        let first = CAUSES_MAX / 2;
        let last = self.entries.len().saturating_sub(CAUSES_MAX - first);
        for entry in self.entries.range_mut(first.min(last)..last).rev() {
            let before = entry.bytes();
            let shown = entry.causes.iter_mut().filter(|cause| !cause.output.is_empty());
            if shown.map(|cause| cause.output = String::new()).count() == 0 {
                break;
            }
            self.bytes -= before - entry.bytes();
        }
    }

    /// The sequence that comes to that step with an alert; nothing where the step before it wasn't reached.
    pub fn chain(&self, step: usize, now: Timestamp, alert: &Alert) -> Option<Entry> {
        let (at, mut causes) = match step.checked_sub(1) {
            None => (now, Vec::new()),
            Some(before) => {
                let chain = self.entries.iter().find(|entry| entry.slot == before as u128)?;
                (chain.at, chain.causes.clone())
            }
        };
        causes.push(Cause::of(alert));
        Some(Entry::chain(step, at, causes))
    }
}

/// What an alert is made of, in order.
impl From<Entry> for Causes {
    fn from(entry: Entry) -> Causes {
        entry.causes.into_iter().collect()
    }
}

/// What an alert is made of, in order.
impl From<&Window> for Causes {
    fn from(window: &Window) -> Causes {
        window.entries.iter().flat_map(|entry| &entry.causes).cloned().collect()
    }
}
