//! What a process uses: memory, descriptors, threads; and what its first descriptors stand for.

use crate::Type::{CharBuf, Double, Int64, Uint64};
use crate::fields::params;
use crate::fields::text::Text;
use crate::{Ctx, Fd, Field, FieldFlags, Usage, Val};

fn usage<'a>(ctx: &Ctx<'a>, read: fn(&Usage) -> u64) -> Val<'a> {
    let usage = ctx.event.details().and_then(|details| details.usage);
    Val::uint(usage.map(|usage| read(&usage)))
}

/// What only the first thread is said to use.
fn of_main<'a>(ctx: &Ctx<'a>, read: fn(&Usage) -> u64) -> Val<'a> {
    match ctx.event.task.tid == ctx.event.task.pid {
        true => usage(ctx, read),
        false => usage(ctx, |_| 0),
    }
}

/// How many descriptors it has, in percent of those that it may have.
fn share(usage: &Usage) -> f64 {
    if usage.descriptors_max == 0 {
        return 0.0;
    }
    (usage.descriptors as f64 * 100.0 / usage.descriptors_max as f64).min(100.0)
}

/// One of the first three descriptors, if it is open.
fn standard(ctx: &Ctx, number: usize) -> Option<Fd> {
    let fd = *ctx.event.fds(ctx.event.details()?.standard).get(number)?;
    fd.kind.is_some().then_some(fd)
}

fn kind<'a>(ctx: &Ctx<'a>, number: usize) -> Val<'a> {
    let kind = standard(ctx, number).and_then(|fd| fd.kind);
    kind.map_or(Val::Missing, |kind| Val::Str(kind.name().as_bytes()))
}

fn name<'a>(ctx: &Ctx<'a>, number: usize) -> Val<'a> {
    let Some(fd) = standard(ctx, number) else { return Val::Missing };
    let mut text = Text::new(ctx);
    params::push_name(&mut text, ctx, &fd);
    text.val()
}

const USAGE: FieldFlags = FieldFlags::USAGE;
const STANDARD: FieldFlags = FieldFlags::STANDARD;

/// The family's rows.
pub const FIELDS: &[Field] = &[
    Field::new("proc.fdopencount", Uint64, "How many descriptors the process has.", |ctx| {
        usage(ctx, |usage| usage.descriptors)
    })
    .with(USAGE),
    Field::new("proc.fdlimit", Int64, "How many descriptors the process may have.", |ctx| {
        usage(ctx, |usage| usage.descriptors_max)
    })
    .with(USAGE),
    Field::new("proc.fdusage", Double, "How many of them it has, in percent.", |ctx| {
        let usage = ctx.event.details().and_then(|details| details.usage);
        usage.map_or(Val::Missing, |usage| Val::Double(share(&usage)))
    })
    .with(USAGE),
    Field::new("proc.vmsize", Uint64, "How much memory the process has asked for, in kilobytes.", |ctx| {
        usage(ctx, |usage| usage.vm_size)
    })
    .with(USAGE),
    Field::new("proc.vmrss", Uint64, "How much of it is in memory, in kilobytes. What processors counted last the kernel adds a little later.", |ctx| {
        usage(ctx, |usage| usage.vm_rss)
    })
    .with(USAGE),
    Field::new("proc.vmswap", Uint64, "How much of it is swapped out, in kilobytes.", |ctx| {
        usage(ctx, |usage| usage.vm_swap)
    })
    .with(USAGE),
    Field::new("thread.pfmajor", Uint64, "How many page faults had to read from a disk.", |ctx| {
        usage(ctx, |usage| usage.faults_major)
    })
    .with(USAGE),
    Field::new("thread.pfminor", Uint64, "How many page faults had not.", |ctx| {
        usage(ctx, |usage| usage.faults_minor)
    })
    .with(USAGE),
    Field::new("proc.nthreads", Uint64, "How many threads the process has.", |ctx| {
        usage(ctx, |usage| usage.threads)
    })
    .with(USAGE),
    Field::new("proc.nchilds", Uint64, "How many threads it has beside its first.", |ctx| {
        usage(ctx, |usage| usage.threads.saturating_sub(1))
    })
    .with(USAGE),
    Field::new("thread.vmsize", Uint64, "`proc.vmsize` for a first thread, 0 for others.", |ctx| {
        of_main(ctx, |usage| usage.vm_size)
    })
    .with(USAGE),
    Field::new("thread.vmrss", Uint64, "`proc.vmrss` for a first thread, 0 for others.", |ctx| {
        of_main(ctx, |usage| usage.vm_rss)
    })
    .with(USAGE),
    Field::new("thread.vmsize.b", Uint64, "`thread.vmsize` in bytes.", |ctx| {
        of_main(ctx, |usage| usage.vm_size * 1024)
    })
    .with(USAGE.union(FieldFlags::TABLE_ONLY)),
    Field::new("thread.vmrss.b", Uint64, "`thread.vmrss` in bytes.", |ctx| {
        of_main(ctx, |usage| usage.vm_rss * 1024)
    })
    .with(USAGE.union(FieldFlags::TABLE_ONLY)),
    Field::new("proc.stdin.type", CharBuf, "What the standard input stands for.", |ctx| kind(ctx, 0))
        .with(STANDARD),
    Field::new("proc.stdout.type", CharBuf, "What the standard output stands for.", |ctx| kind(ctx, 1))
        .with(STANDARD),
    Field::new("proc.stderr.type", CharBuf, "What the standard error output stands for.", |ctx| kind(ctx, 2))
        .with(STANDARD),
    Field::new("proc.stdin.name", CharBuf, "The name of the standard input.", |ctx| name(ctx, 0))
        .with(STANDARD),
    Field::new("proc.stdout.name", CharBuf, "The name of the standard output.", |ctx| name(ctx, 1))
        .with(STANDARD),
    Field::new("proc.stderr.name", CharBuf, "The name of the standard error output.", |ctx| name(ctx, 2))
        .with(STANDARD),
];

#[cfg(test)]
mod tests {
    use crate::Kind;
    use crate::sample::Sample;

    #[test]
    fn what_is_used_is_read() {
        let mut sample = Sample::new(Kind::Openat);
        assert_eq!(sample.text("proc.vmsize"), "<NA>");
        for (field, value) in [
            ("proc.fdopencount", "5"),
            ("proc.fdlimit", "1000"),
            ("proc.vmsize", "2048"),
            ("proc.nthreads", "3"),
            ("proc.stdout.name", "10.0.0.1:40000->10.0.0.2:443"),
            ("proc.stdin.name", "/dev/null"),
        ] {
            sample.set(field, value).unwrap();
            assert_eq!(sample.text(field), value, "{field}");
        }
        for (field, expected) in [
            ("proc.fdusage", "0.5"),
            ("thread.vmsize.b", "2097152"),
            ("proc.nchilds", "2"),
            ("proc.stdout.type", "ipv4"),
            ("proc.stdin.type", "file"),
            ("proc.stderr.type", "<NA>"),
        ] {
            assert_eq!(sample.text(field), expected, "{field}");
        }
        sample.event.task.tid += 1;
        assert_eq!((sample.text("thread.vmsize"), sample.text("proc.vmsize")), ("0".into(), "2048".into()));
    }
}
