//! Fields of processes and threads.

use crate::Type::{Bool, CharBuf, Int64, RelTime, Uint32};
use crate::{Arg, ArgRule, Ctx, Field, FieldFlags, Process, Val};

/// What ancestors' fields can't do.
const ANCESTOR: FieldFlags = FieldFlags::NO_RHS.union(FieldFlags::NO_TRANSFORMER);

type Read = for<'a> fn(&'a Process) -> Val<'a>;

fn own<'a>(ctx: &Ctx<'a>, read: Read) -> Val<'a> {
    ctx.process().map_or(Val::Missing, read)
}

fn parent<'a>(ctx: &Ctx<'a>, read: Read) -> Val<'a> {
    ctx.host.processes.get(ctx.event.task.ppid).map_or(Val::Missing, read)
}

/// A field of the ancestors: of all of them, the process itself left out; or of the one by number, 0 is the
/// process itself and 1 its parent.
fn ancestor<'a>(ctx: &Ctx<'a>, read: Read) -> Val<'a> {
    let Some(process) = ctx.process() else { return Val::Missing };
    let mut ancestors = ctx.host.processes.ancestors(process);
    match ctx.arg {
        Arg::Index(0) => read(process),
        Arg::Index(number) => ancestors.nth(*number as usize - 1).map_or(Val::Missing, read),
        _ => {
            let values = ctx.values(ancestors.map(read));
            if values.is_empty() { Val::Missing } else { Val::Any(values) }
        }
    }
}

fn name(process: &Process) -> Val<'_> {
    Val::Str(process.comm.as_bytes())
}

fn exe(process: &Process) -> Val<'_> {
    Val::Str(&process.exe)
}

fn exepath(process: &Process) -> Val<'_> {
    Val::Str(&process.exepath)
}

fn cmdline(process: &Process) -> Val<'_> {
    Val::Str(&process.cmdline)
}

fn pid(process: &Process) -> Val<'_> {
    Val::Int(process.pid.into())
}

/// The arguments, a blank between; or the one by number.
fn args<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    let Some(process) = ctx.process() else { return Val::Missing };
    let all: &'a [u8] = process.args.strip_suffix(b"\0").unwrap_or(&process.args);
    match ctx.arg {
        Arg::Index(number) => {
            Val::text(process.args.split(|byte| *byte == 0).nth(*number as usize).filter(|_| !all.is_empty()))
        }
        _ => {
            let text = ctx.scratch.alloc_slice_copy(all);
            text.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b' ');
            Val::Str(text)
        }
    }
}

/// The leader of the session: itself where it is the leader.
fn session_leader<'a>(ctx: &Ctx<'a>) -> Option<&'a Process> {
    ctx.host.processes.get(ctx.event.task.sid)
}

/// How long before the event something began that is told in nanoseconds since boot.
fn since_boot(ctx: &Ctx, start: u64) -> u64 {
    ctx.event.time.saturating_sub(ctx.host.boot_time.saturating_add(start))
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
        "The name of an ancestor: any, or the one by number, 1 is the parent.",
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
    Field::new("proc.args", CharBuf, "The arguments, a blank between; or the one by number.", args)
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
    Field::new("proc.cwd", CharBuf, "The working directory when the program was started.", |ctx| {
        own(ctx, |process| Val::Str(&process.cwd))
    }),
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
        parent(ctx, |process| Val::Int(process.vpid.into()))
    }),
    Field::new("proc.sid", Int64, "The session, in the process's own pid namespace.", |ctx| {
        Val::Int(ctx.event.task.vsid.into())
    }),
    Field::new("proc.sname", CharBuf, "The name of the session's leader.", |ctx| {
        session_leader(ctx).map_or(Val::Missing, name)
    }),
    Field::new("proc.sid.exe", CharBuf, "The first argument of the session's leader.", |ctx| {
        session_leader(ctx).map_or(Val::Missing, exe)
    }),
    Field::new("proc.sid.exepath", CharBuf, "The path of the executable of the session's leader.", |ctx| {
        session_leader(ctx).map_or(Val::Missing, exepath)
    }),
    Field::new("proc.pgid", Int64, "The process group.", |ctx| Val::Int(ctx.event.task.pgid.into())),
    Field::new("proc.vpgid", Int64, "The process group in the process's own pid namespace.", |ctx| {
        Val::Int(ctx.event.task.vpgid.into())
    }),
    Field::new("proc.vpgid.name", CharBuf, "The name of the process group's leader.", |ctx| {
        ctx.host.processes.get(ctx.event.task.pgid).map_or(Val::Missing, name)
    }),
    Field::new("proc.is_sid_leader", Bool, "Whether it leads its session.", |ctx| {
        Val::Bool(ctx.event.task.sid == ctx.event.task.pid)
    }),
    Field::new("proc.is_vpgid_leader", Bool, "Whether it leads its process group.", |ctx| {
        Val::Bool(ctx.event.task.pgid == ctx.event.task.pid)
    }),
    Field::new("proc.exeline", CharBuf, "The first argument and the rest.", |ctx| {
        match (own(ctx, exe), args(ctx)) {
            (Val::Str(exe), Val::Str(args)) => {
                let mut line = bumpalo::collections::Vec::new_in(ctx.scratch);
                line.extend_from_slice(exe);
                if !args.is_empty() {
                    line.push(b' ');
                    line.extend_from_slice(args);
                }
                Val::Str(line.into_bump_slice())
            }
            _ => Val::Missing,
        }
    }),
    Field::new("proc.duration", RelTime, "How long the process has lived.", |ctx| {
        Val::Uint(since_boot(ctx, ctx.event.task.start))
    }),
    Field::new("proc.ppid.duration", RelTime, "How long the parent has lived.", |ctx| {
        let parent = ctx.host.processes.get(ctx.event.task.ppid);
        Val::uint(parent.map(|parent| since_boot(ctx, parent.start)))
    }),
    Field::new("thread.tid", Int64, "The thread.", |ctx| Val::Int(ctx.event.task.tid.into())),
    Field::new("thread.vtid", Int64, "The thread in its own pid namespace.", |ctx| {
        Val::Int(ctx.event.task.vtid.into())
    }),
    Field::new("thread.ismain", Bool, "Whether it is the process's first thread.", |ctx| {
        Val::Bool(ctx.event.task.tid == ctx.event.task.pid)
    }),
];
