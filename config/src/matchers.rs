//! Conditions on the fields of alerts, and the names of fields: noted, since alerts must carry their values.

use lanner_alert::{Matcher, matchers};
use lanner_diagnostic::{Diagnostic, Node, NodeError, Place};

use crate::check::WRONG_VALUE;

/// The conditions that are some; their fields are added to those that the configuration names. What is wrong with the
/// others was told when the tree was checked.
pub(crate) fn collect(node: &Node, fields: &mut Vec<(String, Place)>) -> Vec<Matcher> {
    let (found, _) = matchers::read(node);
    fields.extend(found.iter().map(|(matcher, place)| (matcher.field().to_owned(), *place)));
    found.into_iter().map(|(matcher, _)| matcher).collect()
}

/// The same, where there must be one at least: what has no condition is every alert.
pub(crate) fn some(
    node: &Node,
    fields: &mut Vec<(String, Place)>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Matcher> {
    let mapping = node.as_mapping().is_some_and(<[_]>::is_empty);
    if mapping || node.as_sequence().is_some_and(<[_]>::is_empty) {
        let message = "without a condition this is every alert";
        let help = "`{priority: \">= debug\"}` says that it is meant so";
        diagnostics.push(Diagnostic::error(WRONG_VALUE, message).at(node.place).help(help));
    }
    collect(node, fields)
}

/// The names of fields, which are added to those that the configuration names; those that no alert has are told once.
pub(crate) fn fields(
    nodes: &[&Node],
    fields: &mut Vec<(String, Place)>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<String> {
    let mut names = Vec::new();
    for node in nodes {
        let name = node.as_str().unwrap_or_default();
        match matchers::known(name, node.place) {
            Ok(()) => {
                fields.push((name.to_owned(), node.place));
                names.push(name.to_owned());
            }
            Err(NodeError { message, help, .. }) => {
                let error = Diagnostic { help, ..Diagnostic::error(WRONG_VALUE, message).at(node.place) };
                if !diagnostics.contains(&error) {
                    diagnostics.push(error);
                }
            }
        }
    }
    names
}
