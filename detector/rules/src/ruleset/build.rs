//! Rules compiled one by one into a set.

use std::sync::Arc;

use lanner_diagnostic::{Diagnostic, Severity, SourceId, Sources};
use lanner_event::FieldRef;

use super::{AppendOutput, Options, Rule, RuleSet, Selection, Toggle};
use crate::compile::{Fields, Lowering, Stop};
use crate::format::Format;
use crate::glob;
use crate::load::{Loaded, RuleItem, apply_exceptions, load};
use crate::sourced::Sourced;

/// The source whose events are captured.
const SYSCALL: &str = "syscall";
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
    let mut builder = Builder { lowering: Lowering::new(&loaded, fields), options, diagnostics: Vec::new() };
    let rules = loaded.rules.iter().filter_map(|item| builder.rule(item)).collect();
    builder.unused_macros(&loaded);
    let Builder { lowering, diagnostics: mut more, .. } = builder;
    warn_of_unused(&loaded, &lowering.used, &mut more);
    diagnostics.append(&mut more);
    let mut set = RuleSet {
        rules,
        graph: lowering.graph,
        wanted: wanted.to_vec(),
        matching: options.matching,
        ..RuleSet::default()
    };
    select(&mut set.rules, options);
    set.index();
    diagnostics.sort_by_key(|diagnostic| diagnostic.place);
    diagnostics.dedup();
    (set, diagnostics)
}

struct Builder<'a> {
    lowering: Lowering<'a>,
    options: &'a Options,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Builder<'a> {
    fn rule(&mut self, item: &'a RuleItem) -> Option<Rule> {
        if item.source != SYSCALL {
            self.diagnostics.push(
                Diagnostic::warning(
                    "LOAD_UNKNOWN_SOURCE",
                    format!("the rule is skipped: there are no events of the source `{}` yet", item.source),
                )
                .at(item.place)
                .item("rule", &item.name),
            );
            return None;
        }
        let before = self.diagnostics.len();
        let mut stops = Vec::new();
        let condition = apply_exceptions(&item.condition, &item.exceptions);
        let node = self.lowering.condition(&condition, usize::MAX, &mut stops);
        let output = self.output(item, &mut stops);
        let extra_fields = self.extra_fields(item, &mut stops);
        if !stops.is_empty() {
            self.stop(item, stops);
        }
        if self.diagnostics[before..].iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
            return None;
        }
        let (output, extra_fields) = (output?, extra_fields?);
        if item.warn_evttypes && !self.lowering.graph.asks_for_kind(node) {
            self.diagnostics.push(
                Diagnostic::warning(
                    "LOAD_NO_EVTTYPE",
                    "the rule is judged for every event, which is slow: its condition names no evt.type",
                )
                .at(item.place)
                .item("rule", &item.name),
            );
        }
        let kinds = self.lowering.graph.kinds(node, false);
        Some(Rule {
            name: item.name.as_str().into(),
            desc: item.desc.clone(),
            priority: item.priority,
            source: Arc::from(SYSCALL),
            tags: item.tags.clone(),
            enabled: item.enabled,
            kinds,
            node,
            output,
            extra_fields,
        })
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

    fn output(&mut self, item: &RuleItem, stops: &mut Vec<Stop>) -> Option<Format> {
        let mut output = self.format(&item.output, item, stops);
        for append in self.appended(item) {
            if let Some(extra) = &append.extra_output {
                let text = configured(&format!(" {extra}"), item);
                let extra = self.format(&text, item, stops);
                if let (Some(output), Some(extra)) = (&mut output, extra) {
                    output.append(&extra);
                }
            }
            if append.suggested_output {
                let known =
                    |name: &str| self.lowering.fields.iter().copied().flatten().any(|f| f.name == name);
                let suggested: String = SUGGESTED
                    .iter()
                    .filter(|(_, field)| known(field))
                    .map(|(key, field)| format!(" {key}=%{field}"))
                    .collect();
                let suggested = self.format(&configured(&suggested, item), item, stops);
                if let (Some(output), Some(suggested)) = (&mut output, suggested) {
                    output.append(&suggested);
                }
            }
        }
        output
    }

    fn format(&mut self, text: &Sourced, item: &RuleItem, stops: &mut Vec<Stop>) -> Option<Format> {
        let mut warnings = Vec::new();
        let format = Format::parse(text, self.lowering.fields, &mut warnings);
        self.diagnostics.extend(warnings.into_iter().map(|warning| warning.item("rule", &item.name)));
        match format {
            Ok(format) => Some(format),
            Err(errors) => {
                stops.extend(errors.into_iter().map(|diagnostic| {
                    let unknown = diagnostic.message.starts_with("there is no field");
                    Stop { diagnostic, unknown }
                }));
                None
            }
        }
    }

    fn appended(&self, item: &RuleItem) -> Vec<&'a AppendOutput> {
        let matches = |append: &&AppendOutput| {
            append.source.as_ref().is_none_or(|source| *source == item.source)
                && append.rule.as_ref().is_none_or(|rule| *rule == item.name)
                && append.tags.iter().all(|tag| item.tags.contains(tag))
        };
        self.options.append_output.iter().filter(matches).collect()
    }

    fn extra_fields(&self, item: &RuleItem, stops: &mut Vec<Stop>) -> Option<Vec<FieldRef>> {
        let names = self.appended(item).into_iter().flat_map(|append| &append.extra_fields);
        names
            .map(|name| match FieldRef::from_name(name) {
                Ok(field) => Some(field),
                Err(error) => {
                    let message = format!("append_output: {error}");
                    let diagnostic = Diagnostic::error("LOAD_ERR_COMPILE_OUTPUT", message).at(item.place);
                    stops.push(Stop { diagnostic, unknown: false });
                    None
                }
            })
            .collect()
    }

    /// Macros that no rule uses must work too.
    fn unused_macros(&mut self, loaded: &'a Loaded) {
        for item in &loaded.macros {
            if self.lowering.used.contains(&item.name.as_str()) {
                continue;
            }
            let mut stops = Vec::new();
            let used = self.lowering.used.len();
            self.lowering.condition(&item.condition, item.visibility, &mut stops);
            // What only an unused macro uses is used: the macro itself is what to warn of.
            debug_assert!(self.lowering.used.len() >= used);
            self.diagnostics.extend(stops.into_iter().map(|stop| stop.diagnostic.item("macro", &item.name)));
        }
    }
}

/// A text of the configuration: what is wrong with it is said where the rule stands.
fn configured(text: &str, item: &RuleItem) -> Sourced {
    let mut sourced = Sourced::default();
    sourced.push_str(text, item.place);
    sourced
}

fn warn_of_unused(loaded: &Loaded, used: &[&str], diagnostics: &mut Vec<Diagnostic>) {
    let macros = loaded.macros.iter().map(|item| ("macro", "LOAD_UNUSED_MACRO", &item.name, item.place));
    let lists = loaded.lists.iter().map(|item| ("list", "LOAD_UNUSED_LIST", &item.name, item.place));
    let listed =
        |name: &str| loaded.lists.iter().any(|list| list.items.iter().any(|item| item.as_str() == name));
    for (kind, code, name, place) in macros.chain(lists) {
        let in_a_list = kind == "list" && listed(name);
        if !in_a_list && !used.contains(&name.as_str()) {
            let message = format!("the {kind} `{name}` is not used by any rule");
            diagnostics.push(Diagnostic::warning(code, message).at(place).item(kind, name));
        }
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
