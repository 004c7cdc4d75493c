//! Finds secrets in a text, in one pass over it: an automaton finds what they are known by, and what stands
//! around such a place decides. Whoever chose the text can't make that long: what was found is not looked at
//! again, and what might be something is looked at up to a limit.

use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};

use super::MARK;
use super::known::{
    HEADERS, NAMES, Name, Opt, PROGRAMS, Program, SCHEMES, TOKENS, Token, VERBS, WORDS, word,
};

/// The most bytes of a name before the part that says it is a secret's.
const NAME_BYTES_MAX: usize = 128;
/// The most bytes between quotes; a quote without another by then is a character like others.
const QUOTED_BYTES_MAX: usize = 512;
/// The most bytes of a value that are looked at before it is known whether it is secret.
const PEEK_BYTES_MAX: usize = 64;
/// The fewest bytes of what looks random.
const RANDOM_BYTES_MIN: usize = 16;
/// The most words behind a program's name that may be its options.
const PROGRAM_WORDS_MAX: usize = 64;
/// The most bytes of them.
const PROGRAM_BYTES_MAX: usize = 4096;

/// What a place in a text may be.
#[derive(Debug, Clone, Copy)]
enum Needle {
    Name(&'static Name),
    Header,
    Token(&'static Token),
    Url,
    Program(&'static Program),
}

/// What finds secrets.
#[derive(Debug)]
pub(super) struct Scanner {
    automaton: AhoCorasick,
    needles: Vec<Needle>,
}

impl Scanner {
    /// A scanner for everything that is known.
    pub fn new() -> Result<Scanner, aho_corasick::BuildError> {
        let mut all: Vec<(String, Needle)> = Vec::new();
        for name in NAMES {
            let separators = if name.words.contains(' ') { &["", "_", "-", "."][..] } else { &[""] };
            all.extend(separators.iter().map(|with| (name.words.replace(' ', with), Needle::Name(name))));
        }
        all.extend(HEADERS.iter().map(|name| ((*name).to_owned(), Needle::Header)));
        all.extend(TOKENS.iter().map(|token| (token.prefix.to_owned(), Needle::Token(token))));
        all.push(("://".to_owned(), Needle::Url));
        for program in PROGRAMS {
            all.extend(program.names.iter().map(|name| ((*name).to_owned(), Needle::Program(program))));
        }
        let (texts, needles): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(texts)?;
        Ok(Scanner { automaton, needles })
    }

    /// Adds where the secrets are, not in order. The text may be the arguments of that program.
    pub fn find(&self, text: &str, program: Option<&str>, found: &mut Vec<Range<usize>>) {
        let mut walk = program.and_then(known_program).map(|program| Walk::over(text, 0, program, found));
        // What is inside a secret, or of the same place and shorter, is not looked at.
        let mut covered = 0;
        for hit in self.automaton.find_overlapping_iter(text) {
            if hit.start() < covered {
                continue;
            }
            let at = hit.range();
            let secret = match self.needles[hit.pattern().as_usize()] {
                Needle::Name(name) => assigned(text, at, name),
                Needle::Header => header(text, at),
                Needle::Token(token) => shaped(text, at, token),
                Needle::Url => login(text, at.end),
                Needle::Program(program) => {
                    if named(text, &at) {
                        let start = walk.map_or(at.end, |walk: Walk| walk.resumed(at.end, program));
                        walk = Some(Walk::over(text, start, program, found));
                    }
                    None
                }
            };
            if let Some(secret) = secret {
                covered = covered.max(secret.end);
                found.push(secret);
            }
        }
    }
}

fn known_program(name: &str) -> Option<&'static Program> {
    PROGRAMS.iter().find(|program| program.names.contains(&name))
}

fn byte(text: &str, at: usize) -> Option<u8> {
    text.as_bytes().get(at).copied()
}

fn byte_before(text: &str, at: usize) -> Option<u8> {
    byte(text, at.checked_sub(1)?)
}

/// The place behind so many bytes of a kind.
fn skip(text: &str, at: usize, most: usize, is: impl Fn(u8) -> bool) -> usize {
    at + text.as_bytes()[at..].iter().take(most).take_while(|byte| is(**byte)).count()
}

fn blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn part_of_name(byte: u8) -> bool {
    word(byte) || byte == b'.'
}

/// How a name and its value stand to each other.
struct Assignment<'a> {
    /// The whole name.
    name: &'a str,
    /// Where the value begins, or its quote.
    value: usize,
    /// What stands between them.
    between: Between,
    /// What ends the value beside a blank where it is in no quotes.
    ends: &'static [u8],
}

/// What ends a value in the query of a URL.
const QUERY_ENDS: &[u8] = b"&#\"'<>";
/// What ends a number or word in JSON.
const JSON_ENDS: &[u8] = b",]}";

#[derive(PartialEq, Eq)]
enum Between {
    Equals,
    Colon,
    /// A colon without a blank, as in many things that aren't assignments.
    TightColon,
    Blank,
}

/// The assignment whose name ends with what was found: `NAME=…`, `NAME: …`, `"NAME": …`, `--NAME …`.
fn assignment(text: &str, hit: Range<usize>) -> Option<Assignment<'_>> {
    if byte(text, hit.end).is_some_and(part_of_name) {
        return None;
    }
    let before = &text.as_bytes()[hit.start.saturating_sub(NAME_BYTES_MAX)..hit.start];
    let start = hit.start - before.iter().rev().take_while(|byte| part_of_name(**byte)).count();
    let (name, before) = (&text[start..hit.end], byte_before(text, start));
    let unescaped = skip(text, hit.end, usize::MAX, |byte| byte == b'\\');
    let quoted = matches!(byte(text, unescaped), Some(b'"' | b'\''));
    let end = if quoted { unescaped + 1 } else { hit.end };
    let at = skip(text, end, 2, blank);
    let apart = at > end;
    let (value, between) = match byte(text, at) {
        Some(b'=') => {
            let behind = skip(text, at + 1, 1, |byte| matches!(byte, b'=' | b'>'));
            // `NAME= command` assigns nothing.
            (if apart || quoted { skip(text, behind, 2, blank) } else { behind }, Between::Equals)
        }
        Some(b':') if before != Some(b'/') => {
            let behind = skip(text, at + 1, 1, |byte| byte == b'=');
            let value = skip(text, behind, 2, blank);
            (value, if value == at + 1 && !quoted { Between::TightColon } else { Between::Colon })
        }
        Some(b'-' | b'|' | b'&' | b';' | b'<' | b'>') => return None,
        Some(_) if apart && !quoted && name.starts_with('-') && takes_value(name) => (at, Between::Blank),
        _ => return None,
    };
    if between == Between::Colon && matches!(byte(text, value), Some(b'{' | b'[')) {
        // What is inside has names of its own.
        return None;
    }
    let ends = match before {
        Some(b'?' | b'&') => QUERY_ENDS,
        _ if quoted => JSON_ENDS,
        _ => b"",
    };
    Some(Assignment { name, value, between, ends })
}

/// Whether a secret may follow an option of that name.
fn takes_value(option: &str) -> bool {
    let first = option.trim_start_matches('-').split(['-', '_']).next().unwrap_or_default();
    !VERBS.iter().any(|verb| first.eq_ignore_ascii_case(verb))
}

/// The secret that is assigned to a name.
fn assigned(text: &str, hit: Range<usize>, known: &Name) -> Option<Range<usize>> {
    if known.apart && !begins_part(text, hit.start) {
        return None;
    }
    let assignment = assignment(text, hit)?;
    let begins = peek(text, assignment.value);
    if (known.random || assignment.between == Between::TightColon) && !random(begins) {
        return None;
    }
    if names_something_else(known.words, &assignment, begins) {
        return None;
    }
    value(text, assignment.value, assignment.ends)
}

/// Whether a name that could be a secret's is known for something else: a value that begins so, under that name.
fn names_something_else(words: &str, assignment: &Assignment, begins: &str) -> bool {
    let path = begins.starts_with(['/', '~', '.']);
    match words {
        // Where a shell is.
        "pwd" => path || matches!(assignment.name, "PWD" | "OLDPWD"),
        // A line for sudo.
        "passwd" => assignment.name.eq_ignore_ascii_case("NOPASSWD"),
        // Kubernetes' secrets and those for `docker build` have names and places.
        "secret" if assignment.name == "secret" && assignment.between == Between::Equals => !random(begins),
        "secret" => ["id=", "source=", "src=", "type="].iter().any(|key| begins.starts_with(key)),
        // Often a name or a file.
        "credential" | "credentials" | "creds" => path || !(begins.contains(':') || random(begins)),
        _ => false,
    }
}

/// How a value begins that may be in quotes.
fn peek(text: &str, at: usize) -> &str {
    let at = skip(text, at, 8, |byte| matches!(byte, b'"' | b'\'' | b'\\'));
    let part = &text[at..text.floor_char_boundary(at + PEEK_BYTES_MAX)];
    let ends = |c: char| c.is_ascii_whitespace() || matches!(c, '"' | '\'' | '&' | '#' | ';' | ',');
    part.split(ends).next().unwrap_or_default().trim_end_matches(CLOSING)
}

/// Whether a part of a name begins here: behind a separator, or with a capital behind a small letter.
fn begins_part(text: &str, at: usize) -> bool {
    match (byte_before(text, at), byte(text, at)) {
        (Some(before), _) if !before.is_ascii_alphanumeric() => true,
        (Some(before), Some(first)) => before.is_ascii_lowercase() && first.is_ascii_uppercase(),
        _ => true,
    }
}

/// What may stand behind a value and isn't part of it.
const CLOSING: [char; 8] = [')', ']', '}', '"', '\'', ',', ';', '`'];

/// The secret that begins here, without its quotes: no variable, no mask, no word such as `true`, and nothing that
/// was replaced already.
fn value(text: &str, at: usize, ends: &[u8]) -> Option<Range<usize>> {
    if is_expanded(&text[at..]) {
        return None;
    }
    let range = quoted(text, at).or_else(|| bare(text, at, ends))?;
    is_literal(&text[range.clone()]).then_some(range)
}

/// The word that begins here, without what closes something around it.
fn bare(text: &str, at: usize, ends: &[u8]) -> Option<Range<usize>> {
    let word = &text[at..word_end(text, at, ends)];
    let marked = word.strip_prefix(MARK).is_some_and(|rest| rest.trim_end_matches(CLOSING).is_empty());
    (!marked).then(|| at..at + word.trim_end_matches(CLOSING).len())
}

fn word_end(text: &str, at: usize, ends: &[u8]) -> usize {
    let bytes = text.as_bytes();
    let mut end = at;
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'\\' if bytes.get(end + 1) == Some(&b' ') => end += 1,
            byte if byte.is_ascii_whitespace() => break,
            byte if ends.contains(byte) => break,
            _ => {}
        }
        end += 1;
    }
    end
}

/// Whether a shell or a template puts something in its place.
fn is_expanded(text: &str) -> bool {
    ["`", "${", "$(", "{{"].iter().any(|begin| text.starts_with(begin))
}

fn is_literal(text: &str) -> bool {
    let variable = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'_' | b'0'..=b'9'))
    };
    !(text.is_empty()
        || text == MARK
        || is_expanded(text)
        || text.bytes().all(|byte| byte == b'*')
        || text.strip_prefix('$').is_some_and(variable)
        || WORDS.iter().any(|known| text.eq_ignore_ascii_case(known)))
}

/// What is between the quote that begins here and the next of its kind, both escaped as often.
fn quoted(text: &str, at: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let at = if bytes[at..].starts_with(b"$'") { at + 1 } else { at };
    let open = skip(text, at, 8, |byte| byte == b'\\');
    let quote = byte(text, open).filter(|byte| matches!(byte, b'"' | b'\''))?;
    let escapes = open - at;
    let mut before = 0;
    for (offset, byte) in bytes[open + 1..].iter().take(QUOTED_BYTES_MAX).enumerate() {
        let closes = before == escapes || (escapes == 0 && before % 2 == 0);
        if *byte == quote && closes {
            let start = open + 1;
            return Some(start..(start + offset - escapes.min(before)).max(start));
        }
        before = if *byte == b'\\' { before + 1 } else { 0 };
    }
    None
}

/// The credentials of a header, without the scheme.
fn header(text: &str, hit: Range<usize>) -> Option<Range<usize>> {
    let Assignment { value: at, between, .. } = assignment(text, hit)?;
    let first = peek(text, at);
    let scheme = SCHEMES.iter().any(|scheme| first.eq_ignore_ascii_case(scheme));
    let sure = match between {
        Between::Colon | Between::Blank => true,
        Between::TightColon | Between::Equals => scheme || random(first),
    };
    if !sure {
        return None;
    }
    let inside = quoted(text, at);
    let start = inside.as_ref().map_or(at, |inside| inside.start);
    let start = if scheme { skip(text, start + first.len(), 2, blank) } else { start };
    let range = match inside {
        Some(inside) => start.min(inside.end)..inside.end,
        None => start..credentials_end(text, start),
    };
    is_literal(&text[range.clone()]).then_some(range)
}

/// Credentials may have several parts: `a=b; c=d`, `a=b, c=d`.
fn credentials_end(text: &str, start: usize) -> usize {
    let mut end = word_end(text, start, b"");
    while matches!(byte_before(text, end), Some(b';' | b',')) {
        let next = skip(text, end, 2, blank);
        if next == end {
            break;
        }
        end = word_end(text, next, b"");
    }
    start + text[start..end].trim_end_matches(CLOSING).len()
}

/// Whether it looks as if it had been drawn at random: of the alphabets of hexadecimal numbers or base64, long,
/// and of several kinds of characters.
fn random(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() < RANDOM_BYTES_MIN || text.starts_with(['/', '.', '~']) {
        return false;
    }
    let fits = |byte: &u8| word(*byte) || matches!(byte, b'+' | b'/' | b'=' | b'%');
    if !bytes.iter().all(fits) {
        return false;
    }
    let count = |is: fn(&u8) -> bool| bytes.iter().filter(|byte| is(byte)).count();
    let (lower, upper) = (count(u8::is_ascii_lowercase), count(u8::is_ascii_uppercase));
    let digits = count(u8::is_ascii_digit);
    let mut seen = [false; 256];
    bytes.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    let distinct = seen.iter().filter(|seen| **seen).count();
    let mixed = lower >= 2 && upper >= 2 && digits >= 1;
    let dense = lower + upper >= 4 && digits >= 4 && bytes.len() >= 24;
    distinct >= 8 && (mixed || dense)
}

/// A token at its prefix.
fn shaped(text: &str, hit: Range<usize>, token: &Token) -> Option<Range<usize>> {
    let apart = !token.prefix.starts_with(|c: char| c.is_ascii_alphanumeric())
        || !byte_before(text, hit.start).is_some_and(word);
    if !apart || text.as_bytes()[hit.clone()] != *token.prefix.as_bytes() {
        return None;
    }
    let length = (token.length)(&text.as_bytes()[hit.end..]);
    let start = if token.keep { hit.end } else { hit.start };
    (length > 0).then(|| start..hit.end + length)
}

/// The password in `user:password@host`, or the token in `token@host`, behind `://`.
fn login(text: &str, start: usize) -> Option<Range<usize>> {
    let ends = |byte: &u8| byte.is_ascii_whitespace() || b"/?#\"'<>\\`".contains(byte);
    let rest = &text.as_bytes()[start..];
    let authority = &text[start..start + rest.iter().position(ends).unwrap_or(rest.len())];
    let (user, _) = authority.rsplit_once('@')?;
    let range = match user.split_once(':') {
        Some((name, _)) => start + name.len() + 1..start + user.len(),
        None if random(user) => start..start + user.len(),
        None => return None,
    };
    is_literal(&text[range.clone()]).then_some(range)
}

/// Whether a program's name stands here by itself or at the end of a path, with something behind it.
fn named(text: &str, hit: &Range<usize>) -> bool {
    !byte_before(text, hit.start).is_some_and(part_of_name) && byte(text, hit.end).is_some_and(blank)
}

/// The words behind a program's name that were looked at.
#[derive(Clone, Copy)]
struct Walk {
    program: &'static Program,
    end: usize,
}

impl Walk {
    /// Where the options of a program whose name ends here are not known yet, if this was a walk over its like.
    fn resumed(self, at: usize, program: &'static Program) -> usize {
        let seen = std::ptr::eq(self.program, program) && program.command.is_empty() && !program.runs;
        if seen { at.max(self.end) } else { at }
    }

    /// Adds the secrets among the options of a program that begin here.
    fn over(text: &str, start: usize, program: &'static Program, found: &mut Vec<Range<usize>>) -> Walk {
        let mut at = start;
        let mut commanded = program.command.is_empty();
        for _ in 0..PROGRAM_WORDS_MAX {
            let begin = skip(text, at, usize::MAX, |byte| byte.is_ascii_whitespace());
            let end = skip(text, begin, PROGRAM_BYTES_MAX, |byte| !byte.is_ascii_whitespace());
            let word = &text.as_bytes()[begin..end];
            if word.is_empty() || end - start > PROGRAM_BYTES_MAX || ends_command(word) {
                break;
            }
            if program.runs && word[0] != b'-' {
                break;
            }
            commanded |= word == program.command.as_bytes();
            // An output may hold the arguments alone: `args=-pSECRET`.
            let label = word.windows(2).position(|pair| pair == b"=-").filter(|_| word[0] != b'-');
            let flag = begin + label.map_or(0, |label| label + 1);
            if commanded {
                found.extend(program.options.iter().filter_map(|opt| option(text, flag..end, opt)));
            }
            at = end;
        }
        Walk { program, end: at }
    }
}

fn ends_command(word: &[u8]) -> bool {
    matches!(word, b"|" | b"||" | b"&&" | b";" | b"&")
}

/// The secret that an option brings, which is this word or the one behind it.
fn option(text: &str, at: Range<usize>, opt: &Opt) -> Option<Range<usize>> {
    let flag = opt.flag.as_bytes();
    let rest = text.as_bytes()[at.clone()].strip_prefix(flag)?;
    let start = if rest.is_empty() && opt.next {
        skip(text, at.end, usize::MAX, |byte| byte.is_ascii_whitespace())
    } else if !rest.is_empty() && opt.attached {
        // `--user=a:b` as well as `-ua:b`; `-p` is not the beginning of `-port`'s like, as `--` words are longer.
        let long = opt.flag.starts_with("--");
        match (long, rest[0]) {
            (true, b'=') => at.start + flag.len() + 1,
            (true, _) => return None,
            (false, _) => at.start + flag.len(),
        }
    } else {
        return None;
    };
    if rest.is_empty() && byte(text, start) == Some(b'-') {
        return None;
    }
    let mut range = value(text, start, b"")?;
    if let Some(separator) = opt.behind {
        range.start += text[range.clone()].find(separator)? + separator.len_utf8();
    }
    is_literal(&text[range.clone()]).then_some(range)
}
