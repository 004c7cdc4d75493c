//! Events judged: each distinct check at most once for an event and a reading, in three-valued logic.

use bumpalo::Bump;
use lanner_event::{Ctx, Reading};

use crate::compile::{Candidates, Graph, NO_SLOT, Program, StepId, StepOp};
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
    candidates: Candidates,
    found: Candidates,
}

/// What steps were judged to be, and when: an entry of an older generation counts for nothing, so that nothing is
/// cleared between events.
#[derive(Debug, Default)]
struct Memo {
    entries: Vec<(u32, Tri)>,
    generation: u32,
}

impl Scratch {
    /// Ready for the next event of a program: the memory for values, and the judge.
    pub(crate) fn begin<'a>(
        &'a mut self,
        graph: &'a Graph,
        program: &'a Program<RuleId>,
    ) -> (&'a Bump, Judge<'a>) {
        self.bump.reset();
        let memo = &mut self.memo;
        if memo.entries.len() < program.slots as usize {
            memo.entries.resize(program.slots as usize, (0, Tri::False));
        }
        memo.generation = memo.generation.wrapping_add(1);
        if memo.generation == 0 {
            memo.entries.fill((0, Tri::False));
            memo.generation = 1;
        }
        self.candidates.reset(&program.all);
        self.found.reset(&program.unguarded);
        let (candidates, found) = (&mut self.candidates, &mut self.found);
        (&self.bump, Judge { graph, program, memo, candidates, found })
    }
}

/// Judges a program's steps for one event.
pub(crate) struct Judge<'a> {
    graph: &'a Graph,
    program: &'a Program<RuleId>,
    memo: &'a mut Memo,
    candidates: &'a mut Candidates,
    found: &'a mut Candidates,
}

impl<'a> Judge<'a> {
    /// Finds the rules that the event can be of under any of the readings; the others are false.
    pub(crate) fn narrow(&mut self, given: &Ctx<'a>, real: Option<&Ctx<'a>>) {
        for gate in &self.program.gates {
            if self.candidates.meets(&gate.need_true) || self.candidates.meets(&gate.need_false) {
                match self.judge(gate.part, given) {
                    Tri::False => self.candidates.remove_all(&gate.need_true),
                    Tri::Unknown => {}
                    Tri::True => self.candidates.remove_all(&gate.need_false),
                }
            }
        }
        for lookup in &self.program.lookups {
            if self.candidates.meets_beyond(&lookup.rules, self.found) {
                lookup.mark(given, real, self.candidates, self.found);
            }
        }
        self.candidates.retain(self.found);
    }

    /// The next rule that the event can be of, by position.
    pub(crate) fn next(&mut self) -> Option<usize> {
        self.candidates.take_first()
    }

    /// Whether a step is true of the event in the context.
    pub(crate) fn judge(&mut self, id: StepId, ctx: &Ctx<'a>) -> Tri {
        let step = &self.program.steps[id as usize];
        if step.slot == NO_SLOT {
            return self.run(&step.op, ctx);
        }
        let under_real = step.path && ctx.reading == Reading::Real;
        let slot = (step.slot + u32::from(under_real)) as usize;
        let (generation, known) = self.memo.entries[slot];
        if generation == self.memo.generation {
            return known;
        }
        let result = self.run(&step.op, ctx);
        self.memo.entries[slot] = (self.memo.generation, result);
        result
    }

    fn run(&mut self, op: &StepOp, ctx: &Ctx<'a>) -> Tri {
        match *op {
            StepOp::Check(index) => self.graph.check(index).judge(ctx),
            StepOp::Not(inner) => !self.judge(inner, ctx),
            StepOp::And(start, end) => self.chain(start, end, Tri::False, Tri::and, ctx),
            StepOp::Or(start, end) => self.chain(start, end, Tri::True, Tri::or, ctx),
        }
    }

    fn chain(&mut self, start: u32, end: u32, decides: Tri, join: fn(Tri, Tri) -> Tri, ctx: &Ctx<'a>) -> Tri {
        let program = self.program;
        let mut result = !decides;
        for item in &program.items[start as usize..end as usize] {
            result = join(result, self.judge(*item, ctx));
            if result == decides {
                break;
            }
        }
        result
    }

    /// Whether a step depends on the reading of paths.
    pub(crate) fn is_path(&self, id: StepId) -> bool {
        self.program.steps[id as usize].path
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
