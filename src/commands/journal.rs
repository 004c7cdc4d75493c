//! `lanner journal`: what is in the journal, what became of it, and some of it sent again.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Arg, ArgAction, ArgMatches, value_parser};
use lanner_alert::{Timestamp, printable};
use lanner_bus::{Accepted, Beside, Fate, Filter, State, Stats, system_clock};
use lanner_diagnostic::Severity;

use super::CommandSpec;
use crate::cli;
use crate::out::{out, outln};
use crate::report::{count, moment};

/// The command.
pub const COMMAND: CommandSpec = CommandSpec {
    name: "journal",
    about: "Say what was accepted and what became of it, by output; lanner may be running",
    configuration: true,
    arguments,
    run,
};

fn arguments() -> Vec<Arg> {
    vec![
        Arg::new("what")
            .value_name("WHAT")
            .required(true)
            .value_parser(["stats", "ls", "show", "replay"])
            .help("Show the figures, the accepted alerts, or one of them whole; or have some sent again"),
        Arg::new("id").value_name("ID").help("The alert to show: its number in `ls`, or its id"),
        Arg::new("rule").long("rule").value_name("NAME").help("Only alerts of this rule"),
        moment_argument("since", "Only alerts accepted from then on: a time, or how long ago (such as 2h)"),
        moment_argument("until", "Only alerts accepted before: a time, or how long ago"),
        Arg::new("to")
            .long("to")
            .value_name("OUTPUT")
            .help("Where alerts are sent again, with the tag `replayed`"),
        Arg::new("yes").long("yes").action(ArgAction::SetTrue).help("Send them again without asking"),
        argument(),
        Arg::new("json").long("json").action(ArgAction::SetTrue).help("Show it as JSON"),
    ]
}

fn moment_argument(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name("TIME").value_parser(parse_moment).help(help)
}

/// A time as RFC 3339 writes it, or a duration before now.
fn parse_moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(ago) = lanner_config::duration(text) {
        let ago = u64::try_from(ago.as_nanos()).unwrap_or(u64::MAX);
        return Ok(Timestamp(system_clock()().0.saturating_sub(ago)));
    }
    text.parse().map_err(|_| "write 2026-11-24T08:00:00Z, or how long ago, such as 2h".to_owned())
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
    let path = path(matches)?;
    let json = matches.get_flag("json");
    match matches.get_one::<String>("what").map(String::as_str) {
        Some("ls") => list(&Beside::read(&path)?, filter(matches), json)?,
        Some("show") => {
            let id =
                matches.get_one::<String>("id").context("say which: a number that `ls` shows, or an id")?;
            show(&Beside::read(&path)?, id, json)?;
        }
        Some("replay") => return replay(&mut Beside::ask(&path)?, matches),
        _ => {
            let stats = Stats::read(&path, system_clock()())?;
            match json {
                true => outln!("{}", serde_json::to_string_pretty(&stats)?),
                false => out!("{stats}"),
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn filter(matches: &ArgMatches) -> Filter {
    Filter {
        rule: matches.get_one::<String>("rule").cloned(),
        since: matches.get_one("since").copied(),
        until: matches.get_one("until").copied(),
    }
}

/// Shows alerts a page at a time, so that nothing is kept from the owner of the journal meanwhile.
fn list(beside: &Beside, filter: Filter, json: bool) -> anyhow::Result<()> {
    let mut history = beside.history(filter)?;
    let mut first = true;
    while let Some(page) = history.page()? {
        if std::mem::take(&mut first) && !json {
            outln!("{:>8} {:20} {:13} {:40} outputs", "number", "accepted", "priority", "rule");
        }
        for accepted in &page {
            match json {
                true => outln!("{}", serde_json::to_string(accepted)?),
                false => outln!("{}", line(accepted)),
            }
        }
    }
    Ok(())
}

fn line(accepted: &Accepted) -> String {
    let (priority, rule) = match &accepted.alert {
        Some(alert) => (alert.priority.name(), printable(&alert.rule)),
        None => ("", "can't be read back".into()),
    };
    let fates: Vec<String> = accepted
        .fates
        .iter()
        .map(|Fate { output, state }| format!("{}: {state}", printable(output)))
        .collect();
    let fates = match (fates.is_empty(), accepted.routed) {
        (false, _) => fates.join(", "),
        (true, true) => "-".to_owned(),
        (true, false) => "not yet routed".to_owned(),
    };
    format!("{:>8} {:20} {priority:13} {rule:40} {fates}", accepted.seq, moment(accepted.accepted))
}

fn show(beside: &Beside, id: &str, json: bool) -> anyhow::Result<()> {
    let seq = match (id.parse::<u64>(), id.parse::<lanner_alert::AlertId>()) {
        (Ok(seq), _) => Some(seq),
        (_, Ok(id)) => beside.place(id)?,
        _ => bail!("`{id}` is neither the number of an alert nor an id"),
    };
    let found = seq.map(|seq| beside.accepted(seq)).transpose()?.flatten();
    let accepted = found.with_context(|| format!("the journal has no alert {id}"))?;
    if json {
        outln!("{}", serde_json::to_string_pretty(&accepted)?);
        return Ok(());
    }
    outln!("alert     {}", accepted.seq);
    outln!("accepted  {}", accepted.accepted);
    for fate in &accepted.fates {
        outln!("{}", detail(fate));
    }
    if accepted.fates.is_empty() {
        outln!(
            "outputs   {}",
            match accepted.routed {
                true => "none had it, or only counted in something else",
                false => "not yet routed",
            }
        );
    }
    match &accepted.alert {
        Some(alert) => outln!("{}", serde_json::to_string_pretty(alert)?),
        None => outln!("The alert can't be read back from the journal."),
    }
    Ok(())
}

/// Has the alerts of a time sent again to an output.
fn replay(beside: &mut Beside, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let Some(output) = matches.get_one::<String>("to") else {
        bail!("say with --to which output they are sent to");
    };
    let filter = filter(matches);
    if filter.rule.is_some() {
        bail!("alerts are sent again by their time: --since and --until");
    }
    let since = filter.since.context("say with --since from which time on")?;
    let until = filter.until.unwrap_or_else(|| system_clock()());
    let alerts = count(usize::try_from(beside.accepted_between(since, until)?)?, "alert");
    if !matches.get_flag("yes") && !confirmed(&format!("Send {alerts} again to {output}?"))? {
        outln!("nothing is sent");
        return Ok(ExitCode::FAILURE);
    }
    if !beside.replay(output, since, until).context("the journal can't be written")? {
        bail!("the configuration that lanner last started with has no output `{output}`");
    }
    outln!("{alerts} to be sent again: at once if lanner runs, else when it starts");
    Ok(ExitCode::SUCCESS)
}

/// Whether whoever sits at the terminal says yes.
fn confirmed(question: &str) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("{question} There is no terminal to ask at: say --yes");
    }
    eprint!("{question} [y/N] ");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).context("the answer can't be read")?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// What became of an alert at an output, in full.
fn detail(Fate { output, state }: &Fate) -> String {
    let said = match state {
        State::Kept { .. } | State::Waiting { attempts: 0, .. } => String::new(),
        State::Waiting { not_before, cause, .. } => {
            format!(", again at {not_before}: {}", cause.as_deref().unwrap_or_default())
        }
        State::Sent { at, attempts, receipt, notification } => {
            let within = notification.map(|id| format!(", in the notification {id}")).unwrap_or_default();
            let receipt = if receipt.is_empty() { String::new() } else { format!(": {receipt}") };
            format!(" at {at}, after {}{within}{receipt}", count(*attempts as usize, "attempt"))
        }
        State::Refused { at, attempts, answer, .. } => {
            format!(" at {at}, after {}: {answer}", count(*attempts as usize, "attempt"))
        }
    };
    format!("{:9} {state}{}", printable(output), printable(&said))
}
