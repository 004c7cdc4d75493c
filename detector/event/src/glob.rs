//! Shell patterns, as fnmatch(3) with no flags: `*` matches slashes and leading dots too.

/// Whether a pattern matches a text as a whole. Takes time in proportion to both lengths multiplied, whatever
/// the pattern.
pub fn matches(pattern: &[u8], text: &[u8], ignore_case: bool) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where to go on when what followed the last star didn't match.
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() || p < pattern.len() {
        if pattern.get(p) == Some(&b'*') {
            retry = Some((p + 1, t));
            p += 1;
            continue;
        }
        if t < text.len()
            && let Some(length) = one(&pattern[p..], text[t], ignore_case)
        {
            p += length;
            t += 1;
            continue;
        }
        match retry {
            Some((after, from)) if from < text.len() => {
                retry = Some((after, from + 1));
                (p, t) = (after, from + 1);
            }
            _ => return false,
        }
    }
    true
}

/// How many bytes of the pattern match this byte.
fn one(pattern: &[u8], byte: u8, ignore_case: bool) -> Option<usize> {
    let same = |a: u8, b: u8| a == b || ignore_case && a.eq_ignore_ascii_case(&b);
    match pattern {
        [] => None,
        [b'?', ..] => Some(1),
        [b'\\', escaped, ..] => same(*escaped, byte).then_some(2),
        // A backslash with nothing behind it matches nothing.
        [b'\\'] => None,
        [b'[', ..] => match class(pattern, byte, ignore_case) {
            Some((true, length)) => Some(length),
            Some((false, _)) => None,
            // A bracket that is never closed stands for itself.
            None => same(b'[', byte).then_some(1),
        },
        [literal, ..] => same(*literal, byte).then_some(1),
    }
}

/// Whether a byte is in the bracket expression that the pattern begins with, and that one's length. What can't be
/// read, such as a class that there isn't, matches nothing, unless the byte was found before it.
fn class(pattern: &[u8], byte: u8, ignore_case: bool) -> Option<(bool, usize)> {
    let negated = matches!(pattern.get(1), Some(b'!' | b'^'));
    let mut at = 1 + usize::from(negated);
    let first = at;
    let (mut found, mut wrong) = (false, false);
    loop {
        let Some(next) = pattern.get(at) else { return found.then_some((false, pattern.len())) };
        if *next == b']' && at > first {
            return Some((!wrong && found != negated, at + 1));
        }
        if let Some((name, length)) = delimited(&pattern[at..], b':') {
            match named(name, byte) {
                Some(member) => found |= member,
                None => wrong |= !found,
            }
            at += length;
            continue;
        }
        if let Some((one, length)) = delimited(&pattern[at..], b'=') {
            found |= one == [byte];
            at += length;
            continue;
        }
        let symbol = pattern[at..].starts_with(b"[.");
        let Some((low, length)) = member(&pattern[at..]) else {
            // A collating symbol that isn't one.
            return Some((false, pattern.len()));
        };
        at += length;
        let mut high = low;
        if pattern.get(at) == Some(&b'-') && pattern.get(at + 1).is_some_and(|end| *end != b']') {
            let (end, length) = member(&pattern[at + 1..])?;
            high = end;
            at += 1 + length;
        }
        let within = |byte: u8| (low..=high).contains(&byte);
        // Case counts in classes and collating symbols all the same.
        let ignore_case = ignore_case && !symbol;
        found |= within(byte)
            || ignore_case && (within(byte.to_ascii_lowercase()) || within(byte.to_ascii_uppercase()));
    }
}

/// A byte in brackets, escaped or written as a collating symbol (`[.-.]`) or neither, and how long that is.
fn member(pattern: &[u8]) -> Option<(u8, usize)> {
    match pattern {
        [b'\\', escaped, ..] => Some((*escaped, 2)),
        [b'\\'] | [] => None,
        [b'[', b'.', ..] => match delimited(pattern, b'.')? {
            ([one], length) => Some((*one, length)),
            _ => None,
        },
        [byte, ..] => Some((*byte, 1)),
    }
}

/// What stands between `[:` and `:]`, or the like, with which the pattern begins, and how long it is with those.
fn delimited(pattern: &[u8], mark: u8) -> Option<(&[u8], usize)> {
    let inner = pattern.strip_prefix(b"[")?.strip_prefix(&[mark])?;
    let end = inner.windows(2).position(|two| two == [mark, b']'])?;
    let name = &inner[..end];
    // The name of a class has small letters only; what looks otherwise is none.
    let plain = mark != b':' || name.iter().all(u8::is_ascii_lowercase);
    plain.then_some((name, end + 4))
}

/// Whether a byte is of the class of that name.
fn named(name: &[u8], byte: u8) -> Option<bool> {
    Some(match name {
        b"alpha" => byte.is_ascii_alphabetic(),
        b"digit" => byte.is_ascii_digit(),
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"lower" => byte.is_ascii_lowercase(),
        b"upper" => byte.is_ascii_uppercase(),
        b"space" => byte.is_ascii_whitespace() || byte == 0x0b,
        b"blank" => matches!(byte, b' ' | b'\t'),
        b"punct" => byte.is_ascii_punctuation(),
        b"print" => byte.is_ascii_graphic() || byte == b' ',
        b"graph" => byte.is_ascii_graphic(),
        b"cntrl" => byte.is_ascii_control(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abbd", false),
            ("/etc/*", "/etc/a/b", true),
            ("*.conf", ".conf", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[]a]", "]", true),
            ("[a", "[a", true),
            ("[[:digit:]x]*", "7a", true),
            ("[![:digit:]]", "7", false),
            ("[[=a=]]", "a", true),
            ("[[.-.]-]", "-", true),
            ("[[.a.]-c]", "b", true),
            ("[[.a]", "a", false),
            ("[[:foo:]]", "f", false),
            ("[![:foo:]]", "x", false),
            ("[x[:foo:]]", "x", true),
            ("[[:Foo:]", "F", true),
            ("[a\\-c]", "b", false),
            ("[*-\\/]", "+", true),
            ("a\\", "a\\", false),
            (r"\*", "*", true),
            (r"\*", "a", false),
            ("*a*b*c*", "xxaxxbxxcxx", true),
            ("*a*b*c*", "xxaxxcxxbxx", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes(), false), expected, "{pattern} {text}");
        }
        assert!(matches(b"ABc*[X]", b"abCdx", true));
        // Case counts in classes.
        assert!(!matches(b"[[:upper:]]", b"a", true));
        let hard = "a*".repeat(50) + "b";
        assert!(!matches(hard.as_bytes(), &[b'a'; 2000], false));
    }
}
