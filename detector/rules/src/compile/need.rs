//! What must be so of an event for a condition to be true: that one of a few values is, begins with, ends with or holds
//! one of certain constants.
//!
//! A need says less than its condition, and is made to be looked up together with the needs of all other rules: an event
//! that doesn't meet it is one that the condition is false of, while one that meets it must still be judged.

use std::net::IpAddr;
use std::rc::Rc;

use hashbrown::HashMap;

use super::filter::Filter;
use super::graph::{Graph, Node, NodeId};
use super::predicate::{Predicate, TextTest};
use super::source::Source;
use crate::ast::Op;

/// How many atoms a need may have: macros in macros can make more of them than there are checks.
const ATOMS_MAX: usize = 4096;

/// How a constant must stand in a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Position {
    /// It is the value.
    Whole,
    /// The value begins with it.
    Start,
    /// The value ends with it.
    End,
    /// The value has it inside.
    Inside,
    /// The same, case ignored.
    InsideAnyCase,
}

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Constant {
    /// A text, which is never empty but where it is to be the whole value.
    Text(Box<[u8]>),
    /// A number.
    Number(i128),
    /// An address.
    Ip(IpAddr),
}

/// One constant looked for in one source.
#[derive(Debug, Clone)]
pub struct Atom<'g> {
    /// Whose value.
    pub source: &'g Source,
    /// How it must stand in it.
    pub position: Position,
    /// The constant.
    pub constant: Constant,
}

/// Atoms, one of which must be so.
#[derive(Debug)]
pub struct Need<'g> {
    /// The atoms.
    pub atoms: Vec<Atom<'g>>,
    /// How likely an ordinary event meets it.
    pub chance: f32,
}

/// Finds what nodes need, each once.
pub struct Needs<'g> {
    graph: &'g Graph,
    known: HashMap<NodeId, Option<Rc<Need<'g>>>>,
}

impl<'g> Needs<'g> {
    /// With nothing found yet.
    pub fn new(graph: &'g Graph) -> Self {
        Needs { graph, known: HashMap::new() }
    }

    /// What a node needs. Of a condition that is several things at once, each is asked for by itself.
    pub fn of(&mut self, node: NodeId) -> Option<Rc<Need<'g>>> {
        if let Some(known) = self.known.get(&node) {
            return known.clone();
        }
        let graph = self.graph;
        let need = match graph.node(node) {
            Node::Constant(_) | Node::Not(_) => None,
            Node::Check(index) => check(graph, *index).map(Rc::new),
            Node::And(items) => {
                let needs = items.iter().filter_map(|item| self.of(*item));
                needs.min_by(|a, b| a.chance.total_cmp(&b.chance))
            }
            Node::Or(items) => self.any(items).map(Rc::new),
        };
        self.known.insert(node, need.clone());
        need
    }

    /// All atoms of several nodes, if each of them has some.
    fn any(&mut self, items: &[NodeId]) -> Option<Need<'g>> {
        let (mut atoms, mut unmet) = (Vec::new(), 1.0);
        for item in items {
            let need = self.of(*item)?;
            atoms.extend(need.atoms.iter().cloned());
            unmet *= 1.0 - need.chance;
            if atoms.len() > ATOMS_MAX {
                return None;
            }
        }
        Some(Need { atoms, chance: 1.0 - unmet })
    }
}

/// What a check needs. One of a list needs nothing: of an empty list everything is true.
fn check(graph: &Graph, index: u32) -> Option<Need<'_>> {
    let check = graph.check(index);
    let mut found = Vec::new();
    let whole = |constant| (Position::Whole, constant);
    match &check.predicate {
        Predicate::Text(test) => text(test, &mut found)?,
        Predicate::Number(Op::Eq, number) => found.push(whole(Constant::Number(*number))),
        Predicate::NumberIn(numbers) => {
            found.extend(numbers.iter().map(|number| whole(Constant::Number(*number))))
        }
        Predicate::Ip(ips) => found.extend(ips.iter().map(|ip| whole(Constant::Ip(*ip)))),
        _ => return None,
    }
    if found.is_empty() || found.len() > ATOMS_MAX || check.source.is_list() || check.kinds.is_some() {
        return None;
    }
    let source = &check.source;
    let atoms = found.into_iter().map(|(position, constant)| Atom { source, position, constant });
    Some(Need { atoms: atoms.collect(), chance: check.chance })
}

type Found = Vec<(Position, Constant)>;

/// What a test of a text looks for; `None` where that is nothing which all texts that pass have.
fn text(test: &TextTest, found: &mut Found) -> Option<()> {
    match test {
        TextTest::In(texts) if texts.is_empty() => return None,
        TextTest::In(texts) => {
            found.extend(texts.iter().map(|text| (Position::Whole, Constant::Text(text.clone()))));
        }
        TextTest::StartsWith(texts) => {
            texts.iter().try_for_each(|text| push(Position::Start, text, found))?
        }
        TextTest::EndsWith(texts) => texts.iter().try_for_each(|text| push(Position::End, text, found))?,
        TextTest::Contains(finder) => push(Position::Inside, finder.needle(), found)?,
        TextTest::IContains(wanted, _) => push(Position::InsideAnyCase, wanted, found)?,
        TextTest::Glob(pattern, ignore_case) => glob(pattern, *ignore_case, found)?,
        TextTest::Below(paths) | TextTest::BelowLiteral { paths, .. } => {
            paths.iter().try_for_each(|path| component(path, found))?;
        }
        TextTest::Any(tests) => tests.iter().try_for_each(|test| text(test, found))?,
        TextTest::Order(..) | TextTest::Regex(_) => return None,
    }
    Some(())
}

fn push(position: Position, text: &[u8], found: &mut Found) -> Option<()> {
    let shortest = match position {
        Position::Whole => 0,
        Position::Start | Position::End => 1,
        Position::Inside | Position::InsideAnyCase => Filter::SHORTEST,
    };
    (text.len() >= shortest).then(|| found.push((position, Constant::Text(text.into()))))
}

fn is_special(byte: &u8) -> bool {
    b"*?[\\".contains(byte)
}

/// The longest piece of a shell pattern that stands for itself. Many texts begin alike, so that a beginning counts half.
fn glob(pattern: &[u8], ignore_case: bool, found: &mut Found) -> Option<()> {
    let start = pattern.split(is_special).next().unwrap_or_default();
    let tail = pattern.rsplit(|byte| b"*?".contains(byte)).next().unwrap_or_default();
    // A bracket may hold any of these, and a backslash makes something else of what follows.
    let end = if tail.iter().any(|byte| b"[]\\".contains(byte)) { &[] } else { tail };
    let plain = !pattern.iter().any(|byte| b"[\\".contains(byte));
    let inner = pattern
        .split(is_special)
        .skip(1)
        .filter(|_| plain)
        .max_by_key(|piece| piece.len())
        .unwrap_or_default();
    let pieces = [
        (Position::Start, start, start.len()),
        (Position::Inside, inner, inner.len() * 2),
        (Position::End, end, end.len() * 2),
    ];
    let (position, piece, _) = pieces.into_iter().max_by_key(|(_, _, worth)| *worth)?;
    push(if ignore_case { Position::InsideAnyCase } else { position }, piece, found)
}

/// The longest component of a path that is no pattern: what lies below the path has it inside, however it is written.
fn component(path: &[u8], found: &mut Found) -> Option<()> {
    let components = path.split(|byte| *byte == b'/').filter(|name| !name.iter().any(is_special));
    push(Position::Inside, components.max_by_key(|name| name.len())?, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(test: &TextTest) -> String {
        let mut found = Vec::new();
        let Some(()) = text(test, &mut found) else { return "nothing".to_owned() };
        let one = |(position, constant): &(Position, Constant)| match constant {
            Constant::Text(text) => format!("{position:?} {}", String::from_utf8_lossy(text)),
            other => format!("{position:?} {other:?}"),
        };
        found.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn patterns_need_a_piece_of_them() {
        for (pattern, expected) in [
            ("/srv/site/*", "Start /srv/site/"),
            ("/home/*/.ssh/*", "Inside /.ssh/"),
            ("*.conf", "End .conf"),
            ("/e*/shadow.bak", "End /shadow.bak"),
            ("/etc/[ab]*", "Start /etc/"),
            ("*[*]abc", "nothing"),
            ("*\\*abc", "End abc"),
            ("[*abc", "End abc"),
            ("*", "nothing"),
            ("", "nothing"),
        ] {
            assert_eq!(found(&TextTest::Glob(pattern.as_bytes().into(), false)), expected, "{pattern}");
        }
        assert_eq!(found(&TextTest::Glob(b"/ETC/*"[..].into(), true)), "InsideAnyCase /ETC/");
    }

    #[test]
    fn paths_need_a_component() {
        for (path, expected) in [
            ("/usr/share/x", "Inside share"),
            ("/*/local", "Inside local"),
            ("/*/lib", "nothing"),
            ("/", "nothing"),
            ("/*", "nothing"),
        ] {
            assert_eq!(found(&TextTest::below([path.as_bytes()].into_iter())), expected, "{path}");
        }
    }
}
