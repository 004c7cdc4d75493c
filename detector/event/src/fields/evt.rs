//! Fields of the event itself.

use super::params;
use crate::Type::{AbsTime, Bool, CharBuf, Int16, Int64, Uint64};
use crate::flags::O_F_CREATED;
use crate::{Arg, ArgRule, Ctx, EventFlags, Field, FieldFlags, Kind, Param, Val};

const SECOND: u64 = 1_000_000_000;
/// The access mode of open(2), which is read, write or both.
const O_ACCMODE: u64 = 0o3;
/// The flags of open(2) with which a file is made; that of a file without a name has two bits.
const O_CREAT: u64 = 0o100;
const O_TMPFILE: u64 = 0o20_200_000;
/// The bits of a mode with which somebody may execute a file.
const MODE_EXEC: u64 = 0o111;

/// The flags of an open, where the event is one.
fn open_flags(ctx: &Ctx) -> Option<u64> {
    match ctx.event.param("flags") {
        Some(Param::Uint(flags)) if ctx.event.kind.is_open() => Some(flags),
        // creat(2) is open(2) with O_CREAT|O_WRONLY|O_TRUNC.
        _ if ctx.event.kind == Kind::Creat => Some(0o1101),
        _ => None,
    }
}

/// Whether the event is an open whose flags are so.
fn opened<'a>(ctx: &Ctx<'a>, so: fn(u64) -> bool) -> Val<'a> {
    Val::Bool(open_flags(ctx).is_some_and(so))
}

fn makes_executable(ctx: &Ctx) -> bool {
    let mode = match ctx.event.param("mode") {
        Some(Param::Uint(mode)) => mode,
        _ => 0,
    };
    let makes = |flags: u64| flags & O_CREAT != 0 || flags & O_TMPFILE == O_TMPFILE;
    open_flags(ctx).is_some_and(makes) && mode & MODE_EXEC != 0
}

/// Whether the open made its file: a named one, or one of its own without a name.
fn created(ctx: &Ctx) -> bool {
    let made = |flags: u64| flags & O_F_CREATED != 0 || flags & O_TMPFILE == O_TMPFILE && ctx.event.res >= 0;
    open_flags(ctx).is_some_and(made)
}

/// What the operation returned, where the event is one that returns something.
fn result(ctx: &Ctx) -> Option<i64> {
    let first = ctx.event.kind.row().params.first()?;
    matches!(first.name, "res" | "fd").then_some(ctx.event.res)
}

/// `2026-11-24T08:00:00.000000000+0000`: the calendar is that of Howard Hinnant's `civil_from_days`.
fn iso_8601<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    let (seconds, nanoseconds) = (ctx.event.time / SECOND, ctx.event.time % SECOND);
    let days = seconds / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    ctx.text(format_args!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanoseconds:09}+0000"
    ))
}

/// The family's rows.
pub const FIELDS: &[Field] = &[
    Field::new("evt.num", Uint64, "The event's number, from 1.", |ctx| Val::Uint(ctx.event.num)),
    Field::new("evt.time.iso8601", CharBuf, "When it happened, in UTC.", iso_8601),
    Field::new("evt.rawtime", AbsTime, "When it happened, in nanoseconds since 1970-01-01 UTC.", |ctx| {
        Val::Uint(ctx.event.time)
    }),
    Field::new("evt.rawtime.s", AbsTime, "The whole seconds of `evt.rawtime`.", |ctx| {
        Val::Uint(ctx.event.time / SECOND)
    }),
    Field::new("evt.rawtime.ns", AbsTime, "The nanoseconds of `evt.rawtime` past its second.", |ctx| {
        Val::Uint(ctx.event.time % SECOND)
    }),
    Field::new("evt.source", CharBuf, "Where the event comes from: `syscall`.", |_| Val::Str(b"syscall")),
    Field::new("evt.hostname", CharBuf, "The host's name.", |ctx| Val::Str(ctx.host.hostname.as_bytes())),
    Field::new("evt.cpu", Int16, "The processor it happened on.", |ctx| Val::Int(ctx.event.cpu.into())),
    Field::new("evt.type", CharBuf, "The event's kind, such as `openat`.", |ctx| {
        Val::Str(ctx.event.kind.row().name.as_bytes())
    }),
    Field::new("syscall.type", CharBuf, "The syscall, such as `openat`.", |ctx| match ctx.event.kind {
        Kind::Container | Kind::Procexit | Kind::Pluginevent => Val::Missing,
        kind => Val::Str(kind.row().name.as_bytes()),
    }),
    Field::new("evt.dir", CharBuf, "Always `<`: events tell what has been done.", |_| Val::Str(b"<"))
        .with(FieldFlags::DEPRECATED),
    Field::new("evt.args", CharBuf, "All parameters, each as `name=value`.", params::all)
        .with(FieldFlags::PATH),
    Field::new("evt.info", CharBuf, "The same as `evt.args`.", params::all).with(FieldFlags::PATH),
    Field::new("evt.arg", CharBuf, "A parameter, as a text: `evt.arg.flags contains O_CREAT`.", |ctx| {
        match ctx.arg {
            Arg::Key(name) => params::by_name(ctx, name),
            _ => Val::Missing,
        }
    })
    .arg(ArgRule::Param)
    .with(FieldFlags::PATH),
    Field::new("evt.res", CharBuf, "`SUCCESS`, or the name of the errno.", |ctx| match result(ctx) {
        None => Val::Missing,
        Some(0..) => Val::Str(b"SUCCESS"),
        Some(result) => match super::errno::name(result) {
            Some(name) => Val::Str(name.as_bytes()),
            None => ctx.text(format_args!("{result}")),
        },
    }),
    Field::new("evt.rawres", Int64, "What the operation returned; negative is an errno.", |ctx| {
        Val::int(result(ctx))
    }),
    Field::new("evt.failed", Bool, "Whether it failed.", |ctx| {
        Val::Bool(result(ctx).is_some_and(|result| result < 0))
    }),
    Field::new("evt.is_async", Bool, "Whether the kernel did it on behalf of a request (io_uring).", |ctx| {
        Val::Bool(ctx.event.flags.contains(EventFlags::ASYNC))
    }),
    Field::new("evt.is_open_read", Bool, "Whether a file was opened to be read.", |ctx| {
        opened(ctx, |flags| matches!(flags & O_ACCMODE, 0 | 2))
    }),
    Field::new(
        "evt.is_open_write",
        Bool,
        "Whether a file was opened to be written, by creat(2) too.",
        |ctx| opened(ctx, |flags| matches!(flags & O_ACCMODE, 1 | 2)),
    ),
    Field::new("evt.is_open_create", Bool, "Whether the file was made by this open.", |ctx| {
        Val::Bool(created(ctx))
    }),
    Field::new("evt.is_open_exec", Bool, "Whether a file was made that somebody may execute.", |ctx| {
        Val::Bool(makes_executable(ctx))
    }),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Sample;

    #[test]
    fn times_are_written_in_utc() {
        for (time, expected) in [
            (0, "1970-01-01T00:00:00.000000000+0000"),
            (951_782_400_000_000_001, "2000-02-29T00:00:00.000000001+0000"),
            (1_762_000_000_123_456_789, "2025-11-01T12:26:40.123456789+0000"),
            (u64::MAX, "2554-07-21T23:34:33.709551615+0000"),
        ] {
            let mut sample = Sample::new(Kind::Openat);
            sample.event.time = time;
            assert_eq!(sample.text("evt.time.iso8601"), expected);
        }
    }

    #[test]
    fn opens_are_told_apart() {
        for (flags, mode, res, expected) in [
            (0, 0, 3, [true, false, false, false]),
            (0o1, 0, 3, [false, true, false, false]),
            (0o2, 0o777, 3, [true, true, false, false]),
            (0o101, 0o644, 3, [false, true, false, false]),
            (0o101 | O_F_CREATED, 0o744, 3, [false, true, true, true]),
            (O_TMPFILE | 0o2, 0o600, 3, [true, true, true, false]),
            (O_TMPFILE | 0o2, 0o600, -1, [true, true, false, false]),
        ] {
            let mut sample = Sample::new(Kind::Openat);
            sample.param("flags", Param::Uint(flags));
            sample.param("mode", Param::Uint(mode));
            sample.event.res = res;
            let fields = ["read", "write", "create", "exec"];
            let opened = fields.map(|field| sample.text(&format!("evt.is_open_{field}")) == "true");
            assert_eq!(opened, expected, "{flags:o} {mode:o}");
        }
    }
}
