//! The programs loaded and attached, and what could not be.

use std::io::Read;

use aya::maps::{Array, MapData, PerCpuArray, RingBuf};
use aya::programs::{BtfTracePoint, Iter, ProgramType};
use aya::sys::{BpfHelper, is_helper_supported};
use aya::{Btf, Ebpf, EbpfLoader};
use lanner_bpf::layout::{
    ASKED_CGROUPS, ASKED_STANDARD, ASKED_USAGE, ASKED_USAGE_AT_START, SYSCALLS_MAX, SyscallRow, WHAT_CALLED,
    WHAT_CWD, WHAT_ENTER,
};
use lanner_event::{FieldFlags, Kind};

use super::Settings;
use super::syscalls::{REQUESTS, SYSCALLS, Syscall, row_of};
use crate::source::SourceError;

/// A row of the coverage: a hook, what it sees, and whether it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// The kernel's name for it.
    pub name: &'static str,
    /// What it sees.
    pub sees: &'static str,
    /// Whether it does.
    pub state: HookState,
}

/// Whether a hook sees what it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookState {
    /// It is attached.
    Attached,
    /// No rule asks for what it sees.
    NotWanted,
    /// The kernel refused it, and what it sees isn't seen.
    Refused(String),
}

/// The tracepoints: program and tracepoint have the same name.
const TRACEPOINTS: &[(&str, &str)] = &[
    ("sched_process_exec", "programs that start"),
    ("task_newtask", "processes that are made"),
    ("sched_process_exit", "processes that end"),
    ("cgroup_mkdir", "containers that are made"),
    // Who begins to be watched between both is told of by what it returns alone.
    ("sys_exit", "files, connections, mounts, and programs that could not start"),
    ("sys_enter", "system calls that don't return, and what is closed"),
    ("io_uring_submit_req", "requests of io_uring"),
    ("io_uring_complete", "requests of io_uring that are done"),
];

/// Hooks that were others in older kernels: the program for those, and its tracepoint. A newer kernel refuses it, having no
/// such tracepoint, or fewer parameters.
const FORMERLY: &[(&str, &str, &str)] = &[
    ("io_uring_submit_req", "io_uring_submit_sqe", "io_uring_submit_sqe"),
    ("io_uring_complete", "io_uring_complete_values", "io_uring_complete"),
];

/// A syscall's row as the kernel side reads it.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct Row(SyscallRow);

// SAFETY: the row is numbers without padding; build.rs checks it.
unsafe impl aya::Pod for Row {}

/// The loaded programs and their maps.
pub struct Loaded {
    /// Keeps the programs attached.
    _ebpf: Ebpf,
    /// Where records come from.
    pub records: RingBuf<MapData>,
    /// Records that did not fit, by kind.
    pub lost: PerCpuArray<MapData, u64>,
    /// See the layout's `counter`.
    pub counters: PerCpuArray<MapData, u64>,
    /// What is attached.
    pub coverage: Vec<Hook>,
    /// The processes that were there before, as records.
    pub processes: Vec<u8>,
}

/// Loads the programs and attaches those that the wanted kinds need.
pub fn load(wanted: &[Kind], settings: &Settings) -> Result<Loaded, SourceError> {
    let btf = kernel_types()?;
    let own = std::process::id();
    let v2 = u32::from(super::cgroups_are_v2());
    let mut ebpf = EbpfLoader::new()
        .btf(Some(&btf))
        .override_global("own_tgid", &own, true)
        .override_global("cgroup_v2", &v2, true)
        .override_global("asked", &asked(settings.asked), true)
        .map_max_entries("records", settings.buffer_size)
        .load(lanner_bpf::OBJECT)
        .map_err(|error| refused("to load the programs", &error))?;
    want(&mut ebpf, wanted)?;
    want_requests(&mut ebpf, wanted)?;
    let any_syscall = SYSCALLS.iter().any(|row| wanted.contains(&row.kind));
    let entered = WHAT_ENTER | WHAT_CALLED;
    let any_endless = SYSCALLS.iter().any(|row| row.what & entered != 0 && wanted.contains(&row.kind));
    let any_request = REQUESTS.iter().any(|request| request.is_wanted(wanted));
    let mut coverage = Vec::new();
    for (name, sees) in TRACEPOINTS {
        let needed = match *name {
            "sys_exit" => any_syscall,
            "sys_enter" => any_endless,
            name if name.starts_with("io_uring") => any_request,
            _ => true,
        };
        let former = FORMERLY.iter().find(|(now, ..)| now == name);
        let attached = || match former.map(|(_, program, point)| attach(&mut ebpf, program, point, &btf)) {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) | None => attach(&mut ebpf, name, name, &btf),
        };
        let state = match needed.then(attached) {
            None => HookState::NotWanted,
            Some(Ok(())) => HookState::Attached,
            Some(Err(cause)) => HookState::Refused(cause),
        };
        coverage.push(Hook { name, sees, state });
    }
    if coverage.iter().all(|hook| matches!(hook.state, HookState::Refused(_))) {
        let cause = coverage.iter().find_map(|hook| match &hook.state {
            HookState::Refused(cause) => Some(cause.clone()),
            _ => None,
        });
        return Err(SourceError::Refused {
            what: "every hook",
            cause: cause.unwrap_or_else(|| "it didn't say why".to_owned()),
        });
    }
    let (processes, state) = match list_processes(&mut ebpf, &btf) {
        Ok(processes) => (processes, HookState::Attached),
        Err(cause) => (Vec::new(), HookState::Refused(cause)),
    };
    coverage.push(Hook { name: "iter/task", sees: "processes that were there before", state });
    let records = RingBuf::try_from(take(&mut ebpf, "records")?)
        .map_err(|error| refused("to map the ring buffer", &error))?;
    let lost =
        PerCpuArray::try_from(take(&mut ebpf, "lost")?).map_err(|error| refused("to open a map", &error))?;
    let counters = PerCpuArray::try_from(take(&mut ebpf, "counters")?)
        .map_err(|error| refused("to open a map", &error))?;
    Ok(Loaded { _ebpf: ebpf, records, lost, counters, coverage, processes })
}

/// What is asked, as the kernel side has it.
fn asked(flags: FieldFlags) -> u32 {
    let bits = [
        (FieldFlags::USAGE, ASKED_USAGE),
        (FieldFlags::USAGE_AT_START, ASKED_USAGE_AT_START),
        (FieldFlags::STANDARD, ASKED_STANDARD),
        (FieldFlags::CGROUPS, ASKED_CGROUPS),
    ];
    bits.iter().filter(|(flag, _)| flags.contains(*flag)).fold(0, |all, (_, bit)| all | bit)
}

/// The kernel's own types, which CO-RE needs.
fn kernel_types() -> Result<Btf, SourceError> {
    // SAFETY: geteuid can't fail and touches no memory.
    let root = unsafe { libc::geteuid() } == 0;
    if !root && !has_capabilities() {
        return Err(SourceError::Unsupported(
            "watching this host needs root, or the capabilities CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE and \
             CAP_DAC_READ_SEARCH"
                .to_owned(),
        ));
    }
    let btf = Btf::from_sys_fs().map_err(|error| {
        SourceError::Unsupported(format!(
            "watching this host needs a kernel with BTF (CONFIG_DEBUG_INFO_BTF), 5.17 or newer: \
             /sys/kernel/btf/vmlinux: {error}"
        ))
    })?;
    // The youngest of the features that the programs use. An error to find out isn't an answer.
    match is_helper_supported(ProgramType::RawTracePoint, BpfHelper::BPF_FUNC_loop) {
        Ok(false) => Err(SourceError::Unsupported(
            "watching this host needs a kernel with bpf_loop, 5.17 or newer".to_owned(),
        )),
        _ => Ok(btf),
    }
}

/// Whether CAP_BPF (39) and CAP_PERFMON (38) are effective, see capabilities(7).
fn has_capabilities() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let set = line.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0);
    set >> 38 & 3 == 3
}

fn refused(what: &'static str, error: &dyn std::error::Error) -> SourceError {
    SourceError::Refused { what, cause: chain(error) }
}

/// An error and what caused it, in one line: the verifier's log is for those who ask for it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    tracing::debug!("{text}");
    text.lines().next().unwrap_or_default().to_owned()
}

fn take(ebpf: &mut Ebpf, name: &'static str) -> Result<aya::maps::Map, SourceError> {
    ebpf.take_map(name)
        .ok_or(SourceError::Refused { what: "a map", cause: format!("the object has no map {name}") })
}

/// Tells the kernel side which syscalls are wanted.
fn want(ebpf: &mut Ebpf, wanted: &[Kind]) -> Result<(), SourceError> {
    let map = ebpf
        .map_mut("syscalls")
        .ok_or(SourceError::Refused { what: "a map", cause: "the object has no map syscalls".to_owned() })?;
    let mut table: Array<&mut MapData, Row> =
        Array::try_from(map).map_err(|error| refused("to open a map", &error))?;
    // What changes the working directory the state must know.
    for row in SYSCALLS.iter().filter(|row| wanted.contains(&row.kind) || row.what & WHAT_CWD != 0) {
        let max = SYSCALLS_MAX as u32;
        if let Some(index) = row.number() {
            set(&mut table, index, kernel_row(row, 0))?;
        }
        for number in row.narrow_numbers() {
            set(&mut table, max + number, kernel_row(row, row.packed))?;
        }
        if let Some((call, args)) = row.socketcall {
            set(&mut table, 2 * max + call, kernel_row(row, args))?;
        }
    }
    Ok(())
}

/// Tells the kernel side which requests of io_uring are wanted.
fn want_requests(ebpf: &mut Ebpf, wanted: &[Kind]) -> Result<(), SourceError> {
    let map = ebpf
        .map_mut("requests")
        .ok_or(SourceError::Refused { what: "a map", cause: "the object has no map requests".to_owned() })?;
    let mut table: Array<&mut MapData, Row> =
        Array::try_from(map).map_err(|error| refused("to open a map", &error))?;
    for request in REQUESTS.iter().filter(|request| request.is_wanted(wanted)) {
        if let Some(row) = row_of(request.kind) {
            set(&mut table, request.op, kernel_row(row, 0))?;
        }
    }
    Ok(())
}

fn set(table: &mut Array<&mut MapData, Row>, index: u32, row: Row) -> Result<(), SourceError> {
    table.set(index, row, 0).map_err(|error| refused("to write a map", &error))
}

fn kernel_row(row: &Syscall, args: u8) -> Row {
    Row(SyscallRow {
        kind: row.kind as u16,
        size: row.bytes.2,
        what: row.what,
        wanted: 1,
        fd: row.fd,
        path: row.path,
        dirfd: row.dirfd,
        string: row.string,
        bytes: row.bytes.0,
        length: row.bytes.1,
        address: row.address,
        args,
        unit: row.unit,
        behind: row.behind.0,
        behind_wide: row.behind.1,
        more: row.more,
        text: row.text,
    })
}

fn attach(ebpf: &mut Ebpf, program: &str, tracepoint: &str, btf: &Btf) -> Result<(), String> {
    let program = ebpf.program_mut(program).ok_or("the object has no such program")?;
    let program: &mut BtfTracePoint = program.try_into().map_err(|error| chain(&error))?;
    program.load(tracepoint, btf).map_err(|error| chain(&error))?;
    program.attach().map_err(|error| chain(&error))?;
    Ok(())
}

fn list_processes(ebpf: &mut Ebpf, btf: &Btf) -> Result<Vec<u8>, String> {
    let program = ebpf.program_mut("processes").ok_or("the object has no such program")?;
    let program: &mut Iter = program.try_into().map_err(|error| chain(&error))?;
    program.load("task", btf).map_err(|error| chain(&error))?;
    let link = program.attach().map_err(|error| chain(&error))?;
    let link = program.take_link(link).map_err(|error| chain(&error))?;
    let mut file = link.into_file().map_err(|error| chain(&error))?;
    let mut records = Vec::new();
    file.read_to_end(&mut records).map_err(|error| error.to_string())?;
    Ok(records)
}
