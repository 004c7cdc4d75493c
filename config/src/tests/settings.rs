//! What comes of a configuration: settings, merged files, the command line, hidden secrets.

use std::path::Path;
use std::time::Duration;

use jiff::tz::TimeZone;
use lanner_alert::{Calendar, CalendarError, Matcher, Priority, Schedule};
use lanner_diagnostic::{Node, Renderer, Severity};

use super::memory::{Memory, env, lines, load};
use crate::load::{Options, load_from};
use crate::{DigestSettings, EngineSettings, RedactSettings, RouteSettings, Settings};

#[track_caller]
fn settings(yaml: &str, options: &[&str]) -> Settings {
    let loaded = load(yaml, &[], options);
    assert_eq!(lines(&loaded), "", "\n{yaml}");
    loaded.settings
}

fn names(settings: &Settings) -> Vec<&str> {
    settings.outputs.iter().map(|output| &*output.name).collect()
}

#[test]
fn falcos_outputs_and_the_list_have_one_form() {
    let settings = settings(
        "http_output: { enabled: true, url: 'http://h/${A}', keep_alive: true }\n\
         file_output: { enabled: true, filename: /x }\n\
         outputs:\n  - { name: web, type: http, url: http://h, min_priority: error, batch: 7, dedup: off }\n",
        &[],
    );
    assert_eq!(names(&settings), ["file", "http", "web"]);
    let keys = |at: usize| -> Vec<(&str, &str)> {
        let entries = settings.outputs[at].node.as_mapping().expect("a mapping").iter();
        entries
            .map(|(key, value)| (key.as_str().expect("a name"), value.as_str().expect("a scalar")))
            .collect()
    };
    assert_eq!(keys(0), [("filename", "/x")]);
    assert_eq!(
        keys(1),
        [("url", "http://h/1"), ("keep_alive", "true"), ("user_agent", "falcosecurity/falco")]
    );
    assert_eq!(keys(2), [("url", "http://h")]);
    let web = &settings.outputs[2];
    assert_eq!((web.fixed, web.min_priority, web.batch), (false, Priority::Error, 7));
}

#[test]
fn limits_and_digests() {
    let settings = settings(
        "router: { rate_limit: { rate: 10/m, burst: 20 } }\n\
         stdout_output: { enabled: true }\n\
         outputs:\n  - { name: a, type: x, digest: { every: 1h }, immediate_from: critical }\n  \
         - { name: b, type: x, rate_limit: { rate: 1/s, summary: 5m, per: [rule, k8s.ns.name] } }\n",
        &[],
    );
    let limit = |at: usize| {
        settings.outputs[at]
            .limit
            .as_ref()
            .map(|limit| (limit.rate.period(), limit.burst.get(), limit.summary.as_secs()))
    };
    assert_eq!(limit(0), None, "Falco's outputs have no limit");
    assert_eq!(limit(1), Some((Duration::from_secs(6), 20, 60)));
    assert_eq!(limit(2), Some((Duration::from_secs(1), 1, 300)));
    let per = |at: usize| settings.outputs[at].limit.as_ref().expect("a limit").per.clone();
    assert_eq!((per(1), per(2)), (vec![], vec!["rule".to_owned(), "k8s.ns.name".to_owned()]));
    let schedule = Schedule::Every(Duration::from_secs(3600));
    let immediate_from = Some(Priority::Critical);
    assert_eq!(settings.outputs[1].digest, Some(DigestSettings { schedule, immediate_from }));
    assert_eq!(settings.outputs[2].digest, None);
}

#[test]
fn digests_at_times_of_the_day() {
    let schedule = |digest: &str| {
        let yaml = format!("outputs: [{{ name: a, type: x, digest: {digest} }}]\n");
        settings(&yaml, &[]).outputs[0].digest.clone().expect("a digest").schedule
    };
    let daily = |times: &[&str], zone: Option<&str>| Schedule::Daily {
        times: times.iter().map(|time| Schedule::time(time).unwrap()).collect(),
        zone: zone.map(|name| TimeZone::get(name).unwrap()),
    };
    assert_eq!(schedule("{ at: '08:00' }"), daily(&["08:00"], None));
    let berlin = "{ at: ['08:00', '16:30'], zone: Europe/Berlin }";
    assert_eq!(schedule(berlin), daily(&["08:00", "16:30"], Some("Europe/Berlin")));
}

#[test]
fn an_audit_has_no_limit_but_its_own() {
    let settings = settings(
        "router: { rate_limit: { rate: 10/m } }\n\
         outputs:\n  - { name: a, type: x, audit: true }\n  \
         - { name: b, type: x, audit: true, rate_limit: { rate: 1/s } }\n",
        &[],
    );
    let limited: Vec<bool> = settings.outputs.iter().map(|output| output.limit.is_some()).collect();
    assert_eq!(limited, [false, true]);
}

#[test]
fn routes_inherit_how_they_group_and_what_they_say() {
    let yaml = "outputs: [{ name: a, type: x }]\n\
                router:\n  route:\n    group_by: [rule, container.name]\n    group_interval: 10m\n    template: '%rule'\n    \
                routes:\n    - { match: { rule: A } }\n    \
                - { match: { rule: B }, group_by: hostname, group_wait: 0s, group_idle: 2h, template: x }\n    \
                - { match: { rule: C }, group_by: off, routes: [{ match: { rule: C }, group_by: [] }] }\n";
    let tree = settings(yaml, &[]).route;
    let told = |route: &RouteSettings| {
        let group = route.group.as_ref().map(|group| {
            let seconds = [group.wait, group.interval, group.idle].map(|duration| duration.as_secs());
            (group.by.join(" "), seconds)
        });
        (group, route.template.as_ref().and_then(Node::as_str).unwrap_or_default().to_owned())
    };
    let group = |by: &str, seconds| Some((by.to_owned(), seconds));
    let all = group("rule container.name", [30, 600, 3600]);
    assert_eq!(told(&tree), (all.clone(), "%rule".to_owned()));
    assert_eq!(told(&tree.routes[0]), (all, "%rule".to_owned()));
    assert_eq!(told(&tree.routes[1]), (group("hostname", [0, 600, 7200]), "x".to_owned()));
    assert_eq!(told(&tree.routes[2]), (None, "%rule".to_owned()));
    assert_eq!(told(&tree.routes[2].routes[0]), (group("", [30, 600, 3600]), "%rule".to_owned()));
}

#[test]
fn heartbeats() {
    let settings = settings(
        "heartbeat: { every: 1h, outputs: [a] }\n\
         outputs:\n  - { name: a, type: x }\n  - { name: b, type: x }\n",
        &[],
    );
    let every: Vec<_> = settings.outputs.iter().map(|output| output.heartbeat).collect();
    assert_eq!(every, [Some(Duration::from_secs(3600)), None]);
}

#[test]
fn attempts() {
    let settings = settings(
        "stdout_output: { enabled: true }\n\
         outputs:\n  - { name: a, type: x, attempt_timeout: 2m, breaker: { failures: 2, pause: 5s } }\n",
        &[],
    );
    let attempts = |at: usize| {
        let attempts = settings.outputs[at].attempts;
        (attempts.timeout.as_secs(), attempts.failures, attempts.pause.as_secs())
    };
    assert_eq!((attempts(0), attempts(1)), ((30, 5, 30), (120, 2, 5)));
}

#[test]
fn redaction() {
    let settings = settings(
        "outputs:\n  - { name: a, type: x }\n  - { name: b, type: x, redact: 'true' }\n  \
         - { name: c, type: x, redact: off }\n  - { name: d, type: x, redact: { patterns: [a, b], keep: [c] } }\n",
        &[],
    );
    let redact = settings.outputs.iter().map(|output| {
        let RedactSettings { on, patterns, keep } = &output.redact;
        let texts = |nodes: &[Node]| nodes.iter().filter_map(Node::as_str).collect::<Vec<_>>().join(" ");
        (*on, texts(patterns), texts(keep))
    });
    let expected = [(None, "", ""), (Some(true), "", ""), (Some(false), "", ""), (Some(true), "a b", "c")];
    let expected = expected.map(|(on, patterns, keep)| (on, patterns.to_owned(), keep.to_owned()));
    assert_eq!(redact.collect::<Vec<_>>(), expected);
}

#[test]
fn routes() {
    let yaml = "stdout_output: { enabled: true }\nsyslog_output: { enabled: true }\n\
                outputs: [{ name: a, type: x }, { name: b, type: x }]\n";
    let all = settings(yaml, &[]).route;
    let named = |name: &str| RouteSettings { name: name.to_owned(), ..RouteSettings::default() };
    let everything = named("no `router.route`");
    assert_eq!(all, RouteSettings { outputs: Some(vec![0, 1, 2, 3]), ..everything });
    let routed = settings(
        &format!(
            "{yaml}router:\n  route:\n    outputs: [a]\n    routes:\n      \
             - match: {{ priority: '>= error', tags: [t], rule: r }}\n        outputs: [b, syslog]\n        \
             continue: true\n        min_priority: warning\n        active: [{{ times: 08:00-17:00 }}, {{ weekdays: sat, zone: UTC }}]\n        \
             mute: [{{ days: [24, -1], months: nov }}]\n"
        ),
        &[],
    );
    let calendar = |add: fn(&mut Calendar) -> Result<(), CalendarError>| {
        let mut calendar = Calendar::default();
        add(&mut calendar).unwrap();
        calendar
    };
    let below = RouteSettings {
        matchers: vec![
            Matcher::at_least(Priority::Error),
            Matcher::any_of("tags", vec!["t".to_owned()]),
            Matcher::any_of("rule", vec!["r".to_owned()]),
        ],
        outputs: Some(vec![3, 1]),
        min_priority: Some(Priority::Warning),
        active: vec![
            calendar(|all| all.time("08:00-17:00")),
            calendar(|all| {
                all.set_zone(TimeZone::UTC);
                all.weekday("sat")
            }),
        ],
        mute: vec![calendar(|all| all.day("24").and(all.day("-1")).and(all.month("nov")))],
        continues: true,
        ..named("router.route.routes[0]")
    };
    let tree = RouteSettings { outputs: Some(vec![2]), routes: vec![below], ..named("router.route") };
    let always = named("Falco's outputs that no route names");
    let always = RouteSettings { outputs: Some(vec![0]), continues: true, ..always };
    assert_eq!(routed.route, RouteSettings { routes: vec![always, tree], ..named("all alerts") });
}

#[test]
fn the_command_line_sets_keys() {
    let settings = settings(
        "outputs: [{ name: a, type: x, k: 1 }]\nrules: [{ enable: { rule: a } }]\n",
        &[
            "json_output=true",
            "stdout_output.enabled=yes",
            "journal={path: /j, max_size: 2MiB}",
            "outputs[0].k=2",
            "outputs[].name=b",
            "outputs[1].type=y",
            "rules[]={disable: {tag: t}}",
            "engine.modern_ebpf.buf_size_preset=1",
        ],
    );
    assert!(settings.format.json);
    assert_eq!(names(&settings), ["stdout", "a", "b"]);
    assert_eq!(settings.outputs[1].node.get("k").and_then(lanner_diagnostic::Node::as_str), Some("2"));
    assert_eq!((settings.journal.path.to_str(), settings.journal.max_size), (Some("/j"), 2 << 20));
    assert_eq!(settings.rules.selection.iter().map(|one| one.enable).collect::<Vec<_>>(), [true, false]);
    assert_eq!(settings.detector.buffer_size, 1 << 20);
}

#[test]
fn wrong_options_are_told() {
    let cases = [
        (
            "jsonoutput=true",
            "warning -o jsonoutput:1:1: unknown key `jsonoutput` (did you mean `json_output`?)",
        ),
        (
            "priority=hi",
            "error -o priority:1:1: `hi` is not a priority (known are emergency, alert, critical, error, warning, notice, informational, debug)",
        ),
        ("x", "error an option of the command line (-o) should look like `KEY=VALUE`"),
        ("=x", "error an option of the command line (-o) should look like `KEY=VALUE`"),
        ("a..b=x", "error -o a..b:1:1: `a..b` is not the name of a key"),
        ("rules[7]=x", "error -o rules[7]:1:1: `rules[7]`: the list has only 0 items"),
        ("journal={path: [}", "error -o journal:1:10: mismatched bracket"),
    ];
    for (option, expected) in cases {
        let found = lines(&load("", &[], &[option]));
        assert!(found.starts_with(expected), "{option}: {found}");
    }
}

#[test]
fn files_are_merged() {
    let main = "config_files: [d, { path: one.yaml, strategy: add-only }, none.yaml]\n\
                rules_files: [a]\njson_output: false\njournal: { max_age: 1d }\n";
    let others = [
        ("d/2.yaml", "rules_files: [c]\njournal: { path: /j }\n"),
        ("d/1.yml", "rules_files: [b]\n"),
        ("d/README", "zebra: 1\n"),
        ("one.yaml", "json_output: true\ntime_format_iso_8601: true\nrules_files: [d]\n"),
        ("a", "# a\n"),
        ("c", "# c\n"),
    ];
    let loaded = load(main, &others, &[]);
    assert_eq!(
        lines(&loaded),
        "note f.yaml:1:16: README in d doesn't end in .yaml or .yml: skipped\n\
         note f.yaml:1:59: none.yaml doesn't exist: skipped\n\
         note d/1.yml:1:15: b doesn't exist: skipped"
    );
    let rules = loaded.rules.iter().map(|id| loaded.sources.get(*id).name.to_string());
    assert_eq!(rules.collect::<Vec<_>>(), ["a", "c"]);
    assert_eq!(loaded.skipped, [Path::new("b")]);
    let settings = loaded.settings;
    assert!(!settings.format.json && settings.format.iso_8601);
    assert_eq!((settings.journal.path.to_str(), settings.journal.max_age.as_secs()), (Some("/j"), 604_800));

    let cases = [
        (
            ("x.yaml", "config_files: [y]\n"),
            "error x.yaml:1:15: a file that is included can't include others",
        ),
        (
            ("x.yaml", "jsonoutput: 1\n"),
            "warning x.yaml:1:1: unknown key `jsonoutput` (did you mean `json_output`?)",
        ),
        (("x.yaml", "a: [\n"), "error x.yaml:1:5: unclosed bracket '['"),
    ];
    for (other, expected) in cases {
        assert_eq!(lines(&load("config_files: [x.yaml]\n", &[other], &[])), expected);
    }
    let loaded = load("config_files: [f.yaml]\n", &[], &[]);
    assert_eq!(lines(&loaded), "error f.yaml:1:16: f.yaml: a configuration can't include itself");
    let loaded = load("", &[("x.yaml", "json_output: true\n")], &["config_files[]=x.yaml", "priority=error"]);
    let settings = loaded.settings;
    assert_eq!((settings.format.json, settings.rules.min_priority), (true, Priority::Error));
}

#[test]
fn what_the_command_line_names_must_be_there() {
    let options = |config: Option<&str>, rules: &str| Options {
        config: config.map(Into::into),
        rules: vec![rules.into()],
        overrides: Vec::new(),
    };
    let memory = Memory(
        [("/etc/falco/falco.yaml".into(), "json_output: true\n".into()), ("r/x.yml".into(), String::new())]
            .into(),
    );
    let loaded = load_from(&options(None, "r"), &env, &memory);
    assert_eq!((lines(&loaded).as_str(), loaded.rules.len()), ("", 1));
    assert_eq!(loaded.config.as_deref(), Some(Path::new("/etc/falco/falco.yaml")));
    let loaded = load_from(&options(Some("c.yaml"), "r2"), &env, &memory);
    assert_eq!(lines(&loaded), "error c.yaml: No such file\nerror r2: there is no such file or folder");
    assert!(loaded.count(Severity::Error) > 0);
}

#[test]
fn secrets_do_not_show() {
    let yaml = "http_output: { enabled: maybe, url: 'http://u:hunter22@h', urll: hunter22 }\n\
                priority: ${KEY}\n\
                outputs:\n  - { name: c, type: x, api_token: hunter22, sasl.password: hunter22, batch: 0 }\n  \
                - name: a\n    type: ${KEY}\n    headers: { X: hunter22 }\n    min_priority: ${KEY}\n";
    let loaded = load(
        yaml,
        &[],
        &["outputs[0].password=hunter22", "journal={token: hunter22}", "outputs[0].url={a: hunter22}"],
    );
    let renderer = Renderer { colour: false };
    let shown: Vec<String> =
        loaded.diagnostics.iter().map(|one| renderer.render(one, &loaded.sources)).collect();
    let shown = shown.join("\n");
    assert!(loaded.count(Severity::Error) >= 3, "{shown}");
    assert!(shown.contains("`${KEY}` is not a priority") && !shown.contains("hunter22"), "{shown}");
    let broken = load("password: hunter22\ntoken: 'hunter22\n", &[], &[]);
    assert!(!renderer.render(&broken.diagnostics[0], &broken.sources).contains("hunter22"));
    assert!(!format!("{loaded:?}").contains("hunter22"));
}

#[test]
fn a_configuration_without_outputs_is_told() {
    let codes = |yaml| -> Vec<&str> { load(yaml, &[], &[]).diagnostics.iter().map(|one| one.code).collect() };
    assert_eq!(codes("json_output: true\n"), ["CONFIG_NO_OUTPUT"]);
    assert_eq!(codes("syslog_output: { enabled: true }\n"), [""; 0]);
}

#[test]
fn a_check_is_strict() {
    let loaded = load("jsonoutput: 1\njson_output: x\nrules_file: a\n", &[("a", "")], &[]);
    assert_eq!(loaded.count(Severity::Error), 0);
    assert_eq!((loaded.wrong_keys(), loaded.count(Severity::Warning)), (2, 4));
    let loaded = loaded.strict();
    assert!(loaded.count(Severity::Error) > 0);
    assert_eq!((loaded.count(Severity::Error), loaded.count(Severity::Warning)), (2, 2));
}

#[test]
fn debug_shows_no_settings_of_outputs() {
    let shown = format!("{:?}", settings("outputs: [{ name: a, type: x, token: hunter22 }]\n", &[]));
    assert!(shown.contains("OutputEntry") && !shown.contains("hunter22"), "{shown}");
}

#[test]
fn container_engines_are_read_as_falco_has_them() {
    let engine = |name, enabled, sockets: Option<&[&str]>| EngineSettings {
        name,
        enabled,
        sockets: sockets.map(|all| all.iter().map(Into::into).collect()),
    };
    let engines = |yaml: &str| settings(yaml, &[]).detector.engines;
    assert_eq!(engines("plugins: [{name: container}]\n"), []);
    let all = engines(
        "plugins:\n  - name: container\n    init_config:\n      engines:\n        docker: {enabled: false}\n        \
         cri: {enabled: true, sockets: [/run/a.sock, '/run/b.sock']}\n        podman: {sockets: []}\n",
    );
    assert_eq!(
        all,
        [
            engine("docker", false, None),
            engine("podman", true, Some(&[])),
            engine("cri", true, Some(&["/run/a.sock", "/run/b.sock"])),
        ]
    );
}
