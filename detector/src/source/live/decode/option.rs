//! The values of options of sockets, in the types that Falco gives them.

use lanner_bpf::layout::{PART_DATA, Record};
use lanner_event::{EventBatch, Param};

use super::super::record::Parts;
use super::bytes::nanoseconds;
use super::push_text;

// Options (include/uapi/asm-generic/socket.h).
const SO_ERROR: u32 = 4;
const SO_COOKIE: u32 = 57;
/// `SO_RCVTIMEO` and `SO_SNDTIMEO`, as they were and as they are.
const TIMES: [u32; 4] = [20, 21, 66, 67];

/// An error as a number below 0, a duration in nanoseconds, a number, or bytes where none of these is known of it.
pub fn value(batch: &mut EventBatch, record: &Record, parts: &Parts) -> Param {
    let (level, name) = (record.args[1] as u32, record.args[2] as u32);
    let bytes = parts.get(PART_DATA);
    let number = bytes.filter(|_| level == libc::SOL_SOCKET as u32).and_then(|bytes| number(name, bytes));
    number.unwrap_or_else(|| push_text(batch, bytes))
}

fn number(name: u32, bytes: &[u8]) -> Option<Param> {
    let half = |at: usize| Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let wide = |at: usize| Some(u64::from_ne_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
    let time = |seconds: u64, micros: u64| nanoseconds(seconds, micros.saturating_mul(1000)).map(Param::Uint);
    match (name, bytes.len()) {
        (SO_ERROR, 4) => half(0).map(|error| Param::Int(-i64::from(error))),
        (SO_COOKIE, 8) => wide(0).map(Param::Uint),
        (name, 16) if TIMES.contains(&name) => time(wide(0)?, wide(8)?),
        (name, 8) if TIMES.contains(&name) => time(half(0)?.into(), half(4)?.into()),
        (_, 4) => half(0).map(|number| Param::Uint(number.into())),
        _ => None,
    }
}
