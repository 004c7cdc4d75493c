//! From the channel to the outputs, as Lanner runs it.

use std::time::Duration;

use crate::common::{Answer, Receiver, alert, until};
use jiff::tz::TimeZone;
use lanner_alert::{Calendar, Kind, Notification, Priority, Schedule, Silence, Timestamp};
use lanner_bus::{Beside, Entry, Fate, Journal, MadeSilence, MadeTimes, Settings, State, Which};
use lanner_router::{
    BreakerSettings, DigestSettings, OutputPolicy, OutputReport, Pipeline, Route, Router, Silences,
};
use tempfile::TempDir;

const STOP: Duration = Duration::from_secs(10);

struct Running {
    journal: Journal,
    router: Router,
}

/// Starts a router that sends everything to receivers `0`, `1`…, except as the policy says.
async fn start(
    dir: &TempDir,
    receivers: &[(&Receiver, usize)],
    policy: impl Fn(&mut OutputPolicy),
) -> Running {
    let names: Vec<String> = (0..receivers.len()).map(|at| at.to_string()).collect();
    let policies = names.iter().map(|name| {
        let mut own = OutputPolicy::everything(name);
        policy(&mut own);
        own
    });
    let journal = Journal::open(Settings::at(dir.path().join("journal.db")), &names).unwrap();
    let handle = journal.handle();
    let expected = Silence {
        name: "expected".into(),
        matchers: vec!["rule = expected".parse().unwrap()],
        from: None,
        until: None,
        times: Calendar::default(),
    };
    let pipeline = Pipeline::new(Route::all(names.len()), handle.outputs(), policies.collect())
        .with_silences(Silences::new(vec![expected], TimeZone::UTC));
    let outputs = receivers.iter().map(|(receiver, batch)| receiver.output(*batch)).collect();
    let router = Router::start(handle, pipeline, outputs).await.unwrap();
    Running { journal, router }
}

impl Running {
    fn send(&self, rule: &str, count: usize) -> Vec<lanner_alert::AlertId> {
        let sender = self.journal.sender();
        let send = |_| {
            let alert = alert(rule, Priority::Warning);
            let id = alert.id;
            sender.send(Entry::Alert(alert)).unwrap();
            id
        };
        (0..count).map(send).collect()
    }

    async fn stop(self, limit: Duration) -> Vec<OutputReport> {
        self.journal.handle().flush().await.unwrap();
        let reports = self.router.stop(limit).await;
        assert_eq!(self.journal.close(), 0);
        reports
    }
}

fn digest(every: Duration, immediate_from: Option<Priority>) -> DigestSettings {
    DigestSettings { schedule: Schedule::Every(every), zone: TimeZone::UTC, immediate_from }
}

#[tokio::test]
async fn everything_arrives_once_and_in_order() {
    let dir = TempDir::new().unwrap();
    let (single, batched) = (Receiver::new(Answer::Take), Receiver::new(Answer::Take));
    let running = start(&dir, &[(&single, 1), (&batched, 100)], |_| {}).await;
    let ids = running.send("rule", 500);
    let reports = running.stop(STOP).await;
    assert_eq!(single.ids(), ids);
    assert_eq!(batched.ids(), ids);
    for report in reports {
        assert_eq!((report.sent, report.retried, report.refused, report.pending), (500, 0, 0, Some(0)));
    }
}

#[tokio::test]
async fn one_outputs_trouble_is_no_others() {
    for trouble in [Answer::Retry, Answer::Panic, Answer::Hang, Answer::Block] {
        let dir = TempDir::new().unwrap();
        let (bad, good) = (Receiver::new(trouble), Receiver::new(Answer::Take));
        let running = start(&dir, &[(&bad, 10), (&good, 10)], |_| {}).await;
        let ids = running.send("rule", 50);
        good.wait(50).await;
        let reports = running.stop(Duration::from_millis(300)).await;
        assert_eq!((reports[0].sent, reports[0].pending), (0, Some(50)));
        assert_eq!((reports[1].sent, reports[1].pending), (50, Some(0)));

        // The next run sends what the last one couldn't, in order.
        let healed = Receiver::new(Answer::Take);
        let running = start(&dir, &[(&healed, 10), (&good, 10)], |_| {}).await;
        running.stop(STOP).await;
        assert_eq!(healed.ids(), ids);
        assert_eq!(good.ids(), ids);
    }
}

#[tokio::test]
async fn an_output_that_heals_gets_everything() {
    for trouble in [Answer::Retry, Answer::Panic, Answer::Hang] {
        let dir = TempDir::new().unwrap();
        let receiver = Receiver::new(trouble);
        let running = start(&dir, &[(&receiver, 10)], |_| {}).await;
        let ids = running.send("rule", 25);
        while receiver.attempts.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        *receiver.answer.lock().unwrap() = Answer::Take;
        receiver.wait(25).await;
        assert_eq!(receiver.ids(), ids);
        running.stop(STOP).await;
    }
}

#[tokio::test]
async fn what_is_refused_takes_nothing_along() {
    let dir = TempDir::new().unwrap();
    let receiver = Receiver::new(Answer::RefuseBad);
    let running = start(&dir, &[(&receiver, 10)], |_| {}).await;
    let mut ids = running.send("good", 3);
    running.send("bad", 2);
    ids.extend(running.send("good", 20));
    let reports = running.stop(STOP).await;
    assert_eq!(receiver.ids(), ids);
    assert_eq!((reports[0].sent, reports[0].refused, reports[0].pending), (23, 2, Some(0)));
    let db = rusqlite::Connection::open(dir.path().join("journal.db")).unwrap();
    let answer: String =
        db.query_row("SELECT DISTINCT answer FROM dead_letters", [], |row| row.get(0)).unwrap();
    assert_eq!(answer, "bad\\nbatch");
}

#[tokio::test]
async fn an_open_circuit_is_probed_and_told_of_each_way() {
    let dir = TempDir::new().unwrap();
    let (bad, good) = (Receiver::new(Answer::Retry), Receiver::new(Answer::Take));
    let names = ["0".to_owned(), "1".to_owned()];
    let journal = Journal::open(Settings::at(dir.path().join("journal.db")), &names).unwrap();
    let handle = journal.handle();
    let policies = names.iter().map(|name| OutputPolicy::everything(name)).collect();
    let pipeline = Pipeline::new(Route::all(2), handle.outputs(), policies);
    let mut outputs = vec![bad.output(10), good.output(10)];
    outputs[0].1.breaker = BreakerSettings { failures: 1, pause: Duration::from_millis(2) };
    // The worker finds all of these at once.
    let running = Running { router: Router::start(handle, pipeline, Vec::new()).await.unwrap(), journal };
    let mut ids = running.send("rule", 25);
    let journal = running.journal;
    journal.handle().flush().await.unwrap();
    running.router.stop(STOP).await;
    let handle = journal.handle();
    let policies = names.iter().map(|name| OutputPolicy::everything(name)).collect();
    let pipeline = Pipeline::new(Route::all(2), handle.outputs(), policies);
    let running = Running { router: Router::start(handle, pipeline, outputs).await.unwrap(), journal };

    // The circuit opens at the first batch; then there are probes, and the other output is told.
    good.wait(26).await;
    until(|| bad.attempts.lock().unwrap().len() >= 4).await;
    assert_eq!(bad.attempts.lock().unwrap()[..4], [10, 1, 1, 1]);
    *bad.answer.lock().unwrap() = Answer::Take;
    // The first to go through closes it, and the rest follows in batches.
    good.wait(27).await;
    let reports = running.stop(STOP).await;
    let told: Vec<_> = good.got.lock().unwrap()[25..].iter().map(|it| it.alerts[0].clone()).collect();
    let outputs: Vec<&str> = told.iter().map(|alert| &*alert.output).collect();
    assert_eq!(
        outputs,
        [
            "The output 0 fails; what it is owed is kept: away",
            "The output 0 delivers again; what waited is sent"
        ]
    );
    assert_eq!(told[0].field("lanner.cause"), "away".into());
    ids.extend(told.iter().map(|alert| alert.id));
    let (mut got, mut all) = (bad.ids(), ids);
    got.sort();
    all.sort();
    assert!(got.iter().all(|id| all.contains(id)), "nothing else arrives");
    assert_eq!(reports[0].pending, Some(all.len() as u64 - got.len() as u64));
    assert_eq!((reports[0].failing, reports[1].failing), (false, false));
}

#[tokio::test]
async fn dead_letters_are_sent_again_while_the_router_runs() {
    let dir = TempDir::new().unwrap();
    let receiver = Receiver::new(Answer::RefuseBad);
    let running = start(&dir, &[(&receiver, 10)], |_| {}).await;
    let bad = running.send("bad", 2);
    let good = running.send("good", 1);
    receiver.wait(1).await;
    let path = dir.path().join("journal.db");
    until(|| Beside::read(&path).unwrap().dead_letters(None, 0, 10).unwrap().len() >= 2).await;
    *receiver.answer.lock().unwrap() = Answer::Take;
    let again = Beside::ask(&path).unwrap().retry_dead_letters(Which::All { output: None }).unwrap();
    assert_eq!(again, 2);
    receiver.wait(3).await;
    assert_eq!(receiver.ids(), [good, bad].concat());
    running.stop(STOP).await;
}

#[tokio::test]
async fn accepted_alerts_are_sent_again_to_one_output() {
    let dir = TempDir::new().unwrap();
    let (one, two) = (Receiver::new(Answer::Take), Receiver::new(Answer::Take));
    let running = start(&dir, &[(&one, 100), (&two, 100)], |_| {}).await;
    let ids = running.send("rule", 1500);
    one.wait(1500).await;
    let mut beside = Beside::ask(&dir.path().join("journal.db")).unwrap();
    let end = Timestamp(i64::MAX as u64);
    assert_eq!(beside.accepted_between(Timestamp(0), end).unwrap(), 1500);
    assert!(!beside.replay("2", Timestamp(0), end).unwrap(), "there is no such output");
    assert!(beside.replay("0", Timestamp(0), end).unwrap());
    assert!(beside.replay("0", end, end).unwrap(), "of a time in which there are none");
    one.wait(3000).await;
    running.stop(STOP).await;
    assert_eq!(one.ids(), [ids.clone(), ids.clone()].concat());
    assert_eq!(two.ids(), ids);
    let got = one.got.lock().unwrap();
    let tagged = |item: &Notification| item.alerts[0].tags == ["replayed"];
    assert!(got[1500..].iter().all(tagged) && !got[..1500].iter().any(tagged));
    let left = Beside::read(&dir.path().join("journal.db")).unwrap();
    assert!(left.accepted(1).unwrap().unwrap().fates.len() == 3, "sent to both, and again to one");
}

#[tokio::test]
async fn a_wait_that_the_receiver_asks_for_is_kept() {
    let dir = TempDir::new().unwrap();
    let receiver = Receiver::new(Answer::RetryInAnHour);
    let running = start(&dir, &[(&receiver, 10)], |_| {}).await;
    running.send("rule", 1);
    let beside = Beside::read(&dir.path().join("journal.db")).unwrap();
    let waits = || match &beside.accepted(1).unwrap()?.fates[..] {
        [Fate { state: State::Waiting { attempts: 1, not_before, cause }, .. }] => {
            Some((*not_before, cause.clone()))
        }
        _ => None,
    };
    let asked = running.journal.handle().now().after(Duration::from_secs(3600));
    until(|| waits().is_some()).await;
    let (not_before, cause) = waits().unwrap();
    assert!(not_before >= asked && cause.as_deref() == Some("busy"));
    *receiver.answer.lock().unwrap() = Answer::Take;
    running.send("rule", 1);
    let reports = running.stop(Duration::from_millis(100)).await;
    assert_eq!((receiver.attempts.lock().unwrap().len(), reports[0].pending), (1, Some(2)));
}

#[tokio::test]
async fn batches_become_as_large_as_the_receiver_takes() {
    let dir = TempDir::new().unwrap();
    let first = Receiver::new(Answer::Retry);
    let running = start(&dir, &[(&first, 10)], |_| {}).await;
    let ids = running.send("rule", 12);
    running.stop(Duration::ZERO).await;
    let receiver = Receiver::new(Answer::RetryLarge);
    let running = start(&dir, &[(&receiver, 10)], |_| {}).await;
    receiver.wait(12).await;
    running.stop(STOP).await;
    assert_eq!(*receiver.attempts.lock().unwrap(), [10, 5, 7, 5, 2]);
    assert_eq!(receiver.ids(), ids);
}

#[tokio::test]
async fn a_heartbeat_goes_where_nothing_else_does() {
    let dir = TempDir::new().unwrap();
    let (one, two) = (Receiver::new(Answer::Take), Receiver::new(Answer::Take));
    let day = Duration::from_secs(24 * 3600);
    let quiet = |policy: &mut OutputPolicy| {
        policy.min_priority = Priority::Emergency;
        policy.digest = Some(digest(day, None));
        policy.heartbeat = (policy.name == "0").then(|| (day, "web-1".into()));
    };
    for _ in 0..2 {
        let running = start(&dir, &[(&one, 1), (&two, 1)], quiet).await;
        one.wait(1).await;
        running.stop(STOP).await;
        let got = one.got.lock().unwrap();
        assert_eq!((got.len(), &*got[0].alerts[0].rule), (1, "Lanner internal: heartbeat"));
        assert!(two.ids().is_empty());
    }
}

#[tokio::test]
async fn what_always_fails_takes_nothing_along_for_long() {
    let dir = TempDir::new().unwrap();
    let receiver = Receiver::new(Answer::RetryBad);
    // Fast enough for a test: the bad one has been tried as often as a batch is kept together.
    let running = start(&dir, &[(&receiver, 10)], |_| {}).await;
    running.send("bad", 1);
    let good = running.send("good", 5);
    running.journal.handle().flush().await.unwrap();
    running.stop(Duration::ZERO).await;
    let path = dir.path().join("journal.db");
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute("UPDATE outbox SET attempt = 5, not_before = 0", []).unwrap();
    drop(db);
    let running = start(&dir, &[(&receiver, 10)], |_| {}).await;
    receiver.wait(5).await;
    assert_eq!(receiver.ids(), good);
    let reports = running.stop(STOP).await;
    assert_eq!(reports[0].pending, Some(1));
}

#[tokio::test]
async fn what_a_removed_output_collected_is_accounted_for() {
    let dir = TempDir::new().unwrap();
    let receiver = Receiver::new(Answer::Take);
    let digest = digest(Duration::from_secs(3600), Some(Priority::Critical));
    let collect = |policy: &mut OutputPolicy| policy.digest = (policy.name == "1").then(|| digest.clone());
    let running = start(&dir, &[(&receiver, 1), (&receiver, 1)], collect).await;
    running.send("rule", 150);
    running.stop(STOP).await;
    assert_eq!(receiver.ids().len(), 150);

    // Without output `1` what it collected waits in the outbox, where it expires, counted.
    let running = start(&dir, &[(&receiver, 1)], |_| {}).await;
    let handle = running.journal.handle();
    running.stop(STOP).await;
    assert!(handle.cursor().await.is_err(), "the journal is closed");

    // With it, and without a digest, it is sent what was collected.
    let late = Receiver::new(Answer::Take);
    let running = start(&dir, &[(&receiver, 1), (&late, 1)], |_| {}).await;
    running.stop(STOP).await;
    let got = late.got.lock().unwrap();
    assert_eq!((got.len(), got[0].kind, got[0].count(), got[0].alerts.len()), (1, Kind::Digest, 150, 100));
}

#[tokio::test]
async fn what_is_silenced_goes_to_audits_alone_and_marked() {
    let dir = TempDir::new().unwrap();
    let (people, audit) = (Receiver::new(Answer::Take), Receiver::new(Answer::Take));
    let running = start(&dir, &[(&people, 1), (&audit, 1)], |policy| policy.audit = policy.name == "1").await;
    running.send("expected", 2);
    running.send("other", 1);
    running.stop(STOP).await;
    let got = |receiver: &Receiver| -> Vec<(String, Option<String>)> {
        let got = receiver.got.lock().unwrap();
        let alerts = got.iter().flat_map(|notification| &notification.alerts);
        alerts.map(|alert| (alert.rule.to_string(), alert.silenced.as_deref().map(str::to_owned))).collect()
    };
    assert_eq!(got(&people), [("other".to_owned(), None)]);
    let silenced = ("expected".to_owned(), Some("expected".to_owned()));
    assert_eq!(got(&audit), [silenced.clone(), silenced, ("other".to_owned(), None)]);
}

/// A silence that a command has made holds in the router that starts next, and one that was ended doesn't.
#[tokio::test]
async fn silences_of_commands_are_heeded() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("journal.db");
    assert_eq!(Journal::open(Settings::at(&path), &["0".to_owned()]).unwrap().close(), 0);
    let now = lanner_bus::system_clock()();
    let silence = |rule: &str| MadeSilence {
        id: 0,
        matchers: vec![format!("rule = {rule}")],
        from: now,
        until: now.after(Duration::from_secs(3600)),
        times: MadeTimes::default(),
        author: "me".to_owned(),
        comment: String::new(),
    };
    let mut beside = Beside::ask(&path).unwrap();
    assert_eq!(beside.silence(&silence("a"), now).unwrap(), Some(1));
    assert_eq!(beside.silence(&silence("b"), now).unwrap(), Some(2));
    assert!(
        beside.expire(2, now).unwrap() && !beside.expire(2, now).unwrap() && !beside.expire(7, now).unwrap()
    );
    let lasting: Vec<u64> =
        beside.silences().unwrap().iter().filter(|one| one.until > now).map(|one| one.id).collect();
    assert_eq!(lasting, [1]);
    let receiver = Receiver::new(Answer::Take);
    let running = start(&dir, &[(&receiver, 1)], |_| {}).await;
    running.send("a", 2);
    running.send("b", 1);
    running.stop(STOP).await;
    let got = receiver.got.lock().unwrap();
    let rules: Vec<&str> = got.iter().map(|notification| &*notification.alerts[0].rule).collect();
    assert_eq!(rules, ["b"]);
}

#[tokio::test]
async fn stopping_does_not_wait_for_a_journal_that_can_not_be_written() {
    let dir = TempDir::new().unwrap();
    let receiver = Receiver::new(Answer::Take);
    let running = start(&dir, &[(&receiver, 1)], |_| {}).await;
    // As long as someone else writes to the database, nothing can be committed.
    let other = rusqlite::Connection::open(dir.path().join("journal.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    running.send("rule", 1);
    let flush = running.journal.handle();
    assert!(tokio::time::timeout(Duration::from_millis(100), flush.flush()).await.is_err());
    let stop = running.router.stop(Duration::from_millis(100));
    let reports = tokio::time::timeout(Duration::from_secs(20), stop).await.expect("it ends");
    assert_eq!((reports[0].sent, reports[0].pending), (0, None));
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(running.journal.close(), 0);
}
