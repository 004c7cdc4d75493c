//! The route tree, case by case: as Alertmanager takes an alert through it.
//!
//! A tree is written with a route in each line, below and to the right of its parent: its conditions, or `*`, and then,
//! each behind a `;`, its `to` outputs by number, `continue`, `min` priority, `active` and `mute` times. Of a case the
//! first is the alert: its priority, its fields, and when it comes; then the outputs that it comes to, with a word at
//! those that aren't sent it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use lanner_alert::{Alert, Calendar, Kind, Notification, Priority, Schedule, Silence, Timestamp, Value};
use lanner_bus::{Outgoing, Registered};
use lanner_router::{
    Decided, Decision, DedupSettings, DigestSettings, GroupSettings, OutputPolicy, Pipeline, Route,
    RouteText, Silences, Step, Withheld,
};

use crate::common::alert;

/// A calendar of `08:00-17:00`, `mon-fri`, `1..15`, `Europe/Berlin`, in any order.
fn calendar(text: &str) -> Calendar {
    let mut calendar = Calendar::default();
    for word in text.split_whitespace() {
        if let Ok(zone) = TimeZone::get(word) {
            calendar.set_zone(zone);
        } else if calendar.time(word).is_err()
            && calendar.weekday(word).is_err()
            && calendar.month(word).is_err()
        {
            calendar.day(word).unwrap();
        }
    }
    calendar
}

fn route(line: &str) -> Route {
    let mut parts = line.split(';').map(str::trim);
    let conditions = parts.next().unwrap();
    let conditions = conditions.split('&').filter(|text| text.trim() != "*");
    let mut route =
        Route { matchers: conditions.map(|text| text.parse().unwrap()).collect(), ..Route::default() };
    for part in parts {
        let (what, rest) = part.split_once(' ').unwrap_or((part, ""));
        match what {
            "to" => route.outputs = Some(rest.split_whitespace().map(|at| at.parse().unwrap()).collect()),
            "continue" => route.continues = true,
            "min" => route.min_priority = Some(rest.parse().unwrap()),
            "active" => route.active.push(calendar(rest)),
            "mute" => route.mute.push(calendar(rest)),
            other => panic!("{other} in {line}"),
        }
    }
    route
}

fn depth(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The routes of these lines, of which each is followed by those below it.
fn routes(lines: &[&str]) -> Vec<Route> {
    let Some((first, rest)) = lines.split_first() else { return Vec::new() };
    let below = rest.iter().take_while(|line| depth(line) > depth(first)).count();
    let mut all = vec![Route { routes: routes(&rest[..below]), ..route(first) }];
    all.extend(routes(&rest[below..]));
    all
}

fn tree(text: &str) -> Route {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let mut routes = routes(&lines);
    assert_eq!(routes.len(), 1, "{text}");
    routes.remove(0)
}

/// `error team=a host=x @2026-11-24T08:00:00Z`
fn parse(text: &str) -> (Alert, Timestamp) {
    let mut words = text.split_whitespace();
    let mut alert = alert("a rule", words.next().unwrap().parse().unwrap());
    let mut now = alert.time;
    for word in words {
        if let Some(time) = word.strip_prefix('@') {
            now = Timestamp(time.parse::<jiff::Timestamp>().unwrap().as_nanosecond() as u64);
        } else {
            let (name, value) = word.split_once('=').unwrap();
            alert.facts.insert(name.to_owned(), Value::from(value));
        }
    }
    (alert, now)
}

fn shown(output: usize, withheld: Option<Withheld>) -> String {
    let why = match withheld {
        None => "",
        Some(Withheld::BelowMinimum) => "(low)",
        Some(Withheld::Inactive) => "(inactive)",
        Some(Withheld::Muted) => "(muted)",
    };
    format!("{output}{why}")
}

fn check(text: &str, cases: &[(&str, &str)]) {
    let tree = tree(text);
    for (case, expected) in cases {
        let (alert, now) = parse(case);
        let mut to = Vec::new();
        tree.outputs(&alert, now, &TimeZone::UTC, &mut to);
        let found: Vec<String> = to.iter().map(|reached| shown(reached.output, reached.withheld)).collect();
        assert_eq!(found.join(" "), *expected, "{case} in {text}");
        // What is explained is what is done.
        let mut explained: BTreeMap<usize, bool> = BTreeMap::new();
        for step in tree.explain(&alert, now, &TimeZone::UTC) {
            let Step::End { outputs, withheld, .. } = step else { continue };
            for output in outputs {
                *explained.entry(*output).or_default() |= withheld.is_none();
            }
        }
        let done = to.iter().map(|reached| (reached.output, reached.withheld.is_none())).collect();
        assert_eq!(explained, done, "{case} in {text}");
    }
}

#[test]
fn nesting() {
    let teams = "
* ; to 0
  team = a ; to 1
    env = production ; to 2
      region =~ \"eu-.*\" ; to 3
    env = test ; to
  team = b ; to 4
    team = a ; to 5
  team != \"\" & env = production ; to 6
";
    check(
        teams,
        &[
            ("error", "0"),
            ("error env=production", "0"),
            ("error team=a", "1"),
            ("error team=a env=staging", "1"),
            ("error team=a env=production", "2"),
            ("error team=a env=production region=us-1", "2"),
            ("error team=a env=production region=eu-1", "3"),
            // Nobody is told, not even the parent's.
            ("error team=a env=test", ""),
            // A route below is asked only where its parent takes the alert.
            ("error team=b", "4"),
            ("error team=c env=production", "6"),
            ("error team=c", "0"),
        ],
    );
    // The first route that takes it has it, however well a later one would fit.
    check(
        "
* ; to 0
  priority >= warning ; to 1
  priority >= warning & team = a ; to 2
",
        &[("error team=a", "1"), ("notice team=a", "0")],
    );
    // The first route of all has conditions, too.
    check("team = a ; to 0", &[("error team=a", "0"), ("error team=b", "")]);
}

#[test]
fn continuing() {
    check(
        "
* ; to 0
  audit = yes ; to 1 ; continue
  team = a ; to 2
    env = test ; to 3 ; continue
    priority >= error ; to 4
  team = a ; to 5
  * ; to 6 ; continue
",
        &[
            ("error", "6"),
            ("error audit=yes", "1 6"),
            ("error audit=yes team=a", "1 4"),
            ("notice audit=yes team=a", "1 2"),
            ("error team=a env=test", "3 4"),
            // To continue among one's brothers doesn't let the parent's brothers have it.
            ("notice team=a env=test", "3"),
        ],
    );
    // A route that none follows may continue: nothing comes of it.
    check("* ; to 0\n  * ; to 1 ; continue", &[("error", "1")]);
    // An output that two routes lead to has the alert once.
    check("* ; to 0\n  * ; to 1 2 ; continue\n  * ; to 2 0 ; continue\n  * ; to 1", &[("error", "1 2 0")]);
}

#[test]
fn inheritance() {
    check(
        "
* ; to 0 1 ; min warning
  team = a
    env = production ; to 2
      region = eu
    env = test ; min debug
  team = b ; to 3 ; min critical
    env = production
    env = test ; to 4 ; min info
",
        &[
            ("error", "0 1"),
            ("notice", "0(low) 1(low)"),
            ("warning team=a", "0 1"),
            ("notice team=a", "0(low) 1(low)"),
            ("warning team=a env=production", "2"),
            ("notice team=a env=production region=eu", "2(low)"),
            ("error team=a env=production region=eu", "2"),
            ("debug team=a env=test", "0 1"),
            ("error team=b", "3(low)"),
            ("error team=b env=production", "3(low)"),
            ("critical team=b env=production", "3"),
            ("info team=b env=test", "4"),
            ("debug team=b env=test", "4(low)"),
        ],
    );
}

/// 2026-11-24 is a Tuesday.
#[test]
fn times() {
    check(
        "
* ; to 0 ; mute sat-sun
  team = a ; to 1 ; active mon-fri 08:00-17:00
    env = test
  team = b ; to 2 ; active mon-fri 08:00-17:00 America/New_York ; active sat 10:00-12:00 ; mute 24 november
  team = c ; to 3 ; min error ; mute 22:00-06:00
",
        &[
            ("error @2026-11-24T12:00:00Z", "0"),
            ("error @2026-11-28T12:00:00Z", "0(muted)"),
            ("error team=a @2026-11-24T08:00:00Z", "1"),
            ("error team=a @2026-11-24T17:00:00Z", "1(inactive)"),
            // What a route takes and doesn't send nobody gets instead. Times of the parent are not those of its routes.
            ("error team=a @2026-11-28T12:00:00Z", "1(inactive)"),
            ("error team=a env=test @2026-11-28T12:00:00Z", "1"),
            // One of several times is enough, each in its zone; what is muted is so at active times.
            ("error team=b @2026-11-25T12:30:00Z", "2(inactive)"),
            ("error team=b @2026-11-25T13:00:00Z", "2"),
            ("error team=b @2026-11-28T11:00:00Z", "2"),
            ("error team=b @2026-11-24T14:00:00Z", "2(muted)"),
            ("error team=c @2026-11-24T23:00:00Z", "3(muted)"),
            ("error team=c @2026-11-24T12:00:00Z", "3"),
            ("notice team=c @2026-11-24T23:00:00Z", "3(low)"),
        ],
    );
    // A muted route doesn't continue either where it doesn't say so, and an output that one of two routes sends to is
    // sent the alert.
    check(
        "
* ; to 0
  team = a ; to 1 2 ; mute 00:00-24:00
  team = b ; to 1 2 ; mute 00:00-24:00 ; continue
  * ; to 2
",
        &[("error team=a", "1(muted) 2(muted)"), ("error team=b", "1(muted) 2"), ("error", "2")],
    );
}

#[test]
fn a_way_is_explained_step_by_step() {
    let tree = tree(
        "* ; to 0\n  team = b ; to 1\n  team = a ; min error\n    env = test ; to 2\n  * ; to 3\n  * ; to 4",
    );
    let (alert, now) = parse("notice team=a");
    let said: Vec<String> = tree
        .explain(&alert, now, &TimeZone::UTC)
        .iter()
        .map(|step| match step {
            Step::At { route, depth, taken } => format!("{depth} {:?} {taken}", route.matchers.len()),
            Step::Rest { routes, depth } => format!("{depth} {} left", routes.len()),
            Step::End { depth, outputs, min_priority, withheld, .. } => {
                format!("{depth} to {outputs:?} from {min_priority} {withheld:?}")
            }
        })
        .collect();
    assert_eq!(
        said,
        [
            "0 0 true",
            "1 1 false",
            "1 1 true",
            "2 1 false",
            "1 to [0] from Error Some(BelowMinimum)",
            "1 2 left",
        ]
    );
}

/// What is explained of an alert is what its stages count.
#[test]
fn what_the_stages_do_is_explained() {
    let outputs = ["soc", "ops", "log"];
    let registered: Vec<Registered> =
        outputs.iter().zip(0..).map(|(name, place)| Registered::unkept(place, name)).collect();
    let mut policies: Vec<OutputPolicy> = outputs.iter().map(|name| OutputPolicy::everything(name)).collect();
    policies[0].dedup = Some(DedupSettings { by: vec!["host".to_owned()], window: Duration::from_secs(60) });
    policies[1].min_priority = Priority::Error;
    let tree = tree("* ; to 0 1 ; continue\n  team = a ; to 2 ; active 08:00-17:00 Europe/Berlin");
    let silence = Silence {
        name: "drill".into(),
        matchers: vec!["team = drill".parse().unwrap()],
        from: None,
        until: None,
        times: Calendar::default(),
    };
    let mut pipeline =
        Pipeline::new(tree, &registered, policies).with_silences(Silences::new(vec![silence], TimeZone::UTC));
    let mut check = |case: &str, expected: &[(&str, &[&str])]| {
        let (alert, now) = parse(case);
        let alert = Arc::new(alert);
        let explanation = pipeline.explain(&alert, now);
        let reasons = |decided: &[Decided]| decided.iter().map(|(_, reason)| *reason).collect::<Vec<_>>();
        let mut said = vec![("", reasons(&explanation.marks))];
        said.extend(explanation.outputs.iter().map(|(name, decided)| (*name, reasons(decided))));
        let expected: Vec<_> = expected.iter().map(|(name, reasons)| (*name, reasons.to_vec())).collect();
        assert_eq!(said, expected, "{case}");
    };
    let open = |first: &'static str| ["routed", first, "no limit", "no digest", "no group", "no heartbeat"];
    check(
        "error host=x @2026-11-24T08:00:00Z",
        &[("", &["not silenced"]), ("soc", &open("new")), ("ops", &open("no dedup"))],
    );
    check(
        "notice host=x @2026-11-24T08:00:10Z",
        &[
            ("", &["not silenced"]),
            ("soc", &["routed", "repeated"]),
            ("ops", &["below the minimum priority"]),
        ],
    );
    // What was counted meanwhile has gone out, and the window has ended.
    check(
        "error host=x @2026-11-24T08:10:00Z",
        &[("", &["not silenced"]), ("soc", &open("new")), ("ops", &open("no dedup"))],
    );
    check(
        "error team=a @2026-11-24T16:00:00Z",
        &[("", &["not silenced"]), ("log", &["outside the route's active times"])],
    );
    check(
        "error team=drill @2026-11-24T16:00:00Z",
        &[("", &["silenced"]), ("soc", &["silenced"]), ("ops", &["silenced"])],
    );
    let decisions = pipeline.decisions();
    let times = |decision: &&Decision| decision.reason == "outside the route's active times";
    assert_eq!(decisions.iter().filter(times).map(|decision| decision.count).sum::<u64>(), 1);
}

fn group(by: &str) -> Option<Arc<GroupSettings>> {
    let (wait, interval, idle) =
        (Duration::from_secs(30), Duration::from_secs(300), Duration::from_secs(3600));
    Some(Arc::new(GroupSettings { by: vec![by.to_owned()], wait, interval, idle }))
}

/// What is sent to each output: of each notification its kind, how much of it is new, and what its alerts say.
fn sent(out: &[Outgoing], outputs: &[Registered]) -> Vec<(String, Kind, u64, Vec<String>)> {
    let told = |outgoing: &Outgoing| {
        let Outgoing::Notification { notification, outputs: to } = outgoing else {
            panic!("{outgoing:?}: it was changed, so it isn't in the journal")
        };
        let name = &outputs.iter().find(|output| to.contains(&output.id)).unwrap().name;
        let says = notification.alerts.iter().map(|alert| alert.output.clone()).collect();
        (name.clone(), notification.kind, notification.count(), says)
    };
    out.iter().map(told).collect()
}

/// An audit gets what no route gives it, Falco's own outputs get no groups, and nothing holds back what Lanner says of
/// itself.
#[test]
fn some_go_past_what_routes_say() {
    let names = ["soc", "audit", "stdout"];
    let registered: Vec<Registered> =
        names.iter().zip(0..).map(|(name, place)| Registered::unkept(place, name)).collect();
    let mut tree = tree("* ; to 0 2\n  team = a ; to 0 2\n  team = b ; to");
    (tree.group, tree.routes[0].group) = (group("host"), group("host"));
    let mut policies: Vec<OutputPolicy> = names.iter().map(|name| OutputPolicy::everything(name)).collect();
    policies[0].dedup = Some(DedupSettings { by: vec!["rule".to_owned()], window: Duration::from_secs(60) });
    policies[1].audit = true;
    policies[2].groups = false;
    let mut pipeline = Pipeline::new(tree, &registered, policies);
    let mut to = |case: &str, source: &str| {
        let (alert, now) = parse(case);
        let (alert, mut out) = (Arc::new(Alert { source: source.into(), ..alert }), Vec::new());
        pipeline.push(1, &alert, now, &mut out);
        let name = |outgoing: &Outgoing| {
            let id = match outgoing {
                Outgoing::Alert { output, .. } => *output,
                Outgoing::Notification { outputs, .. } => outputs[0],
            };
            registered.iter().find(|output| output.id == id).unwrap().name.clone()
        };
        let mut names: Vec<String> = out.iter().map(name).collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(to("error team=a", "syscall"), "audit stdout");
    assert_eq!(to("error team=b", "syscall"), "audit", "no route gives it to anybody");
    for _ in 0..2 {
        assert_eq!(
            to("error team=a", "internal"),
            "audit soc stdout",
            "it waits for no group and is no repeat"
        );
    }
}

/// A route says how its alerts are grouped and what they say; an audit gets each of them by itself, whatever times and
/// priorities the route has.
#[test]
fn a_route_groups_and_gives_its_alerts_a_text() {
    let registered: Vec<Registered> =
        ["soc", "audit"].iter().zip(0..).map(|(name, place)| Registered::unkept(place, name)).collect();
    let text = RouteText(Arc::new(|item: &Notification| match &*item.alerts[0].rule {
        "bad" => None,
        rule => Some(format!("{rule}!")),
    }));
    let mut tree = tree("* ; to 0 1\n  team = a ; min warning ; mute 22:00-06:00\n  team = b");
    (tree.routes[0].group, tree.routes[0].name, tree.routes[0].text) =
        (group("host"), "a".into(), Some(text.clone()));
    (tree.routes[1].name, tree.routes[1].text) = ("b".into(), Some(text));
    let mut policies = vec![OutputPolicy::everything("soc"), OutputPolicy::everything("audit")];
    policies[1].audit = true;
    let mut pipeline = Pipeline::new(tree, &registered, policies);
    let mut push = |rule: &str, case: &str| {
        let (alert, now) = parse(case);
        let mut out = Vec::new();
        pipeline.tick(now, &mut out);
        pipeline.push(1, &Arc::new(Alert { rule: rule.into(), ..alert }), now, &mut out);
        sent(&out, &registered)
    };
    let (alert, grouped) = (Kind::Alert, Kind::Group);
    let to = |output: &str, kind, new, says: &[&str]| {
        (output.to_owned(), kind, new, says.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(push("A", "error team=a host=x @2026-11-24T08:00:00Z"), [to("audit", alert, 1, &["A!"])]);
    assert_eq!(push("B", "error team=a host=x @2026-11-24T08:00:10Z"), [to("audit", alert, 1, &["B!"])]);
    assert_eq!(
        push("bad", "debug team=a host=x @2026-11-24T08:00:10Z"),
        [to("audit", alert, 1, &["a rule happened"])]
    );
    assert_eq!(
        push("bad", "error team=a host=y @2026-11-24T23:00:00Z"),
        [to("soc", grouped, 2, &["A!", "B!"]), to("audit", alert, 1, &["a rule happened"]),]
    );
    assert_eq!(
        push("C", "error team=b @2026-11-24T23:00:00Z"),
        [to("soc", alert, 1, &["C!"]), to("audit", alert, 1, &["C!"])]
    );
}

/// What a digest doesn't collect goes at once, though the route groups.
#[test]
fn an_output_with_a_digest_does_not_group() {
    let registered = [Registered::unkept(0, "mail")];
    let mut tree = tree("* ; to 0");
    tree.group = group("host");
    let schedule = Schedule::Every(Duration::from_secs(3600));
    let digest = DigestSettings { schedule, zone: TimeZone::UTC, immediate_from: Some(Priority::Critical) };
    let policy = OutputPolicy { digest: Some(digest), ..OutputPolicy::everything("mail") };
    let mut pipeline = Pipeline::new(tree, &registered, vec![policy]);
    let mut push = |case: &str| {
        let (alert, now) = parse(case);
        let mut out = Vec::new();
        pipeline.push(1, &Arc::new(alert), now, &mut out);
        sent(&out, &registered).into_iter().map(|(_, kind, new, _)| (kind, new)).collect::<Vec<_>>()
    };
    assert_eq!(push("critical host=x"), [(Kind::Alert, 1)]);
    assert_eq!(push("error host=x"), []);
}

/// However late somebody looks at the clock: what comes after the window is new, and what was due before it goes first.
#[test]
fn what_is_due_goes_out_before_what_comes() {
    let registered = [Registered::unkept(0, "soc")];
    let dedup = Some(DedupSettings { by: vec!["host".to_owned()], window: Duration::from_secs(300) });
    let policy = OutputPolicy { dedup, ..OutputPolicy::everything("soc") };
    let mut pipeline = Pipeline::new(tree("* ; to 0"), &registered, vec![policy]);
    let mut push = |case: &str| {
        let (alert, now) = parse(case);
        let mut out = Vec::new();
        pipeline.push(7, &Arc::new(alert), now, &mut out);
        out
    };
    let new = |seq| Outgoing::Alert { seq, output: registered[0].id };
    assert_eq!(push("error host=x @2026-11-24T08:00:00Z"), [new(7)]);
    assert_eq!(push("error host=x @2026-11-24T08:00:10Z"), []);
    let out = push("error host=x @2026-11-24T08:05:10Z");
    assert!(matches!(&out[0], Outgoing::Notification { notification, .. } if notification.count() == 1));
    assert_eq!(out[1..], [new(7)]);
}
