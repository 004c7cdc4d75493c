//! Whether one condition is true of every event that another is true of, as far as their shape tells. Where this says
//! no, it may be so all the same.

use lanner_event::FieldFlags;

use super::check::Check;
use super::graph::{Graph, Node, NodeId};
use crate::ast::Op;

use super::predicate::{Predicate, TextTest, scalar};

/// How many pairs of parts are looked at before the answer is no.
const PAIRS_MAX: u32 = 2_000;

/// Whether an event of which `a` is true is always one of which `b` is true.
pub fn implies(graph: &Graph, a: NodeId, b: NodeId) -> bool {
    Search { graph, pairs: 0 }.implies(a, b)
}

/// Whether no event can be true of `node`, since parts of it that must all be true exclude each other.
pub fn apart(graph: &Graph, node: NodeId) -> bool {
    let mut search = Search { graph, pairs: 0 };
    match graph.node(node) {
        Node::Constant(value) => !value,
        Node::Or(items) => items.iter().all(|item| apart(graph, *item)),
        Node::And(items) => {
            let pair = |at: usize| items[..at].iter().any(|other| search.excludes(items[at], *other));
            items.iter().any(|item| apart(graph, *item)) || (1..items.len()).any(pair)
        }
        // Nothing is one of none; of a list without values, all are.
        Node::Check(index) => {
            let check = graph.check(*index);
            !check.source.is_list() && check.predicate.values().is_some_and(|values| values.is_empty())
        }
        Node::Not(_) => false,
    }
}

struct Search<'g> {
    graph: &'g Graph,
    pairs: u32,
}

impl Search<'_> {
    fn implies(&mut self, a: NodeId, b: NodeId) -> bool {
        self.pairs += 1;
        if a == b {
            return true;
        }
        if self.pairs > PAIRS_MAX {
            return false;
        }
        let graph = self.graph;
        match (graph.node(a), graph.node(b)) {
            (Node::Constant(value), _) => !value,
            (_, Node::Constant(value)) => *value,
            (_, Node::And(items)) => items.iter().all(|item| self.implies(a, *item)),
            (Node::Or(items), _) => items.iter().all(|item| self.implies(*item, b)),
            (Node::And(items), Node::Or(others)) => {
                items.iter().any(|item| self.implies(*item, b))
                    || others.iter().any(|other| self.implies(a, *other))
            }
            (Node::And(items), _) => items.iter().any(|item| self.implies(*item, b)),
            (_, Node::Or(items)) => items.iter().any(|item| self.implies(a, *item)),
            (Node::Not(a), Node::Not(b)) => self.implies(*b, *a),
            (Node::Check(a), Node::Check(b)) => check_implies(graph.check(*a), graph.check(*b)),
            (Node::Check(_), Node::Not(_)) | (Node::Not(_), Node::Check(_)) => false,
        }
    }

    /// Whether two parts are never both true.
    fn excludes(&mut self, a: NodeId, b: NodeId) -> bool {
        match (self.graph.node(a), self.graph.node(b)) {
            (Node::Not(inner), _) => self.implies(b, *inner),
            (_, Node::Not(inner)) => self.implies(a, *inner),
            (Node::Check(a), Node::Check(b)) => {
                let (a, b) = (self.graph.check(*a), self.graph.check(*b));
                check_excludes(a, b) || check_excludes(b, a)
            }
            _ => false,
        }
    }
}

fn check_implies(a: &Check, b: &Check) -> bool {
    if a.source != b.source || a.list_any != b.list_any {
        return false;
    }
    match (&a.predicate, &b.predicate) {
        (_, Predicate::Exists) => true,
        (Predicate::Text(TextTest::StartsWith(a)), Predicate::Text(TextTest::StartsWith(b))) => {
            a.iter().all(|a| b.iter().any(|b| a.starts_with(b)))
        }
        (Predicate::Text(TextTest::EndsWith(a)), Predicate::Text(TextTest::EndsWith(b))) => {
            a.iter().all(|a| b.iter().any(|b| a.ends_with(b)))
        }
        // What `!=` wants of several values isn't what the others want.
        (_, Predicate::Ne(_)) => false,
        (a, b) => a.values().is_some_and(|values| values.into_iter().all(|value| scalar(b, value))),
    }
}

/// Whether none of the values that `a` wants is one that `b` wants; of fields with one value only.
fn check_excludes(a: &Check, b: &Check) -> bool {
    if a.source != b.source || a.source.is_list() || a.source.has(FieldFlags::NO_RHS) {
        return false;
    }
    match (&a.predicate, &b.predicate) {
        (_, Predicate::Field(..) | Predicate::Exists) => false,
        (Predicate::Number(..), Predicate::Number(..)) => match (range(&a.predicate), range(&b.predicate)) {
            (Some(a), Some(b)) => a.0.max(b.0) > a.1.min(b.1),
            _ => false,
        },
        (Predicate::Text(TextTest::StartsWith(a)), Predicate::Text(TextTest::StartsWith(b))) => {
            a.iter().all(|a| b.iter().all(|b| !a.starts_with(b) && !b.starts_with(a)))
        }
        (Predicate::Text(TextTest::EndsWith(a)), Predicate::Text(TextTest::EndsWith(b))) => {
            a.iter().all(|a| b.iter().all(|b| !a.ends_with(b) && !b.ends_with(a)))
        }
        (a, b) => a.values().is_some_and(|values| values.into_iter().all(|value| !scalar(b, value))),
    }
}

/// The least and the greatest number that a comparison is true of.
fn range(predicate: &Predicate) -> Option<(i128, i128)> {
    let Predicate::Number(op, number) = predicate else { return None };
    match op {
        Op::Eq => Some((*number, *number)),
        Op::Lt => Some((i128::MIN, number - 1)),
        Op::Le => Some((i128::MIN, *number)),
        Op::Gt => Some((number + 1, i128::MAX)),
        Op::Ge => Some((*number, i128::MAX)),
        _ => None,
    }
}
