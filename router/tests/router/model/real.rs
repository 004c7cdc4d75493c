//! The real stages, with what a run's configuration says, and what a journal would keep for them.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, LazyLock};

use jiff::tz::TimeZone;
use lanner_alert::{Alert, Matcher, Notification, Priority, Silence, Timestamp};
use lanner_bus::{Outgoing, Registered};
use lanner_router::{
    DedupSettings, DigestSettings, GroupSettings, Inhibit, InhibitRule, LimitSettings, OutputPolicy,
    Pipeline, Redactor, Route, RouteText, Silences,
};

use super::Out;
use super::case::{Condition, Configuration, InhibitBy, OUTPUTS, Policy, RouteTo, SilenceOf};
use super::expected::{calendar, minutes, name};
use super::lane::{SECRET, schedule, text};

/// To make one takes long.
static REDACTOR: LazyLock<Arc<Redactor>> =
    LazyLock::new(|| Arc::new(Redactor::new(&[SECRET.to_owned()], &[]).unwrap()));

fn matchers(conditions: &[Condition]) -> Vec<Matcher> {
    conditions.iter().map(|condition| condition.to_string().parse().unwrap()).collect()
}

fn owned(fields: &[&str]) -> Vec<String> {
    fields.iter().map(|field| (*field).to_owned()).collect()
}

fn route(route: &RouteTo, own: &str) -> Route {
    let group = route.group.as_ref().map(|group| {
        let by = owned(&group.by);
        Arc::new(GroupSettings { by, wait: group.wait, interval: group.interval, idle: group.idle })
    });
    let text = |number| RouteText(Arc::new(move |item: &Notification| text(number, &item.alerts[0])));
    let below = route.routes.iter().enumerate();
    Route {
        name: own.into(),
        matchers: matchers(&route.conditions),
        outputs: route.outputs.clone(),
        min_priority: route.min_priority.map(|at| Priority::ALL[at]),
        active: route.active.iter().copied().map(calendar).collect(),
        mute: route.mute.iter().copied().map(calendar).collect(),
        group,
        text: route.text.map(text),
        continues: route.continues,
        routes: below.map(|(place, below)| self::route(below, &name(own, place))).collect(),
    }
}

fn policy(output: &str, policy: &Policy) -> OutputPolicy {
    let dedup = policy.dedup.as_ref();
    let limit = policy.limit.as_ref().map(|limit| LimitSettings {
        per: owned(&limit.per),
        period: limit.period,
        burst: NonZeroU32::new(limit.burst).unwrap(),
        summary: limit.summary,
    });
    let digest = policy.digest.as_ref().map(|digest| DigestSettings {
        schedule: schedule(&digest.when),
        zone: TimeZone::UTC,
        immediate_from: digest.immediate_from.map(|at| Priority::ALL[at]),
    });
    OutputPolicy {
        name: output.to_owned(),
        min_priority: policy.min_priority.map_or(Priority::Debug, |at| Priority::ALL[at]),
        audit: policy.audit,
        dedup: dedup.map(|dedup| DedupSettings { by: owned(&dedup.by), window: dedup.window }),
        limit,
        digest,
        groups: true,
        heartbeat: policy.heartbeat.map(|every| (every, "watched".into())),
        redactor: policy.redact.then(|| REDACTOR.clone()),
    }
}

fn silence((place, silence): (usize, &SilenceOf)) -> Silence {
    Silence {
        name: format!("silence {place}").into(),
        matchers: matchers(&silence.conditions),
        from: silence.from.map(minutes),
        until: silence.until.map(minutes),
        times: silence.times.map(calendar).unwrap_or_default(),
    }
}

fn inhibit(rule: &InhibitBy) -> InhibitRule {
    InhibitRule {
        source: matchers(&rule.source),
        target: matchers(&rule.target),
        equal: owned(&rule.equal),
        lasts: rule.lasts,
    }
}

/// What a configuration says, read once.
struct Settings {
    route: Route,
    policies: Vec<OutputPolicy>,
    silences: Vec<Silence>,
    inhibit: Vec<InhibitRule>,
}

impl Settings {
    fn of(configuration: &Configuration) -> Settings {
        let policies = OUTPUTS.iter().zip(&configuration.outputs);
        Settings {
            route: route(&configuration.route, "route"),
            policies: policies.map(|(name, own)| policy(name, own)).collect(),
            silences: configuration.silences.iter().enumerate().map(silence).collect(),
            inhibit: configuration.inhibit.iter().map(inhibit).collect(),
        }
    }

    fn pipeline(&self, outputs: &[Registered]) -> Pipeline {
        Pipeline::new(self.route.clone(), outputs, self.policies.clone())
            .with_silences(Silences::new(self.silences.clone(), TimeZone::UTC))
            .with_mark(Inhibit::new(self.inhibit.clone()))
    }
}

/// The stages, and the journal's rows of them.
pub struct Real {
    settings: Settings,
    pipeline: Pipeline,
    outputs: Vec<Registered>,
    accepted: Vec<Arc<Alert>>,
    rows: BTreeMap<(String, String), String>,
}

impl Real {
    pub fn new(configuration: &Configuration, since: &[u64]) -> Real {
        let outputs = OUTPUTS.iter().enumerate().zip(since).map(|((place, name), since)| Registered {
            since: *since,
            ..Registered::unkept(place as u64, name)
        });
        let outputs: Vec<Registered> = outputs.collect();
        let settings = Settings::of(configuration);
        let pipeline = settings.pipeline(&outputs);
        Real { settings, pipeline, outputs, accepted: Vec::new(), rows: BTreeMap::new() }
    }

    /// Starts again with what was kept, which is read back in the journal's order.
    pub fn restart(&mut self) {
        self.pipeline = self.settings.pipeline(&self.outputs);
        for ((stage, key), value) in &self.rows {
            assert!(self.pipeline.restore(stage, key, value), "{stage} {key}: {value}");
        }
    }

    /// Starts again with another configuration.
    pub fn change(&mut self, configuration: &Configuration) {
        self.settings = Settings::of(configuration);
        self.restart();
    }

    /// Takes an alert, and gives it its number.
    pub fn push(&mut self, alert: &Arc<Alert>, now: Timestamp, out: &mut Out) -> u64 {
        self.accepted.push(alert.clone());
        let seq = self.accepted.len() as u64;
        let mut outgoing = Vec::new();
        self.pipeline.push(seq, alert, now, &mut outgoing);
        self.send(outgoing, now, out);
        seq
    }

    pub fn tick(&mut self, now: Timestamp, out: &mut Out) {
        let mut outgoing = Vec::new();
        self.pipeline.tick(now, &mut outgoing);
        self.send(outgoing, now, out);
    }

    /// Sends an alert to an output again.
    pub fn replay(&mut self, alert: &Alert, place: usize, now: Timestamp) -> Out {
        let (mut outgoing, mut out) = (Vec::new(), Vec::new());
        self.pipeline.replay(alert, self.outputs[place].id, now, &mut outgoing);
        self.send(outgoing, now, &mut out);
        out
    }

    /// What the journal would give the outputs.
    fn send(&self, outgoing: Vec<Outgoing>, now: Timestamp, out: &mut Out) {
        let place = |id| self.outputs.iter().position(|output| output.id == id).unwrap();
        for outgoing in outgoing {
            match outgoing {
                Outgoing::Alert { seq, output } => {
                    let alert = self.accepted[seq as usize - 1].clone();
                    out.push((place(output), Notification::of(alert, now)));
                }
                Outgoing::Notification { notification, outputs } => {
                    out.extend(outputs.iter().map(|id| (place(*id), notification.clone())));
                }
            }
        }
    }

    pub fn next(&self) -> Option<Timestamp> {
        self.pipeline.next()
    }

    /// Writes down what the stages keep; how many rows that changed.
    pub fn keep(&mut self) -> usize {
        let mut changes = Vec::new();
        self.pipeline.changes(&mut changes);
        for change in &changes {
            let row = (change.stage.to_owned(), change.key.clone());
            match change.value.clone() {
                Some(value) => self.rows.insert(row, value),
                None => self.rows.remove(&row),
            };
        }
        changes.len()
    }

    /// What is kept, but for what is only to be remembered: the stages and keys.
    pub fn kept(&self) -> Vec<String> {
        let remembered = |stage: &str, key: &str| match stage {
            "inhibit" | "heartbeat" => true,
            "limit" => !key.starts_with('@'),
            "digest" => key.starts_with("before@"),
            _ => false,
        };
        let rows = self.rows.keys().filter(|(stage, key)| !remembered(stage, key));
        rows.map(|(stage, key)| format!("{stage} {key}")).collect()
    }
}
