//! What the kernel was asked besides: what the process uses, descriptors that are listed, cgroups.

use std::io::Write;
use std::sync::LazyLock;

use lanner_bpf::layout::{
    ListedRecord, PART_CGROUPS, PART_LISTED, PART_POLLED, PART_STANDARD, PART_USAGE, Record, UsageRecord,
};
use lanner_event::{Details, EventBatch, FdKind, Kind, Param, Path, Slice, Usage};

use super::super::path::push_leaf_first;
use super::super::record::{self, Parts};
use super::super::syscalls::row_of;
use super::{descriptor, slice_from};

/// Kilobytes of a page.
static PAGE: LazyLock<u64> = LazyLock::new(|| {
    // SAFETY: it takes a number.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    u64::try_from(bytes).unwrap_or(4096) / 1024
});

/// What poll(2) says of a descriptor, in the kernel's bits and in Falco's, from the lowest of Falco's on.
const EVENTS: [u32; 11] = [0x1, 0x2, 0x4, 0x2000, 0x8, 0x10, 0x20, 0x40, 0x80, 0x100, 0x200];

/// Adds them to the batch and says where they are; `None` where nothing was asked.
pub fn read(batch: &mut EventBatch, record: &Record, parts: &Parts) -> Option<u32> {
    let asked = [PART_USAGE, PART_POLLED, PART_STANDARD, PART_CGROUPS];
    if asked.into_iter().all(|part| parts.get(part).is_none()) {
        return None;
    }
    let details = Details {
        usage: usage(parts),
        polled: list(batch, record, parts.get(PART_POLLED)),
        standard: list(batch, record, parts.get(PART_STANDARD)),
        cgroups: cgroups(batch, parts.get(PART_CGROUPS)),
    };
    Some(batch.push_details(details))
}

/// What the process uses.
pub fn usage(parts: &Parts) -> Option<Usage> {
    let usage: UsageRecord = record::read(parts.get(PART_USAGE)?)?;
    Some(Usage {
        descriptors: usage.descriptors,
        descriptors_max: usage.descriptors_max,
        vm_size: usage.vm_size * *PAGE,
        vm_rss: usage.vm_rss * *PAGE,
        vm_swap: usage.vm_swap * *PAGE,
        faults_major: usage.faults_major,
        faults_minor: usage.faults_minor,
        threads: usage.threads,
    })
}

/// The descriptors of a list.
fn list(batch: &mut EventBatch, record: &Record, part: Option<&[u8]>) -> Slice {
    let start = batch.fds.len() as u32;
    // They are told of as the one that an fstat is about.
    let (mut rest, row) = (part.unwrap_or_default(), row_of(Kind::Fstat));
    let mut parts = Parts::default();
    while let Some((kind, bytes, after)) = record::part(rest) {
        rest = after;
        match record::read::<ListedRecord>(bytes).filter(|_| kind == PART_LISTED) {
            None => parts = parts.with(kind, bytes),
            Some(listed) => {
                let mut of = Record { fd: listed.fd, flags: listed.flags, ..*record };
                of.args[0] = listed.num as u64;
                let fd = row.and_then(|row| descriptor(batch, row, &of, &parts, Path::default()));
                batch.fds.extend(fd);
                parts = Parts::default();
            }
        }
    }
    Slice { start, len: batch.fds.len() as u32 - start }
}

/// The descriptors that are waited for as Falco writes them: `3:p1 4:41`, number, letter of the kind, what happened.
pub fn poll_list(batch: &mut EventBatch, parts: &Parts) -> Param {
    let Some(part) = parts.get(PART_POLLED) else { return Param::Missing };
    let first = batch.details.last().map_or(0, |details| details.polled.start as usize);
    let start = batch.bytes.len();
    let (mut rest, mut at) = (part, first);
    while let Some((kind, bytes, after)) = record::part(rest) {
        rest = after;
        let Some(listed) = record::read::<ListedRecord>(bytes).filter(|_| kind == PART_LISTED) else {
            continue;
        };
        let kind = batch.fds.get(at).and_then(|fd| fd.kind);
        let letter = char::from(kind.map_or(b'?', FdKind::letter));
        let bits = EVENTS.iter().enumerate().filter(|(_, bit)| listed.events & **bit != 0);
        let events = bits.fold(0_u32, |all, (at, _)| all | 1 << at);
        let blank = if at > first { " " } else { "" };
        // Writing to memory can't fail.
        let _ = write!(batch.bytes, "{blank}{}:{letter}{events:x}", listed.num);
        at += 1;
    }
    Param::Bytes(slice_from(batch, start))
}

/// The cgroups, as `hierarchy=path` with a NUL behind each.
fn cgroups(batch: &mut EventBatch, part: Option<&[u8]>) -> Slice {
    let start = batch.bytes.len();
    let mut rest = part.unwrap_or_default();
    while let Some(name) = rest.iter().position(|byte| *byte == 0).filter(|name| *name > 0) {
        batch.bytes.extend_from_slice(&rest[..name]);
        batch.bytes.push(b'=');
        rest = &rest[name + 1..];
        // The root has an empty name, which ends the path.
        let end = match rest.first() {
            Some(0) => 1,
            _ => rest.windows(2).position(|pair| pair == [0, 0]).map_or(rest.len(), |end| end + 2),
        };
        push_leaf_first(&mut batch.bytes, &rest[..end]);
        batch.bytes.push(0);
        rest = &rest[end..];
    }
    slice_from(batch, start)
}
