//! What the peers were measured by, in any size: a rate, an outage, a kill, a slow receiver, many different alerts, a storm.
//! After each, every alert is looked up at the receiver and in the journal.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use lanner_bus::{Beside, Fate, Filter, State, Stats, system_clock};
use tempfile::TempDir;
use uuid::Uuid;

use crate::pipe::{FED, Feed, Pipe, PipeLimit, PipeOutput, PipeReport, Plan};
use crate::receiver::{Mood, Receiver};
use crate::slack::{Slack, Via};
use crate::wait_within;

/// Most notifications of one request, as Alertmanager was measured.
pub const BATCH: usize = 100;
/// The window of dedup in the shipped configuration.
const WINDOW: Duration = Duration::from_secs(300);
/// How long a run may take.
const PATIENCE: Duration = Duration::from_secs(900);

/// A process with one output as the shipped configuration has it, and its receiver.
pub struct Stand {
    program: PathBuf,
    folder: TempDir,
    receiver: Receiver,
    plan: Plan,
}

/// What became of the alerts of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Alerts that were accepted.
    pub accepted: u64,
    /// Those that never came.
    pub lost: u64,
    /// Second copies that came.
    pub again: u64,
    /// Most memory that was resident, in bytes.
    pub resident: u64,
}

impl Stand {
    /// A receiver that is up, and a plan to send it so many different alerts. `program` is the binary `pipe`.
    ///
    /// # Panics
    /// Where it can't be set up.
    pub fn new(program: &str, alerts: u64, per_second: Option<u64>) -> Stand {
        let folder = tempfile::tempdir().expect("a folder");
        let receiver = Receiver::start(false, 0);
        let output = PipeOutput {
            name: "collector".to_owned(),
            kind: "http".to_owned(),
            settings: format!("url: {}\n", receiver.url()),
            batch: BATCH,
            dedup: Some(WINDOW),
            ..PipeOutput::default()
        };
        let feed = Feed { count: Some(alerts), keys: alerts, per_second, accepted: None, drain: false };
        let plan = Plan::shipped(&folder.path().join("journal.db"), output, feed);
        Stand { program: program.into(), folder, receiver, plan }
    }

    /// Has it fail as often as that before it is only probed, and probed as often as that: for runs that are short.
    #[must_use]
    pub fn with_breaker(mut self, failures: u32, pause: Duration) -> Stand {
        self.plan.outputs[0].breaker = Some((failures, pause));
        self
    }

    fn start(&self) -> Pipe {
        Pipe::start(Command::new(&self.program), self.folder.path(), &self.plan)
    }

    /// Sends all as fast as it can be; how that went.
    ///
    /// # Panics
    /// Where one doesn't come exactly once.
    pub fn rate(mut self) -> PipeReport {
        self.plan.feed.drain = true;
        let report = self.start().stopped();
        let outcome = self.outcome(0);
        assert_eq!((report.pending, outcome.lost, outcome.again), (0, 0, 0), "each is sent once");
        report
    }

    /// Sends all to a receiver that does so as long as they come, and is then up.
    ///
    /// # Panics
    /// Where it doesn't take them then.
    pub fn with_receiver(mut self, mood: Mood) -> Outcome {
        self.receiver.set(mood);
        let pipe = self.start();
        wait_within(PATIENCE, FED, || pipe.said().contains(FED).then_some(()), || pipe.said());
        self.receiver.set(Mood::Up);
        self.wait_all(&pipe);
        let resident = pipe.resident_most();
        drop(pipe);
        self.drain();
        self.outcome(resident)
    }

    /// Kills it when so many are accepted, and starts it again; what was in flight is among the second copies.
    ///
    /// # Panics
    /// Where it doesn't come so far, or something came twice that wasn't sent last before the kill.
    pub fn killed_after(mut self, accepted: usize) -> Outcome {
        let path = self.folder.path().join("accepted");
        self.plan.feed.accepted = Some((path.clone(), BATCH as u64));
        let written = || std::fs::read_to_string(&path).unwrap_or_default();
        let mut pipe = self.start();
        let enough = || (written().lines().count() >= accepted).then_some(());
        wait_within(PATIENCE, "alerts to be accepted", enough, || pipe.said());
        let resident = pipe.resident_most();
        pipe.process().kill();
        self.receiver.settle();
        let before = self.receiver.got(0);
        self.drain();
        let after = self.receiver.got(before.len());
        let first: HashSet<Uuid> = before.iter().map(|got| got.id).collect();
        let again = after.iter().take_while(|got| first.contains(&got.id)).count();
        let tail = &before[before.len() - again..];
        assert_eq!(&after[..again], tail, "what comes twice is what was sent last");
        let outcome = self.outcome(resident);
        assert_eq!(outcome.again, again as u64, "what comes twice comes first");
        let came: HashSet<Uuid> = before.iter().chain(&after).map(|got| got.id).collect();
        let lost = written().lines().filter(|id| !came.contains(&id.parse().expect("an id"))).count();
        Outcome { lost: outcome.lost + lost as u64, ..outcome }
    }

    /// Waits until all that is fed was sent, and the journal knows it: what is killed before that sends it again.
    fn wait_all(&self, pipe: &Pipe) {
        let all = self.plan.feed.count.unwrap_or(0);
        let sent = || {
            let stats = Stats::read(&self.plan.journal, system_clock()()).expect("the journal");
            let sent = stats.outputs.iter().all(|output| output.sent >= all && output.pending == 0);
            (sent && stats.cursor == stats.accepted).then_some(())
        };
        wait_within(PATIENCE, "alerts to be sent", sent, || pipe.said());
    }

    /// Sends what is left.
    fn drain(&mut self) {
        self.plan.feed = Feed { count: Some(0), drain: true, ..Feed::default() };
        // What was put off is due; what is dedup's business isn't forgotten.
        self.plan.ahead += WINDOW / 2;
        let report = self.start().stopped();
        assert_eq!(report.pending, 0, "nothing is left");
        self.receiver.settle();
    }

    /// What the receiver and the journal say. Alerts of Lanner's own count as others do.
    fn outcome(&self, resident: u64) -> Outcome {
        let mut came: HashMap<Uuid, u64> = HashMap::new();
        for got in self.receiver.got(0) {
            *came.entry(got.id).or_default() += 1;
        }
        let journal = Beside::read(&self.plan.journal).expect("the journal");
        let mut history = journal.history(Filter::default()).expect("a history");
        let (mut accepted, mut lost) = (0, 0);
        while let Some(page) = history.page().expect("a page") {
            for accept in page {
                accepted += 1;
                let id = accept.alert.expect("it can be read").id;
                let accounted = match &accept.fates[..] {
                    [Fate { state: State::Sent { .. }, .. }] => came.contains_key(&id),
                    // One of Lanner's own that came again, such as that an output fails.
                    [Fate { state: State::Kept { .. }, .. }] => true,
                    _ => false,
                };
                lost += u64::from(!accounted);
            }
        }
        let again = came.values().map(|times| times - 1).sum();
        Outcome { accepted, lost, again, resident }
    }
}

/// What came of a storm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Storm {
    /// Messages that reached Slack.
    pub messages: u64,
    /// How many the limits allow in the time it took.
    pub allowed: u64,
    /// The sum of what the messages say they stand for.
    pub counted: u64,
}

/// Storms that many alerts, of so many different ones, at Slack, with dedup as shipped and a limit.
///
/// # Panics
/// Where Slack refuses a message.
pub fn storm(program: &str, alerts: u64, keys: u64) -> Storm {
    const BURST: u32 = 20;
    const PERIOD: Duration = Duration::from_secs(6);
    const SUMMARY: Duration = Duration::from_secs(60);
    // One life for the storm; one for what dedup then holds, and one for what the limit does, when that is due.
    const LATER: Duration = WINDOW.saturating_mul(2);
    let folder = tempfile::tempdir().expect("a folder");
    let slack = Slack::start();
    let limit = PipeLimit { per: Vec::new(), period: PERIOD, burst: BURST, summary: SUMMARY };
    let output = PipeOutput {
        name: "chat".to_owned(),
        kind: "slack".to_owned(),
        settings: format!("webhook_url: {}\ntitle: '{{{{ count }}}}'\n", slack.webhook_url()),
        batch: 1,
        dedup: Some(WINDOW),
        limit: Some(limit),
        ..PipeOutput::default()
    };
    let feed = Feed { count: Some(alerts), keys, drain: true, ..Feed::default() };
    let mut plan = Plan::shipped(&folder.path().join("journal.db"), output, feed);
    let mut allowed = 0;
    for _ in 0..3 {
        let report = Pipe::start(Command::new(program), folder.path(), &plan).stopped();
        assert_eq!(report.pending, 0, "Slack has what was let through");
        let times = |every: Duration| (report.seconds / every.as_secs_f64()) as u64 + 1;
        allowed += u64::from(BURST) + times(PERIOD) + times(SUMMARY);
        plan.feed.count = Some(0);
        plan.ahead += LATER;
    }
    assert_eq!(slack.refused(), Vec::<String>::new(), "Slack takes the messages");
    let messages = slack.messages(Via::Webhook);
    let count = |message: &serde_json::Value| -> u64 {
        let title = message["blocks"][0]["text"]["text"].as_str().expect("a title");
        title.parse().expect("a count")
    };
    let counted = messages.iter().map(count).sum();
    Storm { messages: messages.len() as u64, allowed, counted }
}
