//! Bracket expressions. Rust has sets in sets and operators on them; RE2 takes those characters as they are.

use std::iter::Peekable;
use std::str::Chars;

use super::translate::{escape, push_literal};

/// The classes that have a name (re2, `perl_groups.cc`).
const CLASSES: &[&str] = &[
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper", "word", "xdigit",
];

/// A bracket expression, whose opening bracket was read.
pub fn bracket(chars: &mut Peekable<Chars>, out: &mut String) -> Result<(), String> {
    out.push('[');
    out.extend(chars.next_if_eq(&'^'));
    let mut first = true;
    loop {
        match (chars.peek().copied(), first) {
            (None, _) => return Err("a bracket is never closed".to_owned()),
            (Some(']'), false) => break,
            // A hyphen can only be the first, the last, or a range's.
            (Some('-'), false) if chars.clone().nth(1) != Some(']') => {
                return Err("a hyphen in brackets stands neither first nor last".to_owned());
            }
            _ => {}
        }
        first = false;
        if let Some(name) = class(chars)? {
            out.push_str(&name);
            continue;
        }
        let low = member(chars)?;
        push_literal(low, out);
        let mut ahead = chars.clone();
        if ahead.next() == Some('-') && !matches!(ahead.peek(), None | Some(']')) {
            *chars = ahead;
            let high = member(chars)?;
            if high < low {
                return Err(format!("`{low}-{high}` is no range"));
            }
            out.push('-');
            push_literal(high, out);
        }
    }
    chars.next();
    out.push(']');
    Ok(())
}

fn member(chars: &mut Peekable<Chars>) -> Result<char, String> {
    match chars.next() {
        Some('\\') => escape(chars),
        Some(c) => Ok(c),
        None => Err("a bracket is never closed".to_owned()),
    }
}

/// `[:name:]` or `[:^name:]`. What never ends so is no class.
fn class(chars: &mut Peekable<Chars>) -> Result<Option<String>, String> {
    let rest: String = chars.clone().collect();
    let Some(end) = rest.strip_prefix("[:").and_then(|inner| inner.find(":]")) else { return Ok(None) };
    let class = &rest[..end + 4];
    let name = &class[2..end + 2];
    if !CLASSES.contains(&name.strip_prefix('^').unwrap_or(name)) {
        return Err(format!("`{class}` is no class of characters"));
    }
    chars.nth(class.chars().count() - 1);
    Ok(Some(class.to_owned()))
}
