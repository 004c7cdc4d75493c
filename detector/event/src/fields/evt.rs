//! Fields that events of every source have.

use super::time::{self, SECOND};
use crate::Type::{AbsTime, Bool, CharBuf, RelTime, Uint64};
use crate::{Ctx, EventFlags, Field, Kind, Val};

/// How long after the first event of its source it happened, in nanoseconds.
fn since_first(ctx: &Ctx) -> u64 {
    match ctx.host.times.first {
        0 => 0,
        first => ctx.event.time.saturating_sub(first),
    }
}

/// What was made known after the fact, as a container's start is.
fn is_announced(ctx: &Ctx) -> bool {
    ctx.event.kind == Kind::Container
}

/// The family's rows.
pub const FIELDS: &[Field] = &[
    Field::new("evt.num", Uint64, "The event's number, from 1.", |ctx| Val::Uint(ctx.event.num)),
    Field::new("evt.time", CharBuf, "The time of day, with nanoseconds, in the host's time zone.", |ctx| {
        time::local(ctx, false, true)
    }),
    Field::new("evt.time.s", CharBuf, "The time of day in whole seconds, in the host's time zone.", |ctx| {
        time::local(ctx, false, false)
    }),
    Field::new("evt.time.iso8601", CharBuf, "When it happened, in UTC.", time::iso_8601),
    Field::new(
        "evt.datetime",
        CharBuf,
        "The day and the time, with nanoseconds, in the host's time zone.",
        |ctx| time::local(ctx, true, true),
    ),
    Field::new(
        "evt.datetime.s",
        CharBuf,
        "The day and the time in whole seconds, in the host's time zone.",
        |ctx| time::local(ctx, true, false),
    ),
    Field::new("evt.rawtime", AbsTime, "When it happened, in nanoseconds since 1970-01-01 UTC.", |ctx| {
        Val::Uint(ctx.event.time)
    }),
    Field::new("evt.rawtime.s", AbsTime, "The whole seconds of `evt.rawtime`.", |ctx| {
        Val::Uint(ctx.event.time / SECOND)
    }),
    Field::new("evt.rawtime.ns", AbsTime, "The nanoseconds of `evt.rawtime` past its second.", |ctx| {
        Val::Uint(ctx.event.time % SECOND)
    }),
    Field::new(
        "evt.reltime",
        RelTime,
        "How long after the first event it happened, in nanoseconds.",
        |ctx| Val::Uint(since_first(ctx)),
    ),
    Field::new("evt.reltime.s", RelTime, "The whole seconds of `evt.reltime`.", |ctx| {
        Val::Uint(since_first(ctx) / SECOND)
    }),
    Field::new("evt.reltime.ns", RelTime, "The nanoseconds of `evt.reltime` past its second.", |ctx| {
        Val::Uint(since_first(ctx) % SECOND)
    }),
    Field::new(
        "evt.pluginname",
        CharBuf,
        "What Falco calls the plugin that such events come from: `k8saudit`.",
        |ctx| match ctx.event.kind {
            Kind::Pluginevent => Val::Str(b"k8saudit"),
            _ => Val::Missing,
        },
    ),
    Field::new("evt.plugininfo", CharBuf, "The document of such an event, as it came.", |ctx| {
        Val::text(ctx.event.document().map(|document| document.text().as_bytes()))
    }),
    Field::new("evt.source", CharBuf, "Where the event comes from: `syscall`, `k8s_audit`.", |ctx| {
        Val::Str(ctx.event.kind.source().name().as_bytes())
    }),
    Field::new(
        "evt.is_async",
        Bool,
        "Whether it was made known after the fact, as a container's start is, or done by the kernel on behalf of a \
         request (io_uring).",
        |ctx| Val::Bool(is_announced(ctx) || ctx.event.flags.contains(EventFlags::ASYNC)),
    ),
    Field::new("evt.asynctype", CharBuf, "What was made known after the fact: `container`.", |ctx| {
        match is_announced(ctx) {
            true => Val::Str(ctx.event.kind.row().name.as_bytes()),
            false => Val::Missing,
        }
    }),
    Field::new("evt.hostname", CharBuf, "The host's name.", |ctx| Val::Str(ctx.host.hostname.as_bytes())),
];

#[cfg(test)]
mod tests {
    use crate::sample::Sample;
    use crate::{Kind, Times};

    #[test]
    fn times_are_counted_from_the_first_event() {
        let mut sample = Sample::new(Kind::Openat);
        sample.event.time = 5_000_000_002;
        assert_eq!(sample.text("evt.reltime"), "0");
        for time in [1_500_000_000, 4_000_000_001, 5_000_000_002] {
            sample.host.times.note(time);
        }
        assert_eq!(
            sample.host.times,
            Times { first: 1_500_000_000, previous: 4_000_000_001, latest: 5_000_000_002 }
        );
        for (field, expected) in [
            ("evt.reltime", "3500000002"),
            ("evt.reltime.s", "3"),
            ("evt.reltime.ns", "500000002"),
            ("evt.deltatime", "1000000001"),
            ("evt.deltatime.s", "1"),
            ("evt.deltatime.ns", "1"),
        ] {
            assert_eq!(sample.text(field), expected, "{field}");
        }
    }

    #[test]
    fn events_are_told_by_their_source() {
        for (kind, expected) in [
            (Kind::Openat, ["syscall", "<NA>", "false", "<NA>"]),
            (Kind::Container, ["syscall", "<NA>", "true", "container"]),
            (Kind::Pluginevent, ["k8s_audit", "k8saudit", "false", "<NA>"]),
        ] {
            let sample = Sample::new(kind);
            let fields = ["evt.source", "evt.pluginname", "evt.is_async", "evt.asynctype"];
            assert_eq!(fields.map(|field| sample.text(field)), expected, "{kind:?}");
        }
    }
}
