//! What a stage remembers by key: it knows when there is something to do for each, what was used least lately, and how
//! much memory all of it takes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use hashbrown::HashMap;
use lanner_alert::{Fingerprint, Timestamp};

/// Values by key. To change one it is taken out and put back.
pub(crate) struct Kept<T> {
    slots: HashMap<Fingerprint, Slot<T>>,
    bytes: usize,
    /// By use, the least lately used first.
    order: BTreeMap<u64, Fingerprint>,
    uses: u64,
    /// By when there is something to do.
    acts: BTreeSet<(Timestamp, Fingerprint)>,
    /// With the place of each.
    changed: BTreeMap<Fingerprint, u64>,
    /// The last place.
    last: u64,
}

/// What the journal knows a value by: its place and its key. Places are in the order in which keys came first, so that the
/// rows of what is new lie side by side, and many of them are written with one page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row {
    place: u64,
    pub(crate) key: Fingerprint,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{:016x}{}", self.place, self.key)
    }
}

impl Row {
    /// The row that a text names.
    pub(crate) fn parse(text: &str) -> Option<Row> {
        let (place, key) = text.split_at_checked(16)?;
        Some(Row { place: u64::from_str_radix(place, 16).ok()?, key: key.parse().ok()? })
    }
}

struct Slot<T> {
    value: T,
    place: u64,
    bytes: usize,
    used: u64,
    acts: Timestamp,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Kept {
            slots: HashMap::new(),
            bytes: 0,
            order: BTreeMap::new(),
            uses: 0,
            acts: BTreeSet::new(),
            changed: BTreeMap::new(),
            last: 0,
        }
    }
}

impl<T> Kept<T> {
    /// How many bytes are taken, roughly.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Takes a value out.
    pub(crate) fn take(&mut self, key: Fingerprint) -> Option<T> {
        let slot = self.slots.remove(&key)?;
        self.bytes -= slot.bytes;
        self.order.remove(&slot.used);
        self.acts.remove(&(slot.acts, key));
        self.changed.insert(key, slot.place);
        Some(slot.value)
    }

    /// Puts a value in that takes so many bytes, and for which there is something to do then.
    pub(crate) fn put(&mut self, key: Fingerprint, value: T, bytes: usize, acts: Timestamp) {
        let last = &mut self.last;
        // What was taken out keeps its place.
        let place = *self.changed.entry(key).or_insert_with(|| {
            *last += 1;
            *last
        });
        self.uses += 1;
        self.bytes += bytes;
        self.order.insert(self.uses, key);
        self.acts.insert((acts, key));
        self.slots.insert(key, Slot { value, place, bytes, used: self.uses, acts });
    }

    /// Puts a value back that the journal has.
    pub(crate) fn restore(&mut self, row: Row, value: T, bytes: usize, acts: Timestamp) {
        self.last = self.last.max(row.place);
        self.changed.insert(row.key, row.place);
        self.put(row.key, value, bytes, acts);
        self.changed.remove(&row.key);
    }

    /// The row of a key, which is there, or has gone since `changes` was asked last.
    pub(crate) fn row(&self, key: Fingerprint) -> Row {
        let place = self.slots.get(&key).map(|slot| slot.place);
        let place = place.or_else(|| self.changed.get(&key).copied()).unwrap_or_default();
        Row { place, key }
    }

    /// For which there is something to do first, and when.
    pub(crate) fn next(&self) -> Option<(Timestamp, Fingerprint)> {
        self.acts.first().copied()
    }

    /// The one that was used least lately.
    pub(crate) fn oldest(&self) -> Option<Fingerprint> {
        self.order.first_key_value().map(|(_, key)| *key)
    }

    /// Those of which that is true, the least lately used first.
    pub(crate) fn which(&self, is: impl Fn(&T) -> bool) -> Vec<Fingerprint> {
        let so = |key: &&Fingerprint| self.slots.get(*key).is_some_and(|slot| is(&slot.value));
        self.order.values().filter(so).copied().collect()
    }

    /// Shows what has changed since it was asked last; none of what is there no more.
    pub(crate) fn changes(&mut self, mut see: impl FnMut(Row, Option<&mut T>)) {
        for (key, place) in std::mem::take(&mut self.changed) {
            see(Row { place, key }, self.slots.get_mut(&key).map(|slot| &mut slot.value));
        }
    }
}
