//! Explanations, lints and cases: what they say of rules and events.

use lanner_diagnostic::{SourceText, Sources, plain};
use lanner_event::fields::Fields;
use lanner_event::{EventSource, Kind};

use super::rule;
use crate::cases::{Cases, recorded};
use crate::explain::{Explainer, Verdict};
use crate::kindset::KindSet;
use crate::lint::lint;
use crate::{Matching, Options, RuleSet};

/// What is said of a rule and an event, which is written as a line of a recorded file.
fn explain(rules: &str, options: &Options, name: &str, event: &str) -> (Verdict, String) {
    let mut sources = Sources::default();
    let id = sources.add(SourceText::new("r.yaml", rules));
    let (set, _) = RuleSet::compile(&sources, &[id], Fields::ALL, &[], options);
    let events = recorded(&mut sources, "e", event).unwrap_or_else(|error| panic!("{}", error.message));
    let explainer = Explainer::new(&set, &sources, &[id], Fields::ALL, options);
    let (event, host) = &events[0];
    let explanation = explainer.explain(name, event.as_ref(), host).expect("there is the rule");
    let text = explanation.text(&sources, false);
    (explanation.verdict, text)
}

fn named(name: &str, rest: &str) -> String {
    format!("- rule: {name}\n  desc: d\n  priority: info\n  output: o\n{rest}")
}

#[test]
fn every_part_says_where_it_stands_and_what_it_saw() {
    let rules = "- list: shells\n  items: [sh, bash]\n- macro: shell\n  condition: proc.name in (shells)\n"
        .to_owned()
        + &named(
            "r",
            "  condition: evt.type = execve and shell\n  exceptions:\n    - name: ours\n      fields: [proc.pname]\n      values: [[cron]]\n",
        )
        + "- rule: r\n  condition: and not fd.name exists\n  override: {condition: append}\n";
    let event = r#"{"evt.type": "execve", "proc.name": "sh", "proc.pname": "cron", "fd.name": "/x"}"#;
    let event = event.replace(r#", "fd.name": "/x""#, "");
    let (verdict, text) = explain(&rules, &Options::default(), "r", &event);
    assert_eq!(verdict, Verdict::False);
    for part in [
        "r does not fire",
        "because proc.pname = cron is true, proc.pname is cron",
        "evt.type = execve",
        "r.yaml:9:14",
        "macro of r.yaml:3:10",
        "proc.name in (sh, bash)",
        "r.yaml:4:14",
        "list shells of r.yaml:2",
        "exception of r.yaml:11:7",
        "proc.pname = cron  ",
        "r.yaml:12:16",
        "fd.name exists",
        "fd.name is missing",
        "r.yaml:15:22",
    ] {
        assert!(text.contains(part), "`{part}` isn't said:\n{text}");
    }
    assert!(
        text.lines().any(|line| line.trim_start().starts_with("missing") && line.contains("fd.name exists"))
    );
}

#[test]
fn a_verdict_says_what_became_of_the_event() {
    let open = r#"{"evt.type": "openat", "fd.name": "/tmp/x", "real": {"fd.name": "/etc/shadow"}}"#;
    let first = named("a", "  condition: evt.type = openat\n");
    let second = named("b", "  condition: fd.name = /etc/shadow and evt.type = openat\n");
    let both = first.clone() + &second;
    let all = Options { matching: Matching::All, ..Options::default() };
    let verdict = |rules: &str, options: &Options, name: &str| explain(rules, options, name, open).0;
    assert_eq!(verdict(&both, &Options::default(), "a"), Verdict::Fires);
    assert_eq!(verdict(&both, &Options::default(), "b"), Verdict::Taken { by: "a".to_owned() });
    assert_eq!(verdict(&both, &all, "b"), Verdict::Fires);
    assert!(explain(&both, &all, "b", open).1.contains("fires (under the real path of its file)"));
    let disabled = named("b", "  condition: evt.type = openat\n  enabled: false\n");
    let Verdict::NotJudged { why } = verdict(&disabled, &all, "b") else { panic!("it is judged") };
    assert!(why.contains("enabled: false"), "{why}");
    let important = Options { min_priority: lanner_alert::Priority::Error, ..Options::default() };
    let Verdict::NotJudged { why } = verdict(&first, &important, "a") else { panic!("it is judged") };
    assert!(why.contains("Error"), "{why}");
}

/// What an event carries can't move a terminal's cursor, however a rule is explained.
#[test]
fn what_an_event_carries_is_escaped() {
    let event = r#"{"evt.type": "openat", "fd.name": "/\u001b[2J\nfires"}"#;
    let (_, text) = explain(&rule("fd.name = /x"), &Options::default(), "r", event);
    assert!(text.contains("/\\u{1b}[2J\\nfires") && !text.contains('\x1b'), "{text}");
}

fn linted(rules: &str) -> Vec<String> {
    let mut sources = Sources::default();
    let id = sources.add(SourceText::new("r", rules));
    let options = Options::default();
    let (set, _) = RuleSet::compile(&sources, &[id], Fields::ALL, &[], &options);
    let captured: KindSet =
        KindSet::of(EventSource::Syscall).iter().filter(|kind| *kind != Kind::Creat).collect();
    let found = lint(&set, &sources, &[id], Fields::ALL, &options, &captured);
    found.iter().map(|found| format!("{} {}", found.code, plain(found, &sources))).collect()
}

#[test]
fn conditions_that_are_never_true_are_told_of() {
    for (condition, never) in [
        ("evt.type = openat and evt.num = 0", true),
        ("evt.type = openat and evt.type = open", true),
        ("evt.type = openat and proc.name = a and proc.name = b", true),
        ("evt.type = openat and proc.name = a and not proc.name in (a, b)", true),
        ("evt.type = openat and fd.name = /a and fd.name startswith /b", true),
        ("evt.type = openat and (proc.name = a and not proc.name = a or evt.num = 0)", true),
        ("evt.type = connect and fd.sport = 1 and fd.sport in (2, 3)", true),
        ("evt.type = connect and fd.port = 1 and fd.port = 2", false),
        ("evt.type = openat and proc.aname = a and proc.aname = b", false),
        ("evt.type = openat and proc.name in (a, b) and proc.name in (b, c)", false),
        ("evt.type = openat and proc.name != a", false),
        ("evt.type = openat and proc.name = a and proc.name exists", false),
        ("evt.type = openat and proc.name = a and not proc.name exists", true),
        ("evt.type = openat and proc.name = a and proc.name = val(proc.exe)", false),
        ("evt.type = openat and proc.name in ()", true),
        ("evt.type = openat and proc.pid > 5 and proc.pid < 3", true),
        ("evt.type = openat and proc.pid > 5 and proc.pid <= 6", false),
        ("evt.type = openat and fd.name startswith /etc and fd.name startswith /usr", true),
        ("evt.type = openat and fd.name startswith /etc and fd.name startswith /etc/ssh", false),
        ("evt.type = openat and fd.name endswith .so and fd.name endswith .conf", true),
        ("evt.type = openat", false),
    ] {
        let said = linted(&rule(condition));
        let told = said.iter().any(|line| line.starts_with("LINT_NEVER_TRUE r:1:9"));
        assert_eq!(told, never, "{condition}: {said:?}");
    }
}

#[test]
fn why_a_condition_is_never_true_is_told() {
    for (condition, why) in [
        ("evt.type = openat and evt.num = 0", "a part of it is never true"),
        ("evt.type = openat and evt.type = open", "event types that exclude each other"),
        ("evt.type = openat and proc.name = a and proc.name = b", "its parts exclude each other"),
    ] {
        let said = linted(&rule(condition));
        assert!(said.iter().any(|line| line.contains(why)), "{condition}: {said:?}");
    }
}

#[test]
fn rules_that_others_hide_are_told_of() {
    for (first, second, hidden) in [
        ("evt.type = openat", "evt.type = openat and proc.name = a", true),
        ("evt.type in (open, openat)", "evt.type = openat and proc.name = a", true),
        (
            "evt.type = openat and proc.name in (a, b)",
            "evt.type = openat and proc.name = a and fd.name = /x",
            true,
        ),
        (
            "evt.type = openat and fd.name startswith /etc",
            "evt.type = openat and fd.name = /etc/shadow",
            true,
        ),
        ("evt.type = openat and (proc.name = a or fd.name = /x)", "evt.type = openat and fd.name = /x", true),
        (
            "evt.type = openat and not proc.name in (a, b)",
            "evt.type = openat and not proc.name in (a, b, c)",
            true,
        ),
        ("evt.type = openat and proc.name = a", "evt.type = openat", false),
        (
            "evt.type = openat and fd.name = /etc/shadow",
            "evt.type = openat and fd.name startswith /etc",
            false,
        ),
        (
            "evt.type = openat and not proc.name in (a, b, c)",
            "evt.type = openat and not proc.name in (a, b)",
            false,
        ),
        ("evt.type = open", "evt.type = openat", false),
        (
            "evt.type = openat and proc.name in ()",
            "evt.type = openat and proc.name in () and fd.name = /x",
            false,
        ),
    ] {
        let rules = super::named("first", first) + &super::named("second", second);
        let said = linted(&rules);
        let told = said.iter().any(|line| line.starts_with("LINT_HIDDEN_RULE") && line.contains("`first`"));
        assert_eq!(told, hidden, "{first} | {second}: {said:?}");
    }
}

#[test]
fn comparisons_that_are_hardly_meant_are_told_of() {
    for (condition, code) in [
        ("evt.type = openat and proc.name = dockerd-current-x", "LINT_LONG_NAME r:5:49"),
        ("evt.type = openat and proc.aname in (a, sixteen-bytes-lo)", "LINT_LONG_NAME"),
        ("evt.type = openat and proc.pname startswith sixteen-bytes-lo", "LINT_LONG_NAME"),
        ("evt.type in (openat, creat)", "LINT_NOT_CAPTURED r:5:36"),
        ("evt.type = openat and proc.aname != a", "LINT_ANCESTOR_DIFFERS"),
        (
            "evt.type = openat and not proc.aname = a and proc.aname[2] != b and proc.name = fifteen-bytes-l",
            "",
        ),
    ] {
        let said = linted(&rule(condition));
        let expected: Vec<&str> = Some(code).into_iter().filter(|code| !code.is_empty()).collect();
        assert_eq!(said.len(), expected.len(), "{condition}: {said:?}");
        assert!(
            said.iter().zip(expected).all(|(said, code)| said.starts_with(code)),
            "{condition}: {said:?}"
        );
    }
}

#[test]
fn cases_say_what_is_wrong_with_them() {
    for (file, expected) in [
        (
            "- rule: r\n  fires: [{evt.type: opnat}]\n",
            "f:2:22: unknown event type `opnat` (did you mean `openat`?)",
        ),
        ("- rule: r\n  fires: [{evt.type: openat, fd.nam: /x}]\n", "f:2:30: there is no field `fd.nam`"),
        (
            "- rule: r\n  fires: [{fd.name: /x}]\n",
            "f:2:11: `evt.type` is missing: it says what kind of event this is",
        ),
        ("- rule: r\n  fres: [{evt.type: openat}]\n", "f:2:3: unknown key `fres` (did you mean `fires`?)"),
        ("- rule: r\n", "f:1:3: a rule's item has events under `fires` or `quiet`"),
        (
            "- event: {evt.type: openat}\n",
            "f:1:3: an event's item has names of rules under `fires` or `quiet`",
        ),
        ("- rule: r\n  quiet: {record: gone}\n", "f:2:19: `gone` can't be read: there is none"),
        ("- x\n", "f:1:3: an item has `rule`, `event` or `rules`"),
        ("{}\n", "f:1:1: there are no cases: a file of cases is a list of items"),
        ("- [", "f:1:4"),
    ] {
        let mut sources = Sources::default();
        let id = sources.add(SourceText::new("f", file));
        let cases = Cases::read(&mut sources, id, &mut |_| Err("there is none".to_owned()));
        let said: Vec<String> = cases.diagnostics.iter().map(|found| plain(found, &sources)).collect();
        assert!(said.iter().any(|line| line.starts_with(expected)), "{file}\n{said:#?}");
    }
}

#[test]
fn cases_come_out_or_say_why_not() {
    let rules = rule("evt.type = openat and fd.name = /etc/shadow");
    let file = "- rule: r\n  fires:\n    - {evt.type: openat, fd.name: /etc/shadow}\n    - {record: recorded}\n  quiet:\n    - {evt.type: openat, fd.name: /x}\n- event: {evt.type: open}\n  quiet: [r, s]\n- rule: r\n  fires: {evt.type: openat, fd.name: /y}\n";
    let mut sources = Sources::default();
    let id = sources.add(SourceText::new("r", rules));
    let options = Options::default();
    let (set, _) = RuleSet::compile(&sources, &[id], Fields::ALL, &[], &options);
    let sample = lanner_event::sample::Sample::new(Kind::Openat);
    let mut shadow = sample.clone();
    shadow.set("fd.name", "/etc/shadow").unwrap();
    let line = |sample: &lanner_event::sample::Sample| {
        let (batch, host) = sample.build();
        lanner_event::Record::new(batch.get(0), &host).line()
    };
    let text = format!("{}\n\n{}\n", line(&sample), line(&shadow));
    let cases_id = sources.add(SourceText::new("f", file));
    let cases = Cases::read(&mut sources, cases_id, &mut |_| Ok(text.clone()));
    assert!(cases.diagnostics.is_empty(), "{:?}", cases.diagnostics);
    let explainer = Explainer::new(&set, &sources, &[id], Fields::ALL, &options);
    let results: Vec<String> = cases
        .cases
        .iter()
        .map(|case| match case.check(&set, &explainer) {
            Ok(()) => "ok".to_owned(),
            Err(failure) => failure.message,
        })
        .collect();
    let failed = ["there is no rule `s`: did you mean `r`?", "`r` must fire, and does not"];
    assert_eq!(results, ["ok", "ok", "ok", "ok", failed[0], failed[1]]);
}

/// Whoever judges events must resolve the names that rules name.
#[test]
fn names_of_hosts_are_collected() {
    let rules = super::named("a", "fd.sip.name in (b.example, a.example) and fd.sip.name != c.example")
        + &super::named("b", "not fd.cip.name = a.example and proc.name = d.example");
    let set = super::compiled(&[&rules], &Options::default());
    assert_eq!(set.host_names(), ["a.example", "b.example", "c.example"]);
}
