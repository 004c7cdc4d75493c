//! The names on both sides of a comparison, and in outputs, looked up in the table of fields.

use lanner_diagnostic::{Diagnostic, Place, nearest};
use lanner_event::{Field, FieldError, FieldFlags, FieldRef, Type};

use super::source::Source;
use crate::ast::{Call, CallArg, FieldName, Function, Operand};
use crate::sourced::Sourced;

/// The table of fields.
pub type Fields = &'static [&'static [Field]];

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
                nearest(name, fields.iter().copied().flatten().map(|row| row.name)).map(str::to_owned)
            }
            FieldError::UnknownParam { name } => {
                let params = lanner_event::KINDS.iter().flat_map(|kind| kind.params).map(|param| param.name);
                nearest(name, params).map(|near| format!("evt.arg.{near}"))
            }
            _ => None,
        };
        let place = text.place(name.range.start, name.range.end);
        let unknown = matches!(error, FieldError::Unknown { .. } | FieldError::UnknownParam { .. });
        let stop = Stop::at(place, error.to_string()).near(near.as_deref());
        Box::new(Stop { unknown, ..stop })
    })
}

fn transformed(call: &Call, fields: Fields, text: &Sourced) -> Result<Source, Box<Stop>> {
    let place = text.place(call.range.start, call.range.end);
    let stop = |message: String| Box::new(Stop::at(place, message));
    let name = call.function.name();
    let known =
        matches!(call.function, Function::ToLower | Function::ToUpper | Function::Basename | Function::Len);
    if !known || call.key.is_some() {
        return Err(stop(format!("the transformer `{name}` is not supported yet")));
    }
    let [CallArg::Operand(inner)] = call.args.as_slice() else {
        return Err(stop(format!("`{name}` takes one field")));
    };
    let inner = operand(inner, fields, text)?;
    if inner.field().field.flags.contains(FieldFlags::NO_TRANSFORMER) {
        return Err(stop(format!("`{inner}` can't be transformed")));
    }
    let counts = call.function == Function::Len && inner.is_list();
    if inner.ty() != Type::CharBuf && !counts {
        return Err(stop(format!("`{name}` needs a text, which `{inner}` isn't")));
    }
    Ok(Source::Transformed(call.function, Box::new(inner)))
}
