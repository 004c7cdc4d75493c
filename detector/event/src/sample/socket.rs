//! How the ends of a connection are given values: one by one, where the name of the descriptor gives them together.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Sample;
use super::setters::{Set, put};
use crate::fields::params::ends;
use crate::{Endpoint, FdKind, Role, Socket, SocketFlags};

/// An end, by what it does or by where it is.
#[derive(Clone, Copy)]
enum End {
    Client,
    Server,
    Local,
    Remote,
}

/// The fields of sockets.
pub const SETTERS: &[(&str, Set)] = &[
    ("fd.cip", |sample, _, value| ip(sample, End::Client, value)),
    ("fd.sip", |sample, _, value| ip(sample, End::Server, value)),
    ("fd.lip", |sample, _, value| ip(sample, End::Local, value)),
    ("fd.rip", |sample, _, value| ip(sample, End::Remote, value)),
    ("fd.cport", |sample, _, value| port(sample, End::Client, value)),
    ("fd.sport", |sample, _, value| port(sample, End::Server, value)),
    ("fd.lport", |sample, _, value| port(sample, End::Local, value)),
    ("fd.rport", |sample, _, value| port(sample, End::Remote, value)),
    ("fd.cip.name", |sample, _, value| host_name(sample, End::Client, value)),
    ("fd.sip.name", |sample, _, value| host_name(sample, End::Server, value)),
    ("fd.lip.name", |sample, _, value| host_name(sample, End::Local, value)),
    ("fd.rip.name", |sample, _, value| host_name(sample, End::Remote, value)),
    ("fd.l4proto", |sample, _, value| {
        let protocol = [("tcp", 6_u8), ("udp", 17), ("icmp", 1), ("raw", 255)];
        let number = protocol.iter().find(|(name, _)| *name == value).map(|(_, number)| *number);
        put(&mut socket(sample)?.protocol, number)
    }),
    ("fd.connected", |sample, _, value| flag(sample, SocketFlags::CONNECTED, value)),
    ("fd.name_changed", |sample, _, value| flag(sample, SocketFlags::NAME_CHANGED, value)),
];

/// The socket that the descriptor is, or becomes: what is opened is none, and what has a path stays what it is.
pub fn socket(sample: &mut Sample) -> Option<&mut Socket> {
    let fd = sample.event.fd.as_mut()?;
    if !sample.event.kind.is_open() && fd.path.given.len == 0 {
        fd.socket.get_or_insert_default();
    }
    fd.socket.as_mut()
}

fn flag(sample: &mut Sample, flag: SocketFlags, value: &str) -> Option<()> {
    socket(sample)?.flags.set(flag, value.parse().ok()?);
    Some(())
}

fn ip(sample: &mut Sample, end: End, value: &str) -> Option<()> {
    let ip: IpAddr = value.parse().ok()?;
    change(sample, end, |end| end.ip = ip)
}

fn port(sample: &mut Sample, end: End, value: &str) -> Option<()> {
    let port = value.parse().ok()?;
    change(sample, end, |end| end.port = port)
}

/// Changes an end. Where only one is given, the other has an address that says nothing, of the same family.
fn change(sample: &mut Sample, end: End, with: impl FnOnce(&mut Endpoint)) -> Option<()> {
    let is_ipv6 = sample.event.fd?.kind == Some(FdKind::Ipv6);
    let socket = socket(sample)?;
    let nothing = Endpoint { ip: Ipv4Addr::UNSPECIFIED.into(), port: 0 };
    // A socket of which only one end is known is no connection.
    if socket.role == Role::Unknown && matches!(end, End::Client) && socket.peer.is_none() {
        socket.peer = Some(socket.local.take().unwrap_or(nothing));
    }
    let is_local = match end {
        End::Local => true,
        End::Remote => false,
        End::Client => socket.role != Role::Server,
        End::Server => socket.role == Role::Server || socket.role == Role::Unknown && socket.peer.is_none(),
    };
    if !is_local || matches!(end, End::Local) {
        socket.peer.get_or_insert(nothing);
    }
    let (changed, other) = match is_local {
        true => (socket.local.get_or_insert(nothing), socket.peer.as_mut()),
        false => (socket.peer.get_or_insert(nothing), socket.local.as_mut()),
    };
    with(changed);
    let said = [Some(&*changed), other.as_deref()].into_iter().flatten().find(|end| !end.ip.is_unspecified());
    let is_ipv4 = said.map_or(!is_ipv6, |end| end.ip.is_ipv4());
    let unspecified: IpAddr =
        if is_ipv4 { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    for end in [Some(changed), other].into_iter().flatten().filter(|end| end.ip.is_unspecified()) {
        end.ip = unspecified;
    }
    let kind = if is_ipv4 { FdKind::Ipv4 } else { FdKind::Ipv6 };
    put(&mut sample.event.fd.as_mut()?.kind, Some(Some(kind)))
}

/// Names the host at an end of the connection, which must have been told before.
fn host_name(sample: &mut Sample, end: End, name: &str) -> Option<()> {
    let fd = sample.event.fd?;
    let (client, server) = ends(&fd);
    let end = match end {
        End::Client => client,
        End::Server => server,
        End::Local => fd.socket?.local,
        End::Remote => fd.socket?.peer,
    };
    sample.host.names.set(name, &[end?.ip]);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    fn check(kind: Kind, given: &[(&str, &str)], name: &str) {
        for given in [given.to_vec(), given.iter().rev().copied().collect()] {
            let mut sample = Sample::new(kind);
            for (field, value) in &given {
                assert_eq!(sample.set(field, value), Ok(()), "{field}");
            }
            for (field, value) in &given {
                assert_eq!(sample.text(field), *value, "{field} of {given:?}");
            }
            assert_eq!(sample.text("fd.name"), name, "{given:?}");
        }
    }

    #[test]
    fn ends_are_given_in_any_order() {
        let client = [("fd.cip", "10.0.0.1"), ("fd.cport", "5"), ("fd.sip", "1.2.3.4"), ("fd.sport", "443")];
        for kind in [Kind::Connect, Kind::Accept4, Kind::Sendto, Kind::Read, Kind::Close, Kind::Dup2] {
            check(kind, &client, "10.0.0.1:5->1.2.3.4:443");
        }
        check(Kind::Connect, &[("fd.rip", "1.2.3.4"), ("fd.lport", "5")], "0.0.0.0:5->1.2.3.4:0");
        check(Kind::Accept, &[("fd.lip", "1.2.3.4"), ("fd.rport", "5")], "0.0.0.0:5->1.2.3.4:0");
        check(Kind::Sendto, &[("fd.lip", "10.0.0.1"), ("fd.rport", "53")], "10.0.0.1:0->0.0.0.0:53");
        check(Kind::Connect, &[("fd.sip", "2001:db8::1"), ("fd.sport", "443")], "2001:db8::1:443");
        check(Kind::Sendto, &[("fd.sip", "2001:db8::1"), ("fd.cport", "5")], ":::5->2001:db8::1:0");
        check(Kind::Connect, &[("fd.type", "ipv6")], "");
        check(Kind::Dup, &[("fd.typechar", "4"), ("fd.num", "1"), ("evt.rawres", "1")], "");
        check(Kind::Read, &[("fd.typechar", "u"), ("fd.num", "7")], "");
        check(Kind::Listen, &[("fd.sport", "80"), ("fd.sip", "10.0.0.1")], "10.0.0.1:80");
    }

    #[test]
    fn a_connection_is_named_the_client_first() {
        for kind in [Kind::Connect, Kind::Accept4, Kind::Sendto, Kind::Read, Kind::Close, Kind::Dup2] {
            check(kind, &[("fd.name", "10.0.0.1:5->1.2.3.4:53")], "10.0.0.1:5->1.2.3.4:53");
        }
    }

    #[test]
    fn what_is_no_socket_has_no_ends() {
        let mut sample = Sample::new(Kind::Openat);
        assert!(sample.set("fd.sip", "1.2.3.4").is_err());
        assert!(Sample::new(Kind::Connect).set("fd.sip", "1.2.3").is_err());
        assert!(Sample::new(Kind::Connect).set("fd.sport", "65536").is_err());
    }
}
