//! How long an alert is on its way to a file, and how many pass in a second.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use lanner_alert::falco::{JsonOptions, TimeFormat};
use lanner_alert::{Alert, Fingerprint, Priority, Value};
use lanner_bus::{Entry, Journal, Settings, system_clock};
use lanner_diagnostic::{SourceId, SourceText};
use lanner_integration_tests::DEADLINE;
use lanner_integration_tests::lanner::Lanner;
use lanner_outputs::Common;
use lanner_router::{DeliverySettings, OutputPolicy, Pipeline, Route, Router, system_jitter};
use tempfile::TempDir;

use crate::cpu;
use crate::table::Row;

/// How often the time of an alert is taken.
const EVENTS: usize = 100;
/// How often the file is looked at.
const LOOK: Duration = Duration::from_micros(100);
/// How often the rate is taken.
const ROUNDS: usize = 5;
/// Alerts of a round.
const ALERTS: usize = 100_000;
/// How long a round may take.
const LIMIT: Duration = Duration::from_secs(300);

/// ms from a syscall to its alert's line in a file.
pub fn latency() -> Row {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let configuration = format!(
        "journal: {{path: {}}}\nfile_output: {{enabled: true, filename: {}}}\n",
        path("journal.db"),
        path("alerts.log")
    );
    std::fs::write(path("lanner.yaml"), configuration).expect("a file");
    let lanner = Lanner::start(path("lanner.yaml").as_ref(), path("log").as_ref());
    let alerts = || {
        let text = std::fs::read_to_string(path("alerts.log")).unwrap_or_default();
        text.lines().filter(|line| line.contains("/etc/shadow")).count()
    };
    let sample = |event: usize| {
        let start = Instant::now();
        std::fs::read("/etc/shadow").expect("root reads it");
        while alerts() <= event {
            assert!(start.elapsed() < DEADLINE, "waited in vain for an alert\n{}", lanner.said());
            std::thread::sleep(LOOK);
        }
        start.elapsed().as_secs_f64() * 1e3
    };
    Row::new("from the event to the line in a file, ms", (0..EVENTS).map(sample).collect())
}

/// Alerts per second from the bus through the journal, as shipped, to a file, and the CPU seconds they take.
pub fn throughput() -> [Row; 2] {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let (rates, costs) = (0..ROUNDS).map(|_| runtime.block_on(pass())).unzip();
    [
        Row::new("from the bus to a file, alerts/s", rates),
        Row::new("from the bus to a file, CPU s per 100,000", costs),
    ]
}

/// A round: alerts per second, and CPU seconds per 100,000 of them.
async fn pass() -> (f64, f64) {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::open(Settings::at(folder.path().join("journal.db")), &["file".to_owned()])
        .expect("the journal opens");
    let policies = vec![OutputPolicy::everything("file")];
    let pipeline = Pipeline::new(Route::all(1), journal.handle().outputs(), policies);
    let outputs = vec![(file(&folder), DeliverySettings::default(), system_jitter())];
    let router = Router::start(journal.handle(), pipeline, outputs).await.expect("the router starts");
    let sender = journal.sender();
    let alerts: Vec<Alert> = (0..ALERTS).map(alert).collect();
    let (start, used) = (Instant::now(), cpu::process());
    let send = move || alerts.into_iter().try_for_each(|alert| sender.send(Entry::Alert(alert)));
    tokio::task::spawn_blocking(send).await.expect("no panic").expect("the journal takes them");
    journal.handle().flush().await.expect("they are accepted");
    let reports = router.stop(LIMIT).await;
    let (elapsed, used) = (start.elapsed().as_secs_f64(), cpu::process() - used);
    let lines = std::fs::read_to_string(folder.path().join("alerts.log")).expect("the file is there");
    assert_eq!((reports[0].sent, lines.lines().count()), (ALERTS as u64, ALERTS), "each is sent once");
    journal.close();
    let alerts = ALERTS as f64;
    (alerts / elapsed, used as f64 / 1e9 / alerts * 1e5)
}

fn file(folder: &TempDir) -> Box<dyn lanner_router::Output> {
    let path = folder.path().join("alerts.log");
    let source = SourceText::new("bench", format!("filename: {}\n", path.display()));
    let nodes = lanner_diagnostic::parse(&source, SourceId::default()).expect("YAML");
    let json = JsonOptions {
        output: true,
        message: false,
        output_fields: true,
        tags: true,
        time_format: TimeFormat::Iso8601,
    };
    let common = Common {
        name: "file".into(),
        hostname: "bench".into(),
        batch: 1,
        json_output: true,
        json,
        zone: TimeZone::UTC,
        templates: Default::default(),
    };
    lanner_outputs::build("file", &nodes[0], &common).expect("the settings are right")
}

/// An alert of the size that the shipped rules make.
fn alert(number: usize) -> Alert {
    let time = system_clock()();
    let fields: BTreeMap<String, Value> = [
        ("container.id", "3c1b0f9a7d52"),
        ("container.image.repository", "registry.example.org/team/web"),
        ("container.name", "web"),
        ("fd.name", "/etc/shadow"),
        ("proc.cmdline", "cat /etc/shadow /etc/passwd /etc/group"),
        ("proc.exepath", "/usr/bin/cat"),
        ("proc.name", "cat"),
        ("proc.pname", "bash"),
        ("user.name", "root"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), Value::Str(value.into())))
    .collect();
    let output = fields.iter().map(|(name, value)| format!("{name}={value} ")).collect::<String>();
    Alert {
        id: uuid::Uuid::now_v7(),
        time,
        rule: "Sensitive file read".into(),
        priority: Priority::Warning,
        source: "syscall".into(),
        hostname: Arc::from("bench"),
        output: format!("A sensitive file was read ({number} {output})"),
        output_fields: fields.clone(),
        tags: vec!["T1003.008".to_owned(), "host".to_owned(), "mitre_credential_access".to_owned()],
        fingerprint: Fingerprint(number as u128),
        count: 1,
        first_seen: time,
        last_seen: time,
        silenced: None,
        route: None,
        facts: fields,
        causes: None,
    }
}
