//! A record as the kernel side sent it: its head, and its parts by kind.

use lanner_bpf::layout::{ExeRecord, ListedRecord, PART_KINDS, Part, Record, SeveralRecord, UsageRecord};

const HEAD: usize = size_of::<Record>();
const PART: usize = size_of::<Part>();

/// A record with its parts, borrowed from the ring buffer.
#[derive(Clone, Copy, Default)]
pub struct Parts<'a> {
    by_kind: [Option<&'a [u8]>; PART_KINDS as usize],
}

impl<'a> Parts<'a> {
    /// The bytes of a part; `None` where it wasn't sent.
    pub fn get(&self, kind: u32) -> Option<&'a [u8]> {
        self.by_kind.get(kind as usize).copied().flatten()
    }

    /// The parts with another one.
    pub fn with(mut self, kind: u32, part: &'a [u8]) -> Parts<'a> {
        if let Some(place) = self.by_kind.get_mut(kind as usize) {
            *place = Some(part);
        }
        self
    }

    /// The bytes of a part that is a C string, without its NUL.
    pub fn string(&self, kind: u32) -> Option<&'a [u8]> {
        self.get(kind).map(|bytes| bytes.strip_suffix(b"\0").unwrap_or(bytes))
    }
}

/// A structure of the layout at the beginning of bytes; `None` where they are too few.
pub fn read<T: Plain>(bytes: &[u8]) -> Option<T> {
    if bytes.len() < size_of::<T>() {
        return None;
    }
    // SAFETY: there are enough bytes, the structure is valid whatever they are, and the read needs no alignment.
    Some(unsafe { bytes.as_ptr().cast::<T>().read_unaligned() })
}

/// A structure of the layout, which is numbers and nothing else.
///
/// # Safety
/// Whatever bytes it is made of, it is valid.
pub unsafe trait Plain: Copy {}

// SAFETY: build.rs makes them of numbers, without padding.
unsafe impl Plain for Record {}
// SAFETY: as above.
unsafe impl Plain for ExeRecord {}
// SAFETY: as above.
unsafe impl Plain for UsageRecord {}
// SAFETY: as above.
unsafe impl Plain for ListedRecord {}
// SAFETY: as above.
unsafe impl Plain for SeveralRecord {}

/// The first part of bytes: its kind, its own bytes, and what follows; `None` where there is none, or not all of it.
pub fn part(bytes: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    let (head, after) = bytes.split_at_checked(PART)?;
    let kind = u16::from_ne_bytes([head[0], head[1]]);
    let size = u16::from_ne_bytes([head[2], head[3]]);
    let (part, after) = after.split_at_checked(usize::from(size))?;
    Some((kind.into(), part, after))
}

/// Splits the bytes of a record; `None` where they are too few, which only a mismatch of the two sides can
/// cause. What follows the record is of the caller.
pub fn split(bytes: &[u8]) -> Option<(Record, Parts<'_>)> {
    let record: Record = read(bytes)?;
    let mut parts = Parts::default();
    let mut rest = bytes.get(HEAD..record.size as usize)?;
    while rest.len() >= PART {
        let (kind, bytes, after) = part(rest)?;
        parts = parts.with(kind, bytes);
        rest = after;
    }
    Some((record, parts))
}

/// The bytes of a record that is all zeros, with these parts.
#[cfg(test)]
pub fn bytes(parts: &[(u32, &[u8])]) -> Vec<u8> {
    let mut out = vec![0; HEAD];
    for (kind, part) in parts {
        out.extend_from_slice(&(*kind as u16).to_ne_bytes());
        out.extend_from_slice(&(part.len() as u16).to_ne_bytes());
        out.extend_from_slice(part);
    }
    let size = out.len() as u32;
    let at = std::mem::offset_of!(Record, size);
    out[at..at + 4].copy_from_slice(&size.to_ne_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_bpf::layout::{PART_CWD, PART_EXE};

    #[test]
    fn parts_are_found_by_kind() {
        let bytes = bytes(&[(PART_EXE, b"ls\0bin\0"), (PART_CWD, b"\0")]);
        let (_, parts) = split(&bytes).unwrap();
        assert_eq!(parts.get(PART_EXE), Some(&b"ls\0bin\0"[..]));
        assert_eq!(parts.string(PART_CWD), Some(&b""[..]));
        assert_eq!(parts.get(0), None);
    }

    #[test]
    fn broken_records_are_refused() {
        let whole = bytes(&[(PART_EXE, b"ls\0bin\0")]);
        assert!(split(&whole[..whole.len() - 1]).is_none());
        assert!(split(&whole[..HEAD - 1]).is_none());
        let mut long = whole.clone();
        long[HEAD + 2] = 200;
        assert!(split(&long).is_none());
    }
}
