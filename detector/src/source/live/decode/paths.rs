//! The readings of the paths of a syscall.

use lanner_bpf::layout::{
    FLAG_LOCAL_ROOT, PART_BASE_0, PART_GIVEN_0, PART_REAL, Record, WHAT_NEW_ROOT, WHAT_ROOT,
};
use lanner_event::{Event, EventBatch, EventFlags, Kind, Path};

use super::super::path::{push_given, push_leaf_first};
use super::super::record::Parts;
use super::super::resolve::{Resolver, Seat};
use super::super::syscalls::{NO, RESULT, Syscall};
use super::slice_from;

/// Reads both paths of a syscall. A failed one has no real reading.
pub fn read(
    resolver: &mut Resolver,
    batch: &mut EventBatch,
    event: &mut Event,
    row: &Syscall,
    (record, parts): (&Record, &Parts),
) -> [Path; 2] {
    let mut paths = [Path::default(); 2];
    for (which, path) in paths.iter_mut().enumerate() {
        let which = which as u32;
        let base = parts.get(PART_BASE_0 + which);
        let Some(string) = parts.string(PART_GIVEN_0 + which) else { continue };
        path.raw = batch.push_bytes(string);
        let start = batch.bytes.len();
        push_given(&mut batch.bytes, base, string);
        path.given = slice_from(batch, start);
        if record.res < 0 || row.what & WHAT_ROOT == 0 || is_no_path(row, which, record) {
            continue;
        }
        let start = batch.bytes.len();
        let found = match base {
            Some(base) if is_name(string) && row.kind != Kind::Mount => {
                push_entry(&mut batch.bytes, base, string);
                true
            }
            _ => {
                let seat = Seat {
                    pid: event.task.pid,
                    root_mount: record.root_mount,
                    local: record.flags & FLAG_LOCAL_ROOT != 0,
                };
                let found = resolver.push_real(&mut batch.bytes, seat, base, string, row.kind == Kind::Mount);
                event.flags.set(EventFlags::LATE, found || event.flags.contains(EventFlags::LATE));
                found
            }
        };
        path.real = found.then(|| slice_from(batch, start));
    }
    if (row.fd == RESULT || row.what & WHAT_NEW_ROOT != 0)
        && row.path[0] != NO
        && let Some(components) = parts.get(PART_REAL)
    {
        let start = batch.bytes.len();
        push_leaf_first(&mut batch.bytes, components);
        paths[0].real = Some(slice_from(batch, start));
    }
    paths
}

/// What is mounted is a path only where it is mounted a second time, or elsewhere: else it is the name of a
/// device or of nothing.
fn is_no_path(row: &Syscall, which: u32, record: &Record) -> bool {
    row.kind == Kind::Mount && which == 0 && record.args[3] & (libc::MS_BIND | libc::MS_MOVE) == 0
}

/// Whether a string names an entry of the very directory it is relative to, whose path the kernel side sent.
fn is_name(string: &[u8]) -> bool {
    !string.contains(&b'/') && string != b"." && string != b".."
}

/// Appends the path of an entry; an empty name stands for the base itself.
fn push_entry(out: &mut Vec<u8>, base: &[u8], name: &[u8]) {
    push_leaf_first(out, base);
    if name.is_empty() {
        return;
    }
    if out.last() != Some(&b'/') {
        out.push(b'/');
    }
    out.extend_from_slice(name);
}
