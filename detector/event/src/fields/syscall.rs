//! Fields of what a syscall did.

use super::open::{created, makes_executable, opened};
use super::text::Text;
use super::time::{self, SECOND};
use super::{count, errno, infra, io, joined, params};
use crate::Type::{Bool, CharBuf, Int16, Int64, RelTime, Uint32, Uint64};
use crate::{
    Arg, ArgRule, Category, Class, Ctx, EventFlags, FdKind, Field, FieldFlags, Kind, Param, ParamType, Type,
    Val,
};

/// Nanoseconds in a millisecond.
const MILLISECOND: u64 = 1_000_000;

const DEPRECATED: FieldFlags = FieldFlags::DEPRECATED;
const TABLE_ONLY: FieldFlags = FieldFlags::TABLE_ONLY;

/// What the operation returned, where the event is one that returns something.
fn doubts<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    let mut out = Text::new(ctx);
    for (flag, name) in EventFlags::DOUBTS {
        if ctx.event.flags.contains(flag) {
            if out.len() > 0 {
                out.push(b",");
            }
            out.push(name.as_bytes());
        }
    }
    if out.len() == 0 { Val::Missing } else { out.val() }
}

fn result(ctx: &Ctx) -> Option<i64> {
    let row = ctx.event.kind.row();
    (row.class == Class::Syscall && !row.params.is_empty()).then_some(ctx.event.res)
}

/// 1 where the operation failed, 0 where it didn't, missing where it returns nothing.
pub fn errors<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    Val::uint(result(ctx).map(|result| u64::from(result < 0)))
}

/// What an operation is about, as its failures are counted.
#[derive(PartialEq)]
enum About {
    File,
    Net,
    Memory,
    Other,
}

fn about(ctx: &Ctx) -> About {
    match (ctx.event.fd.and_then(|fd| fd.kind), ctx.event.kind) {
        (Some(FdKind::File | FdKind::Directory), _) => About::File,
        (Some(FdKind::Ipv4 | FdKind::Ipv6 | FdKind::Unix), _) => About::Net,
        (Some(_), _) => About::Other,
        (None, kind) if kind.is_open() => About::File,
        (None, Kind::Accept | Kind::Accept4 | Kind::Connect) => About::Net,
        (None, kind) if kind.row().category == Category::Memory => About::Memory,
        (None, _) => About::Other,
    }
}

fn errors_about<'a>(ctx: &Ctx<'a>, wanted: About) -> Val<'a> {
    if about(ctx) == wanted { errors(ctx) } else { Val::Missing }
}

/// How long after the event before it happened, in nanoseconds.
fn since_previous(ctx: &Ctx) -> u64 {
    match ctx.host.times.previous {
        0 => 0,
        previous => ctx.event.time.saturating_sub(previous),
    }
}

/// A path that was given relative to a directory descriptor: the first or the second where there are two.
fn at_path<'a>(ctx: &Ctx<'a>, second: bool) -> Val<'a> {
    let rows = ctx.event.kind.row().params;
    let at = |row: &&crate::ParamRow| row.ty == ParamType::Fd && row.name.contains("dir");
    if rows.iter().filter(at).count() == 0 {
        return Val::Missing;
    }
    let mut paths = rows.iter().zip(ctx.event.params()).filter(|(row, _)| row.ty == ParamType::Path);
    let first = paths.next();
    let wanted = if second { paths.next().or(first) } else { first };
    match wanted {
        Some((_, Param::Path(path))) => ctx.path_val(*path),
        _ => Val::Missing,
    }
}

const PARTS: &[&[Field]] = &[TIME, WHAT, RESULT, io::FIELDS, OLD, infra::FIELDS];

/// The family's rows.
pub const FIELDS: &[Field] = &joined::<{ count(PARTS) }>(PARTS);

const TIME: &[Field] = &[
    Field::new("evt.latency", RelTime, "Always 0, as in Falco: events don't tell how long they took.", zero)
        .with(DEPRECATED),
    Field::new("evt.latency.s", RelTime, "Always 0; see `evt.latency`.", zero).with(DEPRECATED),
    Field::new("evt.latency.ns", RelTime, "Always 0; see `evt.latency`.", zero).with(DEPRECATED),
    Field::new("evt.latency.quantized", Uint64, "Always 0; see `evt.latency`.", zero)
        .with(DEPRECATED.union(TABLE_ONLY)),
    Field::new("evt.latency.human", CharBuf, "Always `0ns`; see `evt.latency`.", |_| Val::Str(b"0ns"))
        .with(DEPRECATED),
    Field::new(
        "evt.deltatime",
        RelTime,
        "How long after the event before it happened, in nanoseconds.",
        |ctx| Val::Uint(since_previous(ctx)),
    ),
    Field::new("evt.deltatime.s", RelTime, "The whole seconds of `evt.deltatime`.", |ctx| {
        Val::Uint(since_previous(ctx) / SECOND)
    }),
    Field::new("evt.deltatime.ns", RelTime, "The nanoseconds of `evt.deltatime` past its second.", |ctx| {
        Val::Uint(since_previous(ctx) % SECOND)
    }),
    Field::new(
        "evt.around",
        Uint64,
        "How far from a time it happened, in milliseconds; the time is in nanoseconds since 1970-01-01 UTC. \
         `evt.around[1700000000000000000] = 500` is true up to half a second before and after.",
        |ctx| match ctx.arg {
            Arg::Time(time) => Val::Uint(ctx.event.time.abs_diff(*time).div_ceil(MILLISECOND)),
            _ => Val::Missing,
        },
    )
    .arg(ArgRule::Time)
    .with(FieldFlags::AT_MOST.union(FieldFlags::FILTER_ONLY).union(FieldFlags::NO_RHS))
    .with(FieldFlags::NO_TRANSFORMER),
    Field::new("evt.outputtime", CharBuf, "The same as `evt.time`.", |ctx| time::local(ctx, false, true))
        .with(FieldFlags::PRINT_ONLY),
];

const WHAT: &[Field] = &[
    Field::new("evt.dir", CharBuf, "Always `<`: events tell what has been done.", |_| Val::Str(b"<"))
        .with(DEPRECATED),
    Field::new("evt.type", CharBuf, "The event's kind, such as `openat`.", |ctx| {
        Val::Str(ctx.event.kind.row().name.as_bytes())
    }),
    Field::new("evt.type.is", Uint32, "1 where the event is of that kind, else 0.", |ctx| match ctx.arg {
        Arg::Key(name) => Val::Uint((ctx.event.kind.row().name == &**name).into()),
        _ => Val::Missing,
    })
    .arg(ArgRule::Kind),
    Field::new("syscall.type", CharBuf, "The syscall, such as `openat`.", |ctx| match ctx.event.kind {
        kind if kind.row().is_syscall() => Val::Str(kind.row().name.as_bytes()),
        _ => Val::Missing,
    }),
    Field::new("evt.cpu", Int16, "The processor it happened on.", |ctx| Val::Int(ctx.event.cpu.into())),
    Field::new("evt.args", CharBuf, "All parameters, each as `name=value`.", params::all)
        .with(FieldFlags::PATH.union(FieldFlags::LATE).union(FieldFlags::USAGE_AT_START)),
    Field::new("evt.arg", CharBuf, "A parameter, as a text: `evt.arg.flags contains O_CREAT`.", |ctx| {
        match ctx.arg {
            Arg::Key(name) => params::by_name(ctx, name),
            Arg::Index(number) => params::by_number(ctx, *number as usize),
            Arg::None | Arg::Time(_) => Val::Missing,
        }
    })
    .arg(ArgRule::Param)
    .with(FieldFlags::PATH.union(FieldFlags::LATE)),
    Field::new(
        "evt.rawarg",
        Type::Opaque,
        "A parameter as it is, not as a text: `evt.rawarg.res < 0`. Flags have the kernel's numbers.",
        |ctx| match ctx.arg {
            Arg::Key(name) => params::raw(ctx, name),
            _ => Val::Missing,
        },
    )
    .arg(ArgRule::RawParam)
    .with(FieldFlags::NO_RHS.union(FieldFlags::NO_TRANSFORMER)),
    Field::new("evt.info", CharBuf, "The same as `evt.args`.", params::all)
        .with(FieldFlags::PATH.union(FieldFlags::LATE).union(FieldFlags::USAGE_AT_START)),
    Field::new(
        "evt.doubts",
        CharBuf,
        "What leaves the event in doubt, a comma between: `truncated`, a text was cut; `raced`, a path was changed while \
         it was read; `late`, a real path was looked up after the event.",
        doubts,
    ),
    Field::new(
        "evt.abspath",
        CharBuf,
        "The path that was given relative to a directory descriptor, made absolute.",
        |ctx| at_path(ctx, false),
    )
    .with(FieldFlags::PATH),
    Field::new(
        "evt.abspath.src",
        CharBuf,
        "The first of two paths that were given relative to directory descriptors.",
        |ctx| at_path(ctx, false),
    )
    .with(FieldFlags::PATH),
    Field::new(
        "evt.abspath.dst",
        CharBuf,
        "The second of two paths that were given relative to directory descriptors.",
        |ctx| at_path(ctx, true),
    )
    .with(FieldFlags::PATH),
    Field::new("evt.is_open_read", Bool, "Whether a file was opened to be read.", |ctx| {
        opened(ctx, |mode| matches!(mode, 0 | 2))
    }),
    Field::new(
        "evt.is_open_write",
        Bool,
        "Whether a file was opened to be written, by creat(2) too.",
        |ctx| opened(ctx, |mode| matches!(mode, 1 | 2)),
    ),
    Field::new("evt.is_open_exec", Bool, "Whether a file was made that somebody may execute.", |ctx| {
        Val::Bool(makes_executable(ctx))
    }),
    Field::new("evt.is_open_create", Bool, "Whether the file was made by this open.", |ctx| {
        Val::Bool(created(ctx))
    }),
];

const RESULT: &[Field] = &[
    Field::new("evt.res", CharBuf, "`SUCCESS`, or the name of the errno.", |ctx| match result(ctx) {
        None => Val::Missing,
        Some(0..) => Val::Str(b"SUCCESS"),
        Some(result) => match errno::name(result) {
            Some(name) => Val::Str(name.as_bytes()),
            None => ctx.text(format_args!("{result}")),
        },
    }),
    Field::new("evt.rawres", Int64, "What the operation returned; negative is an errno.", |ctx| {
        Val::int(result(ctx))
    }),
    Field::new("evt.failed", Bool, "Whether it failed.", |ctx| match result(ctx) {
        Some(result) => Val::Bool(result < 0),
        None => Val::Missing,
    }),
    Field::new("evt.wait_latency", RelTime, "Always 0; see `evt.latency`.", zero).with(DEPRECATED),
    Field::new("evt.count", Uint32, "Always 1: events are counted by adding it up.", |_| Val::Uint(1)),
    Field::new("evt.count.error", Uint32, "1 where the operation failed, 0 where it didn't.", errors),
    Field::new("evt.count.error.file", Uint32, "The same of operations on files alone.", |ctx| {
        errors_about(ctx, About::File)
    }),
    Field::new("evt.count.error.net", Uint32, "The same of operations on sockets alone.", |ctx| {
        errors_about(ctx, About::Net)
    }),
    Field::new("evt.count.error.other", Uint32, "The same of all other operations.", |ctx| {
        errors_about(ctx, About::Other)
    }),
    Field::new("evt.count.exit", Uint32, "Always 1: events tell what has been done.", |_| Val::Uint(1)),
];

const OLD: &[Field] = &[
    Field::new("evt.count.procinfo", Uint32, "Always 0: no event tells of a process's usage.", zero)
        .with(TABLE_ONLY),
    Field::new("evt.count.threadinfo", Uint32, "Always 0: no event tells of a thread's usage.", zero)
        .with(TABLE_ONLY),
];

fn zero<'a>(_: &Ctx<'a>) -> Val<'a> {
    Val::Uint(0)
}

#[cfg(test)]
mod tests {
    use crate::Kind;
    use crate::sample::Sample;

    #[test]
    fn failures_are_counted_by_what_they_are_about() {
        for (kind, result, expected) in [
            (Kind::Openat, "EPERM", ["true", "1", "1", "<NA>", "<NA>"]),
            (Kind::Openat, "SUCCESS", ["false", "0", "0", "<NA>", "<NA>"]),
            (Kind::Connect, "EPERM", ["true", "1", "<NA>", "<NA>", "1"]),
            (Kind::Rename, "EPERM", ["true", "1", "<NA>", "<NA>", "1"]),
            (Kind::Procexit, "SUCCESS", ["<NA>"; 5]),
        ] {
            let mut sample = Sample::new(kind);
            sample.set("evt.res", result).unwrap();
            let fields =
                ["failed", "count.error", "count.error.file", "count.error.net", "count.error.other"];
            let values = fields.map(|field| sample.text(&format!("evt.{field}")));
            assert_eq!(values, expected, "{kind:?} {result}");
        }
        let mut sample = Sample::new(Kind::Connect);
        sample.set("fd.name", "10.0.0.1:5->10.0.0.2:6").unwrap();
        sample.set("evt.res", "ECONNREFUSED").unwrap();
        assert_eq!(sample.text("evt.count.error.net"), "1");
    }

    #[test]
    fn paths_at_a_directory_are_made_absolute() {
        for (kind, first, second, expected) in [
            (Kind::Renameat, "oldpath", Some("newpath"), ["/a", "/a", "/b"]),
            (Kind::Linkat, "oldpath", Some("newpath"), ["/a", "/a", "/b"]),
            (Kind::Unlinkat, "name", None, ["/a", "/a", "/a"]),
            (Kind::Openat, "name", None, ["/a", "/a", "/a"]),
            (Kind::Symlinkat, "linkpath", None, ["/a", "/a", "/a"]),
            (Kind::Rename, "oldpath", Some("newpath"), ["<NA>"; 3]),
        ] {
            let mut sample = Sample::new(kind);
            sample.set(&format!("evt.arg.{first}"), "/a").unwrap();
            if let Some(second) = second {
                sample.set(&format!("evt.arg.{second}"), "/b").unwrap();
            }
            let fields = ["evt.abspath", "evt.abspath.src", "evt.abspath.dst"];
            assert_eq!(fields.map(|field| sample.text(field)), expected, "{kind:?}");
        }
    }

    #[test]
    fn kinds_are_asked_for_by_name() {
        let sample = Sample::new(Kind::Openat);
        assert_eq!([sample.text("evt.type.is.openat"), sample.text("evt.type.is.open")], ["1", "0"]);
        assert!(crate::FieldRef::from_name("evt.type.is.opn").is_err());
        assert!(crate::FieldRef::from_name("evt.type.is").is_err());
    }
}
