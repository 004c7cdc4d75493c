//! What is run for events of one kind: the rules that can be true of them, with all that their kind decides
//! already decided.

use hashbrown::HashMap;
use lanner_event::Kind;

use super::candidates::Candidates;
use super::graph::{Graph, Node, NodeId};
use super::guard::{Gate, gates, lookups};
use super::lookup::Lookup;

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
    /// All rules, by position.
    pub all: Candidates,
    /// What takes out rules, in order.
    pub gates: Vec<Gate<StepId>>,
    /// What finds rules among those that are left, in order.
    pub lookups: Vec<Lookup>,
    /// The rules that no look-up finds: they needn't be found.
    pub unguarded: Candidates,
}

impl<R> Program<R> {
    /// The program for a kind; `rules` are the enabled ones with their nodes, in order.
    pub fn new(graph: &mut Graph, kind: Kind, rules: impl Iterator<Item = (R, NodeId)>) -> Self {
        let mut folded = HashMap::new();
        let roots: Vec<(R, NodeId)> =
            rules.map(|(rule, node)| (rule, graph.for_kind(node, kind, &mut folded))).collect();
        let roots = roots.into_iter().filter(|(_, node)| *graph.node(*node) != Node::Constant(false));
        let roots: Vec<(R, NodeId)> = roots.collect();
        let nodes: Vec<NodeId> = roots.iter().map(|(_, node)| *node).collect();
        let gates = gates(graph, &nodes);
        let (lookups, unguarded) = lookups(graph, &nodes, &gates);
        let mut all = Candidates::none(nodes.len());
        (0..nodes.len()).for_each(|rule| all.insert(rule as u32));
        let asked = asked(graph, nodes.into_iter().chain(gates.iter().map(|gate| gate.part)));
        let (rules, steps, items) = (Vec::new(), Vec::new(), Vec::new());
        let program = Program { rules, steps, items, slots: 0, all, gates: Vec::new(), lookups, unguarded };
        let mut builder = Builder { graph, asked, known: HashMap::new(), program };
        for gate in gates {
            let step = builder.step(gate.part);
            builder.program.gates.push(Gate { part: step, ..gate });
        }
        for (rule, node) in roots {
            let step = builder.step(node);
            builder.program.rules.push((rule, step));
        }
        let mut program = builder.program;
        program.remember();
        program
    }

    /// Gives a slot to each step that is asked for more than once: by several others; or by one that is judged again
    /// under the real reading, where it doesn't depend on that itself.
    fn remember(&mut self) {
        let mut asked = vec![0_u32; self.steps.len()];
        for root in self.rules.iter().map(|(_, root)| root).chain(self.gates.iter().map(|gate| &gate.part)) {
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

/// How often each node is asked for by others, and as a rule.
fn asked(graph: &Graph, roots: impl Iterator<Item = NodeId>) -> HashMap<NodeId, u32> {
    let mut asked = HashMap::new();
    let mut todo: Vec<NodeId> = roots.collect();
    while let Some(node) = todo.pop() {
        let count = asked.entry(node).or_insert(0);
        *count += 1;
        if *count == 1 {
            match graph.node(node) {
                Node::Constant(_) | Node::Check(_) => {}
                Node::Not(inner) => todo.push(*inner),
                Node::And(items) | Node::Or(items) => todo.extend(items.iter()),
            }
        }
    }
    asked
}

struct Builder<'g, R> {
    graph: &'g mut Graph,
    asked: HashMap<NodeId, u32>,
    known: HashMap<NodeId, StepId>,
    program: Program<R>,
}

/// A member of `and` or `or`: a node, or checks that are made one.
enum Member {
    Node(NodeId),
    Checks(Vec<u32>),
}

impl<R> Builder<'_, R> {
    fn step(&mut self, node: NodeId) -> StepId {
        if let Some(step) = self.known.get(&node) {
            return *step;
        }
        let op = match self.graph.node(node).clone() {
            // Constants are folded away, but for a rule that is nothing else.
            Node::Constant(true) => StepOp::And(0, 0),
            Node::Constant(false) => StepOp::Or(0, 0),
            Node::Check(index) => StepOp::Check(index),
            Node::Not(inner) => StepOp::Not(self.step(inner)),
            Node::And(items) => {
                let (start, end) = self.chain(&items, false);
                StepOp::And(start, end)
            }
            Node::Or(items) => {
                let (start, end) = self.chain(&items, true);
                StepOp::Or(start, end)
            }
        };
        let step = self.push(op, self.graph.is_path(node));
        self.known.insert(node, step);
        step
    }

    fn push(&mut self, op: StepOp, path: bool) -> StepId {
        self.program.steps.push(Step { op, path, slot: NO_SLOT });
        self.program.steps.len() as StepId - 1
    }

    fn chain(&mut self, items: &[NodeId], or: bool) -> (u32, u32) {
        let mut steps = Vec::with_capacity(items.len());
        for member in self.members(items, or) {
            steps.push(match member {
                Member::Node(node) => self.step(node),
                Member::Checks(checks) => {
                    let path = self.graph.check(checks[0]).is_path();
                    let one = self.push(StepOp::Check(checks[0]), path);
                    if or { one } else { self.push(StepOp::Not(one), path) }
                }
            });
        }
        let start = self.program.items.len() as u32;
        self.program.items.extend(steps);
        (start, self.program.items.len() as u32)
    }

    /// The members of `or`, where checks of one source that nothing else asks for are one check; or those of `and`,
    /// where such checks are denied.
    fn members(&mut self, items: &[NodeId], or: bool) -> Vec<Member> {
        let mut members: Vec<Member> = Vec::new();
        for item in items {
            let Some(check) = self.own_check(*item, or) else {
                members.push(Member::Node(*item));
                continue;
            };
            let same = |other: &&mut Member| match other {
                Member::Checks(others) => {
                    self.graph.check(others[0]).source == self.graph.check(check).source
                }
                Member::Node(_) => false,
            };
            match members.iter_mut().find(same) {
                Some(Member::Checks(others)) => others.push(check),
                _ => members.push(Member::Checks(vec![check])),
            }
        }
        for member in &mut members {
            if let Member::Checks(checks) = member
                && checks.len() > 1
                && let Some(merged) = self.graph.merge(std::mem::take(checks))
            {
                checks.push(merged);
            }
        }
        members
    }

    /// The check that a member of `or` is, or that a member of `and` denies, if it can be merged and nothing else asks
    /// for it.
    fn own_check(&self, item: NodeId, or: bool) -> Option<u32> {
        let own = |node: &NodeId| self.asked.get(node) == Some(&1);
        let node = match self.graph.node(item) {
            Node::Check(_) if or => item,
            Node::Not(inner) if !or && own(&item) => *inner,
            _ => return None,
        };
        match self.graph.node(node) {
            Node::Check(index) if own(&node) && self.graph.check(*index).is_mergeable() => Some(*index),
            _ => None,
        }
    }
}
