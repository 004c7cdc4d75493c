//! The process of `lanner_integration_tests::pipe`: `pipe PLAN REPORT`.

mod fault;
mod feed;
mod outputs;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use lanner_alert::{AlertFormat, Calendar, Correlation, Matcher, Pattern, Priority, Silence};
use lanner_bus::{Journal, OpenError, Settings, system_clock};
use lanner_integration_tests::cpu;
use lanner_integration_tests::pipe::{FED, PipeReport, Plan, REPEATED, Repeated};
use lanner_router::{Correlate, Inhibit, InhibitRule, Pipeline, Router, Silences};

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// How long sending what is left may take.
const DRAIN_MAX: Duration = Duration::from_secs(600);
/// Longer than any test goes on.
const FOR_EVER: Duration = Duration::from_hours(10_000);
/// How often it is looked whether a full disk has room.
const FULL_DISK_RETRY: Duration = Duration::from_millis(50);

fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn start() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_ansi(false).with_writer(std::io::stderr).init();
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (plan, report) = (arguments.next().ok_or("which plan?")?, arguments.next().ok_or("which report?")?);
    let plan: Plan = serde_json::from_slice(&std::fs::read(plan)?)?;
    if let Some(nth) = plan.die_at_write {
        fault::die_at_write(nth);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let said = runtime.block_on(run(plan))?;
    std::fs::write(report, serde_json::to_vec(&said)?)?;
    Ok(())
}

async fn run(plan: Plan) -> Result<PipeReport, Box<dyn Error>> {
    let names: Vec<String> = plan.outputs.iter().map(|output| output.name.clone()).collect();
    let journal = open(&plan, &names)?;
    let policies = plan.outputs.iter().map(outputs::policy).collect();
    let silences = match &plan.silence[..] {
        [] => Vec::new(),
        texts => vec![Silence {
            name: "expected".into(),
            matchers: matchers(texts)?,
            from: None,
            until: None,
            times: Calendar::default(),
        }],
    };
    let mut inhibit = Vec::new();
    if let Some([source, target, equal]) = &plan.inhibit {
        let (source, target) = (matchers(source)?, matchers(target)?);
        inhibit.push(InhibitRule { source, target, equal: equal.clone(), lasts: FOR_EVER });
    }
    let pipeline = Pipeline::new(outputs::route(&plan.outputs), journal.handle().outputs(), policies)
        .with_correlations(Correlate::new(plan.correlate.iter().map(repeated).collect::<Result<_, _>>()?))
        .with_silences(Silences::new(silences, TimeZone::UTC))
        .with_mark(Inhibit::new(inhibit));
    let outputs = plan.outputs.iter().map(outputs::build).collect::<Result<_, _>>()?;
    let router = Router::start(journal.handle(), pipeline, outputs).await?;
    let (start, used) = (Instant::now(), cpu::process());
    let making = feed::feed(&plan.feed, &journal).await?;
    println!("{FED}");
    if !plan.feed.drain {
        std::future::pending::<()>().await;
    }
    let reports = router.stop(DRAIN_MAX).await;
    let (seconds, cpu) = (start.elapsed().as_secs_f64(), cpu::process() - used - making);
    let pending =
        reports.iter().map(|report| report.pending.unwrap_or(u64::MAX)).fold(0, u64::saturating_add);
    let uncommitted = journal.close();
    if uncommitted > 0 {
        return Err(format!("{uncommitted} entries could not be committed").into());
    }
    Ok(PipeReport { seconds, cpu, pending })
}

/// Opens the journal, as soon as there is room for it.
fn open(plan: &Plan, names: &[String]) -> Result<Journal, OpenError> {
    let mut settings = Settings::at(&plan.journal);
    settings.max_size = plan.max_size.unwrap_or(settings.max_size);
    settings.max_age = plan.max_age.unwrap_or(settings.max_age);
    let (clock, ahead) = (system_clock(), plan.ahead);
    settings.clock = Arc::new(move || clock().after(ahead));
    loop {
        match Journal::open(settings.clone(), names) {
            Err(error @ OpenError::Full { .. }) => {
                eprintln!("{error}");
                std::thread::sleep(FULL_DISK_RETRY);
            }
            opened => return opened,
        }
    }
}

fn repeated(repeated: &Repeated) -> Result<Correlation, Box<dyn Error>> {
    let mut output = AlertFormat::default();
    output.push_text("again and again");
    Ok(Correlation {
        name: REPEATED.into(),
        desc: String::new(),
        pattern: Pattern::Threshold { matchers: matchers(&repeated.matchers)?, count: repeated.count },
        by: vec![repeated.by.clone()],
        within: FOR_EVER,
        output,
        priority: Priority::Critical,
        tags: Vec::new(),
    })
}

fn matchers(texts: &[String]) -> Result<Vec<Matcher>, Box<dyn Error>> {
    texts.iter().map(|text| Ok(text.parse::<Matcher>()?)).collect()
}
