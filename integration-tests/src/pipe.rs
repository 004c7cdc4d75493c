//! Lanner from the bus on, in a process of its own: journal, stages and outputs, fed with made alerts in place of what a
//! detector finds. It can be killed and measured, and needs neither root nor a kernel with BTF.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::process::Running;

/// What such a process does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Plan {
    /// The journal's database.
    pub journal: PathBuf,
    /// The journal's bound in bytes; as shipped without it.
    pub max_size: Option<u64>,
    /// The journal's bound in time; as shipped without it.
    pub max_age: Option<Duration>,
    /// How far its clock is ahead of the system's.
    pub ahead: Duration,
    /// Its outputs.
    pub outputs: Vec<PipeOutput>,
    /// What makes an alert of several, of the rule [`REPEATED`].
    pub correlate: Option<Repeated>,
    /// Matchers of alerts that are silenced.
    pub silence: Vec<String>,
    /// An inhibition: matchers of the source, of the target, and fields that are equal.
    pub inhibit: Option<[Vec<String>; 3]>,
    /// What it is fed.
    pub feed: Feed,
    /// It dies in its so manieth write to the journal's files, half of which is written.
    pub die_at_write: Option<u64>,
}

impl Plan {
    /// One output, with the journal as it is shipped.
    pub fn shipped(journal: &Path, output: PipeOutput, feed: Feed) -> Plan {
        Plan {
            journal: journal.to_owned(),
            max_size: None,
            max_age: None,
            ahead: Duration::ZERO,
            outputs: vec![output],
            correlate: None,
            silence: Vec::new(),
            inhibit: None,
            feed,
            die_at_write: None,
        }
    }
}

/// An output, and what the stages do for it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct PipeOutput {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// Its settings, as YAML.
    pub settings: String,
    /// Most notifications of one request.
    pub batch: usize,
    /// Whether it gets what is silenced, too.
    pub audit: bool,
    /// The window in which the same is counted.
    pub dedup: Option<Duration>,
    /// Its rate.
    pub limit: Option<PipeLimit>,
    /// How often it gets a digest instead.
    pub digest: Option<Duration>,
    /// How long what has the same container waits to be grouped, and how far a group's notifications are apart.
    pub group: Option<(Duration, Duration)>,
    /// Failures in a row after which it is only probed, and how long that waits; as shipped without it.
    pub breaker: Option<(u32, Duration)>,
}

/// A rate.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PipeLimit {
    /// The fields whose values have a rate each.
    pub per: Vec<String>,
    /// One notification in this time.
    pub period: Duration,
    /// So many at once.
    pub burst: u32,
    /// When what was withheld is summed up.
    pub summary: Duration,
}

/// A correlation of so many alerts, however far apart.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Repeated {
    /// What is true of each.
    pub matchers: Vec<String>,
    /// The field of which they have the same value.
    pub by: String,
    /// How many.
    pub count: usize,
}

/// The rule of what a correlation makes.
pub const REPEATED: &str = "repeated";

/// The alerts that are made.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Feed {
    /// How many; without it, until it is killed.
    pub count: Option<u64>,
    /// So many different ones: the same come again in turn.
    pub keys: u64,
    /// How many in a second; as many as can be without it.
    pub per_second: Option<u64>,
    /// A file in which the ids are written down, a line each, as soon as they are accepted; so many are sent at a time
    /// that the next wait for that, at most.
    pub accepted: Option<(PathBuf, u64)>,
    /// Whether it stops when it was fed, once all has been sent; else it stays until it is killed.
    pub drain: bool,
}

/// What the process says when it has stopped.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PipeReport {
    /// Seconds from the first alert until the last was sent.
    pub seconds: f64,
    /// CPU seconds that all its threads used in that time, without making the alerts.
    pub cpu: f64,
    /// Notifications that wait for an output.
    pub pending: u64,
}

/// What it says when it has sent the last of its alerts to the bus and they are accepted.
pub const FED: &str = "all was fed";

/// A running process.
pub struct Pipe {
    running: Running,
    report: PathBuf,
}

impl Pipe {
    /// Starts one in a folder. `program` is the binary `pipe`, as cargo names it to tests and benchmarks, or what starts
    /// that with two arguments more.
    ///
    /// # Panics
    /// Where it can't be started.
    pub fn start(mut program: Command, folder: &Path, plan: &Plan) -> Pipe {
        let path = folder.join("plan.json");
        std::fs::write(&path, serde_json::to_vec(plan).expect("a plan is JSON"))
            .expect("the plan is written");
        let report = folder.join("report.json");
        // What an earlier one said is not this one's.
        let _ = std::fs::remove_file(&report);
        let log = folder.join("log");
        let _ = std::fs::remove_file(&log);
        let running = Running::start(program.arg(&path).arg(&report), &log);
        Pipe { running, report }
    }

    /// The process.
    pub fn process(&mut self) -> &mut Running {
        &mut self.running
    }

    /// What it said.
    pub fn said(&self) -> String {
        self.running.said()
    }

    /// Waits until it has stopped by itself; what it says.
    ///
    /// # Panics
    /// Where it fails.
    pub fn stopped(mut self) -> PipeReport {
        let status = self.running.wait();
        assert!(status.success(), "{status}: {}", self.running.said());
        let report = std::fs::read(&self.report).expect("it reports");
        serde_json::from_slice(&report).expect("a report")
    }

    /// The most memory that it had resident so far, in bytes.
    ///
    /// # Panics
    /// Where it has gone.
    pub fn resident_most(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.running.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the kernel says it");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
    }
}
