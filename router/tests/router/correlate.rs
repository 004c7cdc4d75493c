//! Correlations: case by case, against a simple model over random alerts, clocks and restarts, and from the journal on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lanner_alert::{
    Alert, AlertFormat, CAUSES_MAX, Correlation, Matcher, Pattern, Priority, Timestamp, Value,
};
use lanner_bus::{Beside, Entry, Filter, Journal, Settings, Step};
use lanner_router::{Correlate, OutputPolicy, Pipeline, Route, Router, Stage};
use proptest::prelude::*;
use tempfile::TempDir;
use uuid::Uuid;

use crate::common::{Answer, Receiver, alert};

/// How long correlations of these tests take, in seconds.
const WITHIN: u64 = 10;

fn at(seconds: u64) -> Timestamp {
    Timestamp(1_700_000_000_000_000_000).after(Duration::from_secs(seconds))
}

fn matchers(text: &str) -> Vec<Matcher> {
    text.split('&').map(|text| text.parse().unwrap()).collect()
}

/// `3 x rule = a`, `3 of f.v x rule = a` or `rule = a > rule = b`, by the field `f.k`.
fn correlation(text: &str) -> Correlation {
    let pattern = match text.split_once(" x ") {
        None => Pattern::Sequence { steps: text.split('>').map(matchers).collect() },
        Some((how, rest)) => match how.split_once(" of ") {
            None => Pattern::Threshold { matchers: matchers(rest), count: how.parse().unwrap() },
            Some((count, field)) => Pattern::Distinct {
                matchers: matchers(rest),
                field: field.to_owned(),
                count: count.parse().unwrap(),
            },
        },
    };
    let mut output = AlertFormat::default();
    output.push_field("lanner.alerts", None);
    output.push_text(" by ");
    output.push_field("f.k", None);
    Correlation {
        name: text.into(),
        desc: String::new(),
        pattern,
        by: vec!["f.k".to_owned()],
        within: Duration::from_secs(WITHIN),
        output,
        priority: Priority::Critical,
        tags: vec!["c".to_owned()],
    }
}

/// The alert of that number: `a k=x v=1`.
fn numbered(number: usize, text: &str) -> Arc<Alert> {
    let (rule, facts) = text.split_once(' ').unwrap_or((text, ""));
    let fact = |fact: &str| {
        let (name, value) = fact.split_once('=').unwrap();
        (format!("f.{name}"), Value::from(value))
    };
    let facts = facts.split_whitespace().map(fact).collect();
    Arc::new(Alert { id: Uuid::from_u128(number as u128), facts, ..alert(rule, Priority::Warning) })
}

/// What an alert was made of, by number.
fn causes(alert: &Alert) -> Vec<usize> {
    let causes = alert.causes.as_ref().unwrap();
    assert_eq!(causes.hidden(), 0);
    causes.shown.iter().map(|cause| cause.id.as_u128() as usize).collect()
}

/// What a stage makes of an alert: the causes of each.
fn made(stage: &mut Correlate, mut alert: Arc<Alert>, now: Timestamp) -> Vec<Vec<usize>> {
    stage.judge(&mut alert, now);
    let mut out = Vec::new();
    stage.tick(now, &mut out);
    out.iter().map(|alert| causes(alert)).collect()
}

/// Takes alerts, each of which is written `second alert`, through a correlation, and says which were put together.
fn check(text: &str, alerts: &[&str], expected: &[&[usize]]) {
    let mut stage = Correlate::new(vec![correlation(text)]);
    let (mut all, mut last) = (Vec::new(), at(0));
    for (number, text) in alerts.iter().enumerate() {
        let (second, text) = text.split_once(' ').unwrap();
        let now = at(second.parse().unwrap());
        if now < last {
            stage.set_back(now);
        }
        last = now;
        all.extend(made(&mut stage, numbered(number, text), now));
    }
    assert_eq!(all, expected, "{text}: {alerts:?}");
}

#[test]
fn so_many_within_a_time_make_an_alert() {
    check("3 x rule = a", &["0 a", "1 b", "2 a", "9 a"], &[&[0, 2, 3]]);
    // The time slides, and its end isn't in it.
    check("3 x rule = a", &["0 a", "5 a", "10 a", "11 a"], &[&[1, 2, 3]]);
    // What was used up counts no more.
    check("2 x rule = a", &["0 a", "1 a", "2 a", "3 a", "4 a"], &[&[0, 1], &[2, 3]]);
    // Each value by itself; none is one like others.
    check("2 x rule = a", &["0 a k=x", "1 a k=y", "2 a", "3 a k=y", "4 a"], &[&[1, 3], &[2, 4]]);
    // Of a clock that was set back: what was there comes before what follows.
    check("3 x rule = a", &["1000 a", "0 a", "9 a", "20 a", "21 a"], &[&[0, 1, 2]]);
    check("3 x rule = a", &["1000 a", "0 a", "10 a", "11 a", "12 a"], &[&[2, 3, 4]]);
}

#[test]
fn so_many_values_make_an_alert() {
    check("3 of f.v x rule = a", &["0 a v=1", "1 a v=2", "2 a v=1", "3 a", "4 a v=3"], &[&[1, 2, 4]]);
    check("2 of f.v x rule = a", &["0 a v=1", "9 a v=1", "18 a v=2"], &[&[1, 2]]);
    check("2 of f.v x rule = a", &["0 a v=1 k=x", "1 a v=2 k=y", "2 a v=3 k=x"], &[&[0, 2]]);
    check("2 of rule x priority >= warning", &["0 a", "1 a", "2 b"], &[&[1, 2]]);
}

#[test]
fn one_after_the_other_makes_an_alert() {
    check("rule = a > rule = b", &["0 b", "1 a", "2 c", "3 b", "4 b"], &[&[1, 3]]);
    check("rule = a > rule = b", &["0 a", "10 b"], &[]);
    // The last that can begin it does.
    check("rule = a > rule = b", &["0 a", "5 a", "12 b"], &[&[1, 2]]);
    check("rule = a > rule = b", &["0 a k=x", "1 b k=y", "2 b k=x"], &[&[0, 2]]);
    check("rule = a > rule = b > rule = c", &["0 a", "1 c", "2 b", "3 a", "4 c", "5 c"], &[&[0, 2, 4]]);
    // An alert is one step of it.
    check("rule = a > rule = a", &["0 a", "1 a", "2 a", "3 a"], &[&[0, 1], &[2, 3]]);
    check("rule in (a, b) > rule in (a, b) > rule = a", &["0 a", "1 a", "2 b", "3 b", "4 a"], &[&[2, 3, 4]]);
    check("rule = a > rule = b", &["1000 a", "0 b", "20 b"], &[&[0, 1]]);
}

#[test]
fn what_is_made_is_like_the_alert_that_completed_it() {
    let mut stage = Correlate::new(vec![correlation("2 x rule = a"), correlation("2 x priority >= debug")]);
    let mut alerts = [numbered(0, "a k=x"), numbered(1, "a k=x v=2")];
    Arc::make_mut(&mut alerts[0]).output = "word ".repeat(1000);
    Arc::make_mut(&mut alerts[1]).output_fields.insert("proc.name".to_owned(), "sh".into());
    let reasons = alerts.each_mut().map(|alert| stage.judge(alert, at(3)).reason());
    assert_eq!(reasons, ["counted", "completed a correlation"]);
    let mut out = Vec::new();
    stage.tick(at(3), &mut out);
    let [mut made, other] = <[Arc<Alert>; 2]>::try_from(out).unwrap();
    assert_eq!((&*made.rule, &*other.rule), ("2 x rule = a", "2 x priority >= debug"));
    assert_ne!((made.id, made.fingerprint), (other.id, other.fingerprint));
    assert_eq!((made.id.get_version_num(), made.id.get_timestamp().unwrap().to_unix().0), (7, 1_700_000_003));
    assert_eq!(
        (&*made.output, made.priority, &made.tags[..]),
        ("2 by x", Priority::Critical, &["c".into()][..])
    );
    let fields: Vec<_> = made.output_fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(fields, ["f.k=x", "lanner.alerts=2"]);
    assert_eq!(["f.v", "proc.name"].map(|name| made.field(name)), [Value::from("2"), Value::from("sh")]);
    assert_eq!(
        (made.time, &made.source, &made.hostname),
        (alerts[1].time, &alerts[1].source, &alerts[1].hostname)
    );
    let shown = &made.causes.as_ref().unwrap().shown;
    assert_eq!((&*shown[0].rule, shown[0].output.len(), &*shown[1].output), ("a", 253, "a happened"));
    // It isn't correlated again.
    assert_eq!(stage.judge(&mut made, at(3)).reason(), "made by a correlation");
}

#[test]
fn of_many_causes_the_first_and_the_last_are_shown() {
    let mut stage = Correlate::new(vec![correlation("1000 x rule = a")]);
    let mut out = Vec::new();
    for number in 0..1000 {
        stage.judge(&mut numbered(number, "a"), at(0));
    }
    stage.tick(at(0), &mut out);
    let causes = out[0].causes.as_ref().unwrap();
    let numbers: Vec<u128> = causes.shown.iter().map(|cause| cause.id.as_u128()).collect();
    assert_eq!((causes.count, causes.hidden()), (1000, 1000 - CAUSES_MAX as u64));
    assert_eq!(numbers, (0..10).chain(990..1000).collect::<Vec<_>>());
    assert!(causes.shown.iter().all(|cause| cause.output == "a happened"));
    assert_eq!(stage.bytes(), 0);
}

/// What lies in the journal.
type Kept = BTreeMap<String, String>;

/// Writes down what has changed; how much that was.
fn write(stage: &mut Correlate, kept: &mut Kept) -> usize {
    let mut changes = Vec::new();
    stage.changes(&mut changes);
    let count = changes.len();
    for change in changes {
        match change.value {
            Some(value) => kept.insert(change.key, value),
            None => kept.remove(&change.key),
        };
    }
    count
}

#[test]
fn little_is_written_of_each_alert_and_little_is_remembered_of_made_up_values() {
    let correlations =
        ["900 x rule = a", "900 of f.v x rule = b", "rule = c > rule = d > rule = e"].map(correlation);
    let mut stage = Correlate::with_bytes_max(correlations.to_vec(), 300_000);
    let (mut kept, mut given_up, mut written) = (Kept::new(), 0, 0);
    for number in 0..20_000 {
        let rule = ["a", "b", "c", "d"][number % 4];
        let text = format!("{rule} k={} v={number}", if number % 8 < 4 { 0 } else { number });
        let reason = stage.judge(&mut numbered(number, &text), at(number as u64 / 1000)).reason();
        given_up += u64::from(reason == "counted, others given up for it");
        written += write(&mut stage, &mut kept);
        assert!(kept.values().all(|value| value.len() < 1500) || number % 100 > 0);
    }
    // Each alert is written once, and removed once.
    assert!(written <= 40_000, "{written}");
    assert!(given_up > 1000, "{given_up}");
    assert!(stage.bytes() < 900_000, "{}", stage.bytes());
    assert!(kept.len() < 6000, "{}", kept.len());
    // Where a correlation is there no more, what it remembered goes.
    let mut stage = Correlate::new(correlations[..1].to_vec());
    assert!(kept.iter().all(|(key, value)| stage.restore(key, value)));
    assert!(!stage.restore("x/y", "") && !stage.restore("0/0/0", "[1]"));
    let all = kept.len();
    write(&mut stage, &mut kept);
    assert!(kept.len() < all);
    let mut left = Kept::new();
    let mut same = Correlate::new(correlations[..1].to_vec());
    assert!(kept.iter().all(|(key, value)| same.restore(key, value)));
    assert_eq!(write(&mut same, &mut left), 0);
}

/// A correlation, and every alert that may still count, the way it is said rather than done: by the values of its
/// fields, when it came, and its number.
struct Model {
    correlation: Correlation,
    seen: Vec<(Value, u64, usize, Arc<Alert>)>,
}

impl Model {
    fn meets(&self, step: usize, alert: &Alert) -> bool {
        self.correlation.pattern.steps()[step].iter().all(|matcher| matcher.matches(alert))
    }

    fn take(&mut self, number: usize, alert: &Arc<Alert>, now: u64) -> Option<Vec<usize>> {
        let steps = self.correlation.pattern.steps().len();
        if !(0..steps).any(|step| self.meets(step, alert)) {
            return None;
        }
        let ended = |time: u64| time + WITHIN <= now;
        // What began all that there is of a value has ended, so that is over; a later alert may still be there.
        let begun: Vec<Value> = self
            .seen
            .iter()
            .filter(|seen| self.meets(0, &seen.3) && !ended(seen.1))
            .map(|seen| seen.0.clone())
            .collect();
        self.seen.retain(|seen| begun.contains(&seen.0));
        let key = alert.field("f.k");
        self.seen.retain(|seen| seen.0 != key || !ended(seen.1));
        if let Pattern::Distinct { field, .. } = &self.correlation.pattern {
            let value = alert.field(field);
            if value == Value::Null {
                return None;
            }
            self.seen.retain(|seen| seen.0 != key || seen.3.field(field) != value);
        }
        self.seen.push((key.clone(), now, number, alert.clone()));
        let own: Vec<_> = self.seen.iter().filter(|seen| seen.0 == key).collect();
        let made: Vec<usize> = match &self.correlation.pattern {
            Pattern::Threshold { count, .. } | Pattern::Distinct { count, .. } => {
                (own.len() >= *count).then(|| own.iter().map(|seen| seen.2).collect())?
            }
            Pattern::Sequence { .. } => {
                let own: Vec<_> = own.iter().map(|seen| (seen.2, &*seen.3)).collect();
                self.meets(steps - 1, alert)
                    .then(|| self.before(&own[..own.len() - 1], steps - 1))??
                    .into_iter()
                    .chain([number])
                    .collect()
            }
        };
        self.seen.retain(|seen| seen.0 != key);
        Some(made)
    }

    /// The last of these alerts that meet the steps before that one, one after the other.
    fn before(&self, alerts: &[(usize, &Alert)], step: usize) -> Option<Vec<usize>> {
        let Some(step) = step.checked_sub(1) else { return Some(Vec::new()) };
        let last = (0..alerts.len()).rev().filter(|at| self.meets(step, alerts[*at].1));
        last.into_iter().find_map(|at| {
            let mut found = self.before(&alerts[..at], step)?;
            found.push(alerts[at].0);
            Some(found)
        })
    }
}

const PATTERNS: [&str; 6] = [
    "3 x rule = a",
    "2 x rule in (a, b) & f.v != 0",
    "3 of f.v x rule in (a, b)",
    "rule = a > rule = b",
    "rule in (a, b) > rule in (b, c) > rule = a",
    "rule = a > rule = a > rule = a > rule != a",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    /// The clock goes on, jumps and is set back; Lanner is restarted at any time.
    #[test]
    fn the_stage_does_as_the_model(
        steps in prop::collection::vec(
            (0..3_usize, 0..3_usize, 0..4_usize, prop_oneof![8 => 0..4_i64, 1 => -30..0_i64, 1 => 4..60_i64], 0..8_u8),
            1..200,
        ),
    ) {
        let new = || Correlate::new(PATTERNS.map(correlation).to_vec());
        let mut models =
            PATTERNS.map(|text| Model { correlation: correlation(text), seen: Vec::new() });
        let (mut stage, mut kept, mut now) = (new(), Kept::new(), 10_000_u64);
        for (number, (rule, key, value, wait, restart)) in steps.into_iter().enumerate() {
            now = now.saturating_add_signed(wait);
            if wait < 0 {
                stage.set_back(at(now));
                models.iter_mut().flat_map(|model| &mut model.seen).for_each(|seen| seen.1 = seen.1.min(now));
            }
            let key = ["", " k=x", " k=y"][key];
            let value = ["", " v=0", " v=1", " v=2"][value];
            let alert = numbered(number, &format!("{}{key}{value}", ["a", "b", "c"][rule]));
            let expected: Vec<_> =
                models.iter_mut().filter_map(|model| model.take(number, &alert, now)).collect();
            prop_assert_eq!(made(&mut stage, alert, at(now)), expected);
            // Several alerts are written down at once.
            if restart < 4 {
                write(&mut stage, &mut kept);
            }
            if restart == 0 {
                stage = new();
                prop_assert!(kept.iter().all(|(key, value)| stage.restore(key, value)));
                prop_assert_eq!(write(&mut stage, &mut kept), 0);
            }
        }
    }
}

/// A journal, and a pipeline with two correlations to one output.
fn open(dir: &TempDir) -> (Journal, Pipeline) {
    let names = ["soc".to_owned()];
    let journal = Journal::open(Settings::at(dir.path().join("journal.db")), &names).unwrap();
    let long = |text| Correlation { within: Duration::from_secs(3600), ..correlation(text) };
    let correlations = ["3 x rule = a", "2 x priority >= critical"].map(long);
    let pipeline =
        Pipeline::new(Route::all(1), journal.handle().outputs(), vec![OutputPolicy::everything("soc")])
            .with_correlations(Correlate::new(correlations.to_vec()));
    (journal, pipeline)
}

async fn start(dir: &TempDir, receiver: &Receiver) -> (Journal, Router) {
    let (journal, pipeline) = open(dir);
    let router = Router::start(journal.handle(), pipeline, vec![receiver.output(10)]).await.unwrap();
    (journal, router)
}

/// It is accepted once, comes behind what it was made of, is routed as any other, and outlives restarts.
#[tokio::test]
async fn what_is_made_is_accepted_once_and_sent() {
    let dir = TempDir::new().unwrap();
    let receiver = Receiver::new(Answer::Take);
    for run in 0..7 {
        let (journal, router) = start(&dir, &receiver).await;
        journal.sender().send(Entry::Alert(alert("a", Priority::Warning))).unwrap();
        journal.handle().flush().await.unwrap();
        router.stop(Duration::from_secs(10)).await;
        assert_eq!(journal.close(), 0, "{run}");
    }
    let rules = |got: &[lanner_alert::Notification]| -> String {
        got.iter().map(|item| format!("{}, ", item.alerts[0].rule)).collect()
    };
    let expected = "a, a, a, 3 x rule = a, a, a, a, 3 x rule = a, a, ";
    assert_eq!(rules(&receiver.got.lock().unwrap()), expected);
    let beside = Beside::read(&dir.path().join("journal.db")).unwrap();
    let accepted = beside.history(Filter::default()).unwrap().page().unwrap().unwrap();
    let name = |accepted: &lanner_bus::Accepted| format!("{}, ", accepted.alert.as_ref().unwrap().rule);
    assert_eq!(accepted.iter().map(name).collect::<String>(), expected);
    // Each has its own fate, and none that of what was made of it.
    assert!(accepted.iter().all(|accepted| accepted.routed && accepted.fates.len() == 1), "{accepted:?}");
}

/// Routes some batches as the router does, and ends before or after the last is committed; whether there is more.
async fn route_some(dir: &TempDir, batch: usize, batches: usize, commits: bool) -> bool {
    let (journal, mut pipeline) = open(dir);
    let handle = journal.handle();
    for (stage, key, value) in handle.state().await.unwrap() {
        assert!(pipeline.restore(&stage, &key, &value));
    }
    let mut more = true;
    for left in (0..batches).rev() {
        let alerts = handle.after(handle.cursor().await.unwrap(), batch).await.unwrap();
        more = !alerts.alerts.is_empty();
        let now = handle.now();
        let mut step = Step { cursor: alerts.through, made: now, ..Step::default() };
        for (seq, alert) in &alerts.alerts {
            pipeline.push(*seq, alert, now, &mut step.outbox);
        }
        step.accept = pipeline.made(now);
        pipeline.changes(&mut step.state);
        if left > 0 || commits {
            handle.step(step).await.unwrap();
        }
    }
    journal.close();
    more
}

#[tokio::test]
async fn it_is_made_once_wherever_the_process_ends() {
    for (batch, batches, commits) in [(1, 1, true), (1, 3, false), (2, 2, false), (4, 1, true), (7, 2, false)]
    {
        let dir = TempDir::new().unwrap();
        let (journal, _) = open(&dir);
        for _ in 0..30 {
            journal.sender().send(Entry::Alert(alert("a", Priority::Warning))).unwrap();
        }
        journal.handle().flush().await.unwrap();
        journal.close();
        while route_some(&dir, batch, batches, commits).await {}
        let (journal, _) = open(&dir);
        let handle = journal.handle();
        let due = handle.due(handle.outputs()[0].id, handle.now(), 1000).await.unwrap();
        let mut got: Vec<(String, Uuid)> = due
            .rows
            .iter()
            .map(|row| (row.notification.alerts[0].rule.to_string(), row.notification.id))
            .collect();
        let sent = got.len();
        got.sort();
        got.dedup();
        let count = |rule: &str| got.iter().filter(|(own, _)| own == rule).count();
        assert_eq!((sent, count("a"), count("3 x rule = a")), (40, 30, 10), "{batch} {batches} {commits}");
        journal.close();
    }
}
