//! The outputs: how a notification reaches a terminal, a file, a mailbox, a chat, a bus.
//!
//! Each output is one file and one row of [`OUTPUTS`]. An output sends and says what the receiver said;
//! retry, batching and acknowledgement live in the router's worker. Everything an event contributed is
//! chosen by an attacker, so each output escapes for its own medium. Making an output (`build`) opens
//! nothing and reaches nobody: that begins with the first notification.

mod docs;
mod email;
mod file;
mod format;
mod http;
#[cfg(feature = "kafka")]
mod kafka;
mod render;
mod secret;
mod settings;
mod slack;
mod stdout;
mod syslog;
mod template;
mod web;

#[cfg(test)]
#[path = "../tests/samples/mod.rs"]
mod samples;

use std::sync::Arc;

use jiff::tz::TimeZone;
use lanner_alert::falco::JsonOptions;
use lanner_diagnostic::{Node, NodeError, nearest};
use lanner_router::Output;

pub use docs::reference;
pub use render::fields_shown;
pub use template::{Medium, Named, ROUTE, Slot, TemplateError, Templates};

/// What every output is told beside its own settings.
#[derive(Debug, Clone)]
pub struct Common {
    /// The output's name in the configuration.
    pub name: Arc<str>,
    /// This host's name, for what no alert is the source of.
    pub hostname: Arc<str>,
    /// The most notifications that the output is given at once (`batch`). Above 1, outputs that can send
    /// several in one message do.
    pub batch: usize,
    /// Whether lines are JSON objects (`json_output`).
    pub json_output: bool,
    /// Falco's `json_include_*` and `time_format_iso_8601`.
    pub json: JsonOptions,
    /// The zone of times that people read.
    pub zone: TimeZone,
    /// The output's own texts.
    pub templates: Templates,
}

/// An output, or what is wrong with its settings and where.
pub type Made = Result<Box<dyn Output>, NodeError>;

/// A kind of output.
#[derive(Debug)]
pub struct OutputSpec {
    /// The word after `type:`: a noun, the service or the protocol.
    pub name: &'static str,
    /// What it is for, in one sentence.
    pub summary: &'static str,
    /// An entry of `outputs:` without its dash.
    pub example: &'static str,
    /// Whether secrets are taken out of what it is sent unless the configuration says otherwise: many read it, for
    /// long.
    pub redact: bool,
    /// The settings that are templates.
    pub templates: &'static [Slot],
    /// The schema of its other settings: names, types, defaults and what they mean.
    pub schema: fn() -> schemars::Schema,
    /// Makes one from its node, without opening or reaching anything.
    pub build: fn(&Node, &Common) -> Made,
}

/// All kinds, by name.
pub const OUTPUTS: &[OutputSpec] = &[
    email::SPEC,
    file::SPEC,
    http::SPEC,
    #[cfg(feature = "kafka")]
    kafka::SPEC,
    slack::SPEC,
    stdout::SPEC,
    syslog::SPEC,
];

/// Takes the templates out of an output's settings, with what is wrong with them: for [`Common::templates`].
pub fn take_templates(kind: &str, node: &mut Node, common: &Common) -> (Templates, Vec<TemplateError>) {
    let slots = OUTPUTS.iter().find(|spec| spec.name == kind).map_or(&[][..], |spec| spec.templates);
    Templates::take(slots, node, common)
}

/// Whether secrets are taken out of what such an output is sent unless the configuration says otherwise.
pub fn redacts(kind: &str) -> bool {
    OUTPUTS.iter().any(|spec| spec.name == kind && spec.redact)
}

/// Makes the output of that kind from the settings that are its own: `node` is the entry of `outputs:`
/// without the keys that every output has (`name`, `type`, `min_priority`, `batch`…) and without templates.
///
/// # Errors
/// Where there is no such kind, or its settings are wrong: with the place of what is wrong.
pub fn build(kind: &str, node: &Node, common: &Common) -> Made {
    let names = || OUTPUTS.iter().map(|spec| spec.name);
    match OUTPUTS.iter().find(|spec| spec.name == kind) {
        Some(spec) => (spec.build)(node, common),
        None => Err(NodeError {
            message: format!("there is no output of the type `{kind}`"),
            place: Some(node.place),
            help: Some(match nearest(kind, names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known are {}", names().collect::<Vec<_>>().join(", ")),
            }),
        }),
    }
}
