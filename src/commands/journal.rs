//! `lanner journal`: what is in the journal.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::{Arg, ArgAction, ArgMatches, value_parser};
use lanner_bus::{Stats, system_clock};
use lanner_diagnostic::Severity;

use super::CommandSpec;
use crate::cli;
use crate::out::{out, outln};
use crate::report::count;

/// The command.
pub const COMMAND: CommandSpec = CommandSpec {
    name: "journal",
    about: "Say what was accepted, sent, and is pending, by output; lanner may be running",
    configuration: true,
    arguments,
    run,
};

fn arguments() -> Vec<Arg> {
    vec![
        Arg::new("what").value_name("WHAT").required(true).value_parser(["stats"]).help("What to show"),
        argument(),
        Arg::new("json").long("json").action(ArgAction::SetTrue).help("Show it as JSON"),
    ]
}

/// The option that names a journal, of every command that looks into one.
pub(super) fn argument() -> Arg {
    Arg::new("journal")
        .long("journal")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help("The journal, where it isn't the configuration's")
}

/// The journal that is meant: the option's, or else the configuration's.
pub(super) fn path(matches: &ArgMatches) -> anyhow::Result<PathBuf> {
    match matches.get_one::<PathBuf>("journal") {
        Some(path) => Ok(path.clone()),
        None => configured(matches),
    }
}

/// The path that the configuration says.
fn configured(matches: &ArgMatches) -> anyhow::Result<PathBuf> {
    let loaded = lanner_config::load(&cli::options(matches), &|name| std::env::var(name).ok());
    let errors = loaded.count(Severity::Error);
    if errors > 0 {
        let errors = count(errors, "error");
        bail!("the configuration has {errors}: `lanner check` shows what, --journal does without it");
    }
    Ok(loaded.settings.journal.path)
}

fn run(matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let stats = Stats::read(&path(matches)?, system_clock()())?;
    match matches.get_flag("json") {
        true => outln!("{}", serde_json::to_string_pretty(&stats)?),
        false => out!("{stats}"),
    }
    Ok(ExitCode::SUCCESS)
}
