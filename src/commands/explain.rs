//! `lanner explain`: why a rule is true of an event, or why it isn't.

use std::io::{IsTerminal, Read};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Arg, ArgMatches, value_parser};
use lanner_diagnostic::{Renderer, Severity};
use lanner_event::fields::Fields;
use lanner_rules::cases;
use lanner_rules::explain::Explainer;

use super::CommandSpec;
use crate::out::outln;
use crate::{cli, wire};

/// The command.
pub const COMMAND: CommandSpec = CommandSpec {
    name: "explain",
    about: "Say why a rule is true of an event or isn't, part by part",
    configuration: true,
    arguments,
    run,
};

fn arguments() -> Vec<Arg> {
    vec![
        Arg::new("rule").long("rule").value_name("RULE").required(true).help("The rule, by name"),
        Arg::new("event")
            .long("event")
            .value_name("FILE")
            .required(true)
            .value_parser(value_parser!(PathBuf))
            .help(
                "Events, one in each line: as `lanner record` writes them, or as JSON of fields and values, such as \
                 {\"evt.type\": \"openat\", \"fd.name\": \"/etc/shadow\"}; - is standard input",
            ),
        Arg::new("line")
            .long("line")
            .value_name("NUMBER")
            .value_parser(value_parser!(usize))
            .help("Only the event of this number, from 1"),
    ]
}

fn run(matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let wire::Prepared { mut loaded, rules, rules_options, .. } =
        wire::prepare(&cli::options(matches), false);
    let path = matches.get_one::<PathBuf>("event").context("`--event` is missing")?;
    let text = read(path).with_context(|| format!("{} can't be read", path.display()))?;
    let events = cases::recorded(&mut loaded.sources, &path.display().to_string(), &text);
    let renderer = Renderer { colour: std::io::stderr().is_terminal() };
    let events = match events {
        Ok(events) => events,
        Err(error) => {
            eprintln!("{}", renderer.render(&error, &loaded.sources));
            return Ok(ExitCode::FAILURE);
        }
    };
    // What is wrong with the rules may be why one isn't there.
    for diagnostic in loaded.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error) {
        eprintln!("{}\n", renderer.render(diagnostic, &loaded.sources));
    }
    let explainer = Explainer::new(&rules, &loaded.sources, &loaded.rules, Fields::ALL, &rules_options);
    let rule = matches.get_one::<String>("rule").map_or("", String::as_str);
    let chosen = matches.get_one::<usize>("line");
    let mut shown = 0;
    for (at, (event, host)) in events.iter().enumerate() {
        if chosen.is_none_or(|chosen| *chosen == at + 1) {
            let explanation = explainer.explain(rule, event.as_ref(), host)?;
            outln!("{}", explanation.text(&loaded.sources, std::io::stdout().is_terminal()));
            shown += 1;
        }
    }
    if shown == 0 {
        bail!("there is no event of that number: {} has {}", path.display(), events.len());
    }
    Ok(ExitCode::SUCCESS)
}

/// What a file has, or standard input where it is called `-`.
pub(super) fn read(path: &PathBuf) -> std::io::Result<String> {
    if path.as_os_str() != "-" {
        return std::fs::read_to_string(path);
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    Ok(text)
}
