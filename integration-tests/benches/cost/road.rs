//! How long an alert is on its way to a file.

use std::time::{Duration, Instant};

use lanner_integration_tests::DEADLINE;
use lanner_integration_tests::lanner::Lanner;

use crate::table::Row;

/// How often the time of an alert is taken.
const EVENTS: usize = 100;
/// How often the file is looked at.
const LOOK: Duration = Duration::from_micros(100);

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
