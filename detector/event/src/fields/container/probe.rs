//! The commands that engines run in a container to see how it is, and the processes that are of such a command:
//! rules leave these out. Falco has these fields, but no longer fills them.

use super::record;
use crate::Type::{Bool, CharBuf};
use crate::fields::text::Text;
use crate::{Container, Ctx, Field, FieldFlags, Getter, Probe, Process, Val};

/// The probes' rows.
pub const FIELDS: &[Field] = &[
    row(
        "container.healthcheck",
        CharBuf,
        "The command of the container's health check; `NONE` where it was turned off.",
        |ctx| command(ctx, healthcheck),
    ),
    row("container.liveness_probe", CharBuf, "The command of the container's liveness probe.", |ctx| {
        command(ctx, liveness)
    }),
    row("container.readiness_probe", CharBuf, "The command of the container's readiness probe.", |ctx| {
        command(ctx, readiness)
    }),
    row(
        "proc.is_container_healthcheck",
        Bool,
        "Whether the process is of the container's health check.",
        |ctx| is_of(ctx, healthcheck),
    ),
    row(
        "proc.is_container_liveness_probe",
        Bool,
        "Whether the process is of the container's liveness probe.",
        |ctx| is_of(ctx, liveness),
    ),
    row(
        "proc.is_container_readiness_probe",
        Bool,
        "Whether the process is of the container's readiness probe.",
        |ctx| is_of(ctx, readiness),
    ),
];

const fn row(name: &'static str, ty: crate::Type, doc: &'static str, get: Getter) -> Field {
    Field::new(name, ty, doc, get).with(FieldFlags::LATE.union(FieldFlags::DEPRECATED))
}

fn healthcheck(container: &Container) -> Option<&Probe> {
    container.healthcheck.as_ref()
}

fn liveness(container: &Container) -> Option<&Probe> {
    container.liveness_probe.as_ref()
}

fn readiness(container: &Container) -> Option<&Probe> {
    container.readiness_probe.as_ref()
}

fn command<'a>(ctx: &Ctx<'a>, probe: fn(&Container) -> Option<&Probe>) -> Val<'a> {
    record(ctx, |container| match probe(container).map(Vec::as_slice) {
        None => Val::Missing,
        Some([]) => Val::Str(b"NONE"),
        Some([program, args @ ..]) => {
            let mut out = Text::new(ctx);
            out.push(program.as_bytes());
            args.iter().for_each(|arg| out.format(format_args!(" {arg}")));
            out.val()
        }
    })
}

/// Whether the process or an ancestor in the container was started with the probe's command. What descends from the
/// container's first process is the container's own work, whatever its command.
fn is_of<'a>(ctx: &Ctx<'a>, probe: fn(&Container) -> Option<&Probe>) -> Val<'a> {
    record(ctx, |container| {
        let (Some(probe), Some(process)) = (probe(container), ctx.process()) else { return Val::Bool(false) };
        let containers = &ctx.host.containers;
        let inside =
            |process: &&Process| containers.of_cgroup(process.cgroup).map(|id| &**id) == ctx.container_id();
        let mut line =
            std::iter::once(process).chain(ctx.host.processes.ancestors(process).take_while(inside));
        let mut found = false;
        let own = line.any(|process| {
            found |= runs(process, probe);
            process.vpid == 1
        });
        Val::Bool(found && !own)
    })
}

fn runs(process: &Process, probe: &Probe) -> bool {
    let [program, args @ ..] = probe.as_slice() else { return false };
    let mut given = process.args.split_inclusive(|byte| *byte == 0);
    *process.exe == *program.as_bytes()
        && args
            .iter()
            .all(|arg| given.next().is_some_and(|given| given.strip_suffix(b"\0") == Some(arg.as_bytes())))
        && given.next().is_none()
}

#[cfg(test)]
mod tests {
    use crate::sample::Sample;
    use crate::{Kind, Process};

    #[test]
    fn processes_of_probes_are_told_apart() {
        let check = |program: &str, args: &str, parents: &[(&str, i32)]| {
            let mut sample = Sample::new(Kind::Execve);
            for (field, value) in [
                ("container.healthcheck", "/bin/sh -c ls"),
                ("container.readiness_probe", "probe"),
                ("proc.exe", program),
                ("proc.args", args),
            ] {
                sample.set(field, value).unwrap();
            }
            // The container's processes are in one cgroup; the last of the line belongs to the host.
            let own = sample.event.task.cgroup;
            let line = std::iter::once((program, 30)).chain(parents.iter().copied());
            for (number, (exe, vpid)) in line.enumerate() {
                let pid = sample.event.task.pid - number as i32;
                let mut process = sample.host.processes.remove(pid).unwrap_or_default();
                let cgroup = if vpid == 0 { own + 1 } else { own };
                process = Process { pid, ppid: pid - 1, vpid, cgroup, ..process };
                if number > 0 {
                    process.exe = exe.as_bytes().into();
                }
                sample.host.processes.insert(process);
            }
            let fields = ["healthcheck", "liveness_probe", "readiness_probe"];
            fields.map(|field| sample.text(&format!("proc.is_container_{field}"))).join(" ")
        };
        assert_eq!(check("/bin/sh", "-c ls", &[("shim", 0)]), "true false false");
        assert_eq!(check("/bin/sh", "-c ls x", &[("shim", 0)]), "false false false");
        assert_eq!(check("/bin/sh", "-c", &[("shim", 0)]), "false false false");
        assert_eq!(check("probe", "", &[("shim", 0)]), "false false true");
        // What a probe starts is of it, and what the container's first process starts isn't.
        assert_eq!(check("curl", "", &[("probe", 20), ("shim", 0)]), "false false true");
        assert_eq!(check("curl", "", &[("probe", 0)]), "false false false");
        assert_eq!(check("probe", "", &[("init", 1), ("shim", 0)]), "false false false");
    }
}
