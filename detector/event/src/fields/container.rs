//! Fields of containers. The id comes with the event; the rest is asked of the engine, and may come late.

mod probe;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::text::Text;
use super::{count, joined};
use crate::Type::{AbsTime, Bool, CharBuf, RelTime};
use crate::{Arg, ArgRule, Container, Ctx, Field, FieldFlags, Late, Mount, Val, glob};

/// How many characters of an id are shown.
const SHORT_ID: usize = 12;

const LATE: FieldFlags = FieldFlags::LATE;

/// What Falco says of the host, as if it were a container.
static HOST: LazyLock<Container> = LazyLock::new(|| Container {
    full_id: "host".into(),
    name: "host".into(),
    engine: "host".into(),
    ..Container::default()
});

/// The first characters of the container's id; `host` where there is none.
pub fn short_id<'a>(ctx: &Ctx<'a>) -> &'a [u8] {
    ctx.container_id().map_or("host", short).as_bytes()
}

/// Reads what the engine knows of the container.
pub fn record<'a>(ctx: &Ctx<'a>, read: impl FnOnce(&'a Container) -> Val<'a>) -> Val<'a> {
    match (ctx.container_id(), ctx.container()) {
        (None, _) => read(&HOST),
        (_, Late::Pending) => Val::Pending,
        (_, Late::Missing) => Val::Missing,
        (_, Late::Known(container)) => read(container),
    }
}

fn text<'a>(ctx: &Ctx<'a>, read: fn(&'a Container) -> &'a str) -> Val<'a> {
    record(ctx, |container| Val::Str(read(container).as_bytes()))
}

/// A mount by number, or the first of which one end fits a shell pattern.
fn mount<'a>(ctx: &Ctx<'a>, end: fn(&Mount) -> &str, read: impl FnOnce(&'a Mount) -> Val<'a>) -> Val<'a> {
    record(ctx, |container| {
        let Arg::Key(key) = ctx.arg else { return Val::Missing };
        let fits = |mount: &&Mount| glob::matches(key.as_bytes(), end(mount).as_bytes(), false);
        let found = match key.parse::<usize>() {
            Ok(number) => container.mounts.get(number),
            Err(_) => container.mounts.iter().find(fits),
        };
        found.map_or(Val::Missing, read)
    })
}

fn by_source<'a>(ctx: &Ctx<'a>, read: fn(&'a Mount) -> &'a str) -> Val<'a> {
    mount(ctx, |mount| &mount.source, |mount| Val::Str(read(mount).as_bytes()))
}

fn push_mount(out: &mut Text, mount: &Mount) {
    let Mount { source, dest, mode, rw, propagation } = mount;
    out.format(format_args!("{source}:{dest}:{mode}:{rw}:{propagation}"));
}

fn all_mounts<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    record(ctx, |container| {
        let mut out = Text::new(ctx);
        for (at, mount) in container.mounts.iter().enumerate() {
            if at > 0 {
                out.push(b",");
            }
            push_mount(&mut out, mount);
        }
        out.val()
    })
}

/// Labels, each as `name:value`, but those that Kubernetes and engines keep their books in.
pub fn labels<'a>(ctx: &Ctx<'a>, read: fn(&'a Container) -> &'a BTreeMap<Box<str>, Box<str>>) -> Val<'a> {
    record(ctx, |container| {
        let mut out = Text::new(ctx);
        let own = |key: &str| key.starts_with("annotation.") || key.starts_with("io.kubernetes.");
        for (key, value) in read(container).iter().filter(|(key, _)| !own(key)) {
            if out.len() > 0 {
                out.push(b", ");
            }
            out.push(key.as_bytes());
            if !value.is_empty() {
                out.format(format_args!(":{value}"));
            }
        }
        out.val()
    })
}

/// The label that the argument names.
pub fn label<'a>(ctx: &Ctx<'a>, read: fn(&'a Container) -> &'a BTreeMap<Box<str>, Box<str>>) -> Val<'a> {
    record(ctx, |container| match ctx.arg {
        Arg::Key(key) => Val::text(read(container).get(key).map(|value| value.as_bytes())),
        _ => Val::Missing,
    })
}

/// The first characters of an id.
pub fn short(id: &str) -> &str {
    id.get(..SHORT_ID).unwrap_or(id)
}

const PARTS: &[&[Field]] = &[OWN, probe::FIELDS];

/// The family's rows.
pub const FIELDS: &[Field] = &joined::<{ count(PARTS) }>(PARTS);

const OWN: &[Field] = &[
    Field::new(
        "container.id",
        CharBuf,
        "The first 12 characters of the container's id; `host` where there is none.",
        |ctx| Val::Str(short_id(ctx)),
    ),
    Field::new(
        "container.full_id",
        CharBuf,
        "The container's whole id; `host` where there is none.",
        |ctx| Val::Str(ctx.container_id().unwrap_or("host").as_bytes()),
    ),
    Field::new("container.name", CharBuf, "The container's name; `host` where there is none.", |ctx| {
        text(ctx, |container| &container.name)
    })
    .with(LATE),
    Field::new(
        "container.type",
        CharBuf,
        "The kind of engine: `docker`, `podman`…; `host` where there is none.",
        |ctx| text(ctx, |container| &container.engine),
    )
    .with(LATE),
    Field::new("container.image", CharBuf, "The image as it was asked for.", |ctx| {
        text(ctx, |container| &container.image)
    })
    .with(LATE),
    Field::new("container.image.id", CharBuf, "The image's id.", |ctx| {
        text(ctx, |container| &container.image_id)
    })
    .with(LATE),
    Field::new("container.image.repository", CharBuf, "The image's name without tag and digest.", |ctx| {
        text(ctx, |container| &container.image_repository)
    })
    .with(LATE),
    Field::new("container.image.tag", CharBuf, "The image's tag.", |ctx| {
        text(ctx, |container| &container.image_tag)
    })
    .with(LATE),
    Field::new("container.image.digest", CharBuf, "The image's digest in its registry.", |ctx| {
        text(ctx, |container| &container.image_digest)
    })
    .with(LATE),
    Field::new("container.privileged", Bool, "Whether it runs with all privileges.", |ctx| {
        record(ctx, |container| Val::Bool(container.privileged))
    })
    .with(LATE),
    Field::new(
        "container.mounts",
        CharBuf,
        "All mounts, each as `source:dest:mode:rdwr:propagation`, a comma between.",
        all_mounts,
    )
    .with(LATE),
    Field::new(
        "container.mount",
        CharBuf,
        "A mount by number, from 0, or the first whose source fits a shell pattern.",
        |ctx| {
            mount(
                ctx,
                |mount| &mount.source,
                |mount| {
                    let mut out = Text::new(ctx);
                    push_mount(&mut out, mount);
                    out.val()
                },
            )
        },
    )
    .arg(ArgRule::KeyRequired)
    .with(LATE),
    Field::new(
        "container.mount.source",
        CharBuf,
        "The source of a mount, by number or destination.",
        |ctx| mount(ctx, |mount| &mount.dest, |mount| Val::Str(mount.source.as_bytes())),
    )
    .arg(ArgRule::KeyRequired)
    .with(LATE),
    Field::new(
        "container.mount.dest",
        CharBuf,
        "Where a mount is in the container, by number or source.",
        |ctx| by_source(ctx, |mount| &mount.dest),
    )
    .arg(ArgRule::KeyRequired)
    .with(LATE),
    Field::new("container.mount.mode", CharBuf, "The mode of a mount, by number or source.", |ctx| {
        by_source(ctx, |mount| &mount.mode)
    })
    .arg(ArgRule::KeyRequired)
    .with(LATE),
    Field::new(
        "container.mount.rdwr",
        CharBuf,
        "Whether a mount may be written, `true` or `false`, by number or source.",
        |ctx| by_source(ctx, |mount| if mount.rw { "true" } else { "false" }),
    )
    .arg(ArgRule::KeyRequired)
    .with(LATE),
    Field::new("container.mount.propagation", CharBuf, "How a mount travels, by number or source.", |ctx| {
        by_source(ctx, |mount| &mount.propagation)
    })
    .arg(ArgRule::KeyRequired)
    .with(LATE),
    Field::new("container.label", CharBuf, "A label by name.", |ctx| {
        label(ctx, |container| &container.labels)
    })
    .arg(ArgRule::KeyRequired)
    .with(LATE),
    Field::new("container.labels", CharBuf, "All labels, each as `name:value`.", |ctx| {
        labels(ctx, |container| &container.labels)
    })
    .with(LATE),
    Field::new("container.ip", CharBuf, "Its IPv4 address, which is its pod's where it is in one.", |ctx| {
        text(ctx, |container| &container.ip)
    })
    .with(LATE),
    Field::new(
        "container.cni.json",
        CharBuf,
        "What the network plugin answered for its pod: addresses by interface, as JSON.",
        |ctx| text(ctx, |container| &container.pod_cni),
    )
    .with(LATE),
    Field::new("container.host_pid", Bool, "Whether it sees the host's processes.", |ctx| {
        record(ctx, |container| Val::Bool(container.host_pid))
    })
    .with(LATE),
    Field::new("container.host_network", Bool, "Whether it shares the host's network.", |ctx| {
        record(ctx, |container| Val::Bool(container.host_network))
    })
    .with(LATE),
    Field::new("container.host_ipc", Bool, "Whether it shares the host's IPC namespace.", |ctx| {
        record(ctx, |container| Val::Bool(container.host_ipc))
    })
    .with(LATE),
    Field::new("container.start_ts", AbsTime, "When the engine made it.", |ctx| {
        record(ctx, |container| Val::uint(Some(container.created).filter(|time| *time > 0)))
    })
    .with(LATE),
    Field::new("container.duration", RelTime, "How long ago the engine made it.", |ctx| {
        record(ctx, |container| match container.created {
            0 => Val::Missing,
            created => Val::Uint(ctx.event.time.saturating_sub(created)),
        })
    })
    .with(LATE),
];

#[cfg(test)]
mod tests {
    use crate::sample::Sample;
    use crate::{ContainerState, Kind};

    #[test]
    fn containers_are_read_when_they_are_known() {
        let mut sample = Sample::new(Kind::Execve);
        for (field, host) in [
            ("container.id", "host"),
            ("container.full_id", "host"),
            ("container.name", "host"),
            ("container.type", "host"),
            ("container.image.repository", ""),
            ("container.privileged", "false"),
            ("container.mount.dest[/etc]", "<NA>"),
            ("k8s.pod.name", "<NA>"),
        ] {
            assert_eq!(sample.text(field), host, "{field}");
        }
        for (field, value) in [
            ("container.full_id", "0123456789abcdef"),
            ("container.name", "web"),
            ("container.image.repository", "nginx"),
            ("container.mounts", "/srv:/data:ro:false:rprivate,/etc:/host:rw:true:"),
            ("container.labels", "io.kubernetes.pod.name:web-1, annotation.x:y, a:b, c"),
        ] {
            sample.set(field, value).unwrap();
        }
        for (field, known) in [
            ("container.id", "0123456789ab"),
            ("container.name", "web"),
            ("container.image.repository", "nginx"),
            ("container.mount[0]", "/srv:/data:ro:false:rprivate"),
            ("container.mount.dest[/et*]", "/host"),
            ("container.mount.source[/host]", "/etc"),
            ("container.mount.source[/etc]", "<NA>"),
            ("container.mount.rdwr[/etc]", "true"),
            ("container.mount.mode[2]", "<NA>"),
            ("container.labels", "a:b, c"),
            ("container.label[a]", "b"),
            ("k8s.pod.name", "web-1"),
            ("container.start_ts", "<NA>"),
        ] {
            assert_eq!(sample.text(field), known, "{field}");
        }
        sample.container = ContainerState::Pending;
        assert_eq!(sample.text("container.id"), "0123456789ab");
        assert_eq!(sample.text("container.name"), "<pending>");
    }
}
