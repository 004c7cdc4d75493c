//! What transformers make of values, while an event is judged. Where a value that one needs is missing, what it
//! makes is missing, and pending likewise.

use bumpalo::collections::Vec as BumpVec;
use lanner_event::{Ctx, Val};

use super::source::Source;
use crate::ast::Function;

/// A transformer of one value. Of a list it transforms each value, but for `len`, which counts them.
pub fn one<'a>(function: Function, value: Val<'a>, ctx: &Ctx<'a>) -> Val<'a> {
    let changed = |text: &'a [u8], change: fn(&mut [u8])| {
        let text = ctx.scratch.alloc_slice_copy(text);
        change(text);
        Val::Str(text)
    };
    match (function, value) {
        (Function::Len, Val::List(items) | Val::Any(items)) => Val::Uint(items.len() as u64),
        (_, Val::List(items)) => {
            let values = ctx.values(items.iter().map(|item| one(function, *item, ctx)));
            if values.contains(&Val::Missing) { Val::Missing } else { Val::List(values) }
        }
        (_, Val::Any(items)) => Val::Any(ctx.values(items.iter().map(|item| one(function, *item, ctx)))),
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

/// The values of the parts in one list, as texts.
pub fn list<'a>(parts: &'a [Source], ctx: &Ctx<'a>) -> Val<'a> {
    let mut texts = BumpVec::new_in(ctx.scratch);
    let mut pending = false;
    for part in parts {
        match part.get(ctx) {
            Val::Missing => return Val::Missing,
            Val::Pending => pending = true,
            Val::List(values) => texts.extend(values.iter().map(|value| text(*value, ctx))),
            value => texts.push(text(value, ctx)),
        }
    }
    if pending { Val::Pending } else { Val::List(texts.into_bump_slice()) }
}

/// A value as a text; several that may be the one, such as ancestors, with blanks between.
fn text<'a>(value: Val<'a>, ctx: &Ctx<'a>) -> Val<'a> {
    match value {
        Val::Bool(value) => ctx.text(format_args!("{value}")),
        Val::Int(value) => ctx.text(format_args!("{value}")),
        Val::Uint(value) => ctx.text(format_args!("{value}")),
        Val::Double(value) => ctx.text(format_args!("{value}")),
        Val::Ip(value) => ctx.text(format_args!("{value}")),
        Val::Any(values) => joined(Val::Str(b" "), Val::List(values), ctx),
        value => value,
    }
}

/// The texts of a list, the separator between.
pub fn joined<'a>(separator: Val<'a>, list: Val<'a>, ctx: &Ctx<'a>) -> Val<'a> {
    let (separator, items) = match (text(separator, ctx), list) {
        (Val::Str(separator), Val::List(items)) => (separator, items),
        (Val::Missing, _) | (_, Val::Missing) => return Val::Missing,
        (Val::Pending, _) | (_, Val::Pending) => return Val::Pending,
        _ => return Val::Missing,
    };
    let mut out = BumpVec::new_in(ctx.scratch);
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.extend_from_slice(separator);
        }
        match text(*item, ctx) {
            Val::Str(text) => out.extend_from_slice(text),
            other => return other,
        }
    }
    Val::Str(out.into_bump_slice())
}

/// What getopt(3) would find on a command line, up to the first argument that is no option: the letter of each option
/// and behind it its value, `?` for an option that isn't known, and an empty text for one whose value is missing. Long
/// options are passed over. With a `wanted` option it is that one's last value, or its letter if it takes none.
pub fn getopt<'a>(args: Val<'a>, options: Val<'a>, wanted: Option<u8>, ctx: &Ctx<'a>) -> Val<'a> {
    let (args, options) = match (args, options) {
        (Val::List(args), Val::Str(options)) => (args, options),
        (Val::Missing, _) | (_, Val::Missing) => return Val::Missing,
        _ => return Val::Pending,
    };
    let mut args = args.iter().map(|arg| match arg {
        Val::Str(text) => *text,
        _ => b"",
    });
    let mut found: BumpVec<Val> = BumpVec::new_in(ctx.scratch);
    let mut last = Val::Missing;
    let mut emit = |letter: Option<u8>, texts: &[&'a [u8]]| match wanted {
        None => found.extend(texts.iter().copied().map(Val::Str)),
        Some(wanted) if letter == Some(wanted) => last = texts.last().map_or(last, |text| Val::Str(text)),
        Some(_) => {}
    };
    while let Some(arg) = args.next() {
        match arg {
            b"--" => break,
            [b'-', b'-', ..] => continue,
            [b'-', _, ..] => {}
            _ => break,
        }
        for at in 1..arg.len() {
            let letter = &arg[at..=at];
            match takes_value(options, letter[0]) {
                None => emit(None, &[b"?"]),
                Some(false) => emit(Some(letter[0]), &[letter]),
                Some(true) => {
                    let rest = Some(&arg[at + 1..]).filter(|rest| !rest.is_empty());
                    match rest.or_else(|| args.next()) {
                        Some(value) => emit(Some(letter[0]), &[letter, value]),
                        None => emit(Some(letter[0]), &[b""]),
                    }
                    break;
                }
            }
        }
    }
    if wanted.is_some() { last } else { Val::List(found.into_bump_slice()) }
}

/// Whether a letter is an option, and whether it takes a value: then a colon stands behind it.
fn takes_value(options: &[u8], letter: u8) -> Option<bool> {
    let mut found = None;
    for (at, option) in options.iter().enumerate() {
        if *option == letter && letter != b':' {
            found = Some(found == Some(true) || options.get(at + 1) == Some(&b':'));
        }
    }
    found
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
