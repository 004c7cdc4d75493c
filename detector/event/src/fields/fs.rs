//! Fields of the paths that a syscall was given: what was opened, renamed, linked, removed, made, mounted.

use crate::Type::CharBuf;
use crate::{Ctx, Field, FieldFlags, Kind, Param, Path, Val};

/// Which parameter a field reads.
type Which = fn(Kind) -> Option<&'static str>;

/// The parameter that is the only path of an event which has one.
pub fn only(kind: Kind) -> Option<&'static str> {
    match kind {
        kind if kind.is_open() => Some("name"),
        Kind::Unlinkat => Some("name"),
        Kind::Unlink | Kind::Rmdir | Kind::Mkdir | Kind::Mkdirat => Some("path"),
        _ => None,
    }
}

/// The parameter that is renamed or mounted; of a link, the link itself, as in Falco.
pub fn source(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Rename | Kind::Renameat | Kind::Renameat2 => Some("oldpath"),
        Kind::Link | Kind::Linkat => Some("newpath"),
        Kind::Symlink | Kind::Symlinkat => Some("linkpath"),
        Kind::Mount => Some("dev"),
        _ => None,
    }
}

/// The parameter that it is renamed to or mounted on; of a link, what it leads to, as in Falco.
pub fn target(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Rename | Kind::Renameat | Kind::Renameat2 => Some("newpath"),
        Kind::Link | Kind::Linkat => Some("oldpath"),
        Kind::Symlink | Kind::Symlinkat => Some("target"),
        Kind::Mount => Some("dir"),
        _ => None,
    }
}

/// As in Falco, these fields are missing where the operation failed; an open has its path unless it was answered
/// with EPERM.
fn param(ctx: &Ctx, of: Which) -> Option<Param> {
    let done = if ctx.event.kind.is_open() { ctx.event.res != -1 } else { ctx.event.res == 0 };
    ctx.event.param(of(ctx.event.kind)?).filter(|_| done)
}

fn resolved<'a>(ctx: &Ctx<'a>, of: Which) -> Val<'a> {
    match param(ctx, of) {
        Some(Param::Path(path)) => ctx.path_val(path),
        Some(Param::Bytes(text)) => known(ctx.event.bytes(text)),
        _ => Val::Missing,
    }
}

fn raw<'a>(ctx: &Ctx<'a>, of: Which) -> Val<'a> {
    match param(ctx, of) {
        Some(Param::Path(Path { raw: text, .. }) | Param::Bytes(text)) => known(ctx.event.bytes(text)),
        _ => Val::Missing,
    }
}

fn known(text: &[u8]) -> Val<'_> {
    if text.is_empty() { Val::Missing } else { Val::Str(text) }
}

/// The family's rows.
pub const FIELDS: &[Field] = &[
    Field::new("fs.path.name", CharBuf, "The path that was opened, removed or made.", |ctx| {
        resolved(ctx, only)
    })
    .with(FieldFlags::PATH),
    Field::new("fs.path.nameraw", CharBuf, "The same as the program wrote it.", |ctx| raw(ctx, only)),
    Field::new(
        "fs.path.source",
        CharBuf,
        "The path that was renamed or mounted; of a link, the path of the link.",
        |ctx| resolved(ctx, source),
    )
    .with(FieldFlags::PATH),
    Field::new("fs.path.sourceraw", CharBuf, "The same as the program wrote it.", |ctx| {
        raw(ctx, source)
    }),
    Field::new(
        "fs.path.target",
        CharBuf,
        "The path that it was renamed to or mounted on; of a link, what it leads to, of a symbolic one as it is \
         written.",
        |ctx| resolved(ctx, target),
    )
    .with(FieldFlags::PATH),
    Field::new("fs.path.targetraw", CharBuf, "The same as the program wrote it.", |ctx| {
        raw(ctx, target)
    }),
];

#[cfg(test)]
mod tests {
    use crate::Kind;
    use crate::sample::Sample;

    #[test]
    fn paths_are_those_that_falco_says() {
        for (kind, params, expected) in [
            (Kind::Rename, ["oldpath", "newpath"], ["<NA>", "/a", "/b"]),
            (Kind::Linkat, ["newpath", "oldpath"], ["<NA>", "/a", "/b"]),
            (Kind::Symlink, ["linkpath", "target"], ["<NA>", "/a", "/b"]),
            (Kind::Mount, ["dev", "dir"], ["<NA>", "/a", "/b"]),
            (Kind::Unlinkat, ["name", "flags"], ["/a", "<NA>", "<NA>"]),
            (Kind::Mkdir, ["path", "mode"], ["/a", "<NA>", "<NA>"]),
            (Kind::Openat, ["name", "mode"], ["/a", "<NA>", "<NA>"]),
        ] {
            let mut sample = Sample::new(kind);
            sample.set(&format!("evt.arg.{}", params[0]), "/a").unwrap();
            if expected[2] == "/b" {
                sample.set(&format!("evt.arg.{}", params[1]), "/b").unwrap();
            }
            let fields = ["fs.path.name", "fs.path.source", "fs.path.target"];
            assert_eq!(fields.map(|field| sample.text(field)), expected, "{kind:?}");
            sample.set("evt.res", "EPERM").unwrap();
            assert_eq!(fields.map(|field| sample.text(field)), ["<NA>"; 3], "{kind:?}");
        }
    }
}
