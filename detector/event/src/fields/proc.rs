//! Fields of processes and threads: what they share, and the family's rows put together.

mod age;
mod executable;
mod identity;
mod program;
mod thread;
mod usage;

use super::{count, joined};
use crate::{Arg, CUT, Ctx, Field, FieldFlags, Process, Val};

const PARTS: &[&[Field]] =
    &[program::FIELDS, identity::FIELDS, age::FIELDS, executable::FIELDS, thread::FIELDS, usage::FIELDS];

/// The family's rows.
pub const FIELDS: &[Field] = &joined::<{ count(PARTS) }>(PARTS);

/// What ancestors' fields can't do.
pub const ANCESTOR: FieldFlags = FieldFlags::NO_RHS.union(FieldFlags::NO_TRANSFORMER);

type Read<'a> = fn(&Ctx<'a>, &'a Process) -> Val<'a>;

fn own<'a>(ctx: &Ctx<'a>, read: Read<'a>) -> Val<'a> {
    ctx.process().map_or(Val::Missing, |process| read(ctx, process))
}

fn parent<'a>(ctx: &Ctx<'a>, read: Read<'a>) -> Val<'a> {
    ctx.host.processes.get(ctx.event.task.ppid).map_or(Val::Missing, |process| read(ctx, process))
}

/// A field of the ancestors: of all of them, the process itself left out; or of the one by number, see
/// [`numbered`].
fn ancestor<'a>(ctx: &Ctx<'a>, read: Read<'a>) -> Val<'a> {
    let Some(process) = ctx.process() else { return Val::Missing };
    let ancestors = ctx.host.processes.ancestors(process);
    match ctx.arg {
        Arg::Index(number) => numbered(ctx, *number, read),
        _ => {
            let values = ctx.values(ancestors.map(|process| read(ctx, process)));
            if values.is_empty() { Val::Missing } else { Val::Any(values) }
        }
    }
}

/// A field of the process itself, 0, or of an ancestor by number, 1 is the parent.
fn numbered<'a>(ctx: &Ctx<'a>, number: u32, read: Read<'a>) -> Val<'a> {
    let Some(process) = ctx.process() else { return Val::Missing };
    let mut family = std::iter::once(process).chain(ctx.host.processes.ancestors(process));
    family.nth(number as usize).map_or(Val::Missing, |process| read(ctx, process))
}

fn name<'a>(_: &Ctx<'a>, process: &'a Process) -> Val<'a> {
    Val::Str(process.comm.as_bytes())
}

fn exe<'a>(_: &Ctx<'a>, process: &'a Process) -> Val<'a> {
    Val::Str(&process.exe)
}

fn exepath<'a>(_: &Ctx<'a>, process: &'a Process) -> Val<'a> {
    match &*process.exepath {
        path if path.starts_with(CUT) => Val::Cut(path),
        path => Val::Str(path),
    }
}

#[cfg(test)]
mod tests {
    use crate::Kind;
    use crate::sample::Sample;

    fn sample() -> Sample {
        let mut sample = Sample::new(Kind::Execve);
        for (field, value) in [
            ("proc.name", "cat"),
            ("proc.exe", "/bin/cat"),
            ("proc.args", "-n /etc/shadow"),
            ("proc.pname", "bash"),
            ("proc.aname[2]", "sshd"),
            ("proc.aname[3]", "systemd"),
            ("proc.pcmdline", "bash -l"),
        ] {
            sample.set(field, value).unwrap();
        }
        sample
    }

    #[test]
    fn processes_and_ancestors() {
        let sample = sample();
        for (field, expected) in [
            ("proc.cmdline", "cat -n /etc/shadow"),
            ("proc.exeline", "/bin/cat -n /etc/shadow"),
            ("proc.args[1]", "/etc/shadow"),
            ("proc.args[2]", "<NA>"),
            ("proc.cmdnargs", "2"),
            ("proc.cmdlenargs", "13"),
            ("proc.pcmdline", "bash -l"),
            ("proc.aname", "bash sshd systemd"),
            ("proc.aname[0]", "cat"),
            ("proc.aname[1]", "bash"),
            ("proc.aname[3]", "systemd"),
            ("proc.aname[4]", "<NA>"),
            ("proc.aargs[1]", "-l"),
        ] {
            assert_eq!(sample.text(field), expected, "{field}");
        }
        let shell = sample.text("proc.ppid");
        assert_eq!(sample.text("proc.loginshellid"), shell);
    }

    #[test]
    fn a_session_is_named_by_its_leader_or_the_eldest_that_is_left() {
        let mut sample = sample();
        let parent = sample.event.task.ppid;
        let (bash, sshd) = (parent, sample.host.processes.get(parent).unwrap().ppid);
        sample.event.task.sid = bash;
        for pid in [sample.event.task.pid, bash] {
            sample.host.processes.get_mut(pid).unwrap().sid = bash;
        }
        assert_eq!(sample.text("proc.sname"), "bash");
        sample.event.task.sid = 7;
        for pid in [sample.event.task.pid, bash, sshd] {
            sample.host.processes.get_mut(pid).unwrap().sid = 7;
        }
        assert_eq!(sample.text("proc.sname"), "sshd");
    }

    #[test]
    fn ages_are_taken_from_the_event() {
        let mut sample = sample();
        sample.host.boot_time = 100;
        sample.event.time = 1000;
        sample.event.task.start = 200;
        assert_eq!((sample.text("proc.duration"), sample.text("proc.pid.ts")), ("700".into(), "300".into()));
    }
}
