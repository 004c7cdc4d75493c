//! A pattern of RE2's POSIX syntax in Rust's. Perl's extensions, which the one doesn't have, are errors, as they are
//! there (re2, `parse.cc`).

use std::iter::Peekable;
use std::str::Chars;

use super::bracket::bracket;

/// How often something can be repeated, all repetitions in one another multiplied.
const REPEAT_MAX: u32 = 1000;

/// The pattern in Rust's syntax.
pub fn translate(pattern: &str) -> Result<String, String> {
    let mut translation = Translation::default();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '(' if chars.peek() == Some(&'?') => return Err("`(?` is not of POSIX syntax".to_owned()),
            '(' => translation.open(),
            ')' => translation.close()?,
            '|' => translation.alternative(),
            '*' => translation.repeat("*", 1)?,
            '+' => translation.repeat("+", 1)?,
            '?' => translation.repeat("?", 1)?,
            '{' => match counted(&mut chars)? {
                Some((text, times)) => translation.repeat(&text, times)?,
                None => translation.literal(c),
            },
            '[' => {
                translation.begin();
                bracket(&mut chars, &mut translation.out)?;
            }
            '\\' => {
                let escaped = escape(&mut chars)?;
                translation.literal(escaped);
            }
            '.' | '^' | '$' => {
                translation.begin();
                translation.out.push(c);
            }
            _ => translation.literal(c),
        }
    }
    match translation.groups.as_slice() {
        [] => Ok(translation.out),
        _ => Err("a group is never closed".to_owned()),
    }
}

/// What was translated.
#[derive(Default)]
struct Translation {
    out: String,
    /// What can be repeated.
    last: Option<Atom>,
    /// Where the groups that are open begin, and the repetitions in them so far.
    groups: Vec<Atom>,
    /// The repetitions in the innermost group, or outside of all, so far.
    times: u32,
}

/// Something that can be repeated.
#[derive(Clone, Copy)]
struct Atom {
    /// Where it begins.
    start: usize,
    /// How often something in it is repeated.
    times: u32,
    /// Whether it is a repetition.
    repeated: bool,
}

impl Translation {
    fn begin(&mut self) {
        self.last = Some(Atom { start: self.out.len(), times: 1, repeated: false });
    }

    fn literal(&mut self, c: char) {
        self.begin();
        push_literal(c, &mut self.out);
    }

    fn open(&mut self) {
        self.groups.push(Atom { start: self.out.len(), times: self.times, repeated: false });
        (self.last, self.times) = (None, 1);
        self.out.push_str("(?:");
    }

    fn close(&mut self) -> Result<(), String> {
        let group = self.groups.pop().ok_or("a group is closed that was never opened")?;
        self.out.push(')');
        self.last = Some(Atom { times: self.times.max(1), ..group });
        self.times = self.times.max(group.times);
        Ok(())
    }

    fn alternative(&mut self) {
        self.last = None;
        self.out.push('|');
    }

    /// Repeats what stands before. Perl has other meanings for a repetition of a repetition, which is one here.
    fn repeat(&mut self, how: &str, times: u32) -> Result<(), String> {
        let atom = self.last.ok_or("a repetition repeats nothing")?;
        let times = atom.times.saturating_mul(times);
        if times > REPEAT_MAX {
            return Err(format!("something is repeated more than {REPEAT_MAX} times"));
        }
        if atom.repeated {
            self.out.insert_str(atom.start, "(?:");
            self.out.push(')');
        }
        self.out.push_str(how);
        self.times = self.times.max(times);
        self.last = Some(Atom { times, repeated: true, ..atom });
        Ok(())
    }
}

/// A literal character, whatever it means elsewhere.
pub fn push_literal(c: char, out: &mut String) {
    if c.is_ascii_punctuation()
        && !matches!(c, '<' | '>' | '_' | '"' | '\'' | '/' | ',' | ';' | ':' | '=' | '@')
    {
        out.push('\\');
    }
    out.push(c);
}

/// `{n}`, `{n,}` or `{n,m}`, whose brace was read, and how often that is at most; what looks otherwise is no
/// repetition.
fn counted(chars: &mut Peekable<Chars>) -> Result<Option<(String, u32)>, String> {
    let mut ahead = chars.clone();
    let inner: String = ahead.by_ref().take_while(|c| *c != '}').collect();
    let (low, high) = match inner.split_once(',') {
        Some((low, "")) => (low, low),
        Some((low, high)) => (low, high),
        None => (inner.as_str(), inner.as_str()),
    };
    // A number that begins with 0, or has more digits than RE2 reads, is none.
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let read = digits && text.len() <= 9 && (text == "0" || !text.starts_with('0'));
        read.then(|| text.parse::<u32>().unwrap_or(u32::MAX))
    };
    let closed = chars.clone().any(|c| c == '}');
    let (Some(low), Some(high), true) = (number(low), number(high), closed) else { return Ok(None) };
    if low > high || high > REPEAT_MAX {
        return Err(format!("`{{{inner}}}` is no number of times from 0 to {REPEAT_MAX}"));
    }
    *chars = ahead;
    // At least two of them multiply what is repeated inside.
    Ok(Some((format!("{{{inner}}}"), if high >= 2 { high } else { 1 })))
}

/// The character that an escape, whose backslash was read, stands for.
pub fn escape(chars: &mut Peekable<Chars>) -> Result<char, String> {
    let c = chars.next().ok_or("there is nothing behind the backslash at the end")?;
    let unknown = || format!("`\\{c}` is not of POSIX syntax");
    Ok(match c {
        'a' => '\x07',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        'x' => hexadecimal(chars).ok_or_else(unknown)?,
        // A digit alone would refer back to a group.
        '1'..='7' if !chars.peek().is_some_and(|next| ('0'..='7').contains(next)) => return Err(unknown()),
        '0'..='7' => {
            let mut code = c.to_digit(8).unwrap_or_default();
            for _ in 0..2 {
                let digit =
                    chars.next_if(|next| ('0'..='7').contains(next)).and_then(|next| next.to_digit(8));
                code = digit.map_or(code, |digit| code * 8 + digit);
            }
            char::from_u32(code).ok_or_else(unknown)?
        }
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => c,
        _ => return Err(unknown()),
    })
}

/// Two digits, or any number of them in braces.
fn hexadecimal(chars: &mut Peekable<Chars>) -> Option<char> {
    let mut digits = String::new();
    if chars.next_if_eq(&'{').is_some() {
        loop {
            match chars.next()? {
                '}' => break,
                c => digits.push(c),
            }
        }
    } else {
        digits.extend(chars.next());
        digits.extend(chars.next());
        if digits.len() != 2 {
            return None;
        }
    }
    let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u32::from_str_radix(&digits, 16).ok().filter(|_| plain).and_then(char::from_u32)
}
