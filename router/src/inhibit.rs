//! What is worse makes the rest uninteresting: an alert of one sort marks those of another that follow it, where both have
//! the same values of certain fields.
//!
//! Security events don't resolve: what inhibits does so for a time after its last occurrence.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;
use lanner_alert::{Alert, Fingerprint, Matcher, Timestamp, Value};
use serde::{Deserialize, Serialize};

use crate::stage::{Change, Stage, Verdict, json, key_of};

/// How many occurrences a rule remembers, each of other values of its fields; past that the oldest is forgotten.
pub const SOURCES_MAX: usize = 16_384;

/// Which alerts mark which others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InhibitRule {
    /// All of these are true of those that mark.
    pub source: Vec<Matcher>,
    /// All of these are true of those that are marked.
    pub target: Vec<Matcher>,
    /// The fields of which both must have the same values.
    pub equal: Vec<String>,
    /// How long after its last occurrence a source marks.
    pub lasts: Duration,
}

impl InhibitRule {
    /// What tells the rule apart from others, whatever its place.
    fn identity(&self) -> Fingerprint {
        let text = |matchers: &[Matcher]| {
            Value::from(matchers.iter().map(Matcher::to_string).collect::<Vec<_>>().join(", "))
        };
        let parts = [text(&self.source), text(&self.target), Value::from(self.equal.join(", "))];
        Fingerprint::of("inhibit", &parts)
    }
}

/// An occurrence of a source.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Source {
    /// When it marks no more.
    until: Timestamp,
    /// Its rule.
    rule: Arc<str>,
}

/// A rule and what it remembers, by the values of its fields.
struct Memory {
    rule: InhibitRule,
    identity: Fingerprint,
    sources: HashMap<Fingerprint, Source>,
    /// The sources by when they end.
    ends: BTreeSet<(Timestamp, Fingerprint)>,
}

impl Memory {
    fn put(&mut self, key: Fingerprint, source: Source) {
        if let Some(before) = self.sources.get(&key) {
            self.ends.remove(&(before.until, key));
        }
        self.ends.insert((source.until, key));
        self.sources.insert(key, source);
    }

    /// Forgets those that have ended, and the first to end where there are too many.
    fn forget(&mut self, now: Timestamp, changed: &mut BTreeMap<(Fingerprint, Fingerprint), ()>) {
        while let Some((until, key)) = self.ends.first().copied() {
            if until > now && self.sources.len() <= SOURCES_MAX {
                break;
            }
            self.ends.remove(&(until, key));
            self.sources.remove(&key);
            changed.insert((self.identity, key), ());
        }
    }
}

/// The rules of the configuration.
pub struct Inhibit {
    memories: Vec<Memory>,
    /// By the rule's identity and the key.
    changed: BTreeMap<(Fingerprint, Fingerprint), ()>,
}

impl Inhibit {
    /// These rules, with nothing remembered. Of those that say the same the one that lasts longest holds.
    pub fn new(rules: Vec<InhibitRule>) -> Inhibit {
        let mut memories: Vec<Memory> = Vec::new();
        for rule in rules {
            let identity = rule.identity();
            match memories.iter_mut().find(|memory| memory.identity == identity) {
                Some(memory) => memory.rule.lasts = memory.rule.lasts.max(rule.lasts),
                None => {
                    memories.push(Memory { identity, rule, sources: HashMap::new(), ends: BTreeSet::new() });
                }
            }
        }
        Inhibit { memories, changed: BTreeMap::new() }
    }
}

impl Stage<Arc<Alert>> for Inhibit {
    fn name(&self) -> &'static str {
        "inhibit"
    }

    fn judge(&mut self, alert: &mut Arc<Alert>, now: Timestamp) -> Verdict {
        let (mut by, mut full) = (None, false);
        for memory in &mut self.memories {
            // What has ended has, even if the clock is set back later.
            memory.forget(now, &mut self.changed);
            let (source, target) =
                (Matcher::all(&memory.rule.source, alert), Matcher::all(&memory.rule.target, alert));
            if !source && !target {
                continue;
            }
            let key = key_of("", alert, &memory.rule.equal);
            // What is both marks the others, but nothing of its own sort.
            if target && !source && by.is_none() {
                by = memory.sources.get(&key).map(|source| source.rule.clone());
            }
            if source {
                let until = now.after(memory.rule.lasts);
                memory.put(key, Source { until, rule: alert.rule.clone() });
                full |= memory.sources.len() > SOURCES_MAX;
                memory.forget(now, &mut self.changed);
                self.changed.insert((memory.identity, key), ());
            }
        }
        let Some(rule) = by else {
            let reason =
                if full { "not inhibited, an earlier source made room for it" } else { "not inhibited" };
            return Verdict::Pass(reason);
        };
        if alert.silenced.is_none() {
            Arc::make_mut(alert).silenced = Some(format!("inhibited by {rule}").into());
        }
        Verdict::Pass("inhibited")
    }

    fn set_back(&mut self, now: Timestamp) {
        for memory in &mut self.memories {
            let latest = now.after(memory.rule.lasts);
            while let Some((until, key)) = memory.ends.last().copied().filter(|(until, _)| *until > latest) {
                memory.ends.remove(&(until, key));
                memory.ends.insert((latest, key));
                if let Some(source) = memory.sources.get_mut(&key) {
                    source.until = latest;
                }
                self.changed.insert((memory.identity, key), ());
            }
        }
    }

    fn changes(&mut self, out: &mut Vec<Change>) {
        for ((identity, key), ()) in std::mem::take(&mut self.changed) {
            let memory = self.memories.iter().find(|memory| memory.identity == identity);
            let source = memory.and_then(|memory| memory.sources.get(&key));
            let value = source.map(json);
            out.push(Change { key: format!("{identity}/{key}"), value });
        }
    }

    fn restore(&mut self, key: &str, value: &str) -> bool {
        let parts =
            key.split_once('/').and_then(|(identity, key)| Some((identity.parse().ok()?, key.parse().ok()?)));
        let (Some((identity, key)), Ok(source)) = (parts, serde_json::from_str::<Source>(value)) else {
            return false;
        };
        match self.memories.iter_mut().find(|memory| memory.identity == identity) {
            Some(memory) => memory.put(key, source),
            // A rule that is there no more: what it remembered goes.
            None => {
                self.changed.insert((identity, key), ());
            }
        }
        true
    }
}
