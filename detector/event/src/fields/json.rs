//! Fields of any JSON document, named by the place in it.

use super::text::Text;
use crate::Type::CharBuf;
use crate::{Arg, ArgRule, Ctx, Document, Field, Json, Val};

/// A value as a text: a string as it is, everything else as JSON.
pub fn value<'a>(ctx: &Ctx<'a>, json: Json<'a>) -> Val<'a> {
    match json.scalar() {
        Some(text) => Val::Str(text.as_bytes()),
        None => written(ctx, |out| json.write(out)),
    }
}

/// Values as a list, which is missing where it is empty, as in Falco.
pub fn list<'a>(ctx: &Ctx<'a>, values: impl IntoIterator<Item = Val<'a>>) -> Val<'a> {
    match ctx.values(values) {
        [] => Val::Missing,
        values => Val::List(values),
    }
}

fn written<'a>(ctx: &Ctx<'a>, write: impl FnOnce(&mut Text<'a>) -> std::fmt::Result) -> Val<'a> {
    let mut out = Text::new(ctx);
    // Writing to memory can't fail.
    let _ = write(&mut out);
    out.val()
}

fn pointed<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    let (Arg::Key(pointer), Some(document)) = (ctx.arg, ctx.event.document()) else { return Val::Missing };
    document.root().pointer(pointer).map_or(Val::Missing, |json| value(ctx, json))
}

fn whole<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    let indented = |document: &'a Document| written(ctx, |out| document.write_indented(out));
    ctx.event.document().map_or(Val::Missing, indented)
}

fn time<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    ctx.event.document().map_or(Val::Missing, |_| ctx.text(format_args!("{}", ctx.event.time)))
}

const POINTED: &str =
    "The value that a JSON pointer leads to: `/user/username`. What isn't a text is written as JSON.";
const WHOLE: &str = "The whole document, a line for each value.";
const TIME: &str = "When it happened, in nanoseconds since 1970-01-01 UTC, as a text.";

/// The family's rows. Each has two names.
pub const FIELDS: &[Field] = &[
    Field::new("json.value", CharBuf, POINTED, pointed).arg(ArgRule::KeyRequired),
    Field::new("json.obj", CharBuf, WHOLE, whole),
    Field::new("json.rawtime", CharBuf, TIME, time),
    Field::new("jevt.value", CharBuf, POINTED, pointed).arg(ArgRule::KeyRequired),
    Field::new("jevt.obj", CharBuf, WHOLE, whole),
    Field::new("jevt.rawtime", CharBuf, TIME, time),
];
