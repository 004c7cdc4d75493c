//! Events judged: each distinct check at most once for an event and a reading, in three-valued logic.

use bumpalo::Bump;
use lanner_event::{Ctx, Reading};

use crate::compile::{Graph, Node, NodeId};
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

/// What nodes were judged to be, and when: an entry of an older generation counts for nothing, so that nothing is
/// cleared between events.
#[derive(Debug, Default)]
struct Memo {
    /// One entry for each node under the given reading, then one for each under the real one.
    entries: Vec<(u32, Tri)>,
    generation: u32,
}

impl Scratch {
    /// Ready for the next event.
    pub(crate) fn begin(&mut self, nodes: usize) {
        self.bump.reset();
        self.memo.entries.resize(2 * nodes, (0, Tri::False));
        self.memo.generation = self.memo.generation.wrapping_add(1);
        if self.memo.generation == 0 {
            self.memo.entries.fill((0, Tri::False));
            self.memo.generation = 1;
        }
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
        let graph = self.graph;
        // What doesn't depend on the reading is the same under both.
        let under_real = ctx.reading == Reading::Real && graph.is_path(id);
        let at = id as usize + if under_real { graph.len() } else { 0 };
        let (generation, known) = self.memo.entries[at];
        if generation == self.memo.generation {
            return known;
        }
        let result = match graph.node(id) {
            Node::Constant(value) => Tri::from(*value),
            Node::Check(index) => graph.check(*index).judge(ctx),
            Node::Not(inner) => !self.judge(*inner, ctx),
            Node::And(items) => self.chain(items, Tri::False, Tri::and, ctx),
            Node::Or(items) => self.chain(items, Tri::True, Tri::or, ctx),
        };
        self.memo.entries[at] = (self.memo.generation, result);
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
