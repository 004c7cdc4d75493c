//! Fields of containers. The id comes with the event; the rest is asked of the engine, and may come late.

use crate::Type::{AbsTime, Bool, CharBuf};
use crate::{Arg, ArgRule, Container, Ctx, Field, FieldFlags, Late, Mount, Val};

/// How many characters of an id are shown.
const SHORT_ID: usize = 12;

const LATE: FieldFlags = FieldFlags::LATE;

fn record<'a>(ctx: &Ctx<'a>, read: impl FnOnce(&'a Container) -> Val<'a>) -> Val<'a> {
    match ctx.container() {
        Late::Pending => Val::Pending,
        Late::Missing => Val::Missing,
        Late::Known(container) => read(container),
    }
}

fn text<'a>(ctx: &Ctx<'a>, read: fn(&'a Container) -> &'a str) -> Val<'a> {
    record(ctx, |container| Val::text(Some(read(container).as_bytes()).filter(|text| !text.is_empty())))
}

/// A mount by number, or the first whose source matches a pattern.
fn mount<'a>(ctx: &Ctx<'a>, read: fn(&Ctx<'a>, &'a Mount) -> Val<'a>) -> Val<'a> {
    record(ctx, |container| {
        let found = match ctx.arg {
            Arg::None => None,
            Arg::Index(number) => container.mounts.get(*number as usize),
            Arg::Key(key) => match key.parse::<usize>() {
                Ok(number) => container.mounts.get(number),
                Err(_) => container.mounts.iter().find(|mount| matches(key, &mount.source)),
            },
        };
        found.map_or(Val::Missing, |mount| read(ctx, mount))
    })
}

/// Whether a path fits a pattern in which `*` stands for anything.
fn matches(pattern: &str, path: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(rest) = pieces.next().and_then(|first| path.strip_prefix(first)) else { return false };
    let mut rest = rest;
    let mut last = "";
    let mut any = false;
    for piece in pieces {
        any = true;
        last = piece;
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    if any { last.is_empty() || path.ends_with(last) } else { rest.is_empty() }
}

fn describe<'a>(ctx: &Ctx<'a>, mount: &'a Mount) -> Val<'a> {
    ctx.text(format_args!(
        "{}:{}:{}:{}:{}",
        mount.source, mount.dest, mount.mode, mount.rw, mount.propagation
    ))
}

fn all_mounts<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    record(ctx, |container| {
        let mounts: Vec<String> = container
            .mounts
            .iter()
            .map(|m| format!("{}:{}:{}:{}:{}", m.source, m.dest, m.mode, m.rw, m.propagation))
            .collect();
        ctx.text(format_args!("{}", mounts.join(",")))
    })
}

/// The family's rows.
pub const FIELDS: &[Field] = &[
    Field::new(
        "container.id",
        CharBuf,
        "The first 12 characters of the container's id; `host` where there is none.",
        |ctx| Val::Str(ctx.container_id().map_or("host", |id| id.get(..SHORT_ID).unwrap_or(id)).as_bytes()),
    ),
    Field::new("container.full_id", CharBuf, "The container's whole id.", |ctx| {
        Val::text(ctx.container_id().map(str::as_bytes))
    }),
    Field::new("container.name", CharBuf, "The container's name; `host` where there is none.", |ctx| {
        if ctx.container_id().is_none() { Val::Str(b"host") } else { text(ctx, |container| &container.name) }
    })
    .with(LATE),
    Field::new(
        "container.type",
        CharBuf,
        "The kind of engine: `docker`, `podman`…; `host` where there is none.",
        |ctx| {
            if ctx.container_id().is_none() {
                Val::Str(b"host")
            } else {
                text(ctx, |container| &container.engine)
            }
        },
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
        "All mounts, each as source:dest:mode:rdwr:propagation.",
        all_mounts,
    )
    .with(LATE),
    Field::new(
        "container.mount",
        CharBuf,
        "A mount by number, or the first whose source fits a pattern.",
        |ctx| mount(ctx, describe),
    )
    .arg(ArgRule::KeyRequired)
    .with(LATE),
    Field::new("container.mount.source", CharBuf, "The source of a mount, by number or source.", |ctx| {
        mount(ctx, |_, mount| Val::Str(mount.source.as_bytes()))
    })
    .arg(ArgRule::KeyRequired)
    .with(LATE),
    Field::new(
        "container.mount.dest",
        CharBuf,
        "Where a mount is in the container, by number or source.",
        |ctx| mount(ctx, |_, mount| Val::Str(mount.dest.as_bytes())),
    )
    .arg(ArgRule::KeyRequired)
    .with(LATE),
    Field::new("container.mount.mode", CharBuf, "The mode of a mount, by number or source.", |ctx| {
        mount(ctx, |_, mount| Val::Str(mount.mode.as_bytes()))
    })
    .arg(ArgRule::KeyRequired)
    .with(LATE),
    Field::new(
        "container.mount.rdwr",
        CharBuf,
        "Whether a mount may be written, by number or source.",
        |ctx| mount(ctx, |_, mount| Val::Str(if mount.rw { b"true" } else { b"false" })),
    )
    .arg(ArgRule::KeyRequired)
    .with(LATE),
    Field::new("container.mount.propagation", CharBuf, "How a mount travels, by number or source.", |ctx| {
        mount(ctx, |_, mount| Val::Str(mount.propagation.as_bytes()))
    })
    .arg(ArgRule::KeyRequired)
    .with(LATE),
    Field::new("container.label", CharBuf, "A label by name.", |ctx| {
        record(ctx, |container| match ctx.arg {
            Arg::Key(key) => Val::text(container.labels.get(key).map(|value| value.as_bytes())),
            _ => Val::Missing,
        })
    })
    .arg(ArgRule::KeyRequired)
    .with(LATE),
    Field::new("container.labels", CharBuf, "All labels, each as `name:value`.", |ctx| {
        record(ctx, |container| {
            let labels: Vec<String> =
                container.labels.iter().map(|(key, value)| format!("{key}:{value}")).collect();
            ctx.text(format_args!("{}", labels.join(",")))
        })
    })
    .with(LATE),
    Field::new("container.start_ts", AbsTime, "When it was made.", |ctx| {
        record(ctx, |container| Val::Uint(container.created))
    })
    .with(LATE),
    Field::new("container.duration", crate::Type::RelTime, "How long ago it was made.", |ctx| {
        record(ctx, |container| Val::Uint(ctx.event.time.saturating_sub(container.created)))
    })
    .with(LATE),
];

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn mounts_are_found_by_pattern() {
        for (pattern, path, expected) in [
            ("/etc", "/etc", true),
            ("/etc", "/etc/x", false),
            ("/etc*", "/etc/x", true),
            ("/proc*", "/process", true),
            ("/*/docker.sock", "/var/run/docker.sock", true),
            ("/*/docker.sock", "/var/run/docker.sock.old", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }
}
