//! Requests of io_uring that do what programs do all the time, several times, or with files that have no descriptor.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;

use lanner_event::{EventFlags, EventRef, Kind, OwnedEvent};

use super::parameters::said;
use super::ring::{Request, Ring};
use super::{c, events_of, in_child, of_kind, only, start_with};

// Operations (enum io_uring_op).
const READV: u8 = 1;
const WRITEV: u8 = 2;
const WRITE_FIXED: u8 = 5;
const ACCEPT: u8 = 13;
const FALLOCATE: u8 = 17;
const OPENAT: u8 = 18;
const CLOSE: u8 = 19;
const READ: u8 = 22;
const WRITE: u8 = 23;
const MADVISE: u8 = 25;
const RECV: u8 = 27;
const SPLICE: u8 = 30;
const PROVIDE_BUFFERS: u8 = 31;
const FTRUNCATE: u8 = 55;

/// What its place is, where it is that of the descriptor.
const NOWHERE: u64 = u64::MAX;
const FIXED_FILE: u8 = 1;
const MULTISHOT: u16 = 1;
const BUFFER_SELECT: u8 = 1 << 5;
const RECV_MULTISHOT: u16 = 2;

const REGISTER_BUFFERS: u32 = 0;
const REGISTER_FILES: u32 = 2;

fn events(kinds: &[Kind], act: impl FnOnce()) -> Option<Vec<OwnedEvent>> {
    let wanted = [kinds, &[Kind::Procexit]].concat();
    let mut live = start_with(&wanted, 64 << 20)?;
    let pid = in_child(act);
    Some(events_of(&mut live, pid))
}

/// The only event of a kind that a request made.
#[track_caller]
fn requested(events: &[OwnedEvent], kind: Kind) -> EventRef<'_> {
    let of = of_kind(events, kind);
    let of: Vec<_> = of.into_iter().filter(|event| event.flags.contains(EventFlags::ASYNC)).collect();
    assert_eq!(of.len(), 1, "{kind:?} in {events:?}");
    of[0]
}

fn register<T>(ring: &Ring, what: u32, items: &[T]) {
    // SAFETY: the items live through the call.
    let done = unsafe {
        libc::syscall(libc::SYS_io_uring_register, ring.fd, what, items.as_ptr(), items.len() as u32)
    };
    assert_eq!(done, 0, "{}", std::io::Error::last_os_error());
}

fn buffer(bytes: &[u8]) -> (u64, u32) {
    (bytes.as_ptr() as u64, bytes.len() as u32)
}

#[test]
fn what_is_read_and_written_is_told_as_of_syscalls() {
    let kinds = [
        Kind::Read,
        Kind::Write,
        Kind::Pread,
        Kind::Pwrite,
        Kind::Readv,
        Kind::Writev,
        Kind::Preadv,
        Kind::Splice,
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("file");
    let Some(events) = events(&kinds, || {
        let ring = Ring::new();
        let file = std::fs::OpenOptions::new()
            .create_new(true)
            .read(true)
            .append(false)
            .write(true)
            .open(&path)
            .unwrap();
        let fd = file.as_raw_fd();
        let (mut pipe, mut received) = ([0; 2], [0_u8; 64]);
        // SAFETY: both descriptors have a place.
        assert_eq!(unsafe { libc::pipe(pipe.as_mut_ptr()) }, 0);
        let (addr, len) = buffer(b"placed data");
        assert_eq!(ring.run(Request { op: WRITE, fd, addr, len, off: 3, ..Request::default() }), 11);
        let fixed = b"fixed data".to_vec();
        let (addr, len) = buffer(&fixed);
        register(&ring, REGISTER_BUFFERS, &[libc::iovec { iov_base: addr as *mut _, iov_len: len as usize }]);
        assert_eq!(
            ring.run(Request { op: WRITE_FIXED, fd, addr, len, off: NOWHERE, ..Request::default() }),
            10
        );
        let part = |bytes: &[u8]| libc::iovec { iov_base: bytes.as_ptr() as *mut _, iov_len: bytes.len() };
        let parts = [part(b"one "), part(b"two")];
        let many = Request { addr: parts.as_ptr() as u64, len: 2, ..Request::default() };
        assert_eq!(ring.run(Request { op: WRITEV, fd: pipe[1], off: NOWHERE, ..many }), 7);
        // A pipe has no places, whatever is asked for.
        let (addr, len) = (received.as_mut_ptr() as u64, received.len() as u32);
        assert_eq!(ring.run(Request { op: READ, fd: pipe[0], addr, len, off: 0, ..Request::default() }), 7);
        assert_eq!(ring.run(Request { op: READ, fd, addr, len: 4, off: 3, ..Request::default() }), 4);
        let parts = [part(&received[..2]), part(&received[2..])];
        let many = Request { addr: parts.as_ptr() as u64, len: 2, ..Request::default() };
        assert_eq!(ring.run(Request { op: READV, fd, off: 4, ..many }), 10);
        let from_file =
            Request { op: SPLICE, file_index: fd as u32, addr: 0, fd: pipe[1], ..Request::default() };
        assert_eq!(ring.run(Request { off: NOWHERE, len: 5, ..from_file }), 5);
    }) else {
        return;
    };
    let path = path.display().to_string();
    for (kind, data, size, pos) in [
        (Kind::Pwrite, "placed data", "11", Some("3")),
        (Kind::Write, "fixed data", "10", None),
        (Kind::Writev, "one two", "7", None),
        (Kind::Read, "one two", "64", None),
        (Kind::Pread, "ed d", "4", Some("3")),
        (Kind::Preadv, "d datadata", "10", Some("4")),
    ] {
        let event = requested(&events, kind);
        assert_eq!(said(event, "evt.arg.data"), data, "{kind:?}");
        assert_eq!(said(event, "evt.arg.size"), size, "{kind:?}");
        assert_eq!(pos.map(|_| said(event, "evt.arg.pos")).as_deref(), pos, "{kind:?}");
        if !matches!(kind, Kind::Writev | Kind::Read) {
            assert_eq!(said(event, "fd.name"), path, "{kind:?}");
        }
    }
    let splice = requested(&events, Kind::Splice);
    assert_eq!((said(splice, "fd.name"), said(splice, "evt.arg.size")), (path, "5".to_owned()));
}

#[test]
fn files_without_a_descriptor_have_their_names() {
    let kinds = [Kind::Openat, Kind::Read, Kind::Pread, Kind::Close];
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().canonicalize().unwrap();
    std::fs::write(base.join("file"), "content").unwrap();
    std::os::unix::fs::symlink("file", base.join("link")).unwrap();
    let name = c(base.join("link"));
    let Some(events) = events(&kinds, || {
        let ring = Ring::new();
        register(&ring, REGISTER_FILES, &[-1_i32, -1]);
        let open =
            Request { op: OPENAT, fd: libc::AT_FDCWD, addr: name.as_ptr() as u64, ..Request::default() };
        assert_eq!(ring.run(Request { file_index: 2, ..open }), 0);
        let mut received = [0_u8; 4];
        let read = Request { op: READ, flags: FIXED_FILE, fd: 1, off: 0, ..Request::default() };
        assert_eq!(ring.run(Request { addr: received.as_mut_ptr() as u64, len: 4, ..read }), 4);
        assert_eq!(ring.run(Request { op: CLOSE, file_index: 2, ..Request::default() }), 0);
    }) else {
        return;
    };
    let (open, read, close) =
        (requested(&events, Kind::Openat), requested(&events, Kind::Pread), requested(&events, Kind::Close));
    let file = base.join("file").display().to_string();
    assert_eq!(
        (said(open, "fd.name.real"), said(open, "fd.name.given")),
        (file.clone(), base.join("link").display().to_string())
    );
    for event in [read, close] {
        assert_eq!((said(event, "fd.name"), said(event, "fd.num")), (file.clone(), "Int(-1)".to_owned()));
        assert_eq!(said(event, "evt.arg.fd"), format!("<f>{file}"));
    }
    assert_eq!(said(read, "evt.arg.data"), "cont");
}

#[test]
fn what_is_closed_has_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("file");
    std::fs::write(&path, "x").unwrap();
    let name = c(&path);
    let Some(events) = events(&[Kind::Close], || {
        let ring = Ring::new();
        // SAFETY: the string lives through the calls.
        let open = || unsafe { libc::open(name.as_ptr(), libc::O_RDONLY) };
        let (first, second) = (open(), open());
        // SAFETY: it takes a number.
        assert_eq!(unsafe { libc::close(first) }, 0);
        // SAFETY: as above.
        assert_eq!(unsafe { libc::close(first) }, -1);
        assert_eq!(ring.run(Request { op: CLOSE, fd: second, ..Request::default() }), 0);
    }) else {
        return;
    };
    let of = of_kind(&events, Kind::Close);
    let name = path.display().to_string();
    let closed: Vec<_> = of.iter().filter(|event| said(**event, "fd.name") == name).collect();
    assert_eq!(closed.len(), 2, "{events:?}");
    assert_eq!(closed.iter().map(|event| event.res).collect::<Vec<_>>(), [0, 0]);
    let number = closed[0].fd.unwrap().num;
    assert_eq!(said(*closed[0], "evt.arg.fd"), format!("<f>{name}"));
    assert!(closed[1].flags.contains(EventFlags::ASYNC));
    let failed = of.iter().find(|event| event.res < 0).unwrap();
    assert_eq!((failed.res, failed.fd.unwrap().num), (-i64::from(libc::EBADF), number));
    assert_eq!(failed.fd.unwrap().kind, None);
}

#[test]
fn each_connection_of_one_request_is_told() {
    let Some(events) = events(&[Kind::Accept4], || {
        let ring = Ring::new();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let accept = Request {
            op: ACCEPT,
            fd: listener.as_raw_fd(),
            ioprio: MULTISHOT,
            user_data: 7,
            ..Request::default()
        };
        ring.submit(accept, 0);
        let clients = [0; 3].map(|_| {
            let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            ring.enter(0, 1);
            assert!(ring.result() >= 0);
            client.write_all(b"x").unwrap();
            client.local_addr().unwrap().port()
        });
        assert_eq!(clients.len(), 3);
    }) else {
        return;
    };
    let mut of = of_kind(&events, Kind::Accept4);
    of.retain(|event| event.res >= 0);
    let ends = of.iter().map(|event| event.fd.and_then(|fd| fd.socket).expect("it is a socket"));
    let mut ports: Vec<u16> = ends.map(|socket| socket.peer.expect("it is connected").port).collect();
    ports.dedup();
    assert_eq!((of.len(), ports.len()), (3, 3), "{events:?}");
    assert!(of.iter().all(|event| event.flags.contains(EventFlags::ASYNC)));
}

#[test]
fn each_message_of_one_request_is_told() {
    let Some(events) = events(&[Kind::Recvfrom], || {
        let ring = Ring::new();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        let buffers = [0_u8; 8 * 64];
        let (addr, _) = buffer(&buffers);
        let lend = Request { op: PROVIDE_BUFFERS, fd: 8, addr, len: 64, buf_group: 1, ..Request::default() };
        assert!(ring.run(lend) >= 0);
        let receive = Request {
            op: RECV,
            flags: BUFFER_SELECT,
            fd: server.as_raw_fd(),
            buf_group: 1,
            ..Request::default()
        };
        ring.submit(Request { ioprio: RECV_MULTISHOT, user_data: 9, ..receive }, 0);
        for message in ["a", "bb", "ccc"] {
            client.write_all(message.as_bytes()).unwrap();
            ring.enter(0, 1);
            assert_eq!(ring.result(), message.len() as i32);
        }
    }) else {
        return;
    };
    let of = of_kind(&events, Kind::Recvfrom);
    let received: Vec<i64> = of.iter().map(|event| event.res).filter(|res| *res > 0).collect();
    assert_eq!(received, [1, 2, 3], "{events:?}");
    let names: Vec<String> = of.iter().map(|event| said(*event, "fd.name")).collect();
    assert!(names.iter().all(|name| name.starts_with("127.0.0.1:") && *name == names[0]), "{names:?}");
    assert!(of.iter().all(|event| event.flags.contains(EventFlags::ASYNC)));
}

#[test]
fn other_requests_are_told_of_by_name() {
    let kinds = [Kind::Ftruncate, Kind::Fallocate, Kind::Madvise];
    let file = tempfile::tempfile().unwrap();
    let fd = file.as_raw_fd();
    let truncate = Request { op: FTRUNCATE, fd, off: 10, ..Request::default() };
    // Linux has it since 6.9.
    let truncates = Ring::new().run(truncate) == 0;
    let Some(events) = events(&kinds, || {
        let ring = Ring::new();
        assert_eq!(ring.run(Request { op: FALLOCATE, fd, addr: 4096, ..Request::default() }), 0);
        assert!(!truncates || ring.run(truncate) == 0);
        let advice =
            Request { op: MADVISE, len: 4096, op_flags: libc::MADV_NORMAL as u32, ..Request::default() };
        assert_eq!(ring.run(Request { addr: 4096, ..advice }), -libc::ENOMEM);
    }) else {
        return;
    };
    for (kind, number) in [
        (Kind::Ftruncate, libc::SYS_ftruncate),
        (Kind::Fallocate, libc::SYS_fallocate),
        (Kind::Madvise, libc::SYS_madvise),
    ] {
        if kind == Kind::Ftruncate && !truncates {
            continue;
        }
        let event = requested(&events, kind);
        assert_eq!(said(event, "evt.arg.nativeID"), number.to_string());
    }
    assert_eq!(only(&events, Kind::Madvise).res, -i64::from(libc::ENOMEM));
}
