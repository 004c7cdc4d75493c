//! Fields of the descriptor that an event is about.

use super::params;
use super::text::Text;
use crate::Type::{Bool, CharBuf, Int32, Int64, IpAddr, IpNet, Port};
use crate::{
    ArgRule, Ctx, Endpoint, EventFlags, Fd, FdKind, Field, FieldFlags, Kind, Param, ParamRow, ParamType,
    Role, Socket, SocketFlags, Val,
};

/// What fields that stand for both ends, and networks, can't do.
const BOTH_ENDS: FieldFlags = FieldFlags::FILTER_ONLY.union(NAMES);
/// What fields that may have several names can't do.
const NAMES: FieldFlags = FieldFlags::ALL_DIFFER.union(FieldFlags::NO_RHS).union(FieldFlags::NO_TRANSFORMER);

#[derive(Clone, Copy)]
enum End {
    Client,
    Server,
    Local,
    Remote,
}

fn socket(ctx: &Ctx) -> Option<Socket> {
    ctx.event.fd?.socket
}

/// Whether a socket waits for connections, or may: it has no other end and began none. Falco knows its address
/// as the server's alone.
fn serves(socket: &Socket) -> bool {
    socket.peer.is_none() && socket.role != Role::Client
}

fn end(ctx: &Ctx, end: End) -> Option<Endpoint> {
    let socket = socket(ctx)?;
    let (client, server) = params::ends(&ctx.event.fd?);
    match end {
        End::Client => client,
        End::Server => server,
        End::Local | End::Remote if serves(&socket) => None,
        End::Local => socket.local,
        End::Remote => socket.peer,
    }
}

fn ip<'a>(ctx: &Ctx<'a>, which: End) -> Val<'a> {
    end(ctx, which).map_or(Val::Missing, |end| Val::Ip(end.ip))
}

fn port<'a>(ctx: &Ctx<'a>, which: End) -> Val<'a> {
    Val::uint(end(ctx, which).map(|end| end.port.into()))
}

/// A port as a text. Falco names it from services(5) only where it is told to.
fn service<'a>(ctx: &Ctx<'a>, which: End) -> Val<'a> {
    end(ctx, which).map_or(Val::Missing, |end| ctx.text(format_args!("{}", end.port)))
}

/// The names that rules name and that have the address of an end; none where it has another.
fn names<'a>(ctx: &Ctx<'a>, which: End) -> Val<'a> {
    end(ctx, which).map_or(Val::Missing, |end| {
        let names = ctx.host.names.of(end.ip);
        Val::Any(ctx.values(names.iter().map(|name| Val::Str(name.as_bytes()))))
    })
}

/// What else is known of a socket; false of what is no socket.
fn flag<'a>(ctx: &Ctx<'a>, flag: SocketFlags) -> Val<'a> {
    let has = |socket: Socket| socket.flags.contains(flag);
    fd(ctx, |fd| fd.kind.map_or(Val::Missing, |_| Val::Bool(fd.socket.is_some_and(has))))
}

/// Both ends, where there are any.
fn both<'a>(ctx: &Ctx<'a>, read: fn(Endpoint) -> Val<'a>) -> Val<'a> {
    let ends = socket(ctx).map(|socket| [socket.local, socket.peer]);
    let values = ctx.values(ends.into_iter().flatten().flatten().map(read));
    if values.is_empty() { Val::Missing } else { Val::Any(values) }
}

fn ips<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    both(ctx, |end| Val::Ip(end.ip))
}

fn ports<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    both(ctx, |end| Val::Uint(end.port.into()))
}

fn fd<'a>(ctx: &Ctx<'a>, read: impl FnOnce(Fd) -> Val<'a>) -> Val<'a> {
    ctx.event.fd.map_or(Val::Missing, read)
}

/// Whether an event makes, uses or closes a descriptor, whatever is known of it.
fn has_descriptor(kind: Kind) -> bool {
    let own = |row: &ParamRow| row.ty == ParamType::Fd && matches!(row.name, "fd" | "fd1" | "res");
    kind.row().params.iter().any(own)
}

/// The number of the descriptor; where nothing else is known of it, the parameter.
fn number(ctx: &Ctx) -> Option<i64> {
    let param = || match ctx.event.param("fd") {
        Some(Param::Int(number)) => Some(number),
        _ => None,
    };
    ctx.event.fd.map(|fd| fd.num).or_else(param)
}

fn type_letter<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    let fd = ctx.event.fd.or_else(|| has_descriptor(ctx.event.kind).then(Fd::default));
    let letter = |fd| ctx.scratch.alloc_slice_copy(&[params::type_char(ctx.event.kind, &fd)]);
    fd.map_or(Val::Missing, |fd| Val::Str(letter(fd)))
}

fn known(text: &[u8]) -> Val<'_> {
    Val::text(Some(text).filter(|text| !text.is_empty()))
}

fn name<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    fd(ctx, |fd| match ctx.path(fd.path) {
        b"" if fd.socket.is_none() => Val::Missing,
        b"" => {
            let mut text = Text::new(ctx);
            params::push_socket(&mut text, &fd);
            text.val()
        }
        path => ctx.path_text(path),
    })
}

/// The path of a file, or of one that could not be opened, and where its last component begins.
fn path<'a>(ctx: &Ctx<'a>) -> Option<(&'a [u8], usize)> {
    let fd = ctx.event.fd.filter(|fd| fd.socket.is_none())?;
    let path = ctx.path(fd.path);
    let slash = path.iter().rposition(|byte| *byte == b'/')?;
    Some((path, slash))
}

fn directory<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    match (path(ctx), ctx.event.fd.and_then(|fd| fd.kind)) {
        (Some((path, _)), Some(FdKind::Directory)) => ctx.path_text(path),
        (Some((path, slash)), _) => ctx.path_text(&path[..slash.max(1)]),
        (None, _) => Val::Missing,
    }
}

fn filename<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    match (path(ctx), ctx.event.fd.and_then(|fd| fd.kind)) {
        (Some((path, slash)), Some(FdKind::File)) => Val::Str(&path[slash + 1..]),
        _ => Val::Missing,
    }
}

fn type_name<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    Val::text(ctx.event.fd.and_then(|fd| fd.kind).map(|kind| kind.name().as_bytes()))
}

/// A text with the container's id before it.
fn in_container<'a>(ctx: &Ctx<'a>, value: Val<'a>) -> Val<'a> {
    let (Val::Str(value) | Val::Cut(value)) = value else { return Val::Missing };
    let mut text = Text::new(ctx);
    text.push(super::container::short_id(ctx));
    text.push(b":");
    text.push(value);
    ctx.path_text(text.bytes())
}

/// Whether a file is in that layer of an overlay; missing of what isn't a file.
fn layer<'a>(ctx: &Ctx<'a>, layer: EventFlags) -> Val<'a> {
    let is_file = |fd: Fd| matches!(fd.kind, Some(FdKind::File | FdKind::Directory));
    fd(ctx, |fd| if is_file(fd) { Val::Bool(ctx.event.flags.contains(layer)) } else { Val::Missing })
}

/// A number of the device of a file, which is in the form of stat(2): `new_encode_dev()` of the kernel.
fn device<'a>(ctx: &Ctx<'a>, read: fn(u32) -> u32) -> Val<'a> {
    fd(ctx, |fd| Val::int((fd.ino != 0).then_some(i64::from(read(fd.dev)))))
}

/// The family's rows.
pub const FIELDS: &[Field] = &[
    Field::new("fd.num", Int64, "The descriptor's number.", |ctx| Val::int(number(ctx))),
    Field::new("fd.type", CharBuf, "What it stands for: `file`, `directory`, `ipv4`, `unix`….", type_name),
    Field::new(
        "fd.typechar",
        CharBuf,
        "The same in a letter: `f`, `d`, `4`, `6`, `u`, `o`; where nothing is known of it, of what the event makes, \
         such as `p` for a pipe.",
        type_letter,
    ),
    Field::new(
        "fd.name",
        CharBuf,
        "The file's path, or the connection, the client first. Of a path's two readings it is the one that the \
         rule is true under.",
        name,
    )
    .with(FieldFlags::PATH),
    Field::new("fd.name.given", CharBuf, "The file's path as the program wrote it, made absolute.", |ctx| {
        fd(ctx, |fd| ctx.path_text(ctx.event.bytes(fd.path.given)))
    }),
    Field::new("fd.name.real", CharBuf, "The path of the file that was really opened.", |ctx| {
        fd(ctx, |fd| fd.path.real.map_or(Val::Missing, |real| ctx.path_text(ctx.event.bytes(real))))
    }),
    Field::new("fd.nameraw", CharBuf, "The path as the program wrote it.", |ctx| {
        fd(ctx, |fd| known(ctx.event.bytes(fd.path.raw)))
    }),
    Field::new("fd.directory", CharBuf, "The directory of the file; a directory is its own.", directory)
        .with(FieldFlags::PATH),
    Field::new("fd.filename", CharBuf, "The file's name without its directory.", filename)
        .with(FieldFlags::PATH),
    Field::new("fd.ip", IpAddr, "The address of either end.", ips).with(BOTH_ENDS),
    Field::new("fd.cip", IpAddr, "The client's address.", |ctx| ip(ctx, End::Client)),
    Field::new("fd.sip", IpAddr, "The server's address.", |ctx| ip(ctx, End::Server)),
    Field::new("fd.lip", IpAddr, "The local address of a connection.", |ctx| ip(ctx, End::Local)),
    Field::new("fd.rip", IpAddr, "The remote address of a connection.", |ctx| ip(ctx, End::Remote)),
    Field::new("fd.cip.name", CharBuf, "The name of the client: that of the rules' names which has its address.", |ctx| {
        names(ctx, End::Client)
    })
    .with(NAMES),
    Field::new("fd.sip.name", CharBuf, "The name of the server; see `fd.cip.name`.", |ctx| {
        names(ctx, End::Server)
    })
    .with(NAMES),
    Field::new("fd.lip.name", CharBuf, "The name of the local end; see `fd.cip.name`.", |ctx| {
        names(ctx, End::Local)
    })
    .with(NAMES),
    Field::new("fd.rip.name", CharBuf, "The name of the remote end; see `fd.cip.name`.", |ctx| {
        names(ctx, End::Remote)
    })
    .with(NAMES),
    Field::new("fd.port", Port, "The port of either end.", ports).with(BOTH_ENDS),
    Field::new("fd.cport", Port, "The client's port.", |ctx| port(ctx, End::Client)),
    Field::new("fd.sport", Port, "The server's port.", |ctx| port(ctx, End::Server)),
    Field::new("fd.lport", Port, "The local port of a connection.", |ctx| port(ctx, End::Local)),
    Field::new("fd.rport", Port, "The remote port of a connection.", |ctx| port(ctx, End::Remote)),
    Field::new("fd.proto", Port, "The port of either end.", ports).with(BOTH_ENDS),
    Field::new("fd.cproto", CharBuf, "The client's port, as a text.", |ctx| service(ctx, End::Client)),
    Field::new("fd.sproto", CharBuf, "The server's port, as a text.", |ctx| service(ctx, End::Server)),
    Field::new("fd.lproto", CharBuf, "The local port, as a text.", |ctx| service(ctx, End::Local)),
    Field::new("fd.rproto", CharBuf, "The remote port, as a text.", |ctx| service(ctx, End::Remote)),
    Field::new("fd.net", IpNet, "The network of either end.", ips).with(BOTH_ENDS),
    Field::new("fd.cnet", IpNet, "The client's network.", |ctx| ip(ctx, End::Client)).with(BOTH_ENDS),
    Field::new("fd.snet", IpNet, "The server's network.", |ctx| ip(ctx, End::Server)).with(BOTH_ENDS),
    Field::new("fd.lnet", IpNet, "The local network of a connection.", |ctx| ip(ctx, End::Local))
        .with(BOTH_ENDS),
    Field::new("fd.rnet", IpNet, "The remote network of a connection.", |ctx| ip(ctx, End::Remote))
        .with(BOTH_ENDS),
    Field::new(
        "fd.l4proto",
        CharBuf,
        "The protocol: `tcp`, `udp`, `icmp`, `raw`, `<NA>` for what has none.",
        |ctx| fd(ctx, |fd| fd.kind.map_or(Val::Missing, |_| Val::Str(params::protocol(&fd).unwrap_or(b"<NA>")))),
    ),
    Field::new("fd.sockfamily", CharBuf, "The family of a socket: `ip` or `unix`.", |ctx| {
        match ctx.event.fd.and_then(|fd| fd.kind) {
            Some(FdKind::Ipv4 | FdKind::Ipv6) => Val::Str(b"ip"),
            Some(FdKind::Unix) => Val::Str(b"unix"),
            _ => Val::Missing,
        }
    }),
    Field::new("fd.is_server", Bool, "Whether this process is the server's side.", |ctx| {
        let server = |socket: Socket| socket.role == Role::Server || serves(&socket);
        fd(ctx, |fd| fd.kind.map_or(Val::Missing, |_| Val::Bool(fd.socket.is_some_and(server))))
    }),
    Field::new("fd.connected", Bool, "Whether the socket is connected.", |ctx| {
        flag(ctx, SocketFlags::CONNECTED)
    }),
    Field::new("fd.name_changed", Bool, "Whether the event gave the socket another name than it had.", |ctx| {
        flag(ctx, SocketFlags::NAME_CHANGED)
    }),
    Field::new("fd.uid", CharBuf, "The thread's number with the descriptor's behind: it tells descriptors apart.", |ctx| {
        number(ctx).map_or(Val::Missing, |number| ctx.text(format_args!("{}{number}", ctx.event.task.tid)))
    }),
    Field::new("fd.containername", CharBuf, "The container's id, a colon, and `fd.name`.", |ctx| {
        in_container(ctx, name(ctx))
    })
    .with(FieldFlags::PATH),
    Field::new("fd.containerdirectory", CharBuf, "The container's id, a colon, and `fd.directory`.", |ctx| {
        in_container(ctx, directory(ctx))
    })
    .with(FieldFlags::PATH),
    Field::unfilled(
        "fd.types",
        CharBuf,
        "What all of the process's descriptors stand for, or the one by number.",
        "Capture reports the descriptor that an event is about, those that it waits for, and the first three (`proc.stdin.type`), not all that a process has.",
    )
    .arg(ArgRule::Index)
    .with(FieldFlags::LIST.union(FieldFlags::NO_RHS)),
    Field::new(
        "fd.is_upper_layer",
        Bool,
        "Whether the file isn't of the container's image, or was changed: it is in the upper layer of an overlay.",
        |ctx| layer(ctx, EventFlags::UPPER_LAYER),
    ),
    Field::new(
        "fd.is_lower_layer",
        Bool,
        "Whether the file is of the container's image, unchanged: it is in a lower layer of an overlay.",
        |ctx| layer(ctx, EventFlags::LOWER_LAYER),
    ),
    Field::new("fd.dev", Int32, "The device of the file, as stat(2) numbers it.", |ctx| {
        device(ctx, |device| device)
    }),
    Field::new("fd.dev.major", Int32, "The device's major number.", |ctx| {
        device(ctx, |device| (device & 0x000f_ff00) >> 8)
    }),
    Field::new("fd.dev.minor", Int32, "The device's minor number.", |ctx| {
        device(ctx, |device| (device & 0xff) | ((device >> 12) & 0x000f_ff00))
    }),
    Field::new("fd.ino", Int64, "The inode of the file.", |ctx| {
        fd(ctx, |fd| Val::int(i64::try_from(fd.ino).ok().filter(|ino| *ino != 0)))
    }),
];

#[cfg(test)]
mod tests {
    use crate::Kind;
    use crate::sample::Sample;

    fn check(kind: Kind, given: &[(&str, &str)], expected: &[(&str, &str)]) {
        let mut sample = Sample::new(kind);
        given.iter().for_each(|(field, value)| sample.set(field, value).unwrap());
        for (field, value) in expected {
            assert_eq!(sample.text(field), *value, "{field} of {given:?}");
        }
    }

    #[test]
    fn sockets_are_named_from_the_client() {
        check(
            Kind::Connect,
            &[("fd.name", "10.0.0.1:40000->10.0.0.2:443"), ("fd.l4proto", "tcp"), ("fd.num", "5")],
            &[
                ("fd.name", "10.0.0.1:40000->10.0.0.2:443"),
                ("fd.sip", "10.0.0.2"),
                ("fd.rip", "10.0.0.2"),
                ("fd.lport", "40000"),
                ("fd.sproto", "443"),
                ("fd.is_server", "false"),
                ("evt.arg.fd", "<4t>10.0.0.1:40000->10.0.0.2:443"),
                ("evt.arg.tuple", "10.0.0.1:40000->10.0.0.2:443"),
                ("evt.arg.addr", "10.0.0.2:443"),
                ("fd.directory", "<NA>"),
            ],
        );
        check(
            Kind::Accept4,
            &[("fd.name", "10.0.0.9:40000->10.0.0.1:22"), ("fd.l4proto", "tcp")],
            &[("fd.rip", "10.0.0.9"), ("fd.lport", "22"), ("fd.cip", "10.0.0.9"), ("fd.is_server", "true")],
        );
        check(
            Kind::Listen,
            &[("fd.name", "::1:4444"), ("fd.l4proto", "tcp")],
            &[
                ("fd.name", "::1:4444"),
                ("fd.sip", "::1"),
                ("fd.sport", "4444"),
                ("fd.lport", "<NA>"),
                ("fd.cip", "<NA>"),
                ("fd.is_server", "true"),
                ("fd.sockfamily", "ip"),
                ("fd.type", "ipv6"),
            ],
        );
    }

    #[test]
    fn a_descriptor_that_is_not_known_has_a_number_and_a_letter() {
        for (kind, letter) in [
            (Kind::Close, "o"),
            (Kind::Pipe, "p"),
            (Kind::Socket, "4"),
            (Kind::TimerfdCreate, "t"),
            (Kind::Rename, "<NA>"),
            (Kind::Execve, "<NA>"),
        ] {
            check(kind, &[], &[("fd.typechar", letter), ("fd.type", "<NA>"), ("fd.name", "<NA>")]);
        }
        check(Kind::Close, &[("evt.arg.fd", "5")], &[("fd.num", "5"), ("fd.uid", "10005")]);
        check(Kind::Rename, &[], &[("fd.num", "<NA>"), ("fd.uid", "<NA>")]);
    }

    #[test]
    fn names_of_hosts_and_containers_are_put_before() {
        check(
            Kind::Connect,
            &[
                ("fd.name", "10.0.0.1:40000->10.0.0.2:443"),
                ("fd.sip.name", "a.example"),
                ("fd.connected", "true"),
                ("container.id", "0123456789ab"),
            ],
            &[
                ("fd.sip.name", "a.example"),
                ("fd.rip.name", "a.example"),
                ("fd.cip.name", ""),
                ("fd.connected", "true"),
                ("fd.name_changed", "false"),
                ("fd.containername", "0123456789ab:10.0.0.1:40000->10.0.0.2:443"),
                ("fd.containerdirectory", "<NA>"),
            ],
        );
        check(
            Kind::Openat,
            &[("fd.name", "/etc/passwd")],
            &[
                ("fd.containername", "host:/etc/passwd"),
                ("fd.containerdirectory", "host:/etc"),
                ("fd.connected", "false"),
                ("fd.sip.name", "<NA>"),
            ],
        );
    }

    #[test]
    fn files_have_two_readings() {
        check(
            Kind::Openat,
            &[("fd.name", "/tmp/../tmp/x"), ("fd.name.real", "/etc/shadow"), ("evt.rawres", "3")],
            &[
                ("fd.name", "/tmp/../tmp/x"),
                ("fd.name.real", "/etc/shadow"),
                ("fd.directory", "/tmp/../tmp"),
                ("fd.filename", "x"),
                ("fd.typechar", "f"),
                ("fd.l4proto", "<NA>"),
                ("fd.is_server", "false"),
                ("evt.arg.fd", "<f>/tmp/../tmp/x"),
                ("evt.res", "SUCCESS"),
            ],
        );
        check(
            Kind::Openat,
            &[("fd.name", "/x"), ("fd.type", "directory"), ("evt.rawres", "3")],
            &[("fd.directory", "/x"), ("fd.filename", "<NA>"), ("fd.typechar", "d")],
        );
        check(
            Kind::Openat,
            &[("fd.name", "/x"), ("evt.res", "ENOENT")],
            &[
                ("fd.name", "/x"),
                ("fd.directory", "/"),
                ("fd.filename", "<NA>"),
                ("fd.typechar", "f"),
                ("fd.type", "<NA>"),
                ("evt.arg.fd", "ENOENT"),
                ("evt.rawres", "-2"),
            ],
        );
    }
}
