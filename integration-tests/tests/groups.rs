//! A group in Slack is one message that changes, also when Lanner ends in between.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::tz::TimeZone;
use lanner_alert::falco::{JsonOptions, TimeFormat};
use lanner_alert::{Alert, Priority, Timestamp, Value};
use lanner_bus::{Entry, Journal, Settings};
use lanner_diagnostic::{SourceId, SourceText, parse};
use lanner_integration_tests::slack::{self, Slack, Via};
use lanner_integration_tests::wait_for;
use lanner_outputs::{Common, Templates};
use lanner_router::{
    DeliverySettings, GroupSettings, Output, OutputPolicy, Pipeline, Route, Router, system_jitter,
};
use uuid::Uuid;

fn output(slack: &Slack) -> Box<dyn Output> {
    let text = format!("{{token: {}, api_url: '{}', channel: '#soc'}}", slack::TOKEN, slack.api_url());
    let node = parse(&SourceText::new("test", text), SourceId(0)).expect("it is YAML").remove(0);
    let common = Common {
        name: "soc".into(),
        hostname: "host".into(),
        batch: 1,
        json_output: false,
        json: JsonOptions::new(TimeFormat::Clock(TimeZone::UTC)),
        zone: TimeZone::UTC,
        templates: Templates::default(),
    };
    lanner_outputs::build("slack", &node, &common).expect("the settings are right")
}

/// A router on a journal with a clock that the test sets.
struct Lanner {
    journal: Journal,
    router: Router,
}

impl Lanner {
    async fn start(folder: &Path, slack: &Slack, clock: &Arc<AtomicU64>) -> Lanner {
        let now = clock.clone();
        let mut settings = Settings::at(folder.join("journal.db"));
        settings.clock = Arc::new(move || Timestamp(now.load(Ordering::Relaxed)));
        let journal = Journal::open(settings, &["soc".to_owned()]).expect("it can be opened");
        let group = GroupSettings {
            by: vec!["container.name".to_owned()],
            wait: Duration::from_secs(30),
            interval: Duration::from_secs(300),
            idle: Duration::from_secs(3600),
        };
        let route = Route { group: Some(Arc::new(group)), ..Route::all(1) };
        let policies = vec![OutputPolicy::everything("soc")];
        let pipeline = Pipeline::new(route, journal.handle().outputs(), policies);
        let outputs = vec![(output(slack), DeliverySettings::default(), system_jitter())];
        let router = Router::start(journal.handle(), pipeline, outputs).await.expect("it starts");
        Lanner { journal, router }
    }

    fn send(&self, rule: &str, container: &str) {
        let handle = self.journal.handle();
        let (output, host) = (format!("{rule} happened"), "host".into());
        let fields = BTreeMap::from([("container.name".to_owned(), Value::from(container))]);
        let alert =
            Alert::internal(Uuid::now_v7(), rule, Priority::Error, output, fields, handle.now(), host);
        // Nothing would hold back what Lanner says of itself.
        let alert = Alert { source: "syscall".into(), ..alert };
        self.journal.sender().send(Entry::Alert(alert)).expect("the journal is open");
    }

    /// Ends, with what is due sent and what is held kept.
    async fn stop(self) {
        self.journal.handle().flush().await.expect("the journal is open");
        self.router.stop(Duration::from_secs(30)).await;
        assert_eq!(self.journal.close(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_one_message_that_changes() {
    let (folder, slack) = (tempfile::tempdir().expect("a folder"), Slack::start());
    let clock = Arc::new(AtomicU64::new(1_700_000_000_000_000_000));
    let pass = |seconds: u64| clock.fetch_add(seconds * 1_000_000_000, Ordering::Relaxed);

    let lanner = Lanner::start(folder.path(), &slack, &clock).await;
    (0..3).for_each(|_| lanner.send("Shell", "web"));
    lanner.stop().await;
    assert_eq!(slack.messages(Via::PostMessage).len(), 0, "it waits for what comes together");

    pass(31);
    let lanner = Lanner::start(folder.path(), &slack, &clock).await;
    let heading = |message: &serde_json::Value| {
        message["blocks"][0]["text"]["text"].as_str().unwrap_or_default().to_owned()
    };
    let sent = |via, count| {
        let messages = || Some(slack.messages(via)).filter(|messages| messages.len() == count);
        wait_for("the message", messages, || format!("{:?}", slack.refused()))
    };
    assert_eq!(heading(&sent(Via::PostMessage, 1)[0]), "🟠 3 alerts: container.name=web");
    lanner.send("Sensitive file read", "web");
    lanner.send("Shell", "web");
    lanner.stop().await;

    pass(300);
    let lanner = Lanner::start(folder.path(), &slack, &clock).await;
    let update = sent(Via::Update, 1).remove(0);
    assert_eq!(heading(&update), "🟠 5 alerts, 2 new: container.name=web");
    assert_eq!((&update["channel"], &update["ts"]), (&"C0".into(), &"1700000000.000001".into()));
    lanner.stop().await;
    assert_eq!((slack.messages(Via::PostMessage).len(), slack.refused()), (1, Vec::new()));
}
