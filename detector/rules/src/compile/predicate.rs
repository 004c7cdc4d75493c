//! What a value is compared with, and the comparison.

use std::net::IpAddr;

use aho_corasick::AhoCorasick;
use hashbrown::HashSet;
use lanner_event::{CUT, Ctx, Val};
use memchr::memmem::Finder;
use regex_automata::meta::Regex;

use super::source::Source;
use crate::ast::{Modifier, Op};
use crate::eval::Tri;
use crate::glob;

/// What a value is compared with.
#[derive(Debug)]
pub enum Predicate {
    /// Nothing: there is a value.
    Exists,
    /// A text.
    Text(TextTest),
    /// A number.
    Number(Op, i128),
    /// Numbers, in order.
    NumberIn(Box<[i128]>),
    /// A number with a fraction.
    Real(Op, f64),
    /// A truth value, or not that one.
    Bool(bool),
    /// Addresses.
    Ip(Box<[IpAddr]>),
    /// Networks.
    Net(Box<[Net]>),
    /// It must not be true of the same value.
    Ne(Box<Predicate>),
    /// One of several must be true of the same value.
    Any(Box<[Predicate]>),
    /// Several, each judged for itself, under a modifier; of none it is false.
    Modified(Modifier, Box<[Predicate]>),
    /// Another field.
    Field(Op, Source),
}

/// How a text is compared.
#[derive(Debug, Clone)]
pub enum TextTest {
    /// It is one of these.
    In(HashSet<Box<[u8]>>),
    /// It comes before or after.
    Order(Op, Box<[u8]>),
    /// It has this inside.
    Contains(Box<Finder<'static>>),
    /// It has this inside, case ignored.
    IContains(Box<[u8]>, Box<AhoCorasick>),
    /// It begins with one of these, which are in order, and none of which begins with another.
    StartsWith(Box<[Box<[u8]>]>),
    /// It ends with one of these.
    EndsWith(Box<[Box<[u8]>]>),
    /// It matches this shell pattern, case ignored or not.
    Glob(Box<[u8]>, bool),
    /// It lies below one of these paths: compared component by component, which may be patterns.
    Below(Box<[Box<[u8]>]>),
    /// The same for paths without patterns, which in an ordinary value are found without looking at components.
    BelowLiteral {
        /// The paths themselves.
        paths: Box<[Box<[u8]>]>,
        /// What an ordinary value below them is, or begins with.
        ordinary: Box<TextTest>,
    },
    /// It matches as a whole.
    Regex(Box<Regex>),
    /// Any of several.
    Any(Box<[TextTest]>),
}

impl Predicate {
    /// The texts that it names as a whole.
    pub fn texts(&self) -> Vec<&[u8]> {
        match self {
            Predicate::Text(TextTest::In(texts)) => texts.iter().map(|text| &**text).collect(),
            Predicate::Ne(inner) => inner.texts(),
            _ => Vec::new(),
        }
    }

    /// The only values that it is true of, where it names them.
    pub fn values(&self) -> Option<Vec<Val<'_>>> {
        let number = |number: &i128| match i64::try_from(*number) {
            Ok(number) => Some(Val::Int(number)),
            Err(_) => u64::try_from(*number).ok().map(Val::Uint),
        };
        match self {
            Predicate::Text(TextTest::In(texts)) => Some(texts.iter().map(|text| Val::Str(text)).collect()),
            Predicate::Number(Op::Eq, wanted) => Some(vec![number(wanted)?]),
            Predicate::NumberIn(numbers) => numbers.iter().map(number).collect(),
            Predicate::Bool(value) => Some(vec![Val::Bool(*value)]),
            Predicate::Ip(addresses) => Some(addresses.iter().map(|ip| Val::Ip(*ip)).collect()),
            _ => None,
        }
    }
}

impl TextTest {
    /// It begins with one of these.
    pub fn starts_with(mut wanted: Vec<Box<[u8]>>) -> TextTest {
        wanted.sort_unstable();
        let mut shortest: Vec<Box<[u8]>> = Vec::with_capacity(wanted.len());
        for prefix in wanted {
            if shortest.last().is_none_or(|last| !prefix.starts_with(last)) {
                shortest.push(prefix);
            }
        }
        TextTest::StartsWith(shortest.into())
    }

    /// It lies below one of these paths.
    pub fn below<'t>(paths: impl Iterator<Item = &'t [u8]>) -> TextTest {
        let (patterns, literals): (Vec<&[u8]>, Vec<&[u8]>) = paths.partition(|path| is_pattern(path));
        let own = |paths: &[&[u8]]| paths.iter().map(|path| Box::from(*path)).collect();
        let (mut equal, mut starts) = (HashSet::new(), Vec::new());
        for path in &literals {
            let names: Vec<&[u8]> = components(path).collect();
            let path = names.join(&b'/');
            // Whether it is absolute makes no difference.
            equal.insert([b"/", &*path].concat().into_boxed_slice());
            starts.push(match path.is_empty() {
                true => Box::default(),
                false => [b"/", &*path, b"/"].concat().into_boxed_slice(),
            });
            starts.push([&*path, &b"/"[..]].concat().into_boxed_slice());
            equal.insert(path.into_boxed_slice());
        }
        let ordinary = TextTest::Any([TextTest::In(equal), TextTest::starts_with(starts)].into());
        let literal = TextTest::BelowLiteral { paths: own(&literals), ordinary: Box::new(ordinary) };
        match (patterns.is_empty(), literals.is_empty()) {
            (true, _) => literal,
            (false, true) => TextTest::Below(own(&patterns)),
            (false, false) => TextTest::Any([literal, TextTest::Below(own(&patterns))].into()),
        }
    }

    /// All of the tests in one, for a text that is to pass any of them: those of a kind are put together.
    pub fn any<'t>(tests: impl IntoIterator<Item = &'t TextTest>) -> TextTest {
        let mut equal = HashSet::new();
        let (mut starts, mut ends, mut rest) = (Vec::new(), Vec::new(), Vec::new());
        for test in tests {
            match test {
                TextTest::In(texts) => equal.extend(texts.iter().cloned()),
                TextTest::StartsWith(texts) => starts.extend(texts.iter().cloned()),
                TextTest::EndsWith(texts) => ends.extend(texts.iter().cloned()),
                other => rest.push(other.clone()),
            }
        }
        let mut all = Vec::new();
        if !equal.is_empty() {
            all.push(TextTest::In(equal));
        }
        if !starts.is_empty() {
            all.push(TextTest::starts_with(starts));
        }
        if !ends.is_empty() {
            all.push(TextTest::EndsWith(ends.into()));
        }
        all.append(&mut rest);
        TextTest::Any(all.into())
    }
}

/// A network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Net {
    /// An address of it.
    pub ip: IpAddr,
    /// How many bits its addresses share.
    pub bits: u8,
}

impl Net {
    /// Whether an address is in it.
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.ip, ip) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => {
                let shift = 32 - u32::from(self.bits.min(32));
                (net.to_bits() ^ ip.to_bits()).checked_shr(shift).unwrap_or(0) == 0
            }
            (IpAddr::V6(net), IpAddr::V6(ip)) => {
                let shift = 128 - u32::from(self.bits.min(128));
                (net.to_bits() ^ ip.to_bits()).checked_shr(shift).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// Judges a value. What is missing makes every comparison false; what is pending makes it unknown.
///
/// Of several values that may be the one, one that fits is enough; `all_differ` says that `!=` wants all of them
/// to differ, as it does for the two ends of a connection.
pub fn test<'a>(
    predicate: &'a Predicate,
    value: Val<'a>,
    list_any: bool,
    all_differ: bool,
    ctx: &Ctx<'a>,
) -> Tri {
    match (predicate, value) {
        (_, Val::Missing) => Tri::False,
        (_, Val::Pending) => Tri::Unknown,
        (predicate, Val::Cut(known)) => cut(predicate, known),
        (Predicate::Exists, value) => Tri::from(!matches!(value, Val::Any([]))),
        (Predicate::Modified(modifier, inner), value) => {
            let fits =
                |predicate: &&'a Predicate| test(predicate, value, list_any, all_differ, ctx) == Tri::True;
            let count = inner.iter().filter(fits).count();
            Tri::from(match modifier {
                Modifier::One => count == 1,
                Modifier::Any => count > 0,
                Modifier::All => count == inner.len() && count > 0,
            })
        }
        (Predicate::Ne(_), Val::Any(items)) if all_differ => {
            let mut result = Tri::True;
            for item in items {
                result = result.and(test(predicate, *item, list_any, all_differ, ctx));
            }
            result
        }
        (_, Val::Any(items)) => any(predicate, items, list_any, all_differ, ctx),
        (_, Val::List(items)) if list_any => any(predicate, items, list_any, all_differ, ctx),
        (_, Val::List(items)) => items
            .iter()
            .fold(Tri::True, |result, item| result.and(test(predicate, *item, list_any, all_differ, ctx))),
        (Predicate::Field(op, other), value) => fields(*op, value, other.get(ctx)),
        (predicate, value) => Tri::from(scalar(predicate, value)),
    }
}

fn any<'a>(
    predicate: &'a Predicate,
    items: &[Val<'a>],
    list_any: bool,
    all_differ: bool,
    ctx: &Ctx<'a>,
) -> Tri {
    items.iter().fold(Tri::False, |result, item| result.or(test(predicate, *item, list_any, all_differ, ctx)))
}

/// A path of which a part isn't known: what the rest could decide is unknown.
fn cut(predicate: &Predicate, known: &[u8]) -> Tri {
    let any = |inner: &[Predicate]| {
        inner.iter().fold(Tri::False, |result, predicate| result.or(cut(predicate, known)))
    };
    match predicate {
        Predicate::Exists => Tri::True,
        Predicate::Ne(inner) => !cut(inner, known),
        Predicate::Any(inner) | Predicate::Modified(Modifier::Any, inner) => any(inner),
        Predicate::Text(text) => cut_text(text, known),
        _ => Tri::Unknown,
    }
}

fn cut_text(text: &TextTest, known: &[u8]) -> Tri {
    // Where the mark stands in front, the end is known.
    let whole_end = known.starts_with(CUT);
    match text {
        TextTest::Contains(_) | TextTest::IContains(..) if text_test(text, known) => Tri::True,
        TextTest::EndsWith(_) if whole_end && text_test(text, known) => Tri::True,
        TextTest::EndsWith(ends)
            if whole_end && ends.iter().all(|end| end.len() + CUT.len() <= known.len()) =>
        {
            Tri::False
        }
        TextTest::Any(inner) => {
            inner.iter().fold(Tri::False, |result, text| result.or(cut_text(text, known)))
        }
        _ => Tri::Unknown,
    }
}

/// One value against constants.
pub fn scalar(predicate: &Predicate, value: Val) -> bool {
    match (predicate, value) {
        (Predicate::Ne(inner), value) => !scalar(inner, value),
        (Predicate::Any(inner), value) => inner.iter().any(|predicate| scalar(predicate, value)),
        (Predicate::Text(text), Val::Str(value)) => text_test(text, value),
        (Predicate::Number(op, wanted), value) => {
            number(value).is_some_and(|value| compare(*op, value.cmp(wanted)))
        }
        (Predicate::NumberIn(wanted), value) => {
            number(value).is_some_and(|value| wanted.binary_search(&value).is_ok())
        }
        (Predicate::Real(op, wanted), Val::Double(value)) => {
            value.partial_cmp(wanted).is_some_and(|order| compare(*op, order))
        }
        (Predicate::Bool(wanted), Val::Bool(value)) => value == *wanted,
        (Predicate::Ip(wanted), Val::Ip(value)) => wanted.contains(&value),
        (Predicate::Net(wanted), Val::Ip(value)) => wanted.iter().any(|net| net.contains(value)),
        _ => false,
    }
}

fn text_test(test: &TextTest, value: &[u8]) -> bool {
    match test {
        TextTest::In(wanted) => wanted.contains(value),
        TextTest::Order(op, wanted) => compare(*op, value.cmp(wanted)),
        TextTest::Contains(finder) => finder.find(value).is_some(),
        TextTest::IContains(_, finder) => finder.is_match(value),
        // As none begins with another, only the last that comes before the value can be its beginning.
        TextTest::StartsWith(wanted) => {
            let after = wanted.partition_point(|prefix| **prefix <= *value);
            after.checked_sub(1).is_some_and(|last| value.starts_with(&wanted[last]))
        }
        TextTest::EndsWith(wanted) => wanted.iter().any(|suffix| value.ends_with(suffix)),
        TextTest::Glob(pattern, ignore_case) => glob::matches(pattern, value, *ignore_case),
        TextTest::Below(paths) => paths.iter().any(|path| below(path, value)),
        TextTest::BelowLiteral { paths, ordinary } => {
            // A path that was not made clean can have empty components.
            text_test(ordinary, value)
                || memchr::memmem::find(value, b"//").is_some() && paths.iter().any(|path| below(path, value))
        }
        TextTest::Regex(regex) => regex.is_match(value),
        TextTest::Any(tests) => tests.iter().any(|test| text_test(test, value)),
    }
}

/// Whether a path lies below another, component by component; components of the other may be patterns. Empty ones
/// don't count, so it makes no difference whether a path is absolute.
fn below(prefix: &[u8], path: &[u8]) -> bool {
    let mut names = components(path);
    components(prefix).all(|wanted| {
        names.next().is_some_and(|name| match is_pattern(wanted) {
            true => glob::matches(wanted, name, false),
            false => wanted == name,
        })
    })
}

fn components(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').filter(|name| !name.is_empty())
}

fn is_pattern(text: &[u8]) -> bool {
    text.iter().any(|byte| b"*?[".contains(byte))
}

fn compare(op: Op, order: std::cmp::Ordering) -> bool {
    match op {
        Op::Lt => order.is_lt(),
        Op::Le => order.is_le(),
        Op::Gt => order.is_gt(),
        Op::Ge => order.is_ge(),
        Op::Ne => order.is_ne(),
        _ => order.is_eq(),
    }
}

fn number(value: Val) -> Option<i128> {
    match value {
        Val::Int(value) => Some(value.into()),
        Val::Uint(value) => Some(value.into()),
        _ => None,
    }
}

/// One value against another field's.
fn fields(op: Op, left: Val, right: Val) -> Tri {
    match (left, right) {
        (_, Val::Missing) => Tri::False,
        (Val::Cut(_), _) | (_, Val::Pending | Val::Cut(_)) => Tri::Unknown,
        (left, Val::List(items) | Val::Any(items)) => {
            items.iter().fold(Tri::False, |result, item| result.or(fields(op, left, *item)))
        }
        (Val::Str(left), Val::Str(right)) => Tri::from(match op {
            Op::Contains => memchr::memmem::find(left, right).is_some(),
            Op::IContains => {
                right.is_empty() || left.windows(right.len()).any(|window| window.eq_ignore_ascii_case(right))
            }
            Op::StartsWith => left.starts_with(right),
            Op::EndsWith => left.ends_with(right),
            Op::Glob => glob::matches(right, left, false),
            Op::IGlob => glob::matches(right, left, true),
            op => compare(op, left.cmp(right)),
        }),
        (Val::Ip(left), Val::Ip(right)) => Tri::from((left == right) != (op == Op::Ne)),
        (Val::Bool(left), Val::Bool(right)) => Tri::from((left == right) != (op == Op::Ne)),
        (Val::Double(left), Val::Double(right)) => {
            Tri::from(left.partial_cmp(&right).is_some_and(|order| compare(op, order)))
        }
        (left, right) => match (number(left), number(right)) {
            (Some(left), Some(right)) => Tri::from(compare(op, left.cmp(&right))),
            _ => Tri::False,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        let net = |ip: &str, bits| Net { ip: ip.parse().unwrap(), bits };
        let ip = |ip: &str| ip.parse().unwrap();
        assert!(net("10.0.0.0", 8).contains(ip("10.255.0.1")));
        assert!(!net("10.0.0.0", 8).contains(ip("11.0.0.1")));
        assert!(net("0.0.0.0", 0).contains(ip("1.2.3.4")));
        assert!(!net("0.0.0.0", 0).contains(ip("::1")));
        assert!(net("fe80::", 10).contains(ip("febf::1")));
        assert!(net("1.2.3.4", 32).contains(ip("1.2.3.4")));
    }

    #[test]
    fn paths_are_compared_by_component() {
        for (prefix, path, expected) in [
            ("/usr", "/usr/lib/x", true),
            ("/usr", "/usr", true),
            ("/usr/", "/usr", true),
            ("//usr//lib", "/usr/lib/x", true),
            ("/usr/lib", "//usr///lib/", true),
            ("/usr", "/usrlib", false),
            ("/usr", "usr", true),
            ("usr", "usr/x", true),
            ("usr", "/usr/x", true),
            ("/usr/", "usr/", true),
            ("usr", "usrx", false),
            ("/", "usr", true),
            ("/", "", true),
            ("", "/usr", true),
            ("/usr", "", false),
            ("/", "/usr", true),
            ("/home/*/.ssh", "/home/a/.ssh/id", true),
            ("/home/*/.ssh", "/home/a/b/.ssh", false),
        ] {
            let test = TextTest::below([prefix.as_bytes(), b"/other", b"/other/*"].into_iter());
            assert_eq!(text_test(&test, path.as_bytes()), expected, "{prefix} {path}");
            assert_eq!(below(prefix.as_bytes(), path.as_bytes()), expected, "{prefix} {path}");
        }
    }

    #[test]
    fn beginnings_are_found_among_many() {
        let wanted = ["/etc", "/etc/ssh", "/b", "/bin", "/x-y", "/x"];
        let test = TextTest::starts_with(wanted.map(|text| Box::from(text.as_bytes())).to_vec());
        for value in ["/etc/passwd", "/et", "/bin", "/b", "/", "", "/x/y", "/x-y", "/w", "/zzz"] {
            let expected = wanted.iter().any(|prefix| value.starts_with(prefix));
            assert_eq!(text_test(&test, value.as_bytes()), expected, "{value}");
        }
    }
}
