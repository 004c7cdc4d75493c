//! Fields of the event itself.

use super::params;
use crate::Type::{Bool, CharBuf, Int64, Uint64};
use crate::{Arg, ArgRule, Ctx, EventFlags, Field, FieldFlags, Kind, Param, Val};

/// The access mode of open(2): read, write or both.
const O_ACCMODE: u64 = 3;

/// The flags of an open, where the event is one.
fn open_flags(ctx: &Ctx) -> Option<u64> {
    match ctx.event.param("flags") {
        Some(Param::Uint(flags)) if ctx.event.kind.is_open() => Some(flags),
        // creat(2) is open(2) with O_CREAT|O_WRONLY|O_TRUNC.
        _ if ctx.event.kind == Kind::Creat => Some(0o1101),
        _ => None,
    }
}

fn argument<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    match ctx.arg {
        Arg::Key(name) => params::param(ctx, name),
        _ => Val::Missing,
    }
}

fn arguments<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    let mut text = String::new();
    for (row, param) in ctx.event.kind.row().params.iter().zip(ctx.event.params()) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(row.name);
        text.push('=');
        params::push_param(&mut text, ctx, row, *param);
    }
    ctx.text(format_args!("{text}"))
}

/// The family's rows.
pub const FIELDS: &[Field] = &[
    Field::new("evt.num", Uint64, "The event's number, from 1.", |ctx| Val::Uint(ctx.event.num)),
    Field::new(
        "evt.rawtime",
        Type::AbsTime,
        "When it happened, in nanoseconds since 1970-01-01 UTC.",
        |ctx| Val::Uint(ctx.event.time),
    ),
    Field::new("evt.type", CharBuf, "The event's kind, such as `openat`.", |ctx| {
        Val::Str(ctx.event.kind.row().name.as_bytes())
    }),
    Field::new("syscall.type", CharBuf, "The syscall, such as `openat`.", |ctx| match ctx.event.kind {
        Kind::Container | Kind::Procexit => Val::Missing,
        kind => Val::Str(kind.row().name.as_bytes()),
    }),
    Field::new("evt.args", CharBuf, "All parameters, each as `name=value`.", arguments)
        .with(FieldFlags::PATH),
    Field::new(
        "evt.arg",
        CharBuf,
        "A parameter by name, as a text: `evt.arg.flags contains O_CREAT`.",
        argument,
    )
    .arg(ArgRule::Param)
    .with(FieldFlags::PATH),
    Field::new("evt.res", CharBuf, "`SUCCESS`, or the name of the errno.", |ctx| {
        let mut text = String::new();
        params::push_result(&mut text, ctx.event.res);
        ctx.text(format_args!("{text}"))
    }),
    Field::new("evt.rawres", Int64, "What the operation returned; negative is an errno.", |ctx| {
        Val::Int(ctx.event.res)
    }),
    Field::new("evt.failed", Bool, "Whether it failed.", |ctx| Val::Bool(ctx.event.res < 0)),
    Field::new("evt.is_async", Bool, "Whether the kernel did it on behalf of a request (io_uring).", |ctx| {
        Val::Bool(ctx.event.flags.contains(EventFlags::ASYNC))
    }),
    Field::new("evt.is_open_read", Bool, "Whether a file was opened to be read.", |ctx| {
        Val::Bool(open_flags(ctx).is_some_and(|flags| matches!(flags & O_ACCMODE, 0 | 2)))
    }),
    Field::new("evt.is_open_write", Bool, "Whether a file was opened to be written.", |ctx| {
        Val::Bool(open_flags(ctx).is_some_and(|flags| matches!(flags & O_ACCMODE, 1 | 2)))
    }),
    Field::new("evt.is_open_create", Bool, "Whether a file was opened with `O_CREAT`.", |ctx| {
        Val::Bool(open_flags(ctx).is_some_and(|flags| flags & 0o100 != 0))
    }),
    Field::new("evt.hostname", CharBuf, "The host's name.", |ctx| Val::Str(ctx.host.hostname.as_bytes())),
];

use crate::Type;
