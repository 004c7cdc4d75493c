//! `lanner containers`: what the engines know of the containers that run now, and from where.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::bail;
use clap::{Arg, ArgAction, ArgMatches};
use lanner_alert::{printable, truncate};
use lanner_detector::containers::{self, Engines, NoContainer, Origin, Why};
use lanner_detector::source::live;
use lanner_detector::state;
use lanner_diagnostic::Severity;
use lanner_event::{Container, ContainerId};
use serde_json::json;

use super::CommandSpec;
use crate::out::outln;
use crate::report::count;
use crate::{cli, wire};

/// How long the engines have for each container that is asked for, beside the time that an event waits.
const ANSWER_WAIT: Duration = Duration::from_secs(3);
/// How many containers are asked for before the answers are taken.
const AT_ONCE: usize = 32;
/// How many characters of an id are shown.
const ID_SHOWN: usize = 12;

/// The command.
pub const COMMAND: CommandSpec = CommandSpec {
    name: "containers",
    about: "Show the containers that run now: what their engines know of them, and from where",
    configuration: true,
    arguments,
    run,
};

fn arguments() -> Vec<Arg> {
    vec![
        Arg::new("json")
            .long("json")
            .action(ArgAction::SetTrue)
            .help("Show all that is known, as JSON, one container on each line"),
    ]
}

/// A container that runs.
struct Running {
    origin: Origin,
    processes: usize,
    known: Result<Arc<Container>, String>,
}

fn run(matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let loaded = lanner_config::load(&cli::options(matches), &|name| std::env::var(name).ok());
    let errors = loaded.count(Severity::Error);
    if errors > 0 {
        bail!("no engine is asked, because of {}: `lanner check` shows them", count(errors, "error"));
    }
    let settings = &loaded.settings;
    let mut all: BTreeMap<ContainerId, Running> = state::running(live::cgroups_are_v2())
        .into_iter()
        .map(|(id, (origin, processes))| {
            let known = Err("there was no answer".to_owned());
            (id, Running { origin, processes, known })
        })
        .collect();
    ask(&mut wire::engines(settings)?, &mut all)?;
    if matches.get_flag("json") {
        all.iter().for_each(|(id, running)| outln!("{}", line_of_json(id, running)));
        return Ok(ExitCode::SUCCESS);
    }
    for (engine, socket) in containers::found(&wire::engine_settings(settings)) {
        outln!("{engine:<12} {}", socket.display());
    }
    table(&all);
    Ok(ExitCode::SUCCESS)
}

/// Asks the engines about all of them.
fn ask(engines: &mut Engines, all: &mut BTreeMap<ContainerId, Running>) -> anyhow::Result<()> {
    let ids: Vec<ContainerId> = all.keys().cloned().collect();
    for some in ids.chunks(AT_ONCE) {
        for id in some {
            if !engines.ask(id, all[id].origin, Why::Again) {
                bail!("the container engines can't be asked");
            }
        }
        let deadline = Instant::now() + ANSWER_WAIT;
        let mut left = some.len();
        while left > 0 {
            let limit = deadline.saturating_duration_since(Instant::now());
            let Some(answer) = engines.wait_for_answer(limit) else { break };
            let Some(running) = all.get_mut(&answer.id).filter(|_| answer.why == Why::Again) else {
                continue;
            };
            let known = answer.result.map(|described| described.container);
            running.known = known.map_err(|cause: NoContainer| cause.to_string());
            left -= 1;
        }
    }
    Ok(())
}

fn line_of_json(id: &str, running: &Running) -> serde_json::Value {
    let mut line = json!({ "id": id, "processes": running.processes });
    match &running.known {
        Ok(container) => line["container"] = json!(container),
        Err(cause) => line["unknown"] = json!(cause),
    }
    line
}

fn table(all: &BTreeMap<ContainerId, Running>) {
    let colour = std::io::stdout().is_terminal();
    let paint = |code: &str, text: String| if colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text };
    if all.is_empty() {
        outln!("no containers");
        return;
    }
    let head = row(["container", "type", "name", "image", "pod", "processes"], "known from");
    outln!("{}", paint("1", head));
    for (id, running) in all {
        let id = id.get(..ID_SHOWN).unwrap_or(id);
        let processes = running.processes.to_string();
        match &running.known {
            Ok(container) => {
                let source = if container.source.is_empty() { "its cgroup" } else { &container.source };
                let cells =
                    [id, &container.engine, &container.name, &container.image, &pod(container), &processes];
                outln!("{}", row(cells, source));
            }
            Err(cause) => outln!("{}", paint("33", row([id, "?", "", "", "", &processes], cause))),
        }
    }
}

/// A line of the table. What engines say is shown as far as it can be printed, and there is room.
fn row(cells: [&str; 6], last: &str) -> String {
    const WIDTHS: [usize; 6] = [12, 10, 24, 32, 24, 9];
    let mut line = String::new();
    for (cell, width) in cells.into_iter().zip(WIDTHS) {
        line.push_str(&format!("{:<width$} ", truncate(&printable(cell), width)));
    }
    line + &printable(last)
}

/// `namespace/name`.
fn pod(container: &Container) -> String {
    let label = |name: &str| container.labels.get(name).map_or("", |value| &**value);
    match label("io.kubernetes.pod.name") {
        "" => String::new(),
        name => format!("{}/{name}", label("io.kubernetes.pod.namespace")),
    }
}

#[cfg(test)]
mod tests {
    use lanner_detector::containers::{ENGINES, Way};

    /// The configuration has a key for each engine, under its name in the detector's table.
    #[test]
    fn each_engine_can_be_configured() {
        let keys = lanner_config::FAMILIES.iter().flat_map(|family| family.keys);
        let known = |path: &str| keys.clone().any(|key| key.path == path);
        for spec in ENGINES {
            let path = format!("plugins[container].init_config.engines.{}", spec.name);
            assert!(known(&format!("{path}.enabled")), "{path}");
            let has_socket = matches!(spec.way, Way::Socket { .. });
            assert_eq!(known(&format!("{path}.sockets[]")), has_socket, "{path}");
        }
    }
}
