//! The stages in their order: pure, so that it can be run over any alerts at any times.

mod explain;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use lanner_alert::{Alert, Kind, Notification, Priority, Silence, Timestamp};
use lanner_bus::{Outgoing, OutputId, Registered, StateChange};

pub use explain::{Decided, Explanation};

use crate::correlate::Correlate;
use crate::dedup::{Dedup, DedupSettings};
use crate::digest::{Digest, DigestSettings};
use crate::group::{Group, GroupSettings};
use crate::heartbeat::Heartbeat;
use crate::limit::{Limit, LimitSettings};
use crate::redact::{Redact, Redactor};
use crate::route::{Reached, Route, Withheld};
use crate::silence::Silences;
use crate::stage::{Change, Stage, Verdict};
use crate::template::{RouteText, Template};

/// What the stages do for one output.
#[derive(Debug, Clone)]
pub struct OutputPolicy {
    /// The output's name.
    pub name: String,
    /// Alerts below this priority are not for it.
    pub min_priority: Priority,
    /// Whether it gets what is silenced, too.
    pub audit: bool,
    /// What becomes a count; without it, nothing.
    pub dedup: Option<DedupSettings>,
    /// How much it is sent; without it, everything.
    pub limit: Option<LimitSettings>,
    /// What it collects; without it, nothing.
    pub digest: Option<DigestSettings>,
    /// Whether it is sent groups, where routes say so: Falco's own outputs never are.
    pub groups: bool,
    /// How often it gets a sign of life, on the host of that name; without it, never.
    pub heartbeat: Option<(Duration, Arc<str>)>,
    /// What takes secrets out of what it is sent; without it, nothing does.
    pub redactor: Option<Arc<Redactor>>,
}

impl OutputPolicy {
    /// The policy of an output that gets everything at once.
    pub fn everything(name: &str) -> OutputPolicy {
        OutputPolicy {
            name: name.to_owned(),
            min_priority: Priority::Debug,
            audit: false,
            dedup: None,
            limit: None,
            digest: None,
            groups: true,
            heartbeat: None,
            redactor: None,
        }
    }
}

/// How often a stage decided so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The output's name; empty where it was decided for all of them.
    pub output: String,
    /// The stage's name.
    pub stage: &'static str,
    /// The reason.
    pub reason: &'static str,
    /// How often.
    pub count: u64,
}

/// The tag of an alert that is sent again because someone asked for it.
const REPLAYED: &str = "replayed";

/// What stands between the route and one output.
struct Lane {
    output: Registered,
    min_priority: Priority,
    audit: bool,
    stages: Vec<Box<dyn Stage<Notification>>>,
    /// The first of the stages that only change what is in a notification.
    changes_from: usize,
    decisions: BTreeMap<(&'static str, &'static str), u64>,
}

/// What routes say of how they send, by their names.
#[derive(Default)]
struct Ways {
    groups: BTreeMap<Arc<str>, Arc<GroupSettings>>,
    texts: BTreeMap<Arc<str>, RouteText>,
}

impl Ways {
    fn of(route: &Route) -> Ways {
        let mut ways = Ways::default();
        route.each(&mut |route| {
            let name = || route.name.clone();
            ways.groups.extend(route.group.clone().map(|group| (name(), group)));
            ways.texts.extend(route.text.clone().map(|text| (name(), text)));
        });
        ways
    }
}

impl Lane {
    fn new(output: Registered, policy: OutputPolicy, ways: &Ways) -> Lane {
        let name = &output.name;
        // An audit wants each of them, by itself.
        let dedup = Box::new(Dedup::new(name, policy.dedup.filter(|_| !policy.audit)));
        let limit = Box::new(Limit::new(name, policy.limit));
        // What a digest doesn't collect goes at once.
        let grouped = policy.groups && !policy.audit && policy.digest.is_none();
        let groups = if grouped { ways.groups.clone() } else { BTreeMap::new() };
        let digest = Box::new(Digest::new(name, policy.digest));
        let group = Box::new(Group::new(name, groups));
        let (every, hostname) = policy.heartbeat.unzip();
        let heartbeat = Box::new(Heartbeat::new(name, hostname.unwrap_or_default(), every));
        let mut stages: Vec<Box<dyn Stage<Notification>>> = vec![dedup, limit, digest, group, heartbeat];
        let changes_from = stages.len();
        if let Some(redactor) = policy.redactor {
            stages.push(Box::new(Redact::new(redactor)));
        }
        if !ways.texts.is_empty() {
            stages.push(Box::new(Template::new(ways.texts.clone())));
        }
        Lane {
            output,
            min_priority: policy.min_priority,
            audit: policy.audit,
            stages,
            changes_from,
            decisions: BTreeMap::new(),
        }
    }

    fn count(&mut self, stage: &'static str, reason: &'static str) {
        *self.decisions.entry((stage, reason)).or_default() += 1;
    }

    /// Takes a notification through the stages from that one on; what goes out of the last.
    fn judge(&mut self, from: usize, mut item: Notification, now: Timestamp) -> Option<Notification> {
        for at in from..self.stages.len() {
            let stage = &mut self.stages[at];
            let (name, verdict) = (stage.name(), stage.judge(&mut item, now));
            self.count(name, verdict.reason());
            if !matches!(verdict, Verdict::Pass(_)) {
                return None;
            }
        }
        Some(item)
    }

    /// Whether an alert that the route gave it is owed to it.
    fn wants(&mut self, seq: u64, alert: &Alert, withheld: Option<Withheld>) -> bool {
        let (reason, wanted) = if seq <= self.output.since {
            ("before the output was there", false)
        } else if let Some(withheld) = withheld.filter(|_| !self.audit) {
            (withheld.reason(), false)
        } else if alert.priority < self.min_priority {
            ("below the minimum priority", false)
        } else if alert.silenced.is_some() && !self.audit {
            ("silenced", false)
        } else {
            ("routed", true)
        };
        self.count("route", reason);
        wanted
    }

    fn tick(&mut self, now: Timestamp, out: &mut Vec<Outgoing>) {
        let mut due = Vec::new();
        for at in 0..self.stages.len() {
            self.stages[at].tick(now, &mut due);
            for item in due.drain(..) {
                if let Some(notification) = self.judge(at + 1, item, now) {
                    out.push(Outgoing::Notification { notification, outputs: vec![self.output.id] });
                }
            }
        }
    }
}

/// All stages of all outputs.
pub struct Pipeline {
    correlate: Correlate,
    silences: Silences,
    /// What else marks alerts before they are routed.
    marks: Vec<Box<dyn Stage<Arc<Alert>>>>,
    /// How often they decided what.
    marked: BTreeMap<(&'static str, &'static str), u64>,
    route: Route,
    /// The host's time zone.
    zone: TimeZone,
    lanes: Vec<Lane>,
    /// Alerts that no route gave to any output.
    unrouted: u64,
    /// Used again for each alert.
    to: Vec<Reached>,
    /// The latest time that it was given.
    last: Timestamp,
}

impl Pipeline {
    /// The stages of the outputs that the journal knows; the policies are those of the configured ones, which
    /// come first, in the same order. The route names outputs by their place in it.
    pub fn new(route: Route, outputs: &[Registered], policies: Vec<OutputPolicy>) -> Pipeline {
        let mut policies = policies.into_iter();
        let ways = Ways::of(&route);
        let lanes = outputs
            .iter()
            .map(|output| {
                let policy = policies.next().unwrap_or_else(|| OutputPolicy::everything(&output.name));
                Lane::new(output.clone(), policy, &ways)
            })
            .collect();
        Pipeline {
            correlate: Correlate::default(),
            silences: Silences::new(Vec::new(), TimeZone::UTC),
            marks: Vec::new(),
            marked: BTreeMap::new(),
            route,
            zone: TimeZone::UTC,
            lanes,
            unrouted: 0,
            to: Vec::new(),
            // What was kept may be of a time that the clock, set back meanwhile, hasn't reached.
            last: Timestamp(u64::MAX),
        }
    }

    /// The pipeline with the host's time zone, for times of routes that name none; it is UTC without it.
    pub fn with_zone(self, zone: TimeZone) -> Pipeline {
        Pipeline { zone, ..self }
    }

    /// The pipeline with correlations.
    pub fn with_correlations(self, correlate: Correlate) -> Pipeline {
        Pipeline { correlate, ..self }
    }

    /// The pipeline with the silences of a configuration.
    pub fn with_silences(self, silences: Silences) -> Pipeline {
        Pipeline { silences, ..self }
    }

    /// Takes the silences that commands have made.
    pub(crate) fn set_silences(&mut self, made: Vec<Silence>) {
        self.silences.set_made(made);
    }

    /// The pipeline with another stage that marks alerts before they are routed, behind those that it has.
    pub fn with_mark(mut self, stage: impl Stage<Arc<Alert>> + 'static) -> Pipeline {
        self.marks.push(Box::new(stage));
        self
    }

    /// Takes note of the time; where it was set back, nothing that is kept may wait for the time that was. What has
    /// become due goes out before what comes now, so that it makes no difference how late somebody looked at the clock.
    fn heed(&mut self, now: Timestamp, out: &mut Vec<Outgoing>) {
        if now == self.last {
            return;
        }
        if now < self.last {
            self.correlate.set_back(now);
            self.marks.iter_mut().for_each(|stage| stage.set_back(now));
            self.lanes.iter_mut().flat_map(|lane| &mut lane.stages).for_each(|stage| stage.set_back(now));
        }
        self.last = now;
        self.let_out(now, out);
    }

    fn let_out(&mut self, now: Timestamp, out: &mut Vec<Outgoing>) {
        for lane in &mut self.lanes {
            if lane.stages.iter().filter_map(|stage| stage.next()).any(|next| next <= now) {
                lane.tick(now, out);
            }
        }
    }

    /// Takes one accepted alert through the stages.
    pub fn push(&mut self, seq: u64, alert: &Arc<Alert>, now: Timestamp, out: &mut Vec<Outgoing>) {
        self.heed(now, out);
        let marked = self.mark(alert, now);
        self.send(seq, alert, &marked, now, out);
    }

    /// The alert with the marks that it gets before it is routed.
    fn mark(&mut self, alert: &Arc<Alert>, now: Timestamp) -> Arc<Alert> {
        let mut marked = alert.clone();
        let correlate: Option<&mut dyn Stage<Arc<Alert>>> = match self.correlate.is_empty() {
            true => None,
            false => Some(&mut self.correlate),
        };
        let silences: &mut dyn Stage<Arc<Alert>> = &mut self.silences;
        let marks = self.marks.iter_mut().map(|stage| &mut **stage as _);
        for stage in correlate.into_iter().chain([silences]).chain(marks) {
            let (name, verdict) = (stage.name(), stage.judge(&mut marked, now));
            *self.marked.entry((name, verdict.reason())).or_default() += 1;
        }
        marked
    }

    /// The alerts that were made of those that were pushed since it was asked last: they are to be accepted, and come
    /// back as others do.
    pub fn made(&mut self, now: Timestamp) -> Vec<Arc<Alert>> {
        let mut made = Vec::new();
        self.correlate.tick(now, &mut made);
        made
    }

    /// Takes an alert, with its marks, to the outputs.
    fn send(
        &mut self,
        seq: u64,
        accepted: &Arc<Alert>,
        alert: &Arc<Alert>,
        now: Timestamp,
        out: &mut Vec<Outgoing>,
    ) {
        let mut to = std::mem::take(&mut self.to);
        to.clear();
        self.route.outputs(alert, now, &self.zone, &mut to);
        self.unrouted += u64::from(to.is_empty());
        // An audit gets what no route gives it, too.
        for (output, _) in self.lanes.iter().enumerate().filter(|(_, lane)| lane.audit) {
            if !to.iter().any(|reached| reached.output == output) {
                to.push(Reached { output, withheld: None, route: None });
            }
        }
        for Reached { output, withheld, route } in to.drain(..) {
            let Some(lane) = self.lanes.get_mut(output) else { continue };
            if !lane.wants(seq, alert, withheld) {
                continue;
            }
            let mut alert = alert.clone();
            if route.is_some() {
                Arc::make_mut(&mut alert).route = route;
            }
            // What Lanner says of itself nothing holds back: that it stops, it can't say later.
            let from = if alert.is_internal() { lane.changes_from } else { 0 };
            let Some(notification) = lane.judge(from, Notification::of(alert, now), now) else { continue };
            let output = lane.output.id;
            // An alert that no stage has changed is in the journal already.
            out.push(match &notification.alerts[..] {
                [same] if notification.kind == Kind::Alert && Arc::ptr_eq(same, accepted) => {
                    Outgoing::Alert { seq, output }
                }
                _ => Outgoing::Notification { notification, outputs: vec![output] },
            });
        }
        self.to = to;
    }

    /// Takes an accepted alert to an output again, with the tag `replayed`: past what withholds and collects, but
    /// not past what takes secrets out.
    pub fn replay(&mut self, alert: &Alert, output: OutputId, now: Timestamp, out: &mut Vec<Outgoing>) {
        let Some(at) = self.lanes.iter().position(|lane| lane.output.id == output) else { return };
        let mut again = alert.clone();
        if let Err(place) = again.tags.binary_search_by(|tag| tag.as_str().cmp(REPLAYED)) {
            again.tags.insert(place, REPLAYED.to_owned());
        }
        let mut to = Vec::new();
        self.route.outputs(alert, now, &self.zone, &mut to);
        again.route = to.into_iter().find(|reached| reached.output == at).and_then(|reached| reached.route);
        let lane = &mut self.lanes[at];
        lane.count("replay", "sent again");
        let again = Notification::of(Arc::new(again), now);
        if let Some(notification) = lane.judge(lane.changes_from, again, now) {
            out.push(Outgoing::Notification { notification, outputs: vec![output] });
        }
    }

    /// Lets out what is due.
    pub fn tick(&mut self, now: Timestamp, out: &mut Vec<Outgoing>) {
        self.heed(now, out);
        self.let_out(now, out);
    }

    /// When the next is due.
    pub fn next(&self) -> Option<Timestamp> {
        self.lanes.iter().flat_map(|lane| &lane.stages).filter_map(|stage| stage.next()).min()
    }

    /// What has changed, since it was asked last, of what the stages keep.
    pub fn changes(&mut self, out: &mut Vec<StateChange>) {
        let mut changes = Vec::new();
        let mut put = |stage: &'static str, changes: &mut Vec<Change>, at: &str| {
            out.extend(changes.drain(..).map(|Change { key, value }| StateChange {
                stage,
                key: key + at,
                value,
            }));
        };
        let correlate: &mut dyn Stage<Arc<Alert>> = &mut self.correlate;
        for stage in std::iter::once(correlate).chain(self.marks.iter_mut().map(|stage| &mut **stage as _)) {
            stage.changes(&mut changes);
            put(stage.name(), &mut changes, "");
        }
        for lane in &mut self.lanes {
            let at = format!("@{}", lane.output.name);
            for stage in &mut lane.stages {
                stage.changes(&mut changes);
                put(stage.name(), &mut changes, &at);
            }
        }
    }

    /// Gives a stage back what it kept; whether there is such a stage, and it could read it.
    pub fn restore(&mut self, stage: &str, key: &str, value: &str) -> bool {
        // Stages know things by ids, which have no `@`; the name of an output may have one.
        let Some((key, output)) = key.split_once('@') else {
            if stage == self.correlate.name() {
                return self.correlate.restore(key, value);
            }
            let mark = self.marks.iter_mut().find(|mark| mark.name() == stage);
            return mark.is_some_and(|mark| mark.restore(key, value));
        };
        self.lanes
            .iter_mut()
            .find(|lane| lane.output.name == output)
            .and_then(|lane| lane.stages.iter_mut().find(|own| own.name() == stage))
            .is_some_and(|stage| stage.restore(key, value))
    }

    /// How often each stage decided what, since the start.
    pub fn decisions(&self) -> Vec<Decision> {
        let of_lane = |lane: &Lane| -> Vec<Decision> {
            let decision = |(&(stage, reason), &count): (&(&'static str, &'static str), &u64)| Decision {
                output: lane.output.name.clone(),
                stage,
                reason,
                count,
            };
            lane.decisions.iter().map(decision).collect()
        };
        let of_marks = self.marked.iter().map(|(&(stage, reason), &count)| Decision {
            output: String::new(),
            stage,
            reason,
            count,
        });
        of_marks.chain(self.lanes.iter().flat_map(of_lane)).collect()
    }

    /// Alerts that no route gave to any output, since the start.
    pub fn unrouted(&self) -> u64 {
        self.unrouted
    }

    /// The outputs that something goes to, by their place.
    pub(crate) fn places(&self, outgoing: &[Outgoing]) -> Vec<usize> {
        let sent_to = |id: OutputId| {
            outgoing.iter().any(|outgoing| match outgoing {
                Outgoing::Alert { output, .. } => *output == id,
                Outgoing::Notification { outputs, .. } => outputs.contains(&id),
            })
        };
        (0..self.lanes.len()).filter(|at| sent_to(self.lanes[*at].output.id)).collect()
    }
}
