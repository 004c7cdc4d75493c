//! What stands on a side of a comparison, once its names are resolved.

use bumpalo::collections::Vec as BumpVec;
use lanner_event::{Ctx, FieldFlags, FieldRef, Type, Val};

use crate::ast::Function;

/// A field, or what transformers make of fields.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Source {
    /// A field.
    Field(FieldRef),
    /// A transformer of one value.
    Transformed(Function, Box<Source>),
    /// Texts put together, the separator between them.
    Joined(Box<str>, Box<[Part]>),
}

/// A part of a text that is put together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Part {
    /// A value.
    Source(Source),
    /// Always the same.
    Constant(Box<str>),
}

impl Source {
    /// The fields that are read.
    pub fn fields(&self) -> Vec<&FieldRef> {
        match self {
            Source::Field(field) => vec![field],
            Source::Transformed(_, inner) => inner.fields(),
            Source::Joined(_, parts) => parts
                .iter()
                .flat_map(|part| match part {
                    Part::Source(source) => source.fields(),
                    Part::Constant(_) => Vec::new(),
                })
                .collect(),
        }
    }

    /// Whether a field that is read has a flag.
    pub fn has(&self, flag: FieldFlags) -> bool {
        self.fields().iter().any(|field| field.field.flags.contains(flag))
    }

    /// Its type.
    pub fn ty(&self) -> Type {
        match self {
            Source::Field(field) => field.ty(),
            Source::Transformed(Function::Len, _) => Type::Uint64,
            Source::Transformed(_, inner) => inner.ty(),
            Source::Joined(..) => Type::CharBuf,
        }
    }

    /// Whether it has several values.
    pub fn is_list(&self) -> bool {
        match self {
            Source::Field(field) => field.field.flags.contains(FieldFlags::LIST),
            Source::Transformed(Function::Len, _) | Source::Joined(..) => false,
            Source::Transformed(_, inner) => inner.is_list(),
        }
    }

    /// Whether it depends on the reading of paths.
    pub fn is_path(&self) -> bool {
        self.has(FieldFlags::PATH)
    }

    /// Its value.
    pub fn get<'a>(&'a self, ctx: &Ctx<'a>) -> Val<'a> {
        match self {
            Source::Field(field) => ctx.get(field),
            Source::Transformed(function, inner) => transform(*function, inner.get(ctx), ctx),
            Source::Joined(separator, parts) => joined(separator, parts, ctx),
        }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Source::Field(field) => field.fmt(f),
            Source::Transformed(function, inner) => write!(f, "{}({inner})", function.name()),
            Source::Joined(separator, parts) => {
                write!(f, "join({separator:?}, (")?;
                for (at, part) in parts.iter().enumerate() {
                    let comma = if at > 0 { ", " } else { "" };
                    match part {
                        Part::Source(source) => write!(f, "{comma}{source}")?,
                        Part::Constant(text) => write!(f, "{comma}{text:?}")?,
                    }
                }
                f.write_str("))")
            }
        }
    }
}

/// The parts with the separator between, and between the values of a part that has several. Where a part is missing,
/// all is.
fn joined<'a>(separator: &str, parts: &'a [Part], ctx: &Ctx<'a>) -> Val<'a> {
    let mut texts = BumpVec::new_in(ctx.scratch);
    let mut pending = false;
    for part in parts {
        match part {
            Part::Constant(text) => texts.push(text.as_bytes()),
            Part::Source(source) => match source.get(ctx) {
                Val::Str(text) => texts.push(text),
                Val::List(values) => texts.extend(values.iter().filter_map(|value| match value {
                    Val::Str(text) => Some(*text),
                    _ => None,
                })),
                Val::Pending => pending = true,
                _ => return Val::Missing,
            },
        }
    }
    if pending {
        return Val::Pending;
    }
    let mut out = BumpVec::new_in(ctx.scratch);
    for (at, text) in texts.iter().enumerate() {
        if at > 0 {
            out.extend_from_slice(separator.as_bytes());
        }
        out.extend_from_slice(text);
    }
    Val::Str(out.into_bump_slice())
}

fn transform<'a>(function: Function, value: Val<'a>, ctx: &Ctx<'a>) -> Val<'a> {
    let changed = |text: &'a [u8], change: fn(&mut [u8])| {
        let text = ctx.scratch.alloc_slice_copy(text);
        change(text);
        Val::Str(text)
    };
    match (function, value) {
        (Function::Len, Val::List(items) | Val::Any(items)) => Val::Uint(items.len() as u64),
        (_, Val::List(items)) => {
            Val::List(ctx.values(items.iter().map(|item| transform(function, *item, ctx))))
        }
        (_, Val::Any(items)) => {
            Val::Any(ctx.values(items.iter().map(|item| transform(function, *item, ctx))))
        }
        (Function::Len, Val::Str(text)) => Val::Uint(text.len() as u64),
        (Function::ToLower, Val::Str(text)) => changed(text, <[u8]>::make_ascii_lowercase),
        (Function::ToUpper, Val::Str(text)) => changed(text, <[u8]>::make_ascii_uppercase),
        (Function::Basename, Val::Str(text)) => {
            Val::Str(text.rsplit(|byte| *byte == b'/').next().unwrap_or(text))
        }
        (Function::B64, Val::Str(text)) => decode_base64(text, ctx).map_or(Val::Missing, Val::Str),
        (_, value) => value,
    }
}

/// The bytes that a text means in base64 (RFC 4648 §4), its padding complete or left out; `None` where it is none.
fn decode_base64<'a>(text: &[u8], ctx: &Ctx<'a>) -> Option<&'a [u8]> {
    let end = text.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    let (text, padding) = text.split_at(end);
    if text.len() % 4 == 1
        || padding.len() > 2
        || (!padding.is_empty() && (text.len() + padding.len()) % 4 != 0)
    {
        return None;
    }
    let mut out = BumpVec::with_capacity_in(text.len() / 4 * 3 + 2, ctx.scratch);
    for group in text.chunks(4) {
        let mut bits = 0_u32;
        for byte in group {
            let digit = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(digit);
        }
        bits <<= 6 * (4 - group.len());
        out.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
    }
    Some(out.into_bump_slice())
}
