//! Groups and digests over time, case by case: as Alertmanager groups, but for what doesn't resolve.
//!
//! A line of a case is a moment, as `1m30s`, and what comes then: an alert behind a `+`, its rule, its priority and its
//! fields, or behind a `>` what is told: what its alerts have in common, the number of the update, how much of it is new
//! and how much there was in all, and the rules of the alerts that are shown. Each case runs twice, the second time with
//! a restart after every step.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use lanner_alert::{Alert, Kind, Notification, Priority, Schedule, Timestamp, Value};
use lanner_router::{Change, Digest, DigestSettings, Group, GroupSettings, Stage, Verdict};

use crate::common::alert;

const START: Timestamp = Timestamp(1_700_000_000_000_000_000);

/// `1h2m3s`
fn duration(text: &str) -> Duration {
    let mut seconds = 0;
    let mut number = 0;
    for c in text.chars() {
        match c.to_digit(10) {
            Some(digit) => number = number * 10 + u64::from(digit),
            None => {
                seconds += number
                    * match c {
                        'h' => 3600,
                        'm' => 60,
                        's' => 1,
                        _ => panic!("{text}"),
                    };
                number = 0;
            }
        }
    }
    Duration::from_secs(seconds)
}

/// `by host proc.name; wait 30s; interval 5m; idle 1h`
fn settings(text: &str) -> GroupSettings {
    let mut settings = GroupSettings {
        by: Vec::new(),
        wait: Duration::from_secs(30),
        interval: Duration::from_secs(300),
        idle: Duration::from_secs(3600),
    };
    for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let (what, rest) = part.split_once(' ').unwrap_or((part, ""));
        match what {
            "by" => settings.by = rest.split_whitespace().map(str::to_owned).collect(),
            "wait" => settings.wait = duration(rest),
            "interval" => settings.interval = duration(rest),
            "idle" => settings.idle = duration(rest),
            other => panic!("{other}"),
        }
    }
    settings
}

/// `RULE PRIORITY field=value… x3 via=ROUTE`
fn parse(text: &str, now: Timestamp) -> Alert {
    let mut words = text.split_whitespace();
    let (rule, priority) = (words.next().unwrap(), words.next().unwrap().parse().unwrap());
    let mut alert = Alert { time: now, first_seen: now, last_seen: now, ..alert(rule, priority) };
    alert.route = Some("route".into());
    for word in words {
        if let Some(count) = word.strip_prefix('x') {
            alert.count = count.parse().unwrap();
        } else if let Some(route) = word.strip_prefix("via=") {
            alert.route = Some(route.into());
        } else {
            let (name, value) = word.split_once('=').unwrap();
            alert.facts.insert(name.to_owned(), Value::from(value));
        }
    }
    alert
}

fn told(item: &Notification) -> String {
    assert_eq!(item.kind, Kind::Group);
    let group = item.group.as_ref().unwrap();
    assert_eq!((item.count(), item.id == group.id), (group.new, group.update == 0));
    assert_eq!(item.priority, item.alerts.iter().map(|alert| alert.priority).max().unwrap());
    let by: Vec<String> = group.by.iter().map(|(field, value)| format!("{field}={value}")).collect();
    let rules: Vec<&str> = item.alerts.iter().map(|alert| &*alert.rule).collect();
    let (by, rules) = (by.join(" "), rules.join(","));
    format!("{by} #{} {}/{} {rules}", group.update, group.new, item.tally.total()).trim().to_owned()
}

/// The stage and what the journal has of it.
struct Kept {
    new: Box<dyn Fn() -> Group>,
    stage: Group,
    rows: BTreeMap<String, String>,
    restarts: bool,
}

impl Kept {
    /// Writes down what changed, and perhaps starts again from what was written.
    fn keep(&mut self) {
        let mut changes = Vec::new();
        self.stage.changes(&mut changes);
        for Change { key, value } in changes {
            match value {
                Some(value) => self.rows.insert(format!("{key}@soc"), value),
                None => self.rows.remove(&format!("{key}@soc")),
            };
        }
        if self.restarts {
            self.stage = (self.new)();
            for (key, value) in &self.rows {
                assert!(self.stage.restore(key.split_once('@').unwrap().0, value), "{key}: {value}");
            }
        }
    }

    fn tick(&mut self, now: Timestamp, found: &mut Vec<String>) {
        let mut out = Vec::new();
        self.stage.tick(now, &mut out);
        let second = now.since(START).as_secs();
        found.extend(out.iter().map(|item| format!("{second}s > {}", told(item))));
        self.keep();
    }
}

fn run(text: &str, restarts: bool) -> (Vec<String>, Vec<String>) {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let ways: BTreeMap<Arc<str>, Arc<GroupSettings>> =
        BTreeMap::from([("route".into(), Arc::new(settings(lines.next().unwrap())))]);
    let new = Box::new(move || Group::new("soc", ways.clone()));
    let mut kept = Kept { stage: new(), new, rows: BTreeMap::new(), restarts };
    let (mut found, mut expected) = (Vec::new(), Vec::new());
    for line in lines {
        let (moment, event) = line.split_once(' ').unwrap();
        let now = START.after(duration(moment));
        let (what, rest) = event.split_once(' ').unwrap();
        if what == ">" {
            expected.push(format!("{}s > {rest}", now.since(START).as_secs()));
            continue;
        }
        while let Some(next) = kept.stage.next().filter(|next| *next <= now) {
            kept.tick(next.max(START), &mut found);
        }
        let mut item = Notification::of(Arc::new(parse(rest, now)), now);
        match kept.stage.judge(&mut item, now) {
            Verdict::Hold(_) => {}
            Verdict::Pass(_) => found.push(format!("{}s > alone", now.since(START).as_secs())),
            Verdict::Drop(_) => unreachable!("a group drops nothing"),
        }
        kept.keep();
    }
    while let Some(next) = kept.stage.next() {
        kept.tick(next.max(START), &mut found);
    }
    assert!(kept.rows.is_empty(), "once all groups are closed nothing of them is kept: {:?}", kept.rows);
    assert_eq!(kept.stage.bytes(), 0);
    (found, expected)
}

fn check(text: &str) {
    for restarts in [false, true] {
        let (found, expected) = run(text, restarts);
        assert_eq!(found, expected, "{text}\nrestarts: {restarts}");
    }
}

#[test]
fn a_group_waits_and_then_tells_of_what_came_together() {
    check(
        "by host
         0s + A error host=x
         10s + B warning host=x
         20s + A error host=y
         30s > host=x #0 2/2 A,B
         50s > host=y #0 1/1 A",
    );
    check(
        "wait 0s
         5s + A error
         5s > #0 1/1 A
         6s + A error
         305s > #1 1/2 A",
    );
}

#[test]
fn what_comes_later_is_an_update_after_the_interval() {
    check(
        "by host; wait 30s; interval 5m
         0s + A error host=x
         30s > host=x #0 1/1 A
         40s + B error host=x x7
         50s + C critical host=x
         5m30s > host=x #1 8/9 C,B
         6m + A error host=x
         10m30s > host=x #2 1/10 A",
    );
}

#[test]
fn nothing_new_is_not_told_again() {
    check(
        "by host; idle 2h
         0s + A error host=x
         30s > host=x #0 1/1 A
         1h30m + A error host=x
         1h30m30s > host=x #1 1/2 A",
    );
}

#[test]
fn a_quiet_group_closes_and_another_begins() {
    check(
        "by host; idle 1h
         0s + A error host=x
         30s > host=x #0 1/1 A
         1h + A error host=x
         1h30s > host=x #0 1/1 A",
    );
}

#[test]
fn without_fields_a_route_has_one_group_and_a_missing_value_is_a_value() {
    check(
        "
         wait 30s
         0s + A error host=x
         1s + B error host=y
         30s > #0 2/2 A,B",
    );
    check(
        "by host user
         0s + A error host=x
         1s + B error host=x user=root
         2s + C error user=root
         30s > host=x user=<NA> #0 1/1 A
         31s > host=x user=root #0 1/1 B
         32s > host=<NA> user=root #0 1/1 C",
    );
}

#[test]
fn what_no_grouping_route_sends_goes_alone() {
    check(
        "by host
         0s + A error host=x via=other
         0s > alone",
    );
}

#[test]
fn ten_are_shown_and_all_are_counted() {
    let many: String =
        (0..12).map(|n| format!("{n}s + R{n:02} {} \n", if n == 11 { "alert" } else { "info" })).collect();
    check(&format!("wait 30s\n{many}30s > #0 12/12 R11,R00,R01,R02,R03,R04,R05,R06,R07,R08"));
}

fn grouped(by: &str) -> BTreeMap<Arc<str>, Arc<GroupSettings>> {
    BTreeMap::from([("route".into(), Arc::new(settings(by)))])
}

fn judge(stage: &mut Group, text: &str, now: Timestamp) {
    assert!(matches!(
        stage.judge(&mut Notification::of(Arc::new(parse(text, now)), now), now),
        Verdict::Hold(_)
    ));
}

#[test]
fn groups_of_a_route_that_groups_no_more_are_told_at_once() {
    let mut stage = Group::new("soc", grouped("by host"));
    judge(&mut stage, "A error host=x", START);
    let mut kept = Vec::new();
    stage.changes(&mut kept);
    let mut stage = Group::new("soc", BTreeMap::new());
    kept.sort_by(|a, b| a.key.cmp(&b.key));
    for Change { key, value } in &kept {
        assert!(stage.restore(key, value.as_ref().unwrap()));
    }
    let (mut out, mut changes) = (Vec::new(), Vec::new());
    assert!(stage.next() <= Some(START));
    stage.tick(START, &mut out);
    assert_eq!(out.iter().map(told).collect::<Vec<_>>(), ["host=x #0 1/1 A"]);
    stage.changes(&mut changes);
    assert_eq!((changes.len(), changes.iter().all(|change| change.value.is_none())), (2, true));
    assert!(!stage.restore("x", "{}") && !stage.restore("0000000000000000~1", "{}"));
}

#[test]
fn a_group_of_other_fields_is_another_one() {
    let mut stage = Group::new("soc", grouped("by host"));
    judge(&mut stage, "A error host=x user=x", START);
    let mut kept = Vec::new();
    stage.changes(&mut kept);
    kept.sort_by(|a, b| a.key.cmp(&b.key));
    let mut stage = Group::new("soc", grouped("by user"));
    assert!(kept.iter().all(|Change { key, value }| stage.restore(key, value.as_ref().unwrap())));
    judge(&mut stage, "B error host=x user=x", START);
    let mut out = Vec::new();
    stage.tick(START.after(Duration::from_secs(30)), &mut out);
    let mut told: Vec<String> = out.iter().map(told).collect();
    told.sort();
    assert_eq!(told, ["host=x #0 1/1 A", "user=x #0 1/1 B"]);
}

#[test]
fn a_start_that_changes_nothing_writes_nothing() {
    let mut stage = Group::new("soc", grouped("by host"));
    judge(&mut stage, "A error host=x", START);
    let mut changes = Vec::new();
    stage.changes(&mut changes);
    changes.clear();
    stage.set_back(START.after(Duration::from_secs(1)));
    stage.changes(&mut changes);
    assert_eq!(changes, []);
}

#[test]
fn a_clock_that_is_set_back_puts_nothing_off() {
    let mut stage = Group::new("soc", grouped("by host; wait 30s; interval 5m; idle 1h"));
    let later = START.after(Duration::from_secs(1_000_000));
    judge(&mut stage, "A error host=x", later);
    stage.set_back(START);
    assert_eq!(stage.next(), Some(START.after(Duration::from_secs(30))));
    let (mut out, now) = (Vec::new(), START.after(Duration::from_secs(30)));
    stage.tick(now, &mut out);
    assert_eq!(out.len(), 1);
    stage.set_back(START);
    assert_eq!(stage.next(), Some(START.after(Duration::from_secs(3600))), "it closes");
    judge(&mut stage, "A error host=x", START);
    assert_eq!(stage.next(), Some(START.after(Duration::from_secs(300))), "an interval after what was told");
}

#[test]
fn groups_take_bounded_memory_and_lose_no_alert() {
    let mut stage = Group::with_bytes_max("soc", grouped("by host"), 100_000);
    let mut out = Vec::new();
    for number in 0..1000 {
        judge(&mut stage, &format!("A error host={number}{}", "x".repeat(200)), START);
        assert!(stage.bytes() <= 100_000);
        stage.tick(START, &mut out);
    }
    assert!((500..1000).contains(&out.len()), "{} had to make room", out.len());
    stage.tick(START.after(Duration::from_secs(30)), &mut out);
    assert_eq!(out.iter().map(Notification::count).sum::<u64>(), 1000);
}

#[test]
fn a_digest_at_a_time_of_the_day_says_what_is_new_since_the_last() {
    let schedule = Schedule::Daily {
        times: vec![Schedule::time("08:00").unwrap()],
        zone: Some(TimeZone::get("Europe/Berlin").unwrap()),
    };
    let settings = DigestSettings { schedule, zone: TimeZone::UTC, immediate_from: None };
    let mut stage = Digest::new("mail", Some(settings.clone()));
    let collect = |stage: &mut Digest, rule: &str, moment: &str| {
        let now: Timestamp = moment.parse().unwrap();
        let alert = Alert { hostname: rule.into(), ..alert(rule, Priority::Notice) };
        stage.judge(&mut Notification::of(Arc::new(alert), now), now);
    };
    let digest = |stage: &mut Digest, due: &str| {
        let mut out = Vec::new();
        assert_eq!(stage.next(), Some(due.parse().unwrap()));
        stage.tick(due.parse().unwrap(), &mut out);
        let new = |item: &Notification| -> Vec<String> {
            let rules =
                item.tally.rules.iter().filter(|(_, count)| count.new).map(|(rule, _)| rule.to_string());
            let hosts = item.tally.top["hostname"].ranked();
            let hosts =
                hosts.into_iter().filter(|(_, count)| count.new).map(|(host, _)| format!("on {host}"));
            rules.chain(hosts).collect()
        };
        new(&out[0])
    };
    collect(&mut stage, "A", "2026-11-24T07:00:00Z");
    assert_eq!(digest(&mut stage, "2026-11-25T07:00:00Z"), [""; 0], "of the first nothing is told to be new");
    // A restart in between doesn't make everything new.
    let (mut kept, mut again) = (Vec::new(), Digest::new("mail", Some(settings)));
    stage.changes(&mut kept);
    for Change { key, value } in kept {
        assert!(value.is_none_or(|value| again.restore(&key, &value)));
    }
    collect(&mut again, "A", "2026-11-25T07:00:01Z");
    collect(&mut again, "B", "2026-11-25T08:00:00Z");
    assert_eq!(digest(&mut again, "2026-11-26T07:00:00Z"), ["B", "on B"]);
}
