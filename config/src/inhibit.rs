//! `router.inhibit`: which alerts keep which others from being sent.

use lanner_alert::Matcher;
use lanner_diagnostic::{Diagnostic, Node, Place};

use crate::check::WRONG_VALUE;
use crate::matchers;
use crate::settings::InhibitSettings;
use crate::values::Values;

/// The rules of a checked tree.
pub(crate) fn read(
    root: &Node,
    fields: &mut Vec<(String, Place)>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<InhibitSettings> {
    let nodes = Values::root(root).node("router.inhibit").and_then(Node::as_sequence).unwrap_or_default();
    nodes.iter().map(|node| rule(node, fields, diagnostics)).collect()
}

fn rule(
    node: &Node,
    fields: &mut Vec<(String, Place)>,
    diagnostics: &mut Vec<Diagnostic>,
) -> InhibitSettings {
    let values = Values::of(node, "router.inhibit[].");
    let mut side = |key: &str, fields: &mut Vec<(String, Place)>| -> Vec<Matcher> {
        let Some(conditions) = values.node(key) else {
            let message = format!("the `{key}` of this rule is missing");
            diagnostics.push(Diagnostic::error(WRONG_VALUE, message).at(node.place));
            return Vec::new();
        };
        matchers::some(conditions, fields, diagnostics)
    };
    let (source, target) = (side("source", fields), side("target", fields));
    let equal = matchers::fields(&values.texts("equal"), fields, diagnostics);
    InhibitSettings { source, target, equal, lasts: values.duration("for") }
}
