//! Rules compiled one by one into a set.

use lanner_diagnostic::{Diagnostic, Severity, SourceId, Sources};
use lanner_event::fields::Fields;
use lanner_event::{EventSource, Field, FieldFlags, FieldRef};

use super::append::Appender;
use super::select::{check_unused, select};
use super::{Options, Rule, RuleSet, correlations};
use crate::compile::{Lowering, Names, NodeId, Stop, operand};
use crate::format::Format;
use crate::kindset::KindSet;
use crate::load::{Exception, Loaded, RuleItem, Substitutions, load};
use crate::parse;
use crate::sourced::Sourced;

/// From how many event types on Falco warns of a rule: it counts to 100, a syscall's entry and its exit apart.
const KINDS_MAX: usize = 50;

/// See [`RuleSet::compile`].
pub fn compile(
    sources: &Sources,
    files: &[SourceId],
    fields: Fields,
    wanted: &[FieldRef],
    options: &Options,
) -> (RuleSet, Vec<Diagnostic>) {
    let loaded = load(sources, files);
    let (set, said) = compile_loaded(&loaded, fields, wanted, options);
    let diagnostics = loaded.diagnostics.into_iter().chain(said).collect();
    (set, in_order(diagnostics, sources))
}

/// Compiles what was loaded; what was to say of the loading isn't said again.
pub fn compile_loaded(
    loaded: &Loaded,
    fields: Fields,
    wanted: &[FieldRef],
    options: &Options,
) -> (RuleSet, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let lists = Substitutions::new(&loaded.lists, &mut diagnostics);
    let names = Names { fields, statics: &options.static_fields };
    let mut lowering = Lowering::new(loaded, lists, names);
    diagnostics.extend(lowering.check_macros().into_iter().map(|stop| stop.diagnostic));
    let appender = Appender::new(&options.append_output);
    let (correlations, fields) = correlations::compile(loaded, names, options, &mut diagnostics);
    let mut wanted = wanted.to_vec();
    for field in fields {
        if !wanted.contains(&field) {
            wanted.push(field);
        }
    }
    let mut builder = Builder { lowering, appender, wanted, diagnostics };
    let rules = loaded.rules.iter().filter_map(|item| builder.rule(item)).collect();
    builder.unused(loaded);
    let Builder { lowering, appender, wanted, mut diagnostics } = builder;
    appender.check_unused(&loaded.rules, names, &mut diagnostics);
    diagnostics.extend(check_unused(&loaded.rules, options));
    let mut set = RuleSet {
        rules,
        graph: lowering.graph,
        wanted,
        correlations,
        matching: options.matching,
        ..RuleSet::default()
    };
    set.order = select(&mut set.rules, options);
    set.index();
    (set, diagnostics)
}

/// What there is to say in the order of its places, each once.
pub fn in_order(mut diagnostics: Vec<Diagnostic>, sources: &Sources) -> Vec<Diagnostic> {
    for place in diagnostics.iter_mut().filter_map(|diagnostic| diagnostic.place.as_mut()) {
        let text = &sources.get(place.source).text;
        place.span.start = text.floor_char_boundary(place.span.start);
        place.span.end = text.ceil_char_boundary(place.span.end);
    }
    diagnostics.sort_by_key(|diagnostic| diagnostic.place);
    diagnostics.dedup();
    diagnostics
}

struct Builder<'a> {
    lowering: Lowering<'a>,
    appender: Appender<'a>,
    wanted: Vec<FieldRef>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Builder<'a> {
    /// A rule, unless something stops it or there are no events for it; what there is to say is said.
    fn rule(&mut self, item: &'a RuleItem) -> Option<Rule> {
        let Some(source) = EventSource::by_name(&item.source) else {
            let message = format!("the rule is skipped: there are no events of the source `{}`", item.source);
            self.warn(item, "LOAD_UNKNOWN_SOURCE", message);
            return None;
        };
        self.lowering.set_source(source);
        let mut stops = Vec::new();
        // A condition that is no text was told of when it was read.
        if item.condition.as_str().is_empty() {
            self.output(item, &mut stops);
            self.stop(item, stops);
            return None;
        }
        let condition = self.with_exceptions(item, &mut stops);
        let lowered = self.lowering.condition(&condition, item.visibility, &mut stops);
        for stop in &mut stops {
            stop.diagnostic = in_part(stop.diagnostic.clone(), "condition expression");
        }
        let doubtful = |stop: &mut Stop| stop.diagnostic.severity == Severity::Warning;
        let doubts = stops.extract_if(.., doubtful).map(|stop| stop.diagnostic).collect();
        let mut output = self.output(item, &mut stops);
        if !stops.is_empty() {
            self.stop(item, stops);
            return None;
        }
        self.remark(item, doubts);
        let (nothing, too_many) = (lowered.asked.is_nothing(), lowered.asked.is_more_than(KINDS_MAX));
        if item.warn_evttypes && source == EventSource::Syscall && (nothing || too_many) {
            let message = match nothing {
                true => "the event types that its condition names exclude each other: it is never true",
                false => {
                    "the rule is judged for too many event types, which is slow: its condition should name a few"
                }
            };
            self.warn(item, "LOAD_NO_EVTTYPE", message.to_owned());
        }
        let (names, said) = (self.lowering.names, &mut self.diagnostics);
        let extra = self.appender.append(item, source, names, &mut output, said);
        self.warn_of_fields(item, lowered.node, &output);
        let added = extra.iter().flat_map(|extra| extra.fields());
        let shown = output.fields().chain(added).chain(&self.wanted);
        let late = shown.filter(|field| field.field.flags.contains(FieldFlags::LATE)).cloned().collect();
        Some(Rule {
            name: item.name.as_str().into(),
            desc: item.desc.clone(),
            priority: item.priority,
            source,
            tags: item.tags.clone(),
            enabled: item.enabled,
            kinds: self.lowering.graph.kinds(lowered.node).and(&KindSet::of(source)),
            broad: too_many,
            late,
            node: lowered.node,
            output,
            extra,
        })
    }

    /// The condition with its exceptions. Where it doesn't stand by itself, what is said of it should not be about its
    /// exceptions.
    fn with_exceptions(&mut self, item: &RuleItem, stops: &mut Vec<Stop>) -> Sourced {
        if self.lowering.check_syntax(&item.condition).is_some() {
            return item.condition.clone();
        }
        let (condition, wrong) = item.whole_condition();
        let before = stops.len();
        stops.extend(item.exceptions.iter().flat_map(|exception| self.unknown_fields(exception)));
        stops.extend(wrong.into_iter().map(|diagnostic| Stop { diagnostic, unknown: false }));
        if stops.len() > before { item.condition.clone() } else { condition }
    }

    fn unknown_fields(&self, exception: &Exception) -> Vec<Stop> {
        let unknown = exception.fields().filter_map(|text| {
            let found = match parse::operand(text.as_str()) {
                Ok((name, length)) if text.as_str()[length..].trim().is_empty() => {
                    operand(&name, self.lowering.names, text).map(drop)
                }
                _ => {
                    let place = text.place(0, text.as_str().len());
                    Err(Box::new(Stop::at(place, format!("`{}` is no field", text.as_str()))))
                }
            };
            found.err()
        });
        let explain = |stop: Box<Stop>| {
            let diagnostic = Diagnostic { code: "LOAD_ERR_VALIDATE", ..stop.diagnostic };
            Stop {
                diagnostic: diagnostic.item("exception", &exception.name, exception.place),
                unknown: false,
            }
        };
        unknown.map(explain).collect()
    }

    fn output(&mut self, item: &RuleItem, stops: &mut Vec<Stop>) -> Format {
        let mut warnings = Vec::new();
        let format = Format::parse(&item.output.trimmed(), self.lowering.names, &mut warnings);
        self.remark(item, warnings);
        format.unwrap_or_else(|errors| {
            stops.extend(errors.into_iter().map(|mut stop| {
                stop.diagnostic = in_part(stop.diagnostic, "rule output");
                stop
            }));
            Format::default()
        })
    }

    fn remark(&mut self, item: &RuleItem, remarks: Vec<Diagnostic>) {
        let remarks = remarks.into_iter().map(|remark| remark.item("rule", &item.name, item.whole));
        self.diagnostics.extend(remarks);
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
        self.diagnostics
            .push(Diagnostic::warning(code, message).at(item.place).item("rule", &item.name, item.whole));
    }

    /// Says what stopped a rule; `skip-if-unknown-filter` makes what isn't known a warning.
    fn stop(&mut self, item: &RuleItem, stops: Vec<Stop>) {
        let forgiven = item.skip_if_unknown_filter && stops.iter().all(|stop| stop.unknown);
        for stop in stops {
            let of_macro = stop.diagnostic.items.first().is_some_and(|item| item.kind == "macro");
            let mut diagnostic = stop.diagnostic;
            if !of_macro {
                diagnostic = diagnostic.item("rule", &item.name, item.whole);
            }
            if forgiven {
                diagnostic.severity = Severity::Warning;
                diagnostic.code = "LOAD_UNKNOWN_FILTER";
                diagnostic.message.push_str(": the rule is skipped");
            }
            self.diagnostics.push(diagnostic);
        }
    }

    /// Warns of macros and lists that nothing uses. Where something doesn't work, what it was to use isn't known.
    fn unused(&mut self, loaded: &Loaded) {
        let said = loaded.diagnostics.iter().chain(&self.diagnostics);
        if said.clone().any(|diagnostic| diagnostic.severity == Severity::Error) {
            return;
        }
        let macros =
            loaded.macros.iter().filter(|item| !self.lowering.used_macros.contains(item.name.as_str()));
        let unused = |list: &str| !self.lowering.used_lists.contains(list) && !self.lowering.is_nested(list);
        let lists = loaded.lists.iter().filter(|list| unused(&list.name));
        let macros = macros.map(|item| ("macro", "LOAD_UNUSED_MACRO", &item.name, item.place, item.whole));
        let lists = lists.map(|list| ("list", "LOAD_UNUSED_LIST", &list.name, list.place, list.whole));
        let warnings = macros.chain(lists).map(|(kind, code, name, place, whole)| {
            let message = format!("the {kind} `{name}` is not used by any rule");
            Diagnostic::warning(code, message).at(place).item(kind, name, whole)
        });
        self.diagnostics.extend(warnings.collect::<Vec<_>>());
    }
}

/// Says in which part of its rule something is wrong; what is wrong with a macro or an exception says so itself.
fn in_part(diagnostic: Diagnostic, part: &'static str) -> Diagnostic {
    match diagnostic.place {
        Some(place) if diagnostic.items.is_empty() => diagnostic.item(part, "", place),
        _ => diagnostic,
    }
}
