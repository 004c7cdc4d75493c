//! Numbers of structures that were read from a program's memory, as programs of 32 and of 64 bits have them.

use lanner_bpf::layout::{FLAG_COMPAT, PART_DATA, PART_MORE, Record};

use super::super::record::Parts;

/// From this one on the syscalls of 32-bit programs have times of 64 bits (`*_time64`).
const TIME64: u32 = 403;

/// So many bytes of a part, from a place on.
pub fn at<const N: usize>(parts: &Parts, part: u32, from: usize) -> Option<[u8; N]> {
    parts.get(part)?.get(from..from + N)?.try_into().ok()
}

/// A 16-bit number.
pub fn short(parts: &Parts, number: usize) -> Option<u16> {
    at(parts, PART_DATA, 2 * number).map(u16::from_ne_bytes)
}

/// A 32-bit number.
pub fn half(parts: &Parts, number: usize) -> Option<u32> {
    at(parts, PART_DATA, 4 * number).map(u32::from_ne_bytes)
}

/// A 64-bit number.
pub fn wide(parts: &Parts, number: usize) -> Option<u64> {
    at(parts, PART_DATA, 8 * number).map(u64::from_ne_bytes)
}

/// A 64-bit number of the second structure.
pub fn more(parts: &Parts, number: usize) -> Option<u64> {
    at(parts, PART_MORE, 8 * number).map(u64::from_ne_bytes)
}

/// A number as wide as a register of the program.
pub fn word(record: &Record, parts: &Parts, number: usize) -> Option<u64> {
    if record.flags & FLAG_COMPAT != 0 {
        return half(parts, number).map(u64::from);
    }
    wide(parts, number)
}

/// The nanoseconds of a `struct timespec`.
pub fn duration(record: &Record, parts: &Parts) -> Option<u64> {
    let long = record.nr >= TIME64;
    let read = |number| if long { wide(parts, number) } else { word(record, parts, number) };
    nanoseconds(read(0)?, read(1)?)
}

/// Seconds and nanoseconds together.
pub fn nanoseconds(seconds: u64, nanoseconds: u64) -> Option<u64> {
    Some(seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds))
}
