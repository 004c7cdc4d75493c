//! Without a command: watch this host until stopped.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::ArgMatches;
use lanner_bus::Journal;
use lanner_detector::source::SourceError;
use lanner_detector::source::live::Live;
use lanner_detector::{Detector, Report};
use lanner_diagnostic::{Renderer, Severity, plain};
use lanner_router::Router;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot::{self, error::RecvError};

use crate::report::count;
use crate::wire::{self, Prepared};
use crate::{banner, cli, internal, log, report};

/// How long outputs may take to send what is left when Lanner stops.
const DRAIN: Duration = Duration::from_secs(5);

/// Reads everything, starts everything, and runs until stopped.
pub fn run(matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let prepared = wire::prepare(&cli::options(matches), false);
    log::start(prepared.loaded.settings.log_level);
    say(&prepared);
    let errors = prepared.loaded.count(Severity::Error);
    if errors > 0 {
        bail!("nothing is started, because of {}", count(errors, "error"));
    }
    if prepared.rules.enabled() == 0 {
        bail!("no rule is loaded: name rules files that exist in `rules_files`, or with -r");
    }
    // What the kernel captures from here on is kept in the ring buffer until the detector runs.
    let settings = &prepared.loaded.settings;
    let rules = &prepared.rules;
    let live = wire::capture::start(settings, wire::capture::watched(settings, rules).iter(), rules.asked())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(watch(prepared, live))
}

/// Warnings and notes go to the log; errors are shown with their source lines.
fn say(prepared: &Prepared) {
    let renderer = Renderer { colour: std::io::stderr().is_terminal() };
    let sources = &prepared.loaded.sources;
    for diagnostic in &prepared.loaded.diagnostics {
        match diagnostic.severity {
            Severity::Error => eprintln!("{}\n", renderer.render(diagnostic, sources)),
            Severity::Warning => tracing::warn!("{}", plain(diagnostic, sources)),
            Severity::Note => tracing::info!("{}", plain(diagnostic, sources)),
        }
    }
}

async fn watch(mut prepared: Prepared, live: Live) -> anyhow::Result<ExitCode> {
    let settings = &prepared.loaded.settings;
    let journal = wire::open_journal(settings)?;
    let outputs = std::mem::take(&mut prepared.outputs);
    let (route, redactors) = (std::mem::take(&mut prepared.route), std::mem::take(&mut prepared.redactors));
    let router = wire::start_router(settings, &journal, &prepared.rules, route, outputs, redactors).await?;
    let sender = journal.sender();
    let detector = wire::detector(settings, &prepared.rules, journal.held(), &sender)?;
    eprint!("{}", banner::banner(&prepared, live.coverage()));
    let host = wire::hostname(settings);
    tell(&journal, internal::blind(&host, live.coverage()));
    let stop = Arc::new(AtomicBool::new(false));
    let (done, mut finished) = oneshot::channel();
    let stopped = stop.clone();
    let thread = std::thread::Builder::new()
        .name("lanner-detector".to_owned())
        .spawn(move || drop(done.send(detect(detector, live, &stopped, &sender))))
        .context("the detector's thread can't be started")?;
    let ended = until_stopped(&router, &mut finished).await?;
    stop.store(true, Ordering::Relaxed);
    let result = match ended {
        Some(result) => result,
        None => reported(until_ended(&mut finished, &journal).await),
    };
    // The thread has sent its report, which is the last thing it does.
    let _ = thread.join();
    tell(&journal, Some(internal::stops(&host, result.as_ref().err())));
    // What was handed over last is to be routed, too. Where it can't be journaled, closing says so.
    let _ = tokio::time::timeout(DRAIN, journal.handle().flush()).await;
    let outputs = router.stop(DRAIN).await;
    let uncommitted = journal.close();
    let (report, code) = match result {
        Ok(report) => (report, ExitCode::SUCCESS),
        Err(error) => {
            tracing::error!("{error}");
            (Report::default(), ExitCode::FAILURE)
        }
    };
    eprint!("{}", report::report(&report, &outputs, &prepared.templates, uncommitted));
    Ok(code)
}

/// Has an alert of Lanner's own accepted, where there is one.
fn tell(journal: &Journal, alert: Option<internal::Internal>) {
    if let Some(alert) = alert {
        let told = journal.handle().tell(alert.rule, alert.priority, alert.output, Default::default());
        if let Err(error) = told {
            tracing::error!(%error, rule = alert.rule, "the alert can't be kept");
        }
    }
}

type Detected = Result<Report, SourceError>;

fn detect(detector: Detector, mut live: Live, stop: &AtomicBool, sender: &lanner_bus::Sender) -> Detected {
    detector.run(&mut live, stop, &mut |outcome| sender.send(wire::entry(outcome)).is_ok())
}

/// What the detector's thread said last; nothing where it panicked.
fn reported(said: Result<Detected, RecvError>) -> anyhow::Result<Report> {
    Ok(said.context("the detector ended without a report")??)
}

/// Waits for the detector to end. Where the journal can't be written, it may wait for room in the channel that
/// doesn't come, until the journal takes nothing more.
async fn until_ended(
    finished: &mut oneshot::Receiver<Detected>,
    journal: &Journal,
) -> Result<Detected, RecvError> {
    if let Ok(ended) = tokio::time::timeout(DRAIN, &mut *finished).await {
        return ended;
    }
    journal.shut();
    finished.await
}

/// Waits for a signal to stop, or for the detector to end by itself.
async fn until_stopped(
    router: &Router,
    finished: &mut oneshot::Receiver<Detected>,
) -> anyhow::Result<Option<anyhow::Result<Report>>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut reopen = signal(SignalKind::user_defined1())?;
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(None),
            _ = interrupt.recv() => return Ok(None),
            _ = reopen.recv() => router.reopen(),
            result = &mut *finished => return Ok(Some(reported(result))),
        }
    }
}
