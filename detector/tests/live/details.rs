//! What the kernel is asked besides, where a rule reads it: what a process uses, its first descriptors, those that it
//! waits for, its cgroups.

use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Command, Stdio};

use lanner_detector::source::live::HookState;
use lanner_event::{FieldFlags, Kind, OwnedEvent};

use super::parameters::said;
use super::{events_of, events_until, in_child, only, start_asking};

/// The number that a field is.
fn number(event: &OwnedEvent, field: &str) -> u64 {
    let said = said(event.as_ref(), field);
    let digits = said.trim_start_matches(|sign: char| !sign.is_ascii_digit()).trim_end_matches(')');
    digits.parse().unwrap_or_else(|_| panic!("{field} is {said}"))
}

/// A number of `/proc/self/status`.
fn status(of: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(of)?.strip_prefix(":")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

fn fchmod() {
    // SAFETY: it takes numbers. What it is done to needn't like it.
    unsafe { libc::fchmod(-1, 0) };
}

fn the_fchmod(events: Vec<OwnedEvent>) -> OwnedEvent {
    events.into_iter().find(|event| event.as_ref().kind == Kind::Fchmod).expect("it was seen")
}

#[test]
fn what_a_process_uses_is_asked() {
    let wanted = [Kind::Fchmod, Kind::Procexit];
    let Some(mut live) = start_asking(&wanted, 1 << 20, FieldFlags::USAGE) else { return };
    let (mut told, tell) = std::io::pipe().unwrap();
    let pid = in_child(|| {
        let limit = libc::rlimit { rlim_cur: 500, rlim_max: 600 };
        // SAFETY: the limit lives through the call.
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }, 0);
        // More than one word of them, with gaps.
        let files = [(); 200].map(|()| std::fs::File::open("/dev/null").unwrap());
        let files: Vec<_> = files.into_iter().step_by(3).collect();
        let memory = vec![1_u8; 64 << 20];
        let (gate, wait) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || wait.recv().unwrap_err());
        // One of them is the folder's.
        let open = std::fs::read_dir("/proc/self/fd").unwrap().count() - 1;
        let said = [open as u64, status("VmSize"), status("VmRSS"), status("Threads")].map(|n| n.to_string());
        fchmod();
        drop(gate);
        thread.join().unwrap();
        std::io::Write::write_all(&mut &tell, said.join(" ").as_bytes()).unwrap();
        drop((files, memory));
    });
    drop(tell);
    let told = std::io::read_to_string(&mut told).unwrap();
    let told: Vec<u64> = told.split(' ').map(|number| number.parse().unwrap()).collect();
    let event = the_fchmod(events_of(&mut live, pid));
    let of = |field| number(&event, field);
    assert_eq!((of("proc.fdopencount"), of("proc.fdlimit")), (told[0], 500));
    assert_eq!(said(event.as_ref(), "proc.fdusage"), format!("Double({:?})", told[0] as f64 / 5.0));
    assert_eq!((of("proc.nthreads"), of("proc.nchilds"), told[3]), (2, 1, 2));
    // What it read of itself took memory, too, and processors add what they counted a little later.
    let near = |one: u64, other: u64| one.abs_diff(other) < 4096;
    assert!(near(of("proc.vmsize"), told[1]), "{told:?} {}", of("proc.vmsize"));
    assert!(near(of("proc.vmrss"), told[2]) && of("proc.vmrss") > 60 << 10, "{told:?} {}", of("proc.vmrss"));
    assert_eq!(of("thread.vmrss"), of("proc.vmrss"));
    assert_eq!(of("thread.vmsize.b"), of("proc.vmsize") * 1024);
    assert!(of("thread.pfminor") > 0);
}

#[test]
fn the_first_descriptors_are_asked() {
    let Some(mut live) = start_asking(&[], 8 << 20, FieldFlags::STANDARD.union(FieldFlags::USAGE_AT_START))
    else {
        return;
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let name = format!("{}->{}", socket.local_addr().unwrap(), socket.peer_addr().unwrap());
    let mut command = Command::new("/bin/true");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(OwnedFd::from(socket));
    let mut child = command.spawn().unwrap();
    assert!(child.wait().unwrap().success());
    let pid = child.id() as i32;
    let last = |event: &lanner_event::EventRef| event.kind == Kind::Execve && event.res == 0;
    let events = events_until(&mut live, |event| event.task.pid == pid, last);
    let exec = only(&events, Kind::Execve);
    for (field, expected) in [
        ("proc.stdin.type", "file"),
        ("proc.stdin.name", "/dev/null"),
        ("proc.stdout.type", "pipe"),
        ("proc.stderr.type", "ipv4"),
        ("proc.stderr.name", &name),
    ] {
        assert_eq!(said(exec, field), expected, "{field}");
    }
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the limit lives through the call.
    unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    assert_eq!(said(exec, "evt.arg.fdlimit"), limit.rlim_cur.to_string());
    assert_ne!(said(exec, "evt.arg.vm_size"), "0");
}

/// Every program takes everything that may be asked.
#[test]
fn no_program_is_refused_for_what_is_asked() {
    let Some(live) = start_asking(&[Kind::Close, Kind::Poll, Kind::Brk], 1 << 20, FieldFlags::ASKED) else {
        return;
    };
    for hook in live.coverage() {
        assert!(!matches!(hook.state, HookState::Refused(_)), "{hook:?}");
    }
}

#[test]
fn what_nobody_asks_for_is_not_told() {
    let Some(mut live) = start_asking(&[Kind::Fchmod, Kind::Procexit], 1 << 20, FieldFlags::empty()) else {
        return;
    };
    let pid = in_child(fchmod);
    let event = the_fchmod(events_of(&mut live, pid));
    assert_eq!(event.as_ref().details(), None);
}

#[test]
fn all_cgroups_are_asked() {
    let wanted = [Kind::Fchmod, Kind::Procexit];
    let Some(mut live) = start_asking(&wanted, 1 << 20, FieldFlags::CGROUPS) else { return };
    let pid = in_child(fchmod);
    let event = the_fchmod(events_of(&mut live, pid));
    let own = std::fs::read_to_string("/proc/self/cgroup").unwrap();
    let path = |hierarchy: &str| {
        let of = |line: &&str| {
            line.split(':').nth(1).is_some_and(|names| names.split(',').any(|name| name == hierarchy))
        };
        let line = own.lines().find(of)?;
        line.splitn(3, ':').nth(2).map(str::to_owned)
    };
    let all = said(event.as_ref(), "thread.cgroups");
    for (falcos, kernels) in
        [("cpuset", "cpuset"), ("cpu", "cpu"), ("cpuacct", "cpuacct"), ("io", "blkio"), ("memory", "memory")]
    {
        let told = said(event.as_ref(), &format!("thread.cgroup[{falcos}]"));
        assert!(
            all.split(' ').any(|cgroup| *cgroup == format!("{falcos}={told}")),
            "{falcos}: {told} in {all}"
        );
        // A cgroup namespace hides how paths begin.
        if let Some(path) = path(kernels) {
            assert!(told.ends_with(path.trim_end_matches('/')), "{falcos}: {told}, {path}");
        }
    }
    assert_eq!(said(event.as_ref(), "thread.cgroup[none]"), "/");
}

#[test]
fn descriptors_that_are_waited_for_are_listed() {
    let wanted = [Kind::Poll, Kind::Ppoll, Kind::Procexit];
    let Some(mut live) = start_asking(&wanted, 16 << 20, FieldFlags::empty()) else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (client, server) = (socket.local_addr().unwrap(), socket.peer_addr().unwrap());
    let file = tempfile::NamedTempFile::new().unwrap();
    let (read, write) = std::io::pipe().unwrap();
    let fds = [read.as_raw_fd(), socket.as_raw_fd(), file.as_raw_fd(), 999];
    let events = libc::POLLIN | libc::POLLOUT;
    let pid = in_child(|| {
        std::io::Write::write_all(&mut &write, b"x").unwrap();
        let mut polled = fds.map(|fd| libc::pollfd { fd, events, revents: 0 });
        let mut blocked = 1_u64 << (libc::SIGUSR1 - 1) | 1 << (libc::SIGTERM - 1);
        let time = libc::timespec { tv_sec: 1, tv_nsec: 0 };
        // SAFETY: what the arguments point to lives through the call.
        let ready = unsafe {
            libc::syscall(libc::SYS_ppoll, polled.as_mut_ptr(), 4, &raw const time, &raw mut blocked, 8)
        };
        assert_eq!(ready, 4, "{}", std::io::Error::last_os_error());
    });
    let events = events_of(&mut live, pid);
    let ppoll = only(&events, Kind::Ppoll);
    let [pipe, socket, file_number, none] = fds;
    let list = format!("{pipe}:p1 {socket}:44 {file_number}:f5 {none}:?40");
    let path = file.path().canonicalize().unwrap().display().to_string();
    for (field, expected) in [
        ("evt.arg.fds", list.as_str()),
        ("evt.arg.sigmask", "SIGUSR1 SIGTERM"),
        ("fdlist.nums", &format!("{pipe},{socket},{file_number},{none}")),
        ("fdlist.names", &format!("<NA>,{client}->{server},{path},<NA>")),
        ("fdlist.cips", "127.0.0.1"),
        ("fdlist.sips", "127.0.0.1"),
        ("fdlist.cports", &client.port().to_string()),
        ("fdlist.sports", &server.port().to_string()),
    ] {
        assert_eq!(said(ppoll, field), expected, "{field}");
    }
}

#[test]
fn memory_that_is_mapped_is_told() {
    let wanted = [Kind::Mmap, Kind::Munmap, Kind::Procexit];
    let Some(mut live) = start_asking(&wanted, 64 << 20, FieldFlags::empty()) else { return };
    const SIZE: usize = 300 << 20;
    let pid = in_child(|| {
        let (protection, flags) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping is asked for, which touches no other, and taken away again.
        unsafe {
            let at = libc::mmap(std::ptr::null_mut(), SIZE, protection, flags, -1, 0);
            assert_ne!(at, libc::MAP_FAILED);
            assert_eq!(libc::munmap(at, SIZE), 0);
        }
    });
    let events = events_of(&mut live, pid);
    let of = |kind| {
        let length = |event: &&OwnedEvent| {
            event.as_ref().kind == kind && said(event.as_ref(), "evt.arg.length") == SIZE.to_string()
        };
        number(events.iter().find(length).expect("it was seen"), "evt.arg.vm_size")
    };
    assert_eq!(of(Kind::Mmap) - of(Kind::Munmap), (SIZE >> 10) as u64);
}
