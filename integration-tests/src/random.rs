//! Random choices that are the same again with the same seed.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A source of them: SplitMix64.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The source with that seed.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The seed of an environment variable, or else one of the system's.
    ///
    /// # Panics
    /// Where the variable holds no number.
    pub fn seed(variable: &str) -> u64 {
        match std::env::var(variable) {
            Ok(seed) => seed.parse().unwrap_or_else(|_| panic!("{variable} should be a number")),
            Err(_) => RandomState::new().build_hasher().finish() >> 32,
        }
    }

    /// A number below that one.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end.max(1)
    }
}
