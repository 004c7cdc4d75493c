//! What other processes see of the journal, and what they ask of the one that owns it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use lanner_alert::{Alert, Kind, Notification, Priority, Timestamp};
use lanner_bus::{
    Accepted, Beside, DeadLetter, End, Entry, Fate, Filter, Handle, Journal, MadeSilence, MadeTimes, Outcome,
    Outgoing, Settings, State, StateChange, Stats, Step, Which,
};
use tempfile::TempDir;
use uuid::Uuid;

fn alert(output: String) -> Alert {
    let time = Timestamp(1_700_000_000_000_000_000);
    let mut alert = Alert::internal(
        Uuid::now_v7(),
        "rule",
        Priority::Warning,
        output,
        BTreeMap::new(),
        time,
        "host".into(),
    );
    alert.source = "syscall".into();
    alert
}

struct Stand {
    dir: TempDir,
    /// The journal's time.
    now: Arc<AtomicU64>,
}

impl Stand {
    fn new() -> Stand {
        Stand { dir: TempDir::new().unwrap(), now: Arc::new(AtomicU64::new(1_700_000_000_000_000_000)) }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("journal.db")
    }

    fn open(&self, outputs: &[&str], max_size: u64) -> Journal {
        let now = self.now.clone();
        let clock = Arc::new(move || Timestamp(now.load(Ordering::Relaxed)));
        let settings = Settings { clock, max_size, ..Settings::at(self.path()) };
        let names: Vec<String> = outputs.iter().map(|&name| name.to_owned()).collect();
        Journal::open(settings, &names).unwrap()
    }
}

const SIZE: u64 = 1 << 30;

/// Accepts alerts with such outputs, routes them to every output, and has each output refuse all of them; their ids.
async fn refuse(journal: &Journal, outputs: impl Iterator<Item = String>) -> Vec<Uuid> {
    let handle = journal.handle();
    let from = handle.cursor().await.unwrap();
    let mut ids = Vec::new();
    for output in outputs {
        let alert = alert(output);
        ids.push(alert.id);
        journal.sender().send(Entry::Alert(alert)).unwrap();
    }
    let through = handle.flush().await.unwrap();
    let outbox = (from + 1..=through).flat_map(|seq| {
        let outputs = handle.outputs().iter().filter(|output| output.configured);
        outputs.map(move |output| Outgoing::Alert { seq, output: output.id })
    });
    let step = Step { cursor: through, made: handle.now(), outbox: outbox.collect(), ..Step::default() };
    handle.step(step).await.unwrap();
    for output in handle.outputs() {
        let rows = handle.due(output.id, handle.now(), usize::MAX >> 1).await.unwrap().rows;
        let outcomes = rows.iter().map(|row| Outcome {
            row: row.id,
            end: End::Refused { answer: format!("{} says no", output.name) },
        });
        handle.settle(output.id, outcomes.collect()).await.unwrap();
    }
    ids
}

fn letters(path: &Path, output: Option<&str>) -> Vec<DeadLetter> {
    Beside::read(path).unwrap().dead_letters(output, 0, 10_000).unwrap()
}

/// What waits for an output, once something was put back.
async fn returned(handle: &Handle, output: usize, count: usize) -> Vec<Uuid> {
    let mut returned = handle.asked();
    loop {
        returned.mark_unchanged();
        let due = handle.due(handle.outputs()[output].id, handle.now(), 10_000).await.unwrap();
        if due.rows.len() >= count {
            assert!(due.rows.iter().all(|row| row.attempt == 0));
            return due.rows.iter().map(|row| row.notification.id).collect();
        }
        tokio::time::timeout(Duration::from_secs(20), returned.changed())
            .await
            .expect("it is put back in time")
            .unwrap();
    }
}

#[tokio::test]
async fn dead_letters_are_shown_put_back_and_removed_while_the_owner_runs() {
    let stand = Stand::new();
    let journal = stand.open(&["a", "b"], SIZE);
    let ids = refuse(&journal, ["one", "two", "three"].map(str::to_owned).into_iter()).await;
    let of_a = letters(&stand.path(), Some("a"));
    assert_eq!(of_a.len(), 3);
    assert_eq!(letters(&stand.path(), None).len(), 6);
    let letter = &of_a[1];
    assert_eq!((&*letter.output, letter.configured, letter.attempts, letter.retry), ("a", true, 1, false));
    assert_eq!((&*letter.answer, letter.at), ("a says no", journal.handle().now()));
    assert_eq!(letter.notification.as_ref().unwrap().id, ids[1]);

    let mut beside = Beside::ask(&stand.path()).unwrap();
    assert_eq!(beside.dead_letter(letter.id).unwrap().as_ref(), Some(letter));
    assert_eq!(beside.dead_letter(99).unwrap(), None);
    assert_eq!(beside.retry_dead_letters(Which::Ids(&[letter.id, 99])).unwrap(), 1);
    assert_eq!(returned(&journal.handle(), 0, 1).await, [ids[1]]);
    assert_eq!(beside.remove_dead_letters(Which::Ids(&[of_a[0].id])).unwrap(), 1);
    assert_eq!(beside.retry_dead_letters(Which::All { output: Some("b") }).unwrap(), 3);
    assert_eq!(returned(&journal.handle(), 1, 3).await, ids);
    assert_eq!(beside.remove_dead_letters(Which::All { output: None }).unwrap(), 1);
    assert_eq!(letters(&stand.path(), None), []);
    let stats = journal.handle().stats().await.unwrap();
    let figures: Vec<_> = stats.outputs.iter().map(|o| (o.pending, o.refused, o.dead_letters)).collect();
    assert_eq!(figures, [(1, 3, 0), (3, 3, 0)]);
    assert_eq!(journal.close(), 0);
}

#[tokio::test]
async fn dead_letters_are_put_back_at_the_start() {
    let stand = Stand::new();
    let journal = stand.open(&["a", "b"], SIZE);
    let ids = refuse(&journal, (0..600).map(|n| n.to_string())).await;
    journal.close();
    // Output `b` is not configured any more: what it refused stays.
    stand.open(&["a"], SIZE).close();
    let mut beside = Beside::ask(&stand.path()).unwrap();
    assert_eq!(beside.retry_dead_letters(Which::All { output: None }).unwrap(), 600);
    assert!(letters(&stand.path(), Some("a")).iter().all(|letter| letter.retry));
    let journal = stand.open(&["a"], SIZE);
    assert_eq!(returned(&journal.handle(), 0, 600).await, ids);
    let left = letters(&stand.path(), None);
    assert_eq!(left.len(), 600);
    assert!(left.iter().all(|letter| !letter.configured && !letter.retry && letter.output == "b"));
}

#[tokio::test]
async fn the_history_of_an_alert_says_what_became_of_it() {
    let stand = Stand::new();
    let journal = stand.open(&["a", "b"], SIZE);
    let handle = journal.handle();
    let [a, b] = [handle.outputs()[0].id, handle.outputs()[1].id];
    let alerts: Vec<Alert> = ["0", "1", "2", "3"].map(|output| alert(output.to_owned())).to_vec();
    for alert in &alerts {
        journal.sender().send(Entry::Alert(alert.clone())).unwrap();
        handle.flush().await.unwrap();
        stand.now.fetch_add(1_000_000_000, Ordering::Relaxed);
    }
    // Output `a` gets the first two alerts; `b` gets a digest of the first, and a stage keeps the second for it.
    let mut digest = Notification::of(Arc::new(alerts[0].clone()), handle.now());
    digest.id = Uuid::now_v7();
    digest.kind = Kind::Digest;
    let outbox = vec![
        Outgoing::Alert { seq: 1, output: a },
        Outgoing::Alert { seq: 2, output: a },
        Outgoing::Alert { seq: 3, output: a },
        Outgoing::Notification { notification: digest.clone(), outputs: vec![b] },
    ];
    let value = Some(serde_json::to_string(&[&alerts[1]]).unwrap());
    let state = vec![StateChange { stage: "digest", key: "@b".to_owned(), value }];
    handle.step(Step { cursor: 3, made: handle.now(), outbox, state, ..Step::default() }).await.unwrap();
    let later = handle.now().after(Duration::from_secs(60));
    let ends = [
        End::Sent { receipt: "250 ok".into() },
        End::Retry { not_before: later, cause: "away".into() },
        End::Refused { answer: "no".into() },
    ];
    let rows = handle.due(a, handle.now(), 10).await.unwrap().rows;
    let outcomes = rows.iter().zip(ends).map(|(row, end)| Outcome { row: row.id, end });
    handle.settle(a, outcomes.collect()).await.unwrap();
    let row = handle.due(b, handle.now(), 10).await.unwrap().rows[0].id;
    handle.settle(b, vec![Outcome { row, end: End::Sent { receipt: String::new() } }]).await.unwrap();

    let at = handle.now();
    let fate = |output: &str, state| Fate { output: output.to_owned(), state };
    let sent = |receipt: &str, notification| State::Sent {
        at,
        attempts: 1,
        receipt: receipt.to_owned(),
        notification,
    };
    let expected = [
        vec![fate("a", sent("250 ok", None)), fate("b", sent("", Some(digest.id)))],
        vec![
            fate("a", State::Waiting { attempts: 1, not_before: later, cause: Some("away".into()) }),
            fate("b", State::Kept { stage: "digest".into() }),
        ],
        vec![fate("a", State::Refused { dead_letter: 1, at, attempts: 1, answer: "no".into() })],
        vec![],
    ];
    let beside = Beside::read(&stand.path()).unwrap();
    let all = history(&beside, Filter::default());
    for (at, alert) in alerts.iter().enumerate() {
        let found = &all[at];
        assert_eq!((found.seq, found.routed, found.alert.as_ref()), (at as u64 + 1, at < 3, Some(alert)));
        assert_eq!(found.fates, expected[at], "of alert {at}");
    }
    assert_eq!(beside.place(alerts[2].id).unwrap(), Some(3));
    assert_eq!(beside.accepted(3).unwrap().as_ref(), Some(&all[2]));
    assert_eq!((beside.place(Uuid::nil()).unwrap(), beside.accepted(5).unwrap()), (None, None));
}

/// All pages of a history.
fn history(beside: &Beside, filter: Filter) -> Vec<Accepted> {
    let mut all = Vec::new();
    let mut history = beside.history(filter).unwrap();
    while let Some(page) = history.page().unwrap() {
        all.extend(page);
    }
    all
}

#[tokio::test]
async fn a_history_is_of_a_rule_and_a_time() {
    let stand = Stand::new();
    let journal = stand.open(&[], SIZE);
    for rule in ["x", "rule", "x", "rule"] {
        let mut alert = alert(String::new());
        alert.rule = rule.into();
        journal.sender().send(Entry::Alert(alert)).unwrap();
        journal.handle().flush().await.unwrap();
        stand.now.fetch_add(1_000_000_000, Ordering::Relaxed);
    }
    let beside = Beside::read(&stand.path()).unwrap();
    let time = |at: usize| Some(history(&beside, Filter::default())[at].accepted);
    let check = |rule: Option<&str>, since, until, seqs: &[u64]| {
        let rule = rule.map(str::to_owned);
        let found = history(&beside, Filter { rule, since, until });
        assert_eq!(found.iter().map(|found| found.seq).collect::<Vec<_>>(), seqs);
    };
    check(None, None, None, &[1, 2, 3, 4]);
    check(Some("rule"), None, None, &[2, 4]);
    check(Some("rule"), None, time(3), &[2]);
    check(None, time(1), time(3), &[2, 3]);
    check(None, Some(journal.handle().now()), None, &[]);
}

/// The journal's own alerts.
fn told(path: &Path) -> Vec<String> {
    let db = rusqlite::Connection::open(path).unwrap();
    let mut select = db.prepare("SELECT alert FROM alerts ORDER BY seq").unwrap();
    let alerts = select.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let alerts = alerts.map(|text| serde_json::from_str::<Alert>(&text.unwrap()).unwrap());
    alerts.filter(|alert| &*alert.source == "internal").map(|alert| alert.output).collect()
}

#[tokio::test]
async fn dead_letters_are_bounded_by_bytes_and_age() {
    let stand = Stand::new();
    let size = 8 << 20;
    let journal = stand.open(&["a"], size);
    refuse(&journal, (0..200).map(|_| "x".repeat(10_000))).await;
    // An eighth of the size is for dead letters: the newest of them are kept.
    let handle = journal.handle();
    let mut accepted = handle.accepted();
    accepted.wait_for(|&seq| seq == 201).await.unwrap();
    let kept = letters(&stand.path(), None);
    assert!((90..=104).contains(&kept.len()), "{}", kept.len());
    let gone = 200 - kept.len();
    assert_eq!(
        told(&stand.path()),
        [format!("The journal's bounds made Lanner give up: {gone} dead letters of a")]
    );
    assert_eq!(kept.last().map(|letter| letter.id), Some(200));

    stand.now.fetch_add(8 * 24 * 3600 * 1_000_000_000, Ordering::Relaxed);
    accepted.wait_for(|&seq| seq == 202).await.unwrap();
    assert_eq!(letters(&stand.path(), None), []);
    let said = told(&stand.path());
    assert!(said.last().unwrap().ends_with(&format!("{} dead letters of a", kept.len())), "{said:?}");
    assert_eq!(Stats::read(&stand.path(), handle.now()).unwrap().outputs[0].dead_letters, 0);
}

/// Other processes get their turn while the owner commits without a pause.
#[test]
fn what_is_asked_in_a_storm_is_written_down() {
    let stand = Stand::new();
    let journal = stand.open(&["a"], SIZE);
    let (sender, over) = (journal.sender(), Arc::new(AtomicBool::new(false)));
    let storm = std::thread::spawn({
        let over = over.clone();
        move || {
            while !over.load(Ordering::Relaxed) {
                sender.send(Entry::Alert(alert("storm".to_owned()))).unwrap();
            }
        }
    });
    let (from, until) = (Timestamp(0), Timestamp(u64::MAX >> 1));
    let mut asked = 0;
    for _ in 0..40 {
        let mut beside = Beside::ask(&stand.path()).unwrap();
        let silence = MadeSilence {
            id: 0,
            matchers: vec!["rule = x".to_owned()],
            times: MadeTimes::default(),
            from,
            until,
            author: "me".to_owned(),
            comment: String::new(),
        };
        let id = beside.silence(&silence, from).unwrap().unwrap();
        assert!(beside.expire(id, from).unwrap());
        assert_eq!(beside.retry_dead_letters(Which::All { output: None }).unwrap(), 0);
        asked += usize::from(beside.replay("a", from, until).unwrap());
    }
    over.store(true, Ordering::Relaxed);
    storm.join().unwrap();
    assert_eq!(asked, 40);
}
