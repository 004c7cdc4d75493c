//! What the configuration adds to the outputs of rules (`append_output`).

use hashbrown::HashMap;
use lanner_diagnostic::Diagnostic;
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

    /// Looks at the items that are for none of the rules, which is noted: what is wrong with them is wrong for each
    /// source of events that they may be for.
    pub fn check_unused(&self, items: &[RuleItem], names: Names, diagnostics: &mut Vec<Diagnostic>) {
        for spec in self.specs.iter().filter(|spec| !items.iter().any(|item| spec.is_for(item))) {
            let message = "this item of `append_output` is for no rule";
            diagnostics.push(Diagnostic::note("LOAD_NO_EFFECT", message).at(spec.place));
            let may_be =
                |source: &&EventSource| spec.source.as_ref().is_none_or(|name| name == source.name());
            let errors = EventSource::ALL.iter().filter(may_be).map(|source| {
                let mut errors = Vec::new();
                compile(spec, Names { fields: names.fields.of(*source), ..names }, &mut errors);
                errors
            });
            diagnostics.extend(errors.min_by_key(Vec::len).unwrap_or_default());
        }
    }
}

impl AppendOutput {
    fn is_for(&self, item: &RuleItem) -> bool {
        self.source.as_ref().is_none_or(|source| *source == item.source)
            && self.rule.as_ref().is_none_or(|rule| *rule == item.name)
            && self.tags.iter().all(|tag| item.tags.contains(tag))
    }
}

fn compile(spec: &AppendOutput, names: Names, diagnostics: &mut Vec<Diagnostic>) -> Append {
    let known = |name: &str| names.fields.rows().any(|field| field.name == name);
    let mut text = Sourced::default();
    if let Some(extra) = &spec.extra_output {
        text.push_str(" ", spec.place);
        text.push_range(extra, 0, extra.as_str().len());
    }
    if spec.suggested_output {
        for (key, field) in SUGGESTED.iter().filter(|(_, field)| known(field)) {
            text.push_str(&format!(" {key}=%{field}"), spec.place);
        }
        for name in names.statics.keys() {
            text.push_str(&format!(" static_{name}=%static.{name}"), spec.place);
        }
    }
    let mut errors = Vec::new();
    let mut append = Append::default();
    if !text.as_str().is_empty() {
        append.output = format(&text, names, &mut errors);
    }
    for ExtraField { name, format: text } in &spec.extra_fields {
        let value = match text {
            Some(text) => Some(ExtraValue::Text(format(text, names, &mut errors))),
            None => raw(name, names).map(ExtraValue::Raw).map_err(|stop| errors.push(stop.diagnostic)).ok(),
        };
        append.extra.extend(value.map(|value| Extra { name: name.as_str().to_owned(), value }));
    }
    diagnostics.extend(errors.into_iter().map(|error| {
        let message = format!("append_output: {}", error.message);
        Diagnostic { message, code: "LOAD_ERR_COMPILE_OUTPUT", ..error }
    }));
    append
}

fn format(text: &Sourced, names: Names, errors: &mut Vec<Diagnostic>) -> Format {
    Format::parse(text, names, errors).unwrap_or_else(|stops| {
        errors.extend(stops.into_iter().map(|stop| stop.diagnostic));
        Format::default()
    })
}

fn raw(name: &Sourced, names: Names) -> Result<Source, Box<Stop>> {
    let length = name.as_str().len();
    match parse::operand(name.as_str()) {
        Ok((field @ Operand::Field(_), end)) if end == length => operand(&field, names, name),
        _ => Err(Box::new(Stop::at(name.place(0, length), format!("`{}` is no field", name.as_str())))),
    }
}
