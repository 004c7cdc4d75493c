//! Tells of most texts, by a look at a few of their bytes, that none of many words stands in them.
//!
//! The pieces of three bytes that the words are made of are marked in a table, by hash. A word of `n` bytes covers `n - 2`
//! pieces of a text in a row, so that of the text only each `n - 2`th piece need be looked up, `n` being the length of the
//! shortest word (after Wu and Manber). Where a piece is found, the words must be searched for.

/// How many bytes a piece has.
const PIECE: usize = 3;
/// The table has two to the power of this many bits, which the nearest cache holds.
const BITS: u32 = 15;

/// A filter for words of at least [`Filter::SHORTEST`] bytes.
#[derive(Debug)]
pub struct Filter {
    table: Box<[u64]>,
    stride: usize,
    any_case: bool,
}

impl Filter {
    /// How long a word must be.
    pub const SHORTEST: usize = PIECE + 1;

    /// A filter for these words; `any_case` says to ignore case.
    pub fn new<'t>(words: impl Iterator<Item = &'t [u8]> + Clone, any_case: bool) -> Filter {
        let shortest = words.clone().map(<[u8]>::len).min().unwrap_or(PIECE);
        // Shorter words than promised are found all the same: with a table that says yes to all.
        let stride = (shortest + 1).saturating_sub(PIECE).max(1);
        let all = if shortest < PIECE { u64::MAX } else { 0 };
        let mut filter = Filter { table: vec![all; 1 << (BITS - 6)].into(), stride, any_case };
        for word in words {
            for piece in word.windows(PIECE).take(stride) {
                let bit = filter.bit(piece);
                filter.table[bit / 64] |= 1 << (bit % 64);
            }
        }
        filter
    }

    /// Whether a word may stand in the text.
    pub fn may_be_in(&self, text: &[u8]) -> bool {
        text.windows(PIECE).step_by(self.stride).any(|piece| {
            let bit = self.bit(piece);
            self.table[bit / 64] >> (bit % 64) & 1 == 1
        })
    }

    fn bit(&self, piece: &[u8]) -> usize {
        let [a, b, c] = [piece[0], piece[1], piece[2]];
        // Letters differ from the same in the other case by this bit; what else is taken for the same does no harm.
        let case = if self.any_case { 0x20_2020 } else { 0 };
        let number = u32::from_le_bytes([a, b, c, 0]) | case;
        (number.wrapping_mul(0x9e37_79b1) >> (32 - BITS)) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(words: &[&str], any_case: bool, text: &str, expected: bool) {
        let filter = Filter::new(words.iter().map(|word| word.as_bytes()), any_case);
        assert_eq!(filter.may_be_in(text.as_bytes()), expected, "{words:?} {text}");
    }

    #[test]
    fn a_word_is_seen_wherever_it_stands() {
        let words = ["needle", "pin-in-a-haystack"];
        for before in 0..9 {
            for after in 0..9 {
                for word in words {
                    let text = format!("{}{word}{}", "x".repeat(before), "y".repeat(after));
                    check(&words, false, &text, true);
                    check(&words, true, &text.to_uppercase(), true);
                }
            }
        }
    }

    #[test]
    fn other_texts_are_not_searched() {
        for text in ["", "ne", "a straw", "/usr/lib/x86_64-linux-gnu/libc.so.6"] {
            check(&["needle", "haystack"], false, text, false);
        }
        check(&["needle"], false, "NEEDLE", false);
        check(&["ab"], false, "xabx", true);
    }
}
