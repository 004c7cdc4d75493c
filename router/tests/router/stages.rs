//! The stages, over time as the tests say it is.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use crate::common::alert;
use jiff::tz::TimeZone;
use lanner_alert::{
    Alert, Calendar, Fingerprint, Kind, Notification, Priority, Schedule, Silence, Timestamp,
};
use lanner_router::{
    Dedup, DedupSettings, Digest, DigestSettings, Inhibit, InhibitRule, LIMIT_KEYS_MAX, Limit, LimitSettings,
    SOURCES_MAX, Silences, Stage, Verdict,
};
use proptest::prelude::*;

const START: Timestamp = Timestamp(1_700_000_000_000_000_000);

fn at(seconds: u64) -> Timestamp {
    START.after(Duration::from_secs(seconds))
}

fn item(rule: &str, priority: Priority, now: Timestamp) -> Notification {
    Notification::of(Arc::new(alert(rule, priority)), now)
}

fn limit() -> LimitSettings {
    LimitSettings {
        per: Vec::new(),
        period: Duration::from_secs(6),
        burst: NonZeroU32::new(3).unwrap(),
        summary: Duration::from_secs(60),
    }
}

fn digest_settings(seconds: u64, immediate_from: Option<Priority>) -> DigestSettings {
    let schedule = Schedule::Every(Duration::from_secs(seconds));
    DigestSettings { schedule, zone: TimeZone::UTC, immediate_from }
}

/// A stage that was given back what another one kept.
fn restarted(
    mut old: impl Stage<Notification>,
    mut new: impl Stage<Notification>,
) -> impl Stage<Notification> {
    let mut changes = Vec::new();
    old.changes(&mut changes);
    for change in changes {
        if let Some(value) = change.value {
            assert!(new.restore(&change.key, &value));
        }
    }
    new
}

#[test]
fn a_limit_lets_a_burst_through_and_sums_up_the_rest() {
    let mut stage = Limit::new("soc", Some(limit()));
    let mut judge =
        |rule, second| stage.judge(&mut item(rule, Priority::Error, at(second)), at(second)).reason();
    assert_eq!([0, 0, 0].map(|second| judge("a", second)), ["within the limit"; 3]);
    assert_eq!([1, 2].map(|second| judge("b", second)), ["over the limit"; 2]);
    assert_eq!(judge("c", 2), "over the limit");
    assert_eq!(judge("c", 6), "within the limit");

    // A restart forgets neither the rate nor what was withheld.
    let mut stage = restarted(stage, Limit::new("soc", Some(limit())));
    assert_eq!(stage.judge(&mut item("c", Priority::Alert, at(7)), at(7)), Verdict::Hold("over the limit"));
    assert_eq!(stage.next(), Some(at(61)));
    let mut out = Vec::new();
    stage.tick(at(60), &mut out);
    assert_eq!(out, []);
    stage.tick(at(61), &mut out);
    let [summary] = &out[..] else { panic!("{out:?}") };
    assert_eq!((summary.kind, summary.priority, summary.count()), (Kind::Summary, Priority::Alert, 4));
    let counts: Vec<_> = summary.tally.rules.iter().map(|(rule, count)| (&**rule, count.count)).collect();
    assert_eq!(counts, [("b", 2), ("c", 2)]);
    assert_eq!(stage.next(), None);
}

#[test]
fn each_value_of_a_field_has_a_rate_of_its_own() {
    let per_rule = || Limit::new("soc", Some(LimitSettings { per: vec!["rule".to_owned()], ..limit() }));
    let judge = |stage: &mut dyn Stage<Notification>, rule: &str, second| {
        stage.judge(&mut item(rule, Priority::Error, at(second)), at(second)).reason()
    };
    let mut stage = per_rule();
    for _ in 0..3 {
        assert_eq!(["a", "b"].map(|rule| judge(&mut stage, rule, 0)), ["within the limit"; 2]);
    }
    assert_eq!(
        ["a", "b", "c"].map(|rule| judge(&mut stage, rule, 1)).concat(),
        "over the limitover the limitwithin the limit"
    );
    // One summary for all.
    let mut stage = restarted(stage, per_rule());
    assert_eq!(["b", "c"].map(|rule| judge(&mut stage, rule, 2)), ["over the limit", "within the limit"]);
    let mut out = Vec::new();
    stage.tick(at(61), &mut out);
    let counts: Vec<_> = out[0].tally.rules.iter().map(|(rule, count)| (&**rule, count.count)).collect();
    assert_eq!((out.len(), counts), (1, vec![("a", 1), ("b", 2)]));
}

#[test]
fn values_beyond_the_most_share_a_rate_and_what_has_worked_off_is_forgotten() {
    let mut stage = Limit::new("soc", Some(LimitSettings { per: vec!["rule".to_owned()], ..limit() }));
    let mut judge = |rule: String, second| {
        let mut item = item(&rule, Priority::Error, at(second));
        matches!(stage.judge(&mut item, at(second)), Verdict::Pass(_))
    };
    assert!((0..LIMIT_KEYS_MAX).all(|one| judge(format!("r{one}"), 0)));
    let passed = (0..100).filter(|one| judge(format!("s{one}"), 0)).count();
    assert_eq!(passed, 3, "a burst for all of the rest");
    assert!(judge("r1".to_owned(), 0), "those that have one keep it");
    let mut changes = Vec::new();
    assert!(judge("t".to_owned(), 3600));
    stage.changes(&mut changes);
    let kept = changes.iter().filter(|change| !change.key.is_empty() && change.value.is_some()).count();
    assert_eq!(kept, 1, "after an hour only the last is remembered");
}

#[test]
fn a_clock_that_is_set_back_closes_nothing() {
    let mut limit = Limit::new("soc", Some(limit()));
    for _ in 0..5 {
        limit.judge(&mut item("a", Priority::Error, at(100_000)), at(100_000));
    }
    limit.set_back(at(0));
    limit.judge(&mut item("a", Priority::Error, at(0)), at(0));
    assert_eq!(limit.next(), Some(at(60)));
    assert_eq!(limit.judge(&mut item("a", Priority::Error, at(7)), at(7)).reason(), "within the limit");

    let mut digest = Digest::new("mail", Some(digest_settings(60, None)));
    digest.judge(&mut item("a", Priority::Error, at(100_000)), at(100_000));
    digest.set_back(at(0));
    assert_eq!(digest.next(), Some(at(60)));
}

#[test]
fn without_settings_what_was_kept_comes_out_at_once() {
    let mut stage = Limit::new("soc", Some(limit()));
    for _ in 0..5 {
        stage.judge(&mut item("a", Priority::Error, at(0)), at(0));
    }
    let mut stage = restarted(stage, Limit::new("soc", None));
    assert_eq!(stage.judge(&mut item("a", Priority::Error, at(0)), at(0)).reason(), "no limit");
    let mut out = Vec::new();
    stage.tick(at(0), &mut out);
    assert_eq!(out[0].count(), 2);
    let mut changes = Vec::new();
    stage.changes(&mut changes);
    assert!(changes.iter().all(|change| change.value.is_none()), "nothing is kept any more: {changes:?}");
    let keys: Vec<&str> = changes.iter().map(|change| &*change.key).collect();
    assert_eq!(keys, ["00000000000000000000000000000000", ""]);
}

#[test]
fn a_digest_lets_the_important_through_and_collects_the_rest() {
    let settings = digest_settings(3600, Some(Priority::Critical));
    let mut stage = Digest::new("mail", Some(settings.clone()));
    assert_eq!(stage.judge(&mut item("a", Priority::Critical, at(0)), at(0)), Verdict::Pass("immediate"));
    for (rule, priority) in [("a", Priority::Notice), ("b", Priority::Error), ("c", Priority::Notice)] {
        assert_eq!(stage.judge(&mut item(rule, priority, at(1)), at(1)), Verdict::Hold("collected"));
    }
    let mut stage = restarted(stage, Digest::new("mail", Some(settings)));
    for _ in 0..200 {
        stage.judge(&mut item("d", Priority::Debug, at(2)), at(2));
    }
    assert_eq!(stage.next(), Some(at(3601)));
    let mut out = Vec::new();
    stage.tick(at(3601), &mut out);
    let [digest] = &out[..] else { panic!("{out:?}") };
    assert_eq!((digest.kind, digest.priority, digest.count()), (Kind::Digest, Priority::Error, 203));
    let rules: Vec<&str> = digest.alerts.iter().map(|alert| &*alert.rule).take(4).collect();
    assert_eq!((digest.alerts.len(), rules), (100, vec!["b", "a", "c", "d"]));
}

proptest! {
    /// What goes through, what comes out in summaries and digests and what is still kept add up, and what is
    /// written down is what is kept.
    #[test]
    fn counts_add_up(steps in prop::collection::vec((0..4_u8, 0..8_usize, 0..40_u64, any::<bool>()), 1..400)) {
        let settings = digest_settings(100, Some(Priority::Critical));
        let new = || (Limit::new("o", Some(limit())), Digest::new("o", Some(settings.clone())));
        let (mut limiter, mut digest) = new();
        let mut kept = std::collections::BTreeMap::new();
        let (mut now, mut accepted, mut sent) = (0, 0, 0);
        for (rule, priority, wait, restart) in steps {
            now += wait / 8;
            let mut items = vec![item(&rule.to_string(), Priority::ALL[priority], at(now))];
            accepted += 1;
            items.retain_mut(|item| matches!(limiter.judge(item, at(now)), Verdict::Pass(_)));
            limiter.tick(at(now), &mut items);
            items.retain_mut(|item| matches!(digest.judge(item, at(now)), Verdict::Pass(_)));
            digest.tick(at(now), &mut items);
            sent += items.iter().map(Notification::count).sum::<u64>();
            let mut changes = Vec::new();
            for stage in [&mut limiter as &mut dyn Stage<Notification>, &mut digest] {
                stage.changes(&mut changes);
                for change in changes.drain(..) {
                    let key = (stage.name(), change.key);
                    match change.value {
                        Some(value) => kept.insert(key, value),
                        None => kept.remove(&key),
                    };
                }
            }
            if restart {
                (limiter, digest) = new();
                for ((stage, key), value) in &kept {
                    match *stage {
                        "limit" => prop_assert!(limiter.restore(key, value)),
                        _ => prop_assert!(digest.restore(key, value)),
                    }
                }
            }
        }
        let mut out = Vec::new();
        limiter.tick(Timestamp(u64::MAX), &mut out);
        digest.tick(Timestamp(u64::MAX), &mut out);
        let rest: u64 = out.iter().map(Notification::count).sum();
        prop_assert_eq!(sent + rest, accepted);
        prop_assert!(out.iter().all(|item| item.alerts.len() <= 100));
    }
}

#[test]
fn silences_mark_what_they_cover_while_they_last() {
    let silence = |name: &str, matchers: &[&str], from, until, times| Silence {
        name: name.into(),
        matchers: matchers.iter().map(|text| text.parse().unwrap()).collect(),
        from,
        until,
        times,
    };
    // START is 22:13:20 UTC.
    let mut evening = Calendar::default();
    evening.time("22:00-22:30").unwrap();
    let mut stage = Silences::new(
        vec![
            silence(
                "upgrade",
                &["rule = a", "priority >= error"],
                Some(at(10)),
                Some(at(20)),
                Calendar::default(),
            ),
            silence("evening", &["rule =~ \"b.*\""], None, None, evening),
        ],
        TimeZone::UTC,
    );
    let mut marked = |rule: &str, priority, second| {
        let mut item = Arc::new(alert(rule, priority));
        assert!(matches!(stage.judge(&mut item, at(second)), Verdict::Pass(_)));
        item.silenced.as_deref().map(str::to_owned)
    };
    let upgrade = Some("upgrade".to_owned());
    assert_eq!(marked("a", Priority::Error, 9), None);
    assert_eq!(marked("a", Priority::Error, 10), upgrade);
    assert_eq!(marked("a", Priority::Error, 19), upgrade);
    assert_eq!(marked("a", Priority::Error, 20), None);
    assert_eq!(marked("a", Priority::Warning, 15), None);
    assert_eq!(marked("bc", Priority::Debug, 15), Some("evening".to_owned()));
    assert_eq!(marked("bc", Priority::Debug, 1200), None);
}

fn dedup(seconds: u64) -> DedupSettings {
    DedupSettings { by: Vec::new(), window: Duration::from_secs(seconds) }
}

/// Judges an alert of that fingerprint.
fn occurs(stage: &mut Dedup, fingerprint: u128, second: u64) -> &'static str {
    let now = at(second);
    let fingerprint = Fingerprint(fingerprint);
    let alert = Alert { fingerprint, first_seen: now, last_seen: now, ..alert("a", Priority::Error) };
    stage.judge(&mut Notification::of(Arc::new(alert), now), now).reason()
}

/// What a stage lets out by a second: of each notification the count, and when the first and the last occurred.
fn updates(stage: &mut Dedup, second: u64) -> Vec<(u64, u64, u64)> {
    let mut out = Vec::new();
    stage.tick(at(second), &mut out);
    let seconds = |time: Timestamp| time.since(START).as_secs();
    let told = |item: &Notification| {
        assert_eq!((item.kind, item.alerts.len()), (Kind::Alert, 1));
        let alert = &item.alerts[0];
        (alert.count, seconds(alert.first_seen), seconds(alert.last_seen))
    };
    out.iter().map(told).collect()
}

#[test]
fn repeats_become_a_count_that_is_told_less_and_less_often() {
    let mut stage = Dedup::new("soc", Some(dedup(300)));
    assert_eq!(occurs(&mut stage, 1, 0), "new");
    assert_eq!([1, 2, 30].map(|second| occurs(&mut stage, 1, second)), ["repeated"; 3]);
    assert_eq!(occurs(&mut stage, 2, 30), "new");
    // The first update comes a minute after the first repeat, the next two minutes after the next.
    assert_eq!(stage.next(), Some(at(61)));
    assert_eq!(updates(&mut stage, 60), []);
    assert_eq!(updates(&mut stage, 61), [(3, 1, 30)]);
    assert_eq!(occurs(&mut stage, 1, 70), "repeated");

    // A restart forgets nothing of it.
    let mut changes = Vec::new();
    stage.changes(&mut changes);
    let mut stage = Dedup::new("soc", Some(dedup(300)));
    for change in changes {
        assert!(stage.restore(&change.key, &change.value.expect("nothing was forgotten")));
    }
    assert_eq!(occurs(&mut stage, 1, 100), "repeated");
    assert_eq!(updates(&mut stage, 189), []);
    assert_eq!(updates(&mut stage, 190), [(2, 70, 100)]);
    // What was quiet for the window is new when it comes again.
    assert_eq!(updates(&mut stage, 329), []);
    assert_eq!(occurs(&mut stage, 2, 329), "repeated");
    assert_eq!(updates(&mut stage, 400), [(1, 329, 329)]);
    assert_eq!(occurs(&mut stage, 1, 401), "new");
    // The last repeats are told when it has been quiet, however long the update would wait.
    assert_eq!(occurs(&mut stage, 1, 402), "repeated");
    assert_eq!(updates(&mut stage, 462), [(1, 402, 402)]);
    assert_eq!(stage.next(), Some(at(629)));
    assert_eq!(updates(&mut stage, 10_000), []);
    assert_eq!(stage.next(), None);
    let mut changes = Vec::new();
    stage.changes(&mut changes);
    assert!(changes.iter().all(|change| change.value.is_none()), "{changes:?}");
}

#[test]
fn a_key_is_made_of_the_fields_that_are_named() {
    let settings = DedupSettings { by: vec!["rule".to_owned(), "proc.name".to_owned()], ..dedup(300) };
    let mut stage = Dedup::new("soc", Some(settings));
    let mut judge = |rule: &str, name: &str| {
        let mut alert = alert(rule, Priority::Error);
        alert.facts.insert("proc.name".to_owned(), name.into());
        stage.judge(&mut Notification::of(Arc::new(alert), at(0)), at(0)).reason()
    };
    assert_eq!(judge("a", "x"), "new");
    assert_eq!(judge("a", "y"), "new");
    assert_eq!(judge("b", "x"), "new");
    assert_eq!(judge("a", "x"), "repeated");
}

#[test]
fn without_dedup_everything_passes_and_what_was_counted_is_told() {
    let mut stage = Dedup::new("soc", Some(dedup(300)));
    occurs(&mut stage, 1, 0);
    occurs(&mut stage, 1, 1);
    let mut changes = Vec::new();
    stage.changes(&mut changes);
    let mut stage = Dedup::new("soc", None);
    for change in changes {
        assert!(stage.restore(&change.key, &change.value.unwrap()));
    }
    assert_eq!(occurs(&mut stage, 1, 2), "no dedup");
    assert_eq!(stage.next(), Some(Timestamp(0)));
    assert_eq!(updates(&mut stage, 2), [(1, 1, 1)]);
    assert_eq!(stage.next(), None);
}

#[test]
fn an_update_shows_the_most_important_and_the_most_important_update_comes_first() {
    let by = |fields: &[&str]| DedupSettings {
        by: fields.iter().map(|field| (*field).into()).collect(),
        ..dedup(300)
    };
    let judge = |stage: &mut dyn Stage<Notification>, rule: &str, priority, second| {
        let mut alert = Alert { time: at(second), ..alert(rule, priority) };
        alert.facts.insert("proc.name".to_owned(), rule.into());
        stage.judge(&mut Notification::of(Arc::new(alert), at(second)), at(second)).reason()
    };
    let told = |stage: &mut dyn Stage<Notification>, second| {
        let mut out = Vec::new();
        stage.tick(at(second), &mut out);
        let text =
            |item: &Notification| format!("{} {} x{}", item.alerts[0].rule, item.priority, item.count());
        out.iter().map(text).collect::<Vec<_>>()
    };
    let mut stage = Dedup::new("soc", Some(by(&["hostname"])));
    for (rule, priority) in
        [("a", Priority::Debug), ("b", Priority::Error), ("c", Priority::Error), ("d", Priority::Notice)]
    {
        judge(&mut stage, rule, priority, 0);
    }
    assert_eq!(told(&mut stage, 60), ["c Error x3"]);
    let mut stage = Dedup::new("soc", Some(by(&["rule"])));
    for (rule, priority) in [("a", Priority::Notice), ("b", Priority::Debug), ("c", Priority::Alert)] {
        assert_eq!(["new", "repeated"], [0, 1].map(|second| judge(&mut stage, rule, priority, second)));
    }
    // What another field made a repeat is none of it.
    let mut stage = restarted(stage, Dedup::new("soc", Some(by(&["proc.name"]))));
    assert_eq!(judge(&mut stage, "a", Priority::Notice, 2), "new");
    assert_eq!(told(&mut stage, 61), ["c Alert x1", "a Notice x1", "b Debug x1"]);
}

proptest! {
    /// Whatever comes when, with whatever room: each occurrence is told once, by itself or in a count.
    #[test]
    fn each_occurrence_is_told_once(
        steps in prop::collection::vec((0u128..6, 0u64..400, any::<bool>()), 1..200),
        room in 200usize..5_000,
    ) {
        let mut stage = Dedup::with_bytes_max("soc", Some(dedup(300)), room);
        let (mut told, mut second) = (0, 500_u64);
        for (fingerprint, passes, back) in &steps {
            // Clocks are set back, too.
            second = if *back { second.saturating_sub(*passes) } else { second + passes };
            told += u64::from(occurs(&mut stage, *fingerprint, second).starts_with("new"));
            told += updates(&mut stage, second).iter().map(|(count, ..)| count).sum::<u64>();
            prop_assert!(stage.bytes() <= room);
        }
        told += updates(&mut stage, second + 1_000_000).iter().map(|(count, ..)| count).sum::<u64>();
        prop_assert_eq!(told, steps.len() as u64);
        prop_assert_eq!(stage.next(), None);
    }
}

#[test]
fn what_is_worse_marks_the_rest_for_a_time() {
    let rule = || InhibitRule {
        source: vec!["rule = shell".parse().unwrap()],
        target: vec!["priority = warning".parse().unwrap()],
        equal: vec!["container.name".to_owned()],
        lasts: Duration::from_secs(600),
    };
    let marked = |stage: &mut Inhibit, rule: &str, priority, container: &str, second| {
        let mut item = alert(rule, priority);
        item.facts.insert("container.name".to_owned(), container.into());
        let mut item = Arc::new(item);
        assert!(matches!(stage.judge(&mut item, at(second)), Verdict::Pass(_)));
        item.silenced.as_deref().map(str::to_owned)
    };
    let by = Some("inhibited by shell".to_owned());
    let mut stage = Inhibit::new(vec![rule()]);
    assert_eq!(marked(&mut stage, "file", Priority::Warning, "web", 0), None);
    assert_eq!(marked(&mut stage, "shell", Priority::Error, "web", 1), None);
    assert_eq!(marked(&mut stage, "file", Priority::Warning, "web", 2), by);
    assert_eq!(marked(&mut stage, "file", Priority::Warning, "db", 2), None);
    assert_eq!(marked(&mut stage, "file", Priority::Error, "web", 2), None);
    // What is both is never marked by its own sort.
    assert_eq!(marked(&mut stage, "shell", Priority::Warning, "web", 300), None);

    // A restart forgets nothing, and another rule in the place of this one has nothing of it.
    let mut changes = Vec::new();
    stage.changes(&mut changes);
    let other = InhibitRule { lasts: Duration::from_secs(1), equal: Vec::new(), ..rule() };
    let mut stage = Inhibit::new(vec![other, rule()]);
    for change in &changes {
        assert!(stage.restore(&change.key, change.value.as_deref().unwrap()));
    }
    assert_eq!(marked(&mut stage, "file", Priority::Warning, "web", 899), by);
    assert_eq!(marked(&mut stage, "file", Priority::Warning, "web", 900), None);
    let mut changes = Vec::new();
    stage.changes(&mut changes);
    assert!(changes.iter().all(|change| change.value.is_none()) && changes.len() == 1, "{changes:?}");
}

#[test]
fn of_rules_that_say_the_same_the_longest_holds_after_a_restart_too() {
    let rule = |seconds| InhibitRule {
        source: vec!["rule = shell".parse().unwrap()],
        target: vec!["rule = file".parse().unwrap()],
        equal: Vec::new(),
        lasts: Duration::from_secs(seconds),
    };
    let inhibited = |stage: &mut Inhibit, rule: &str, second| {
        let mut item = Arc::new(alert(rule, Priority::Error));
        stage.judge(&mut item, at(second)).reason() == "inhibited"
    };
    let mut stage = Inhibit::new(vec![rule(1), rule(60)]);
    inhibited(&mut stage, "shell", 0);
    let mut changes = Vec::new();
    stage.changes(&mut changes);
    let mut stage = Inhibit::new(vec![rule(1), rule(60)]);
    assert!(changes.iter().all(|change| stage.restore(&change.key, change.value.as_deref().unwrap())));
    assert!(inhibited(&mut stage, "file", 59));
    // Any alert shows that it has ended, and then a clock that is set back doesn't begin it again.
    inhibited(&mut stage, "another", 60);
    stage.set_back(at(30));
    assert!(!inhibited(&mut stage, "file", 30));
}

#[test]
fn what_inhibits_is_bounded() {
    let rule = InhibitRule {
        source: vec!["rule = shell".parse().unwrap()],
        target: vec!["rule = file".parse().unwrap()],
        equal: vec!["container.name".to_owned()],
        lasts: Duration::from_secs(600),
    };
    let mut stage = Inhibit::new(vec![rule]);
    let mut judge = |rule: &str, container: usize| {
        let mut item = alert(rule, Priority::Error);
        item.facts.insert("container.name".to_owned(), container.to_string().as_str().into());
        let mut item = Arc::new(item);
        stage.judge(&mut item, at(container as u64 / 100));
        item.silenced.is_some()
    };
    for container in 0..SOURCES_MAX + 100 {
        judge("shell", container);
    }
    assert!(!judge("file", 0) && judge("file", SOURCES_MAX + 99));
}
