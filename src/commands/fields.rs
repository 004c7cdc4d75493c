//! `lanner fields`: the fields that rules can name.

use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches};
use lanner_event::EventSource;
use lanner_event::fields::{Fields, ListFormat, list, unfilled};

use super::CommandSpec;
use crate::out::out;

/// The command.
pub const COMMAND: CommandSpec = CommandSpec {
    name: "fields",
    about: "List the fields that rules can name, with their types and meanings",
    configuration: false,
    arguments,
    run,
};

fn arguments() -> Vec<Arg> {
    vec![
        Arg::new("unfilled")
            .long("unfilled")
            .action(ArgAction::SetTrue)
            .help("Only those that never have a value yet, and why"),
        Arg::new("source")
            .long("source")
            .value_name("SOURCE")
            .value_parser(EventSource::ALL.iter().map(|source| source.name()).collect::<Vec<_>>())
            .help("Only those of one event source"),
        Arg::new("format")
            .long("format")
            .value_name("FORMAT")
            .default_value("text")
            .value_parser(["text", "markdown", "json"])
            .help("The form of the list"),
    ]
}

fn run(matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let source = matches.get_one::<String>("source").and_then(|name| EventSource::by_name(name));
    let fields = source.map_or(Fields::ALL, |source| Fields::ALL.of(source));
    let format = match matches.get_one::<String>("format").map(String::as_str) {
        Some("markdown") => ListFormat::Markdown,
        Some("json") => ListFormat::Json,
        _ => ListFormat::Text,
    };
    match matches.get_flag("unfilled") {
        true => out!("{}", unfilled(fields)),
        false => out!("{}", list(fields, format, true)),
    }
    Ok(ExitCode::SUCCESS)
}
