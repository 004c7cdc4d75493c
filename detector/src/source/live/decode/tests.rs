//! Records made by hand: what the kernel at hand wouldn't send, or not when a test wants it.

use lanner_event::{EventRef, OwnedEvent};

use super::super::record;
use super::*;

/// The event of a record with these parts, once `set` has filled in its head.
fn decode(set: impl Fn(&mut Record), parts: &[(u32, &[u8])]) -> Option<OwnedEvent> {
    let bytes = record::bytes(parts);
    let (mut record, parts) = record::split(&bytes).unwrap();
    set(&mut record);
    let mut decoder = Decoder::default();
    let mut batch = EventBatch::default();
    decoder.push(&mut batch, &record, &parts);
    assert_eq!(batch.events.len() as u64 + decoder.malformed, 1);
    (!batch.events.is_empty()).then(|| batch.get(0).to_owned())
}

fn syscall(kind: Kind, res: i64) -> impl Fn(&mut Record) {
    move |record| {
        record.event = kind as u16;
        record.res = res;
    }
}

/// Checks the raw, the given and the real reading of a path; `-` stands for no real one.
#[track_caller]
fn check_path(event: &EventRef, name: &str, expected: [&str; 3]) {
    let Some(Param::Path(path)) = event.param(name) else { panic!("{name} is a path") };
    let text = |slice| String::from_utf8_lossy(event.bytes(slice)).into_owned();
    let real = path.real.map_or_else(|| "-".to_owned(), text);
    assert_eq!([text(path.raw), text(path.given), real], expected);
}

#[test]
fn paths_of_opens() {
    let given: (u32, &[u8]) = (PART_GIVEN_0, b"../shadow\0");
    let base: (u32, &[u8]) = (PART_BASE_0, b"init.d\0etc\0\0");
    let real: (u32, &[u8]) = (PART_REAL, b"passwd\0etc\0\0");
    for (res, parts, expected) in [
        (3, vec![given, base, real], ["../shadow", "/etc/shadow", "/etc/passwd"]),
        (-2, vec![given, base], ["../shadow", "/etc/shadow", "-"]),
        // Neither what it is relative to nor the file can be told.
        (3, vec![given], ["../shadow", "../shadow", "-"]),
        // The string was taken away before it could be read.
        (3, vec![real], ["", "", "/etc/passwd"]),
    ] {
        let event = decode(syscall(Kind::Openat, res), &parts).unwrap();
        check_path(&event.as_ref(), "name", expected);
    }
}

#[test]
fn an_open_that_made_its_file_says_so() {
    let open = |res| {
        let event = decode(
            move |record| {
                syscall(Kind::Openat, res)(record);
                record.args[2] = libc::O_CREAT as u64;
                record.file_mode = FMODE_CREATED;
            },
            &[],
        );
        event.unwrap().as_ref().param("flags")
    };
    assert_eq!(open(3), Some(Param::Uint(libc::O_CREAT as u64 | O_F_CREATED)));
    assert_eq!(open(-1), Some(Param::Uint(libc::O_CREAT as u64)));
}

#[test]
fn entries_need_no_lookup() {
    for (string, real) in [(&b"x\0"[..], "/a/x"), (b"\0", "/a")] {
        let parts = [(PART_GIVEN_0, string), (PART_BASE_0, &b"a\0\0"[..])];
        let event = decode(syscall(Kind::Unlinkat, 0), &parts).unwrap();
        let raw = std::str::from_utf8(&string[..string.len() - 1]).unwrap();
        check_path(&event.as_ref(), "name", [raw, real, real]);
        assert!(!event.as_ref().flags.contains(EventFlags::LATE));
    }
}

#[test]
fn what_is_mounted_need_not_be_a_path() {
    let parts = [(PART_GIVEN_0, &b"proc\0"[..]), (PART_BASE_0, b"\0"), (PART_STRING, b"proc\0")];
    let event = decode(syscall(Kind::Mount, 0), &parts).unwrap();
    check_path(&event.as_ref(), "dev", ["proc", "/proc", "-"]);
    assert_eq!(event.as_ref().text("type"), Some(&b"proc"[..]));
}

fn address(family: i32, port: u16, rest: &[u8]) -> Vec<u8> {
    let mut bytes = (family as u16).to_ne_bytes().to_vec();
    bytes.extend_from_slice(&port.to_be_bytes());
    bytes.extend_from_slice(rest);
    bytes
}

#[test]
fn a_failed_connection_is_to_what_was_asked_for() {
    let asked = address(libc::AF_INET, 443, &[10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    for (res, port) in [(-111, 443), (-115, 443), (0, 80)] {
        let connect = |record: &mut Record| {
            syscall(Kind::Connect, res)(record);
            record.fd.family = libc::AF_INET as u16;
            record.fd.peer[0] = 10;
            record.fd.peer_port = 80;
        };
        let event = decode(connect, &[(PART_SOCKADDR, &asked)]).unwrap();
        let socket = event.as_ref().fd.unwrap().socket.unwrap();
        assert_eq!(socket.peer.unwrap().port, port);
    }
}

#[test]
fn addresses_may_be_cut_or_strange() {
    let mapped = [&[0; 10][..], &[0xff, 0xff, 127, 0, 0, 1]].concat();
    let whole = address(libc::AF_INET6, 443, &[&[0; 4], &mapped[..]].concat());
    for (family, passed, kind, peer) in [
        (libc::AF_INET6, &whole[..], FdKind::Ipv4, Some("127.0.0.1")),
        (libc::AF_INET6, &whole[..20], FdKind::Ipv6, None),
        (libc::AF_INET6, &whole[..1], FdKind::Ipv6, None),
        (libc::AF_NETLINK, &whole[..], FdKind::Netlink, Some("127.0.0.1")),
    ] {
        let connect = |record: &mut Record| {
            syscall(Kind::Connect, -1)(record);
            record.fd.family = family as u16;
        };
        let event = decode(connect, &[(PART_SOCKADDR, passed)]).unwrap();
        let fd = event.as_ref().fd.unwrap();
        assert_eq!(fd.kind, Some(kind));
        assert_eq!(fd.socket.unwrap().peer.map(|end| end.ip.to_string()).as_deref(), peer);
    }
}

#[test]
fn names_of_unix_sockets() {
    let family = (libc::AF_UNIX as u16).to_ne_bytes();
    for (name, expected) in
        [(&b"/run/x\0junk"[..], &b"/run/x"[..]), (b"\0abstract\0y", b"\0abstract\0y"), (b"", b"")]
    {
        let bind = |record: &mut Record| {
            syscall(Kind::Bind, 0)(record);
            record.fd.family = libc::AF_UNIX as u16;
        };
        let bytes = [&family[..], name].concat();
        let event = decode(bind, &[(PART_UNIX_LOCAL, &bytes)]).unwrap();
        let event = event.as_ref();
        assert_eq!(event.bytes(event.fd.unwrap().path.given), expected);
    }
}

#[test]
fn programs() {
    let parts = [
        (PART_GIVEN_0, &b"sh\0"[..]),
        (PART_CWD, b"bin\0\0"),
        (PART_EXE, b"dash\0bin\0usr\0\0"),
        (PART_ARGS, b"sh\0-c\0true\0"),
        (PART_CGROUP, b"inner\0outer\0\0"),
    ];
    let start = |flags| move |record: &mut Record| (record.kind, record.flags) = (RECORD_EXEC as u16, flags);
    let event = decode(start(0), &parts).unwrap();
    let event = event.as_ref();
    check_path(&event, "filename", ["sh", "/bin/sh", "/usr/bin/dash"]);
    for (name, expected) in [
        ("exe", &b"sh"[..]),
        ("args", b"-c\0true\0"),
        ("cwd", b"/bin"),
        ("trusted_exepath", b"/usr/bin/dash"),
        ("cgroups", b"/outer/inner"),
    ] {
        assert_eq!(event.text(name), Some(expected), "{name}");
    }
    let script = decode(start(FLAG_INTERPRETED), &parts).unwrap();
    check_path(&script.as_ref(), "filename", ["sh", "/bin/sh", "-"]);
}

#[test]
fn ends() {
    for (status, ret, sig) in [(0x0300, 3, 0), (9, 0, 9), (0x8b, 0, 11)] {
        let event = decode(
            move |record| {
                record.kind = RECORD_EXIT as u16;
                record.exit = status;
            },
            &[],
        );
        let event = event.unwrap();
        let event = event.as_ref();
        assert_eq!((event.param("ret"), event.param("sig")), (Some(Param::Int(ret)), Some(Param::Uint(sig))));
    }
}

#[test]
fn what_makes_no_sense_is_counted() {
    assert!(decode(|record| record.kind = RECORD_KINDS as u16, &[]).is_none());
    assert!(decode(|record| record.event = u16::MAX, &[]).is_none());
    assert!(decode(syscall(Kind::Container, 0), &[]).is_none());
}

#[test]
fn devices_have_the_numbers_of_stat() {
    assert_eq!(device(8 << 20 | 1), 0x801);
    assert_eq!(device(259 << 20 | 300), 259 << 8 | 300 & 0xff | (300 & !0xff) << 12);
}
