//! What the configuration adds to the outputs of rules (`append_output`).

use hashbrown::HashMap;
use lanner_diagnostic::{Diagnostic, Place};
use lanner_event::{Ctx, EventSource, FieldRef};

use super::{AppendOutput, ExtraField};
use crate::ast::Operand;
use crate::compile::{Names, Source, Stop, operand};
use crate::format::{Format, in_json};
use crate::load::RuleItem;
use crate::parse;
use crate::sourced::Sourced;

/// What tells containers and pods apart (`append_output[].suggested_output`).
const SUGGESTED: &[(&str, &str)] = &[
    ("container_id", "container.id"),
    ("container_name", "container.name"),
    ("container_image_repository", "container.image.repository"),
    ("container_image_tag", "container.image.tag"),
    ("k8s_pod_name", "k8s.pod.name"),
    ("k8s_ns_name", "k8s.ns.name"),
];

/// A value that is added to `output_fields`.
#[derive(Debug, Clone)]
pub struct Extra {
    name: String,
    value: ExtraValue,
}

#[derive(Debug, Clone)]
enum ExtraValue {
    /// A field's own.
    Raw(Source),
    /// A text.
    Text(Format),
}

impl Extra {
    /// Its name and its value.
    pub fn render<'a>(&'a self, ctx: &Ctx<'a>) -> (String, lanner_alert::Value) {
        let value = match &self.value {
            ExtraValue::Raw(source) => in_json(source, source.get(ctx), ctx),
            ExtraValue::Text(format) => format.text(ctx).into(),
        };
        (self.name.clone(), value)
    }

    /// The fields that it reads.
    pub fn fields(&self) -> Vec<&FieldRef> {
        match &self.value {
            ExtraValue::Raw(source) => source.fields(),
            ExtraValue::Text(format) => format.fields().collect(),
        }
    }
}

/// An item of `append_output` for the rules of a source, compiled.
#[derive(Clone, Default)]
struct Append {
    output: Format,
    extra: Vec<Extra>,
}

/// All items, compiled as rules need them: the fields that they may name depend on the rule's source.
pub struct Appender<'a> {
    specs: &'a [AppendOutput],
    compiled: HashMap<(usize, EventSource), Append>,
}

impl<'a> Appender<'a> {
    /// With nothing compiled yet.
    pub fn new(specs: &'a [AppendOutput]) -> Self {
        Appender { specs, compiled: HashMap::new() }
    }

    /// Adds to the output of a rule what is for it, and gives the values that are added.
    pub fn append(
        &mut self,
        item: &RuleItem,
        source: EventSource,
        names: Names,
        output: &mut Format,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<Extra> {
        let mut extra = Vec::new();
        for (at, spec) in self.specs.iter().enumerate().filter(|(_, spec)| spec.is_for(item)) {
            let append =
                self.compiled.entry((at, source)).or_insert_with(|| compile(spec, names, diagnostics));
            output.append(&append.output);
            extra.extend(append.extra.iter().cloned());
        }
        extra
    }
}

impl AppendOutput {
    fn is_for(&self, item: &RuleItem) -> bool {
        self.source.as_ref().is_none_or(|source| *source == item.source)
            && self.rule.as_ref().is_none_or(|rule| *rule == item.name)
            && self.tags.iter().all(|tag| item.tags.contains(tag))
    }
}

/// What is wrong with an item has no place: the configuration was read elsewhere.
fn compile(spec: &AppendOutput, names: Names, diagnostics: &mut Vec<Diagnostic>) -> Append {
    let known = |name: &str| names.fields.rows().any(|field| field.name == name);
    let mut text = spec.extra_output.as_ref().map(|extra| format!(" {extra}")).unwrap_or_default();
    if spec.suggested_output {
        let suggested = SUGGESTED.iter().filter(|(_, field)| known(field));
        text.extend(suggested.map(|(key, field)| format!(" {key}=%{field}")));
        text.extend(names.statics.keys().map(|name| format!(" static_{name}=%static.{name}")));
    }
    let mut errors = Vec::new();
    let mut append = Append::default();
    if !text.is_empty() {
        append.output = format(&text, names, &mut errors);
    }
    for ExtraField { name, format: text } in &spec.extra_fields {
        let value = match text {
            Some(text) => Some(ExtraValue::Text(format(text, names, &mut errors))),
            None => raw(name, names).map(ExtraValue::Raw).map_err(|stop| errors.push(stop.diagnostic)).ok(),
        };
        append.extra.extend(value.map(|value| Extra { name: name.clone(), value }));
    }
    diagnostics.extend(errors.into_iter().map(|error| {
        let message = format!("append_output: {}", error.message);
        Diagnostic { message, place: None, code: "LOAD_ERR_COMPILE_OUTPUT", ..error }
    }));
    append
}

fn unplaced(text: &str) -> Sourced {
    let mut sourced = Sourced::default();
    sourced.push_str(text, Place::default());
    sourced
}

fn format(text: &str, names: Names, errors: &mut Vec<Diagnostic>) -> Format {
    Format::parse(&unplaced(text), names, errors).unwrap_or_else(|stops| {
        errors.extend(stops.into_iter().map(|stop| stop.diagnostic));
        Format::default()
    })
}

fn raw(name: &str, names: Names) -> Result<Source, Box<Stop>> {
    match parse::operand(name) {
        Ok((field @ Operand::Field(_), length)) if length == name.len() => {
            operand(&field, names, &unplaced(name))
        }
        _ => Err(Box::new(Stop::at(Place::default(), format!("`{name}` is no field")))),
    }
}
