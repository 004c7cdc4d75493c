//! Several alerts that mean something together: so many in a time, so many different values of a field, one after the
//! other. They make an alert of their own, which is accepted like any other and takes the whole way.
//!
//! Alerts are counted as they arrive, silenced or not. Once an alert was made of them they are used up: the next needs as
//! many again. What a correlation made is not correlated.

mod window;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hashbrown::HashMap;
use lanner_alert::{Alert, Causes, Correlation, Fingerprint, Matcher, Pattern, Timestamp, Value};

use crate::stage::{Change, Stage, Verdict, id_of, key_of};
use window::{Entry, Window};

/// How many bytes all that correlations remember may take, roughly. Each has an equal share, and at least room for one
/// window that is almost complete; past it, what it remembers of those values of its `by` fields is given up that came
/// least lately.
pub const CORRELATE_BYTES_MAX: usize = 16 << 20;

/// A correlation and what it remembers, by the values of its `by` fields.
struct Memory {
    correlation: Correlation,
    identity: Fingerprint,
    bytes_max: usize,
    bytes: usize,
    windows: HashMap<Fingerprint, Window>,
    /// The windows by when the last entry of each ends, which is the order in which they were used.
    ends: BTreeSet<(Timestamp, Fingerprint)>,
}

/// What is written down: a correlation by its identity, a window of it by its key, and an entry of that.
type Slot = (Fingerprint, Fingerprint, u128);

/// What has changed of what is written down, each with whether something of it was written down before.
#[derive(Default)]
struct Changed(BTreeMap<Slot, bool>);

impl Changed {
    /// A slot has a new entry; `existed` says whether it had one.
    fn put(&mut self, slot: Slot, existed: bool) {
        self.0.entry(slot).or_insert(existed);
    }

    /// A slot has no entry any more. What came and went since the last time was never written down.
    fn remove(&mut self, slot: Slot) {
        if self.0.get(&slot) == Some(&false) {
            self.0.remove(&slot);
        } else {
            self.0.insert(slot, true);
        }
    }
}

/// What came of an alert for one correlation.
enum Counted {
    Not,
    In,
    /// What came least lately had to go for it.
    Instead,
    /// It was the last that was needed; these were the others.
    Made(Causes),
}

impl Memory {
    fn new(correlation: Correlation, bytes_max: usize) -> Memory {
        Memory {
            identity: identity(&correlation),
            bytes_max: bytes_max.max(Window::bytes_max(&correlation.pattern)),
            correlation,
            bytes: 0,
            windows: HashMap::new(),
            ends: BTreeSet::new(),
        }
    }

    fn take(&mut self, key: Fingerprint) -> Option<Window> {
        let window = self.windows.remove(&key)?;
        self.ends.remove(&(window.last().after(self.correlation.within), key));
        self.bytes -= window.bytes();
        Some(window)
    }

    fn put(&mut self, key: Fingerprint, window: Window) {
        if window.is_empty() {
            return;
        }
        self.ends.insert((window.last().after(self.correlation.within), key));
        self.bytes += window.bytes();
        self.windows.insert(key, window);
    }

    /// Has everything that came later than now come now.
    fn set_back(&mut self, now: Timestamp, changed: &mut Changed) {
        let latest = now.after(self.correlation.within);
        while let Some((_, key)) = self.ends.last().copied().filter(|(end, _)| *end > latest) {
            let Some(mut window) = self.take(key) else { break };
            for slot in window.set_back(now) {
                changed.put((self.identity, key, slot), true);
            }
            self.put(key, window);
        }
    }

    /// Forgets the windows that have ended.
    fn expire(&mut self, now: Timestamp, changed: &mut Changed) {
        while let Some((_, key)) = self.ends.first().copied().filter(|(end, _)| *end <= now) {
            self.forget(key, changed);
        }
    }

    /// Gives up the windows that were used least lately, until the rest has room; whether there were any.
    fn shrink(&mut self, changed: &mut Changed) -> bool {
        let mut shrunk = false;
        while self.bytes > self.bytes_max {
            let Some((_, key)) = self.ends.first().copied() else { break };
            self.forget(key, changed);
            shrunk = true;
        }
        shrunk
    }

    fn forget(&mut self, key: Fingerprint, changed: &mut Changed) {
        for slot in self.take(key).iter().flat_map(Window::slots) {
            changed.remove((self.identity, key, slot));
        }
    }

    fn judge(&mut self, alert: &Alert, now: Timestamp, changed: &mut Changed) -> Counted {
        let steps = self.correlation.pattern.steps();
        let met: Vec<usize> = (0..steps.len()).filter(|step| Matcher::all(&steps[*step], alert)).collect();
        if met.is_empty() {
            return Counted::Not;
        }
        self.expire(now, changed);
        let key = key_of("", alert, &self.correlation.by);
        let mut window = self.take(key).unwrap_or_default();
        for slot in window.expire(now, self.correlation.within) {
            changed.remove((self.identity, key, slot));
        }
        let mut put = |(slot, existed)| changed.put((self.identity, key, slot), existed);
        let counted = self.add(&mut window, &met, alert, now, &mut put);
        self.put(key, window);
        match counted {
            Counted::Made(_) => self.forget(key, changed),
            Counted::In if self.shrink(changed) => return Counted::Instead,
            _ => {}
        }
        counted
    }

    /// Adds an alert, which meets those steps, to a window; `put` is told which entries were put there.
    fn add(
        &self,
        window: &mut Window,
        met: &[usize],
        alert: &Alert,
        now: Timestamp,
        put: &mut dyn FnMut((u128, bool)),
    ) -> Counted {
        let (value, needed) = match &self.correlation.pattern {
            Pattern::Threshold { count, .. } => (None, *count),
            Pattern::Distinct { field, count, .. } => match alert.field(field) {
                Value::Null => return Counted::Not,
                value => (Some(Fingerprint::of("", [&value]).0), *count),
            },
            Pattern::Sequence { steps } => {
                let mut counted = Counted::Not;
                // The last step first, so that an alert goes on from what was there before it.
                for step in met.iter().rev() {
                    let Some(chain) = window.chain(*step, now, alert) else { continue };
                    if *step + 1 == steps.len() {
                        return Counted::Made(chain.into());
                    }
                    put(window.insert(chain));
                    counted = Counted::In;
                }
                return counted;
            }
        };
        put(window.push(value, now, alert));
        if window.len() < needed { Counted::In } else { Counted::Made((&*window).into()) }
    }

    /// The alert that it makes.
    fn alert(&self, last: &Alert, causes: Causes, now: Timestamp) -> Alert {
        let Correlation { name, by, output, priority, tags, .. } = &self.correlation;
        let key: Vec<Value> = by.iter().map(|field| last.field(field)).collect();
        let count = Value::Uint(causes.count);
        let value = |field: &str| match field {
            Correlation::COUNT_FIELD => count.clone(),
            field => last.field(field),
        };
        let mut output_fields = BTreeMap::from([(Correlation::COUNT_FIELD.to_owned(), count.clone())]);
        let output = output.fill(value, &mut output_fields);
        let mut facts = last.output_fields.clone();
        facts.extend(last.facts.clone());
        Alert {
            id: id_of(name, &format!("correlation {}", last.id), now),
            time: last.time,
            rule: name.clone(),
            priority: *priority,
            source: last.source.clone(),
            hostname: last.hostname.clone(),
            output,
            output_fields,
            tags: tags.clone(),
            fingerprint: Fingerprint::of(name, &key),
            count: 1,
            first_seen: last.time,
            last_seen: last.time,
            silenced: None,
            route: None,
            facts,
            causes: Some(Arc::new(causes)),
        }
    }
}

/// What tells a correlation apart from others, whatever its place: what it remembers is of use as long as this stays.
fn identity(correlation: &Correlation) -> Fingerprint {
    let mut parts = vec![correlation.by.join(", ")];
    for step in correlation.pattern.steps() {
        parts.push(step.iter().map(Matcher::to_string).collect::<Vec<_>>().join(", "));
    }
    match &correlation.pattern {
        Pattern::Threshold { .. } => parts.push("threshold".to_owned()),
        Pattern::Distinct { field, .. } => parts.push(format!("distinct {field}")),
        Pattern::Sequence { .. } => parts.push("sequence".to_owned()),
    }
    let parts: Vec<Value> = parts.into_iter().map(Value::from).collect();
    Fingerprint::of(&correlation.name, &parts)
}

/// The correlations of the rules files. What they make comes out when they are [ticked](Stage::tick).
#[derive(Default)]
pub struct Correlate {
    memories: Vec<Memory>,
    /// By identity.
    places: HashMap<Fingerprint, usize>,
    made: Vec<Arc<Alert>>,
    changed: Changed,
}

impl Correlate {
    /// These correlations, with nothing remembered.
    pub fn new(correlations: Vec<Correlation>) -> Correlate {
        Correlate::with_bytes_max(correlations, CORRELATE_BYTES_MAX)
    }

    /// The stage with another limit than [`CORRELATE_BYTES_MAX`].
    pub fn with_bytes_max(correlations: Vec<Correlation>, bytes_max: usize) -> Correlate {
        let share = bytes_max / correlations.len().max(1);
        let memories: Vec<Memory> =
            correlations.into_iter().map(|correlation| Memory::new(correlation, share)).collect();
        let places = memories.iter().enumerate().map(|(at, memory)| (memory.identity, at)).collect();
        Correlate { memories, places, made: Vec::new(), changed: Changed::default() }
    }

    /// Whether there are no correlations.
    pub fn is_empty(&self) -> bool {
        self.memories.is_empty()
    }

    /// How many bytes are taken, roughly.
    pub fn bytes(&self) -> usize {
        self.memories.iter().map(|memory| memory.bytes).sum()
    }
}

impl Stage<Arc<Alert>> for Correlate {
    fn name(&self) -> &'static str {
        "correlate"
    }

    fn judge(&mut self, alert: &mut Arc<Alert>, now: Timestamp) -> Verdict {
        if alert.causes.is_some() {
            return Verdict::Pass("made by a correlation");
        }
        let (mut counted, mut instead, made) = (false, false, self.made.len());
        for memory in &mut self.memories {
            match memory.judge(alert, now, &mut self.changed) {
                Counted::Not => {}
                Counted::In => counted = true,
                Counted::Instead => instead = true,
                Counted::Made(causes) => self.made.push(Arc::new(memory.alert(alert, causes, now))),
            }
        }
        Verdict::Pass(match (self.made.len() > made, instead, counted) {
            (true, ..) => "completed a correlation",
            (_, true, _) => "counted, others given up for it",
            (_, _, true) => "counted",
            _ => "not correlated",
        })
    }

    fn set_back(&mut self, now: Timestamp) {
        self.memories.iter_mut().for_each(|memory| memory.set_back(now, &mut self.changed));
    }

    fn tick(&mut self, _: Timestamp, out: &mut Vec<Arc<Alert>>) {
        out.append(&mut self.made);
    }

    fn changes(&mut self, out: &mut Vec<Change>) {
        for ((identity, key, slot), _) in std::mem::take(&mut self.changed.0) {
            let memory = self.places.get(&identity).map(|at| &self.memories[*at]);
            let window = memory.and_then(|memory| memory.windows.get(&key));
            let value = window.and_then(|window| window.write(slot));
            out.push(Change { key: format!("{identity}/{key}/{slot:x}"), value });
        }
    }

    fn restore(&mut self, key: &str, value: &str) -> bool {
        let mut parts = key.splitn(3, '/').map(|part| u128::from_str_radix(part, 16).ok());
        let mut part = || parts.next().flatten();
        let (Some(identity), Some(key), Some(slot)) = (part(), part(), part()) else { return false };
        let (identity, key) = (Fingerprint(identity), Fingerprint(key));
        let Some(entry) = Entry::read(slot, value) else { return false };
        let Some(memory) = self.places.get(&identity).map(|at| &mut self.memories[*at]) else {
            // A correlation that is there no more: what it remembered goes.
            self.changed.remove((identity, key, slot));
            return true;
        };
        let mut window = memory.take(key).unwrap_or_default();
        window.insert(entry);
        memory.put(key, window);
        memory.shrink(&mut self.changed);
        true
    }
}
