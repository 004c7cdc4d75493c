//! The stages against a model of them, over random configurations, alerts and times, with restarts and clocks that are
//! set back: what goes out when is the same, each occurrence that an output is owed goes out once, and nothing is left.
//!
//! The model keeps all that ever came, is never restarted, and does as the documentation says.

mod case;
mod expected;
mod lane;
mod print;
mod real;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use lanner_alert::{Alert, Fingerprint, Kind, Notification, Timestamp, Value};
use proptest::prelude::*;
use uuid::Uuid;

use case::{Came, Configuration, Happening, OUTPUTS, Run};
use expected::{Expected, START};
use lane::SECRET;
use real::Real;

/// How long it takes until nothing that is kept waits any more.
const QUIET: Duration = Duration::from_secs(4 * 7 * 24 * 3600);

/// The stages and the model side by side.
struct Pair {
    now: Timestamp,
    /// When the router looked at the clock last.
    last: Timestamp,
    real: Real,
    expected: Expected,
    alerts: Vec<(Came, Arc<Alert>)>,
    /// What was sent to each output: how many occurrences, and under which ids.
    sent: Vec<u64>,
    ids: HashSet<(usize, Uuid)>,
    beats: HashSet<(usize, Uuid)>,
    /// The ids of groups, by the output and the model's id.
    groups: BTreeMap<(usize, Uuid), Uuid>,
}

type Out = Vec<(usize, Notification)>;

impl Pair {
    fn new(run: &Run) -> Pair {
        Pair {
            now: START,
            last: START,
            real: Real::new(&run.configuration, &run.since),
            expected: Expected::new(run.configuration.clone(), run.since.clone()),
            alerts: Vec::new(),
            sent: vec![0; OUTPUTS.len()],
            ids: HashSet::new(),
            beats: HashSet::new(),
            groups: BTreeMap::new(),
        }
    }

    fn apply(&mut self, happening: &Happening, run: &Run) {
        match happening {
            Happening::Pass(time) => self.now = self.now.after(*time),
            Happening::Back(time) => self.now = Timestamp(self.now.0 - time.as_nanos() as u64),
            Happening::Next => {
                let next = self.real.next().filter(|next| next.since(self.now) < QUIET);
                self.now = self.now.max(next.unwrap_or(self.now));
                self.step(&[]);
            }
            Happening::Again(came, times, apart) => {
                for _ in 0..*times {
                    self.now = self.now.after(*apart);
                    self.step(std::slice::from_ref(came));
                }
            }
            Happening::Batch(batch) => {
                self.step(batch);
            }
            Happening::Replay(before, to) => {
                let place = self.alerts.len().checked_sub(1 + before);
                let Some((came, alert)) = place.and_then(|place| self.alerts.get(place)) else { return };
                let found = self.real.replay(alert, *to, self.now);
                let expected = self.expected.replay(came, alert, *to, self.now);
                same(&found, &vec![(*to, expected)]);
            }
            Happening::Restart => {
                let idle = self.now >= self.last && self.real.next().is_none_or(|next| next > self.now);
                self.real.restart();
                let rows = self.step(&[]);
                assert!(rows == 0 || !idle, "{rows} rows were written though nothing was to do");
            }
            Happening::Change(other) => self.change(other),
            Happening::Return => self.change(&run.configuration),
        }
    }

    fn change(&mut self, configuration: &Configuration) {
        self.real.change(configuration);
        self.expected.change(configuration.clone());
        // One that was off begins anew.
        self.beats.clear();
        self.step(&[]);
    }

    fn alert(&mut self, came: &Came) -> Arc<Alert> {
        let number = self.alerts.len() as u128 + 1;
        let time = Timestamp(self.now.0 - came.lag * 1_000_000_000);
        let text = |field| Value::from(came.value(field).unwrap_or_default());
        let container = came.value("container.name").map(|name| ("container.name".to_owned(), name.into()));
        Arc::new(Alert {
            source: "syscall".into(),
            fingerprint: Fingerprint::of("", [&text("rule"), &text("container.name")]),
            count: came.count,
            facts: container.into_iter().collect(),
            ..Alert::internal(
                Uuid::from_u128(number),
                came.value("rule").unwrap(),
                came.priority(),
                format!("alert {number} {SECRET}"),
                BTreeMap::new(),
                time,
                came.value("hostname").unwrap().into(),
            )
        })
    }

    /// A batch and what is due after it, as the router does; how many rows it writes.
    fn step(&mut self, batch: &[Came]) -> usize {
        self.last = self.now;
        let (mut found, mut expected) = (Vec::new(), Vec::new());
        for came in batch {
            let alert = self.alert(came);
            self.alerts.push((came.clone(), alert.clone()));
            let seq = self.real.push(&alert, self.now, &mut found);
            self.expected.push(seq, came, &alert, self.now, &mut expected);
        }
        self.real.tick(self.now, &mut found);
        self.expected.tick(self.now, &mut expected);
        let rows = self.real.keep();
        assert_eq!(self.real.keep(), 0, "what has changed is told once");
        self.compare(found, expected);
        let next = self.real.next();
        assert_eq!(next, self.expected.next(), "what is due next");
        assert!(next.is_none_or(|next| next > self.now), "what is due is done");
        rows
    }

    fn compare(&mut self, found: Out, expected: Out) {
        for (output, item) in &found {
            let ids = if is_heartbeat(item) { &mut self.beats } else { &mut self.ids };
            assert!(ids.insert((*output, item.id)), "two have one id: {}", print::told(*output, item));
            self.sent[*output] += if is_heartbeat(item) { 0 } else { item.count() };
        }
        same(&found, &expected);
        self.compare_groups(found, expected);
    }

    /// A group is known by the id of its first notification, and no other group is.
    fn compare_groups(&mut self, mut found: Out, mut expected: Out) {
        for out in [&mut found, &mut expected] {
            out.retain(|(_, item)| item.kind == Kind::Group);
            out.sort_by_key(|(output, item)| print::told(*output, item));
        }
        for ((output, found), (_, expected)) in found.iter().zip(&expected) {
            let (group, id) = (found.group.as_ref().unwrap(), expected.group.as_ref().unwrap().id);
            assert_eq!(group.update == 0, group.id == found.id);
            assert_eq!(*self.groups.entry((*output, id)).or_insert(group.id), group.id);
        }
    }

    /// Time passes until nothing waits any more.
    fn end(&mut self) {
        self.step(&[]);
        while self.expected.waits() {
            self.now = self.real.next().unwrap();
            self.step(&[]);
        }
        self.now = self.now.after(QUIET);
        self.step(&[]);
        assert_eq!(self.sent, self.expected.owed, "what was sent, and what was owed");
        assert_eq!(self.real.kept(), [""; 0], "nothing is kept");
    }
}

/// Both tell the same, in whatever order.
fn same(found: &Out, expected: &Out) {
    let texts = |out: &Out| {
        let mut texts: Vec<String> = out.iter().map(|(output, item)| print::told(*output, item)).collect();
        texts.sort();
        texts.join("\n")
    };
    let (found, expected) = (texts(found), texts(expected));
    assert!(found == expected, "found\n{found}\nexpected\n{expected}");
}

fn is_heartbeat(item: &Notification) -> bool {
    item.alerts.first().is_some_and(|alert| &*alert.source == "internal")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_stages_are_their_model(run in case::run()) {
        let mut pair = Pair::new(&run);
        for happening in &run.happenings {
            pair.apply(happening, &run);
            if run.restless {
                pair.real.restart();
            }
        }
        pair.end();
    }
}
