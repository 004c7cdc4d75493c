//! Events judged: each distinct check at most once for an event and a reading, in three-valued logic.

use bumpalo::Bump;
use lanner_event::{Ctx, Reading};

use crate::compile::{Graph, Node, NodeId, test};
use crate::ruleset::RuleId;

/// True, false, or not known yet, as what a check reads hasn't come (Kleene's logic).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tri {
    /// It isn't so.
    False,
    /// It may be so.
    Unknown,
    /// It is so.
    True,
}

impl Tri {
    /// Both.
    pub fn and(self, other: Tri) -> Tri {
        if (self as u8) < other as u8 { self } else { other }
    }

    /// Either.
    pub fn or(self, other: Tri) -> Tri {
        if (self as u8) > other as u8 { self } else { other }
    }
}

impl std::ops::Not for Tri {
    type Output = Tri;

    fn not(self) -> Tri {
        match self {
            Tri::False => Tri::True,
            Tri::Unknown => Tri::Unknown,
            Tri::True => Tri::False,
        }
    }
}

impl From<bool> for Tri {
    fn from(value: bool) -> Tri {
        if value { Tri::True } else { Tri::False }
    }
}

/// A rule that an event matches, or may match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// The rule.
    pub rule: RuleId,
    /// Under which reading of its paths.
    pub reading: Reading,
    /// Whether something it reads or prints hasn't come yet, so that it must be judged again.
    pub pending: bool,
}

/// Memory that is used again from event to event.
#[derive(Debug, Default)]
pub struct Scratch {
    /// For values that are put together.
    pub bump: Bump,
    memo: Memo,
}

/// What nodes were judged to be, and when: an entry of an older generation counts for nothing.
#[derive(Debug, Default)]
struct Memo {
    entries: Vec<(u32, Tri)>,
    generation: u32,
}

impl Scratch {
    /// Ready for the next event.
    pub(crate) fn begin(&mut self, nodes: usize) {
        self.bump.reset();
        self.memo.entries.resize(nodes, (0, Tri::False));
        // Two generations an event: one for what doesn't depend on the reading, one for what does.
        self.memo.generation = match self.memo.generation.checked_add(2) {
            Some(generation) if generation < u32::MAX - 2 => generation,
            _ => {
                self.memo.entries.fill((0, Tri::False));
                2
            }
        };
    }

    /// The memory for values, and a judge of nodes.
    pub(crate) fn split<'a>(&'a mut self, graph: &'a Graph) -> (&'a Bump, Judge<'a>) {
        (&self.bump, Judge { graph, memo: &mut self.memo })
    }
}

/// Judges nodes of a graph for one event.
pub(crate) struct Judge<'a> {
    graph: &'a Graph,
    memo: &'a mut Memo,
}

impl<'a> Judge<'a> {
    /// Whether a node is true of the event in the context.
    pub(crate) fn judge(&mut self, id: NodeId, ctx: &Ctx<'a>) -> Tri {
        let again = self.graph.is_path(id) && ctx.reading == Reading::Real;
        let generation = self.memo.generation + u32::from(again);
        let (known, result) = self.memo.entries[id as usize];
        if known == generation {
            return result;
        }
        let graph = self.graph;
        let result = match graph.node(id) {
            Node::Constant(value) => Tri::from(*value),
            Node::Check(index) => {
                let check = graph.check(*index);
                let value = check.source.get(ctx);
                test(&check.predicate, value, check.list_any, check.all_differ, ctx)
            }
            Node::Not(inner) => !self.judge(*inner, ctx),
            Node::And(items) => self.chain(items, Tri::False, Tri::and, ctx),
            Node::Or(items) => self.chain(items, Tri::True, Tri::or, ctx),
        };
        self.memo.entries[id as usize] = (generation, result);
        result
    }

    fn chain(&mut self, items: &[NodeId], decides: Tri, join: fn(Tri, Tri) -> Tri, ctx: &Ctx<'a>) -> Tri {
        let mut result = !decides;
        for item in items {
            result = join(result, self.judge(*item, ctx));
            if result == decides {
                break;
            }
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::Tri::{False, True, Unknown};

    #[test]
    fn kleene() {
        assert_eq!((True.and(Unknown), False.and(Unknown)), (Unknown, False));
        assert_eq!((True.or(Unknown), False.or(Unknown)), (True, Unknown));
        assert_eq!((!Unknown, !True), (Unknown, False));
    }
}
