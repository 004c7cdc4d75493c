//! Processes and cgroups.

use std::fs::File;
use std::io::{self, Read};

use lanner_bpf::layout::{
    FLAG_INTERPRETED, PART_ARGS, PART_CGROUP, PART_CWD, PART_EXE, PART_GIVEN_0, PART_STRING, Record,
    STRING_MAX,
};
use lanner_event::{Event, EventBatch, Kind, Param, Path, Slice};

use super::super::path::push_given;
use super::super::record::Parts;
use super::{push_text, push_walk, slice_from};

/// A program that started.
pub fn exec(batch: &mut EventBatch, event: &mut Event, record: &Record, parts: &Parts) {
    event.kind = Kind::Execve;
    let cwd = push_walk(batch, parts.get(PART_CWD));
    let real = push_walk(batch, parts.get(PART_EXE));
    let mut filename = Path::default();
    if let Some(string) = parts.string(PART_GIVEN_0) {
        filename.raw = batch.push_bytes(string);
        let start = batch.bytes.len();
        push_given(&mut batch.bytes, parts.get(PART_CWD), string);
        filename.given = slice_from(batch, start);
    }
    if record.flags & FLAG_INTERPRETED == 0 {
        filename.real = real;
    }
    let (exe, args) = arguments(parts.get(PART_ARGS).unwrap_or_default());
    let (exe, args) = (push_text(batch, Some(exe)), push_text(batch, Some(args)));
    let cgroups = push_cgroup(batch, parts);
    let comm = batch.push_bytes(event.task.comm.as_bytes());
    let task = event.task;
    let bytes = |slice: Option<Slice>| slice.map_or(Param::Missing, Param::Bytes);
    let number = |number: i32| Param::Int(number.into());
    event.params = batch.push_named(
        event.kind,
        &[
            ("res", Param::Int(0)),
            ("exe", exe),
            ("args", args),
            ("tid", number(task.tid)),
            ("pid", number(task.pid)),
            ("ptid", number(task.ppid)),
            ("cwd", bytes(cwd)),
            ("comm", Param::Bytes(comm)),
            ("cgroups", cgroups),
            ("tty", Param::Uint(task.tty.into())),
            ("vpgid", number(task.vpgid)),
            ("loginuid", number(task.loginuid as i32)),
            ("exe_ino", Param::Uint(record.fd.ino)),
            ("uid", Param::Int(task.uid.into())),
            ("trusted_exepath", bytes(real)),
            ("pgid", number(task.pgid)),
            ("gid", Param::Int(task.gid.into())),
            ("filename", Param::Path(filename)),
        ],
    );
}

/// A program that could not be started: its result and its file.
pub fn failed_exec(batch: &mut EventBatch, kind: Kind, res: i64, path: Path) -> Slice {
    let file = if kind == Kind::Execveat { "pathname" } else { "filename" };
    batch.push_named(kind, &[("res", Param::Int(res)), (file, Param::Path(path))])
}

/// The first argument, and the rest.
fn arguments(all: &[u8]) -> (&[u8], &[u8]) {
    match all.iter().position(|byte| *byte == 0) {
        Some(end) => (&all[..end], &all[end + 1..]),
        None => (all, &[]),
    }
}

/// A process that was there before: its arguments are read from `/proc`, since its memory isn't mapped here.
pub fn process(batch: &mut EventBatch, event: &mut Event, record: &Record, parts: &Parts) {
    event.kind = Kind::Process;
    let all = command_line(event.task.pid).unwrap_or_default();
    let (exe, args) = arguments(&all);
    let (exe, args) = (push_text(batch, Some(exe)), push_text(batch, Some(args)));
    let cwd = push_walk(batch, parts.get(PART_CWD)).map_or(Param::Missing, Param::Bytes);
    let exepath = push_walk(batch, parts.get(PART_EXE)).map_or(Param::Missing, Param::Bytes);
    let cgroups = push_cgroup(batch, parts);
    event.params = batch.push_params(&[exe, args, cwd, cgroups, exepath, Param::Uint(record.fd.ino)]);
}

fn command_line(pid: i32) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(format!("/proc/{pid}/cmdline"))?.take(STRING_MAX as u64).read_to_end(&mut text)?;
    Ok(text)
}

/// A process that was made; the event is its own.
pub fn fork(batch: &mut EventBatch, event: &mut Event, record: &Record, parts: &Parts) {
    event.kind = Kind::Clone;
    let cgroups = push_cgroup(batch, parts);
    let number = |number: i32| Param::Int(number.into());
    let task = event.task;
    event.params = batch.push_named(
        event.kind,
        &[
            ("res", Param::Int(0)),
            ("tid", number(task.tid)),
            ("pid", number(task.pid)),
            ("ptid", number(record.parent as i32)),
            ("cgroups", cgroups),
            ("vtid", number(task.vtid)),
            ("vpid", number(task.vpid)),
        ],
    );
}

/// A process that ended: its status as wait(2) gives it, what it returned, and the signal that killed it.
pub fn exit(batch: &mut EventBatch, event: &mut Event, record: &Record) {
    event.kind = Kind::Procexit;
    let status = i64::from(record.exit);
    // The bits are those of wait(2): 7 of the signal, one of a core dump, 8 of what was returned.
    event.params = batch.push_named(
        event.kind,
        &[
            ("status", Param::Int(status)),
            ("ret", Param::Int(status >> 8)),
            ("sig", Param::Uint(u64::from(record.exit) & 0x7f)),
            ("core", Param::Uint(u64::from(record.exit) >> 7 & 1)),
        ],
    );
}

/// A cgroup that was made.
pub fn cgroup_mkdir(batch: &mut EventBatch, event: &mut Event, record: &Record, parts: &Parts) {
    event.kind = Kind::CgroupMkdir;
    let path = push_text(batch, parts.string(PART_STRING));
    event.params = batch.push_params(&[Param::Uint(record.args[0]), path]);
}

fn push_cgroup(batch: &mut EventBatch, parts: &Parts) -> Param {
    push_walk(batch, parts.get(PART_CGROUP)).map_or(Param::Missing, Param::Bytes)
}
