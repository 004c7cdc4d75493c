//! The syntax tree lowered into the graph: lists and macros put in, fields looked up, types checked.

use hashbrown::{HashMap, HashSet};
use lanner_diagnostic::{Diagnostic, Place, nearest};
use lanner_event::EventSource;

use super::asked::Asked;
use super::check::{Mismatch, check};
use super::doubts::doubts;
use super::graph::{Graph, NodeId};
use super::operand::{Names, Stop, operand};
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
    /// What names stand for.
    pub names: Names<'a>,
    /// The graph.
    pub graph: Graph,
    /// The names of macros that rules and macros use.
    pub used_macros: HashSet<&'a str>,
    /// The names of lists that rules and macros use.
    pub used_lists: HashSet<&'a str>,
    macros: &'a [MacroItem],
    lists: Substitutions<'a>,
    /// What each macro became in rules of a source, and what there was to say of it, by its index.
    known: HashMap<(EventSource, usize), (Lowered, Vec<Stop>)>,
    /// The macros that are being lowered.
    open: Vec<usize>,
    depth: usize,
    source: EventSource,
}

/// What a condition became.
#[derive(Debug, Clone, Copy)]
pub struct Lowered {
    /// What judges it.
    pub node: NodeId,
    /// Which events it asks for.
    pub asked: Asked,
}

/// Where a condition is read: its text, the macros it sees, which are those whose number is smaller, and the macro that
/// it is of.
#[derive(Clone, Copy)]
pub(super) struct Scope<'t> {
    pub(super) text: &'t Sourced,
    pub(super) visibility: usize,
    pub(super) of: Option<&'t MacroItem>,
}

impl Scope<'_> {
    /// What is wrong with a macro's own text is said of the macro, not of the rules that use it.
    fn own(self, mut stop: Stop) -> Stop {
        if let (Some(item), Some(place)) = (self.of, stop.diagnostic.place) {
            let diagnostic = stop.diagnostic.item("condition expression", "", place);
            stop.diagnostic = diagnostic.item("macro", &item.name, item.whole);
        }
        stop
    }
}

impl<'a> Lowering<'a> {
    /// With nothing lowered yet.
    pub fn new(loaded: &'a Loaded, lists: Substitutions<'a>, names: Names<'a>) -> Self {
        Lowering {
            names,
            graph: Graph::default(),
            used_macros: HashSet::new(),
            used_lists: HashSet::new(),
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
        self.names.fields = self.names.fields.of(source);
    }

    /// Says what is wrong with macros by themselves, and notes what they use. Their fields aren't looked up: a macro may
    /// be for rules of any source.
    pub fn check_macros(&mut self) -> Vec<Stop> {
        let mut stops = Vec::new();
        let mut uses: Vec<Vec<usize>> = Vec::new();
        for item in self.macros {
            let text = self.lists.expand(&item.condition, &mut self.used_lists);
            let scope = Scope { text: &text, visibility: item.visibility, of: Some(item) };
            let mut used = Vec::new();
            match parse::condition(text.as_str()) {
                Ok(expr) => expr.visit_macros(&mut |name| match find(self.macros, name, scope) {
                    Ok((at, _)) => used.push(at),
                    Err(stop) => stops.push(scope.own(*stop)),
                }),
                Err(error) => stops.push(scope.own(syntax(error, &text))),
            }
            self.used_macros.extend(used.iter().map(|at| self.macros[*at].name.as_str()));
            uses.push(used);
        }
        // Only one that was changed after it was defined sees macros that see it.
        let changed = self.macros.iter().enumerate().filter(|(_, item)| item.visibility > item.index);
        stops.extend(changed.filter(|(at, _)| reaches_itself(&uses, *at)).map(|(_, item)| uses_itself(item)));
        stops
    }

    /// Says where the syntax of a condition is wrong.
    pub fn check_syntax(&mut self, condition: &Sourced) -> Option<Stop> {
        let text = self.lists.expand(condition, &mut self.used_lists);
        parse::condition(text.as_str()).err().map(|error| syntax(error, &text))
    }

    /// Whether a list stands in another.
    pub fn is_nested(&self, list: &str) -> bool {
        self.lists.is_nested(list)
    }

    /// Lowers a rule's condition; a macro of it is visible where its number is below `visibility`. All that is wrong
    /// with it is in `stops`, and, as warnings, what makes it doubtful.
    pub fn condition(&mut self, condition: &Sourced, visibility: usize, stops: &mut Vec<Stop>) -> Lowered {
        self.text(condition, visibility, None, stops)
    }

    fn text(
        &mut self,
        condition: &Sourced,
        visibility: usize,
        of: Option<&MacroItem>,
        stops: &mut Vec<Stop>,
    ) -> Lowered {
        let text = self.lists.expand(condition, &mut self.used_lists);
        let scope = Scope { text: &text, visibility, of };
        match parse::condition(text.as_str()) {
            Ok(expr) => self.expr(&expr, scope, stops),
            Err(error) => {
                stops.push(scope.own(syntax(error, &text)));
                self.nothing()
            }
        }
    }

    /// What stands for a part that doesn't work.
    fn nothing(&mut self) -> Lowered {
        Lowered { node: self.graph.constant(false), asked: Asked::ANYTHING }
    }

    fn expr(&mut self, expr: &Expr, scope: Scope, stops: &mut Vec<Stop>) -> Lowered {
        if self.depth == DEPTH_MAX {
            stops.push(too_deep(scope.text.place(0, 1)));
            return self.nothing();
        }
        self.depth += 1;
        let lowered = match expr {
            Expr::And(items) | Expr::Or(items) => {
                let all = matches!(expr, Expr::And(_));
                let items: Vec<Lowered> = items.iter().map(|item| self.expr(item, scope, stops)).collect();
                let nodes = items.iter().map(|item| item.node).collect();
                let node = if all { self.graph.and(nodes) } else { self.graph.or(nodes) };
                let asked = items.iter().map(|item| item.asked);
                Lowered { node, asked: if all { Asked::all(asked) } else { Asked::any(asked) } }
            }
            Expr::Not(inner) => {
                let inner = self.expr(inner, scope, stops);
                Lowered { node: self.graph.not(inner.node), asked: inner.asked.not() }
            }
            Expr::Macro(name) => self.macro_(name, scope, stops),
            Expr::Check(check) => match self.check(check, scope.text, stops) {
                Ok(lowered) => lowered,
                Err(stop) => {
                    stops.push(*stop);
                    self.nothing()
                }
            },
        };
        self.depth -= 1;
        lowered
    }

    fn macro_(&mut self, name: &Text, scope: Scope, stops: &mut Vec<Stop>) -> Lowered {
        let place = scope.text.place(name.range.start, name.range.end);
        let (at, item) = match find(self.macros, name, scope) {
            Ok(found) => found,
            Err(stop) => {
                stops.push(scope.own(*stop));
                return self.nothing();
            }
        };
        self.used_macros.insert(&item.name);
        if self.open.contains(&at) {
            stops.push(uses_itself(item));
            return self.nothing();
        }
        let key = (self.source, at);
        if !self.known.contains_key(&key) {
            let mut said = Vec::new();
            self.open.push(at);
            let lowered = self.text(&item.condition, item.visibility, Some(item), &mut said);
            self.open.pop();
            self.known.insert(key, (lowered, said));
        }
        let (lowered, said) = &self.known[&key];
        // Every rule that uses a macro that doesn't work says so, once.
        for stop in said {
            if !stops.contains(stop) {
                stops.push(stop.clone());
            }
        }
        if self.depth + self.graph.depth(lowered.node) > DEPTH_MAX {
            stops.push(too_deep(place));
            return self.nothing();
        }
        *lowered
    }

    fn check(&mut self, ast: &Check, text: &Sourced, stops: &mut Vec<Stop>) -> Result<Lowered, Box<Stop>> {
        let source = operand(&ast.left, self.names, text)?;
        let other = match &ast.right {
            Right::Operand(other) => Some(operand(other, self.names, text)?),
            _ => None,
        };
        let key = match &other {
            Some(other) => format!("{source} {:?} val({other})", ast.op.canonical()),
            None => format!("{source} {:?} {}", ast.op.canonical(), constants(&ast.right)),
        };
        match check(source, ast.op, ast.op_range.clone(), &ast.right, other) {
            Ok(check) => {
                stops.extend(doubts(&check.source, ast.op, &ast.right, self.names, text));
                let asked = Asked::of(&check, ast);
                Ok(Lowered { node: self.graph.add_check(key, check), asked })
            }
            Err(mismatch) => Err(Box::new(explain(mismatch, text))),
        }
    }
}

/// Whether a macro is among those that it uses, or that they use.
fn reaches_itself(uses: &[Vec<usize>], at: usize) -> bool {
    let mut seen = HashSet::new();
    let mut todo = uses[at].clone();
    while let Some(next) = todo.pop() {
        if next == at {
            return true;
        }
        if seen.insert(next) {
            todo.extend(&uses[next]);
        }
    }
    false
}

fn uses_itself(item: &MacroItem) -> Stop {
    let message = format!("the macro `{}` uses itself", item.name);
    let diagnostic = Diagnostic::error("LOAD_ERR_VALIDATE", message).at(item.place);
    Stop { diagnostic: diagnostic.item("macro", &item.name, item.whole), unknown: false }
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
        let mut stop = Stop::at(place, format!("undefined macro `{}` used in filter", name.text)).near(near);
        stop.diagnostic.code = "LOAD_ERR_VALIDATE";
        Box::new(stop)
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
