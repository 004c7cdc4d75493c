//! What a descriptor stands for, whatever made it, and what is done with it.

use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use lanner_event::{EventRef, FdKind, Kind, OwnedEvent, Param};

use super::{c, events_of, in_child, of_kind, only, start_with, text};

/// The descriptor that a syscall returned.
fn fd(number: i32) -> OwnedFd {
    assert!(number >= 0, "{}", std::io::Error::last_os_error());
    // SAFETY: it is new, and nobody else's.
    unsafe { OwnedFd::from_raw_fd(number) }
}

fn name(event: &EventRef) -> String {
    let path = event.fd.expect("it is about a descriptor").path;
    String::from_utf8_lossy(event.bytes(path.given)).into_owned()
}

fn kind_and_name(event: &EventRef) -> (Option<FdKind>, String) {
    (event.fd.and_then(|fd| fd.kind), name(event))
}

#[test]
fn kinds_are_told_apart_by_what_the_descriptor_is() {
    let Some(mut live) = start_with(&[Kind::Fchmod, Kind::Procexit], 1 << 20) else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let paths = [&file, folder.path()].map(|path| path.canonicalize().unwrap().display().to_string());
    let memfd = c("made");
    // SAFETY: each takes numbers, or strings that live through the call.
    let make = || unsafe {
        let mut pipe = [0; 2];
        assert_eq!(libc::pipe(pipe.as_mut_ptr()), 0);
        [
            fd(libc::open(c(&file).as_ptr(), libc::O_RDONLY)),
            fd(libc::open(c(folder.path()).as_ptr(), libc::O_RDONLY)),
            fd(pipe[0]),
            fd(libc::eventfd(0, 0)),
            fd(libc::epoll_create1(0)),
            fd(libc::inotify_init()),
            fd(libc::timerfd_create(libc::CLOCK_MONOTONIC, 0)),
            fd(libc::memfd_create(memfd.as_ptr(), 0)),
            fd(libc::socket(libc::AF_NETLINK, libc::SOCK_RAW, 0)),
            fd(libc::socket(libc::AF_INET6, libc::SOCK_STREAM, 0)),
            fd(libc::socket(libc::AF_UNIX, libc::SOCK_STREAM, 0)),
            fd(libc::syscall(libc::SYS_pidfd_open, libc::getpid(), 0) as i32),
        ]
    };
    let pid = in_child(|| {
        for made in make() {
            // SAFETY: it takes numbers. What it is done to needn't like it.
            unsafe { libc::fchmod(made.as_raw_fd(), 0o700) };
        }
    });
    let events = events_of(&mut live, pid);
    let found: Vec<_> = of_kind(&events, Kind::Fchmod).iter().map(kind_and_name).collect();
    let expected = [
        (FdKind::File, paths[0].as_str()),
        (FdKind::Directory, paths[1].as_str()),
        (FdKind::Pipe, ""),
        (FdKind::Event, "[eventfd]"),
        (FdKind::Epoll, "[eventpoll]"),
        (FdKind::Inotify, "inotify"),
        (FdKind::Timer, "[timerfd]"),
        (FdKind::Memfd, "memfd:made"),
        (FdKind::Netlink, ""),
        (FdKind::Ipv6, ""),
        (FdKind::Unix, ""),
    ];
    for (found, (kind, name)) in found.iter().zip(expected) {
        assert_eq!(*found, (Some(kind), name.to_owned()));
    }
    assert_eq!(found.last().unwrap().0, Some(FdKind::Pidfd));
    assert_eq!(found.len(), expected.len() + 1);
}

/// The text of the data of an event.
fn data(events: &[OwnedEvent], kind: Kind) -> String {
    text(&only(events, kind), "data")
}

#[test]
fn what_is_written_and_read_is_told_in_part() {
    let wanted = [Kind::Pwrite, Kind::Pread, Kind::Writev, Kind::Procexit];
    let Some(mut live) = start_with(&wanted, 1 << 20) else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = c(folder.path().join("file"));
    let pid = in_child(|| {
        // SAFETY: the string lives through the call.
        let file = fd(unsafe { libc::open(path.as_ptr(), libc::O_CREAT | libc::O_RDWR, 0o600) });
        let file = std::fs::File::from(file);
        std::os::unix::fs::FileExt::write_all_at(&file, &[b'x'; 100], 0).unwrap();
        std::os::unix::fs::FileExt::read_exact_at(&file, &mut [0; 5], 0).unwrap();
        let parts = [std::io::IoSlice::new(b"first"), std::io::IoSlice::new(b"second")];
        assert_eq!((&file).write_vectored(&parts).unwrap(), 11);
    });
    let events = events_of(&mut live, pid);
    assert_eq!(data(&events, Kind::Pwrite), "x".repeat(80));
    assert_eq!(data(&events, Kind::Pread), "xxxxx");
    assert_eq!(data(&events, Kind::Writev), "firstsecond");
    assert_eq!(only(&events, Kind::Pread).param("size"), Some(Param::Uint(5)));
    assert!(name(&only(&events, Kind::Pread)).ends_with("/file"));
}
