//! The programs that a process and its ancestors run: what they were called as, with which arguments.

use super::{ANCESTOR, ancestor, exe, exepath, name, numbered, own, parent};
use crate::Type::{CharBuf, Uint64};
use crate::fields::text::Text;
use crate::{Arg, ArgRule, Ctx, Field, Process, Val};

fn cmdline<'a>(_: &Ctx<'a>, process: &'a Process) -> Val<'a> {
    Val::Str(&process.cmdline)
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

/// A process's environment, a blank between the variables.
fn env<'a>(ctx: &Ctx<'a>, process: &'a Process) -> Val<'a> {
    let mut text = Text::new(ctx);
    text.push_args(&process.env);
    text.val()
}

/// The value of a variable of a process's environment.
fn variable<'a>(process: &'a Process, name: &str) -> Option<&'a [u8]> {
    let mut variables = process.env.split(|byte| *byte == 0);
    variables.find_map(|variable| variable.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
}

/// The whole environment, or one variable of it, which is empty where it isn't set, as in Falco.
fn own_env<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    match (ctx.arg, ctx.process()) {
        (Arg::Key(name), Some(process)) => Val::Str(variable(process, name).unwrap_or_default()),
        _ => own(ctx, env),
    }
}

/// The environment of the ancestors, or of the one by number; or the value of a variable in the nearest one where it
/// isn't empty.
fn ancestors_env<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    let Arg::Key(key) = ctx.arg else { return ancestor(ctx, env) };
    let Some(process) = ctx.process() else { return Val::Missing };
    if let Ok(number) = key.parse() {
        return numbered(ctx, number, env);
    }
    let mut ancestors = ctx.host.processes.ancestors(process).filter_map(|process| variable(process, key));
    Val::Str(ancestors.find(|value| !value.is_empty()).unwrap_or_default())
}

/// The family's rows.
pub const FIELDS: &[Field] = &[
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
    Field::new("proc.cmdnargs", Uint64, "How many arguments there are, the first left out.", |ctx| {
        Val::uint(ctx.process().map(|process| each_arg(process).count() as u64))
    }),
    Field::new("proc.cmdlenargs", Uint64, "How long all arguments are, without blanks.", |ctx| {
        let length = |process| each_arg(process).map(<[u8]>::len).sum::<usize>() as u64;
        Val::uint(ctx.process().map(length))
    }),
    Field::new("proc.exeline", CharBuf, "The first argument and the rest.", |ctx| own(ctx, exeline)),
    Field::new(
        "proc.env",
        CharBuf,
        "The environment with which the program was started, at most 4,096 bytes; or the value of a variable by name.",
        own_env,
    )
    .arg(ArgRule::Key),
    Field::new(
        "proc.aenv",
        CharBuf,
        "The environment of an ancestor: any, or by number; or the value of a variable in the nearest that has it.",
        ancestors_env,
    )
    .arg(ArgRule::Key)
    .with(ANCESTOR),
    Field::new("proc.cwd", CharBuf, "The working directory when the program was started.", |ctx| {
        own(ctx, |_, process| Val::Str(&process.cwd))
    }),
];

#[cfg(test)]
mod tests {
    use crate::Kind;
    use crate::sample::Sample;

    #[test]
    fn environments_are_read_whole_and_by_variable() {
        let mut sample = Sample::new(Kind::Execve);
        sample.set("proc.aname[2]", "sshd").unwrap();
        let own = sample.event.task.pid;
        for (pid, env) in [(own, "A=1\0B=\0C=x=y\0"), (own - 1, "A=\0D=4\0"), (own - 2, "A=3\0D=5\0")] {
            sample.host.processes.get_mut(pid).unwrap().set_env(env.as_bytes());
        }
        for (field, expected) in [
            ("proc.env", "A=1 B= C=x=y"),
            ("proc.env[A]", "1"),
            ("proc.env[B]", ""),
            ("proc.env[C]", "x=y"),
            ("proc.env[D]", ""),
            ("proc.aenv", "A= D=4 A=3 D=5"),
            ("proc.aenv[0]", "A=1 B= C=x=y"),
            ("proc.aenv[2]", "A=3 D=5"),
            ("proc.aenv[3]", "<NA>"),
            ("proc.aenv[A]", "3"),
            ("proc.aenv[D]", "4"),
            ("proc.aenv[B]", ""),
        ] {
            assert_eq!(sample.text(field), expected, "{field}");
        }
    }

    #[test]
    fn an_environment_is_cut_at_its_limit() {
        let mut process = crate::Process::default();
        process.set_env(&[b'x'; crate::ENV_BYTES_MAX + 1]);
        assert_eq!(process.env.len(), crate::ENV_BYTES_MAX);
    }
}
