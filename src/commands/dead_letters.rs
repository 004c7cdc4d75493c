//! `lanner dead-letters`: what receivers refused, to be looked at, sent again or removed.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Arg, ArgAction, ArgMatches, value_parser};
use lanner_alert::{Kind, Notification, printable, truncate};
use lanner_bus::{Beside, DeadLetter, Which};

use super::{CommandSpec, journal};
use crate::out::outln;
use crate::report::{count, moment};

/// Dead letters that are read at a time.
const PAGE: usize = 500;
/// The most of an answer that a line of `ls` has room for, in bytes.
const ANSWER_BYTES_MAX: usize = 80;

/// The command.
pub const COMMAND: CommandSpec = CommandSpec {
    name: "dead-letters",
    about: "List, show, send again or remove what receivers refused; lanner may be running",
    configuration: true,
    arguments,
    run,
};

fn arguments() -> Vec<Arg> {
    vec![
        Arg::new("what")
            .value_name("WHAT")
            .required(true)
            .value_parser(["ls", "show", "retry", "rm"])
            .help("What to do: list them, show some whole, have some sent again, remove some"),
        Arg::new("id")
            .value_name("ID")
            .num_args(0..)
            .value_parser(value_parser!(u64))
            .help("Which, by the number that `ls` shows"),
        Arg::new("all").long("all").action(ArgAction::SetTrue).conflicts_with("id").help("All of them"),
        Arg::new("output").long("output").value_name("NAME").help("Only those of this output"),
        journal::argument(),
        Arg::new("json").long("json").action(ArgAction::SetTrue).help("Show them as JSON, one on each line"),
    ]
}

fn run(matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let path = journal::path(matches)?;
    let ids: Vec<u64> = matches.get_many("id").unwrap_or_default().copied().collect();
    let output = matches.get_one::<String>("output").map(String::as_str);
    let json = matches.get_flag("json");
    match matches.get_one::<String>("what").map(String::as_str) {
        Some("ls") => list(&Beside::read(&path)?, output, json)?,
        Some("show") => show(&Beside::read(&path)?, &ids, json)?,
        what => {
            let which = if matches.get_flag("all") { Which::All { output } } else { Which::Ids(&ids) };
            if which == Which::Ids(&[]) {
                bail!("say which: their numbers, or --all");
            }
            let beside = &mut Beside::ask(&path)?;
            if what == Some("retry") { retry(beside, which)? } else { remove(beside, which)? }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows them a page at a time, so that nothing is kept from the owner of the journal meanwhile.
fn list(beside: &Beside, output: Option<&str>, json: bool) -> anyhow::Result<()> {
    let mut after = 0;
    loop {
        let page = beside.dead_letters(output, after, PAGE)?;
        let Some(last) = page.last() else { break };
        if after == 0 && !json {
            outln!(
                "{:>6} {:20} {:12} {:>8} {:30} answer",
                "id",
                "refused",
                "output",
                "attempts",
                "notification"
            );
        }
        after = last.id;
        for letter in &page {
            match json {
                true => outln!("{}", serde_json::to_string(letter)?),
                false => outln!("{}", line(letter)),
            }
        }
    }
    Ok(())
}

fn line(letter: &DeadLetter) -> String {
    let what = letter.notification.as_ref().map_or("can't be read back".to_owned(), subject);
    let retry = if letter.retry { " (to be sent again)" } else { "" };
    format!(
        "{:>6} {:20} {:12} {:>8} {:30} {}{retry}",
        letter.id,
        moment(letter.at),
        printable(&letter.output),
        letter.attempts,
        printable(&what),
        truncate(&printable(&letter.answer), ANSWER_BYTES_MAX),
    )
}

/// What a notification is about, in a few words.
fn subject(notification: &Notification) -> String {
    match (notification.kind, notification.alerts.first()) {
        (Kind::Alert, Some(alert)) => alert.rule.to_string(),
        (kind, _) => format!("{kind:?} of {}", count(notification.count() as usize, "alert")).to_lowercase(),
    }
}

fn show(beside: &Beside, ids: &[u64], json: bool) -> anyhow::Result<()> {
    if ids.is_empty() {
        bail!("say which, by the numbers that `lanner dead-letters ls` shows");
    }
    for &id in ids {
        let letter = find(beside, id)?;
        if json {
            outln!("{}", serde_json::to_string(&letter)?);
            continue;
        }
        outln!("dead letter  {id}{}", if letter.retry { ", to be sent again" } else { "" });
        let removed = if letter.configured { "" } else { " (not in the configuration)" };
        outln!("output       {}{removed}", printable(&letter.output));
        outln!("refused      {}, after {}", letter.at, count(letter.attempts as usize, "attempt"));
        outln!("answer       {}", printable(&letter.answer));
        match &letter.notification {
            Some(notification) => outln!("{}", serde_json::to_string_pretty(notification)?),
            None => outln!("What was to be sent can't be read back from the journal."),
        }
    }
    Ok(())
}

fn find(beside: &Beside, id: u64) -> anyhow::Result<DeadLetter> {
    beside.dead_letter(id)?.with_context(|| format!("there is no dead letter {id}"))
}

fn retry(beside: &mut Beside, which: Which) -> anyhow::Result<()> {
    if let Which::Ids(ids) = which {
        for &id in ids {
            let letter = find(beside, id)?;
            if letter.notification.is_none() {
                bail!("the dead letter {id} can't be read back, only removed");
            }
            if !letter.configured {
                let output = printable(&letter.output).into_owned();
                bail!(
                    "the output `{output}` of the dead letter {id} isn't in the configuration that lanner last started with"
                );
            }
        }
    }
    let asked = beside.retry_dead_letters(which).context("the journal can't be written")?;
    outln!("{} to be sent again: at once if lanner runs, else when it starts", count(asked, "dead letter"));
    Ok(())
}

fn remove(beside: &mut Beside, which: Which) -> anyhow::Result<()> {
    if let Which::Ids(ids) = which {
        ids.iter().try_for_each(|&id| find(beside, id).map(drop))?;
    }
    let removed = beside.remove_dead_letters(which).context("the journal can't be written")?;
    outln!("{} removed", count(removed, "dead letter"));
    Ok(())
}
