//! Which rules an event can be of at all, found by a look at each of a few values, however many rules there are.
//!
//! Two things stand before the rules of a program. **Gates** are parts that many conditions have in common and that are
//! quickly judged, such as whether a file was opened to be written: each takes out all rules that it decides. Of the rules
//! that are left, **look-ups** ([`super::lookup`]) find those whose constants stand in the event's values: most conditions
//! need one (`proc.name in (…) and …`). Only what both leave is judged; of an ordinary event that is nothing, and its
//! values were read only as long as there were rules left that ask for them.

use std::rc::Rc;

use hashbrown::HashMap;

use super::candidates::Candidates;
use super::estimate::lookup_cost;
use super::graph::{Graph, Node, NodeId};
use super::lookup::Lookup;
use super::need::{Constant, Need, Needs, Position};
use super::source::Source;

/// Conditions that take more than this to judge, in the unit of a check's cost, are no gate: what a rule needs besides may
/// decide with less.
const GATE_COST_MAX: f32 = 20.0;
/// What is saved where a rule needn't be judged, in the same unit.
const RULE_COST: f32 = 15.0;

/// A part of conditions, and the rules that it decides.
#[derive(Debug)]
pub struct Gate<Id> {
    /// What is judged.
    pub part: Id,
    /// The rules that can't be true where it is false.
    pub need_true: Candidates,
    /// The rules that can't be true where it is true.
    pub need_false: Candidates,
}

/// The gates for rules with these nodes: the one first that saves the most for its cost, then what saves the most of what
/// is left, as long as it saves more than it costs.
pub fn gates(graph: &Graph, roots: &[NodeId]) -> Vec<Gate<NodeId>> {
    let mut rest = parts(graph, roots);
    // How likely each rule is still to be judged.
    let mut left = vec![1.0_f32; roots.len()];
    let mut gates = Vec::new();
    loop {
        let saved = |gate: &Gate<NodeId>| {
            let (cost, chance) = graph.estimate(gate.part);
            let sum = |rules: &Candidates| rules.iter().map(|rule| left[rule]).sum::<f32>();
            RULE_COST * (sum(&gate.need_true) * (1.0 - chance) + sum(&gate.need_false) * chance)
                / cost.max(1.0)
        };
        let best = rest.iter().map(saved).enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b));
        let Some((at, _)) = best.filter(|(_, saved)| *saved > 1.0) else { return gates };
        let gate = rest.swap_remove(at);
        let chance = graph.estimate(gate.part).1;
        gate.need_true.iter().for_each(|rule| left[rule] *= chance);
        gate.need_false.iter().for_each(|rule| left[rule] *= 1.0 - chance);
        gates.push(gate);
    }
}

/// What more than one of the conditions has as a part, and can be a gate.
fn parts(graph: &Graph, roots: &[NodeId]) -> Vec<Gate<NodeId>> {
    let mut gates: Vec<Gate<NodeId>> = Vec::new();
    let mut known: HashMap<NodeId, usize> = HashMap::new();
    for (rule, root) in (0..).zip(roots) {
        for item in graph.members(root) {
            let (part, is_not) = match graph.node(*item) {
                Node::Not(inner) => (*inner, true),
                _ => (*item, false),
            };
            if graph.is_path(part) || graph.estimate(part).0 > GATE_COST_MAX {
                continue;
            }
            let at = *known.entry(part).or_insert_with(|| {
                let none = || Candidates::none(roots.len());
                gates.push(Gate { part, need_true: none(), need_false: none() });
                gates.len() - 1
            });
            if is_not { gates[at].need_false.insert(rule) } else { gates[at].need_true.insert(rule) }
        }
    }
    gates.retain(|gate| gate.need_true.iter().chain(gate.need_false.iter()).nth(1).is_some());
    gates
}

/// The look-ups for rules with these nodes behind these gates, and the rules that none of them finds.
pub fn lookups(graph: &Graph, roots: &[NodeId], gates: &[Gate<NodeId>]) -> (Vec<Lookup>, Candidates) {
    let mut known = Needs::new(graph);
    let of_rule = |root| {
        let members = graph.members(root).iter().filter(|node| gates.iter().all(|gate| gate.part != **node));
        members.filter_map(|node| known.of(*node)).collect()
    };
    let needs: Vec<Vec<Rc<Need>>> = roots.iter().map(of_rule).collect();
    let mut shared: HashMap<(&Source, Position), f32> = HashMap::new();
    for need in needs.iter().flatten() {
        places(need).into_iter().for_each(|place| *shared.entry(place).or_insert(0.0) += 1.0);
    }
    // A look-up that is made for many rules anyway costs one more of them little.
    let cost = |need: &Need| {
        let places = places(need).into_iter();
        let looks: f32 = places.map(|place| lookup_cost(place.0, place.1) / shared[&place]).sum();
        looks + need.chance * RULE_COST
    };
    let mut constants: HashMap<&Source, HashMap<Position, HashMap<Constant, Vec<u32>>>> = HashMap::new();
    let mut unguarded = Candidates::none(roots.len());
    for ((rule, root), needs) in (0..).zip(roots).zip(&needs) {
        let best = needs.iter().min_by(|a, b| cost(a).total_cmp(&cost(b)));
        // What is quickly judged needn't be looked up.
        let Some(need) = best.filter(|need| cost(need) < graph.estimate(*root).0.max(RULE_COST)) else {
            unguarded.insert(rule);
            continue;
        };
        for atom in &need.atoms {
            let of_source = constants.entry(atom.source).or_default();
            let rules = of_source.entry(atom.position).or_default().entry(atom.constant.clone()).or_default();
            if rules.last() != Some(&rule) {
                rules.push(rule);
            }
        }
    }
    let mut lookups: Vec<(f32, Lookup)> = Vec::new();
    for (source, constants) in constants {
        let rules: Vec<u32> = constants.values().flat_map(HashMap::values).flatten().copied().collect();
        let cost = constants.keys().map(|position| lookup_cost(source, *position)).sum();
        match Lookup::new(source, constants, roots.len()) {
            Some(lookup) => lookups.push((cost, lookup)),
            None => unguarded.extend(&rules),
        }
    }
    lookups.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    (lookups.into_iter().map(|(_, lookup)| lookup).collect(), unguarded)
}

/// The look-ups that a need takes.
fn places<'g>(need: &Need<'g>) -> Vec<(&'g Source, Position)> {
    let mut places: Vec<(&Source, Position)> = Vec::new();
    for atom in &need.atoms {
        if !places.contains(&(atom.source, atom.position)) {
            places.push((atom.source, atom.position));
        }
    }
    places
}
