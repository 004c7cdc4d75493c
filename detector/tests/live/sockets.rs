//! Sockets: both their ends, and who is who.

use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};

use lanner_event::{EventRef, FdKind, Kind, OwnedEvent, Role, Socket};

use super::{events_of, in_child, of_kind, only, start};

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn socket_of(event: &EventRef) -> Socket {
    event.fd.and_then(|fd| fd.socket).unwrap_or_else(|| panic!("{event:?} is about a socket"))
}

#[track_caller]
fn socket(events: &[OwnedEvent], kind: Kind) -> Socket {
    socket_of(&of_kind(events, kind)[0])
}

#[test]
fn connections_have_both_ends() {
    let Some(mut live) = start() else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let free = listener.local_addr().unwrap().port();
    drop(listener);
    let pid = in_child(|| {
        let listener = TcpListener::bind(("127.0.0.1", free)).unwrap();
        let client = TcpStream::connect(("127.0.0.1", free)).unwrap();
        let (server, _) = listener.accept().unwrap();
        drop((client, server));
        let _ = TcpStream::connect("127.0.0.1:1");
    });
    let events = events_of(&mut live, pid);
    let listen = socket(&events, Kind::Listen);
    assert_eq!((listen.role, listen.protocol), (Role::Server, libc::IPPROTO_TCP as u8));
    assert_eq!(listen.local.unwrap().port, free);
    assert_eq!(socket(&events, Kind::Bind).local.unwrap().port, free);
    let (connect, accept) = (socket(&events, Kind::Connect), socket(&events, Kind::Accept4));
    assert_eq!((connect.role, accept.role), (Role::Client, Role::Server));
    assert_eq!((connect.peer.unwrap().ip, connect.peer.unwrap().port), (LOCALHOST, free));
    assert_eq!((accept.local, accept.peer), (connect.peer, connect.local));
    let refused = of_kind(&events, Kind::Connect)[1];
    assert_eq!(refused.res, -i64::from(libc::ECONNREFUSED));
    assert_eq!(socket_of(&refused).peer.unwrap().port, 1);
}

#[test]
fn a_connection_that_has_only_begun_has_its_peer() {
    let Some(mut live) = start() else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let pid = in_child(|| {
        let address = libc::sockaddr_in {
            sin_family: libc::AF_INET as u16,
            sin_port: port.to_be(),
            sin_addr: libc::in_addr { s_addr: u32::from(Ipv4Addr::LOCALHOST).to_be() },
            sin_zero: [0; 8],
        };
        // SAFETY: the address is a sockaddr_in of this frame, as long as is said.
        unsafe {
            let fd = libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_NONBLOCK, 0);
            libc::connect(fd, (&raw const address).cast(), size_of_val(&address) as u32);
        }
    });
    let events = events_of(&mut live, pid);
    let connect = only(&events, Kind::Connect);
    assert!([0, -i64::from(libc::EINPROGRESS)].contains(&connect.res), "{}", connect.res);
    let peer = socket_of(&connect).peer.unwrap();
    assert_eq!((peer.ip, peer.port), (LOCALHOST, port));
}

#[test]
fn datagrams_and_the_other_family_too() {
    let Some(mut live) = start() else { return };
    let pid = in_child(|| {
        UdpSocket::bind("127.0.0.1:0").unwrap().connect("127.0.0.1:53").unwrap();
        let listener = TcpListener::bind("[::1]:0").unwrap();
        TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    });
    let events = events_of(&mut live, pid);
    let connects = of_kind(&events, Kind::Connect);
    let udp = socket_of(&connects[0]);
    assert_eq!((udp.protocol, udp.peer.unwrap().port), (libc::IPPROTO_UDP as u8, 53));
    let tcp = connects[1];
    assert_eq!(tcp.fd.unwrap().kind, Some(FdKind::Ipv6));
    assert_eq!(socket_of(&tcp).peer, socket(&events, Kind::Listen).local);
}

#[test]
fn a_mapped_address_is_that_of_the_family_it_means() {
    let Some(mut live) = start() else { return };
    let pid = in_child(|| {
        let listener = TcpListener::bind("[::]:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let _client = TcpStream::connect(("127.0.0.1", port)).unwrap();
        listener.accept().unwrap();
    });
    let events = events_of(&mut live, pid);
    let accept = of_kind(&events, Kind::Accept4)[0];
    assert_eq!(accept.fd.unwrap().kind, Some(FdKind::Ipv4));
    let ends = socket_of(&accept);
    assert_eq!((ends.local.unwrap().ip, ends.peer.unwrap().ip), (LOCALHOST, LOCALHOST));
    assert_eq!(only(&events, Kind::Listen).fd.unwrap().kind, Some(FdKind::Ipv6));
}

#[test]
fn unix_sockets_have_their_paths() {
    let Some(mut live) = start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().canonicalize().unwrap().join("socket");
    let pid = in_child(|| {
        let listener = UnixListener::bind(&path).unwrap();
        let client = UnixStream::connect(&path).unwrap();
        let (server, _) = listener.accept().unwrap();
        assert!(client.as_raw_fd() != server.as_raw_fd());
        let _ = UnixStream::connect(path.with_extension("none"));
    });
    let events = events_of(&mut live, pid);
    let path = path.display().to_string();
    let named = |event: EventRef| {
        let fd = event.fd.unwrap();
        assert_eq!(fd.kind, Some(FdKind::Unix));
        String::from_utf8_lossy(event.bytes(fd.path.given)).into_owned()
    };
    let connects = of_kind(&events, Kind::Connect);
    assert_eq!(named(only(&events, Kind::Bind)), path);
    assert_eq!(named(only(&events, Kind::Listen)), path);
    assert_eq!(named(only(&events, Kind::Accept4)), path);
    assert_eq!((named(connects[0]), connects[0].res), (path.clone(), 0));
    assert_eq!((named(connects[1]), connects[1].res), (format!("{path}.none"), -i64::from(libc::ENOENT)));
}
