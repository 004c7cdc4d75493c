//! Rows that stand in several files, as one table.

use crate::Field;

/// How many rows there are.
pub const fn count(parts: &[&[Field]]) -> usize {
    let (mut sum, mut at) = (0, 0);
    while at < parts.len() {
        sum += parts[at].len();
        at += 1;
    }
    sum
}

/// The rows, part by part, of which there must be so many.
pub const fn joined<const COUNT: usize>(parts: &[&[Field]]) -> [Field; COUNT] {
    let mut all = [parts[0][0]; COUNT];
    let (mut part, mut at, mut to) = (0, 0, 0);
    while part < parts.len() {
        while at < parts[part].len() {
            all[to] = parts[part][at];
            (at, to) = (at + 1, to + 1);
        }
        (part, at) = (part + 1, 0);
    }
    all
}
