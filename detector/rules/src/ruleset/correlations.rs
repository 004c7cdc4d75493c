//! Correlations held against the rules and the fields that there are.

use lanner_alert::Correlation;
use lanner_diagnostic::{Diagnostic, nearest};
use lanner_event::FieldRef;

use super::Options;
use crate::compile::Names;
use crate::format;
use crate::load::{CorrelationItem, Loaded};

/// What the rules of Lanner's own alerts, and of those that Falco would give in their place, begin with.
const INTERNAL: [&str; 2] = ["Lanner internal", "Falco internal"];

/// The correlations that are enabled, and the fields whose values alerts must carry for them.
pub fn compile(
    loaded: &Loaded,
    names: Names,
    options: &Options,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Vec<Correlation>, Vec<FieldRef>) {
    let (mut correlations, mut fields) = (Vec::new(), Vec::new());
    for item in &loaded.correlations {
        let alone = check_rules(item, loaded, diagnostics);
        let known = check_fields(item, names, diagnostics);
        let output = output(item, names, diagnostics);
        let sound = alone && item.sound;
        let (Some(known), Some(output), Some(pattern), true) = (known, output, &item.pattern, sound) else {
            continue;
        };
        if !item.enabled || item.priority < options.min_priority {
            continue;
        }
        fields.extend(known);
        fields.extend(output.fields().filter_map(|name| FieldRef::from_name(name).ok()));
        correlations.push(Correlation {
            name: item.name.as_str().into(),
            desc: item.desc.clone(),
            pattern: pattern.clone(),
            by: item.by.clone(),
            within: item.within,
            output,
            priority: item.priority,
            tags: item.tags.clone(),
        });
    }
    (correlations, fields)
}

fn about(diagnostic: Diagnostic, item: &CorrelationItem) -> Diagnostic {
    diagnostic.item("correlation", &item.name, item.whole)
}

/// Warns of rules that aren't there, and of correlations, whose alerts are not correlated; whether no rule has its name.
fn check_rules(item: &CorrelationItem, loaded: &Loaded, diagnostics: &mut Vec<Diagnostic>) -> bool {
    let rules = || loaded.rules.iter().map(|rule| rule.name.as_str());
    let alone = rules().all(|rule| rule != item.name);
    if !alone {
        let message = format!("there is a rule `{}` too: their alerts couldn't be told apart", item.name);
        diagnostics.push(about(Diagnostic::error("LOAD_ERR_VALIDATE", message).at(item.place), item));
    }
    for (name, place) in &item.rules {
        if rules().any(|rule| rule == name) || INTERNAL.iter().any(|internal| name.starts_with(internal)) {
            continue;
        }
        let correlates = loaded.correlations.iter().any(|other| other.name == *name);
        let message = match correlates {
            true => format!("`{name}` is a correlation: what correlations make is not correlated"),
            false => format!("there is no rule `{name}`"),
        };
        let near = if correlates { None } else { nearest(name, rules()) };
        let warning = Diagnostic::warning("LOAD_UNKNOWN_RULE", message).at(*place).help_nearest(near);
        diagnostics.push(about(warning, item));
    }
    alone
}

/// The fields that it names, where all of them are some.
fn check_fields(
    item: &CorrelationItem,
    names: Names,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Vec<FieldRef>> {
    let before = diagnostics.len();
    let mut fields = Vec::new();
    for (name, place) in &item.fields {
        match FieldRef::from_name(name) {
            Ok(field) => fields.push(field),
            Err(error) => {
                let near = nearest(name, names.fields.rows().map(|row| row.name));
                let error = Diagnostic::error("LOAD_ERR_VALIDATE", error.to_string()).at(*place);
                diagnostics.push(about(error.help_nearest(near), item));
            }
        }
    }
    (diagnostics.len() == before).then_some(fields)
}

fn output(
    item: &CorrelationItem,
    names: Names,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<lanner_alert::AlertFormat> {
    let mut warnings = Vec::new();
    let format = format::of_alert(&item.output, names, &mut warnings);
    diagnostics.extend(warnings.into_iter().map(|warning| about(warning, item)));
    match format {
        Ok(format) => Some(format),
        Err(stops) => {
            diagnostics.extend(stops.into_iter().map(|stop| {
                let place = stop.diagnostic.place.unwrap_or(item.place);
                about(stop.diagnostic.item("correlation output", "", place), item)
            }));
            None
        }
    }
}
