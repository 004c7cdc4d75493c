//! Sockets.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use lanner_bpf::layout::{FLAG_SERVER, PART_SOCKADDR, PART_UNIX_LOCAL, PART_UNIX_PEER, Record};
use lanner_event::{Endpoint, EventBatch, Fd, FdKind, Kind, Path, Role, Socket, SocketFlags};

use super::super::record::Parts;

const IPPROTO_TCP: u16 = libc::IPPROTO_TCP as u16;
const AF_UNIX: u16 = libc::AF_UNIX as u16;
const AF_NETLINK: u16 = libc::AF_NETLINK as u16;
const AF_INET: u16 = libc::AF_INET as u16;
const AF_INET6: u16 = libc::AF_INET6 as u16;

/// Fills in what a socket is: its addresses as they are, or, where there are none, as they were asked for.
pub fn fill(batch: &mut EventBatch, fd: &mut Fd, kind: Kind, record: &Record, parts: &Parts) {
    let head = &record.fd;
    let passed = parts.get(PART_SOCKADDR).and_then(endpoint_of);
    let mut local = endpoint(head.family, &head.local, head.local_port);
    let mut peer = endpoint(head.family, &head.peer, head.peer_port).filter(|peer| peer.port != 0);
    let role = match kind {
        Kind::Connect => Role::Client,
        Kind::Accept | Kind::Accept4 | Kind::Listen => Role::Server,
        // Of what isn't connected each message says who began it.
        Kind::Sendto | Kind::Sendmsg | Kind::Sendmmsg if peer.is_none() && passed.is_some() => Role::Client,
        Kind::Recvfrom | Kind::Recvmsg | Kind::Recvmmsg if peer.is_none() && passed.is_some() => Role::Server,
        _ if record.flags & FLAG_SERVER != 0 => Role::Server,
        _ if head.protocol == IPPROTO_TCP && peer.is_some() => Role::Client,
        _ => Role::Unknown,
    };
    match kind {
        // A connection that failed has no peer but the one that was asked for.
        Kind::Connect if record.res < 0 => peer = passed.or(peer),
        Kind::Connect => peer = peer.or(passed),
        Kind::Bind if record.res < 0 => local = passed,
        Kind::Sendto | Kind::Sendmsg | Kind::Sendmmsg => peer = peer.or(passed),
        Kind::Recvfrom | Kind::Recvmsg | Kind::Recvmmsg => peer = peer.or(passed),
        _ => {}
    }
    let mapped = [local, peer].iter().flatten().any(|end| end.ip.is_ipv4() && !end.ip.is_unspecified());
    fd.kind = Some(match head.family {
        AF_INET => FdKind::Ipv4,
        // As in Falco, an IPv6 socket that talks IPv4 is an IPv4 socket.
        AF_INET6 if mapped => FdKind::Ipv4,
        AF_INET6 => FdKind::Ipv6,
        AF_UNIX => FdKind::Unix,
        AF_NETLINK => FdKind::Netlink,
        _ => FdKind::Other,
    });
    if head.family == AF_UNIX {
        let name = |kind| parts.get(kind).and_then(unix_path);
        let wanted = if kind == Kind::Connect {
            name(PART_UNIX_PEER).or_else(|| name(PART_SOCKADDR))
        } else {
            name(PART_UNIX_LOCAL).or_else(|| name(PART_SOCKADDR))
        };
        if let Some(path) = wanted {
            let slice = batch.push_bytes(path);
            fd.path = Path { raw: slice, given: slice, real: None };
        }
    }
    let connected = match kind {
        Kind::Connect => record.res == 0,
        Kind::Accept | Kind::Accept4 => record.res >= 0,
        _ => head.peer_port != 0,
    };
    let mut flags = SocketFlags::empty();
    flags.set(SocketFlags::CONNECTED, connected);
    // A connection is named by both its ends, a socket before it by one.
    flags.set(SocketFlags::NAME_CHANGED, kind == Kind::Connect);
    fd.socket = Some(Socket { protocol: head.protocol as u8, role, local, peer, flags });
}

fn endpoint(family: u16, address: &[u8; 16], port: u16) -> Option<Endpoint> {
    let ip = match family {
        AF_INET => IpAddr::V4(Ipv4Addr::new(address[0], address[1], address[2], address[3])),
        AF_INET6 => IpAddr::V6(Ipv6Addr::from(*address)).to_canonical(),
        _ => return None,
    };
    Some(Endpoint { ip, port })
}

/// The address in a `struct sockaddr_in` or `sockaddr_in6`.
fn endpoint_of(address: &[u8]) -> Option<Endpoint> {
    let family = u16::from_ne_bytes(address.get(..2)?.try_into().ok()?);
    let port = u16::from_be_bytes(address.get(2..4)?.try_into().ok()?);
    let mut bytes = [0; 16];
    match family {
        AF_INET => bytes[..4].copy_from_slice(address.get(4..8)?),
        AF_INET6 => bytes.copy_from_slice(address.get(8..24)?),
        _ => return None,
    }
    endpoint(family, &bytes, port)
}

/// The name in a `struct sockaddr_un`: a path, or an abstract name with its leading NUL.
fn unix_path(address: &[u8]) -> Option<&[u8]> {
    let family = u16::from_ne_bytes(address.get(..2)?.try_into().ok()?);
    let name = address.get(2..)?;
    if family != AF_UNIX || name.is_empty() {
        return None;
    }
    match name.iter().skip(1).position(|byte| *byte == 0) {
        Some(end) if name[0] != 0 => Some(&name[..=end]),
        _ => Some(name),
    }
}
