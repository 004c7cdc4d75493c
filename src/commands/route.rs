//! `lanner route`: which way an alert takes through the routes, and why.

use std::fmt::Write;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Arg, ArgMatches, value_parser};
use lanner_alert::{Alert, Matcher, Value, falco, printable};
use lanner_diagnostic::{Renderer, Severity};
use lanner_router::{Explanation, Step};

use super::CommandSpec;
use crate::out::outln;
use crate::report::moment;
use crate::{cli, wire};

/// The command.
pub const COMMAND: CommandSpec = CommandSpec {
    name: "route",
    about: "Say which way an alert takes through the routes, and why, and what each output does with it",
    configuration: true,
    arguments,
    run,
};

fn arguments() -> Vec<Arg> {
    vec![
        Arg::new("what")
            .value_name("WHAT")
            .required(true)
            .value_parser(["test"])
            .help("Test the routes of the configuration; nothing is sent"),
        Arg::new("alert")
            .long("alert")
            .value_name("FILE")
            .required(true)
            .value_parser(value_parser!(PathBuf))
            .help(
                "Alerts as Falco writes them with json_output, one in each line; - is standard input. Each comes at \
                 its own time, and after those before it. What a running lanner remembers, and silences made by \
                 command, count for nothing",
            ),
    ]
}

fn run(matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let prepared = wire::prepare(&cli::options(matches), false);
    let loaded = &prepared.loaded;
    let renderer = Renderer { colour: std::io::stderr().is_terminal() };
    for diagnostic in loaded.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error) {
        eprintln!("{}\n", renderer.render(diagnostic, &loaded.sources));
    }
    if loaded.count(Severity::Error) > 0 {
        return Ok(ExitCode::FAILURE);
    }
    let path = matches.get_one::<PathBuf>("alert").context("`--alert` is missing")?;
    let text = super::explain::read(path).with_context(|| format!("{} can't be read", path.display()))?;
    let settings = &loaded.settings;
    let names: Vec<&str> = settings.outputs.iter().map(|entry| &*entry.name).collect();
    let mut pipeline = wire::unkept_pipeline(settings, &prepared.rules, prepared.route, prepared.redactors);
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let place = || format!("{}:{} is no alert of Falco's", path.display(), at + 1);
        let alert = Arc::new(wire::fingerprinted(falco::read(line).with_context(place)?));
        outln!("{}", told(&pipeline.explain(&alert, alert.time), &names));
        // What correlations make of it comes behind it.
        for made in pipeline.made(alert.time) {
            outln!("{}", told(&pipeline.explain(&made, alert.time), &names));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The explanation, in lines. What an event contributed can't forge one.
fn told(explanation: &Explanation, names: &[&str]) -> String {
    let alert = &explanation.alert;
    let mut text = format!("{} {} «{}»\n", moment(alert.time), alert.priority, printable(&alert.rule));
    // Writing to a string can't fail.
    for (stage, reason) in &explanation.marks {
        let _ = writeln!(text, "  {stage:<9} {reason}{}", by(alert, reason));
    }
    for step in &explanation.steps {
        told_step(&mut text, step, alert, names);
    }
    if explanation.outputs.is_empty() {
        text.push_str("  it comes to no output\n");
    }
    for (name, decided) in &explanation.outputs {
        let _ = writeln!(text, "  output {name}");
        for (stage, reason) in decided {
            let _ = writeln!(text, "    {stage:<9} {reason}");
        }
    }
    text
}

/// Who silenced an alert, where that is what was decided.
fn by(alert: &Alert, reason: &str) -> String {
    match &alert.silenced {
        Some(name) if matches!(reason, "silenced" | "inhibited") => format!(" by {name}"),
        _ => String::new(),
    }
}

fn told_step(text: &mut String, step: &Step, alert: &Alert, names: &[&str]) {
    match step {
        Step::At { route, depth, taken } => {
            let margin = "  ".repeat(depth + 1);
            let taken = match (taken, route.continues) {
                (false, _) => "not taken",
                (true, true) => "taken; those after it are looked at too (`continue`)",
                (true, false) => "taken",
            };
            let _ = writeln!(text, "{margin}{}: {taken}", route.name);
            for matcher in &route.matchers {
                let holds = if matcher.matches(alert) { "yes" } else { "no" };
                let _ = writeln!(text, "{margin}  {holds:<3} {}: {}", shown(matcher), found(matcher, alert));
            }
        }
        Step::Rest { routes, depth } => {
            for route in *routes {
                let margin = "  ".repeat(depth + 1);
                let _ = writeln!(text, "{margin}{}: not looked at, as the one before took it", route.name);
            }
        }
        Step::End { route, depth, outputs, min_priority, withheld } => {
            let margin = "  ".repeat(depth + 2);
            let to: Vec<&str> = outputs.iter().filter_map(|at| names.get(*at).copied()).collect();
            let to = if to.is_empty() { "no output".to_owned() } else { to.join(", ") };
            let inherited = if route.outputs.is_none() { ", as above" } else { "" };
            let _ = writeln!(text, "{margin}ends here: to {to}{inherited}, from {min_priority} up");
            if let Some(group) = &route.group {
                let by = if group.by.is_empty() { "nothing".to_owned() } else { group.by.join(", ") };
                let [wait, interval] = [group.wait, group.interval].map(|time| time.as_secs());
                let _ = writeln!(
                    text,
                    "{margin}grouped by {by}: told after {wait} s, what is new then {interval} s apart"
                );
            }
            if route.text.is_some() {
                let _ = writeln!(text, "{margin}with the text that its `template` makes");
            }
            if let Some(withheld) = withheld {
                let _ = writeln!(text, "{margin}but isn't sent: {}", withheld.reason());
            }
        }
    }
}

fn shown(matcher: &Matcher) -> String {
    printable(&matcher.to_string()).into_owned()
}

/// What the alert has of the field that a matcher asks for.
fn found(matcher: &Matcher, alert: &Alert) -> String {
    match alert.field(matcher.field()) {
        Value::Null => "the alert has no value of it".to_owned(),
        value => format!("it is {}", printable(&value.to_string())),
    }
}
