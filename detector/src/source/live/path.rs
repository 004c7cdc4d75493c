//! Paths: put together as Falco does, cleaned lexically.

/// Appends the given reading of a path: `base` and the string, absolute and cleaned of `.`, `..` and `//`.
///
/// `base` is the components of the directory that the string is relative to, leaf first, a NUL after each; it
/// is not used where the string is absolute. Without a base a relative string stays as it is, as nothing better
/// is known.
pub fn push_given(out: &mut Vec<u8>, base: Option<&[u8]>, string: &[u8]) {
    let start = out.len();
    let absolute = string.first() == Some(&b'/');
    match base {
        _ if absolute => {}
        Some(base) => push_leaf_first(out, base),
        None => {
            out.extend_from_slice(string);
            return;
        }
    }
    for component in string.split(|byte| *byte == b'/') {
        match component {
            b"" | b"." => {}
            b".." => pop(out, start),
            name => {
                if out.last() != Some(&b'/') || out.len() == start {
                    out.push(b'/');
                }
                out.extend_from_slice(name);
            }
        }
    }
    if out.len() == start {
        out.push(b'/');
    }
}

/// Appends a path whose components stand leaf first, a NUL after each; none, or one empty one, is the root.
pub fn push_leaf_first(out: &mut Vec<u8>, components: &[u8]) {
    let start = out.len();
    let components = components.strip_suffix(b"\0").unwrap_or(components);
    for name in components.rsplit(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        // A mounted root, or a kernfs root, calls itself "/".
        if name != b"/" {
            out.push(b'/');
            out.extend_from_slice(name);
        }
    }
    if out.len() == start {
        out.push(b'/');
    }
}

/// Takes the last component off the path that begins at `start`.
fn pop(out: &mut Vec<u8>, start: usize) {
    let end = out[start..].iter().rposition(|byte| *byte == b'/').unwrap_or(0);
    out.truncate(start + end);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(base: Option<&str>, string: &str) -> String {
        let mut out = b"before".to_vec();
        push_given(&mut out, base.map(str::as_bytes), string.as_bytes());
        String::from_utf8(out.split_off(6)).unwrap()
    }

    #[test]
    fn paths_are_cleaned() {
        for (base, string, expected) in [
            (None, "/etc/shadow", "/etc/shadow"),
            (None, "//etc/./x/../shadow/", "/etc/shadow"),
            (None, "/../..", "/"),
            (None, "/", "/"),
            (None, "a/b", "a/b"),
            (Some("b\0a\0"), "c", "/a/b/c"),
            (Some("b\0a\0"), "../c", "/a/c"),
            (Some("b\0a\0"), "../../../c", "/c"),
            (Some("b\0a\0"), "", "/a/b"),
            (Some("b\0a\0"), "/c", "/c"),
            (Some("\0"), "c", "/c"),
            (Some(""), ".", "/"),
        ] {
            assert_eq!(given(base, string), expected, "{base:?} {string:?}");
        }
    }
}
