//! Which process it is: its numbers, its session, its group and their leaders.

use super::{ANCESTOR, Read, ancestor, exe, exepath, name, parent};
use crate::Type::{Bool, CharBuf, Int64, Uint32};
use crate::{ArgRule, Ctx, Field, Process, Val};

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

fn pid<'a>(_: &Ctx<'a>, process: &'a Process) -> Val<'a> {
    Val::Int(process.pid.into())
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
    Field::new("proc.pgid", Int64, "The process group.", |ctx| Val::Int(ctx.event.task.pgid.into())),
    Field::new("proc.pgid.name", CharBuf, "The name of the process group's leader.", |ctx| group(ctx, name)),
    Field::new("proc.pgid.exe", CharBuf, "The first argument of the process group's leader.", |ctx| {
        group(ctx, exe)
    }),
    Field::new("proc.pgid.exepath", CharBuf, "The path of the executable of the group's leader.", |ctx| {
        group(ctx, exepath)
    }),
    Field::new("proc.is_sid_leader", Bool, "Whether it leads its session.", |ctx| {
        Val::Bool(ctx.event.task.vsid == ctx.event.task.vpid)
    }),
    Field::new("proc.is_vpgid_leader", Bool, "Whether it leads its process group.", |ctx| {
        Val::Bool(ctx.event.task.vpgid == ctx.event.task.vpid)
    }),
    Field::new("proc.is_pgid_leader", Bool, "Whether it leads its process group.", |ctx| {
        Val::Bool(ctx.event.task.pgid == ctx.event.task.pid)
    }),
];
