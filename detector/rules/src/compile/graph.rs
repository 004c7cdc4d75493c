//! The graph of checks over all rules. What is the same stands once, so it is judged once for an event.

use hashbrown::{HashMap, HashSet};
use lanner_event::{FieldRef, Kind};

use super::check::Check;
use super::predicate::Predicate;
use crate::kindset::KindSet;

/// A node's index.
pub type NodeId = u32;

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Node {
    /// Always this.
    Constant(bool),
    /// A check, by index.
    Check(u32),
    /// The opposite.
    Not(NodeId),
    /// All, in the order of [`Facts::rank`].
    And(Box<[NodeId]>),
    /// Any, in the order of [`Facts::rank`].
    Or(Box<[NodeId]>),
}

/// What is known of a node before there is an event.
#[derive(Debug, Clone, Copy)]
struct Facts {
    /// Whether it depends on the reading of paths.
    path: bool,
    /// How much work it is to judge it, as a rule.
    cost: f32,
    /// How likely it is true of an ordinary event.
    chance: f32,
    /// How many nodes stand below it, one below the other.
    depth: u32,
    /// Whether a check in it asks for the event's kind.
    asks_for_kind: bool,
    /// The event kinds of which it can be true.
    if_true: KindSet,
    /// The event kinds of which it can be false.
    if_false: KindSet,
}

impl Facts {
    /// In which order members are judged: first those that decide with little work, where false decides `and` and true
    /// `or`.
    fn rank(&self, decides: bool) -> f32 {
        let chance = if decides { self.chance } else { 1.0 - self.chance };
        self.cost / chance.max(0.001)
    }
}

/// The nodes, each after those it is made of.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    checks: Vec<Check>,
    facts: Vec<Facts>,
    by_node: HashMap<Node, NodeId>,
    by_check: HashMap<String, u32>,
    /// The different sets of kinds that checks ask for.
    kind_sets: Vec<KindSet>,
    /// Checks that are others in one, by those.
    merged: HashMap<Vec<u32>, u32>,
}

impl Graph {
    /// A node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    /// A check.
    pub fn check(&self, index: u32) -> &Check {
        &self.checks[index as usize]
    }

    /// Whether a node depends on the reading of paths.
    pub fn is_path(&self, id: NodeId) -> bool {
        self.facts[id as usize].path
    }

    /// What must all be true where a node is: the members of `and`, or the node itself.
    pub fn members<'s>(&'s self, id: &'s NodeId) -> &'s [NodeId] {
        match self.node(*id) {
            Node::And(items) => items,
            _ => std::slice::from_ref(id),
        }
    }

    /// How much work it is to judge a node, and how likely it is true of an ordinary event.
    pub fn estimate(&self, id: NodeId) -> (f32, f32) {
        let facts = &self.facts[id as usize];
        (facts.cost, facts.chance)
    }

    /// Always this.
    pub fn constant(&mut self, value: bool) -> NodeId {
        self.add(Node::Constant(value))
    }

    /// A check; `key` says all there is to it, so that the same key is the same check.
    pub fn add_check(&mut self, key: String, make: Check) -> NodeId {
        if let Some(value) = make.constant {
            return self.constant(value);
        }
        let next = self.checks.len() as u32;
        let index = *self.by_check.entry(key).or_insert(next);
        if index == next {
            if let Some(kinds) = make.kinds.filter(|kinds| !self.kind_sets.contains(kinds)) {
                self.kind_sets.push(kinds);
            }
            self.checks.push(make);
        }
        self.add(Node::Check(index))
    }

    /// A check that is true where any of several is, which are all of one source and can be merged.
    pub fn merge(&mut self, checks: Vec<u32>) -> Option<u32> {
        if let Some(known) = self.merged.get(&checks) {
            return Some(*known);
        }
        let all: Vec<&Check> = checks.iter().map(|check| self.check(*check)).collect();
        let check = Check::any(&all)?;
        let index = self.checks.len() as u32;
        self.checks.push(check);
        self.merged.insert(checks, index);
        Some(index)
    }

    /// The opposite of a node.
    pub fn not(&mut self, inner: NodeId) -> NodeId {
        match *self.node(inner) {
            Node::Constant(value) => self.constant(!value),
            Node::Not(inner) => inner,
            _ => self.add(Node::Not(inner)),
        }
    }

    /// All of the nodes.
    pub fn and(&mut self, items: Vec<NodeId>) -> NodeId {
        self.chain(items, false)
    }

    /// Any of the nodes.
    pub fn or(&mut self, items: Vec<NodeId>) -> NodeId {
        self.chain(items, true)
    }

    /// `and`, which false decides, or `or`, which true decides.
    fn chain(&mut self, items: Vec<NodeId>, decides: bool) -> NodeId {
        let mut flat: Vec<NodeId> = Vec::new();
        for item in items {
            match self.node(item) {
                Node::Constant(value) if *value == decides => return self.constant(decides),
                Node::Constant(_) => {}
                Node::Or(inner) if decides => flat.extend(inner.iter()),
                Node::And(inner) if !decides => flat.extend(inner.iter()),
                _ => flat.push(item),
            }
        }
        let rank = |id: NodeId| self.facts[id as usize].rank(decides);
        flat.sort_unstable_by(|a, b| rank(*a).total_cmp(&rank(*b)).then(a.cmp(b)));
        flat.dedup();
        match flat.as_slice() {
            [] => self.constant(!decides),
            [one] => *one,
            _ if decides => self.add(Node::Or(flat.into())),
            _ => self.add(Node::And(flat.into())),
        }
    }

    fn add(&mut self, node: Node) -> NodeId {
        if let Some(id) = self.by_node.get(&node) {
            return *id;
        }
        let facts = self.facts_of(&node);
        let id = self.nodes.len() as NodeId;
        self.nodes.push(node.clone());
        self.facts.push(facts);
        self.by_node.insert(node, id);
        id
    }

    fn facts_of(&self, node: &Node) -> Facts {
        match node {
            Node::Constant(value) => constant_facts(*value),
            Node::Check(index) => {
                let check = self.check(*index);
                Facts {
                    path: check.is_path(),
                    cost: check.cost,
                    chance: check.chance,
                    depth: 0,
                    asks_for_kind: check.kinds.is_some(),
                    if_true: check.kinds.unwrap_or(KindSet::ALL),
                    if_false: check.kinds.map_or(KindSet::ALL, KindSet::complement),
                }
            }
            Node::Not(inner) => {
                let inner = self.facts[*inner as usize];
                Facts {
                    depth: inner.depth + 1,
                    chance: 1.0 - inner.chance,
                    if_true: inner.if_false,
                    if_false: inner.if_true,
                    ..inner
                }
            }
            Node::And(items) | Node::Or(items) => {
                let all = matches!(node, Node::And(_));
                // What a chain of no members is, and costs; each member is only judged if those before didn't decide.
                let none = Facts { asks_for_kind: false, ..constant_facts(all) };
                let mut sum = items.iter().map(|id| self.facts[*id as usize]).fold(none, |sum, item| {
                    let undecided = if all { sum.chance } else { 1.0 - sum.chance };
                    let decided = 1.0 - if all { item.chance } else { 1.0 - item.chance };
                    let undecided_after = undecided * (1.0 - decided);
                    Facts {
                        path: sum.path || item.path,
                        cost: sum.cost + undecided * item.cost,
                        chance: if all { undecided_after } else { 1.0 - undecided_after },
                        depth: sum.depth.max(item.depth),
                        asks_for_kind: sum.asks_for_kind || item.asks_for_kind,
                        if_true: join(all, sum.if_true, &item.if_true),
                        if_false: join(!all, sum.if_false, &item.if_false),
                    }
                });
                sum.depth += 1;
                sum
            }
        }
    }

    /// What a node is for events of a kind.
    pub fn for_kind(&mut self, id: NodeId, kind: Kind, known: &mut HashMap<NodeId, NodeId>) -> NodeId {
        if !self.asks_for_kind(id) {
            return id;
        }
        if let Some(folded) = known.get(&id) {
            return *folded;
        }
        let folded = match self.node(id).clone() {
            Node::Constant(_) => id,
            Node::Check(index) => match self.check(index).kinds {
                Some(kinds) => self.constant(kinds.contains(kind)),
                None => id,
            },
            Node::Not(inner) => {
                let inner = self.for_kind(inner, kind, known);
                self.not(inner)
            }
            Node::And(items) => {
                let items = items.iter().map(|item| self.for_kind(*item, kind, known)).collect();
                self.and(items)
            }
            Node::Or(items) => {
                let items = items.iter().map(|item| self.for_kind(*item, kind, known)).collect();
                self.or(items)
            }
        };
        known.insert(id, folded);
        folded
    }

    /// What the checks that ask for the event's kind say of one. Kinds of which they say the same are alike to every
    /// condition.
    pub fn answers(&self, kind: Kind) -> Box<[bool]> {
        self.kind_sets.iter().map(|set| set.contains(kind)).collect()
    }

    /// The event kinds of which a node can be true (De Morgan carries `not` down to the checks of `evt.type`).
    pub fn kinds(&self, id: NodeId) -> KindSet {
        self.facts[id as usize].if_true
    }

    /// How many nodes stand below a node, one below the other: how deep judging it goes.
    pub fn depth(&self, id: NodeId) -> usize {
        self.facts[id as usize].depth as usize
    }

    /// The fields of a node's checks, on both sides.
    pub fn fields(&self, id: NodeId) -> Vec<&FieldRef> {
        let mut fields = Vec::new();
        let mut seen = HashSet::new();
        let mut todo = vec![id];
        while let Some(id) = todo.pop() {
            match self.node(id) {
                Node::Check(index) => {
                    let check = self.check(*index);
                    fields.extend(check.source.fields());
                    if let Predicate::Field(_, other) = &check.predicate {
                        fields.extend(other.fields());
                    }
                }
                Node::Not(inner) if seen.insert(id) => todo.push(*inner),
                Node::And(items) | Node::Or(items) if seen.insert(id) => todo.extend(items.iter()),
                _ => {}
            }
        }
        fields
    }

    /// The names of hosts that the address of an end is compared with (`fd.sip.name` and its kin), each once.
    pub fn host_names(&self) -> Vec<String> {
        let by_name = |check: &&Check| {
            let fields = check.source.fields();
            fields
                .iter()
                .any(|field| field.field.name.starts_with("fd.") && field.field.name.ends_with("ip.name"))
        };
        let values = self.checks.iter().filter(by_name).flat_map(|check| check.predicate.texts());
        let mut names: Vec<String> = values.map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether any check of a node asks for the event's kind.
    pub fn asks_for_kind(&self, id: NodeId) -> bool {
        self.facts[id as usize].asks_for_kind
    }
}

fn constant_facts(value: bool) -> Facts {
    let (all, none) = (KindSet::ALL, KindSet::default());
    Facts {
        path: false,
        cost: 0.0,
        chance: if value { 1.0 } else { 0.0 },
        depth: 0,
        asks_for_kind: true,
        if_true: if value { all } else { none },
        if_false: if value { none } else { all },
    }
}

fn join(all: bool, sum: KindSet, item: &KindSet) -> KindSet {
    if all { sum.and(item) } else { sum.or(item) }
}
