//! What compiling rules and judging events costs: `cargo bench -p lanner-rules`.
//!
//! The rules are Lanner's own, Falco's where they are at hand, and a thousand generated; the events are an ordinary `openat`, a `connect` and
//! an `execve`, none of which any rule is true of.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use lanner_diagnostic::{SourceText, Sources};
use lanner_event::fields::Fields;
use lanner_event::{
    CommName, Endpoint, Event, EventBatch, EventFlags, Fd, FdKind, Host, Kind, Param, ParamType, Process,
    Role, Socket, Task,
};
use lanner_rules::{Options, RuleSet, Scratch};

/// How often an event is judged in a round.
const EVENTS: u32 = 5_000;
/// How many rounds there are.
const ROUNDS: u32 = 60;
/// `O_RDONLY` and `O_WRONLY|O_CREAT`.
const READ: u64 = 0;
/// See `READ`.
const WRITE: u64 = 0o101;

fn files() -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shared =
        std::env::var_os("LANNER_SHARED").map_or_else(|| here.join("../../../shared"), PathBuf::from);
    let upstream = ["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"];
    let upstream = upstream.map(|name| shared.join("upstream/rules").join(name));
    let shipped = here.join("../../config/rules/lanner_rules.yaml");
    std::iter::once(shipped).chain(upstream).filter(|path| path.is_file()).collect()
}

fn host() -> Host {
    let mut host = Host::default();
    for (pid, name) in [(100, "gcc"), (101, "make"), (102, "bash"), (103, "sshd"), (1, "systemd")] {
        let ppid = if pid == 103 { 1 } else { pid + 1 };
        let mut process = Process { pid, ppid, comm: comm(name), ..Process::default() };
        process.exepath = format!("/usr/bin/{name}").into_bytes().into();
        process.set_args(b"-c\0-o\0main.o\0main.c\0");
        host.processes.insert(process);
    }
    host.containers.by_cgroup.insert(7, None);
    host
}

fn comm(name: &str) -> CommName {
    let mut comm = CommName::default();
    comm.0[..name.len()].copy_from_slice(name.as_bytes());
    comm
}

fn batch() -> EventBatch {
    let mut batch = EventBatch::default();
    for (kind, path, flags) in [
        (Kind::Openat, "/usr/lib/gcc/x86_64-linux-gnu/12/include/stddef.h", READ),
        (Kind::Openat, "/home/user/project/target/main.o", WRITE),
        (Kind::Connect, "", 0),
        (Kind::Execve, "/usr/bin/gcc", 0),
    ] {
        let given = batch.push_bytes(path.as_bytes());
        let path = lanner_event::Path { raw: given, given, real: Some(given) };
        let params = kind.row().params.iter().map(|row| match row.ty {
            ParamType::Path => Param::Path(path),
            ParamType::Flags(_) => Param::Uint(flags),
            ParamType::Errno => Param::Int(0),
            _ => Param::Missing,
        });
        let params: Vec<Param> = params.collect();
        let params = batch.push_params(&params);
        let end = |ip: [u8; 4], port| Some(Endpoint { ip: ip.into(), port });
        let (local, peer) = (end([10, 0, 0, 5], 40_000), end([10, 0, 0, 9], 443));
        let socket = (kind == Kind::Connect).then_some(Socket {
            protocol: 6,
            role: Role::Client,
            local,
            peer,
            ..Socket::default()
        });
        let file = if kind == Kind::Connect { FdKind::Ipv4 } else { FdKind::File };
        let fd = Fd { num: 3, kind: Some(file), path, socket, dev: 1, ino: 2 };
        let fd = (kind != Kind::Execve).then_some(fd);
        let task =
            Task { pid: 100, tid: 100, ppid: 101, sid: 102, cgroup: 7, comm: comm("gcc"), ..Task::default() };
        let flags = EventFlags::empty();
        batch.events.push(Event {
            num: 1,
            time: 1,
            kind,
            flags,
            cpu: 0,
            res: 3,
            task,
            fd,
            params,
            document: None,
        });
    }
    batch
}

/// As many rules as a large site may have, each with names of its own.
fn generated() -> String {
    let rule = |at: u32| {
        format!(
            "- rule: generated {at}\n  desc: d\n  priority: info\n  output: o\n  condition: evt.type in (open, openat) and \
             fd.name startswith /srv/site{at}/ and not proc.name in (worker{at}, nginx)\n"
        )
    };
    (0..1000).map(rule).collect()
}

fn main() {
    let mut sources = Sources::default();
    let mut read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).expect("the file can be read");
        sources.add(SourceText::new(path.display().to_string(), text))
    };
    let mut ids: Vec<_> = files().iter().map(&mut read).collect();
    ids.push(sources.add(SourceText::new("generated", generated())));
    let (host, batch) = (host(), batch());
    for count in 1..=ids.len() {
        let start = Instant::now();
        let (set, _) = RuleSet::compile(&sources, &ids[..count], Fields::ALL, &[], &Options::default());
        println!("{} rules: compiled in {:.1} ms", set.enabled(), start.elapsed().as_secs_f64() * 1e3);
        let (mut scratch, mut hits) = (Scratch::default(), Vec::new());
        for event in batch.iter() {
            // The quickest of several is the one that was disturbed least.
            let mut round = || {
                let start = Instant::now();
                for _ in 0..EVENTS {
                    set.eval(black_box(event), &host, &mut scratch, &mut hits);
                }
                start.elapsed().as_nanos() / u128::from(EVENTS)
            };
            let each = (0..ROUNDS).map(|_| round()).min().unwrap_or_default();
            assert!(hits.is_empty(), "{} matches {}", event.kind.row().name, set.rule(hits[0].rule).name);
            println!("  {}: {each} ns an event", event.kind.row().name);
        }
    }
}
