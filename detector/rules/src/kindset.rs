//! Sets of event kinds.

use lanner_event::{EventSource, KINDS, Kind};

const WORDS: usize = KINDS.len().div_ceil(64);

/// A set of event kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KindSet([u64; WORDS]);

impl KindSet {
    /// Every kind that a rule can name.
    pub const ALL: KindSet = {
        let mut words = [0; WORDS];
        let mut at = 0;
        while at < KINDS.len() {
            if !KINDS[at].internal {
                words[at / 64] |= 1 << (at % 64);
            }
            at += 1;
        }
        KindSet(words)
    };

    /// Every kind that a rule of a source can name.
    pub fn of(source: EventSource) -> KindSet {
        KindSet::ALL.iter().filter(|kind| kind.source() == source).collect()
    }

    /// Whether a kind is in it.
    pub fn contains(&self, kind: Kind) -> bool {
        self.0[kind.index() / 64] >> (kind.index() % 64) & 1 == 1
    }

    /// Whether there is none in it.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Those in both.
    pub fn and(mut self, other: &KindSet) -> KindSet {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word &= other);
        self
    }

    /// Those in either.
    pub fn or(mut self, other: &KindSet) -> KindSet {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word |= other);
        self
    }

    /// Those that a rule can name and that aren't in it.
    pub fn complement(mut self) -> KindSet {
        self.0.iter_mut().zip(KindSet::ALL.0).for_each(|(word, all)| *word = all & !*word);
        self
    }

    /// Its kinds, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = Kind> {
        Kind::ALL.iter().copied().filter(|kind| self.contains(*kind))
    }
}

impl FromIterator<Kind> for KindSet {
    fn from_iter<I: IntoIterator<Item = Kind>>(kinds: I) -> KindSet {
        let mut set = KindSet::default();
        for kind in kinds {
            set.0[kind.index() / 64] |= 1 << (kind.index() % 64);
        }
        set
    }
}
