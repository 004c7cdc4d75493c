//! Rules compiled, and events judged by them.

mod append;
mod build;
mod correlations;
mod select;

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;
use lanner_alert::{Correlation, Priority, Value};
use lanner_diagnostic::{Diagnostic, Place, SourceId, Sources};
use lanner_event::fields::Fields;
use lanner_event::{Ctx, EventRef, EventSource, FieldFlags, FieldRef, Host, Kind, Reading, Val};

use append::Extra;
pub use build::{compile_loaded, in_order};

use crate::compile::{Graph, Node, NodeId, Program, apart};
use crate::eval::{Hit, Scratch, Tri};
use crate::format::{Format, typed};
use crate::kindset::KindSet;
use crate::sourced::Sourced;

/// Which rules an event gives alerts of (`rule_matching`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Matching {
    /// The first that is true, in the order of definition.
    #[default]
    First,
    /// Every one that is true.
    All,
}

/// What is added to the output of rules (`append_output`).
#[derive(Debug, Clone, Default)]
pub struct AppendOutput {
    /// Only rules of this source.
    pub source: Option<String>,
    /// Only rules that have all of these tags.
    pub tags: Vec<String>,
    /// Only the rule of this name.
    pub rule: Option<String>,
    /// The format that is added.
    pub extra_output: Option<Sourced>,
    /// What is added to `output_fields`.
    pub extra_fields: Vec<ExtraField>,
    /// Whether to add what tells containers and pods apart.
    pub suggested_output: bool,
    /// Where it stands in the configuration.
    pub place: Place,
}

/// A value that is added to `output_fields` (`append_output[].extra_fields`).
#[derive(Debug, Clone)]
pub struct ExtraField {
    /// Its name; that of a field where it has no format.
    pub name: Sourced,
    /// The format of a text; without one, the value is the field's own, with its type.
    pub format: Option<Sourced>,
}

/// Whether matching rules are enabled or disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Toggle {
    /// They are.
    Enable,
    /// They aren't.
    Disable,
}

/// A rule of the configuration's `rules:`.
#[derive(Debug, Clone)]
pub struct Selection {
    /// What happens to the rules.
    pub toggle: Toggle,
    /// Their name, in which `*` stands for anything.
    pub rule: Option<String>,
    /// A tag of theirs.
    pub tag: Option<String>,
    /// Where it stands in the configuration.
    pub place: Place,
}

/// How rules are compiled.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which rules an event gives alerts of.
    pub matching: Matching,
    /// Rules of a lower priority are compiled but not enabled.
    pub min_priority: Priority,
    /// What is added to outputs.
    pub append_output: Vec<AppendOutput>,
    /// Which rules are enabled, in order.
    pub selection: Vec<Selection>,
    /// The values of the fields `static.NAME`, by name.
    pub static_fields: BTreeMap<String, String>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            matching: Matching::First,
            min_priority: Priority::Debug,
            append_output: Vec::new(),
            selection: Vec::new(),
            static_fields: BTreeMap::new(),
        }
    }
}

/// A rule's index in [`RuleSet::rules`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleId(pub u32);

/// A rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name.
    pub name: Arc<str>,
    /// What it is about.
    pub desc: String,
    /// Its priority.
    pub priority: Priority,
    /// Its event source.
    pub source: EventSource,
    /// Its tags, sorted.
    pub tags: Vec<String>,
    /// Whether events are judged by it.
    pub enabled: bool,
    /// The event kinds it can be true of.
    pub kinds: KindSet,
    /// Whether its condition names no event type, or too many: then it isn't worth capturing all of them for it.
    pub broad: bool,
    node: NodeId,
    output: Format,
    extra: Vec<Extra>,
    /// What its alerts show that may come late.
    late: Vec<FieldRef>,
}

impl Rule {
    /// Its condition in the graph.
    pub(crate) fn node(&self) -> NodeId {
        self.node
    }
}

/// The text and the values of an alert.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rendered {
    /// The output, its fields filled in.
    pub output: String,
    /// The values of the fields in the output.
    pub output_fields: BTreeMap<String, Value>,
    /// The values of the fields that were wanted.
    pub facts: BTreeMap<String, Value>,
}

/// Rules compiled.
#[derive(Debug, Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
    /// Those that are enabled, in the order in which an event is judged by them.
    order: Vec<RuleId>,
    graph: Graph,
    /// What is run for events, once for all kinds that are alike to the rules.
    programs: Vec<Program<RuleId>>,
    /// Which program is run for each kind, unless no rule is for it.
    by_kind: Vec<Option<usize>>,
    kinds: KindSet,
    wanted: Vec<FieldRef>,
    correlations: Vec<Correlation>,
    matching: Matching,
}

impl RuleSet {
    /// Compiles files, in order, into one set: what works is in it, what doesn't is in the diagnostics, all of it.
    /// `wanted` are fields whose values every alert carries.
    pub fn compile(
        sources: &Sources,
        files: &[SourceId],
        fields: Fields,
        wanted: &[FieldRef],
        options: &Options,
    ) -> (RuleSet, Vec<Diagnostic>) {
        build::compile(sources, files, fields, wanted, options)
    }

    /// The rules, in the order of definition.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The correlations that are enabled, in the order of definition. Alerts carry the values of the fields that they name.
    pub fn correlations(&self) -> &[Correlation] {
        &self.correlations
    }

    /// The fields whose values every alert carries.
    pub fn wanted(&self) -> &[FieldRef] {
        &self.wanted
    }

    /// A rule.
    ///
    /// # Panics
    /// Where the id is of another set.
    pub fn rule(&self, id: RuleId) -> &Rule {
        &self.rules[id.0 as usize]
    }

    /// The names of hosts that conditions compare addresses with: their addresses must be kept in
    /// [`lanner_event::Host::names`].
    pub fn host_names(&self) -> Vec<String> {
        self.graph.host_names()
    }

    /// The graph of conditions.
    pub(crate) fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Why a rule's condition is never true, as far as its shape tells.
    pub(crate) fn never_true(&self, rule: &Rule) -> Option<&'static str> {
        if *self.graph.node(rule.node) == Node::Constant(false) {
            Some("a part of it is never true")
        } else if rule.kinds.is_empty() {
            Some("it wants event types that exclude each other")
        } else {
            apart(&self.graph, rule.node)
                .then_some("its parts exclude each other, or one of them is never true")
        }
    }

    /// The event kinds that an enabled rule can be true of.
    pub fn kinds(&self) -> &KindSet {
        &self.kinds
    }

    /// The event kinds that are to be captured: those that rules name, and of those that broad rules can be true of, these.
    pub fn watched(&self, broad: &KindSet) -> KindSet {
        let of = |rule: &Rule| if rule.broad { rule.kinds.and(broad) } else { rule.kinds };
        self.judged().fold(KindSet::default(), |all, rule| all.or(&of(rule)))
    }

    /// What the kernel must be asked for besides, since a rule that is enabled reads or shows it.
    pub fn asked(&self) -> FieldFlags {
        let shown = |rule: &'_ Rule| {
            let extra = rule.extra.iter().flat_map(|extra| extra.fields()).map(FieldRef::asks);
            rule.output.fields().map(FieldRef::asks).chain(extra).collect::<FieldFlags>()
        };
        let read = |rule: &Rule| {
            self.graph.fields(rule.node).into_iter().map(FieldRef::asks).collect::<FieldFlags>()
        };
        let wanted: FieldFlags = self.wanted.iter().map(FieldRef::asks).collect();
        self.judged().fold(wanted, |all, rule| all.union(shown(rule)).union(read(rule)))
    }

    /// The rules that are enabled, in the order in which an event is judged by them.
    pub fn judged(&self) -> impl Iterator<Item = &Rule> {
        self.order.iter().map(|id| self.rule(*id))
    }

    /// How many rules are enabled.
    pub fn enabled(&self) -> usize {
        self.order.len()
    }

    /// Whether an event gives alerts of every rule that is true.
    pub fn matching(&self) -> Matching {
        self.matching
    }

    /// Judges an event by the rules, under both readings of its paths, and adds those that are true, or may be: a
    /// hit whose condition isn't decided, or whose alert would show what hasn't come yet, is pending; what only the
    /// unknown part of a path could decide counts as true, so that no length of a path hides anything. Under
    /// [`Matching::First`] a pending hit ends the judgement, too: the whole event is to be judged again.
    pub fn eval(&self, event: EventRef<'_>, host: &Host, scratch: &mut Scratch, hits: &mut Vec<Hit>) {
        let at = self.by_kind.get(event.kind.index()).copied().flatten();
        let Some(program) = at.map(|at| &self.programs[at]) else { return };
        let (bump, mut judge) = scratch.begin(&self.graph, program);
        let given = Ctx::new(event, host, bump);
        let real = event.has_two_readings().then(|| given.reading(Reading::Real));
        judge.narrow(&given, real.as_ref());
        while let Some((id, step)) = judge.next().map(|at| &program.rules[at]) {
            let mut result = judge.judge(*step, &given);
            let mut reading = Reading::Given;
            if let Some(real) = real.as_ref().filter(|_| result != Tri::True && judge.is_path(*step)) {
                let other = judge.judge(*step, real);
                if other as u8 > result as u8 {
                    (result, reading) = (other, Reading::Real);
                }
            }
            if result == Tri::False {
                continue;
            }
            let late = &self.rule(*id).late;
            let pending = || late.iter().any(|field| given.get(field) == Val::Pending);
            // Where nothing is waited for a path was cut, of which no more will be known: the rule may be true.
            let undecided = result == Tri::Unknown && given.waits();
            hits.push(Hit { rule: *id, reading, pending: undecided || pending() });
            if self.matching == Matching::First {
                return;
            }
        }
    }

    /// Fills in the output of a hit.
    pub fn render(&self, hit: &Hit, event: EventRef<'_>, host: &Host, scratch: &mut Scratch) -> Rendered {
        scratch.bump.reset();
        let ctx = Ctx::new(event, host, &scratch.bump).reading(hit.reading);
        let rule = self.rule(hit.rule);
        let mut output_fields = BTreeMap::new();
        let output = rule.output.render(&ctx, &mut output_fields);
        output_fields.extend(rule.extra.iter().map(|extra| extra.render(&ctx)));
        let facts = self.wanted.iter().map(|field| (field.to_string(), typed(ctx.get(field)))).collect();
        Rendered { output, output_fields, facts }
    }

    /// Makes the programs of the enabled rules.
    fn index(&mut self) {
        let (rules, order) = (&self.rules, &self.order);
        let enabled = || order.iter().map(|id| (*id, &rules[id.0 as usize]));
        self.kinds = enabled().fold(KindSet::default(), |sum, (_, rule)| sum.or(&rule.kinds));
        let mut known = HashMap::new();
        self.by_kind = vec![None; Kind::ALL.len()];
        for kind in self.kinds.iter() {
            let next = self.programs.len();
            let at = *known.entry((kind.source(), self.graph.answers(kind))).or_insert(next);
            if at == next {
                let rules = enabled().filter(|(_, rule)| rule.kinds.contains(kind));
                let rules = rules.map(|(id, rule)| (id, rule.node));
                self.programs.push(Program::new(&mut self.graph, kind, rules));
            }
            self.by_kind[kind.index()] = Some(at);
        }
    }
}
