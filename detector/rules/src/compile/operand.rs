//! The names on both sides of a comparison, and in outputs, looked up in the table of fields.

use std::collections::BTreeMap;

use lanner_diagnostic::{Diagnostic, Place, nearest};
use lanner_event::fields::Fields;
use lanner_event::{FieldError, FieldFlags, FieldRef, Type};

use super::source::{Getopt, Source};
use crate::ast::{Call, CallArg, FieldName, Function, Operand};
use crate::sourced::Sourced;

/// What stops a condition or an output, or, as a warning, makes it doubtful.
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

/// What the fields of the configuration's `static_fields` begin with.
const STATIC: &str = "static.";

/// What names stand for: the fields of a source's events, and the configuration's own.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// The table of fields.
    pub fields: Fields,
    /// The values of the fields `static.NAME`, by name.
    pub statics: &'a BTreeMap<String, String>,
}

/// The source that an operand stands for.
pub fn operand(operand: &Operand, names: Names, text: &Sourced) -> Result<Source, Box<Stop>> {
    match operand {
        Operand::Field(name) => field(name, names, text),
        Operand::Call(call) => transformed(call, names, text),
    }
}

fn field(name: &FieldName, names: Names, text: &Sourced) -> Result<Source, Box<Stop>> {
    if let (Some(own), None) = (name.name.strip_prefix(STATIC), &name.arg)
        && let Some(value) = names.statics.get(own)
    {
        return Ok(Source::Constant(value.as_str().into()));
    }
    // Empty brackets are none, as in Falco.
    let arg = name.arg.as_deref().filter(|arg| !arg.is_empty());
    FieldRef::parse(&name.name, arg, names.fields).map(Source::Field).map_err(|error| {
        let near = match &error {
            FieldError::Unknown { name } => match name.strip_prefix(STATIC) {
                Some(own) => nearest(own, names.statics.keys().map(String::as_str))
                    .map(|near| format!("{STATIC}{near}")),
                None => nearest(name, names.fields.rows().map(|row| row.name)).map(str::to_owned),
            },
            FieldError::UnknownParam { name: param } => {
                let field = name.name.strip_suffix(param.as_str()).unwrap_or_default();
                let params = lanner_event::KINDS.iter().flat_map(|kind| kind.params).map(|param| param.name);
                nearest(param, params).map(|near| format!("{field}{near}"))
            }
            FieldError::UnknownKind { name } => {
                let kinds = lanner_event::KINDS.iter().filter(|kind| !kind.internal).map(|kind| kind.name);
                nearest(name, kinds).map(|near| format!("evt.type.is.{near}"))
            }
            _ => None,
        };
        let place = text.place(name.range.start, name.range.end);
        let unknown = matches!(
            error,
            FieldError::Unknown { .. }
                | FieldError::UnknownParam { .. }
                | FieldError::UnknownKind { .. }
                | FieldError::OtherSource { .. }
        );
        let stop = Stop::at(place, error.to_string()).near(near.as_deref());
        Box::new(Stop { unknown, ..stop })
    })
}

/// The arguments of a transformer, looked up.
type Args = Vec<Source>;

fn transformed(call: &Call, names: Names, text: &Sourced) -> Result<Source, Box<Stop>> {
    let args = call.args.iter().map(|arg| argument(arg, names, text)).collect::<Result<Args, _>>()?;
    // Where an operand itself doesn't suit, it is the place.
    let range = match call.args.iter().zip(&args).find(|(_, source)| !suits(call.function, source)) {
        Some((CallArg::Operand(operand), _)) => operand.range(),
        _ => call.range.clone(),
    };
    made(call, args).map_err(|message| Box::new(Stop::at(text.place(range.start, range.end), message)))
}

fn argument(arg: &CallArg, names: Names, text: &Sourced) -> Result<Source, Box<Stop>> {
    match arg {
        CallArg::Constant(constant) => Ok(Source::Constant(constant.text.as_str().into())),
        CallArg::Operand(inner) => operand(inner, names, text),
        CallArg::List(items) => {
            let items = items.iter().map(|item| argument(item, names, text)).collect::<Result<Args, _>>()?;
            Ok(Source::List(items.into()))
        }
    }
}

/// What a transformer makes of its arguments, if they suit it (libs, `sinsp_filter_transformer.cpp` and
/// `sinsp_filtercheck_multivalue_transformer.cpp`).
fn made(call: &Call, args: Args) -> Result<Source, String> {
    let name = call.function.name();
    if call.key.is_some() && call.function != Function::Getopt {
        return Err(format!("`{name}` takes no argument in brackets"));
    }
    match call.function {
        Function::Join => join(args),
        Function::Concat => concat(args),
        Function::Getopt => getopt(args, call.key.as_deref()),
        function => match <[Source; 1]>::try_from(args) {
            Ok([inner]) => one(function, inner),
            Err(_) => Err(format!("`{name}` takes one argument")),
        },
    }
}

/// Whether a source can be an argument of a transformer at all.
fn suits(function: Function, source: &Source) -> bool {
    match function {
        Function::Join | Function::Getopt => true,
        Function::Concat => is_text(source),
        Function::Len if source.is_list() => true,
        Function::Len | Function::B64 => matches!(source.ty(), Type::CharBuf | Type::ByteBuf),
        Function::ToLower | Function::ToUpper | Function::Basename => source.ty() == Type::CharBuf,
    }
}

fn one(function: Function, inner: Source) -> Result<Source, String> {
    if inner.is(FieldFlags::NO_TRANSFORMER) {
        return Err(format!("`{inner}` can't be transformed"));
    }
    match suits(function, &inner) {
        true => Ok(Source::Transformed(function, Box::new(inner))),
        false => Err(format!("`{}` needs a text, which `{inner}` isn't", function.name())),
    }
}

fn join(args: Args) -> Result<Source, String> {
    match <[Source; 2]>::try_from(args) {
        Ok([separator, list]) if !separator.is_list() && list.is_list() => {
            Ok(Source::Joined(Box::new(separator), Box::new(list)))
        }
        _ => Err("`join` takes a separator and a list".to_owned()),
    }
}

fn concat(args: Args) -> Result<Source, String> {
    if args.len() < 2 {
        return Err("`concat` takes at least two texts".to_owned());
    }
    match args.iter().find(|arg| !suits(Function::Concat, arg)) {
        None => Ok(Source::Concatenated(args.into())),
        Some(arg) => Err(format!("`concat` needs texts, which `{arg}` isn't")),
    }
}

fn getopt(args: Args, key: Option<&str>) -> Result<Source, String> {
    let wanted = match key.map(str::as_bytes) {
        None => None,
        Some([letter]) => Some(*letter),
        Some(_) => {
            return Err("what stands in brackets behind `getopt` is the letter of an option".to_owned());
        }
    };
    match <[Source; 2]>::try_from(args) {
        Ok([args, options]) if args.is_list() && args.ty() == Type::CharBuf && is_text(&options) => {
            Ok(Source::Getopt(Box::new(Getopt { args, options, wanted })))
        }
        _ => Err("`getopt` takes a list of arguments and a text that names the options".to_owned()),
    }
}

fn is_text(source: &Source) -> bool {
    source.ty() == Type::CharBuf && !source.is_list()
}
