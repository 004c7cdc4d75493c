//! Regular expressions as Falco takes them: RE2 with POSIX syntax, matched against the whole text.
//!
//! RE2 and Rust's engine both take linear time and agree on what they have in common; what means something else in
//! one of them is escaped here or refused, so that a pattern never means something else than in Falco.

use regex_automata::meta::Regex;
use regex_automata::util::syntax;

/// How much memory a compiled expression may take, in bytes.
const SIZE_MAX: usize = 1 << 20;

/// Compiles a pattern.
///
/// # Errors
/// What is wrong with it.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    let invalid = |error: &dyn std::fmt::Display| format!("invalid regex pattern: {error}");
    let pattern = translate(pattern).map_err(|error| invalid(&error))?;
    let config = syntax::Config::new().utf8(false);
    // It must be one by itself: what follows would make one of `a)(b`.
    syntax::parse_with(&pattern, &config).map_err(|error| invalid(&short(&error.to_string())))?;
    Regex::builder()
        .configure(Regex::config().nfa_size_limit(Some(SIZE_MAX)).utf8_empty(false))
        .syntax(config)
        .build(&format!(r"\A(?m:{pattern})\z"))
        .map_err(|error| match error.size_limit() {
            Some(limit) => invalid(&format!("it takes more than {limit} bytes")),
            None => invalid(&error),
        })
}

/// The last line of the parser's message says what is wrong; those before show the pattern, which the diagnostic
/// does better.
fn short(message: &str) -> String {
    message.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

/// The pattern in Rust's syntax. Perl's extensions, which POSIX syntax doesn't have, are refused.
fn translate(pattern: &str) -> Result<String, String> {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars().peekable();
    let mut last = None;
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        match (c, next) {
            ('\\', Some(escaped)) => {
                chars.next();
                push_escape(escaped, &mut out)?;
            }
            ('(', Some('?')) => return Err("`(?` is not of POSIX syntax".to_owned()),
            ('?', _) if matches!(last, Some('*' | '+' | '?' | '}')) => {
                return Err("a repetition can't be followed by `?` in POSIX syntax".to_owned());
            }
            ('[', _) => bracket(&mut chars, &mut out)?,
            _ => out.push(c),
        }
        last = if c == '\\' { None } else { Some(c) };
    }
    Ok(out)
}

/// An escape that means the same in both; a letter that RE2 gives no meaning is an error there.
fn push_escape(escaped: char, out: &mut String) -> Result<(), String> {
    match escaped {
        'a' | 'f' | 'n' | 'r' | 't' | 'v' | 'x' => {}
        c if c.is_alphanumeric() => return Err(format!("`\\{c}` is not of POSIX syntax")),
        // To Rust these are borders of words.
        '<' | '>' => {
            out.push(escaped);
            return Ok(());
        }
        _ => {}
    }
    out.push('\\');
    out.push(escaped);
    Ok(())
}

/// A bracket expression, whose opening bracket was read. Rust has sets in sets and operators on them; RE2 takes
/// those characters as they are.
fn bracket(chars: &mut std::iter::Peekable<std::str::Chars>, out: &mut String) -> Result<(), String> {
    out.push('[');
    out.extend(chars.next_if_eq(&'^'));
    if chars.next_if_eq(&']').is_some() {
        out.push_str("\\]");
    }
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            (']', _) => {
                out.push(']');
                return Ok(());
            }
            ('\\', Some(escaped)) => {
                push_escape(*escaped, out)?;
                chars.next();
            }
            ('[', Some(':')) => {
                out.push('[');
                // The name and its end stand for themselves, whatever they are: the parser knows the names.
                for c in chars.by_ref() {
                    out.push(c);
                    if c == ']' {
                        break;
                    }
                }
            }
            // A range up to a hyphen, which to Rust is a difference of sets.
            ('-', Some('-')) => {
                chars.next();
                out.push_str("-\\-");
            }
            ('[' | '&' | '~', _) => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    Err("a bracket is never closed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::compile;

    #[test]
    fn patterns_mean_what_they_mean_in_falco() {
        for (pattern, text, expected) in [
            ("a.c", "abc", true),
            ("a.c", "xabcx", false),
            ("a|ab", "ab", true),
            ("h.llo", "héllo", true),
            ("a.c", "a\nc", false),
            ("[[:alpha:]]+", "abc", true),
            ("[]a]", "]", true),
            ("[^]a]", "]", false),
            ("[a[&&~]+", "[&~a", true),
            ("[a&&b]", "b", true),
            ("[+--]", ",", true),
            (r"\<x\>", "<x>", true),
            (r"/etc/[^/]+\.conf", "/etc/x.conf", true),
            (r"/etc/[^/]+\.conf", "/etc/x/y.conf", false),
            ("a\n^b", "a\nb", true),
            ("", "", true),
            ("", "a", false),
        ] {
            let regex = compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
            assert_eq!(regex.is_match(text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn other_syntax_is_refused() {
        for (pattern, expected) in [
            (r"\d+", "`\\d` is not of POSIX syntax"),
            (r"[\w]", "`\\w` is not of POSIX syntax"),
            (r"\bx", "`\\b` is not of POSIX syntax"),
            ("(?i)x", "`(?` is not of POSIX syntax"),
            ("a*?", "a repetition can't be followed by `?` in POSIX syntax"),
            ("a)(b", "unopened group"),
            ("(a", "unclosed group"),
            ("[a", "a bracket is never closed"),
            ("((a{100}){100}){100}", "it takes more than 1048576 bytes"),
        ] {
            let error = compile(pattern).map(drop).expect_err(pattern);
            assert_eq!(error, format!("invalid regex pattern: {expected}"));
        }
    }
}
