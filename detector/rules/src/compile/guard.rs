//! Which rules an event can be of at all, found by one look at each of a few values, however many rules there are.
//!
//! Most conditions need a value to be one of certain texts, or to begin with one: `proc.name in (…) and …`. A guard holds
//! all such texts of one source, each with the rules that need it; what isn't marked needn't be judged.

use hashbrown::HashMap;
use lanner_event::{Ctx, Val};

use super::graph::{Graph, Node, NodeId};
use super::predicate::{Predicate, TextTest};
use super::source::Source;

/// Sources whose value takes more than this to read, in the unit of a check's cost, don't make a guard: a cheaper part of
/// the condition may decide.
const COST_MAX: f32 = 20.0;
/// How many rules a guard must stand before to be worth its look.
const RULES_MIN: u32 = 2;

/// A set of a program's rules, by position.
#[derive(Debug, Clone, Default)]
pub struct Candidates {
    words: Vec<u64>,
}

impl Candidates {
    /// Takes the same rules as another set, and keeps the memory.
    pub fn reset(&mut self, to: &Candidates) {
        self.words.clear();
        self.words.extend_from_slice(&to.words);
    }

    fn none(rules: usize) -> Self {
        Candidates { words: vec![0; rules.div_ceil(64)] }
    }

    fn insert(&mut self, rule: u32) {
        self.words[rule as usize / 64] |= 1 << (rule % 64);
    }

    /// The rules, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let rest = std::iter::successors(Some(*word), |word| Some(word & word.wrapping_sub(1)));
            rest.take_while(|word| *word != 0).map(move |word| at * 64 + word.trailing_zeros() as usize)
        })
    }
}

/// The rules that need something of one source.
#[derive(Debug)]
pub struct Guard {
    source: Source,
    /// Whether that depends on the reading of paths.
    path: bool,
    /// All of them.
    rules: Vec<u32>,
    equal: HashMap<Box<[u8]>, Vec<u32>>,
    /// In order of the texts.
    prefixes: Vec<Prefix>,
}

#[derive(Debug)]
struct Prefix {
    text: Box<[u8]>,
    rules: Vec<u32>,
    /// The longest other one that this one begins with.
    parent: Option<u32>,
}

impl Guard {
    /// Marks the rules that an event can be of under any of the readings.
    pub fn mark<'a>(&'a self, given: &Ctx<'a>, real: Option<&Ctx<'a>>, candidates: &mut Candidates) {
        self.mark_value(self.source.get(given), candidates);
        if let Some(real) = real.filter(|_| self.path) {
            self.mark_value(self.source.get(real), candidates);
        }
    }

    fn mark_value(&self, value: Val, candidates: &mut Candidates) {
        match value {
            Val::Missing => {}
            Val::Str(text) => self.mark_text(text, candidates),
            Val::Any(values) => values.iter().for_each(|value| self.mark_value(*value, candidates)),
            _ => self.rules.iter().for_each(|rule| candidates.insert(*rule)),
        }
    }

    fn mark_text(&self, text: &[u8], candidates: &mut Candidates) {
        let mut mark = |rules: &[u32]| rules.iter().for_each(|rule| candidates.insert(*rule));
        if let Some(rules) = self.equal.get(text) {
            mark(rules);
        }
        // All that the text begins with are the last prefix that comes before it, or parents of that.
        let after = self.prefixes.partition_point(|prefix| *prefix.text <= *text);
        let mut next = after.checked_sub(1);
        while let Some(prefix) = next.map(|at| &self.prefixes[at]) {
            if text.starts_with(&prefix.text) {
                mark(&prefix.rules);
            }
            next = prefix.parent.map(|at| at as usize);
        }
    }

    /// Finds each prefix's parent.
    fn order(&mut self) {
        self.prefixes.sort_unstable_by(|a, b| a.text.cmp(&b.text));
        for at in 1..self.prefixes.len() {
            let mut parent = Some(at as u32 - 1);
            while let Some(other) = parent.map(|other| &self.prefixes[other as usize])
                && !self.prefixes[at].text.starts_with(&other.text)
            {
                parent = other.parent;
            }
            self.prefixes[at].parent = parent;
        }
    }
}

/// What a rule needs of a source: that its value passes any of the tests.
struct Need<'g> {
    source: &'g Source,
    tests: Vec<&'g TextTest>,
}

/// What a node needs; or, where all of several things are needed, each of them.
fn needs(graph: &Graph, node: NodeId) -> Vec<Need<'_>> {
    match graph.node(node) {
        Node::And(items) => items.iter().filter_map(|item| need(graph, *item)).collect(),
        _ => need(graph, node).into_iter().collect(),
    }
}

fn need(graph: &Graph, node: NodeId) -> Option<Need<'_>> {
    match graph.node(node) {
        Node::Check(index) => {
            let check = graph.check(*index);
            let Predicate::Text(test @ (TextTest::In(_) | TextTest::StartsWith(_))) = &check.predicate else {
                return None;
            };
            let usable = check.is_mergeable() && check.cost < COST_MAX;
            usable.then(|| Need { source: &check.source, tests: vec![test] })
        }
        Node::Or(items) => {
            let mut all = items.iter().map(|item| need(graph, *item));
            let first = all.next()??;
            all.try_fold(first, |mut sum, item| {
                let item = item.filter(|item| item.source == sum.source)?;
                sum.tests.extend(item.tests);
                Some(sum)
            })
        }
        _ => None,
    }
}

/// The guards of rules with these nodes, and the rules that no guard stands before.
pub fn guards(graph: &Graph, roots: &[NodeId]) -> (Vec<Guard>, Candidates) {
    let needs: Vec<Vec<Need>> = roots.iter().map(|root| needs(graph, *root)).collect();
    let mut shared: HashMap<&Source, u32> = HashMap::new();
    for need in needs.iter().flatten() {
        *shared.entry(need.source).or_insert(0) += 1;
    }
    let mut guards: Vec<Guard> = Vec::new();
    let mut unguarded = Candidates::none(roots.len());
    for (rule, needs) in (0..).zip(&needs) {
        // Where many rules look at a source anyway, one more costs nothing.
        let best = needs.iter().max_by_key(|need| shared[need.source]);
        let Some(need) = best.filter(|need| shared[need.source] >= RULES_MIN) else {
            unguarded.insert(rule);
            continue;
        };
        let at = guards.iter().position(|guard| guard.source == *need.source).unwrap_or_else(|| {
            let (equal, prefixes) = (HashMap::new(), Vec::new());
            let (source, path) = (need.source.clone(), need.source.is_path());
            guards.push(Guard { source, path, rules: Vec::new(), equal, prefixes });
            guards.len() - 1
        });
        guards[at].add(rule, need);
    }
    guards.iter_mut().for_each(Guard::order);
    (guards, unguarded)
}

impl Guard {
    fn add(&mut self, rule: u32, need: &Need) {
        self.rules.push(rule);
        for test in &need.tests {
            match test {
                TextTest::In(texts) => {
                    for text in texts {
                        self.equal.entry(text.clone()).or_default().push(rule);
                    }
                }
                TextTest::StartsWith(texts) => {
                    for text in texts {
                        match self.prefixes.iter_mut().find(|prefix| prefix.text == *text) {
                            Some(prefix) => prefix.rules.push(rule),
                            None => {
                                self.prefixes.push(Prefix {
                                    text: text.clone(),
                                    rules: vec![rule],
                                    parent: None,
                                });
                            }
                        }
                    }
                }
                _ => {}
            }
        }
    }
}
