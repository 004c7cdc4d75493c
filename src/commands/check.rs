//! `lanner check`: read everything, report everything, start nothing.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches};
use lanner_detector::source::live;
use lanner_diagnostic::{Renderer, Severity};
use lanner_event::fields::Fields;
use lanner_rules::lint::lint;

use super::CommandSpec;
use crate::out::outln;
use crate::report::count;
use crate::{cli, wire};

/// The command.
pub const COMMAND: CommandSpec = CommandSpec {
    name: "check",
    about: "Read the configuration and the rules, report everything, start nothing",
    configuration: true,
    arguments,
    run,
};

fn arguments() -> Vec<Arg> {
    vec![
        Arg::new("reach")
            .long("reach")
            .action(ArgAction::SetTrue)
            .help("Also try to reach every output's receiver, without sending anything"),
    ]
}

fn run(matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let mut prepared = wire::prepare(&cli::options(matches), true);
    let captured = live::captured().collect();
    let found = lint(
        &prepared.rules,
        &prepared.loaded.sources,
        &prepared.loaded.rules,
        Fields::ALL,
        &prepared.rules_options,
        &captured,
    );
    prepared.loaded.diagnostics.extend(found);
    let renderer = Renderer { colour: std::io::stdout().is_terminal() };
    let sources = &prepared.loaded.sources;
    for diagnostic in &prepared.loaded.diagnostics {
        outln!("{}\n", renderer.render(diagnostic, sources));
    }
    let mut errors = prepared.loaded.count(Severity::Error);
    // What keeps rules from being loaded was said.
    if prepared.rules.enabled() == 0 && (errors == 0 || prepared.loaded.rules.is_empty()) {
        let why = match prepared.loaded.rules.is_empty() {
            true => "no rule is loaded: name rules files that exist in `rules_files`, or with -r",
            false => "no rule is enabled: the rules files have none, or each is disabled",
        };
        outln!("error: {why}\n");
        errors += 1;
    }
    if matches.get_flag("reach") {
        errors += reach(&mut prepared)?;
    }
    let from =
        prepared.loaded.config.as_ref().map_or("built in".to_owned(), |path| path.display().to_string());
    let correlations = match prepared.rules.correlations().len() {
        0 => String::new(),
        some => format!(", {}", count(some, "correlation")),
    };
    outln!(
        "configuration {from}: {} enabled{correlations}, {}; {}, {}, {}",
        count(prepared.rules.enabled(), "rule"),
        count(prepared.outputs.len(), "output"),
        count(errors, "error"),
        count(prepared.loaded.count(Severity::Warning), "warning"),
        count(prepared.loaded.count(Severity::Note), "note"),
    );
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Tries to reach each output's receiver; how many could not be.
fn reach(prepared: &mut wire::Prepared) -> anyhow::Result<usize> {
    let entries = &prepared.loaded.settings.outputs;
    if prepared.outputs.len() < entries.len() {
        outln!("outputs are reached for once all of them are right\n");
        return Ok(0);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut failed = 0;
    for (entry, output) in entries.iter().zip(&mut prepared.outputs) {
        let name = &entry.name;
        match runtime.block_on(output.check()) {
            Ok(()) => outln!("{name}: reached"),
            Err(error) => {
                outln!("{name}: {error}");
                failed += 1;
            }
        }
    }
    Ok(failed)
}
