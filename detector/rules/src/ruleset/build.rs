//! Rules compiled one by one into a set.

use lanner_diagnostic::{Diagnostic, Place, Severity, SourceId, Sources};
use lanner_event::fields::Fields;
use lanner_event::{EventSource, Field, FieldFlags, FieldRef};

use super::{AppendOutput, Options, Rule, RuleSet, Selection, Toggle};
use crate::compile::{Lowering, NodeId, Source, Stop, operand};
use crate::format::Format;
use crate::glob;
use crate::kindset::KindSet;
use crate::load::{Loaded, MacroItem, RuleItem, Substitutions, apply_exceptions, load};
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

/// See [`RuleSet::compile`].
pub fn compile(
    sources: &Sources,
    files: &[SourceId],
    fields: Fields,
    wanted: &[FieldRef],
    options: &Options,
) -> (RuleSet, Vec<Diagnostic>) {
    let mut loaded = load(sources, files);
    let mut diagnostics = std::mem::take(&mut loaded.diagnostics);
    let lists = Substitutions::new(&loaded.lists, &mut diagnostics);
    let mut builder = Builder {
        lowering: Lowering::new(&loaded, lists, fields),
        appended: options.append_output.iter().map(|spec| append(spec, fields, &mut diagnostics)).collect(),
        wanted,
        diagnostics,
    };
    let rules = loaded.rules.iter().filter_map(|item| builder.rule(item)).collect();
    builder.unused(&loaded);
    let Builder { lowering, mut diagnostics, .. } = builder;
    let mut set = RuleSet {
        rules,
        graph: lowering.graph,
        wanted: wanted.to_vec(),
        matching: options.matching,
        ..RuleSet::default()
    };
    select(&mut set.rules, options);
    set.index();
    for place in diagnostics.iter_mut().filter_map(|diagnostic| diagnostic.place.as_mut()) {
        let text = &sources.get(place.source).text;
        place.span.start = text.floor_char_boundary(place.span.start);
        place.span.end = text.ceil_char_boundary(place.span.end);
    }
    diagnostics.sort_by_key(|diagnostic| diagnostic.place);
    diagnostics.dedup();
    (set, diagnostics)
}

/// An item of `append_output`, compiled.
struct Append<'a> {
    spec: &'a AppendOutput,
    output: Format,
    fields: Vec<FieldRef>,
}

/// What is wrong with an item has no place: the configuration was read elsewhere.
fn append<'a>(spec: &'a AppendOutput, fields: Fields, diagnostics: &mut Vec<Diagnostic>) -> Append<'a> {
    let known = |name: &str| fields.rows().any(|field| field.name == name);
    let mut text = spec.extra_output.as_ref().map(|extra| format!(" {extra}")).unwrap_or_default();
    if spec.suggested_output {
        let suggested = SUGGESTED.iter().filter(|(_, field)| known(field));
        text.extend(suggested.map(|(key, field)| format!(" {key}=%{field}")));
    }
    let mut sourced = Sourced::default();
    sourced.push_str(&text, Place::default());
    let mut errors = Vec::new();
    let output = Format::parse(&sourced, fields, &mut errors).unwrap_or_else(|stops| {
        errors.extend(stops.into_iter().map(|stop| stop.diagnostic));
        Format::default()
    });
    let extra = spec.extra_fields.iter().filter_map(|name| match extra_field(name, fields) {
        Ok(field) => Some(field),
        Err(stop) => {
            errors.push(stop.diagnostic);
            None
        }
    });
    let extra = extra.collect();
    diagnostics.extend(errors.into_iter().map(|error| {
        let message = format!("append_output: {}", error.message);
        Diagnostic { message, place: None, code: "LOAD_ERR_COMPILE_OUTPUT", ..error }
    }));
    Append { spec, output, fields: extra }
}

fn extra_field(name: &str, fields: Fields) -> Result<FieldRef, Box<Stop>> {
    let mut sourced = Sourced::default();
    sourced.push_str(name, Place::default());
    let no_field = || Box::new(Stop::at(Place::default(), format!("`{name}` is no field")));
    match parse::operand(name) {
        Ok((field, length)) if length == name.len() => match operand(&field, fields, &sourced)? {
            Source::Field(field) => Ok(field),
            _ => Err(no_field()),
        },
        _ => Err(no_field()),
    }
}

struct Builder<'a> {
    lowering: Lowering<'a>,
    appended: Vec<Append<'a>>,
    wanted: &'a [FieldRef],
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Builder<'a> {
    /// A rule, unless something stops it or there are no events for it; what there is to say is said.
    fn rule(&mut self, item: &'a RuleItem) -> Option<Rule> {
        let mut stops = Vec::new();
        let condition = apply_exceptions(&item.condition, &item.exceptions);
        let Some(source) = EventSource::by_name(&item.source) else {
            self.lowering.note_used(&condition, item.visibility, &mut stops);
            self.stop(item, stops);
            let message = format!("the rule is skipped: there are no events of the source `{}`", item.source);
            self.warn(item, "LOAD_UNKNOWN_SOURCE", message);
            return None;
        };
        self.lowering.set_source(source);
        // Where the condition doesn't stand by itself, what is said of it should not be about its exceptions.
        if !item.exceptions.is_empty() {
            self.lowering.note_used(&item.condition, item.visibility, &mut stops);
        }
        let node = match stops.as_slice() {
            [] => self.lowering.condition(&condition, item.visibility, &mut stops),
            _ => self.lowering.graph.constant(false),
        };
        let output = self.output(item, &mut stops);
        let doubtful = |stop: &mut Stop| stop.diagnostic.severity == Severity::Warning;
        let doubts = stops.extract_if(.., doubtful).map(|stop| stop.diagnostic.item("rule", &item.name));
        self.diagnostics.extend(doubts);
        if !stops.is_empty() {
            self.stop(item, stops);
            return None;
        }
        let names_kind = source != EventSource::Syscall || self.lowering.graph.asks_for_kind(node);
        if item.warn_evttypes && !names_kind {
            let message =
                "the rule is judged for every event, which is slow: its condition names no evt.type";
            self.warn(item, "LOAD_NO_EVTTYPE", message.to_owned());
        }
        let extra_fields: Vec<FieldRef> =
            self.appended(item).flat_map(|append| append.fields.clone()).collect();
        self.warn_of_fields(item, node, &output);
        let shown = output.fields().chain(&extra_fields).chain(self.wanted);
        Some(Rule {
            name: item.name.as_str().into(),
            desc: item.desc.clone(),
            priority: item.priority,
            source,
            tags: item.tags.clone(),
            enabled: item.enabled,
            kinds: self.lowering.graph.kinds(node).and(&KindSet::of(source)),
            late: shown.filter(|field| field.field.flags.contains(FieldFlags::LATE)).cloned().collect(),
            node,
            output,
            extra_fields,
        })
    }

    /// Warns of fields that are deprecated, and of those that nothing fills.
    fn warn_of_fields(&mut self, item: &RuleItem, node: NodeId, output: &Format) {
        let in_condition = self.lowering.graph.fields(node).into_iter();
        let mut rows: Vec<&Field> = in_condition.chain(output.fields()).map(|field| field.field).collect();
        rows.sort_unstable_by_key(|row| row.name);
        rows.dedup_by_key(|row| row.name);
        for row in rows {
            let name = row.name;
            if row.flags.contains(FieldFlags::DEPRECATED) {
                self.warn(item, "LOAD_DEPRECATED_ITEM", format!("the field `{name}` is deprecated"));
            }
            if let Some(reason) = row.unfilled {
                let message = format!("the field `{name}` never has a value: {reason}");
                self.warn(item, "LOAD_UNFILLED_FIELD", message);
            }
        }
    }

    fn warn(&mut self, item: &RuleItem, code: &'static str, message: String) {
        self.diagnostics.push(Diagnostic::warning(code, message).at(item.place).item("rule", &item.name));
    }

    /// Says what stopped a rule; `skip-if-unknown-filter` makes what isn't known a warning.
    fn stop(&mut self, item: &RuleItem, stops: Vec<Stop>) {
        let forgiven = item.skip_if_unknown_filter && stops.iter().all(|stop| stop.unknown);
        for stop in stops {
            let mut diagnostic = stop.diagnostic.item("rule", &item.name);
            if forgiven {
                diagnostic.severity = Severity::Warning;
                diagnostic.code = "LOAD_UNKNOWN_FILTER";
                diagnostic.message.push_str(": the rule is skipped");
            }
            self.diagnostics.push(diagnostic);
        }
    }

    fn output(&mut self, item: &RuleItem, stops: &mut Vec<Stop>) -> Format {
        let mut warnings = Vec::new();
        let format = Format::parse(&item.output.trimmed(), self.lowering.fields, &mut warnings);
        self.diagnostics.extend(warnings.into_iter().map(|warning| warning.item("rule", &item.name)));
        let mut format = format.unwrap_or_else(|mut errors| {
            stops.append(&mut errors);
            Format::default()
        });
        for append in self.appended(item) {
            format.append(&append.output);
        }
        format
    }

    fn appended(&self, item: &RuleItem) -> impl Iterator<Item = &Append<'a>> {
        self.appended.iter().filter(|append| {
            let spec = append.spec;
            spec.source.as_ref().is_none_or(|source| *source == item.source)
                && spec.rule.as_ref().is_none_or(|rule| *rule == item.name)
                && spec.tags.iter().all(|tag| item.tags.contains(tag))
        })
    }

    /// Warns of macros and lists that no rule uses. Such a macro must be well formed all the same, but what its
    /// fields mean is nobody's business: they may be of another source.
    fn unused(&mut self, loaded: &'a Loaded) {
        let broken = |diagnostic: &Diagnostic| diagnostic.code == "LOAD_ERR_COMPILE_CONDITION";
        let broken = self.diagnostics.iter().any(broken);
        let unused: Vec<&MacroItem> =
            loaded.macros.iter().filter(|item| !self.lowering.used.contains(item.name.as_str())).collect();
        for item in &unused {
            let mut stops = Vec::new();
            self.lowering.note_used(&item.condition, item.visibility, &mut stops);
            self.diagnostics.extend(stops.into_iter().map(|stop| stop.diagnostic.item("macro", &item.name)));
        }
        // What a broken condition was to use isn't known.
        if broken {
            return;
        }
        let listed =
            |name: &str| loaded.lists.iter().any(|list| list.items.iter().any(|item| item.as_str() == name));
        let lists = loaded.lists.iter().filter(|list| !self.lowering.used.contains(list.name.as_str()));
        let lists = lists.filter(|list| !listed(&list.name));
        let unused = unused.iter().map(|item| ("macro", "LOAD_UNUSED_MACRO", &item.name, item.place));
        let unused = unused.chain(lists.map(|list| ("list", "LOAD_UNUSED_LIST", &list.name, list.place)));
        self.diagnostics.extend(unused.map(|(kind, code, name, place)| {
            let message = format!("the {kind} `{name}` is not used by any rule");
            Diagnostic::warning(code, message).at(place).item(kind, name)
        }));
    }
}

fn select(rules: &mut [Rule], options: &Options) {
    for Selection { toggle, rule: name, tag } in &options.selection {
        for rule in rules.iter_mut() {
            let named =
                name.as_ref().is_some_and(|name| glob::matches(name.as_bytes(), rule.name.as_bytes(), false));
            let tagged = tag.as_ref().is_some_and(|tag| rule.tags.contains(tag));
            if named || tagged {
                rule.enabled = *toggle == Toggle::Enable;
            }
        }
    }
    for rule in rules {
        rule.enabled &= rule.priority >= options.min_priority;
    }
}
