//! A condition as its files wrote it, with macros and lists put in, each part with its place. The graph, in which what
//! is the same stands once, has forgotten where it came from; to explain a rule, or to find fault with it, one must know.

use hashbrown::HashSet;
use lanner_diagnostic::Place;

use super::check::{Check, check};
use super::lower::{Scope, find};
use super::operand::{Names, operand};
use crate::ast::{self, Expr, Operand, Right};
use crate::load::{Exception, MacroItem, RuleItem, Substitutions};
use crate::parse;
use crate::sourced::Sourced;

/// How many parts a condition may be shown in. Macros in macros can make more of them than anybody reads.
const PARTS_MAX: usize = 20_000;

/// A part of a condition.
#[derive(Debug)]
pub struct Outline {
    /// Where it stands.
    pub place: Place,
    /// What it is.
    pub part: Part,
}

/// What a part of a condition is.
#[derive(Debug)]
pub enum Part {
    /// All must be true.
    And(Vec<Outline>),
    /// One must be true.
    Or(Vec<Outline>),
    /// It must be false.
    Not(Box<Outline>),
    /// A macro or an exception.
    Named {
        /// Which of the two.
        kind: &'static str,
        /// Its name.
        name: String,
        /// Where it is defined.
        defined: Place,
        /// What it stands for.
        inner: Box<Outline>,
    },
    /// A comparison.
    Check {
        /// It as it is written, its lists put in.
        text: String,
        /// The operator.
        op: ast::Op,
        /// The constants on the right, each with its place.
        constants: Vec<(String, Place)>,
        /// It compiled.
        check: Box<Check>,
    },
    /// What doesn't compile, or is too much to be shown.
    Unknown,
}

/// Makes outlines of conditions.
pub struct Outliner<'a> {
    names: Names<'a>,
    macros: &'a [MacroItem],
    lists: &'a Substitutions<'a>,
    open: Vec<usize>,
    parts: usize,
}

impl<'a> Outliner<'a> {
    /// Of conditions in which names stand for that.
    pub fn new(macros: &'a [MacroItem], lists: &'a Substitutions<'a>, names: Names<'a>) -> Outliner<'a> {
        Outliner { names, macros, lists, open: Vec::new(), parts: 0 }
    }

    /// The outline of a condition, which sees macros whose number is below `visibility`.
    pub fn condition(&mut self, condition: &Sourced, visibility: usize) -> Outline {
        let text = self.lists.expand(condition, &mut HashSet::new());
        let place = text.place(0, text.as_str().len());
        match parse::condition(text.as_str()) {
            Ok(expr) => self.expr(&expr, Scope { text: &text, visibility, of: None }),
            Err(_) => Outline { place, part: Part::Unknown },
        }
    }

    /// The outline of a rule's whole condition, its exceptions by their names.
    pub fn rule(&mut self, rule: &RuleItem) -> Outline {
        let mut outline = self.condition(&rule.whole_condition().0, rule.visibility);
        let exceptions = rule.exceptions.iter().filter(|exception| exception.has_values());
        let exceptions: Vec<&Exception> = exceptions.collect();
        // They stand behind the condition, each denied.
        if let Part::And(items) = &mut outline.part
            && let Some(first) = items.len().checked_sub(exceptions.len()).filter(|first| *first > 0)
        {
            for (item, exception) in items[first..].iter_mut().zip(exceptions) {
                if let Part::Not(inner) = &mut item.part {
                    let place = inner.place;
                    let unnamed = std::mem::replace(&mut **inner, Outline { place, part: Part::Unknown });
                    let (name, defined) = (exception.name.clone(), exception.place);
                    inner.part = Part::Named { kind: "exception", name, defined, inner: Box::new(unnamed) };
                }
            }
        }
        outline
    }

    fn expr(&mut self, expr: &Expr, scope: Scope) -> Outline {
        self.parts += 1;
        if self.parts > PARTS_MAX {
            return Outline { place: scope.text.place(0, 1), part: Part::Unknown };
        }
        let (place, part) = match expr {
            Expr::And(items) => {
                let items = self.all(items, scope);
                (items[0].place, Part::And(items))
            }
            Expr::Or(items) => {
                let items = self.all(items, scope);
                (items[0].place, Part::Or(items))
            }
            Expr::Not(inner) => {
                let inner = self.expr(inner, scope);
                (inner.place, Part::Not(Box::new(inner)))
            }
            Expr::Macro(name) => {
                let place = scope.text.place(name.range.start, name.range.end);
                (place, self.macro_(name, scope))
            }
            Expr::Check(check) => self.check(check, scope.text),
        };
        Outline { place, part }
    }

    fn all(&mut self, items: &[Expr], scope: Scope) -> Vec<Outline> {
        items.iter().map(|item| self.expr(item, scope)).collect()
    }

    fn macro_(&mut self, name: &ast::Text, scope: Scope) -> Part {
        let Ok((at, item)) = find(self.macros, name, scope) else { return Part::Unknown };
        if self.open.contains(&at) {
            return Part::Unknown;
        }
        self.open.push(at);
        let inner = Box::new(self.condition(&item.condition, item.visibility));
        self.open.pop();
        Part::Named { kind: "macro", name: item.name.clone(), defined: item.place, inner }
    }

    fn check(&mut self, ast: &ast::Check, text: &Sourced) -> (Place, Part) {
        let range = ast.left.range().start..end(ast, text.as_str());
        let place = text.place(range.start, range.end);
        let other = match &ast.right {
            Right::Operand(other) => operand(other, self.names, text).map(Some),
            _ => Ok(None),
        };
        let (Ok(source), Ok(other)) = (operand(&ast.left, self.names, text), other) else {
            return (place, Part::Unknown);
        };
        let Ok(check) = check(source, ast.op, ast.op_range.clone(), &ast.right, other) else {
            return (place, Part::Unknown);
        };
        let texts: &[ast::Text] = match &ast.right {
            Right::Constant(one) => std::slice::from_ref(one),
            Right::List(list) | Right::Modified(_, list) => list,
            Right::None | Right::Operand(_) => &[],
        };
        let constants = texts
            .iter()
            .map(|constant| (constant.text.clone(), text.place(constant.range.start, constant.range.end)));
        let part = Part::Check {
            text: text.as_str()[range].split_whitespace().collect::<Vec<_>>().join(" "),
            op: ast.op.canonical(),
            constants: constants.collect(),
            check: Box::new(check),
        };
        (place, part)
    }
}

/// Where a comparison ends; of a list and of `val(…)` with the parenthesis.
fn end(check: &ast::Check, text: &str) -> usize {
    let op = check.op_range.end;
    let (start, end) = match &check.right {
        Right::None => return op,
        Right::Constant(text) => return text.range.end,
        Right::Operand(Operand::Call(call)) => return call.range.end,
        Right::Operand(Operand::Field(field)) => (field.range.start, field.range.end),
        Right::List(texts) | Right::Modified(_, texts) => match (texts.first(), texts.last()) {
            (Some(first), Some(last)) => (first.range.start, last.range.end),
            _ => (text.len(), op),
        },
    };
    match text[end..].find(')') {
        Some(close) if text[op..start].contains('(') => end + close + 1,
        _ => end,
    }
}
