//! Fields of the paths of an event that isn't about a descriptor: what was renamed, linked, removed, made.

use crate::Type::CharBuf;
use crate::{Ctx, Field, FieldFlags, Kind, Param, Path, Val};

fn by_name(ctx: &Ctx, name: &str) -> Option<Path> {
    match ctx.event.param(name) {
        Some(Param::Path(path)) if path.given.len > 0 => Some(path),
        _ => None,
    }
}

/// The only path of an event that has one.
fn only(ctx: &Ctx) -> Option<Path> {
    match ctx.event.kind {
        kind if kind.is_open() => by_name(ctx, "name"),
        Kind::Unlinkat => by_name(ctx, "name"),
        Kind::Unlink | Kind::Rmdir | Kind::Mkdir | Kind::Mkdirat => by_name(ctx, "path"),
        _ => None,
    }
}

/// What an event with two paths is done from.
fn source(ctx: &Ctx) -> Option<Path> {
    match ctx.event.kind {
        Kind::Mount => by_name(ctx, "dev"),
        _ => by_name(ctx, "oldpath"),
    }
}

/// What an event with two paths is done to.
fn target(ctx: &Ctx) -> Option<Path> {
    match ctx.event.kind {
        Kind::Mount => by_name(ctx, "dir"),
        Kind::Symlink | Kind::Symlinkat => by_name(ctx, "linkpath"),
        _ => by_name(ctx, "newpath"),
    }
}

fn resolved<'a>(ctx: &Ctx<'a>, path: Option<Path>) -> Val<'a> {
    Val::text(path.map(|path| ctx.path(path)))
}

fn raw<'a>(ctx: &Ctx<'a>, path: Option<Path>) -> Val<'a> {
    Val::text(path.map(|path| ctx.event.bytes(path.raw)))
}

/// The family's rows.
pub const FIELDS: &[Field] = &[
    Field::new("fs.path.name", CharBuf, "The path that was opened, removed or made.", |ctx| {
        resolved(ctx, only(ctx))
    })
    .with(FieldFlags::PATH),
    Field::new("fs.path.nameraw", CharBuf, "The same as the program wrote it.", |ctx| raw(ctx, only(ctx))),
    Field::new("fs.path.source", CharBuf, "The path that was renamed, linked or mounted.", |ctx| {
        resolved(ctx, source(ctx))
    })
    .with(FieldFlags::PATH),
    Field::new("fs.path.sourceraw", CharBuf, "The same as the program wrote it.", |ctx| {
        raw(ctx, source(ctx))
    }),
    Field::new(
        "fs.path.target",
        CharBuf,
        "The path that it was renamed to, linked as or mounted on.",
        |ctx| resolved(ctx, target(ctx)),
    )
    .with(FieldFlags::PATH),
    Field::new("fs.path.targetraw", CharBuf, "The same as the program wrote it.", |ctx| {
        raw(ctx, target(ctx))
    }),
];
