//! The parameters of quotactl(2): what its arguments are depends on its command.

use lanner_bpf::layout::{PART_TEXT, Record};
use lanner_event::{EventBatch, Param};

use super::super::record::Parts;
use super::bytes::{half, wide};
use super::push_text;

// Commands (include/uapi/linux/quota.h).
const QUOTAON: u32 = 0x80_0002;
const GETFMT: u32 = 0x80_0004;
const INFO: [u32; 2] = [0x80_0005, 0x80_0006];
const QUOTA: [u32; 2] = [0x80_0007, 0x80_0008];
/// Those of XFS that are about somebody's quota.
const XQUOTA: [u32; 2] = [0x5803, 0x5804];

/// What is wanted of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quota {
    /// The command.
    Command,
    /// Whose quota it is.
    Type,
    /// Of which user, group or project.
    Id,
    /// The file of quotas that are turned on.
    Path,
    /// A word of a `struct if_dqblk`, and the bit that says that it means something.
    Limit(usize, u32),
    /// A word of a `struct if_dqinfo`, likewise.
    Info(usize, u32),
    /// The flags of a `struct if_dqinfo`.
    InfoFlags,
    /// The format that is told.
    FormatTold,
    /// The format that is asked for.
    FormatAsked,
}

/// The times of both structures are in seconds.
const SECOND: u64 = 1_000_000_000;
/// From this word on a `struct if_dqblk` has times.
const TIMES: usize = 6;

/// Reads one of them; 0 where there is none, as in Falco.
pub fn read(batch: &mut EventBatch, record: &Record, parts: &Parts, what: Quota) -> Param {
    let command = record.args[0] as u32 >> 8;
    let valid = |bits: Option<u32>, bit: u32| bits.is_some_and(|bits| bits & bit != 0);
    let number = match what {
        Quota::Path if command == QUOTAON => return push_text(batch, parts.string(PART_TEXT)),
        Quota::Path => return Param::Missing,
        Quota::Command => u64::from(command),
        Quota::Type => record.args[0] & 0xff,
        Quota::Id if QUOTA.contains(&command) || XQUOTA.contains(&command) => {
            u64::from(record.args[2] as u32)
        }
        Quota::FormatAsked if command == QUOTAON => u64::from(record.args[2] as u32),
        Quota::FormatTold if command == GETFMT => half(parts, 0).unwrap_or_default().into(),
        Quota::Limit(at, bit) if QUOTA.contains(&command) && valid(half(parts, 16), bit) => {
            let number = wide(parts, at).unwrap_or_default();
            if at < TIMES { number } else { number.saturating_mul(SECOND) }
        }
        Quota::Info(at, bit) if INFO.contains(&command) && valid(half(parts, 5), bit) => {
            wide(parts, at).unwrap_or_default().saturating_mul(SECOND)
        }
        Quota::InfoFlags if INFO.contains(&command) && valid(half(parts, 5), 4) => {
            half(parts, 4).unwrap_or_default().into()
        }
        _ => 0,
    };
    Param::Uint(number)
}
