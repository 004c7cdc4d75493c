//! Fields of the descriptor that an event is about.

use super::params;
use crate::Type::{Bool, CharBuf, Int64, IpAddr, IpNet, Port};
use crate::{Ctx, Endpoint, Fd, FdKind, Field, FieldFlags, Role, Val};

/// Fields that stand for both ends.
const BOTH_ENDS: FieldFlags =
    FieldFlags::FILTER_ONLY.union(FieldFlags::NO_RHS).union(FieldFlags::NO_TRANSFORMER);

#[derive(Clone, Copy)]
enum End {
    Client,
    Server,
    Local,
    Remote,
}

fn end(ctx: &Ctx, end: End) -> Option<Endpoint> {
    let fd = ctx.event.fd?;
    let socket = fd.socket?;
    let (client, server) = params::ends(&fd)?;
    match end {
        // A socket that isn't connected has one end: what it is bound to is the server's.
        End::Client if server.is_some() || socket.role == Role::Client => client,
        End::Client => None,
        End::Server if socket.role == Role::Unknown => socket.local,
        End::Server => server,
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

/// Both ends, where there are any.
fn both<'a>(ctx: &Ctx<'a>, read: fn(Endpoint) -> Val<'a>) -> Val<'a> {
    let ends = [end(ctx, End::Local), end(ctx, End::Remote)];
    let values = ctx.values(ends.into_iter().flatten().map(read));
    if values.is_empty() { Val::Missing } else { Val::Any(values) }
}

fn fd<'a>(ctx: &Ctx<'a>, read: impl FnOnce(Fd) -> Val<'a>) -> Val<'a> {
    ctx.event.fd.map_or(Val::Missing, read)
}

fn name<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    fd(ctx, |fd| {
        if fd.path.given.len > 0 {
            return Val::Str(ctx.path(fd.path));
        }
        if fd.socket.is_none() {
            return Val::Missing;
        }
        let mut text = String::new();
        params::push_socket(&mut text, &fd);
        ctx.text(format_args!("{text}"))
    })
}

/// The path, where the descriptor is one of a file, and where its last component begins.
fn path<'a>(ctx: &Ctx<'a>) -> Option<(&'a [u8], usize)> {
    let fd = ctx.event.fd.filter(|fd| fd.socket.is_none() && fd.path.given.len > 0)?;
    let path = ctx.path(fd.path);
    let slash = path.iter().rposition(|byte| *byte == b'/')?;
    Some((path, slash))
}

/// The family's rows.
pub const FIELDS: &[Field] = &[
    Field::new("fd.num", Int64, "The descriptor's number.", |ctx| fd(ctx, |fd| Val::Int(fd.num))),
    Field::new("fd.type", CharBuf, "What it stands for: `file`, `directory`, `ipv4`, `ipv6`, `unix`…", |ctx| {
        fd(ctx, |fd| {
            Val::Str(match fd.kind {
                None => return Val::Missing,
                Some(FdKind::File) => b"file",
                Some(FdKind::Directory) => b"directory",
                Some(FdKind::Ipv4) => b"ipv4",
                Some(FdKind::Ipv6) => b"ipv6",
                Some(FdKind::Unix) => b"unix",
                Some(FdKind::Other) => b"other",
            })
        })
    }),
    Field::new("fd.typechar", CharBuf, "The same in a letter: `f`, `d`, `4`, `6`, `u`, `o`.", |ctx| {
        fd(ctx, |fd| ctx.text(format_args!("{}", params::type_char(&fd))))
    }),
    Field::new("fd.name", CharBuf, "The file's path, or the connection, the client first. Of a path's two readings, the one that the rule is true under.", name)
        .with(FieldFlags::PATH),
    Field::new("fd.name.given", CharBuf, "The file's path as the program wrote it, made absolute.", |ctx| {
        fd(ctx, |fd| Val::text(Some(ctx.event.bytes(fd.path.given)).filter(|path| !path.is_empty())))
    }),
    Field::new("fd.name.real", CharBuf, "The path of the file that was really opened.", |ctx| {
        fd(ctx, |fd| Val::text(fd.path.real.map(|real| ctx.event.bytes(real))))
    }),
    Field::new("fd.nameraw", CharBuf, "The path as the program wrote it.", |ctx| {
        fd(ctx, |fd| Val::text(Some(ctx.event.bytes(fd.path.raw)).filter(|path| !path.is_empty())))
    }),
    Field::new("fd.directory", CharBuf, "The directory of the file.", |ctx| {
        path(ctx).map_or(Val::Missing, |(path, slash)| Val::Str(&path[..slash.max(1)]))
    })
    .with(FieldFlags::PATH),
    Field::new("fd.filename", CharBuf, "The file's name without its directory.", |ctx| {
        path(ctx).map_or(Val::Missing, |(path, slash)| Val::Str(&path[slash + 1..]))
    })
    .with(FieldFlags::PATH),
    Field::new("fd.ip", IpAddr, "The address of either end.", |ctx| both(ctx, |end| Val::Ip(end.ip)))
        .with(BOTH_ENDS),
    Field::new("fd.cip", IpAddr, "The client's address.", |ctx| ip(ctx, End::Client)),
    Field::new("fd.sip", IpAddr, "The server's address.", |ctx| ip(ctx, End::Server)),
    Field::new("fd.lip", IpAddr, "The local address.", |ctx| ip(ctx, End::Local)),
    Field::new("fd.rip", IpAddr, "The remote address.", |ctx| ip(ctx, End::Remote)),
    Field::new("fd.port", Port, "The port of either end.", |ctx| both(ctx, |end| Val::Uint(end.port.into())))
        .with(BOTH_ENDS),
    Field::new("fd.cport", Port, "The client's port.", |ctx| port(ctx, End::Client)),
    Field::new("fd.sport", Port, "The server's port.", |ctx| port(ctx, End::Server)),
    Field::new("fd.lport", Port, "The local port.", |ctx| port(ctx, End::Local)),
    Field::new("fd.rport", Port, "The remote port.", |ctx| port(ctx, End::Remote)),
    Field::new("fd.net", IpNet, "The network of either end.", |ctx| both(ctx, |end| Val::Ip(end.ip)))
        .with(BOTH_ENDS),
    Field::new("fd.cnet", IpNet, "The client's network.", |ctx| ip(ctx, End::Client)).with(BOTH_ENDS),
    Field::new("fd.snet", IpNet, "The server's network.", |ctx| ip(ctx, End::Server)).with(BOTH_ENDS),
    Field::new("fd.lnet", IpNet, "The local network.", |ctx| ip(ctx, End::Local)).with(BOTH_ENDS),
    Field::new("fd.rnet", IpNet, "The remote network.", |ctx| ip(ctx, End::Remote)).with(BOTH_ENDS),
    Field::new("fd.l4proto", CharBuf, "The protocol: `tcp`, `udp`, `icmp` or `raw`.", |ctx| {
        let socket = ctx.event.fd.and_then(|fd| fd.socket);
        match socket.map(|socket| socket.protocol) {
            Some(6) => Val::Str(b"tcp"),
            Some(17) => Val::Str(b"udp"),
            Some(1 | 58) => Val::Str(b"icmp"),
            Some(255) => Val::Str(b"raw"),
            _ => Val::Missing,
        }
    }),
    Field::new("fd.sockfamily", CharBuf, "The family of a socket: `ip` or `unix`.", |ctx| {
        match ctx.event.fd.and_then(|fd| fd.kind) {
            Some(FdKind::Ipv4 | FdKind::Ipv6) => Val::Str(b"ip"),
            Some(FdKind::Unix) => Val::Str(b"unix"),
            _ => Val::Missing,
        }
    }),
    Field::new("fd.is_server", Bool, "Whether this process is the server's side.", |ctx| {
        let socket = ctx.event.fd.and_then(|fd| fd.socket);
        socket.map_or(Val::Missing, |socket| Val::Bool(socket.role == Role::Server))
    }),
    Field::new("fd.dev", Int64, "The device of the file.", |ctx| {
        fd(ctx, |fd| Val::int(Some(i64::from(fd.dev)).filter(|_| fd.ino != 0)))
    }),
    Field::new("fd.ino", Int64, "The inode of the file.", |ctx| {
        fd(ctx, |fd| Val::int(i64::try_from(fd.ino).ok().filter(|ino| *ino != 0)))
    }),
];
