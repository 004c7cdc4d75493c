//! What sort of thing an event is about, and the data that it moved.

use crate::Type::{Bool, ByteBuf, CharBuf, Uint32, Uint64};
use crate::{Category, Ctx, FdKind, Field, FieldFlags, Kind, Param, Val};

use super::syscall::errors;

fn reads(kind: Kind) -> bool {
    kind.row().category == Category::IoRead
}

/// sendfile(2) writes too, but to another descriptor than its event is about, as in Falco.
fn writes(kind: Kind) -> bool {
    kind.row().category == Category::IoWrite && kind != Kind::Sendfile
}

fn waits(kind: Kind) -> bool {
    matches!(kind, Kind::EpollWait | Kind::Poll | Kind::Ppoll | Kind::Select | Kind::Nanosleep)
}

/// What sort of thing an event is about; where it moves data, what its descriptor stands for.
fn category(ctx: &Ctx) -> &'static str {
    let moved = || match ctx.event.fd.and_then(|fd| fd.kind) {
        Some(FdKind::File | FdKind::Directory) => "file",
        Some(FdKind::Ipv4 | FdKind::Ipv6) => "net",
        Some(FdKind::Unix | FdKind::Pipe) => "ipc",
        Some(_) | None => "unknown",
    };
    match ctx.event.kind.row().category {
        Category::IoRead | Category::IoWrite | Category::IoOther => moved(),
        Category::File => "file",
        Category::Process => "process",
        Category::Net => "net",
        Category::Ipc => "IPC",
        Category::Memory => "memory",
        Category::User => "user",
        Category::Signal => "signal",
        Category::Sleep => "sleep",
        Category::Time => "time",
        Category::Wait => "wait",
        Category::Scheduler => "scheduler",
        Category::System => "system",
        Category::Other => "other",
        Category::Internal => "internal",
    }
}

/// How many bytes were moved, where the event is one that moves so and its descriptor stands for such a thing.
fn moved<'a>(ctx: &Ctx<'a>, ways: &[Category], things: fn(FdKind) -> bool) -> Val<'a> {
    let so = ways.contains(&ctx.event.kind.row().category);
    let fits = so && ctx.event.fd.and_then(|fd| fd.kind).is_some_and(things);
    Val::uint(u64::try_from(ctx.event.res).ok().filter(|_| fits))
}

const ANY: &[Category] = &[Category::IoRead, Category::IoWrite, Category::IoOther];
const IN: &[Category] = &[Category::IoRead];
const OUT: &[Category] = &[Category::IoWrite];

fn file(kind: FdKind) -> bool {
    kind == FdKind::File
}

fn net(kind: FdKind) -> bool {
    matches!(kind, FdKind::Ipv4 | FdKind::Ipv6)
}

/// The data that were moved, or as much of them as were captured.
fn data<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    match ctx.event.param("data") {
        Some(Param::Bytes(data)) => Val::Str(ctx.event.bytes(data)),
        _ => Val::Missing,
    }
}

/// Whether the event wrote to the system's log.
fn to_syslog(ctx: &Ctx) -> bool {
    let log = |fd: crate::Fd| memchr::memmem::find(ctx.event.bytes(fd.path.given), b"/dev/log").is_some();
    writes(ctx.event.kind) && ctx.event.fd.is_some_and(log)
}

const TABLE_ONLY: FieldFlags = FieldFlags::TABLE_ONLY;

/// The family's rows.
pub const FIELDS: &[Field] = &[
    Field::new(
        "evt.category",
        CharBuf,
        "What sort of thing the event is about: `file`, `net`, `process`, `memory`…; where it moves data, what its \
         descriptor stands for: `file`, `net`, `ipc`.",
        |ctx| Val::Str(category(ctx).as_bytes()),
    ),
    Field::new("evt.buffer", ByteBuf, "The data that were read or written, or their beginning.", data),
    Field::new("evt.buflen", Uint64, "How many bytes were read or written.", |ctx| moved(ctx, ANY, |_| true)),
    Field::new("evt.buflen.in", Uint64, "How many bytes were read.", |ctx| moved(ctx, IN, |_| true))
        .with(TABLE_ONLY),
    Field::new("evt.buflen.out", Uint64, "How many bytes were written.", |ctx| moved(ctx, OUT, |_| true))
        .with(TABLE_ONLY),
    Field::new("evt.buflen.file", Uint64, "How many bytes were read from or written to a file.", |ctx| {
        moved(ctx, ANY, file)
    })
    .with(TABLE_ONLY),
    Field::new("evt.buflen.file.in", Uint64, "How many bytes were read from a file.", |ctx| {
        moved(ctx, IN, file)
    })
    .with(TABLE_ONLY),
    Field::new("evt.buflen.file.out", Uint64, "How many bytes were written to a file.", |ctx| {
        moved(ctx, OUT, file)
    })
    .with(TABLE_ONLY),
    Field::new(
        "evt.buflen.net",
        Uint64,
        "How many bytes were received from or sent to the network.",
        |ctx| moved(ctx, ANY, net),
    )
    .with(TABLE_ONLY),
    Field::new("evt.buflen.net.in", Uint64, "How many bytes were received from the network.", |ctx| {
        moved(ctx, IN, net)
    })
    .with(TABLE_ONLY),
    Field::new("evt.buflen.net.out", Uint64, "How many bytes were sent to the network.", |ctx| {
        moved(ctx, OUT, net)
    })
    .with(TABLE_ONLY),
    Field::new("evt.is_io", Bool, "Whether it reads or writes.", |ctx| {
        Val::Bool(reads(ctx.event.kind) || writes(ctx.event.kind))
    }),
    Field::new("evt.is_io_read", Bool, "Whether it reads.", |ctx| Val::Bool(reads(ctx.event.kind))),
    Field::new("evt.is_io_write", Bool, "Whether it writes.", |ctx| Val::Bool(writes(ctx.event.kind))),
    Field::new("evt.io_dir", CharBuf, "`read` or `write`.", |ctx| match ctx.event.kind {
        kind if reads(kind) => Val::Str(b"read"),
        kind if writes(kind) => Val::Str(b"write"),
        _ => Val::Missing,
    }),
    Field::new("evt.is_wait", Bool, "Whether it waits for descriptors or for time to pass.", |ctx| {
        Val::Bool(waits(ctx.event.kind))
    }),
    Field::new("evt.is_syslog", Bool, "Whether it wrote to the system's log.", |ctx| {
        Val::Bool(to_syslog(ctx))
    }),
    Field::new("evt.count.error.memory", Uint32, "The same of operations on memory alone.", |ctx| match ctx
        .event
        .kind
        .row()
        .category
    {
        Category::Memory => errors(ctx),
        _ => Val::Missing,
    }),
];

#[cfg(test)]
mod tests {
    use crate::Kind;
    use crate::sample::Sample;

    const FIELDS: [&str; 5] =
        ["evt.category", "evt.io_dir", "evt.buflen", "evt.buflen.net.out", "evt.buflen.file.in"];

    #[test]
    fn what_moves_data_is_told_from_what_does_not() {
        for (kind, name, expected) in [
            (Kind::Read, "/etc/passwd", ["file", "read", "12", "<NA>", "12"]),
            (Kind::Write, "/etc/passwd", ["file", "write", "12", "<NA>", "<NA>"]),
            (Kind::Sendto, "10.0.0.1:5->10.0.0.2:6", ["net", "write", "12", "12", "<NA>"]),
            (Kind::Recvfrom, "10.0.0.1:5->10.0.0.2:6", ["net", "read", "12", "<NA>", "<NA>"]),
            (Kind::Sendto, "/dev/log", ["ipc", "write", "12", "<NA>", "<NA>"]),
            (Kind::Openat, "/etc/passwd", ["file", "<NA>", "<NA>", "<NA>", "<NA>"]),
            (Kind::Connect, "10.0.0.1:5->10.0.0.2:6", ["net", "<NA>", "<NA>", "<NA>", "<NA>"]),
        ] {
            let mut sample = Sample::new(kind);
            sample.set("fd.name", name).unwrap();
            sample.set("evt.rawres", "12").unwrap();
            assert_eq!(FIELDS.map(|field| sample.text(field)), expected, "{kind:?} {name}");
            let logged = (name == "/dev/log").to_string();
            assert_eq!(sample.text("evt.is_syslog"), logged, "{kind:?} {name}");
            sample.set("evt.res", "EINVAL").unwrap();
            assert_eq!(sample.text("evt.buflen"), "<NA>");
        }
    }

    #[test]
    fn sorts_are_named() {
        for (kind, category, waits) in [
            (Kind::Mmap, "memory", "false"),
            (Kind::Poll, "wait", "true"),
            (Kind::EpollCreate, "wait", "false"),
            (Kind::Setuid, "user", "false"),
            (Kind::Socketpair, "IPC", "false"),
            (Kind::Close, "unknown", "false"),
            (Kind::Container, "process", "false"),
        ] {
            let sample = Sample::new(kind);
            let values = (sample.text("evt.category"), sample.text("evt.is_wait"));
            assert_eq!(values, (category.to_owned(), waits.to_owned()), "{kind:?}");
        }
        let mut sample = Sample::new(Kind::Mmap);
        sample.set("evt.res", "ENOMEM").unwrap();
        assert_eq!(sample.text("evt.count.error.memory"), "1");
        assert_eq!(sample.text("evt.count.error.other"), "<NA>");
    }

    #[test]
    fn data_are_read() {
        let mut sample = Sample::new(Kind::Write);
        assert_eq!(sample.text("evt.buffer"), "<NA>");
        sample.set("evt.buffer", "hello").unwrap();
        assert_eq!(sample.text("evt.buffer"), "hello");
        assert!(Sample::new(Kind::Openat).set("evt.buffer", "hello").is_err());
    }
}
