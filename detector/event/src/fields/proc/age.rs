//! When processes began.

use super::parent;
use crate::Type::{AbsTime, RelTime, Uint64};
use crate::{Ctx, Field, Val};

/// When something began that is told in nanoseconds since boot, in nanoseconds since 1970-01-01 UTC.
fn began(ctx: &Ctx, start: u64) -> u64 {
    ctx.host.boot_time.saturating_add(start)
}

fn age<'a>(ctx: &Ctx<'a>, start: u64) -> Val<'a> {
    Val::Uint(ctx.event.time.saturating_sub(began(ctx, start)))
}

/// When the first process of its pid namespace began, in nanoseconds since 1970-01-01 UTC. It is looked for among the
/// process and its ancestors: one that was put into the namespace from outside has none there.
fn namespace_began(ctx: &Ctx) -> Option<u64> {
    let process = ctx.process()?;
    let mut family = std::iter::once(process).chain(ctx.host.processes.ancestors(process));
    let first = family.find(|other| other.pid_ns == process.pid_ns && other.vpid == 1)?;
    Some(began(ctx, first.start))
}

/// What was known of when the executable was last changed.
fn changed(ctx: &Ctx) -> Option<u64> {
    ctx.process().map(|process| process.exe_ctime).filter(|time| *time != 0)
}

/// The family's rows.
pub const FIELDS: &[Field] = &[
    Field::new("proc.duration", RelTime, "How long the process has lived.", |ctx| {
        age(ctx, ctx.event.task.start)
    }),
    Field::new("proc.ppid.duration", RelTime, "How long the parent has lived.", |ctx| {
        parent(ctx, |ctx, process| age(ctx, process.start))
    }),
    Field::new("proc.pid.ts", RelTime, "When the process began, since 1970-01-01 UTC.", |ctx| {
        Val::Uint(began(ctx, ctx.event.task.start))
    }),
    Field::new("proc.ppid.ts", RelTime, "When the parent began, since 1970-01-01 UTC.", |ctx| {
        parent(ctx, |ctx, process| Val::Uint(began(ctx, process.start)))
    }),
    Field::new(
        "proc.exe_ino.ctime_duration_proc_start",
        AbsTime,
        "How long before the process began its executable was last changed in any way, in nanoseconds; 0 where it was \
         changed later.",
        |ctx| Val::uint(changed(ctx).map(|time| began(ctx, ctx.event.task.start).saturating_sub(time))),
    ),
    Field::new(
        "proc.exe_ino.ctime_duration_pidns_start",
        AbsTime,
        "How long after the first process of its pid namespace began its executable was last changed in any way, in \
         nanoseconds; missing where it was changed before.",
        |ctx| {
            let since = |time: u64| time.checked_sub(namespace_began(ctx)?).filter(|since| *since > 0);
            Val::uint(changed(ctx).and_then(since))
        },
    ),
    Field::new(
        "proc.pidns_init_start_ts",
        Uint64,
        "When the first process of its pid namespace began, in nanoseconds since 1970-01-01 UTC.",
        |ctx| Val::uint(namespace_began(ctx)),
    ),
];

#[cfg(test)]
mod tests {
    use crate::Kind;
    use crate::sample::Sample;

    #[test]
    fn changes_of_the_executable_are_told_from_starts() {
        for (ctime, proc_start, pidns_start) in
            [("0", "<NA>", "<NA>"), ("50", "250", "<NA>"), ("250", "50", "50"), ("350", "0", "150")]
        {
            let mut sample = Sample::new(Kind::Execve);
            sample.set("proc.pname", "init").unwrap();
            sample.set("proc.pvpid", "1").unwrap();
            sample.set("proc.exe_ino.ctime", ctime).unwrap();
            sample.host.boot_time = 100;
            sample.event.task.start = 200;
            let parent = sample.event.task.ppid;
            sample.host.processes.get_mut(parent).unwrap().start = 100;
            assert_eq!(sample.text("proc.exe_ino.ctime_duration_proc_start"), proc_start, "{ctime}");
            assert_eq!(sample.text("proc.exe_ino.ctime_duration_pidns_start"), pidns_start, "{ctime}");
            assert_eq!(sample.text("proc.pidns_init_start_ts"), "200");
        }
        let mut outside = Sample::new(Kind::Execve);
        outside.set("proc.pvpid", "1").unwrap();
        let parent = outside.event.task.ppid;
        outside.host.processes.get_mut(parent).unwrap().pid_ns = 7;
        assert_eq!(outside.text("proc.pidns_init_start_ts"), "<NA>");
    }
}
