//! The names on both sides of a comparison, and in outputs, looked up in the table of fields.

use lanner_diagnostic::{Diagnostic, Place, nearest};
use lanner_event::fields::Fields;
use lanner_event::{FieldError, FieldFlags, FieldRef, Type};

use super::source::{Part, Source};
use crate::ast::{Call, CallArg, FieldName, Function, Operand};
use crate::sourced::Sourced;

/// What stops a condition or an output.
#[derive(Debug, Clone, PartialEq)]
pub struct Stop {
    /// What to say.
    pub diagnostic: Diagnostic,
    /// Whether it is an unknown field or event type, which `skip-if-unknown-filter` forgives.
    pub unknown: bool,
}

impl Stop {
    /// An error of a condition.
    pub fn at(place: Place, message: impl Into<String>) -> Stop {
        let diagnostic = Diagnostic::error("LOAD_ERR_COMPILE_CONDITION", message).at(place);
        Stop { diagnostic, unknown: false }
    }

    /// Says «did you mean …» where there is something near.
    pub fn near(mut self, near: Option<&str>) -> Stop {
        self.diagnostic = self.diagnostic.help_nearest(near);
        self
    }
}

/// The source that an operand stands for.
pub fn operand(operand: &Operand, fields: Fields, text: &Sourced) -> Result<Source, Box<Stop>> {
    match operand {
        Operand::Field(name) => field(name, fields, text).map(Source::Field),
        Operand::Call(call) => transformed(call, fields, text),
    }
}

fn field(name: &FieldName, fields: Fields, text: &Sourced) -> Result<FieldRef, Box<Stop>> {
    FieldRef::parse(&name.name, name.arg.as_deref(), fields).map_err(|error| {
        let near = match &error {
            FieldError::Unknown { name } => {
                nearest(name, fields.rows().map(|row| row.name)).map(str::to_owned)
            }
            FieldError::UnknownParam { name } => {
                let params = lanner_event::KINDS.iter().flat_map(|kind| kind.params).map(|param| param.name);
                nearest(name, params).map(|near| format!("evt.arg.{near}"))
            }
            _ => None,
        };
        let place = text.place(name.range.start, name.range.end);
        let unknown = matches!(
            error,
            FieldError::Unknown { .. } | FieldError::UnknownParam { .. } | FieldError::OtherSource { .. }
        );
        let stop = Stop::at(place, error.to_string()).near(near.as_deref());
        Box::new(Stop { unknown, ..stop })
    })
}

fn transformed(call: &Call, fields: Fields, text: &Sourced) -> Result<Source, Box<Stop>> {
    let stop = |message: String| Box::new(Stop::at(text.place(call.range.start, call.range.end), message));
    let name = call.function.name();
    if call.function == Function::Getopt || call.key.is_some() {
        return Err(stop(format!("the transformer `{name}` is not supported yet")));
    }
    match (call.function, call.args.as_slice()) {
        (Function::Join, [CallArg::Constant(separator), CallArg::List(args)]) => {
            joined(&separator.text, args, fields, text)
        }
        (Function::Join, [CallArg::Constant(separator), list @ CallArg::Operand(_)]) => {
            joined(&separator.text, std::slice::from_ref(list), fields, text)
        }
        (Function::Join, _) => Err(stop("`join` takes a separator and a list".to_owned())),
        (Function::Concat, args) if args.len() >= 2 => joined("", args, fields, text),
        (Function::Concat, _) => Err(stop("`concat` takes at least two texts".to_owned())),
        (function, [CallArg::Operand(inner)]) => {
            let inner = operand(inner, fields, text)?;
            let counts = function == Function::Len && inner.is_list();
            transformable(&inner, counts).map_err(stop)?;
            Ok(Source::Transformed(function, Box::new(inner)))
        }
        _ => Err(stop(format!("`{name}` takes one field"))),
    }
}

fn joined(separator: &str, args: &[CallArg], fields: Fields, text: &Sourced) -> Result<Source, Box<Stop>> {
    let part = |arg: &CallArg| match arg {
        CallArg::Constant(constant) => Ok(Part::Constant(constant.text.as_str().into())),
        CallArg::Operand(inner) => {
            let source = operand(inner, fields, text)?;
            let range = inner.range();
            transformable(&source, false)
                .map_err(|message| Box::new(Stop::at(text.place(range.start, range.end), message)))?;
            Ok(Part::Source(source))
        }
        CallArg::List(_) => {
            Err(Box::new(Stop::at(text.place(0, 1), "a list can only be the second argument of `join`")))
        }
    };
    let parts = args.iter().map(part).collect::<Result<_, Box<Stop>>>()?;
    Ok(Source::Joined(separator.into(), parts))
}

/// Whether a transformer can work on a source, which for all but counting must be a text.
fn transformable(source: &Source, any_type: bool) -> Result<(), String> {
    if source.has(FieldFlags::NO_TRANSFORMER) {
        return Err(format!("`{source}` can't be transformed"));
    }
    if !any_type && !matches!(source.ty(), Type::CharBuf | Type::ByteBuf) {
        return Err(format!("a transformer needs a text, which `{source}` isn't"));
    }
    Ok(())
}
