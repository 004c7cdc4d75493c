//! The syntax tree lowered into the graph: lists and macros put in, fields looked up, types checked.

use hashbrown::{HashMap, HashSet};
use lanner_diagnostic::{Place, nearest};
use lanner_event::EventSource;
use lanner_event::fields::Fields;

use super::check::{Mismatch, check};
use super::doubts::doubts;
use super::graph::{Graph, NodeId};
use super::operand::{Stop, operand};
use crate::ast::{Check, Expr, Right, Text};
use crate::load::{Loaded, MacroItem, Substitutions};
use crate::parse::{self, SyntaxError};
use crate::sourced::Sourced;

/// How deep a condition may be nested, with the macros in it: judging it goes as deep.
const DEPTH_MAX: usize = 400;

/// Whether a text is a condition as far as its grammar goes: fields and macros aren't looked up.
///
/// # Errors
/// What is wrong, and the byte where.
pub fn check_condition(text: &str) -> Result<(), (String, usize)> {
    parse::condition(text).map(drop).map_err(|error| (error.message, error.range.start))
}

/// Lowers conditions into a graph.
pub struct Lowering<'a> {
    /// The table of fields.
    pub fields: Fields,
    /// The graph.
    pub graph: Graph,
    /// The names of macros and lists that were used.
    pub used: HashSet<&'a str>,
    macros: &'a [MacroItem],
    lists: Substitutions<'a>,
    /// What each macro became in rules of a source, and what there was to say of it, by its index.
    known: HashMap<(EventSource, usize), (NodeId, Vec<Stop>)>,
    /// The macros that are being lowered.
    open: Vec<usize>,
    depth: usize,
    source: EventSource,
}

/// Where a condition is read: its text, and the macros it sees, which are those whose number is smaller.
#[derive(Clone, Copy)]
pub(super) struct Scope<'t> {
    pub(super) text: &'t Sourced,
    pub(super) visibility: usize,
}

impl<'a> Lowering<'a> {
    /// With nothing lowered yet.
    pub fn new(loaded: &'a Loaded, lists: Substitutions<'a>, fields: Fields) -> Self {
        Lowering {
            fields,
            graph: Graph::default(),
            used: HashSet::new(),
            macros: &loaded.macros,
            lists,
            known: HashMap::new(),
            open: Vec::new(),
            depth: 0,
            source: EventSource::Syscall,
        }
    }

    /// What is lowered from now on is of rules of that source, which sees its own fields only.
    pub fn set_source(&mut self, source: EventSource) {
        self.source = source;
        self.fields = self.fields.of(source);
    }

    /// Lowers a condition; a macro of it is visible where its number is below `visibility`. All that is wrong
    /// with it is in `stops`.
    pub fn condition(&mut self, condition: &Sourced, visibility: usize, stops: &mut Vec<Stop>) -> NodeId {
        let text = self.lists.expand(condition, &mut self.used);
        match parse::condition(text.as_str()) {
            Ok(expr) => self.expr(&expr, Scope { text: &text, visibility }, stops),
            Err(error) => {
                stops.push(syntax(error, &text));
                self.graph.constant(false)
            }
        }
    }

    /// Notes which macros and lists a condition uses, and says where its syntax is wrong and which macros don't
    /// exist; its fields aren't looked up.
    pub fn note_used(&mut self, condition: &Sourced, visibility: usize, stops: &mut Vec<Stop>) {
        let mut todo = vec![(condition, visibility)];
        while let Some((condition, visibility)) = todo.pop() {
            let text = self.lists.expand(condition, &mut self.used);
            let scope = Scope { text: &text, visibility };
            match parse::condition(text.as_str()) {
                Ok(expr) => expr.visit_macros(&mut |name| match find(self.macros, name, scope) {
                    Ok((_, item)) if self.used.insert(&item.name) => {
                        todo.push((&item.condition, item.visibility))
                    }
                    Ok(_) => {}
                    Err(stop) => stops.push(*stop),
                }),
                Err(error) => stops.push(syntax(error, &text)),
            }
        }
    }

    fn expr(&mut self, expr: &Expr, scope: Scope, stops: &mut Vec<Stop>) -> NodeId {
        if self.depth == DEPTH_MAX {
            stops.push(too_deep(scope.text.place(0, 1)));
            return self.graph.constant(false);
        }
        self.depth += 1;
        let node = match expr {
            Expr::And(items) => {
                let items = items.iter().map(|item| self.expr(item, scope, stops)).collect();
                self.graph.and(items)
            }
            Expr::Or(items) => {
                let items = items.iter().map(|item| self.expr(item, scope, stops)).collect();
                self.graph.or(items)
            }
            Expr::Not(inner) => {
                let inner = self.expr(inner, scope, stops);
                self.graph.not(inner)
            }
            Expr::Macro(name) => self.macro_(name, scope, stops),
            Expr::Check(check) => match self.check(check, scope.text, stops) {
                Ok(node) => node,
                Err(stop) => {
                    stops.push(*stop);
                    self.graph.constant(false)
                }
            },
        };
        self.depth -= 1;
        node
    }

    fn macro_(&mut self, name: &Text, scope: Scope, stops: &mut Vec<Stop>) -> NodeId {
        let place = scope.text.place(name.range.start, name.range.end);
        let (at, item) = match find(self.macros, name, scope) {
            Ok(found) => found,
            Err(stop) => {
                stops.push(*stop);
                return self.graph.constant(false);
            }
        };
        self.used.insert(&item.name);
        if self.open.contains(&at) {
            stops.push(Stop::at(place, format!("the macro `{}` uses itself", name.text)));
            return self.graph.constant(false);
        }
        let key = (self.source, at);
        if !self.known.contains_key(&key) {
            let mut said = Vec::new();
            self.open.push(at);
            let node = self.condition(&item.condition, item.visibility, &mut said);
            self.open.pop();
            self.known.insert(key, (node, said));
        }
        let (node, said) = &self.known[&key];
        // Every rule that uses a macro that doesn't work says so, once.
        for stop in said {
            if !stops.contains(stop) {
                stops.push(stop.clone());
            }
        }
        if self.depth + self.graph.depth(*node) > DEPTH_MAX {
            stops.push(too_deep(place));
            return self.graph.constant(false);
        }
        *node
    }

    fn check(&mut self, ast: &Check, text: &Sourced, stops: &mut Vec<Stop>) -> Result<NodeId, Box<Stop>> {
        let source = operand(&ast.left, self.fields, text)?;
        let other = match &ast.right {
            Right::Operand(other) => Some(operand(other, self.fields, text)?),
            _ => None,
        };
        let key = match &other {
            Some(other) => format!("{source} {:?} val({other})", ast.op.canonical()),
            None => format!("{source} {:?} {}", ast.op.canonical(), constants(&ast.right)),
        };
        match check(source, ast.op, ast.op_range.clone(), &ast.right, other) {
            Ok(check) => {
                stops.extend(doubts(&check.source, ast.op, &ast.right, self.fields, text));
                Ok(self.graph.add_check(key, check))
            }
            Err(mismatch) => Err(Box::new(explain(mismatch, text))),
        }
    }
}

/// The macro of that name.
pub(super) fn find<'a>(
    macros: &'a [MacroItem],
    name: &Text,
    scope: Scope,
) -> Result<(usize, &'a MacroItem), Box<Stop>> {
    let visible = || macros.iter().enumerate().filter(|(_, item)| item.index < scope.visibility);
    visible().find(|(_, item)| item.name == name.text).ok_or_else(|| {
        let place = scope.text.place(name.range.start, name.range.end);
        let near = nearest(&name.text, visible().map(|(_, item)| item.name.as_str()));
        Box::new(Stop::at(place, format!("undefined macro `{}` used in filter", name.text)).near(near))
    })
}

/// The constants in one order, each once; under a modifier how often one stands matters.
fn constants(right: &Right) -> String {
    fn sorted(texts: &[Text]) -> Vec<&str> {
        let mut texts: Vec<&str> = texts.iter().map(|text| text.text.as_str()).collect();
        texts.sort_unstable();
        texts
    }
    match right {
        Right::Constant(text) => format!("{:?}", text.text),
        Right::List(list) => {
            let mut list = sorted(list);
            list.dedup();
            format!("{list:?}")
        }
        Right::Modified(modifier, list) => format!("{modifier:?} {:?}", sorted(list)),
        Right::None | Right::Operand(_) => String::new(),
    }
}

fn too_deep(place: Place) -> Stop {
    Stop::at(place, format!("the condition, with its macros, is nested more than {DEPTH_MAX} deep"))
}

fn syntax(error: SyntaxError, text: &Sourced) -> Stop {
    Stop::at(text.place(error.range.start, error.range.end), error.message)
}

fn explain(mismatch: Mismatch, text: &Sourced) -> Stop {
    let place = text.place(mismatch.range.start, mismatch.range.end);
    let stop = Stop::at(place, mismatch.message).near(mismatch.near.as_deref());
    Stop { unknown: mismatch.unknown_event, ..stop }
}
