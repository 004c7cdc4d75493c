//! The live source against the kernel it runs on: what is done here is seen, with every field right.

#[cfg(target_arch = "x86_64")]
mod compat;
mod descriptors;
mod details;
mod files;
mod names;
mod parameters;
mod processes;
mod races;
mod ring;
mod sockets;
mod source;
mod uring;

use std::ffi::CString;
use std::io::{Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use lanner_detector::source::Source;
use lanner_detector::source::live::{Live, Settings};
use lanner_event::{EventBatch, EventRef, FieldFlags, Kind, OwnedEvent, Param};

/// How long something may take to be seen before it counts as missed.
const DEADLINE: Duration = Duration::from_secs(60);

/// What most of these tests are about. What else happens on the machine needn't be read.
const SEEN: &[Kind] = &[
    Kind::Accept,
    Kind::Accept4,
    Kind::Bind,
    Kind::Connect,
    Kind::Creat,
    Kind::Execve,
    Kind::Execveat,
    Kind::Link,
    Kind::Linkat,
    Kind::Listen,
    Kind::Mkdir,
    Kind::Mkdirat,
    Kind::Mount,
    Kind::Open,
    Kind::Openat,
    Kind::Openat2,
    Kind::Rename,
    Kind::Renameat,
    Kind::Renameat2,
    Kind::Rmdir,
    Kind::Symlink,
    Kind::Symlinkat,
    Kind::Unlink,
    Kind::Unlinkat,
];

/// Starts the live source; without privileges the test is skipped, but never in CI.
fn start() -> Option<Live> {
    start_with(SEEN, 8 << 20)
}

fn start_with(wanted: &[Kind], buffer_size: u32) -> Option<Live> {
    start_asking(wanted, buffer_size, FieldFlags::empty())
}

fn start_asking(wanted: &[Kind], buffer_size: u32, asked: FieldFlags) -> Option<Live> {
    let settings = Settings { buffer_size, poll_interval: Duration::from_millis(1), asked };
    match Live::start(wanted, &settings) {
        Ok(live) => Some(live),
        Err(error) if std::env::var_os("CI").is_none() => {
            eprintln!("skipped: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Does something in a child, since Lanner's own process isn't captured, and gives its pid.
fn fork(act: impl FnOnce()) -> i32 {
    // SAFETY: the child does what the test says and ends without running what belongs to the parent.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(act));
        // SAFETY: it ends the child, and nothing else.
        unsafe { libc::_exit(i32::from(done.is_err())) };
    }
    assert!(pid > 0);
    pid
}

/// Waits for a child, which must have done all it should.
fn wait(pid: i32) {
    let mut status = 0;
    // SAFETY: the status is a number of this frame.
    let ended = unsafe { libc::waitpid(pid, &raw mut status, 0) };
    assert_eq!((ended, status), (pid, 0), "the child could not do what it should");
}

/// Does something in a child and waits for its end.
fn in_child(act: impl FnOnce()) -> i32 {
    let pid = fork(act);
    wait(pid);
    pid
}

/// Reads events, and keeps those that are wanted, until one of them is the last.
fn events_until(
    live: &mut Live,
    wanted: impl Fn(&EventRef) -> bool,
    last: impl Fn(&EventRef) -> bool,
) -> Vec<OwnedEvent> {
    let deadline = Instant::now() + DEADLINE;
    let mut batch = EventBatch::default();
    let mut seen = Vec::new();
    loop {
        batch.clear();
        live.fill(&mut batch, Duration::from_millis(50)).expect("the source goes on");
        for event in batch.iter().filter(|event| wanted(event)) {
            seen.push(event.to_owned());
            if last(&event) {
                return seen;
            }
        }
        assert!(Instant::now() < deadline, "the last event wasn't seen; seen were {seen:?}");
    }
}

/// The events of a process, up to its end.
fn events_of(live: &mut Live, pid: i32) -> Vec<OwnedEvent> {
    events_until(live, |event| event.task.pid == pid, |event| event.kind == Kind::Procexit)
}

fn of_kind(events: &[OwnedEvent], kind: Kind) -> Vec<EventRef<'_>> {
    events.iter().map(OwnedEvent::as_ref).filter(|event| event.kind == kind).collect()
}

/// The only event of a kind.
#[track_caller]
fn only(events: &[OwnedEvent], kind: Kind) -> EventRef<'_> {
    let found = of_kind(events, kind);
    assert_eq!(found.len(), 1, "{kind:?} in {events:?}");
    found[0]
}

fn text(event: &EventRef, name: &str) -> String {
    String::from_utf8_lossy(event.text(name).unwrap_or_default()).into_owned()
}

/// The given and the real reading of a path; `-` where there is no real one.
fn readings(event: &EventRef, name: &str) -> (String, String) {
    let Some(Param::Path(path)) = event.param(name) else { panic!("{name} is no path of {:?}", event.kind) };
    let real = path.real.map_or(&b"-"[..], |real| event.bytes(real));
    (text(event, name), String::from_utf8_lossy(real).into_owned())
}

fn c(path: impl AsRef<Path>) -> CString {
    CString::new(path.as_ref().as_os_str().as_encoded_bytes()).unwrap()
}

/// Lets a child go on, or end, when its parent says so.
struct Gate {
    read: std::io::PipeReader,
    write: std::io::PipeWriter,
}

impl Gate {
    fn new() -> Gate {
        let (read, write) = std::io::pipe().unwrap();
        Gate { read, write }
    }

    /// In the child: waits.
    fn wait(&self) {
        (&self.read).read_exact(&mut [0]).unwrap();
    }

    /// In the parent: lets the child go on.
    fn open(&self) {
        (&self.write).write_all(&[0]).unwrap();
    }
}
