//! The parameters of an event as texts, as Falco writes them.

use std::fmt::Write;

use crate::{Ctx, Endpoint, Fd, FdKind, Param, ParamRow, ParamType, Role, Val, flag_text};

/// The errnos that Falco's rules name, by number on x86_64 and aarch64.
const ERRNOS: &[(i64, &str)] = &[
    (1, "EPERM"),
    (2, "ENOENT"),
    (3, "ESRCH"),
    (4, "EINTR"),
    (5, "EIO"),
    (6, "ENXIO"),
    (7, "E2BIG"),
    (8, "ENOEXEC"),
    (9, "EBADF"),
    (10, "ECHILD"),
    (11, "EAGAIN"),
    (12, "ENOMEM"),
    (13, "EACCES"),
    (14, "EFAULT"),
    (16, "EBUSY"),
    (17, "EEXIST"),
    (18, "EXDEV"),
    (19, "ENODEV"),
    (20, "ENOTDIR"),
    (21, "EISDIR"),
    (22, "EINVAL"),
    (23, "ENFILE"),
    (24, "EMFILE"),
    (26, "ETXTBSY"),
    (27, "EFBIG"),
    (28, "ENOSPC"),
    (30, "EROFS"),
    (31, "EMLINK"),
    (32, "EPIPE"),
    (36, "ENAMETOOLONG"),
    (38, "ENOSYS"),
    (39, "ENOTEMPTY"),
    (40, "ELOOP"),
    (88, "ENOTSOCK"),
    (95, "EOPNOTSUPP"),
    (97, "EAFNOSUPPORT"),
    (98, "EADDRINUSE"),
    (99, "EADDRNOTAVAIL"),
    (101, "ENETUNREACH"),
    (104, "ECONNRESET"),
    (106, "EISCONN"),
    (110, "ETIMEDOUT"),
    (111, "ECONNREFUSED"),
    (113, "EHOSTUNREACH"),
    (114, "EALREADY"),
    (115, "EINPROGRESS"),
];

/// `SUCCESS`, or the errno's name, or its number.
pub fn push_result(out: &mut String, result: i64) {
    match ERRNOS.iter().find(|(number, _)| *number == -result) {
        _ if result >= 0 => out.push_str("SUCCESS"),
        Some((_, name)) => out.push_str(name),
        // Writing to a string can't fail.
        None => drop(write!(out, "{result}")),
    }
}

/// The letter of a kind of descriptor: what `fd.typechar` says.
pub fn type_char(fd: &Fd) -> char {
    match fd.kind {
        None => '?',
        Some(FdKind::File) => 'f',
        Some(FdKind::Directory) => 'd',
        Some(FdKind::Ipv4) => '4',
        Some(FdKind::Ipv6) => '6',
        Some(FdKind::Unix) => 'u',
        Some(FdKind::Other) => 'o',
    }
}

fn push_endpoint(out: &mut String, end: Endpoint) {
    let _ = write!(out, "{}:{}", end.ip, end.port);
}

/// The ends of a connection, the client first.
pub fn ends(fd: &Fd) -> Option<(Option<Endpoint>, Option<Endpoint>)> {
    let socket = fd.socket?;
    Some(match socket.role {
        Role::Server => (socket.peer, socket.local),
        Role::Client | Role::Unknown => (socket.local, socket.peer),
    })
}

/// The name of a socket: `client->server`, or the one end that there is.
pub fn push_socket(out: &mut String, fd: &Fd) {
    match ends(fd) {
        Some((Some(client), Some(server))) => {
            push_endpoint(out, client);
            out.push_str("->");
            push_endpoint(out, server);
        }
        Some((Some(end), None) | (None, Some(end))) => push_endpoint(out, end),
        _ => {}
    }
}

fn push_fd(out: &mut String, ctx: &Ctx, number: i64) {
    let own = ctx.event.fd.filter(|fd| fd.num == number && number >= 0);
    match own {
        Some(fd) => {
            let _ = write!(out, "{number}(<{}>", type_char(&fd));
            if fd.path.given.len > 0 {
                out.push_str(&String::from_utf8_lossy(ctx.path(fd.path)));
            } else {
                push_socket(out, &fd);
            }
            out.push(')');
        }
        None if number == -100 => out.push_str("AT_FDCWD"),
        None if number < 0 => push_result(out, number),
        None => drop(write!(out, "{number}")),
    }
}

fn push_user(out: &mut String, ctx: &Ctx, uid: u32) {
    match ctx.host.users.users.get(&uid) {
        Some(user) => out.push_str(&String::from_utf8_lossy(&user.name)),
        None => drop(write!(out, "{uid}")),
    }
}

/// Appends a parameter as a text.
pub fn push_param(out: &mut String, ctx: &Ctx, row: &ParamRow, param: Param) {
    match (row.ty, param) {
        (ParamType::SockAddr | ParamType::SockTuple, _) => {
            if let Some(fd) = ctx.event.fd {
                if fd.path.given.len > 0 {
                    out.push_str(&String::from_utf8_lossy(ctx.path(fd.path)));
                } else {
                    push_socket(out, &fd);
                }
            }
        }
        (_, Param::Missing) => {}
        (ParamType::Errno, Param::Int(value)) => push_result(out, value),
        (ParamType::Fd, Param::Int(value)) => push_fd(out, ctx, value),
        (ParamType::Flags(names), Param::Uint(value)) => flag_text(value, names, out),
        (ParamType::Mode, Param::Uint(value)) => drop(write!(out, "0{value:o}")),
        (ParamType::Uid, Param::Int(value)) => push_user(out, ctx, value as u32),
        (ParamType::StrList, Param::Bytes(slice)) => {
            let text = ctx.event.bytes(slice);
            let text = text.strip_suffix(b"\0").unwrap_or(text);
            out.push_str(&String::from_utf8_lossy(text).replace('\0', " "));
        }
        (_, Param::Bytes(slice)) => out.push_str(&String::from_utf8_lossy(ctx.event.bytes(slice))),
        (_, Param::Path(path)) => out.push_str(&String::from_utf8_lossy(ctx.path(path))),
        (_, Param::Int(value)) => drop(write!(out, "{value}")),
        (_, Param::Uint(value)) => drop(write!(out, "{value}")),
    }
}

/// The value of a parameter: its bytes as they are where it is a text, else as Falco writes it.
pub fn param<'a>(ctx: &Ctx<'a>, name: &str) -> Val<'a> {
    let event = ctx.event;
    let Some(at) = event.kind.row().params.iter().position(|row| row.name == name) else {
        return Val::Missing;
    };
    let row = &event.kind.row().params[at];
    let param = event.params().get(at).copied().unwrap_or(Param::Missing);
    match (row.ty, param) {
        (ParamType::SockAddr | ParamType::SockTuple, _) if event.fd.is_some() => {}
        (_, Param::Missing) => return Val::Missing,
        (ParamType::Str, Param::Bytes(slice)) => return Val::Str(event.bytes(slice)),
        (_, Param::Path(path)) => return Val::Str(ctx.path(path)),
        _ => {}
    }
    let mut text = String::new();
    push_param(&mut text, ctx, row, param);
    Val::Str(ctx.scratch.alloc_slice_copy(text.as_bytes()))
}
