//! What is to become of what the routes give to one output.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use lanner_alert::{
    Alert, Fingerprint, Group, Kind, Notification, Priority, Schedule, Tally, Timestamp, Value,
};
use lanner_router::MARK;
use uuid::Uuid;

use super::case::{DigestBy, GroupBy, LimitBy, Policy, RouteTo, When};
use super::expected::name;

/// What the routes say of how they send, by their names.
#[derive(Debug, Clone, Default)]
pub struct Ways {
    pub groups: BTreeMap<String, GroupBy>,
    pub texts: BTreeMap<String, u8>,
}

impl Ways {
    pub fn of(root: &RouteTo) -> Ways {
        let mut ways = Ways::default();
        ways.add(root, "route");
        ways
    }

    fn add(&mut self, route: &RouteTo, name: &str) {
        self.groups.extend(route.group.clone().map(|group| (name.to_owned(), group)));
        self.texts.extend(route.text.map(|text| (name.to_owned(), text)));
        for (place, below) in route.routes.iter().enumerate() {
            self.add(below, &self::name(name, place));
        }
    }
}

/// What no output may be told that takes secrets out.
pub const SECRET: &str = "hunter2";

/// The text of a route in place of an alert's own.
pub fn text(number: u8, alert: &Alert) -> Option<String> {
    (number > 0).then(|| format!("text {number} of {}", alert.output))
}

pub fn schedule(when: &When) -> Schedule {
    match when {
        When::Every(interval) => Schedule::Every(*interval),
        When::Daily(hours) => {
            let times = hours.iter().map(|hour| Time::constant(*hour as i8, 0, 0, 0)).collect();
            Schedule::Daily { times, zone: None }
        }
    }
}

/// The fields by name, and an alert's values of them.
type Key = Vec<(&'static str, Value)>;

fn key(fields: &[&'static str], alert: &Alert) -> Key {
    fields.iter().map(|field| (*field, alert.field(field))).collect()
}

/// What came again and again: the first was sent at once.
struct Repeated {
    key: (Key, Option<Fingerprint>),
    came: Vec<(Timestamp, Arc<Alert>)>,
    /// So many of them were told.
    told: usize,
    updates: u32,
}

impl Repeated {
    /// When it has been quiet for so long that the next is new.
    fn quiet(&self, window: Duration) -> Timestamp {
        self.came.last().unwrap().0.after(window)
    }

    /// When what wasn't told is told, unless it becomes quiet before.
    fn update(&self) -> Option<Timestamp> {
        let minutes = 2_u64.pow(self.updates.min(6)).min(60);
        let (first, _) = self.came.get(self.told)?;
        Some(first.after(Duration::from_secs(60 * minutes)))
    }

    /// The most important of what wasn't told, and of those the last, for all of them.
    fn tell(&mut self) -> Option<Arc<Alert>> {
        let untold: Vec<&Arc<Alert>> = self.came[self.told..].iter().map(|(_, alert)| alert).collect();
        let shown = untold.iter().max_by_key(|alert| alert.priority)?;
        let told = Alert {
            count: untold.iter().map(|alert| alert.count).sum(),
            first_seen: untold.iter().map(|alert| alert.first_seen).min()?,
            last_seen: untold.iter().map(|alert| alert.last_seen).max()?,
            ..Alert::clone(shown)
        };
        self.told = self.came.len();
        self.updates += 1;
        Some(Arc::new(told))
    }
}

/// What a limit has let through, and when the clock was set back.
enum Passed {
    At(Key, Timestamp, Duration),
    /// It was asked at that time: what it has worked off by then is forgotten, even if the clock is set back later.
    Asked(Timestamp),
    /// At that time, when no burst is further ahead than that.
    Back(Timestamp, Duration),
}

/// What came together, and when it goes out.
struct Collected {
    due: Timestamp,
    items: Vec<Notification>,
}

impl Collected {
    fn alerts(&self) -> impl Iterator<Item = &Arc<Alert>> {
        self.items.iter().flat_map(|item| &item.alerts)
    }

    fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for item in &self.items {
            tally.merge(&item.tally);
            item.alerts.iter().for_each(|alert| tally.add(alert));
        }
        tally
    }
}

struct Grouped {
    id: Uuid,
    route: String,
    key: Key,
    alerts: Vec<Arc<Alert>>,
    told: usize,
    updates: u32,
    sent: Option<Timestamp>,
    last: Timestamp,
    due: Option<Timestamp>,
}

impl Grouped {
    fn due_if_now(&self, group: &GroupBy, now: Timestamp) -> Timestamp {
        now.after(group.wait).max(self.sent.map_or(now, |sent| sent.after(group.interval)))
    }
}

/// The most important alerts, the earlier first.
fn most_important(alerts: &[Arc<Alert>], most: usize) -> Vec<Arc<Alert>> {
    let mut alerts = alerts.to_vec();
    alerts.sort_by_key(|alert| (Reverse(alert.priority), alert.time, alert.id));
    alerts.truncate(most);
    alerts
}

/// One output's.
#[derive(Default)]
pub struct Lane {
    policy: Policy,
    ways: Ways,
    repeated: Vec<Repeated>,
    passed: Vec<Passed>,
    withheld: Option<Collected>,
    collected: Option<Collected>,
    before: Option<Tally>,
    groups: Vec<Grouped>,
    groups_begun: u128,
    beat: Option<Timestamp>,
}

impl Lane {
    /// It is started with these settings; what those before it kept comes out at once where it keeps nothing such.
    pub fn configure(&mut self, mut policy: Policy, mut ways: Ways) {
        if policy.audit {
            policy.dedup = None;
        }
        if policy.audit || policy.digest.is_some() {
            ways.groups.clear();
        }
        if policy.limit.is_none() {
            self.passed.clear();
        }
        if policy.heartbeat.is_none() {
            self.beat = None;
        }
        (self.policy, self.ways) = (policy, ways);
    }

    pub fn set_back(&mut self, now: Timestamp) {
        let came = self.repeated.iter_mut().flat_map(|repeated| &mut repeated.came);
        came.for_each(|(time, _)| *time = (*time).min(now));
        if let Some(limit) = &self.policy.limit {
            self.passed.push(Passed::Back(now, limit.period * limit.burst));
            let due = now.after(limit.summary);
            self.withheld.iter_mut().for_each(|withheld| withheld.due = withheld.due.min(due));
        }
        if let Some(digest) = &self.policy.digest {
            let due = schedule(&digest.when).next(now, &TimeZone::UTC);
            self.collected.iter_mut().for_each(|collected| collected.due = collected.due.min(due));
        }
        for group in &mut self.groups {
            group.last = group.last.min(now);
            group.sent = group.sent.map(|sent| sent.min(now));
            if let (Some(by), Some(due)) = (self.ways.groups.get(&group.route), group.due) {
                group.due = Some(due.min(group.due_if_now(by, now)));
            }
        }
        self.beat = self.beat.map(|beat| beat.min(now));
    }

    /// An alert that it is owed; what goes out at once.
    pub fn push(&mut self, alert: Arc<Alert>, now: Timestamp) -> Option<Notification> {
        let dedup = self.policy.dedup.clone();
        if let Some(dedup) = dedup {
            let own = dedup.by.is_empty().then_some(alert.fingerprint);
            let key = (key(&dedup.by, &alert), own);
            if let Some(repeated) = self.repeated.iter_mut().find(|repeated| repeated.key == key) {
                repeated.came.push((now, alert));
                return None;
            }
            self.repeated.push(Repeated { key, came: vec![(now, alert.clone())], told: 1, updates: 0 });
        }
        self.limit(Notification::of(alert, now), now)
    }

    /// When a limit has worked off what it let through of a key: the theoretical arrival time of GCRA.
    fn arrival(&self, key: &Key) -> Timestamp {
        let mut arrival = Timestamp(0);
        for passed in &self.passed {
            match passed {
                Passed::At(of, time, period) if of == key => arrival = arrival.max(*time).after(*period),
                Passed::At(..) => {}
                Passed::Asked(time) if arrival <= *time => arrival = Timestamp(0),
                Passed::Asked(_) => {}
                Passed::Back(time, burst) => arrival = arrival.min(time.after(*burst)),
            }
        }
        arrival
    }

    fn limit(&mut self, item: Notification, now: Timestamp) -> Option<Notification> {
        if let Some(LimitBy { per, period, burst, summary }) = self.policy.limit.clone() {
            let key = key(&per, &item.alerts[0]);
            self.passed.push(Passed::Asked(now));
            let ahead = self.arrival(&key).since(now);
            if ahead > period * (burst - 1) {
                let due = now.after(summary);
                self.withheld.get_or_insert(Collected { due, items: Vec::new() }).items.push(item);
                return None;
            }
            self.passed.push(Passed::At(key, now, period));
        }
        self.digest(item, now)
    }

    fn digest(&mut self, item: Notification, now: Timestamp) -> Option<Notification> {
        if let Some(DigestBy { when, immediate_from }) = &self.policy.digest
            && immediate_from.is_none_or(|least| item.priority < Priority::ALL[least])
        {
            let due = schedule(when).next(now, &TimeZone::UTC);
            self.collected.get_or_insert(Collected { due, items: Vec::new() }).items.push(item);
            return None;
        }
        self.group(item, now)
    }

    fn group(&mut self, item: Notification, now: Timestamp) -> Option<Notification> {
        let alert = item.alerts.first().filter(|_| item.kind == Kind::Alert);
        let route = alert.and_then(|alert| alert.route.as_deref());
        let Some((alert, route, by)) =
            alert.zip(route).and_then(|(alert, route)| Some((alert, route, self.ways.groups.get(route)?)))
        else {
            return Some(self.say(item));
        };
        let key = key(&by.by, alert);
        let known = self.groups.iter().position(|group| (&*group.route, &group.key) == (route, &key));
        let place = known.unwrap_or(self.groups.len());
        if known.is_none() {
            self.groups_begun += 1;
            self.groups.push(Grouped {
                id: Uuid::from_u128(self.groups_begun),
                route: route.to_owned(),
                key,
                alerts: Vec::new(),
                told: 0,
                updates: 0,
                sent: None,
                last: now,
                due: None,
            });
        }
        let group = &mut self.groups[place];
        group.last = now;
        group.alerts.push(alert.clone());
        group.due = group.due.or(Some(group.due_if_now(by, now)));
        None
    }

    /// An item as it is sent: without secrets, which the route's text is made without too.
    pub fn say(&self, mut item: Notification) -> Notification {
        for alert in &mut item.alerts {
            if self.policy.redact {
                let output = alert.output.replace(SECRET, MARK);
                Arc::make_mut(alert).output = output;
            }
            let number = alert.route.as_deref().and_then(|route| self.ways.texts.get(route));
            if let Some(text) = number.and_then(|number| text(*number, alert)) {
                Arc::make_mut(alert).output = text;
            }
        }
        item
    }

    fn many(
        &self,
        kind: Kind,
        priority: Priority,
        alerts: Vec<Arc<Alert>>,
        tally: Tally,
        now: Timestamp,
    ) -> Notification {
        self.say(Notification { id: Uuid::nil(), kind, time: now, priority, alerts, tally, group: None })
    }

    /// Lets out what is due.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Notification> {
        let mut out = Vec::new();
        let updates = most_important(&self.updates(now), usize::MAX);
        for alert in updates {
            let update = Notification { id: Uuid::nil(), ..Notification::of(alert, now) };
            out.extend(self.limit(update, now));
        }
        let limited = self.policy.limit.is_some();
        if let Some(withheld) = self.withheld.take_if(|withheld| !limited || withheld.due <= now) {
            let tally = withheld.tally();
            let summary = self.many(Kind::Summary, tally.priority(), Vec::new(), tally, now);
            out.extend(self.digest(summary, now));
        }
        let collects = self.policy.digest.is_some();
        if let Some(collected) = self.collected.take_if(|collected| !collects || collected.due <= now) {
            let mut tally = collected.tally();
            let seen = tally.clone();
            self.before.iter().for_each(|before| tally.mark_new(&before.seen()));
            self.before = Some(seen);
            let alerts: Vec<_> = collected.alerts().cloned().collect();
            let alerts = most_important(&alerts, 100);
            out.push(self.many(Kind::Digest, tally.priority(), alerts, tally, now));
        }
        // Without a digest there is none after this.
        self.before.take_if(|_| !collects);
        let groups = std::mem::take(&mut self.groups);
        for group in groups {
            self.tell_group(group, now, &mut out);
        }
        if let Some(every) = self.policy.heartbeat
            && self.beat.is_none_or(|beat| beat.after(every) <= now)
        {
            self.beat = Some(now);
            let rule = "Lanner internal: heartbeat";
            let (id, hostname) = (Uuid::nil(), "watched".into());
            let text = String::new();
            let alert =
                Alert::internal(id, rule, Priority::Informational, text, BTreeMap::new(), now, hostname);
            out.push(Notification::of(Arc::new(alert), now));
        }
        out
    }

    /// What came again and isn't told yet, and is to be told now.
    fn updates(&mut self, now: Timestamp) -> Vec<Arc<Alert>> {
        let window = self.policy.dedup.as_ref().map(|dedup| dedup.window);
        let mut told = Vec::new();
        self.repeated.retain_mut(|repeated| {
            let quiet = window.is_none_or(|window| repeated.quiet(window) <= now);
            if quiet || repeated.update().is_some_and(|update| update <= now) {
                told.extend(repeated.tell());
            }
            !quiet
        });
        told
    }

    fn tell_group(&mut self, mut group: Grouped, now: Timestamp, out: &mut Vec<Notification>) {
        let idle = self.ways.groups.get(&group.route).map(|by| by.idle);
        if let Some(due) = group.due
            && (idle.is_none() || due <= now)
        {
            let mut tally = Tally::default();
            group.alerts.iter().for_each(|alert| tally.add(alert));
            let new = &group.alerts[group.told..];
            let told = Group {
                id: group.id,
                update: group.updates,
                by: group.key.iter().map(|(field, value)| ((*field).to_owned(), value.clone())).collect(),
                new: new.iter().map(|alert| alert.count).sum(),
                receipt: None,
            };
            let priority = new.iter().map(|alert| alert.priority).max().unwrap();
            let item = self.many(Kind::Group, priority, most_important(new, 10), tally, now);
            out.push(Notification { group: Some(Box::new(told)), ..item });
            (group.told, group.updates) = (group.alerts.len(), group.updates + 1);
            (group.sent, group.due) = (Some(now), None);
        }
        let closed = idle.is_none_or(|idle| group.due.is_none() && group.last.after(idle) <= now);
        self.groups.extend((!closed).then_some(group));
    }

    /// When there is something to do; the beginning of time where that is at once.
    pub fn next(&self) -> Vec<Timestamp> {
        let Lane { policy, ways, .. } = self;
        let at_once = Timestamp(0);
        let window = policy.dedup.as_ref().map(|dedup| dedup.window);
        let repeated = self.repeated.iter().map(|repeated| {
            let quiet = window.map_or(at_once, |window| repeated.quiet(window));
            repeated.update().map_or(quiet, |update| update.min(quiet))
        });
        let or_at_once = |set: bool| move |of: &Collected| if set { of.due } else { at_once };
        let withheld = self.withheld.as_ref().map(or_at_once(policy.limit.is_some()));
        let collected = self.collected.as_ref().map(or_at_once(policy.digest.is_some()));
        let groups = self.groups.iter().map(|group| match ways.groups.get(&group.route) {
            Some(by) => group.due.unwrap_or(group.last.after(by.idle)),
            None => at_once,
        });
        let beat = policy.heartbeat.map(|every| self.beat.map_or(at_once, |beat| beat.after(every)));
        repeated.chain(withheld).chain(collected).chain(groups).chain(beat).collect()
    }

    /// Whether something waits to be told.
    pub fn waits(&self) -> bool {
        let repeated = self.repeated.iter().any(|repeated| repeated.told < repeated.came.len());
        let groups = self.groups.iter().any(|group| group.due.is_some());
        repeated || groups || self.withheld.is_some() || self.collected.is_some()
    }
}
