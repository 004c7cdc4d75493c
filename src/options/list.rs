//! `--list` and `--list-events`: the fields and the event types that rules can name, in Falco's forms.

use std::process::ExitCode;

use anyhow::anyhow;
use clap::{Arg, ArgAction, ArgMatches};
use lanner_config::Options;
use lanner_detector::source::live;
use lanner_event::fields::{Fields, ListFormat, list, names};
use lanner_event::{EventSource, Kind, list_events};

use super::OptionSpec;
use crate::cli;
use crate::out::out;

/// `--list[=SOURCE]`.
pub const FIELDS: OptionSpec = OptionSpec {
    arguments: fields_arguments,
    given: |matches| matches.contains_id("list"),
    run: print_fields,
};

/// `--list-events`.
pub const EVENTS: OptionSpec = OptionSpec {
    arguments: || {
        let help = "List the event types that rules can name, with their parameters";
        vec![Arg::new("list-events").long("list-events").action(ArgAction::SetTrue).help(help)]
    },
    given: |matches| matches.get_flag("list-events"),
    run: |matches| {
        let captured: Vec<Kind> = live::captured().collect();
        let format = format(matches).unwrap_or(ListFormat::Text);
        out!("{}", list_events(format, |kind| captured.contains(&kind)));
        Ok(ExitCode::SUCCESS)
    },
};

fn fields_arguments() -> Vec<Arg> {
    vec![
        Arg::new("list")
            .long("list")
            .value_name("SOURCE")
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("")
            .help("List the fields that rules can name, all or those of one event source"),
        Arg::new("names").short('N').action(ArgAction::SetTrue).help("With --list: the names alone"),
        Arg::new("format")
            .long("format")
            .value_name("FORMAT")
            .value_parser(["text", "markdown", "json"])
            .help("The form of --list and --list-events"),
        Arg::new("markdown")
            .long("markdown")
            .action(ArgAction::SetTrue)
            .help("The same as --format markdown"),
        Arg::new("verbose")
            .short('v')
            .action(ArgAction::SetTrue)
            .help("With --list: also the types of fields"),
    ]
}

/// The form that was asked for.
fn format(matches: &ArgMatches) -> Option<ListFormat> {
    match matches.get_one::<String>("format").map(String::as_str) {
        Some("markdown") => Some(ListFormat::Markdown),
        Some("json") => Some(ListFormat::Json),
        Some(_) => Some(ListFormat::Text),
        None => matches.get_flag("markdown").then_some(ListFormat::Markdown),
    }
}

/// The form of what the configuration lets print. A list needs no configuration, so one that is broken says nothing.
fn configured(matches: &ArgMatches) -> ListFormat {
    let options = Options { rules: Vec::new(), ..cli::options(matches) };
    let loaded = lanner_config::load(&options, &|name| std::env::var(name).ok());
    if loaded.settings.format.json { ListFormat::Json } else { ListFormat::Text }
}

fn print_fields(matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let fields = match matches.get_one::<String>("list").map(String::as_str) {
        None | Some("") => Fields::ALL,
        Some(name) => {
            let known = || EventSource::ALL.iter().map(|source| source.name()).collect::<Vec<_>>().join(", ");
            let source = EventSource::by_name(name)
                .ok_or_else(|| anyhow!("there is no event source `{name}`: there are {}", known()))?;
            Fields::ALL.of(source)
        }
    };
    let fields = fields.listed();
    let format = format(matches).unwrap_or_else(|| configured(matches));
    match matches.get_flag("names") {
        true => out!("{}", names(fields, format)),
        false => out!("{}", list(fields, format, matches.get_flag("verbose"))),
    }
    Ok(ExitCode::SUCCESS)
}
