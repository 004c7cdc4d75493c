//! `lanner silence`: what is expected for a time isn't sent.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Arg, ArgAction, ArgMatches};
use lanner_alert::{Matcher, Timestamp, matchers as conditions, printable};
use lanner_bus::{Beside, MadeSilence, MadeTimes, SILENCES_MAX, system_clock};
use lanner_diagnostic::{Place, nearest};
use lanner_event::FieldRef;
use lanner_event::fields::Fields;

use super::{CommandSpec, journal};
use crate::out::outln;
use crate::report::moment;
use crate::{cli, wire};

/// The command.
pub const COMMAND: CommandSpec = CommandSpec {
    name: "silence",
    about: "Keep alerts from being sent for a time: add, list or expire silences; lanner may be running",
    configuration: true,
    arguments,
    run,
};

fn arguments() -> Vec<Arg> {
    vec![
        Arg::new("what")
            .value_name("WHAT")
            .required(true)
            .value_parser(["add", "ls", "list", "expire"])
            .help("Make one, list them, or end some"),
        Arg::new("of").value_name("CONDITION|ID").num_args(0..).help(
            "To add: the conditions, of which all must hold, such as 'rule = \"My rule\"' 'container.name = web' \
             'tags != urgent'; to expire: the numbers that `ls` shows",
        ),
        Arg::new("for").long("for").value_name("DURATION").help("How long it lasts, such as 2h"),
        Arg::new("until")
            .long("until")
            .value_name("TIME")
            .conflicts_with("for")
            .value_parser(parse_time)
            .help("When it ends, such as 2026-11-24T08:00:00Z"),
        Arg::new("from")
            .long("from")
            .value_name("TIME")
            .value_parser(parse_time)
            .help("When it begins; now without it"),
        Arg::new("times").long("times").value_name("TIMES").value_delimiter(',').num_args(1).action(ArgAction::Append).help(
            "Only at these times of the day, such as 22:00-06:00; it recurs until it ends",
        ),
        Arg::new("weekdays")
            .long("weekdays")
            .value_name("DAYS")
            .value_delimiter(',')
            .action(ArgAction::Append)
            .help("Only on these days, such as sat or monday-friday"),
        Arg::new("days")
            .long("days")
            .value_name("DAYS")
            .value_delimiter(',')
            .allow_hyphen_values(true)
            .action(ArgAction::Append)
            .help("Only on these days of the month, such as 1..15, or -1 for the last"),
        Arg::new("months")
            .long("months")
            .value_name("MONTHS")
            .value_delimiter(',')
            .action(ArgAction::Append)
            .help("Only in these months, such as december or jun-aug"),
        Arg::new("zone").long("zone").value_name("ZONE").help(
            "The time zone of these times, such as Europe/Berlin; the host's without it",
        ),
        Arg::new("author").long("author").value_name("NAME").help("Who makes it; the user without it"),
        Arg::new("comment").long("comment").value_name("TEXT").default_value("").help("Why"),
        Arg::new("all").long("all").action(ArgAction::SetTrue).help("To list: also those that have ended"),
        journal::argument(),
        Arg::new("json").long("json").action(ArgAction::SetTrue).help("List them as JSON, one on each line"),
    ]
}

fn parse_time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "write it as 2026-11-24T08:00:00Z".to_owned())
}

fn run(matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let path = journal::path(matches)?;
    let of: Vec<&String> = matches.get_many("of").unwrap_or_default().collect();
    let now = system_clock()();
    match matches.get_one::<String>("what").map(String::as_str) {
        Some("add") => add(&mut Beside::ask(&path)?, &of, matches, now)?,
        Some("expire") => expire(&mut Beside::ask(&path)?, &of, now)?,
        _ => list(&Beside::read(&path)?, matches, now)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn add(beside: &mut Beside, of: &[&String], matches: &ArgMatches, now: Timestamp) -> anyhow::Result<()> {
    if of.is_empty() {
        bail!("say of which alerts, such as 'rule = \"My rule\"': without a condition nothing would be sent");
    }
    let conditions = of.iter().map(|text| text.parse::<Matcher>().map(|matcher| matcher.to_string()));
    let matchers = conditions.collect::<Result<Vec<_>, _>>()?;
    let carried = fields(matches, &matchers)?;
    let from = matches.get_one::<Timestamp>("from").copied().unwrap_or(now);
    let lasts = matches.get_one::<String>("for").map(|text| lanner_config::duration(text));
    let until = match (matches.get_one::<Timestamp>("until"), lasts) {
        (Some(until), _) => *until,
        (None, Some(lasts)) => from.after(lasts.map_err(anyhow::Error::msg)?),
        (None, None) => bail!("say how long it lasts: --for 2h, or --until a time"),
    };
    if until <= from || until <= now {
        bail!("the silence would end before it begins");
    }
    let times = times(matches)?;
    let user = || std::env::var("SUDO_USER").or_else(|_| std::env::var("USER")).unwrap_or_default();
    let silence = MadeSilence {
        id: 0,
        matchers,
        from,
        until,
        times,
        author: matches.get_one::<String>("author").cloned().unwrap_or_else(user),
        comment: matches.get_one::<String>("comment").cloned().unwrap_or_default(),
    };
    let id = beside.silence(&silence, now)?;
    let id = id.with_context(|| format!("there are {SILENCES_MAX} silences already: expire some"))?;
    outln!("silence #{id}, until {}: {}", moment(until), described(&silence));
    for field in carried {
        outln!(
            "note: only alerts whose rule prints `{field}` have it; where the configuration names it too, in a silence or \
             a route, all have it"
        );
    }
    Ok(())
}

/// Fields of conditions that not every alert has.
///
/// # Errors
/// A field that no alert has.
fn fields(matches: &ArgMatches, matchers: &[String]) -> anyhow::Result<Vec<String>> {
    let prepared = wire::prepare(&cli::options(matches), false);
    let carried = wire::carried(&prepared.loaded.settings);
    let mut seldom = Vec::new();
    for text in matchers {
        let matcher: Matcher = text.parse()?;
        let field = matcher.field();
        if !field.contains('.') {
            if let Err(error) = conditions::known(field, Place::default()) {
                bail!("{error}");
            }
        } else if let Err(error) = FieldRef::from_name(field) {
            let near = nearest(field, Fields::ALL.rows().map(|row| row.name));
            bail!("{error}{}", near.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default());
        } else if !carried.iter().any(|name| name == field) {
            seldom.push(field.to_owned());
        }
    }
    Ok(seldom)
}

/// The recurring times that were asked for.
///
/// # Errors
/// What is no time.
fn times(matches: &ArgMatches) -> anyhow::Result<MadeTimes> {
    let texts = |name: &str| matches.get_many::<String>(name).unwrap_or_default().cloned().collect();
    let times = MadeTimes {
        times: texts("times"),
        weekdays: texts("weekdays"),
        days: texts("days"),
        months: texts("months"),
        zone: matches.get_one::<String>("zone").cloned(),
    };
    times.calendar().map_err(anyhow::Error::msg)?;
    Ok(times)
}

/// Its conditions, and the times at which it recurs.
fn described(silence: &MadeSilence) -> String {
    let times: Vec<&str> = silence.times.parts().collect();
    let when = if times.is_empty() { String::new() } else { format!(", only at {}", times.join(" ")) };
    printable(&format!("{}{when}", silence.matchers.join(", "))).into_owned()
}

/// The silences of the configuration, which need no journal.
fn list_configured(matches: &ArgMatches, now: Timestamp) {
    let prepared = wire::prepare(&cli::options(matches), false);
    for silence in &prepared.loaded.settings.silences {
        let ended = silence.until.is_some_and(|until| until <= now);
        let state = if ended { "ended" } else { "file" };
        let matchers: Vec<String> = silence.matchers.iter().map(Matcher::to_string).collect();
        let until = silence.until.map(|until| format!(" until {}", moment(until))).unwrap_or_default();
        outln!("{state:6} {}{until}: {}", printable(&silence.name), printable(&matchers.join(", ")));
    }
}

fn list(beside: &Beside, matches: &ArgMatches, now: Timestamp) -> anyhow::Result<()> {
    let all = matches.get_flag("all");
    let silences = beside.silences()?.into_iter().filter(|silence| all || silence.until > now);
    let silences: Vec<MadeSilence> = silences.collect();
    if matches.get_flag("json") {
        for silence in &silences {
            outln!("{}", serde_json::to_string(silence)?);
        }
        return Ok(());
    }
    list_configured(matches, now);
    if silences.is_empty() {
        outln!("there are no silences but those of the configuration");
    }
    for silence in &silences {
        let MadeSilence { id, from, until, author, comment, .. } = silence;
        let state = if *until <= now {
            "ended"
        } else if *from > now {
            "to come"
        } else {
            "active"
        };
        outln!(
            "#{id:<5} {state:8} {} to {}  {}  {}{}",
            moment(*from),
            moment(*until),
            described(silence),
            printable(author),
            if comment.is_empty() { String::new() } else { format!(": {}", printable(comment)) },
        );
    }
    Ok(())
}

fn expire(beside: &mut Beside, ids: &[&String], now: Timestamp) -> anyhow::Result<()> {
    if ids.is_empty() {
        bail!("say which, by the numbers that `lanner silence ls` shows");
    }
    for id in ids {
        let number: u64 =
            id.trim_start_matches('#').parse().with_context(|| format!("`{id}` is no number"))?;
        match beside.expire(number, now)? {
            true => outln!("silence #{number} has ended"),
            false => bail!("there is no silence #{number} that lasts"),
        }
    }
    Ok(())
}
