//! What is to become of alerts, by the words of the documentation: everything that ever came is kept in lists, and each
//! question is answered by looking through them.

use std::sync::Arc;

use jiff::tz::TimeZone;
use lanner_alert::{Alert, Calendar, Notification, Priority, Timestamp};

use super::Out;
use super::case::{Came, Condition, Configuration, InhibitBy, OUTPUTS, RouteTo, SilenceOf};
use super::lane::{Lane, Ways};

/// The beginning of a run: a Tuesday, 22:13:20 UTC.
pub const START: Timestamp = Timestamp(1_700_000_000_000_000_000);

pub fn minutes(after: u64) -> Timestamp {
    Timestamp(START.0 + after * 60_000_000_000)
}

pub fn calendar((from, to): (u8, u8)) -> Calendar {
    let mut calendar = Calendar::default();
    calendar.time(&format!("{from:02}:00-{to:02}:00")).unwrap();
    calendar
}

fn in_hours(span: (u8, u8), now: Timestamp) -> bool {
    calendar(span).contains(now, &TimeZone::UTC)
}

/// The place of the least priority.
const LEAST: usize = Priority::ALL.len() - 1;

fn all(conditions: &[Condition], alert: &Came) -> bool {
    conditions.iter().all(|condition| condition.holds(alert))
}

/// A source that marks others for a time.
struct Marks {
    rule: InhibitBy,
    came: Came,
    until: Timestamp,
}

impl InhibitBy {
    fn is(&self, other: &InhibitBy) -> bool {
        (&self.source, &self.target, &self.equal) == (&other.source, &other.target, &other.equal)
    }
}

/// Where an alert ends in the tree.
struct End<'a> {
    outputs: &'a [usize],
    sends: bool,
    /// The route, where it says how.
    way: Option<String>,
}

/// The name of a route: where it stands.
pub fn name(parent: &str, place: usize) -> String {
    format!("{parent}.{place}")
}

/// Takes an alert through a route and those below; whether that takes it.
fn walk<'a>(
    (route, name): (&'a RouteTo, &str),
    alert: &Came,
    now: Timestamp,
    (outputs, least): (&'a [usize], usize),
    ends: &mut Vec<End<'a>>,
) -> bool {
    if !all(&route.conditions, alert) {
        return false;
    }
    let outputs = route.outputs.as_deref().unwrap_or(outputs);
    let least = route.min_priority.unwrap_or(least);
    let mut taken = false;
    for (place, below) in route.routes.iter().enumerate() {
        let name = self::name(name, place);
        if walk((below, &name), alert, now, (outputs, least), ends) {
            taken = true;
            if !below.continues {
                break;
            }
        }
    }
    if !taken {
        let active = route.active.is_empty() || route.active.iter().any(|span| in_hours(*span, now));
        let muted = route.mute.iter().any(|span| in_hours(*span, now));
        let way = (route.group.is_some() || route.text.is_some()).then(|| name.to_owned());
        ends.push(End { outputs, sends: alert.priority <= least && active && !muted, way });
    }
    true
}

fn ends<'a>(root: &'a RouteTo, alert: &Came, now: Timestamp) -> Vec<End<'a>> {
    let mut ends = Vec::new();
    walk((root, "route"), alert, now, (&[], LEAST), &mut ends);
    ends
}

/// The end that says how an output is sent the alert: the first that sends it, else the first of all.
fn leading<'a>(ends: &'a [End], output: usize) -> Option<&'a End<'a>> {
    let mut led = ends.iter().filter(|end| end.outputs.contains(&output));
    led.clone().find(|end| end.sends).or(led.next())
}

fn silenced(silences: &[SilenceOf], alert: &Came, now: Timestamp) -> Option<usize> {
    silences.iter().position(|silence| {
        silence.from.is_none_or(|from| minutes(from) <= now)
            && silence.until.is_none_or(|until| now < minutes(until))
            && silence.times.is_none_or(|span| in_hours(span, now))
            && all(&silence.conditions, alert)
    })
}

/// What a router is to do.
pub struct Expected {
    configuration: Configuration,
    since: Vec<u64>,
    marks: Vec<Marks>,
    lanes: Vec<Lane>,
    last: Timestamp,
    /// For each output how many occurrences it is owed.
    pub owed: Vec<u64>,
}

impl Expected {
    pub fn new(configuration: Configuration, since: Vec<u64>) -> Expected {
        let lanes = OUTPUTS.iter().map(|_| Lane::default()).collect();
        let owed = vec![0; OUTPUTS.len()];
        let mut expected =
            Expected { configuration, since, marks: Vec::new(), lanes, last: Timestamp(u64::MAX), owed };
        expected.configure();
        expected
    }

    fn configure(&mut self) {
        let ways = Ways::of(&self.configuration.route);
        for (place, lane) in self.lanes.iter_mut().enumerate() {
            // One that is configured no more gets what it is owed at once.
            let policy = self.configuration.outputs.get(place).cloned().unwrap_or_default();
            lane.configure(policy, ways.clone());
        }
        let rules = &self.configuration.inhibit;
        self.marks.retain(|marks| rules.iter().any(|rule| rule.is(&marks.rule)));
        self.last = Timestamp(u64::MAX);
    }

    /// It is started again with another configuration.
    pub fn change(&mut self, configuration: Configuration) {
        self.configuration = configuration;
        self.configure();
    }

    /// What is due comes out, before what comes now. Of what came at a time that the clock hasn't reached any more it
    /// is as if it had come now.
    fn heed(&mut self, now: Timestamp, out: &mut Out) {
        if now == self.last {
            return;
        }
        if now < self.last {
            for marks in &mut self.marks {
                let rule = self.configuration.inhibit.iter().filter(|rule| rule.is(&marks.rule));
                let lasts = rule.map(|rule| rule.lasts).max().unwrap_or_default();
                marks.until = marks.until.min(now.after(lasts));
            }
            self.lanes.iter_mut().for_each(|lane| lane.set_back(now));
        }
        self.last = now;
        self.tick(now, out);
    }

    pub fn tick(&mut self, now: Timestamp, out: &mut Out) {
        self.heed(now, out);
        for (place, lane) in self.lanes.iter_mut().enumerate() {
            out.extend(lane.tick(now).into_iter().map(|item| (place, item)));
        }
    }

    pub fn push(&mut self, seq: u64, came: &Came, alert: &Arc<Alert>, now: Timestamp, out: &mut Out) {
        self.heed(now, out);
        let mark = self.mark(came, now);
        let ends = ends(&self.configuration.route, came, now);
        for (place, lane) in self.lanes.iter_mut().enumerate() {
            let policy = self.configuration.outputs.get(place).cloned().unwrap_or_default();
            // An audit gets what no route gives it, too.
            let end = leading(&ends, place);
            let wanted = policy.audit || (end.is_some_and(|end| end.sends) && mark.is_none());
            let least = policy.min_priority.unwrap_or(LEAST);
            if !wanted || came.priority > least || seq <= self.since[place] {
                continue;
            }
            self.owed[place] += came.count;
            let way = end.and_then(|end| end.way.as_deref());
            let (silenced, route) = (mark.as_deref().map(Arc::from), way.map(Arc::from));
            let alert = Arc::new(Alert { silenced, route, ..Alert::clone(alert) });
            out.extend(lane.push(alert, now).map(|item| (place, item)));
        }
    }

    /// An alert that is sent to an output again: past what withholds and collects.
    pub fn replay(&self, came: &Came, alert: &Alert, place: usize, now: Timestamp) -> Notification {
        let ends = ends(&self.configuration.route, came, now);
        let way = leading(&ends, place).and_then(|end| end.way.as_deref());
        let tags = vec!["replayed".to_owned()];
        let again = Alert { tags, route: way.map(Arc::from), ..alert.clone() };
        self.lanes[place].say(Notification::of(Arc::new(again), now))
    }

    /// What keeps an alert from being sent.
    fn mark(&mut self, came: &Came, now: Timestamp) -> Option<String> {
        // What has ended has, even if the clock is set back later.
        self.marks.retain(|marks| marks.until > now);
        let silenced =
            silenced(&self.configuration.silences, came, now).map(|place| format!("silence {place}"));
        let inhibited = self.configuration.inhibit.iter().find_map(|rule| {
            if !all(&rule.target, came) || all(&rule.source, came) {
                return None;
            }
            let same = |marks: &&Marks| {
                let equal = |field: &&str| marks.came.value(field) == came.value(field);
                marks.rule.is(rule) && rule.equal.iter().all(equal)
            };
            let by = self.marks.iter().rev().find(same)?;
            Some(format!("inhibited by {}", by.came.value("rule").unwrap_or_default()))
        });
        for rule in self.configuration.inhibit.iter().filter(|rule| all(&rule.source, came)) {
            let until = now.after(rule.lasts);
            self.marks.push(Marks { rule: rule.clone(), came: came.clone(), until });
        }
        silenced.or(inhibited)
    }

    /// When something is due at the earliest.
    pub fn next(&self) -> Option<Timestamp> {
        self.lanes.iter().flat_map(Lane::next).min()
    }

    /// Whether something waits to be told.
    pub fn waits(&self) -> bool {
        self.lanes.iter().any(Lane::waits)
    }
}
