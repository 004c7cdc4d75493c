//! The thread that did it.

use crate::Type::{Bool, CharBuf, Double, Int64, RelTime};
use crate::fields::caps;
use crate::fields::text::Text;
use crate::{Arg, ArgRule, Capabilities, Ctx, Field, FieldFlags, Val};

fn capabilities<'a>(ctx: &Ctx<'a>, read: fn(Capabilities) -> u64) -> Val<'a> {
    ctx.event.task.caps.map_or(Val::Missing, |known| caps::text(ctx, read(known)))
}

/// Why the time that a thread ran isn't known.
const NO_CPU: &str = "No event tells how long a thread ran, in Falco neither.";

/// Its cgroups, each as `hierarchy=path`.
fn cgroups<'a>(ctx: &Ctx<'a>) -> impl Iterator<Item = &'a [u8]> {
    let all = ctx.event.details().map_or(&[][..], |details| ctx.event.bytes(details.cgroups));
    all.split(|byte| *byte == 0).filter(|cgroup| !cgroup.is_empty())
}

/// The family's rows.
pub const FIELDS: &[Field] = &[
    Field::new("thread.tid", Int64, "The thread.", |ctx| Val::Int(ctx.event.task.tid.into())),
    Field::new("thread.ismain", Bool, "Whether it is the process's first thread.", |ctx| {
        Val::Bool(ctx.event.task.tid == ctx.event.task.pid)
    }),
    Field::new("thread.vtid", Int64, "The thread in its own pid namespace.", |ctx| {
        Val::Int(ctx.event.task.vtid.into())
    }),
    Field::new("thread.nametid", CharBuf, "The thread's name with its number behind: `sh1234`.", |ctx| {
        let mut text = Text::new(ctx);
        text.push(ctx.event.task.comm.as_bytes());
        text.format(format_args!("{}", ctx.event.task.tid));
        text.val()
    })
    .with(FieldFlags::TABLE_ONLY),
    Field::new("thread.cap_permitted", CharBuf, "The capabilities that it may make effective.", |ctx| {
        capabilities(ctx, |caps| caps.permitted)
    }),
    Field::new(
        "thread.cap_inheritable",
        CharBuf,
        "The capabilities that it may keep when it starts a program.",
        |ctx| capabilities(ctx, |caps| caps.inheritable),
    ),
    Field::new("thread.cap_effective", CharBuf, "The capabilities that it has.", |ctx| {
        capabilities(ctx, |caps| caps.effective)
    }),
    Field::new(
        "thread.exectime",
        RelTime,
        "Always 0, as in Falco: events don't tell how long a thread ran.",
        |_| Val::Uint(0),
    ),
    Field::new("thread.totexectime", RelTime, "Always 0; see `thread.exectime`.", |_| Val::Uint(0)),
    Field::new("thread.cgroups", CharBuf, "All its cgroups, each as `hierarchy=path`.", |ctx| {
        let mut text = Text::new(ctx);
        for cgroup in cgroups(ctx) {
            if text.len() > 0 {
                text.push(b" ");
            }
            text.push(cgroup);
        }
        if text.len() == 0 { Val::Missing } else { text.val() }
    })
    .with(FieldFlags::CGROUPS),
    Field::new("thread.cgroup", CharBuf, "Its cgroup in a hierarchy.", |ctx| {
        let Arg::Key(hierarchy) = ctx.arg else { return Val::Missing };
        let of = |cgroup| <[u8]>::strip_prefix(cgroup, hierarchy.as_bytes())?.strip_prefix(b"=");
        match cgroups(ctx).next() {
            None => Val::Missing,
            // As in Falco, where there is no such hierarchy.
            Some(_) => Val::Str(cgroups(ctx).find_map(of).unwrap_or(b"/")),
        }
    })
    .arg(ArgRule::KeyRequired)
    .with(FieldFlags::CGROUPS),
    Field::unfilled("thread.cpu", Double, "How much of a processor it used lately, in percent.", NO_CPU),
    Field::unfilled("thread.cpu.user", Double, "The same in its own code alone.", NO_CPU),
    Field::unfilled("thread.cpu.system", Double, "The same in the kernel alone.", NO_CPU),
];

#[cfg(test)]
mod tests {
    use crate::Kind;
    use crate::sample::Sample;

    #[test]
    fn capabilities_are_named() {
        let mut sample = Sample::new(Kind::Openat);
        assert_eq!(sample.text("thread.cap_permitted"), "<NA>");
        sample.set("thread.cap_effective", "CAP_BPF CAP_CHOWN").unwrap();
        assert_eq!(sample.text("thread.cap_effective"), "CAP_CHOWN CAP_BPF");
        assert_eq!(sample.text("thread.cap_permitted"), "");
        assert!(sample.set("thread.cap_permitted", "CAP_FLY").is_err());
    }
}
