//! Fields of processes and threads.

use super::text::Text;
use crate::Type::{Bool, CharBuf, Int64, RelTime, Uint32, Uint64};
use crate::{Arg, ArgRule, Ctx, Field, FieldFlags, Process, Val};

/// What ancestors' fields can't do.
const ANCESTOR: FieldFlags = FieldFlags::NO_RHS.union(FieldFlags::NO_TRANSFORMER);

type Read<'a> = fn(&Ctx<'a>, &'a Process) -> Val<'a>;

fn own<'a>(ctx: &Ctx<'a>, read: Read<'a>) -> Val<'a> {
    ctx.process().map_or(Val::Missing, |process| read(ctx, process))
}

fn parent<'a>(ctx: &Ctx<'a>, read: Read<'a>) -> Val<'a> {
    ctx.host.processes.get(ctx.event.task.ppid).map_or(Val::Missing, |process| read(ctx, process))
}

/// A field of the ancestors: of all of them, the process itself left out; or of the one by number, 0 is the
/// process itself and 1 its parent.
fn ancestor<'a>(ctx: &Ctx<'a>, read: Read<'a>) -> Val<'a> {
    let Some(process) = ctx.process() else { return Val::Missing };
    let mut ancestors = ctx.host.processes.ancestors(process);
    match ctx.arg {
        Arg::Index(0) => read(ctx, process),
        Arg::Index(number) => {
            ancestors.nth(*number as usize - 1).map_or(Val::Missing, |process| read(ctx, process))
        }
        _ => {
            let values = ctx.values(ancestors.map(|process| read(ctx, process)));
            if values.is_empty() { Val::Missing } else { Val::Any(values) }
        }
    }
}

/// The leader of a group of processes that are told by a number; where the leader is gone, the eldest ancestor
/// of that number, as in Falco.
fn leader<'a>(ctx: &Ctx<'a>, number: i32, of: fn(&Process) -> i32, read: Read<'a>) -> Val<'a> {
    let processes = &ctx.host.processes;
    let leader = processes.get(number).filter(|process| of(process) == number);
    let eldest = || {
        let process = ctx.process()?;
        let family = processes.ancestors(process).take_while(|process| of(process) == number);
        Some(family.last().unwrap_or(process))
    };
    leader.or_else(eldest).map_or(Val::Missing, |process| read(ctx, process))
}

fn session<'a>(ctx: &Ctx<'a>, read: Read<'a>) -> Val<'a> {
    leader(ctx, ctx.event.task.sid, |process| process.sid, read)
}

fn group<'a>(ctx: &Ctx<'a>, read: Read<'a>) -> Val<'a> {
    leader(ctx, ctx.event.task.pgid, |process| process.pgid, read)
}

fn name<'a>(_: &Ctx<'a>, process: &'a Process) -> Val<'a> {
    Val::Str(process.comm.as_bytes())
}

fn exe<'a>(_: &Ctx<'a>, process: &'a Process) -> Val<'a> {
    Val::Str(&process.exe)
}

fn exepath<'a>(_: &Ctx<'a>, process: &'a Process) -> Val<'a> {
    Val::Str(&process.exepath)
}

fn cmdline<'a>(_: &Ctx<'a>, process: &'a Process) -> Val<'a> {
    Val::Str(&process.cmdline)
}

fn pid<'a>(_: &Ctx<'a>, process: &'a Process) -> Val<'a> {
    Val::Int(process.pid.into())
}

fn args<'a>(ctx: &Ctx<'a>, process: &'a Process) -> Val<'a> {
    let mut text = Text::new(ctx);
    text.push_args(&process.args);
    text.val()
}

fn exeline<'a>(ctx: &Ctx<'a>, process: &'a Process) -> Val<'a> {
    let mut text = Text::new(ctx);
    text.push(&process.exe);
    if !process.args.is_empty() {
        text.push(b" ");
        text.push_args(&process.args);
    }
    text.val()
}

/// Arguments end with a NUL each.
fn each_arg(process: &Process) -> impl Iterator<Item = &[u8]> {
    process.args.split_inclusive(|byte| *byte == 0).map(|arg| arg.strip_suffix(b"\0").unwrap_or(arg))
}

/// All arguments, or the one by number, from 0.
fn own_args<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    match ctx.arg {
        Arg::Index(number) => {
            Val::text(ctx.process().and_then(|process| each_arg(process).nth(*number as usize)))
        }
        _ => own(ctx, args),
    }
}

/// When something began that is told in nanoseconds since boot, in nanoseconds since 1970-01-01 UTC.
fn began(ctx: &Ctx, start: u64) -> u64 {
    ctx.host.boot_time.saturating_add(start)
}

fn age<'a>(ctx: &Ctx<'a>, start: u64) -> Val<'a> {
    Val::Uint(ctx.event.time.saturating_sub(began(ctx, start)))
}

/// The number of the eldest shell among the process and its ancestors.
fn login_shell<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    let Some(process) = ctx.process() else { return Val::Missing };
    let family = std::iter::once(process).chain(ctx.host.processes.ancestors(process));
    let shells = family.filter(|process| process.comm.as_bytes().ends_with(b"sh"));
    Val::int(shells.last().map(|process| process.pid.into()))
}

/// The family's rows.
pub const FIELDS: &[Field] = &[
    Field::new("proc.name", CharBuf, "The name of the thread that did it, at most 15 bytes.", |ctx| {
        Val::Str(ctx.scratch.alloc_slice_copy(ctx.event.task.comm.as_bytes()))
    }),
    Field::new("proc.pname", CharBuf, "The name of the parent.", |ctx| parent(ctx, name)),
    Field::new(
        "proc.aname",
        CharBuf,
        "The name of an ancestor: any, or by number, 1 is the parent.",
        |ctx| ancestor(ctx, name),
    )
    .arg(ArgRule::Index)
    .with(ANCESTOR),
    Field::new("proc.exe", CharBuf, "The first argument: what the program was called as.", |ctx| {
        own(ctx, exe)
    }),
    Field::new("proc.pexe", CharBuf, "The first argument of the parent.", |ctx| parent(ctx, exe)),
    Field::new("proc.aexe", CharBuf, "The first argument of an ancestor.", |ctx| ancestor(ctx, exe))
        .arg(ArgRule::Index)
        .with(ANCESTOR),
    Field::new("proc.exepath", CharBuf, "The path of the executable.", |ctx| own(ctx, exepath)),
    Field::new("proc.pexepath", CharBuf, "The path of the parent's executable.", |ctx| parent(ctx, exepath)),
    Field::new("proc.aexepath", CharBuf, "The path of an ancestor's executable.", |ctx| {
        ancestor(ctx, exepath)
    })
    .arg(ArgRule::Index)
    .with(ANCESTOR),
    Field::new("proc.args", CharBuf, "The arguments, a blank between; or the one by number.", own_args)
        .arg(ArgRule::Index),
    Field::new("proc.aargs", CharBuf, "The arguments of an ancestor.", |ctx| ancestor(ctx, args))
        .arg(ArgRule::Index),
    Field::new("proc.cmdline", CharBuf, "The name and the arguments.", |ctx| own(ctx, cmdline)),
    Field::new("proc.pcmdline", CharBuf, "The name and the arguments of the parent.", |ctx| {
        parent(ctx, cmdline)
    }),
    Field::new("proc.acmdline", CharBuf, "The name and the arguments of an ancestor.", |ctx| {
        ancestor(ctx, cmdline)
    })
    .arg(ArgRule::Index)
    .with(ANCESTOR),
    Field::new("proc.exeline", CharBuf, "The first argument and the rest.", |ctx| own(ctx, exeline)),
    Field::new("proc.cmdnargs", Uint64, "How many arguments there are, the first left out.", |ctx| {
        Val::uint(ctx.process().map(|process| each_arg(process).count() as u64))
    }),
    Field::new("proc.cmdlenargs", Uint64, "How long all arguments are, without blanks.", |ctx| {
        let length = |process| each_arg(process).map(<[u8]>::len).sum::<usize>() as u64;
        Val::uint(ctx.process().map(length))
    }),
    Field::new("proc.cwd", CharBuf, "The working directory when the program was started.", |ctx| {
        own(ctx, |_, process| Val::Str(&process.cwd))
    }),
    Field::new("proc.loginshellid", Int64, "The eldest shell among it and its ancestors.", login_shell),
    Field::new("proc.tty", Uint32, "The number of the terminal's device, 0 where there is none.", |ctx| {
        Val::Uint(ctx.event.task.tty.into())
    }),
    Field::new("proc.pid", Int64, "The process.", |ctx| Val::Int(ctx.event.task.pid.into())),
    Field::new("proc.ppid", Int64, "The parent.", |ctx| Val::Int(ctx.event.task.ppid.into())),
    Field::new("proc.apid", Int64, "An ancestor.", |ctx| ancestor(ctx, pid))
        .arg(ArgRule::Index)
        .with(ANCESTOR),
    Field::new("proc.vpid", Int64, "The process in its own pid namespace.", |ctx| {
        Val::Int(ctx.event.task.vpid.into())
    }),
    Field::new("proc.pvpid", Int64, "The parent in its own pid namespace.", |ctx| {
        parent(ctx, |_, process| Val::Int(process.vpid.into()))
    }),
    Field::new("proc.sid", Int64, "The session, in the process's own pid namespace.", |ctx| {
        Val::Int(ctx.event.task.vsid.into())
    }),
    Field::new("proc.sname", CharBuf, "The name of the session's leader.", |ctx| session(ctx, name)),
    Field::new("proc.sid.exe", CharBuf, "The first argument of the session's leader.", |ctx| {
        session(ctx, exe)
    }),
    Field::new("proc.sid.exepath", CharBuf, "The path of the executable of the session's leader.", |ctx| {
        session(ctx, exepath)
    }),
    Field::new("proc.is_sid_leader", Bool, "Whether it leads its session.", |ctx| {
        Val::Bool(ctx.event.task.vsid == ctx.event.task.vpid)
    }),
    Field::new("proc.pgid", Int64, "The process group.", |ctx| Val::Int(ctx.event.task.pgid.into())),
    Field::new("proc.pgid.name", CharBuf, "The name of the process group's leader.", |ctx| group(ctx, name)),
    Field::new("proc.pgid.exe", CharBuf, "The first argument of the process group's leader.", |ctx| {
        group(ctx, exe)
    }),
    Field::new("proc.pgid.exepath", CharBuf, "The path of the executable of the group's leader.", |ctx| {
        group(ctx, exepath)
    }),
    Field::new("proc.is_pgid_leader", Bool, "Whether it leads its process group.", |ctx| {
        Val::Bool(ctx.event.task.pgid == ctx.event.task.pid)
    }),
    Field::new("proc.vpgid", Int64, "The process group in the process's own pid namespace.", |ctx| {
        Val::Int(ctx.event.task.vpgid.into())
    }),
    Field::new("proc.vpgid.name", CharBuf, "The name of the process group's leader.", |ctx| group(ctx, name)),
    Field::new("proc.vpgid.exe", CharBuf, "The first argument of the process group's leader.", |ctx| {
        group(ctx, exe)
    }),
    Field::new("proc.vpgid.exepath", CharBuf, "The path of the executable of the group's leader.", |ctx| {
        group(ctx, exepath)
    }),
    Field::new("proc.is_vpgid_leader", Bool, "Whether it leads its process group.", |ctx| {
        Val::Bool(ctx.event.task.vpgid == ctx.event.task.vpid)
    }),
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
    Field::new("thread.tid", Int64, "The thread.", |ctx| Val::Int(ctx.event.task.tid.into())),
    Field::new("thread.vtid", Int64, "The thread in its own pid namespace.", |ctx| {
        Val::Int(ctx.event.task.vtid.into())
    }),
    Field::new("thread.ismain", Bool, "Whether it is the process's first thread.", |ctx| {
        Val::Bool(ctx.event.task.tid == ctx.event.task.pid)
    }),
];

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
