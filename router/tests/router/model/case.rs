//! A run as plain data: configurations, alerts and what happens when, of a world so small that alerts collide.

use std::fmt;
use std::time::Duration;

use lanner_alert::Priority;
use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;

/// The outputs that the journal knows, of which a configuration has the first few.
pub const OUTPUTS: [&str; 3] = ["a", "b", "c"];
/// Names of rules, hosts and containers: the same ones, so that a key made of the wrong field is found out.
const NAMES: [&str; 3] = ["x", "y", "z"];
/// What alerts are told apart by.
pub const FIELDS: [&str; 4] = ["rule", "hostname", "container.name", "proc.name"];

/// An alert, by the places of what it has among [`NAMES`].
#[derive(Clone)]
pub struct Came {
    pub rule: usize,
    pub host: usize,
    pub container: Option<usize>,
    pub priority: usize,
    /// How long ago it happened.
    pub lag: u64,
    pub count: u64,
}

impl Came {
    /// Its value of a field; none where it doesn't have it.
    pub fn value(&self, field: &str) -> Option<&'static str> {
        match field {
            "rule" => Some(NAMES[self.rule]),
            "hostname" => Some(NAMES[self.host]),
            "container.name" => self.container.map(|at| NAMES[at]),
            "proc.name" => None,
            other => panic!("{other}"),
        }
    }

    pub fn priority(&self) -> Priority {
        Priority::ALL[self.priority]
    }
}

/// A condition on a field: its values are told by the bits of a number.
#[derive(Clone, PartialEq)]
pub enum Condition {
    AtLeast(usize),
    /// The field is one of these names; the last bit stands for no value.
    In(&'static str, u8),
    /// It isn't that name.
    Not(&'static str, usize),
    /// As `In` and its contrary, written as an expression.
    Like(&'static str, u8),
    Unlike(&'static str, u8),
}

fn names(bits: u8) -> Vec<&'static str> {
    let known = NAMES.into_iter().chain([""]);
    known.enumerate().filter(|(at, _)| bits & (1 << at) != 0).map(|(_, name)| name).collect()
}

impl Condition {
    pub fn holds(&self, alert: &Came) -> bool {
        let one_of = |field, bits| names(bits).contains(&alert.value(field).unwrap_or(""));
        match self {
            Condition::AtLeast(priority) => alert.priority <= *priority,
            Condition::In(field, bits) | Condition::Like(field, bits) => one_of(field, *bits),
            Condition::Not(field, name) => alert.value(field) != Some(NAMES[*name]),
            Condition::Unlike(field, bits) => !one_of(field, *bits),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let quoted =
            |bits| names(bits).iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        match self {
            Condition::AtLeast(priority) => write!(f, "priority >= {}", Priority::ALL[*priority]),
            Condition::In(field, bits) => write!(f, "{field} in ({})", quoted(*bits)),
            Condition::Not(field, name) => write!(f, "{field} != {}", NAMES[*name]),
            Condition::Like(field, bits) => write!(f, "{field} =~ \"{}\"", names(*bits).join("|")),
            Condition::Unlike(field, bits) => write!(f, "{field} !~ \"{}\"", names(*bits).join("|")),
        }
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[derive(Debug, Clone)]
pub struct GroupBy {
    pub by: Vec<&'static str>,
    pub wait: Duration,
    pub interval: Duration,
    pub idle: Duration,
}

#[derive(Debug, Clone)]
pub struct RouteTo {
    pub conditions: Vec<Condition>,
    pub outputs: Option<Vec<usize>>,
    pub min_priority: Option<usize>,
    /// Spans of the day, from hour to hour.
    pub active: Vec<(u8, u8)>,
    pub mute: Vec<(u8, u8)>,
    pub group: Option<GroupBy>,
    /// A number for the text; the text 0 can't be made.
    pub text: Option<u8>,
    pub continues: bool,
    pub routes: Vec<RouteTo>,
}

#[derive(Debug, Clone)]
pub struct DedupBy {
    pub by: Vec<&'static str>,
    pub window: Duration,
}

#[derive(Debug, Clone)]
pub struct LimitBy {
    pub per: Vec<&'static str>,
    pub period: Duration,
    pub burst: u32,
    pub summary: Duration,
}

#[derive(Debug, Clone)]
pub enum When {
    Every(Duration),
    /// At these hours.
    Daily(Vec<u8>),
}

#[derive(Debug, Clone)]
pub struct DigestBy {
    pub when: When,
    pub immediate_from: Option<usize>,
}

#[derive(Debug, Clone, Default)]
pub struct Policy {
    pub min_priority: Option<usize>,
    pub audit: bool,
    pub dedup: Option<DedupBy>,
    pub limit: Option<LimitBy>,
    pub digest: Option<DigestBy>,
    pub heartbeat: Option<Duration>,
    pub redact: bool,
}

#[derive(Debug, Clone)]
pub struct SilenceOf {
    pub conditions: Vec<Condition>,
    /// In minutes after the start.
    pub from: Option<u64>,
    pub until: Option<u64>,
    /// A span of the day, from hour to hour.
    pub times: Option<(u8, u8)>,
}

#[derive(Debug, Clone)]
pub struct InhibitBy {
    pub source: Vec<Condition>,
    pub target: Vec<Condition>,
    pub equal: Vec<&'static str>,
    pub lasts: Duration,
}

#[derive(Clone)]
pub struct Configuration {
    pub route: RouteTo,
    pub outputs: Vec<Policy>,
    pub silences: Vec<SilenceOf>,
    pub inhibit: Vec<InhibitBy>,
}

/// What happens.
#[derive(Debug, Clone)]
pub enum Happening {
    /// Alerts come together.
    Batch(Vec<Came>),
    /// The same alert so many times, so far apart.
    Again(Came, usize, Duration),
    /// That time passes, during which nobody looks at the clock.
    Pass(Duration),
    /// It comes to what is due next.
    Next,
    /// An alert is sent again: so many before the last, to that output.
    Replay(usize, usize),
    /// The clock is set back by that much.
    Back(Duration),
    /// Lanner is started again.
    Restart,
    /// Lanner is started again with another configuration.
    Change(Box<Configuration>),
    /// Lanner is started again with the configuration of the beginning.
    Return,
}

#[derive(Clone)]
pub struct Run {
    pub configuration: Configuration,
    /// For each output the number of the last alert that it isn't owed.
    pub since: Vec<u64>,
    /// Whether it is started again after each step, too.
    pub restless: bool,
    pub happenings: Vec<Happening>,
}

fn field() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&FIELDS[..])
}

fn fields() -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(&FIELDS[..], 0..=2)
}

/// Durations that are often the same, so that things meet.
fn duration(seconds: &'static [u64]) -> impl Strategy<Value = Duration> {
    prop::sample::select(seconds).prop_map(Duration::from_secs)
}

fn condition() -> impl Strategy<Value = Condition> {
    prop_oneof![
        2 => (0..8_usize).prop_map(Condition::AtLeast),
        3 => (field(), 1..16_u8).prop_map(|(field, bits)| Condition::In(field, bits)),
        1 => (field(), 0..3_usize).prop_map(|(field, name)| Condition::Not(field, name)),
        1 => (field(), 1..16_u8).prop_map(|(field, bits)| Condition::Like(field, bits)),
        1 => (field(), 1..16_u8).prop_map(|(field, bits)| Condition::Unlike(field, bits)),
    ]
}

fn came() -> impl Strategy<Value = Came> {
    let count = prop_oneof![4 => Just(1_u64), 1 => 2..5_u64];
    (0..3_usize, 0..2_usize, of(0..2_usize), 0..8_usize, 0..3_u64, count).prop_map(
        |(rule, host, container, priority, lag, count)| Came { rule, host, container, priority, lag, count },
    )
}

fn hours() -> impl Strategy<Value = (u8, u8)> {
    (0..24_u8, 1..24_u8).prop_map(|(from, long)| (from, (from + long) % 24))
}

fn group() -> impl Strategy<Value = GroupBy> {
    let (wait, interval) = (duration(&[0, 1, 30, 60]), duration(&[1, 60, 300]));
    (fields(), wait, interval, duration(&[1, 60, 600, 3600])).prop_map(|(by, wait, interval, idle)| GroupBy {
        by,
        wait,
        interval,
        idle,
    })
}

fn route(outputs: usize, depth: u32) -> BoxedStrategy<RouteTo> {
    let to = prop::sample::subsequence((0..outputs).collect::<Vec<_>>(), 0..=outputs);
    let times = || vec(hours(), 0..2);
    let times = (weighted(0.2, times()), weighted(0.2, times()));
    let own = (
        vec(condition(), 0..2),
        weighted(0.7, to),
        weighted(0.2, 0..8_usize),
        times,
        weighted(0.4, group()),
        weighted(0.2, 0..3_u8),
        any::<bool>(),
    );
    let below = match depth {
        0 => Just(Vec::new()).boxed(),
        depth => vec(route(outputs, depth - 1), 0..4).boxed(),
    };
    (own, below)
        .prop_map(|((conditions, outputs, min_priority, (active, mute), group, text, continues), routes)| {
            let (active, mute) = (active.unwrap_or_default(), mute.unwrap_or_default());
            RouteTo { conditions, outputs, min_priority, active, mute, group, text, continues, routes }
        })
        .boxed()
}

fn root(outputs: usize) -> impl Strategy<Value = RouteTo> {
    route(outputs, 2).prop_map(move |route| RouteTo {
        // Most of what comes is to come to someone.
        conditions: Vec::new(),
        outputs: route.outputs.filter(|to| !to.is_empty()).or(Some((0..outputs).collect())),
        ..route
    })
}

fn policy() -> impl Strategy<Value = Policy> {
    let dedup = (fields(), duration(&[1, 60, 300, 20_000])).prop_map(|(by, window)| DedupBy { by, window });
    let period = prop_oneof![duration(&[1, 6, 60, 600]), (1..5_u64).prop_map(Duration::from_nanos)];
    let limit = (fields(), period, 1..4_u32, duration(&[1, 60, 300]))
        .prop_map(|(per, period, burst, summary)| LimitBy { per, period, burst, summary });
    let when = prop_oneof![
        duration(&[1, 60, 3600]).prop_map(When::Every),
        vec(0..24_u8, 1..3).prop_map(When::Daily)
    ];
    let digest = (when, of(0..8_usize)).prop_map(|(when, immediate_from)| DigestBy { when, immediate_from });
    (
        weighted(0.2, 0..8_usize),
        prop::bool::weighted(0.15),
        of(dedup),
        of(limit),
        weighted(0.3, digest),
        weighted(0.2, duration(&[60, 3600])),
        prop::bool::weighted(0.2),
    )
        .prop_map(|(min_priority, audit, dedup, limit, digest, heartbeat, redact)| Policy {
            min_priority,
            audit,
            dedup,
            limit,
            digest,
            heartbeat,
            redact,
        })
}

fn silence() -> impl Strategy<Value = SilenceOf> {
    (vec(condition(), 0..2), of(0..120_u64), of(0..120_u64), weighted(0.3, hours()))
        .prop_map(|(conditions, from, until, times)| SilenceOf { conditions, from, until, times })
}

fn inhibit() -> impl Strategy<Value = InhibitBy> {
    (vec(condition(), 0..2), vec(condition(), 0..2), fields(), duration(&[1, 60, 600]))
        .prop_map(|(source, target, equal, lasts)| InhibitBy { source, target, equal, lasts })
}

/// Rules of which one may differ from the one before only in how long it lasts.
fn inhibits() -> impl Strategy<Value = Vec<InhibitBy>> {
    (vec(inhibit(), 0..3), weighted(0.3, duration(&[1, 60, 600]))).prop_map(|(mut rules, again)| {
        let again = rules.last().cloned().zip(again);
        rules.extend(again.map(|(rule, lasts)| InhibitBy { lasts, ..rule }));
        rules
    })
}

fn configuration() -> impl Strategy<Value = Configuration> {
    (1..=OUTPUTS.len()).prop_flat_map(|outputs| {
        (root(outputs), vec(policy(), outputs), vec(silence(), 0..2), inhibits()).prop_map(
            |(route, outputs, silences, inhibit)| Configuration { route, outputs, silences, inhibit },
        )
    })
}

fn happening() -> impl Strategy<Value = Happening> {
    let pass = prop_oneof![
        1 => (0..3_u64).prop_map(Duration::from_nanos),
        6 => duration(&[1, 2, 6, 29, 30, 59, 60, 61]),
        3 => duration(&[120, 300, 600, 3600, 4000]),
        1 => (0..200_000_u64).prop_map(Duration::from_secs),
    ];
    let back = prop_oneof![duration(&[1, 10, 30, 60, 3600]), (1..200_000_u64).prop_map(Duration::from_secs)];
    prop_oneof![
        10 => vec(came(), 1..6).prop_map(Happening::Batch),
        1 => (came(), 2..12_usize, duration(&[1, 60, 1000, 3600]))
            .prop_map(|(came, times, apart)| Happening::Again(came, times, apart)),
        6 => pass.prop_map(Happening::Pass),
        8 => Just(Happening::Next),
        3 => back.prop_map(Happening::Back),
        1 => (0..5_usize, 0..OUTPUTS.len()).prop_map(|(before, to)| Happening::Replay(before, to)),
        2 => Just(Happening::Restart),
        1 => configuration().prop_map(|other| Happening::Change(Box::new(other))),
        1 => Just(Happening::Return),
    ]
}

pub fn run() -> impl Strategy<Value = Run> {
    let since = vec(prop_oneof![4 => Just(0_u64), 1 => 0..5_u64], OUTPUTS.len());
    (configuration(), since, any::<bool>(), vec(happening(), 1..40)).prop_map(
        |(configuration, since, restless, happenings)| Run { configuration, since, restless, happenings },
    )
}
