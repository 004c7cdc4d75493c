//! The receivers, the process that is killed, and the books that are kept of both from outside.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use lanner_bus::{Beside, Filter, State};
use lanner_integration_tests::pipe::{Feed, Pipe, PipeLimit, PipeOutput, Plan, REPEATED, Repeated};
use lanner_integration_tests::random::Random;
use lanner_integration_tests::receiver::{Counts, Got, Mood, Receiver};
use lanner_integration_tests::wait_for;
use tempfile::TempDir;
use uuid::Uuid;

use crate::snapshot::{Ledger, Snapshot, add};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_pipe");
/// Different alerts.
const KEYS: u64 = 50;
/// Most alerts that are sent at once.
const CHUNK: u64 = 60;
/// So many of an alert make another.
const REPEATS: usize = 7;
/// As many as receivers take on average, so that what waits doesn't grow with every run.
const PER_SECOND: u64 = 1000;

/// A receiver, and what was seen of it.
pub struct Seat {
    pub output: PipeOutput,
    pub receiver: Receiver,
    /// What it took until the last kill.
    got: Vec<Got>,
    /// What waited for it after the last kill.
    waiting: BTreeSet<Uuid>,
}

/// Everything.
pub struct Stand {
    pub folder: TempDir,
    pub seats: Vec<Seat>,
    pub plan: Plan,
}

/// The outputs: each stage by itself, and all of them.
fn outputs() -> Vec<(PipeOutput, bool)> {
    let ms = Duration::from_millis;
    let limit = |per: &[&str]| {
        let per = per.iter().map(|&field| field.to_owned()).collect();
        Some(PipeLimit { per, period: ms(2), burst: 1, summary: ms(15) })
    };
    let output = |name: &str, batch| PipeOutput {
        name: name.to_owned(),
        kind: "http".to_owned(),
        batch,
        // A failure is soon forgotten, so that much can be tried in a short life.
        breaker: Some((1, ms(3))),
        ..PipeOutput::default()
    };
    vec![
        (output("single", 1), false),
        (output("batched", 20), true),
        (PipeOutput { audit: true, ..output("audit", 50) }, false),
        (PipeOutput { dedup: Some(ms(15)), ..output("deduped", 10) }, true),
        (PipeOutput { limit: limit(&[]), ..output("limited", 1) }, false),
        (PipeOutput { limit: limit(&["container.name"]), ..output("limited by field", 10) }, true),
        (PipeOutput { digest: Some(ms(15)), ..output("digested", 1) }, true),
        (PipeOutput { group: Some((ms(5), ms(15))), ..output("grouped", 10) }, true),
        (
            PipeOutput {
                dedup: Some(ms(30)),
                limit: limit(&["container.name"]),
                digest: Some(ms(10)),
                ..output("all of it", 5)
            },
            false,
        ),
    ]
}

impl Stand {
    /// Receivers that are up, and a plan to send them alerts until the process is killed. The journal is in a folder
    /// of its own, or in that one.
    pub fn new(seed: u64, journal: Option<PathBuf>) -> Stand {
        let folder = tempfile::tempdir().expect("a folder");
        let seat = |((mut output, refuses), at): ((PipeOutput, bool), u64)| {
            let receiver = Receiver::start(refuses, seed.wrapping_add(at));
            output.settings = format!("url: {}\n", receiver.url());
            Seat { output, receiver, got: Vec::new(), waiting: BTreeSet::new() }
        };
        let seats: Vec<Seat> = outputs().into_iter().zip(0..).map(seat).collect();
        let text = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let feed = Feed {
            count: None,
            keys: KEYS,
            per_second: Some(PER_SECOND),
            accepted: Some((folder.path().join("accepted"), CHUNK)),
            drain: false,
        };
        let journal = journal.unwrap_or_else(|| folder.path().join("journal.db"));
        let plan = Plan {
            outputs: seats.iter().map(|seat| seat.output.clone()).collect(),
            correlate: Some(Repeated {
                matchers: text(&["rule = event"]),
                by: "container.name".to_owned(),
                count: REPEATS,
            }),
            silence: text(&["rule = quiet"]),
            inhibit: Some([text(&["rule = worse"]), text(&["rule = lesser"]), text(&["container.name"])]),
            ..Plan::shipped(&journal, PipeOutput::default(), feed)
        };
        Stand { folder, seats, plan }
    }

    /// Has only the output of that name, whose receiver refuses nothing.
    pub fn only(&mut self, name: &str) {
        self.seats.retain(|seat| seat.output.name == name);
        self.plan.outputs.retain(|output| output.name == name);
        self.seats.iter().for_each(|seat| seat.receiver.refuse_nothing());
    }

    /// Has no alert silenced or inhibited, and none made of others.
    pub fn expect_all(&mut self) {
        (self.plan.silence, self.plan.inhibit, self.plan.correlate) = (Vec::new(), None, None);
    }

    pub fn start(&self) -> Pipe {
        self.start_by(Command::new(PROGRAM))
    }

    /// Starts the process by a command that gets its arguments.
    pub fn start_by(&self, command: Command) -> Pipe {
        Pipe::start(command, self.folder.path(), &self.plan)
    }

    /// Has all receivers do so.
    pub fn set(&mut self, mood: Mood) {
        self.seats.iter_mut().for_each(|seat| seat.receiver.set(mood));
    }

    /// Waits until so many more are accepted than were.
    pub fn wait_accepted(&self, before: usize, more: usize, pipe: &Pipe) {
        let so = || (self.accepted() >= before + more).then_some(());
        wait_for("alerts to be accepted", so, || pipe.said());
    }

    /// Waits until the process says so.
    pub fn wait_said(&self, words: &str, pipe: &Pipe) {
        let said = || pipe.said();
        wait_for(words, || said().contains(words).then_some(()), said);
    }

    /// The ids that were written down as accepted.
    pub fn written_ids(&self) -> Vec<Uuid> {
        self.written().lines().map(|id| id.parse().expect("an id")).collect()
    }

    /// How many alerts are accepted, as far as was written down.
    pub fn accepted(&self) -> usize {
        self.written().lines().count()
    }

    fn written(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("accepted")).unwrap_or_default()
    }

    /// After a kill: what came twice was in flight, and everything that was accepted and routed is accounted for.
    pub fn check(&mut self) -> Snapshot {
        let snapshot = self.check_copies();
        self.check_accepted(&snapshot);
        if self.plan.correlate.is_some() {
            check_correlated(&snapshot);
        }
        for seat in &self.seats {
            let ledger = snapshot.outputs.get(&seat.output.name);
            seat.check_sums(&self.owed(seat, &snapshot), ledger.unwrap_or(&Ledger::default()));
        }
        snapshot
    }

    /// After a kill: what came twice was in flight.
    pub fn check_copies(&mut self) -> Snapshot {
        self.seats.iter().for_each(|seat| seat.receiver.settle());
        let snapshot = Snapshot::take(&self.plan.journal, self.folder.path());
        for seat in &mut self.seats {
            let ledger = snapshot.outputs.get(&seat.output.name);
            seat.check_copies(ledger.unwrap_or(&Ledger::default()));
        }
        snapshot
    }

    /// What is owed to an output of what was routed, each alert with its rule: all, or all that isn't expected.
    fn owed(&self, seat: &Seat, snapshot: &Snapshot) -> Vec<(String, Uuid)> {
        let all = seat.output.audit || self.plan.silence.is_empty();
        let mut worse = BTreeSet::new();
        let mut owed = Vec::new();
        for (_, alert) in snapshot.alerts.iter().filter(|(seq, _)| *seq <= snapshot.cursor) {
            let marked =
                alert.rule == "quiet" || (alert.rule == "lesser" && worse.contains(&alert.container));
            if alert.rule == "worse" {
                worse.insert(&alert.container);
            }
            if all || !marked {
                owed.push((alert.rule.clone(), alert.id));
            }
        }
        owed
    }

    /// Whatever was written down as accepted is in the journal, under consecutive numbers.
    fn check_accepted(&self, snapshot: &Snapshot) {
        let ids: HashMap<Uuid, u64> = snapshot.alerts.iter().map(|(seq, alert)| (alert.id, *seq)).collect();
        assert_eq!(ids.len() as u64, snapshot.accepted, "each has an id of its own");
        assert!(
            snapshot.alerts.iter().zip(1..).all(|((seq, _), expected)| *seq == expected),
            "none is missing"
        );
        let lost = self.written_ids().iter().filter(|id| !ids.contains_key(id)).count();
        assert_eq!(lost, 0, "accepted, and not in the journal");
        assert_eq!(snapshot.given_up, 0, "the bounds are far");
    }

    /// Sends all that is left, with nothing withheld any more.
    pub fn drain(&mut self) {
        self.set(Mood::Up);
        for output in &mut self.plan.outputs {
            *output = PipeOutput { dedup: None, limit: None, digest: None, group: None, ..output.clone() };
        }
        // What was put off for long is due.
        self.plan.ahead += Duration::from_hours(24);
        self.plan.feed = Feed { count: Some(0), drain: true, ..Feed::default() };
        self.plan.die_at_write = None;
        let report = self.start().stopped();
        assert_eq!(report.pending, 0, "all is sent");
    }

    /// Drains it, and checks what became of everything.
    pub fn finish(mut self) {
        self.drain();
        let snapshot = self.check();
        assert_eq!(snapshot.cursor, snapshot.accepted, "all is routed");
        for (name, ledger) in &snapshot.outputs {
            let left = (ledger.waiting.len(), ledger.held.len(), ledger.given_up);
            assert_eq!(left, (0, 0, 0), "{name}: nothing is left");
            assert_eq!(ledger.refused, ledger.dead.len() as u64, "{name}: what was refused is kept");
        }
        for seat in &self.seats {
            let sent: BTreeSet<Uuid> = seat.got.iter().map(|got| got.id).collect();
            assert_eq!(snapshot.outputs[&seat.output.name].sent, sent.len() as u64, "{}", seat.output.name);
        }
        self.check_history(&snapshot);
    }

    /// The journal tells of each alert by itself what became of it, where it was sent by itself.
    fn check_history(&self, snapshot: &Snapshot) {
        let beside = Beside::read(&self.plan.journal).expect("the journal");
        let mut history = beside.history(Filter::default()).expect("a history");
        let mut fates: HashMap<(String, Uuid), Vec<State>> = HashMap::new();
        while let Some(page) = history.page().expect("a page") {
            for accepted in page {
                let id = accepted.alert.expect("it can be read").id;
                for fate in accepted.fates {
                    fates.entry((fate.output, id)).or_default().push(fate.state);
                }
            }
        }
        for seat in self.seats.iter().filter(|seat| seat.sends_each()) {
            let got: BTreeSet<Uuid> = seat.got.iter().map(|got| got.id).collect();
            for (_, alert) in self.owed(seat, snapshot) {
                let told = fates.get(&(seat.output.name.clone(), alert)).map_or(&[][..], Vec::as_slice);
                match told {
                    [State::Sent { .. }] => assert!(got.contains(&alert)),
                    [State::Refused { .. }] => assert!(!got.contains(&alert)),
                    other => panic!("{}: {alert} is {other:?}", seat.output.name),
                }
            }
        }
    }
}

/// Of what was routed, as many as belong together have made an alert each time, and no fewer.
fn check_correlated(snapshot: &Snapshot) {
    let (mut due, mut made) = (BTreeMap::new(), BTreeMap::new());
    for (seq, alert) in &snapshot.alerts {
        if alert.rule == REPEATED {
            *made.entry(&alert.container).or_insert(0) += REPEATS;
        } else if alert.rule == "event" && *seq <= snapshot.cursor {
            *due.entry(&alert.container).or_insert(0) += 1;
        }
    }
    due.values_mut().for_each(|count| *count -= *count % REPEATS);
    due.retain(|_, count| *count > 0);
    assert_eq!(made, due, "what repeated alerts have made");
}

impl Seat {
    /// Whether its receiver refuses that one.
    pub fn refuses(&self, id: Uuid) -> bool {
        self.receiver.refuses(id)
    }

    /// What it took and said so, each once.
    pub fn got_once(&self) -> BTreeMap<Uuid, Counts> {
        let answered = self.receiver.got(0).into_iter().filter(|got| got.answered);
        answered.map(|got| (got.id, got.counts)).collect()
    }

    /// Whether each alert goes by itself.
    pub fn sends_each(&self) -> bool {
        let PipeOutput { dedup, limit, digest, group, .. } = &self.output;
        dedup.is_none() && limit.is_none() && digest.is_none() && group.is_none()
    }

    /// Second copies are of what was in flight: not answered, or answered last and not acknowledged at the kill.
    fn check_copies(&mut self, ledger: &Ledger) {
        let name = &self.output.name;
        let mut seen: HashMap<Uuid, (bool, Got)> = HashMap::new();
        for got in &self.got {
            seen.insert(got.id, (true, got.clone()));
        }
        let new = self.receiver.got(self.got.len());
        for got in &new {
            if let Some((earlier, before)) = seen.insert(got.id, (false, got.clone())) {
                assert_eq!(before.counts, got.counts, "{name}: a second copy is the same");
                let in_flight = if earlier { self.waiting.contains(&got.id) } else { !before.answered };
                assert!(in_flight, "{name}: a second copy of {got:?}, which wasn't in flight");
            }
        }
        // What was answered is acknowledged in order.
        let answered = || new.iter().filter(|got| got.answered);
        let waits = |got: &&Got| ledger.waiting.contains_key(&got.id);
        let first = answered().position(|got| waits(&got)).unwrap_or(usize::MAX);
        assert!(answered().skip(first).all(|got| waits(&got)), "{name}: acknowledged out of order");
        self.got.extend(new);
        self.waiting = ledger.waiting.keys().copied().collect();
    }

    /// What was routed is delivered, waits, is refused or is held, each once.
    fn check_sums(&self, owed: &[(String, Uuid)], ledger: &Ledger) {
        let name = &self.output.name;
        let mut sum = ledger.held.clone();
        let apart = |id: &Uuid| !ledger.waiting.contains_key(id) && !ledger.dead.contains_key(id);
        let answered = self.got.iter().filter(|got| got.answered);
        let delivered: BTreeMap<Uuid, &Counts> =
            answered.map(|got| (got.id, &got.counts)).filter(|(id, _)| apart(id)).collect();
        let parts = delivered.values().copied().chain(ledger.waiting.values()).chain(ledger.dead.values());
        parts.for_each(|counts| add(&mut sum, counts));
        let mut expected = Counts::new();
        owed.iter().for_each(|(rule, _)| *expected.entry(rule.clone()).or_default() += 1);
        if self.output.group.is_some() {
            // A group says of its rules how often each occurred in all, and only of the whole how much is new.
            (sum, expected) = (total(&sum), total(&expected));
        }
        assert_eq!(sum, expected, "{name}: the counts of what was accepted and routed");
        assert!(self.got.iter().all(|got| !ledger.dead.contains_key(&got.id)), "{name}: refused, and taken");
        if self.sends_each() {
            let known = delivered.keys().chain(ledger.waiting.keys()).chain(ledger.dead.keys());
            let known: BTreeSet<Uuid> = known.copied().collect();
            assert_eq!(known, owed.iter().map(|(_, id)| *id).collect(), "{name}: the same alerts");
        }
    }
}

/// The counts without the rules.
fn total(counts: &Counts) -> Counts {
    Counts::from([(String::new(), counts.values().sum())])
}

/// A choice among some.
pub fn choose<'a, T>(random: &mut Random, of: &'a [T]) -> &'a T {
    &of[random.below(of.len() as u64) as usize]
}
