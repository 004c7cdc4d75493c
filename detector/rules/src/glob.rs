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
        [b'[', ..] => match class(pattern, byte, ignore_case) {
            Some((true, length)) => Some(length),
            Some((false, _)) => None,
            // A bracket that is never closed stands for itself.
            None => same(b'[', byte).then_some(1),
        },
        [literal, ..] => same(*literal, byte).then_some(1),
    }
}

/// Whether a byte is in the bracket expression that the pattern begins with, and that one's length.
fn class(pattern: &[u8], byte: u8, ignore_case: bool) -> Option<(bool, usize)> {
    let negated = matches!(pattern.get(1), Some(b'!' | b'^'));
    let mut at = 1 + usize::from(negated);
    let first = at;
    let mut found = false;
    loop {
        let mut low = *pattern.get(at)?;
        if low == b']' && at > first {
            return Some((found != negated, at + 1));
        }
        if low == b'\\' {
            at += 1;
            low = *pattern.get(at)?;
        }
        at += 1;
        let mut high = low;
        if pattern.get(at) == Some(&b'-') && pattern.get(at + 1).is_some_and(|end| *end != b']') {
            high = pattern[at + 1];
            at += 2;
        }
        let within = |byte: u8| (low..=high).contains(&byte);
        found |= within(byte)
            || ignore_case && (within(byte.to_ascii_lowercase()) || within(byte.to_ascii_uppercase()));
    }
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
            (r"\*", "*", true),
            (r"\*", "a", false),
            ("*a*b*c*", "xxaxxbxxcxx", true),
            ("*a*b*c*", "xxaxxcxxbxx", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes(), false), expected, "{pattern} {text}");
        }
        assert!(matches(b"ABc*[X]", b"abCdx", true));
        let hard = "a*".repeat(50) + "b";
        assert!(!matches(hard.as_bytes(), &[b'a'; 2000], false));
    }
}
