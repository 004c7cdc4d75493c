//! The syntax tree lowered into the graph: macros put in, fields looked up, types checked.

use lanner_diagnostic::{Diagnostic, nearest};
use lanner_event::{Field, FieldError, FieldFlags, FieldRef};

use super::check::{Mismatch, check};
use super::graph::{Graph, NodeId};
use super::source::Source;
use crate::ast::{CallArg, Check, Expr, FieldName, Function, Operand, Right, Text};
use crate::load::{Loaded, MacroItem, expand};
use crate::parse::{self, SyntaxError};
use crate::sourced::Sourced;

/// The table of fields.
pub type Fields = &'static [&'static [Field]];

/// Whether a text is a condition as far as its grammar goes: fields and macros aren't looked up.
///
/// # Errors
/// What is wrong, and the byte where.
pub fn check_condition(text: &str) -> Result<(), (String, usize)> {
    parse::condition(text).map(drop).map_err(|error| (error.message, error.range.start))
}

/// What stops a condition: a diagnostic, and whether `skip-if-unknown-filter` may forgive it.
pub struct Stop {
    /// What to say.
    pub diagnostic: Diagnostic,
    /// Whether it is an unknown field or event type.
    pub unknown: bool,
}

/// Lowers conditions into a graph.
pub struct Lowering<'a> {
    /// Where names are looked up.
    pub loaded: &'a Loaded,
    /// The table of fields.
    pub fields: Fields,
    /// The graph.
    pub graph: Graph,
    /// The macros and lists that were used.
    pub used: Vec<&'a str>,
    macros: Vec<(usize, NodeId)>,
    open: Vec<usize>,
}

impl<'a> Lowering<'a> {
    /// With nothing lowered yet.
    pub fn new(loaded: &'a Loaded, fields: Fields) -> Self {
        Lowering {
            loaded,
            fields,
            graph: Graph::default(),
            used: Vec::new(),
            macros: Vec::new(),
            open: Vec::new(),
        }
    }

    /// Lowers a condition; a macro of it is visible where its number is below `visibility`. All that is wrong
    /// with it is in `stops`.
    pub fn condition(&mut self, condition: &Sourced, visibility: usize, stops: &mut Vec<Stop>) -> NodeId {
        let text = expand(condition, &self.loaded.lists, &mut self.used);
        match parse::condition(text.as_str()) {
            Ok(expr) => self.expr(&expr, &text, visibility, stops),
            Err(error) => {
                stops.push(syntax(error, &text));
                self.graph.constant(false)
            }
        }
    }

    fn expr(&mut self, expr: &Expr, text: &Sourced, visibility: usize, stops: &mut Vec<Stop>) -> NodeId {
        match expr {
            Expr::And(items) => {
                let items = items.iter().map(|item| self.expr(item, text, visibility, stops)).collect();
                self.graph.and(items)
            }
            Expr::Or(items) => {
                let items = items.iter().map(|item| self.expr(item, text, visibility, stops)).collect();
                self.graph.or(items)
            }
            Expr::Not(inner) => {
                let inner = self.expr(inner, text, visibility, stops);
                self.graph.not(inner)
            }
            Expr::Macro(name) => self.macro_(name, text, visibility, stops),
            Expr::Check(check) => match self.check(check, text) {
                Ok(node) => node,
                Err(stop) => {
                    stops.push(*stop);
                    self.graph.constant(false)
                }
            },
        }
    }

    fn macro_(&mut self, name: &Text, text: &Sourced, visibility: usize, stops: &mut Vec<Stop>) -> NodeId {
        let place = text.place(name.range.start, name.range.end);
        let macros: &'a [MacroItem] = &self.loaded.macros;
        let visible = || macros.iter().enumerate().filter(|(_, item)| item.index < visibility);
        let Some((at, item)) = visible().find(|(_, item)| item.name == name.text) else {
            let message = format!("undefined macro `{}` used in filter", name.text);
            let near = nearest(&name.text, visible().map(|(_, item)| item.name.as_str()));
            let diagnostic =
                Diagnostic::error("LOAD_ERR_COMPILE_CONDITION", message).at(place).help_nearest(near);
            stops.push(Stop { diagnostic, unknown: false });
            return self.graph.constant(false);
        };
        self.used.push(&item.name);
        if self.open.contains(&at) {
            let message = format!("the macro `{}` uses itself", name.text);
            let diagnostic = Diagnostic::error("LOAD_ERR_COMPILE_CONDITION", message).at(place);
            stops.push(Stop { diagnostic, unknown: false });
            return self.graph.constant(false);
        }
        if let Some((_, node)) = self.macros.iter().find(|(known, _)| *known == at) {
            return *node;
        }
        self.open.push(at);
        let before = stops.len();
        let node = self.condition(&item.condition, item.visibility, stops);
        self.open.pop();
        // A macro that doesn't work is looked at again, so that every rule that uses it says so.
        if stops.len() == before {
            self.macros.push((at, node));
        }
        node
    }

    fn check(&mut self, ast: &Check, text: &Sourced) -> Result<NodeId, Box<Stop>> {
        let source = self.operand(&ast.left, text)?;
        let other = match &ast.right {
            Right::Operand(operand) => Some(self.operand(operand, text)?),
            _ => None,
        };
        let key = match &other {
            Some(other) => format!("{source} {:?} val({other})", ast.op.canonical()),
            None => format!("{source} {:?} {}", ast.op.canonical(), constants(&ast.right)),
        };
        match check(source, ast.op, ast.op_range.clone(), &ast.right, other) {
            Ok(check) => Ok(self.graph.add_check(key, check)),
            Err(mismatch) => Err(Box::new(explain(mismatch, text))),
        }
    }

    /// The source that an operand stands for.
    pub fn operand(&self, operand: &Operand, text: &Sourced) -> Result<Source, Box<Stop>> {
        match operand {
            Operand::Field(field) => resolve(field, self.fields, text).map(Source::Field),
            Operand::Call(call) => {
                let stop = |message: String| {
                    let place = text.place(call.range.start, call.range.end);
                    let diagnostic = Diagnostic::error("LOAD_ERR_COMPILE_CONDITION", message).at(place);
                    Box::new(Stop { diagnostic, unknown: false })
                };
                let name = call.function.name();
                let simple = matches!(
                    call.function,
                    Function::ToLower | Function::ToUpper | Function::Basename | Function::Len
                );
                if !simple || call.key.is_some() {
                    return Err(stop(format!("the transformer `{name}` is not supported yet")));
                }
                let [CallArg::Operand(inner)] = call.args.as_slice() else {
                    return Err(stop(format!("`{name}` takes one field")));
                };
                let inner = self.operand(inner, text)?;
                if inner.field().field.flags.contains(FieldFlags::NO_TRANSFORMER) {
                    return Err(stop(format!("`{inner}` can't be transformed")));
                }
                if inner.ty() != lanner_event::Type::CharBuf
                    && !(call.function == Function::Len && inner.is_list())
                {
                    return Err(stop(format!("`{name}` needs a text, which `{inner}` isn't")));
                }
                Ok(Source::Transformed(call.function, Box::new(inner)))
            }
        }
    }
}

/// The field that a name stands for.
pub fn resolve(field: &FieldName, fields: Fields, text: &Sourced) -> Result<FieldRef, Box<Stop>> {
    FieldRef::parse(&field.name, field.arg.as_deref(), fields).map_err(|error| {
        let names = || fields.iter().copied().flatten().map(|row| row.name);
        let near = match &error {
            FieldError::Unknown { name } => nearest(name, names()).map(str::to_owned),
            FieldError::UnknownParam { name } => {
                let params = lanner_event::KINDS.iter().flat_map(|kind| kind.params).map(|param| param.name);
                nearest(name, params).map(|near| format!("evt.arg.{near}"))
            }
            _ => None,
        };
        let unknown = matches!(error, FieldError::Unknown { .. } | FieldError::UnknownParam { .. });
        let place = text.place(field.range.start, field.range.end);
        let diagnostic = Diagnostic::error("LOAD_ERR_COMPILE_CONDITION", error.to_string())
            .at(place)
            .help_nearest(near.as_deref());
        Box::new(Stop { diagnostic, unknown })
    })
}

fn constants(right: &Right) -> String {
    let texts = |texts: &[Text]| {
        let mut texts: Vec<&str> = texts.iter().map(|text| text.text.as_str()).collect();
        texts.sort_unstable();
        texts.dedup();
        format!("{texts:?}")
    };
    match right {
        Right::Constant(text) => format!("{:?}", text.text),
        Right::List(list) => texts(list),
        Right::Modified(modifier, list) => format!("{modifier:?} {}", texts(list)),
        Right::None | Right::Operand(_) => String::new(),
    }
}

/// A syntax error at its place in the files.
pub fn syntax(error: SyntaxError, text: &Sourced) -> Stop {
    let place = text.place(error.range.start, error.range.end);
    let diagnostic = Diagnostic::error("LOAD_ERR_COMPILE_CONDITION", error.message).at(place);
    Stop { diagnostic, unknown: false }
}

fn explain(mismatch: Mismatch, text: &Sourced) -> Stop {
    let place = text.place(mismatch.range.start, mismatch.range.end);
    let diagnostic = Diagnostic::error("LOAD_ERR_COMPILE_CONDITION", mismatch.message)
        .at(place)
        .help_nearest(mismatch.near.as_deref());
    Stop { diagnostic, unknown: mismatch.unknown_event }
}
