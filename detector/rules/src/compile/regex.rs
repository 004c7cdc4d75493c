//! Regular expressions as Falco takes them: RE2 with POSIX syntax, matched against the whole text.
//!
//! RE2 and Rust's engine both take linear time and agree on what they have in common; what means something else in
//! one of them is translated or refused, so that a pattern never means something else than in Falco.

mod bracket;
mod translate;

use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use translate::translate;

/// How much memory a compiled expression may take, in bytes: what RE2 gives one.
const SIZE_MAX: usize = 8 << 20;

/// Compiles a pattern.
///
/// # Errors
/// What is wrong with it.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    let invalid = |error: &dyn std::fmt::Display| format!("invalid regex pattern: {error}");
    let pattern = translate(pattern).map_err(|error| invalid(&error))?;
    Regex::builder()
        .configure(Regex::config().nfa_size_limit(Some(SIZE_MAX)).utf8_empty(false))
        .syntax(syntax::Config::new().utf8(false).multi_line(true))
        .build(&format!(r"(?-m:\A)(?:{pattern})(?-m:\z)"))
        .map_err(|error| match error.size_limit() {
            Some(limit) => invalid(&format!("it takes more than {limit} bytes")),
            None => invalid(&short(&error.to_string())),
        })
}

/// The last line of the parser's message says what is wrong; those before show the pattern, which the diagnostic
/// does better.
fn short(message: &str) -> String {
    message.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::compile;

    #[test]
    fn bytes_that_are_no_utf_8_match_nothing() {
        for (pattern, text, expected) in [
            (".", &b"\xff"[..], false),
            (".*", b"a\xffb", false),
            ("[^a]", b"\xff", false),
            ("a.b", "aéb".as_bytes(), true),
            ("a..b", "aéb".as_bytes(), false),
            ("\u{e9}+", "éé".as_bytes(), true),
            ("a\0b", b"a\0b", true),
        ] {
            let regex = compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
            assert_eq!(regex.is_match(text), expected, "{pattern} {text:?}");
        }
    }

    #[test]
    fn the_size_is_limited() {
        assert!(compile(".{0,1000}").is_ok());
        assert!(compile("[[:alpha:]]{1000}x{1000}").is_ok());
        let large = "((.{30}.{30}){5}|(.{25}){20}){2}".repeat(8);
        let error = compile(&large).map(drop).unwrap_err();
        assert_eq!(error, format!("invalid regex pattern: it takes more than {} bytes", 8 << 20));
    }
}
