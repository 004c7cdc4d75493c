//! Sets of a program's rules.

/// A set of a program's rules, by position. Those that are used together are of one program, and as long.
#[derive(Debug, Clone, Default)]
pub struct Candidates {
    words: Vec<u64>,
}

impl Candidates {
    /// None of so many rules.
    pub fn none(rules: usize) -> Self {
        Candidates { words: vec![0; rules.div_ceil(64)] }
    }

    /// Takes the same rules as another set, and keeps the memory.
    pub fn reset(&mut self, to: &Candidates) {
        self.words.clear();
        self.words.extend_from_slice(&to.words);
    }

    /// Adds a rule.
    pub fn insert(&mut self, rule: u32) {
        self.words[rule as usize / 64] |= 1 << (rule % 64);
    }

    /// Adds rules.
    pub fn extend(&mut self, rules: &[u32]) {
        rules.iter().for_each(|rule| self.insert(*rule));
    }

    /// Adds the rules of another set.
    pub fn insert_all(&mut self, other: &Candidates) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    /// Takes out the rules of another set.
    pub fn remove_all(&mut self, other: &Candidates) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= !other);
    }

    /// Takes out what isn't in another set.
    pub fn retain(&mut self, other: &Candidates) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    /// Whether it shares a rule with another set.
    pub fn meets(&self, other: &Candidates) -> bool {
        self.words.iter().zip(&other.words).any(|(word, other)| word & other != 0)
    }

    /// Whether it shares a rule with another set that isn't in a third.
    pub fn meets_beyond(&self, other: &Candidates, third: &Candidates) -> bool {
        let mut words = self.words.iter().zip(&other.words).zip(&third.words);
        words.any(|((word, other), third)| word & other & !third != 0)
    }

    /// Takes out the first rule.
    pub fn take_first(&mut self) -> Option<usize> {
        let (at, word) = self.words.iter_mut().enumerate().find(|(_, word)| **word != 0)?;
        let rule = at * 64 + word.trailing_zeros() as usize;
        *word &= *word - 1;
        Some(rule)
    }

    /// The rules, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let rest = std::iter::successors(Some(*word), |word| Some(word & word.wrapping_sub(1)));
            rest.take_while(|word| *word != 0).map(move |word| at * 64 + word.trailing_zeros() as usize)
        })
    }
}
