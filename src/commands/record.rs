//! `lanner record`: events written down, to be explained, and to test rules on.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Arg, ArgAction, ArgMatches, value_parser};
use lanner_diagnostic::Severity;
use lanner_event::FieldFlags;
use lanner_event::Record;

use super::CommandSpec;
use crate::report::count;
use crate::{cli, log, wire};

/// The command.
pub const COMMAND: CommandSpec = CommandSpec {
    name: "record",
    about: "Write the events of this host down, one in each line, until stopped",
    configuration: true,
    arguments,
    run,
};

fn arguments() -> Vec<Arg> {
    vec![
        Arg::new("file")
            .value_name("FILE")
            .required(true)
            .value_parser(value_parser!(PathBuf))
            .help("Where to: JSON lines, which `lanner explain` and `lanner test` read"),
        Arg::new("all")
            .long("all")
            .action(ArgAction::SetTrue)
            .help("Also what the rules don't ask for: all events but what programs do all the time, or as base_syscalls says"),
        Arg::new("seconds")
            .short('M')
            .value_name("SECONDS")
            .value_parser(value_parser!(u64).range(1..))
            .help("Stop after so many seconds"),
        Arg::new("max")
            .long("max")
            .value_name("NUMBER")
            .value_parser(value_parser!(u64).range(1..))
            .help("Stop after so many events"),
    ]
}

fn run(matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let prepared = wire::prepare(&cli::options(matches), false);
    let settings = &prepared.loaded.settings;
    log::start(settings.log_level);
    let errors = prepared.loaded.count(Severity::Error);
    if errors > 0 {
        bail!("nothing is recorded, because of {}: `lanner check` shows them", count(errors, "error"));
    }
    let path = matches.get_one::<PathBuf>("file").context("the file is missing")?;
    let file = File::create(path).with_context(|| format!("{} can't be written", path.display()))?;
    let rules = &prepared.rules;
    let (kinds, asked) = match matches.get_flag("all") {
        true => (wire::capture::broad(settings), FieldFlags::ASKED),
        false => (wire::capture::watched(settings, rules), rules.asked()),
    };
    let mut live = wire::capture::start(settings, kinds.iter(), asked)?;
    let detector = wire::recorder(settings, &prepared.rules)?;
    let stop = Arc::new(AtomicBool::new(false));
    stop_when_told(&stop, matches.get_one::<u64>("seconds").copied())?;
    eprintln!("lanner is recording into {}; Ctrl-C ends it", path.display());
    let mut writer = Writer {
        out: BufWriter::new(file),
        left: matches.get_one::<u64>("max").copied().unwrap_or(u64::MAX),
        written: 0,
        failed: None,
    };
    let report = detector.record(&mut live, &stop, &mut |record| writer.write(&record))?;
    writer.out.flush().with_context(|| format!("{} can't be written", path.display()))?;
    if let Some(error) = writer.failed {
        return Err(error).with_context(|| format!("{} can't be written", path.display()));
    }
    let lost: u64 = report.lost.iter().map(|(_, lost)| lost).sum();
    eprintln!("{} events in {}, {lost} lost", writer.written, path.display());
    Ok(ExitCode::SUCCESS)
}

struct Writer {
    out: BufWriter<File>,
    left: u64,
    written: u64,
    failed: Option<std::io::Error>,
}

impl Writer {
    /// Writes an event down; `false` when no more are wanted.
    fn write(&mut self, record: &Record) -> bool {
        if self.left == 0 {
            return false;
        }
        if let Err(error) = writeln!(self.out, "{}", record.line()) {
            self.failed = Some(error);
            return false;
        }
        self.left -= 1;
        self.written += 1;
        self.left > 0
    }
}

/// Sets `stop` at a signal, or when the time is over.
fn stop_when_told(stop: &Arc<AtomicBool>, seconds: Option<u64>) -> anyhow::Result<()> {
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, stop.clone()).context("signals can't be handled")?;
    }
    if let Some(seconds) = seconds {
        let stop = stop.clone();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_secs(seconds));
            stop.store(true, Ordering::Relaxed);
        });
    }
    Ok(())
}
