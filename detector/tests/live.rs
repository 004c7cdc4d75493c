//! The live source against the kernel it runs on: what is done here is seen, with every field right.

use std::ffi::CString;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use lanner_detector::source::Source;
use lanner_detector::source::live::{HookState, Live, Settings};
use lanner_event::{EventBatch, EventRef, Kind, OwnedEvent, Param, Role};

/// How long something may take to be seen before it counts as missed.
const DEADLINE: Duration = Duration::from_secs(10);

/// Starts the live source; without privileges the test is skipped, but never in CI.
fn start() -> Option<Live> {
    let settings = Settings { buffer_size: 8 << 20, poll_interval: Duration::from_millis(1) };
    match Live::start(Kind::ALL, &settings) {
        Ok(live) => Some(live),
        Err(error) if std::env::var_os("CI").is_none() => {
            eprintln!("skipped: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Does something in a child, since Lanner's own process isn't captured, and gives its pid.
fn in_child(act: impl FnOnce()) -> i32 {
    // SAFETY: the child only makes syscalls and ends without running what belongs to the parent.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        act();
        unsafe { libc::_exit(0) };
    }
    assert!(pid > 0);
    let mut status = 0;
    unsafe { libc::waitpid(pid, &mut status, 0) };
    pid
}

/// Reads events until the process has ended, and gives those of it and of its children.
fn events_of(live: &mut Live, pid: i32) -> Vec<OwnedEvent> {
    let deadline = Instant::now() + DEADLINE;
    let mut batch = EventBatch::default();
    let mut seen = Vec::new();
    loop {
        batch.clear();
        live.fill(&mut batch, Duration::from_millis(50)).expect("the source goes on");
        for event in batch.iter().filter(|event| event.task.pid == pid) {
            seen.push(event.to_owned());
            if event.kind == Kind::Procexit {
                return seen;
            }
        }
        assert!(Instant::now() < deadline, "the end of {pid} wasn't seen; seen were {seen:?}");
    }
}

fn of_kind(events: &[OwnedEvent], kind: Kind) -> Vec<EventRef<'_>> {
    events.iter().map(OwnedEvent::as_ref).filter(|event| event.kind == kind).collect()
}

fn text(event: &EventRef, name: &str) -> String {
    String::from_utf8_lossy(event.text(name).unwrap_or_default()).into_owned()
}

/// The given and the real reading of a path.
fn readings(event: &EventRef, name: &str) -> (String, String) {
    let Some(Param::Path(path)) = event.param(name) else { panic!("{name} is no path of {:?}", event.kind) };
    let real = path.real.map(|real| event.bytes(real)).unwrap_or(b"-");
    (text(event, name), String::from_utf8_lossy(real).into_owned())
}

fn c(path: impl AsRef<Path>) -> CString {
    CString::new(path.as_ref().as_os_str().as_encoded_bytes()).unwrap()
}

fn open(path: impl AsRef<Path>, flags: i32) -> i32 {
    let path = c(path);
    unsafe { libc::open(path.as_ptr(), flags, 0o600) }
}

#[test]
fn opens_have_two_readings() {
    let Some(mut live) = start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let base = directory.path().canonicalize().unwrap();
    std::fs::write(base.join("file"), "x").unwrap();
    symlink(base.join("file"), base.join("link")).unwrap();
    let pid = in_child(|| {
        open(base.join("file"), libc::O_RDWR | libc::O_CREAT);
        open(base.join("link"), libc::O_RDONLY);
        open(format!("/proc/self/root{}", base.join("file").display()), libc::O_RDONLY);
        std::env::set_current_dir(&base).unwrap();
        open("./x/../file", libc::O_RDONLY);
        open(base.join("none"), libc::O_RDONLY);
    });
    let events = events_of(&mut live, pid);
    let file = base.join("file").display().to_string();
    let opens: Vec<_> = of_kind(&events, Kind::Openat)
        .into_iter()
        .filter(|event| text(event, "name").contains(base.to_str().unwrap()))
        .collect();
    let found: Vec<_> = opens.iter().map(|event| (readings(event, "name"), event.res >= 0)).collect();
    let here = |name: &str| base.join(name).display().to_string();
    assert_eq!(
        found,
        [
            ((file.clone(), file.clone()), true),
            ((here("link"), file.clone()), true),
            ((format!("/proc/self/root{file}"), file.clone()), true),
            ((file.clone(), "-".to_owned()), false),
            ((here("none"), "-".to_owned()), false),
        ]
    );
    assert_eq!(opens[0].param("flags"), Some(Param::Uint((libc::O_RDWR | libc::O_CREAT) as u64)));
    assert_eq!(opens[4].res, -i64::from(libc::ENOENT));
    assert_eq!(opens[0].task.ppid, std::process::id() as i32);
    assert_eq!(opens[0].task.uid, unsafe { libc::getuid() });
    assert_eq!(opens[0].task.sid, unsafe { libc::getsid(0) });
}

#[test]
fn names_are_changed_in_real_directories() {
    let Some(mut live) = start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let base = directory.path().canonicalize().unwrap();
    std::fs::create_dir(base.join("real")).unwrap();
    symlink("real", base.join("link")).unwrap();
    std::fs::write(base.join("real/a"), "x").unwrap();
    let pid = in_child(|| {
        // What the child did is looked up while it lives, so it waits to be killed by its parent's clock.
        std::fs::rename(base.join("link/a"), base.join("link/b")).unwrap();
        std::fs::hard_link(base.join("link/b"), base.join("link/c")).unwrap();
        std::fs::remove_file(base.join("link/c")).unwrap();
        std::fs::create_dir(base.join("link/d")).unwrap();
        std::fs::remove_dir(base.join("link/d")).unwrap();
    });
    let events = events_of(&mut live, pid);
    let given = |name: &str| base.join("link").join(name).display().to_string();
    let one = |kind: Kind| {
        let found = of_kind(&events, kind);
        assert_eq!(found.len(), 1, "{kind:?} in {events:?}");
        found[0]
    };
    let rename = one(Kind::Rename);
    assert_eq!(rename.res, 0);
    assert_eq!(readings(&rename, "oldpath").0, given("a"));
    assert_eq!(readings(&rename, "newpath").0, given("b"));
    assert_eq!(readings(&one(Kind::Linkat), "newpath").0, given("c"));
    assert_eq!(readings(&one(Kind::Unlink), "path").0, given("c"));
    assert_eq!(readings(&one(Kind::Mkdir), "path").0, given("d"));
    assert_eq!(readings(&one(Kind::Rmdir), "path").0, given("d"));
}

#[test]
fn programs_start_and_fail_to() {
    let Some(mut live) = start() else { return };
    let mut child = Command::new("/bin/sh").args(["-c", "exit 3", "two words"]).spawn().unwrap();
    let pid = child.id() as i32;
    child.wait().unwrap();
    let events = events_of(&mut live, pid);
    let exec = of_kind(&events, Kind::Execve)[0];
    assert_eq!(text(&exec, "filename"), "/bin/sh");
    assert_eq!(text(&exec, "exe"), "/bin/sh");
    assert_eq!(text(&exec, "args"), "-c\0exit 3\0two words\0");
    assert_eq!(text(&exec, "comm"), "sh");
    assert_eq!(text(&exec, "cwd"), std::env::current_dir().unwrap().display().to_string());
    let shell = std::fs::canonicalize("/bin/sh").unwrap().display().to_string();
    assert_eq!(text(&exec, "trusted_exepath"), shell);
    assert!(!text(&exec, "cgroups").is_empty());
    let exit = of_kind(&events, Kind::Procexit)[0];
    assert_eq!((exit.param("ret"), exit.param("sig")), (Some(Param::Int(3)), Some(Param::Int(0))));
    assert_eq!(of_kind(&events, Kind::Clone).len(), 1);

    let pid = in_child(|| {
        let path = c("/none/such");
        unsafe { libc::execv(path.as_ptr(), [path.as_ptr(), std::ptr::null()].as_ptr()) };
    });
    let events = events_of(&mut live, pid);
    let exec = of_kind(&events, Kind::Execve)[0];
    assert_eq!((exec.res, text(&exec, "filename")), (-i64::from(libc::ENOENT), "/none/such".to_owned()));
}

#[test]
fn connections_have_both_ends() {
    let Some(mut live) = start() else { return };
    let (read, mut write) = std::io::pipe().unwrap();
    let pid = in_child(move || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        write.write_all(&port.to_ne_bytes()).unwrap();
        let client = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let (server, _) = listener.accept().unwrap();
        drop((client, server));
        let _ = TcpStream::connect("127.0.0.1:1");
    });
    let mut port = [0; 2];
    std::io::Read::read_exact(&mut { read }, &mut port).unwrap();
    let port = u16::from_ne_bytes(port);
    let events = events_of(&mut live, pid);
    let socket = |kind: Kind| of_kind(&events, kind)[0].fd.and_then(|fd| fd.socket).unwrap();
    let listen = socket(Kind::Listen);
    assert_eq!((listen.role, listen.protocol), (Role::Server, libc::IPPROTO_TCP as u8));
    assert_eq!(listen.local.unwrap().port, port);
    assert_eq!(socket(Kind::Bind).local.unwrap().port, port);
    let (connect, accept) = (socket(Kind::Connect), socket(Kind::Accept4));
    assert_eq!(connect.role, Role::Client);
    assert_eq!(connect.peer.unwrap().port, port);
    assert_eq!((accept.local, accept.peer), (connect.peer, connect.local));
    let refused = of_kind(&events, Kind::Connect)[1];
    assert_eq!(refused.res, -i64::from(libc::ECONNREFUSED));
    assert_eq!(refused.fd.and_then(|fd| fd.socket).and_then(|socket| socket.peer).unwrap().port, 1);
}

#[test]
fn mounts_are_seen_even_where_they_fail() {
    let Some(mut live) = start() else { return };
    let pid = in_child(|| {
        let (source, target, kind) = (c("none"), c("/none/such"), c("tmpfs"));
        unsafe {
            libc::mount(source.as_ptr(), target.as_ptr(), kind.as_ptr(), libc::MS_RDONLY, std::ptr::null())
        };
    });
    let events = events_of(&mut live, pid);
    let mount = of_kind(&events, Kind::Mount)[0];
    assert_eq!(text(&mount, "dir"), "/none/such");
    assert_eq!(text(&mount, "type"), "tmpfs");
    assert_eq!(mount.param("flags"), Some(Param::Uint(1)));
    assert!(mount.res < 0);
}

#[test]
fn every_hook_is_attached_and_old_processes_are_listed() {
    let Some(mut live) = start() else { return };
    let refused: Vec<_> = live.coverage().iter().filter(|hook| hook.state != HookState::Attached).collect();
    assert!(refused.is_empty(), "{refused:?}");
    let mut batch = EventBatch::default();
    live.fill(&mut batch, Duration::ZERO).unwrap();
    let own = batch
        .iter()
        .find(|event| event.kind == Kind::Process && event.task.pid == std::process::id() as i32)
        .expect("this process was there before");
    let exe = std::env::current_exe().unwrap().canonicalize().unwrap();
    assert_eq!(text(&own, "trusted_exepath"), exe.display().to_string());
    assert_eq!(live.lost().total(), 0);
}
