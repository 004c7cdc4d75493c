//! The journal against a model of it: lists in memory, and nothing else.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lanner_alert::{Alert, Fingerprint, Priority, Timestamp};
use lanner_bus::{
    Beside, End, Entry, Filter, Held, Journal, Outcome, Outgoing, Settings, State, StateChange, Step, Which,
};
use proptest::prelude::*;
use uuid::Uuid;

const OUTPUTS: [&str; 2] = ["a", "b"];

#[derive(Debug, Clone)]
enum Op {
    Accept(u8),
    Hold(u8),
    Judge(u8),
    /// Routes so many alerts, each to the outputs whose bit is set, keeps a state, and has a new alert accepted for
    /// each five.
    Route(u8, u8),
    /// Takes so many rows of an output, and ends each in the way that its place says.
    Deliver(usize, u8, Vec<u8>),
    Wait(u8),
    Reopen,
    /// Closes the journal, asks for what an output refused to be sent again, and opens it.
    Revive(usize),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        (1..20_u8).prop_map(Op::Accept),
        (0..4_u8).prop_map(Op::Hold),
        (0..4_u8).prop_map(Op::Judge),
        (1..30_u8, 0..4_u8).prop_map(|(count, to)| Op::Route(count, to)),
        (0..2_usize, 1..10_u8, prop::collection::vec(0..4_u8, 10)).prop_map(|(o, n, e)| Op::Deliver(o, n, e)),
        (0..20_u8).prop_map(Op::Wait),
        Just(Op::Reopen),
        (0..2_usize).prop_map(Op::Revive),
    ]
}

/// A notification that waits: its alert, attempts, and when it is due.
#[derive(Debug, Clone, PartialEq)]
struct Pending(Uuid, u32, u64);

#[derive(Debug, Default)]
struct Model {
    alerts: Vec<Uuid>,
    cursor: usize,
    held: BTreeMap<Uuid, u8>,
    state: BTreeMap<String, String>,
    pending: [Vec<Pending>; 2],
    sent: [Vec<Uuid>; 2],
    refused: [Vec<Uuid>; 2],
    /// Sent, retried, refused.
    figures: [(u64, u64, u64); 2],
}

fn alert() -> Alert {
    Alert {
        id: Uuid::now_v7(),
        time: Timestamp(1),
        rule: "rule".into(),
        priority: Priority::Warning,
        source: "syscall".into(),
        hostname: "host".into(),
        output: "it's \"so\"\n\u{0}".into(),
        output_fields: BTreeMap::new(),
        tags: Vec::new(),
        fingerprint: Fingerprint(u128::MAX),
        count: 1,
        first_seen: Timestamp(1),
        last_seen: Timestamp(u64::MAX),
        silenced: None,
        route: None,
        facts: BTreeMap::new(),
        causes: None,
    }
}

fn held_id(n: u8) -> Uuid {
    Uuid::from_u128(u128::from(n) + 1)
}

/// The journal and its model, side by side.
struct Pair {
    journal: Journal,
    settings: Settings,
    now: Arc<AtomicU64>,
    model: Model,
}

impl Pair {
    fn new(dir: &Path) -> Pair {
        let now = Arc::new(AtomicU64::new(1000));
        let clock = now.clone();
        let settings = Settings {
            max_age: Duration::from_secs(3600),
            clock: Arc::new(move || Timestamp(clock.load(Ordering::Relaxed))),
            ..Settings::at(dir.join("journal.db"))
        };
        Pair { journal: open(&settings), settings, now, model: Model::default() }
    }

    async fn apply(mut self, op: Op) -> Pair {
        match op {
            Op::Accept(count) => {
                for _ in 0..count {
                    self.accept(Entry::Alert);
                }
            }
            Op::Hold(n) => {
                let held = Held { id: held_id(n), deadline: Timestamp(5), body: vec![n; 3] };
                self.journal.sender().send(Entry::Hold(held)).unwrap();
                self.model.held.insert(held_id(n), n);
            }
            Op::Judge(n) => {
                self.accept(|alert| Entry::Judged { held: held_id(n), alerts: vec![alert] });
                self.model.held.remove(&held_id(n));
            }
            Op::Route(count, to) => self.route(count.into(), to).await,
            Op::Deliver(output, count, ends) => self.deliver(output, count.into(), &ends).await,
            Op::Wait(time) => {
                self.now.fetch_add(time.into(), Ordering::Relaxed);
            }
            Op::Reopen => {
                self.journal.close();
                self.journal = open(&self.settings);
            }
            Op::Revive(output) => {
                self.journal.close();
                let which = Which::All { output: Some(OUTPUTS[output]) };
                let asked = Beside::ask(&self.settings.path).unwrap().retry_dead_letters(which).unwrap();
                self.journal = open(&self.settings);
                self.revived(output, asked).await;
            }
        }
        self
    }

    async fn revived(&mut self, output: usize, asked: usize) {
        let refused = std::mem::take(&mut self.model.refused[output]);
        assert_eq!(refused.len(), asked);
        self.model.pending[output].extend(refused.into_iter().map(|id| Pending(id, 0, 0)));
        let handle = self.journal.handle();
        let mut done = handle.asked();
        while handle.stats().await.unwrap().outputs[output].dead_letters > 0 {
            done.changed().await.unwrap();
        }
    }

    fn accept(&mut self, entry: impl FnOnce(Alert) -> Entry) {
        let alert = alert();
        self.model.alerts.push(alert.id);
        self.journal.sender().send(entry(alert)).unwrap();
    }

    async fn route(&mut self, count: usize, to: u8) {
        let handle = self.journal.handle();
        assert_eq!(handle.flush().await.unwrap(), self.model.alerts.len() as u64);
        let batch = handle.after(handle.cursor().await.unwrap(), count).await.unwrap();
        let ids: Vec<Uuid> = batch.alerts.iter().map(|(_, alert)| alert.id).collect();
        let rest = &self.model.alerts[self.model.cursor..];
        assert_eq!(ids, rest[..rest.len().min(count)]);

        let wanted: Vec<usize> = (0..OUTPUTS.len()).filter(|at| to & (1 << at) != 0).collect();
        let mut outbox = Vec::new();
        for (seq, alert) in &batch.alerts {
            for at in &wanted {
                outbox.push(Outgoing::Alert { seq: *seq, output: handle.outputs()[*at].id });
                self.model.pending[*at].push(Pending(alert.id, 0, 0));
            }
        }
        let (key, value) = (to.to_string(), count.is_multiple_of(2).then(|| count.to_string()));
        match &value {
            Some(value) => self.model.state.insert(key.clone(), value.clone()),
            None => self.model.state.remove(&key),
        };
        let state = vec![StateChange { stage: "stage", key, value }];
        let accept: Vec<_> = (0..ids.len() / 5).map(|_| Arc::new(alert())).collect();
        self.model.alerts.extend(accept.iter().map(|alert| alert.id));
        let step =
            Step { cursor: batch.through, made: handle.now(), state, outbox, accept, ..Step::default() };
        handle.step(step).await.unwrap();
        self.model.cursor += ids.len();
    }

    async fn deliver(&mut self, output: usize, count: usize, ends: &[u8]) {
        let handle = self.journal.handle();
        let id = handle.outputs()[output].id;
        let now = handle.now();
        let due = handle.due(id, now, count).await.unwrap();
        let pending = &mut self.model.pending[output];
        let expect: Vec<_> = pending.iter().filter(|row| row.2 <= now.0).take(count).cloned().collect();
        let got: Vec<_> = due.rows.iter().map(|row| (row.notification.id, row.attempt)).collect();
        assert_eq!(got, expect.iter().map(|row| (row.0, row.1)).collect::<Vec<_>>());
        if expect.is_empty() {
            assert_eq!(due.next.map(|next| next.0), pending.iter().map(|row| row.2).min());
        }
        let figures = &mut self.model.figures[output];
        let mut outcomes = Vec::new();
        for (row, end) in due.rows.iter().zip(ends) {
            let at = pending.iter().position(|pending| pending.0 == row.notification.id).unwrap();
            let end = match end {
                // It was on its way, and the process ended.
                0 => continue,
                1 => {
                    pending[at].1 += 1;
                    pending[at].2 = now.0 + 7;
                    figures.1 += 1;
                    End::Retry { not_before: Timestamp(now.0 + 7), cause: "away".into() }
                }
                2 => {
                    self.model.refused[output].push(pending.remove(at).0);
                    figures.2 += 1;
                    End::Refused { answer: "no".into() }
                }
                _ => {
                    self.model.sent[output].push(pending.remove(at).0);
                    figures.0 += 1;
                    End::Sent { receipt: "receipt".into() }
                }
            };
            outcomes.push(Outcome { row: row.id, end });
        }
        handle.settle(id, outcomes).await.unwrap();
    }

    /// After everything, and a restart, the two are the same.
    async fn compare(self) {
        let pair = self.apply(Op::Reopen).await;
        pair.compare_history();
        let Pair { journal, model, .. } = pair;
        let held: Vec<_> = journal.held().iter().map(|held| (held.id, held.body[0])).collect();
        assert_eq!(held, model.held.into_iter().collect::<Vec<_>>());
        let state = journal.handle().state().await.unwrap().into_iter().map(|(_, key, value)| (key, value));
        assert_eq!(state.collect::<BTreeMap<_, _>>(), model.state);
        let stats = journal.handle().stats().await.unwrap();
        assert_eq!(stats.accepted, model.alerts.len() as u64);
        assert_eq!((stats.alerts, stats.cursor), (stats.accepted, model.cursor as u64));
        for (at, output) in stats.outputs.iter().enumerate() {
            assert_eq!((output.sent, output.retried, output.refused), model.figures[at]);
            assert_eq!((output.pending, output.given_up), (model.pending[at].len() as u64, 0));
        }
    }
}

impl Pair {
    /// What became of each alert is what the model knows, and nothing else.
    fn compare_history(&self) {
        let beside = Beside::read(&self.settings.path).unwrap();
        let mut history = beside.history(Filter::default()).unwrap();
        let mut told = Vec::new();
        while let Some(page) = history.page().unwrap() {
            told.extend(page);
        }
        let ids: Vec<Uuid> = told.iter().map(|told| told.alert.as_ref().unwrap().id).collect();
        assert_eq!(ids, self.model.alerts);
        for (told, id) in told.iter().zip(&ids) {
            let mut fates: Vec<(&str, &str, u32)> = told
                .fates
                .iter()
                .map(|fate| match &fate.state {
                    State::Kept { .. } => (&*fate.output, "kept", 0),
                    State::Waiting { attempts, .. } => (&*fate.output, "waiting", *attempts),
                    State::Sent { .. } => (&*fate.output, "sent", 0),
                    State::Refused { .. } => (&*fate.output, "refused", 0),
                })
                .collect();
            fates.sort();
            let mut expected = Vec::new();
            for (at, output) in OUTPUTS.into_iter().enumerate() {
                let model = &self.model;
                let waiting = model.pending[at].iter().filter(|pending| pending.0 == *id);
                expected.extend(waiting.map(|pending| (output, "waiting", pending.1)));
                let count = |ids: &[Uuid]| ids.iter().filter(|other| *other == id).count();
                expected.extend(vec![(output, "sent", 0); count(&model.sent[at])]);
                expected.extend(vec![(output, "refused", 0); count(&model.refused[at])]);
            }
            expected.sort();
            assert_eq!(fates, expected);
        }
    }
}

fn open(settings: &Settings) -> Journal {
    Journal::open(settings.clone(), &OUTPUTS.map(str::to_owned)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn the_journal_is_its_model(ops in prop::collection::vec(op(), 1..60)) {
        let dir = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut pair = Pair::new(dir.path());
            for op in ops {
                pair = pair.apply(op).await;
            }
            pair.compare().await;
        });
    }
}
