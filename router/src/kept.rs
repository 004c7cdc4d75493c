//! What a stage remembers by key: it knows when there is something to do for each, what was used least lately, and how
//! much memory all of it takes.

use std::collections::{BTreeMap, BTreeSet};

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
    changed: BTreeSet<Fingerprint>,
}

struct Slot<T> {
    value: T,
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
            changed: BTreeSet::new(),
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
        self.changed.insert(key);
        Some(slot.value)
    }

    /// Puts a value in that takes so many bytes, and for which there is something to do then.
    pub(crate) fn put(&mut self, key: Fingerprint, value: T, bytes: usize, acts: Timestamp) {
        self.uses += 1;
        self.bytes += bytes;
        self.order.insert(self.uses, key);
        self.acts.insert((acts, key));
        self.slots.insert(key, Slot { value, bytes, used: self.uses, acts });
        self.changed.insert(key);
    }

    /// Puts a value back that the journal has.
    pub(crate) fn restore(&mut self, key: Fingerprint, value: T, bytes: usize, acts: Timestamp) {
        self.put(key, value, bytes, acts);
        self.changed.remove(&key);
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
    pub(crate) fn changes(&mut self, mut see: impl FnMut(Fingerprint, Option<&mut T>)) {
        for key in std::mem::take(&mut self.changed) {
            see(key, self.slots.get_mut(&key).map(|slot| &mut slot.value));
        }
    }
}
