//! The readings of the paths of a syscall.

use lanner_bpf::layout::{
    FLAG_LOCAL_ROOT, FLAG_WALK_ENDED, PART_BASE_0, PART_GIVEN_0, PART_REAL, Record, STRING_MAX,
    WHAT_NEW_ROOT, WHAT_ROOT,
};
use lanner_event::{CUT, Event, EventBatch, EventFlags, Kind, Path};

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
        let cut = is_cut(record, base);
        let start = batch.bytes.len();
        batch.bytes.extend_from_slice(if cut { CUT } else { b"" });
        push_given(&mut batch.bytes, base, string);
        if is_too_long(record, string) {
            batch.bytes.extend_from_slice(CUT);
            event.flags |= EventFlags::PATH_CUT;
        }
        event.flags.set(EventFlags::PATH_CUT, cut || event.flags.contains(EventFlags::PATH_CUT));
        path.given = slice_from(batch, start);
        if record.res < 0 || row.what & WHAT_ROOT == 0 || is_no_path(row, which, record) {
            continue;
        }
        let start = batch.bytes.len();
        let found = match base {
            Some(base) if is_name(string) && row.kind != Kind::Mount => {
                batch.bytes.extend_from_slice(if cut { CUT } else { b"" });
                push_entry(&mut batch.bytes, base, string);
                true
            }
            _ if cut => {
                resolver.missed += 1;
                false
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
        if is_cut(record, Some(components)) {
            batch.bytes.extend_from_slice(CUT);
            event.flags |= EventFlags::PATH_CUT;
        }
        push_leaf_first(&mut batch.bytes, components);
        paths[0].real = Some(slice_from(batch, start));
    }
    paths
}

/// Whether a walk ended before it came to the root, of which an empty name tells.
pub fn is_cut(record: &Record, components: Option<&[u8]>) -> bool {
    let rooted = |components: &[u8]| components == b"\0" || components.ends_with(b"\0\0");
    record.flags & FLAG_WALK_ENDED != 0 && components.is_some_and(|components| !rooted(components))
}

/// Whether a string was longer than what is read of it, which the kernel doesn't take for a path either.
fn is_too_long(record: &Record, string: &[u8]) -> bool {
    string.len() + 1 >= STRING_MAX && record.res == -i64::from(libc::ENAMETOOLONG)
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
