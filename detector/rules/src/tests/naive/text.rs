//! How texts and networks are compared.

use std::net::IpAddr;

use crate::ast::Op;

pub fn compare(op: Op, left: &str, right: &str) -> bool {
    match op {
        Op::Contains => left.contains(right),
        Op::IContains => left.to_lowercase().contains(&right.to_lowercase()),
        Op::StartsWith => left.starts_with(right),
        Op::EndsWith => left.ends_with(right),
        Op::Glob => glob(right, left),
        Op::IGlob => glob(&right.to_lowercase(), &left.to_lowercase()),
        _ => panic!("{op:?} of texts"),
    }
}

/// `*`, `?`, a backslash, and brackets with single characters, which is all that the tests use.
fn glob(pattern: &str, text: &str) -> bool {
    let mut rest = pattern.chars();
    let mut left = text.chars();
    match rest.next() {
        None => text.is_empty(),
        Some('*') => {
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.map(|at| &text[at..]).any(|left| glob(rest.as_str(), left))
        }
        Some('[') => {
            let (set, rest) = rest.as_str().split_once(']').expect("a bracket that is closed");
            let (set, wanted) = set.strip_prefix('!').map_or((set, true), |set| (set, false));
            left.next().is_some_and(|c| set.contains(c) == wanted) && glob(rest, left.as_str())
        }
        Some('\\') => rest.next() == left.next() && glob(rest.as_str(), left.as_str()),
        Some(c) => left.next().is_some_and(|d| c == '?' || c == d) && glob(rest.as_str(), left.as_str()),
    }
}

/// Alternatives of characters and dots, each with `*` or without, which is all that the tests use.
pub fn regex(pattern: &str, text: &str) -> bool {
    fn matches(pattern: &str, text: &str) -> bool {
        let mut rest = pattern.chars();
        let Some(wanted) = rest.next() else { return text.is_empty() };
        let mut left = text.chars();
        let first = left.next().is_some_and(|c| wanted == c || wanted == '.' && c != '\n');
        match rest.as_str().strip_prefix('*') {
            Some(after) => matches(after, text) || first && matches(pattern, left.as_str()),
            None => first && matches(rest.as_str(), left.as_str()),
        }
    }
    pattern.split('|').any(|pattern| matches(pattern, text))
}

/// Whether a path is another or lies below it.
pub fn below(path: &str, prefix: &str) -> bool {
    let names = |path: &str| -> Vec<String> {
        path.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    let (path, prefix) = (names(path), names(prefix));
    path.len() >= prefix.len()
        && prefix.iter().zip(&path).all(|(wanted, name)| match wanted.contains(['*', '?', '[']) {
            true => glob(wanted, name),
            false => wanted == name,
        })
}

pub fn in_network(ip: IpAddr, net: &str) -> bool {
    let (start, bits) = net.split_once('/').expect("a network");
    let bits: usize = bits.parse().expect("bits");
    let digits = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => ip.octets().iter().map(|octet| format!("{octet:08b}")).collect::<String>(),
        IpAddr::V6(ip) => ip.octets().iter().map(|octet| format!("{octet:08b}")).collect(),
    };
    let (ip, start) = (digits(ip), digits(start.parse().expect("an address")));
    ip.len() == start.len() && ip[..bits] == start[..bits]
}
