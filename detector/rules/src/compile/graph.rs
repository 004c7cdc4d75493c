//! The graph of checks over all rules. What is the same stands once, so it is judged once for an event.

use hashbrown::HashMap;

use super::check::Check;
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
    /// All, the cheapest first.
    And(Box<[NodeId]>),
    /// Any, the cheapest first.
    Or(Box<[NodeId]>),
}

/// The nodes, each after those it is made of.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    checks: Vec<Check>,
    /// Whether a node depends on the reading of paths.
    paths: Vec<bool>,
    costs: Vec<u32>,
    by_node: HashMap<Node, NodeId>,
    by_check: HashMap<String, u32>,
}

impl Graph {
    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

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
        self.paths[id as usize]
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
            self.checks.push(make);
        }
        self.add(Node::Check(index))
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
        flat.sort_unstable_by_key(|id| (self.costs[*id as usize], *id));
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
        let (path, cost) = match &node {
            Node::Constant(_) => (false, 0),
            Node::Check(index) => {
                let check = self.check(*index);
                (check.source.is_path() || check.other_is_path(), check.cost)
            }
            Node::Not(inner) => (self.is_path(*inner), self.costs[*inner as usize]),
            Node::And(items) | Node::Or(items) => (
                items.iter().any(|id| self.is_path(*id)),
                items.iter().fold(0_u32, |sum, id| sum.saturating_add(self.costs[*id as usize])),
            ),
        };
        let id = self.nodes.len() as NodeId;
        self.nodes.push(node.clone());
        self.paths.push(path);
        self.costs.push(cost);
        self.by_node.insert(node, id);
        id
    }

    /// The event kinds for which a node can be true; or false, where `negated`.
    pub fn kinds(&self, id: NodeId, negated: bool) -> KindSet {
        match self.node(id) {
            Node::Constant(value) if *value != negated => KindSet::all(),
            Node::Constant(_) => KindSet::default(),
            Node::Check(index) => match (self.check(*index).kinds, negated) {
                (None, _) => KindSet::all(),
                (Some(kinds), false) => kinds,
                (Some(kinds), true) => kinds.complement(),
            },
            Node::Not(inner) => self.kinds(*inner, !negated),
            Node::And(items) | Node::Or(items) => {
                let all = matches!(self.node(id), Node::And(_)) != negated;
                let mut sets = items.iter().map(|item| self.kinds(*item, negated));
                let first = sets.next().unwrap_or_default();
                sets.fold(first, |sum, set| if all { sum.and(&set) } else { sum.or(&set) })
            }
        }
    }

    /// Whether any check of a node asks for the event's kind.
    pub fn asks_for_kind(&self, id: NodeId) -> bool {
        match self.node(id) {
            Node::Constant(_) => true,
            Node::Check(index) => self.check(*index).kinds.is_some(),
            Node::Not(inner) => self.asks_for_kind(*inner),
            Node::And(items) | Node::Or(items) => items.iter().any(|item| self.asks_for_kind(*item)),
        }
    }
}

impl Check {
    fn other_is_path(&self) -> bool {
        matches!(&self.predicate, super::predicate::Predicate::Field(_, other) if other.is_path())
    }
}
