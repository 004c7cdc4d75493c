//! The parameters of an event as texts, as Falco writes them: the raw text, and what it resolves to where that
//! says more, such as `3` and `<f>/etc/passwd`.

use super::text::Text;
use super::{errno, signal, time};
use crate::{Ctx, Endpoint, Fd, Kind, Number, Param, ParamRow, ParamType, Radix, Role, Val, flag_text};

/// The descriptor that stands for the working directory.
const AT_FDCWD: i64 = -100;
/// What Falco says of a user that isn't known, and of a parameter that isn't there.
pub const UNKNOWN: &[u8] = b"<NA>";
/// What Falco says of bytes that aren't there.
const NO_BYTES: &[u8] = b"NULL";
/// What Falco says of a user that is none.
const NOBODY: &[u8] = b"<NONE>";

/// The letter of what a descriptor stands for: what `fd.typechar` says. Of one that could not be made, or of which
/// nothing is known, the letter of what the event makes, as in Falco.
pub fn type_char(kind: Kind, fd: &Fd) -> u8 {
    match fd.kind {
        Some(kind) => kind.letter(),
        None => match kind {
            Kind::Accept | Kind::Accept4 | Kind::Socket => b'4',
            Kind::Pipe | Kind::Pipe2 => b'p',
            Kind::Eventfd | Kind::Eventfd2 => b'e',
            Kind::Signalfd | Kind::Signalfd4 => b's',
            Kind::TimerfdCreate => b't',
            Kind::InotifyInit | Kind::InotifyInit1 => b'i',
            kind if kind.is_open() => b'f',
            _ => b'o',
        },
    }
}

/// The name of the protocol of a socket.
pub fn protocol(fd: &Fd) -> Option<&'static [u8]> {
    match fd.socket?.protocol {
        6 => Some(b"tcp"),
        17 => Some(b"udp"),
        1 | 58 => Some(b"icmp"),
        255 => Some(b"raw"),
        _ => None,
    }
}

/// The ends of a connection, the client first. A socket that isn't connected has one end, which is the server's.
pub fn ends(fd: &Fd) -> (Option<Endpoint>, Option<Endpoint>) {
    let Some(socket) = fd.socket else { return (None, None) };
    match (socket.role, socket.peer) {
        (Role::Client, _) | (Role::Unknown, Some(_)) => (socket.local, socket.peer),
        (Role::Server, _) | (Role::Unknown, None) => (socket.peer, socket.local),
    }
}

fn push_endpoint(out: &mut Text, end: Endpoint) {
    out.format(format_args!("{}:{}", end.ip, end.port));
}

/// The name of a socket: `client->server`, or the one end that there is.
pub fn push_socket(out: &mut Text, fd: &Fd) {
    match ends(fd) {
        (Some(client), Some(server)) => {
            push_endpoint(out, client);
            out.push(b"->");
            push_endpoint(out, server);
        }
        (Some(end), None) | (None, Some(end)) => push_endpoint(out, end),
        (None, None) => {}
    }
}

/// The path, or the name of the socket.
pub fn push_name(out: &mut Text, ctx: &Ctx, fd: &Fd) {
    match ctx.path(fd.path) {
        b"" => push_socket(out, fd),
        path => out.push(path),
    }
}

/// `<f>/etc/passwd`, `<4t>10.0.0.1:40000->10.0.0.2:443`, or the name of an errno.
fn push_fd(out: &mut Text, ctx: &Ctx, number: i64) {
    let own = ctx.event.fd.filter(|fd| fd.num == number && fd.kind.is_some());
    if let Some(fd) = own {
        out.push(b"<");
        out.push(&[type_char(ctx.event.kind, &fd)]);
        if let Some(protocol) = protocol(&fd) {
            out.push(&protocol[..1]);
        }
        out.push(b">");
        push_name(out, ctx, &fd);
    } else if number == AT_FDCWD {
        out.push(b"AT_FDCWD");
    } else if let Some(name) = errno::name(number) {
        out.push(name.as_bytes());
    }
}

/// Appends what a parameter resolves to; nothing where its raw text says all.
fn push_resolved(out: &mut Text, ctx: &Ctx, row: &ParamRow, param: Param) {
    match (row.ty, param) {
        (ParamType::Errno, Param::Int(value)) => {
            out.push(errno::name(value).unwrap_or_default().as_bytes());
        }
        (ParamType::Fd, Param::Int(value)) => push_fd(out, ctx, value),
        (ParamType::Flags(flags) | ParamType::Enum(flags), Param::Uint(value)) => {
            flag_text(value, flags.names, out);
        }
        (ParamType::Mode(names), Param::Uint(value)) => flag_text(value, names, out),
        (ParamType::Signal, Param::Uint(value)) => {
            out.push(signal::name(value).unwrap_or_default().as_bytes())
        }
        (ParamType::RelTime, Param::Uint(value)) if value != u64::MAX => push_seconds(out, value),
        (ParamType::Dyn, Param::Uint(value)) if is_time_option(ctx) => push_seconds(out, value),
        (ParamType::Dyn, Param::Int(value)) => out.push(errno::name(value).unwrap_or_default().as_bytes()),
        (ParamType::Uid | ParamType::Gid, Param::Int(-1)) => out.push(NOBODY),
        (ParamType::Uid, Param::Int(value)) => {
            let uid = u32::try_from(value).ok();
            let user = ctx.users().zip(uid).and_then(|(users, uid)| users.user(uid));
            out.push(user.map_or(UNKNOWN, |user| &user.name));
        }
        (ParamType::Gid, Param::Int(value)) => {
            let gid = u32::try_from(value).ok();
            let group = ctx.users().zip(gid).and_then(|(users, gid)| users.group(gid));
            out.push(group.unwrap_or(UNKNOWN));
        }
        (ParamType::Pid, Param::Int(value)) => {
            let process = i32::try_from(value).ok().and_then(|pid| ctx.host.processes.get(pid));
            out.push(process.map_or(&[], |process| process.comm.as_bytes()));
        }
        (_, Param::Path(path)) if ctx.path(path) != ctx.event.bytes(path.raw) => out.push(ctx.path(path)),
        _ => {}
    }
}

/// Whether the event is about an option of a socket that is a time (`SO_RCVTIMEO` and its like).
fn is_time_option(ctx: &Ctx) -> bool {
    matches!(ctx.event.kind, Kind::Setsockopt | Kind::Getsockopt)
        && matches!(ctx.event.param("optname"), Some(Param::Uint(20 | 21 | 66 | 67)))
}

/// The names of the signals of a set, a bit each, a blank between.
fn push_signals(out: &mut Text, set: u64) {
    let start = out.len();
    for name in (0..32).filter(|bit| set >> bit & 1 != 0).filter_map(|bit| signal::name(bit + 1)) {
        if out.len() > start {
            out.push(b" ");
        }
        out.push(name.as_bytes());
    }
}

/// A duration in seconds with up to six digits, as C's `%g` writes it: `1.5s`, `1e-06s`.
fn push_seconds(out: &mut Text, nanoseconds: u64) {
    let seconds = nanoseconds as f64 / time::SECOND as f64;
    let power = if nanoseconds == 0 { 0 } else { seconds.log10().floor() as i32 };
    let start = out.len();
    match power {
        -4..6 => {
            out.format(format_args!("{seconds:.*}", (5 - power) as usize));
            out.trim_fraction(start);
        }
        _ => {
            out.format(format_args!("{:.5}", seconds / 10_f64.powi(power)));
            out.trim_fraction(start);
            let sign = if power < 0 { '-' } else { '+' };
            out.format(format_args!("e{sign}{:02}", power.abs()));
        }
    }
    out.push(b"s");
}

fn push_octal(out: &mut Text, value: u64) {
    // What is 0 has no leading 0 beside it (C's `%#o`).
    let lead = if value == 0 { "" } else { "0" };
    out.format(format_args!("{lead}{value:o}"));
}

/// Appends the bits of a number that it has.
fn push_digits(out: &mut Text, value: u64, number: Number) {
    let bits = value & (u64::MAX >> (64 - u32::from(number.bits).clamp(1, 64)));
    match number.radix {
        Radix::Octal => push_octal(out, bits),
        Radix::Decimal => out.format(format_args!("{bits}")),
        Radix::Hex => out.format(format_args!("{bits:X}")),
    }
}

/// Appends the raw text of a parameter.
fn push_raw(out: &mut Text, ctx: &Ctx, row: &ParamRow, param: Param) {
    match (row.ty, param, ctx.event.fd) {
        (ParamType::SockTuple, _, Some(fd)) => push_name(out, ctx, &fd),
        (ParamType::SockAddr, _, Some(fd)) => match (ctx.path(fd.path), ends(&fd).1) {
            (b"", Some(server)) => push_endpoint(out, server),
            (path, _) => out.push(path),
        },
        (
            ParamType::StrList | ParamType::Bytes | ParamType::SockTuple | ParamType::FdList | ParamType::Dyn,
            Param::Missing,
            _,
        ) => out.push(NO_BYTES),
        (_, Param::Missing, _) => out.push(UNKNOWN),
        (ParamType::RelTime, Param::Uint(u64::MAX), _) => out.push(b"none"),
        (ParamType::AbsTime, Param::Uint(value), _) => time::push_moment(out, ctx, value),
        (ParamType::Int(number), Param::Int(value), _) if number.radix == Radix::Hex => {
            push_digits(out, value as u64, number);
        }
        (ParamType::Uint(number), Param::Uint(value), _) => push_digits(out, value, number),
        (ParamType::Mode(_), Param::Uint(value), _) => push_octal(out, value),
        (ParamType::SigSet, Param::Uint(set), _) => push_signals(out, set),
        (ParamType::StrList | ParamType::Bytes | ParamType::Dyn, Param::Bytes(slice), _) => {
            out.push_printable(ctx.event.bytes(slice));
        }
        (_, Param::Bytes(slice), _) => out.push(ctx.event.bytes(slice)),
        (_, Param::Path(path), _) => out.push(ctx.event.bytes(path.raw)),
        (_, Param::Int(value), _) => out.format(format_args!("{value}")),
        (_, Param::Uint(value), _) => out.format(format_args!("{value}")),
    }
}

/// Whether it resolves to a name that is on its way.
fn is_pending(ctx: &Ctx, row: &ParamRow, param: Param) -> bool {
    let is_name = matches!((row.ty, param), (ParamType::Uid | ParamType::Gid, Param::Int(0..)));
    is_name && ctx.users().is_none()
}

/// All parameters: `fd=3(<f>/etc/passwd) dirfd=-100(AT_FDCWD) name=/etc/passwd`.
pub fn all<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    let mut out = Text::new(ctx);
    for (row, param) in ctx.event.kind.row().params.iter().zip(ctx.event.params()) {
        if is_pending(ctx, row, *param) {
            return Val::Pending;
        }
        if out.len() > 0 {
            out.push(b" ");
        }
        out.format(format_args!("{}=", row.name));
        push_raw(&mut out, ctx, row, *param);
        let mut resolved = Text::new(ctx);
        push_resolved(&mut resolved, ctx, row, *param);
        if resolved.len() > 0 {
            out.format(format_args!("("));
            out.push(resolved.bytes());
            out.push(b")");
        }
    }
    ctx.path_text(out.bytes())
}

/// A parameter by name: what it resolves to, else its raw text.
pub fn by_name<'a>(ctx: &Ctx<'a>, name: &str) -> Val<'a> {
    ctx.event.kind.row().position(name).map_or(Val::Missing, |at| by_number(ctx, at))
}

/// A parameter by its place in the row: what it resolves to, else its raw text.
pub fn by_number<'a>(ctx: &Ctx<'a>, at: usize) -> Val<'a> {
    let event = ctx.event;
    let Some(row) = event.kind.row().params.get(at) else {
        return Val::Missing;
    };
    let param = event.params().get(at).copied().unwrap_or_default();
    match (row.ty, param) {
        (ParamType::SockAddr | ParamType::SockTuple, _) if event.fd.is_some() => {}
        (_, Param::Missing) => return Val::Missing,
        // What needs no putting together is borrowed.
        (ParamType::Str | ParamType::RealPath, Param::Bytes(slice)) => return Val::Str(event.bytes(slice)),
        (_, Param::Path(path)) => return ctx.path_val(path),
        _ if is_pending(ctx, row, param) => return Val::Pending,
        _ => {}
    }
    let mut text = Text::new(ctx);
    push_resolved(&mut text, ctx, row, param);
    if text.len() == 0 {
        push_raw(&mut text, ctx, row, param);
    }
    // A descriptor is written with its path.
    if row.ty == ParamType::Fd { ctx.path_text(text.bytes()) } else { text.val() }
}

/// A parameter by name as it is: a number, bytes, or a path as it was given.
pub fn raw<'a>(ctx: &Ctx<'a>, name: &str) -> Val<'a> {
    let event = ctx.event;
    let Some(at) = event.kind.row().position(name) else { return Val::Missing };
    let row = &event.kind.row().params[at];
    match (row.ty, event.params().get(at).copied().unwrap_or_default()) {
        (ParamType::SockAddr | ParamType::SockTuple, param) if event.fd.is_some() => {
            let mut text = Text::new(ctx);
            push_raw(&mut text, ctx, row, param);
            text.val()
        }
        (_, Param::Missing) => Val::Missing,
        (_, Param::Int(value)) => Val::Int(value),
        (_, Param::Uint(value)) => Val::Uint(value),
        (_, Param::Bytes(slice)) => Val::Str(event.bytes(slice)),
        (_, Param::Path(path)) => Val::Str(event.bytes(path.raw)),
    }
}
