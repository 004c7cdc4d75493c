//! Processes and cgroups.

use std::fs::File;
use std::io::{self, Read};

use lanner_bpf::layout::{
    ExeRecord, FLAG_BY_DESCRIPTOR, FLAG_INTERPRETED, FLAG_LOWER_LAYER, FLAG_UPPER_LAYER, PART_ARGS,
    PART_CGROUP, PART_CWD, PART_ENV, PART_EXE, PART_EXE_FILE, PART_GIVEN_0, PART_STRING, Record, STRING_MAX,
};
use lanner_event::{CUT, Event, EventBatch, EventFlags, ExeFlags, Kind, Param, Path, Slice, Usage};

use super::super::path::push_given;
use super::super::record::{Parts, read};
use super::details::usage;
use super::paths::is_cut;
use super::{push_text, push_walk, slice_from};
use crate::host_root::host_path;

/// A program that started, by execveat(2) too: of that the kernel keeps nothing.
pub fn exec(batch: &mut EventBatch, event: &mut Event, record: &Record, parts: &Parts) {
    event.kind = Kind::Execve;
    let cwd = push_walk(batch, record, parts.get(PART_CWD));
    let real = push_walk(batch, record, parts.get(PART_EXE));
    let filename = file(batch, event, record, parts, real);
    let (exe, args) = arguments(parts.get(PART_ARGS).unwrap_or_default());
    let (exe, args) = (push_text(batch, Some(exe)), push_text(batch, Some(args)));
    let cgroups = push_cgroup(batch, record, parts);
    let env = push_text(batch, parts.get(PART_ENV));
    let exe_file = executable(parts);
    let flags =
        exe_file.map_or(Param::Missing, |file| Param::Uint(exe_flags(record, parts, &file).bits().into()));
    let time = |time: fn(&ExeRecord) -> u64| {
        exe_file.as_ref().map_or(Param::Missing, |file| Param::Uint(time(file)))
    };
    let comm = batch.push_bytes(event.task.comm.as_bytes());
    let task = event.task;
    let bytes = |slice: Option<Slice>| slice.map_or(Param::Missing, Param::Bytes);
    let number = |number: i32| Param::Int(number.into());
    let [limit, major, minor, size, rss, swap] = used(parts);
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
            limit,
            major,
            minor,
            size,
            rss,
            swap,
            ("comm", Param::Bytes(comm)),
            ("cgroups", cgroups),
            ("env", env),
            ("tty", Param::Uint(task.tty.into())),
            ("vpgid", number(task.vpgid)),
            ("loginuid", number(task.loginuid as i32)),
            ("flags", flags),
            ("cap_inheritable", Param::Uint(record.task.cap_inheritable)),
            ("cap_permitted", Param::Uint(record.task.cap_permitted)),
            ("cap_effective", Param::Uint(record.task.cap_effective)),
            ("exe_ino", Param::Uint(record.fd.ino)),
            ("exe_ino_ctime", time(|file| file.ctime)),
            ("exe_ino_mtime", time(|file| file.mtime)),
            ("uid", Param::Int(task.uid.into())),
            ("trusted_exepath", bytes(real)),
            ("pgid", number(task.pgid)),
            ("gid", Param::Int(task.gid.into())),
            ("filename", Param::Path(filename)),
        ],
    );
}

/// What a process uses as it begins or starts a program, where that was asked.
fn used(parts: &Parts) -> [(&'static str, Param); 6] {
    let usage = usage(parts);
    let number = |read: fn(&Usage) -> u64| usage.map_or(Param::Missing, |usage| Param::Uint(read(&usage)));
    [
        ("fdlimit", number(|usage| usage.descriptors_max)),
        ("pgft_maj", number(|usage| usage.faults_major)),
        ("pgft_min", number(|usage| usage.faults_minor)),
        ("vm_size", number(|usage| usage.vm_size)),
        ("vm_rss", number(|usage| usage.vm_rss)),
        ("vm_swap", number(|usage| usage.vm_swap)),
    ]
}

/// The readings of the path of a program that started; `real` is that of its file.
fn file(
    batch: &mut EventBatch,
    event: &mut Event,
    record: &Record,
    parts: &Parts,
    real: Option<Slice>,
) -> Path {
    let mut filename = Path::default();
    if let Some(string) = parts.string(PART_GIVEN_0) {
        filename.raw = batch.push_bytes(string);
        let start = batch.bytes.len();
        if is_cut(record, parts.get(PART_CWD)) && string.first() != Some(&b'/') {
            batch.bytes.extend_from_slice(CUT);
            event.flags |= EventFlags::PATH_CUT;
        }
        push_given(&mut batch.bytes, parts.get(PART_CWD), string);
        filename.given = slice_from(batch, start);
    }
    if record.flags & FLAG_INTERPRETED == 0 {
        filename.real = real;
        let cut = is_cut(record, parts.get(PART_EXE)) || event.flags.contains(EventFlags::PATH_CUT);
        event.flags.set(EventFlags::PATH_CUT, cut);
        // A name such as `/dev/fd/3` is the kernel's: nobody gave it.
        if let (Some(real), true) = (real, record.flags & FLAG_BY_DESCRIPTOR != 0) {
            filename.given = real;
        }
    }
    filename
}

/// The file of a program that started.
fn executable(parts: &Parts) -> Option<ExeRecord> {
    read(parts.get(PART_EXE_FILE)?)
}

/// What is special about an executable.
fn exe_flags(record: &Record, parts: &Parts, file: &ExeRecord) -> ExeFlags {
    let memfd = parts.get(PART_EXE).is_some_and(|name| name.starts_with(b"memfd:"));
    let mut flags = ExeFlags::empty();
    flags.set(ExeFlags::WRITABLE, is_writable(record, file));
    flags.set(ExeFlags::UPPER_LAYER, record.flags & FLAG_UPPER_LAYER != 0);
    flags.set(ExeFlags::LOWER_LAYER, record.flags & FLAG_LOWER_LAYER != 0);
    flags.set(ExeFlags::FROM_MEMFD, memfd);
    flags
}

/// Whether who runs a file may write to it, or give himself the right to: as its owner, by its mode, or by the
/// capabilities CAP_DAC_OVERRIDE (1) and CAP_FOWNER (3). Groups beside the effective one aren't known.
fn is_writable(record: &Record, file: &ExeRecord) -> bool {
    let by_mode =
        file.mode & libc::S_IWOTH != 0 || (record.task.egid == file.gid && file.mode & libc::S_IWGRP != 0);
    record.task.euid == file.uid || by_mode || record.task.cap_effective & 0b1010 != 0
}

/// A program that could not be started: its result, its file, what it was to be given, and who wanted it.
pub fn failed_exec(
    batch: &mut EventBatch,
    event: &Event,
    record: &Record,
    parts: &Parts,
    file: Param,
) -> Slice {
    let (exe, args) = arguments(parts.get(PART_ARGS).unwrap_or_default());
    let (exe, args) = (push_text(batch, Some(exe)), push_text(batch, Some(args)));
    let env = push_text(batch, parts.get(PART_ENV));
    let task = event.task;
    let comm = batch.push_bytes(task.comm.as_bytes());
    let number = |number: i32| Param::Int(number.into());
    let file: &[(&str, Param)] = match event.kind {
        Kind::Execveat => &[("dirfd", number(record.args[0] as i32)), ("pathname", file)],
        _ => &[("filename", file)],
    };
    let named = [
        ("res", Param::Int(record.res)),
        ("exe", exe),
        ("args", args),
        ("tid", number(task.tid)),
        ("pid", number(task.pid)),
        ("ptid", number(task.ppid)),
        ("comm", Param::Bytes(comm)),
        ("env", env),
        ("tty", Param::Uint(task.tty.into())),
        ("vpgid", number(task.vpgid)),
        ("loginuid", number(task.loginuid as i32)),
        ("cap_inheritable", Param::Uint(record.task.cap_inheritable)),
        ("cap_permitted", Param::Uint(record.task.cap_permitted)),
        ("cap_effective", Param::Uint(record.task.cap_effective)),
        ("uid", Param::Int(task.uid.into())),
        ("pgid", number(task.pgid)),
        ("gid", Param::Int(task.gid.into())),
    ];
    batch.push_named(event.kind, named.iter().chain(file))
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
    let cwd = push_walk(batch, record, parts.get(PART_CWD)).map_or(Param::Missing, Param::Bytes);
    let exepath = push_walk(batch, record, parts.get(PART_EXE)).map_or(Param::Missing, Param::Bytes);
    let cgroups = push_cgroup(batch, record, parts);
    event.params = batch.push_params(&[exe, args, cwd, cgroups, exepath, Param::Uint(record.fd.ino)]);
}

fn command_line(pid: i32) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(host_path(format!("/proc/{pid}/cmdline")))?.take(STRING_MAX as u64).read_to_end(&mut text)?;
    Ok(text)
}

/// A process that was made; the event is its own. What it runs is what its parent runs, which the state knows.
pub fn fork(batch: &mut EventBatch, event: &mut Event, record: &Record, parts: &Parts) {
    event.kind = Kind::Clone;
    let cgroups = push_cgroup(batch, record, parts);
    let number = |number: i32| Param::Int(number.into());
    let task = event.task;
    let comm = batch.push_bytes(task.comm.as_bytes());
    let [limit, major, minor, size, rss, swap] = used(parts);
    event.params = batch.push_named(
        event.kind,
        &[
            ("res", Param::Int(0)),
            ("tid", number(task.tid)),
            ("pid", number(task.pid)),
            ("ptid", number(record.parent as i32)),
            limit,
            major,
            minor,
            size,
            rss,
            swap,
            ("comm", Param::Bytes(comm)),
            ("cgroups", cgroups),
            ("flags", Param::Uint(u64::from(record.args[0] as u32))),
            ("uid", Param::Uint(task.uid.into())),
            ("gid", Param::Uint(task.gid.into())),
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

fn push_cgroup(batch: &mut EventBatch, record: &Record, parts: &Parts) -> Param {
    push_walk(batch, record, parts.get(PART_CGROUP)).map_or(Param::Missing, Param::Bytes)
}
