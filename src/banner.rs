//! What is said at the start: what is watched, with which rules, and what could not be attached.

use std::fmt::Write;

use lanner_detector::containers;
use lanner_detector::source::live::{self, Hook, HookState};
use lanner_diagnostic::Severity;
use lanner_rules::KindSet;

use crate::report::count;
use crate::wire::{self, Prepared};

/// The banner, in lines.
pub fn banner(prepared: &Prepared, coverage: &[Hook]) -> String {
    let settings = &prepared.loaded.settings;
    let mut text = String::new();
    let mut row = |name: &str, value: String| {
        // Writing to a string can't fail.
        let _ = writeln!(text, "  {name:<9} {value}");
    };
    let rules = &prepared.rules;
    let captured: KindSet = live::captured().collect();
    let watched = wire::capture::watched(settings, rules).and(&captured);
    let kinds: Vec<&str> = watched.iter().map(|kind| kind.row().name).collect();
    row("host", wire::hostname(settings));
    let sources = &prepared.loaded.sources;
    let files: Vec<&str> = prepared.loaded.rules.iter().map(|id| &*sources.get(*id).name).collect();
    row("rules", format!("{} enabled, from {}", rules.enabled(), files.join(", ")));
    let correlations: Vec<&str> = rules.correlations().iter().map(|correlation| &*correlation.name).collect();
    if !correlations.is_empty() {
        row("correlate", correlations.join(", "));
    }
    row("events", named(&kinds));
    let blind = rules.rules().iter().filter(|rule| rule.enabled && rule.kinds.and(&captured).is_empty());
    let blind: Vec<&str> = blind.map(|rule| &*rule.name).collect();
    if !blind.is_empty() {
        row(
            "BLIND",
            format!("{}: their events aren't captured: {}", count(blind.len(), "rule"), blind.join(", ")),
        );
    }
    row("hooks", hooks(coverage));
    for hook in coverage {
        if let HookState::Refused(cause) = &hook.state {
            row("MISSING", format!("{}: the kernel refused {}: {cause}", hook.sees, hook.name));
        }
    }
    let engines = containers::found(&wire::engine_settings(settings));
    let engines: Vec<String> =
        engines.iter().map(|(engine, socket)| format!("{engine} ({})", socket.display())).collect();
    row(
        "engines",
        match engines.is_empty() {
            true => "none is there: containers will have no names".to_owned(),
            false => engines.join(", "),
        },
    );
    let outputs: Vec<String> = settings
        .outputs
        .iter()
        .map(|output| match output.name == output.kind {
            true => output.name.clone(),
            false => format!("{} ({})", output.name, output.kind),
        })
        .collect();
    row("outputs", if outputs.is_empty() { "none".to_owned() } else { outputs.join(", ") });
    row("journal", settings.journal.path.display().to_string());
    let warnings = prepared.loaded.count(Severity::Warning);
    if warnings > 0 {
        row("warnings", format!("{warnings}; `lanner check` shows them"));
    }
    format!("lanner {} is watching\n{text}", env!("CARGO_PKG_VERSION"))
}

fn hooks(coverage: &[Hook]) -> String {
    let attached: Vec<&str> =
        coverage.iter().filter(|hook| hook.state == HookState::Attached).map(|hook| hook.name).collect();
    attached.join(" ")
}

/// Names of events, as many as fit.
fn named(kinds: &[&str]) -> String {
    const SHOWN_MAX: usize = 60;
    let shown = kinds.iter().take(SHOWN_MAX).copied().collect::<Vec<_>>().join(" ");
    match kinds.len().checked_sub(SHOWN_MAX).filter(|more| *more > 0) {
        Some(more) => format!("{shown} and {more} more"),
        None => shown,
    }
}
