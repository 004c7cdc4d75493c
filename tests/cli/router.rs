//! `lanner silence` and `lanner route`.

use crate::{RULE, folder, lanner};

#[test]
fn silences_are_made_listed_and_ended() {
    let folder = folder(&[]);
    let journal = lanner_bus::Settings::at(folder.path().join("journal.db"));
    assert_eq!(lanner_bus::Journal::open(journal, &[]).expect("a journal").close(), 0);
    let run = |arguments: &[&str]| {
        lanner(folder.path(), &[&["silence"], arguments, &["--journal", "journal.db"]].concat())
    };
    let (code, said, _) =
        run(&["add", "rule = \"A B\"", "container.name != web", "--for", "2h", "--comment", "up\u{1b}grade"]);
    assert!(code == 0 && said.starts_with("silence #1, until ") && said.contains("rule = \"A B\""), "{said}");
    let (_, said, _) = run(&["ls"]);
    assert!(said.contains("#1") && said.contains("active") && said.contains("up\\u{1b}grade"), "{said}");
    assert_eq!(run(&["expire", "1"]).0, 0);
    assert!(run(&["ls"]).1.contains("there are no silences"));
    assert!(run(&["list", "--all"]).1.contains("ended"));
    let recurring =
        ["--until", "2090-01-01T00:00:00Z", "--times", "22:00-06:00,12:00-13:00", "--weekdays", "mon-fri"];
    let (code, said, _) =
        run(&[&["add", "proc.exepath = /bin/x"][..], &recurring, &["--zone", "Europe/Berlin"]].concat());
    assert!(code == 0 && said.contains("only at 22:00-06:00 12:00-13:00 mon-fri Europe/Berlin"), "{said}");
    assert!(said.contains("note: only alerts whose rule prints `proc.exepath` have it"), "{said}");
    // Those of the configuration are there, too.
    let silence = "silences: [{name: drill, match: {rule: A}}]\n";
    std::fs::write(folder.path().join("c.yaml"), silence).expect("a file");
    let (_, said, _) = run(&["ls", "-c", "c.yaml"]);
    assert!(said.contains("file   drill: rule = \"A\"") && said.contains("mon-fri"), "{said}");
    for (arguments, why) in [
        (&["add", "--for", "1h"][..], "say of which alerts"),
        (&["add", "rule = a"], "say how long it lasts"),
        (&["add", "rule", "--for", "1h"], "is no condition"),
        (&["add", "proc.nam = x", "--for", "1h"], "did you mean `proc.name`?"),
        (&["add", "rul = x", "--for", "1h"], "an alert has no `rul`"),
        (&["add", "rule = x", "--for", "1h", "--weekdays", "fry"], "is no weekday"),
        (&["add", "rule = x", "--for", "1h", "--zone", "Mars"], "there is no time zone `Mars`"),
        (&["add", "rule = a", "--until", "2020-01-01T00:00:00Z"], "would end before it begins"),
        (&["expire", "7"], "there is no silence #7"),
    ] {
        let (code, _, said) = run(arguments);
        assert!(code == 1 && said.contains(why), "`{why}` isn't said:\n{said}");
    }
}

/// Routes with all that can be said of them.
const ROUTES: &str = "rules_files: [r.yaml]\nstdout_output: {enabled: true}\noutputs:\n  - {name: soc, type: file, filename: soc}\n  \
        - {name: ops, type: file, filename: ops, min_priority: error}\n\
        router:\n  route:\n    outputs: [ops]\n    routes:\n      \
        - {match: {container.name: db}, outputs: [ops], continue: true}\n      \
        - {match: {proc.name: [sh, bash], priority: '>= warning'}, outputs: [soc], mute: [{times: 22:00-06:00, zone: UTC}]}\n      \
        - {match: [rule = A, user.name != eve], group_by: [rule, user.name], template: '%proc.name'}\n\
        silences: [{name: drill, match: {user.name: eve}}]\n";

/// What is said of an alert that a route takes in its mute times.
const MUTED: &[&str] = &[
    "2026-11-24T23:00:00Z Error «A»",
    "  silence   not silenced",
    "  inhibit   not inhibited",
    "  all alerts: taken",
    "    Falco's outputs that no route names: taken; those after it are looked at too (`continue`)",
    "      ends here: to stdout, from Debug up",
    "    router.route: taken",
    "      router.route.routes[0]: not taken",
    r#"        no  container.name = "db": the alert has no value of it"#,
    "      router.route.routes[1]: taken",
    r#"        yes proc.name in ("sh", "bash"): it is sh"#,
    "        yes priority >= Warning: it is Error",
    "        ends here: to soc, from Debug up",
    "        but isn't sent: in the route's mute times",
    "      router.route.routes[2]: not looked at, as the one before took it",
    "  output stdout",
    "    route     routed",
    "    dedup     no dedup",
    "    limit     no limit",
    "    digest    no digest",
    "    group     no group",
    "    heartbeat no heartbeat",
    "    template  no template",
    "  output soc",
    "    route     in the route's mute times",
];

#[test]
fn a_route_is_explained() {
    let alert = |time: &str, user: &str, priority: &str| {
        format!(
            "{{\"rule\":\"A\",\"priority\":\"{priority}\",\"time\":\"2026-11-24T{time}Z\",\"output_fields\":{{\"proc.name\":\"sh\",\"user.name\":\"{user}\\u001b[2J\"}}}}"
        )
    };
    let alerts = [
        alert("08:00:00", "bob", "Warning"),
        alert("08:00:01", "bob", "Warning"),
        String::new(),
        alert("23:00:00", "bob", "Error"),
        alert("23:00:01", "bob", "Notice"),
    ]
    .join("\n");
    let silenced = alert("09:00:00", "eve", "Error").replace("\\u001b[2J", "");
    let folder = folder(&[
        ("r.yaml", RULE),
        ("c.yaml", ROUTES),
        ("a.jsonl", &alerts),
        ("s.jsonl", &silenced),
        ("bad.jsonl", "{\"rule\":\"A\"}\n"),
    ]);
    let test = |file| lanner(folder.path(), &["route", "test", "-c", "c.yaml", "--alert", file]);
    let (code, said, error) = test("a.jsonl");
    assert_eq!(code, 0, "{said}{error}");
    let told: Vec<&str> = said.split("\n\n").collect();
    assert_eq!(told[2].lines().collect::<Vec<_>>(), MUTED);
    for (at, part) in [
        (0, "output soc\n    route     routed\n    dedup     new\n"),
        (1, "output soc\n    route     routed\n    dedup     repeated"),
        (3, "no  priority >= Warning: it is Notice\n"),
        (
            3,
            "yes user.name != \"eve\": it is bob\\u{1b}[2J\n        ends here: to ops, as above, from Debug up\n\
             \x20       grouped by rule, user.name: told after 30 s, what is new then 300 s apart\n\
             \x20       with the text that its `template` makes\n",
        ),
        (3, "output ops\n    route     below the minimum priority"),
    ] {
        assert!(told[at].contains(part), "{part} of {at}:\n{said}");
    }
    let (code, said, _) = test("s.jsonl");
    assert!(code == 0 && said.contains("silence   silenced by drill"), "{said}");
    assert!(said.contains("output soc\n    route     silenced\n"), "{said}");
    let (code, _, error) = test("bad.jsonl");
    assert!(code == 1 && error.contains("bad.jsonl:1 is no alert of Falco's: missing field"), "{error}");
}
