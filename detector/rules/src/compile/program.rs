//! What is run for events of one kind: the rules that can be true of them, with all that their kind decides
//! already decided.

use hashbrown::HashMap;
use lanner_event::Kind;

use super::graph::{Graph, Node, NodeId};

/// A node's index in a program.
pub type StepId = u32;

/// What the memo holds nothing for.
pub const NO_SLOT: u32 = u32::MAX;

/// A node as it is run.
#[derive(Debug, Clone)]
pub struct Step {
    /// What to do.
    pub op: StepOp,
    /// Whether it depends on the reading of paths.
    pub path: bool,
    /// Where its result is remembered, under the given reading, and behind that under the real one where it depends
    /// on that; [`NO_SLOT`] where it is asked for only once.
    pub slot: u32,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum StepOp {
    /// Judges a check of the graph.
    Check(u32),
    /// The opposite of a step.
    Not(StepId),
    /// All of the steps in [`Program::items`] from the first up to the second index; none is true.
    And(u32, u32),
    /// Any of them; none is false.
    Or(u32, u32),
}

/// The rules that can be true of a kind, and the steps that judge them.
#[derive(Debug, Default)]
pub struct Program<R> {
    /// The rules in order, each with the step that it is.
    pub rules: Vec<(R, StepId)>,
    /// The steps, each after those it is made of.
    pub steps: Vec<Step>,
    /// The members of `and` and `or`.
    pub items: Vec<StepId>,
    /// How many results are remembered.
    pub slots: u32,
}

impl<R> Program<R> {
    /// The program for a kind; `rules` are the enabled ones with their nodes, in order.
    pub fn new(graph: &mut Graph, kind: Kind, rules: impl Iterator<Item = (R, NodeId)>) -> Self {
        let mut folded = HashMap::new();
        let roots: Vec<(R, NodeId)> =
            rules.map(|(rule, node)| (rule, graph.for_kind(node, kind, &mut folded))).collect();
        let mut program = Program { rules: Vec::new(), steps: Vec::new(), items: Vec::new(), slots: 0 };
        let mut known = HashMap::new();
        for (rule, node) in roots {
            if *graph.node(node) != Node::Constant(false) {
                let step = program.step(graph, node, &mut known);
                program.rules.push((rule, step));
            }
        }
        program.remember();
        program
    }

    fn step(&mut self, graph: &Graph, node: NodeId, known: &mut HashMap<NodeId, StepId>) -> StepId {
        if let Some(step) = known.get(&node) {
            return *step;
        }
        let op = match graph.node(node) {
            // Constants are folded away, but for a rule that is nothing else.
            Node::Constant(true) => StepOp::And(0, 0),
            Node::Constant(false) => StepOp::Or(0, 0),
            Node::Check(index) => StepOp::Check(*index),
            Node::Not(inner) => StepOp::Not(self.step(graph, *inner, known)),
            Node::And(items) | Node::Or(items) => {
                let items: Vec<StepId> = items.iter().map(|item| self.step(graph, *item, known)).collect();
                let start = self.items.len() as u32;
                self.items.extend(items);
                let end = self.items.len() as u32;
                if matches!(graph.node(node), Node::And(_)) {
                    StepOp::And(start, end)
                } else {
                    StepOp::Or(start, end)
                }
            }
        };
        let id = self.steps.len() as StepId;
        self.steps.push(Step { op, path: graph.is_path(node), slot: NO_SLOT });
        known.insert(node, id);
        id
    }

    /// Gives a slot to each step that is asked for more than once: by several others; or by one that is judged again
    /// under the real reading, where it doesn't depend on that itself.
    fn remember(&mut self) {
        let mut asked = vec![0_u32; self.steps.len()];
        for (_, root) in &self.rules {
            asked[*root as usize] += 1;
        }
        for step in &self.steps {
            for inner in self.inner(step) {
                let again = step.path && !self.steps[*inner as usize].path;
                asked[*inner as usize] += 1 + u32::from(again);
            }
        }
        for (step, asked) in self.steps.iter_mut().zip(asked) {
            if asked > 1 {
                step.slot = self.slots;
                self.slots += 1 + u32::from(step.path);
            }
        }
    }

    fn inner<'s>(&'s self, step: &'s Step) -> &'s [StepId] {
        match &step.op {
            StepOp::Check(_) => &[],
            StepOp::Not(inner) => std::slice::from_ref(inner),
            StepOp::And(start, end) | StepOp::Or(start, end) => &self.items[*start as usize..*end as usize],
        }
    }
}
