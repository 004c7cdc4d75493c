//! `heartbeat:`: which outputs get a sign of life.

use lanner_alert::duration;
use lanner_diagnostic::{Diagnostic, Node, nearest};

use crate::outputs::missing;
use crate::route::UNKNOWN_OUTPUT;
use crate::settings::OutputEntry;
use crate::values::Values;

/// Tells the outputs that are named how often.
pub(crate) fn read(root: &Node, outputs: &mut [OutputEntry], diagnostics: &mut Vec<Diagnostic>) {
    let values = Values::root(root);
    let Some(section) = values.node("heartbeat") else { return };
    let names = values.node("heartbeat.outputs").and_then(Node::as_sequence).unwrap_or_default();
    for key in ["heartbeat.every", "heartbeat.outputs"] {
        if values.node(key).is_none() {
            diagnostics.push(missing(key, section.place));
        }
    }
    let every = values.node("heartbeat.every").and_then(Node::as_str);
    let every = every.and_then(|text| duration(text).ok());
    for node in names {
        let name = node.as_str().unwrap_or_default();
        match outputs.iter_mut().find(|output| output.name == name) {
            Some(output) => output.heartbeat = every,
            None => {
                let near = nearest(name, outputs.iter().map(|output| &*output.name));
                let message = format!("there is no output with the name `{name}`");
                let diagnostic = Diagnostic::error(UNKNOWN_OUTPUT, message).at(node.place);
                diagnostics.push(diagnostic.help_nearest(near));
            }
        }
    }
}
