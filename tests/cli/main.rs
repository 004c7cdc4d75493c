//! The command line, as its user sees it.

mod router;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn lanner(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output: Output = Command::new(env!("CARGO_BIN_EXE_lanner"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("SLACK_TOKEN")
        .output()
        .expect("lanner runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().expect("it ends by itself"), text(&output.stdout), text(&output.stderr))
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

const RULE: &str =
    "- rule: A\n  desc: a\n  condition: evt.type = openat and fd.name = /a\n  output: a\n  priority: INFO\n";

#[test]
fn everything_that_is_wrong_is_reported_at_once_with_its_place() {
    let files = [
        (
            "c.yaml",
            "json_ouput: true\nrules_files: [r.yaml]\noutputs:\n  - {name: a, type: slak}\n  - {name: b, type: file, filname: x}\n  - {name: c, type: slack, token: '${SLACK_TOKEN}', channel: x}\n",
        ),
        (
            "r.yaml",
            "- rule: A\n  desc: a\n  condition: evt.type = opnat and proc.nam = x\n  output: '%fd.nme'\n  priority: INFO\n",
        ),
    ];
    let folder = folder(&files);
    let (code, said, _) = lanner(folder.path(), &["check", "-c", "c.yaml"]);
    assert_eq!(code, 1, "{said}");
    for part in [
        "unknown key `json_ouput`",
        "c.yaml:1:1",
        "did you mean `json_output`?",
        "did you mean `slack`?",
        "did you mean `filename`?",
        "SLACK_TOKEN",
        "r.yaml:3:25",
        "did you mean `openat`?",
        "did you mean `proc.name`?",
        "did you mean `fd.name`?",
    ] {
        assert!(said.contains(part), "`{part}` isn't said:\n{said}");
    }
}

#[test]
fn what_is_right_is_said_to_be() {
    let folder =
        folder(&[("c.yaml", "rules_files: [r.yaml]\nstdout_output: {enabled: true}\n"), ("r.yaml", RULE)]);
    let (code, said, _) = lanner(folder.path(), &["check", "-c", "c.yaml"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("1 rule enabled, 1 output; 0 errors, 0 warnings"), "{said}");
    let (code, said, _) = lanner(folder.path(), &["check"]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_local_file_overrides() {
    let local = "- rule: A\n  priority: CRITICAL\n  enabled: false\n  override: {priority: replace, enabled: replace}\n";
    let folder = folder(&[
        ("c.yaml", "rules_files: [r.yaml, r.local.yaml]\nstdout_output: {enabled: true}\n"),
        ("r.yaml", RULE),
        ("r.local.yaml", local),
    ]);
    let (code, said, _) = lanner(folder.path(), &["check", "-c", "c.yaml"]);
    assert_eq!(code, 1);
    assert!(said.contains("no rule is enabled"), "{said}");
}

#[test]
fn no_rule_and_no_configuration_are_errors() {
    let folder = folder(&[("c.yaml", "rules_files: [none.yaml]\nstdout_output: {enabled: true}\n")]);
    let (code, said, _) = lanner(folder.path(), &["check", "-c", "c.yaml"]);
    assert_eq!(code, 1);
    assert!(
        said.contains("none.yaml doesn't exist: skipped") && said.contains("no rule is loaded"),
        "{said}"
    );
    let (code, _, said) = lanner(folder.path(), &["-c", "none.yaml"]);
    assert_eq!(code, 1);
    assert!(said.contains("none.yaml"), "{said}");
}

#[test]
fn a_journal_that_is_not_there_is_an_error() {
    let folder = folder(&[]);
    let (code, _, said) = lanner(folder.path(), &["journal", "stats", "--journal", "none.db"]);
    assert_eq!(code, 1);
    assert!(said.contains("none.db"), "{said}");
}

#[test]
fn falcos_own_configuration_is_accepted_whole() {
    let shared = std::env::var_os("LANNER_SHARED").map(PathBuf::from);
    let shared = shared.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"));
    let path = shared.join("upstream/falco.yaml");
    if !path.exists() {
        eprintln!("skipped: {} isn't there", path.display());
        return;
    }
    let folder = folder(&[("r.yaml", RULE)]);
    let (code, said, _) =
        lanner(folder.path(), &["check", "-c", &path.display().to_string(), "-r", "r.yaml"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("0 errors, 0 warnings"), "{said}");
    assert_eq!(said.matches("`watch_config_files` has no effect yet").count(), 1);
}

const CASES: &str =
    "- rule: A\n  fires: [{evt.type: openat, fd.name: /a}]\n  quiet: [{evt.type: openat, fd.name: /b}]\n";

#[test]
fn rules_are_tested_and_a_failure_says_why() {
    let wrong =
        "- rules: [r.yaml]\n- event: {evt.type: openat, fd.name: /b, proc.name: <cat>}\n  fires: [A]\n";
    let folder = folder(&[("r.yaml", RULE), ("good.yaml", CASES), ("bad.yaml", wrong)]);
    let (code, said, _) = lanner(folder.path(), &["test", "-r", "r.yaml", "good.yaml"]);
    assert_eq!((code, said.as_str()), (0, "2 cases, 0 failed\n"));
    let arguments = ["test", "-r", "r.yaml", "good.yaml", "bad.yaml", "--junit", "junit.xml"];
    let (code, said, _) = lanner(folder.path(), &arguments);
    assert_eq!(code, 1, "{said}");
    for part in [
        "bad.yaml:2:10: `A` must fire, and does not",
        "fd.name = /a is false, fd.name is /b",
        "3 cases, 1 failed",
    ] {
        assert!(said.contains(part), "`{part}` isn't said:\n{said}");
    }
    let junit = std::fs::read_to_string(folder.path().join("junit.xml")).expect("it was written");
    assert!(junit.contains(r#"tests="3""#) && junit.contains(r#"failures="1""#), "{junit}");
    assert!(junit.contains("must fire, and does not") && junit.contains("&lt;cat&gt;"), "{junit}");
    let (code, _, said) = lanner(folder.path(), &["test", "-r", "none.yaml", "good.yaml"]);
    assert_eq!(code, 1);
    assert!(said.contains("none.yaml"), "{said}");
}

/// What can't be judged is an error in the results, and stops nothing else.
#[test]
fn what_is_wrong_with_cases_is_in_the_results() {
    let case = |field: &str| {
        format!("- rule: A\n  fires:\n    - {{{field}}}\n    - {{evt.type: openat, fd.name: /a}}\n")
    };
    let broken = RULE.replace("fd.name", "fd.nme");
    for (cases, rules, summary, tests, said) in [
        (case("evt.type: nosuch"), RULE, "1 case, 0 failed, 1 error", 2, "cases.yaml:3:18"),
        (case("evt.type: openat, fd.nme: /a"), RULE, "1 case, 0 failed, 1 error", 2, "fd.nme"),
        (case("evt.type: openat").replace("fires", "quiet"), RULE, "2 cases, 1 failed", 2, "must not"),
        ("a: [".to_owned(), RULE, "0 cases, 0 failed, 1 error", 1, "cases.yaml:1"),
        (case("evt.type: openat"), &*broken, "0 cases, 0 failed, 1 error", 1, "r.yaml:3"),
        (
            "- rules: [no.yaml]\n".to_owned() + &case("evt.type: openat"),
            RULE,
            "0 cases, 0 failed, 1 error",
            1,
            "no.yaml",
        ),
    ] {
        let folder = folder(&[("r.yaml", rules), ("cases.yaml", &cases)]);
        let arguments = ["test", "-r", "r.yaml", "cases.yaml", "--junit", "junit.xml"];
        let (code, out, errors) = lanner(folder.path(), &arguments);
        assert!(code == 1 && out.ends_with(&format!("{summary}\n")), "{cases}: {out}{errors}");
        let junit = std::fs::read_to_string(folder.path().join("junit.xml")).expect("it was written");
        let errors = u8::from(summary.ends_with("error"));
        assert!(junit.contains(&format!(r#"tests="{tests}""#)), "{cases}: {junit}");
        assert!(junit.contains(&format!(r#"errors="{errors}""#)) && junit.contains(said), "{cases}: {junit}");
    }
    let folder = folder(&[("r.yaml", RULE), ("good.yaml", CASES)]);
    let (code, said, _) = lanner(folder.path(), &["test", "-r", "r.yaml", "none.yaml", "good.yaml"]);
    assert_eq!((code, &*said), (1, "2 cases, 0 failed, 1 error\n"));
}

/// The examples of the page are rules and cases that come out.
#[test]
fn the_page_of_testing_rules_is_right() {
    let page = include_str!("../../docs/testing-rules.md");
    let mut blocks = page.split("```yaml\n").skip(1).filter_map(|block| block.split("```").next());
    let (rules, cases) = (blocks.next().expect("rules"), blocks.next().expect("cases"));
    let folder = folder(&[("my_rules.yaml", rules), ("cases.yaml", cases)]);
    let (code, said, errors) = lanner(folder.path(), &["test", "cases.yaml"]);
    assert_eq!((code, said.as_str()), (0, "8 cases, 0 failed\n"), "{errors}");
}

#[test]
fn a_rule_and_an_event_are_explained() {
    let event = "{\"evt.type\": \"openat\", \"fd.name\": \"/b\"}\n\n{\"evt.type\": \"openat\", \"fd.name\": \"/a\"}\n";
    let folder = folder(&[("r.yaml", RULE), ("e.jsonl", event), ("broken.jsonl", "{\n")]);
    let explain = |rule: &str, event: &str, more: &[&str]| {
        let arguments = [&["explain", "-r", "r.yaml", "--rule", rule, "--event", event], more].concat();
        lanner(folder.path(), &arguments)
    };
    let (code, said, _) = explain("A", "e.jsonl", &[]);
    assert_eq!(code, 0, "{said}");
    for part in ["A does not fire", "A fires", "r.yaml:3:", "fd.name = /b"] {
        assert!(said.contains(part), "`{part}` isn't said:\n{said}");
    }
    assert_eq!(explain("A", "e.jsonl", &["--line", "2"]).1.matches("A fires").count(), 1);
    for (rule, event, more, why) in [
        ("B", "e.jsonl", &[][..], "there is no rule `B`: did you mean `A`?"),
        ("A", "broken.jsonl", &[], "broken.jsonl:1:1"),
        ("A", "e.jsonl", &["--line", "3"], "there is no event of that number"),
        ("A", "none.jsonl", &[], "none.jsonl can't be read"),
    ] {
        let (code, _, said) = explain(rule, event, more);
        assert!(code == 1 && said.contains(why), "`{why}` isn't said:\n{said}");
    }
}

#[test]
fn what_is_hardly_meant_is_said() {
    let hidden = RULE.replace("rule: A", "rule: B").replace("fd.name = /a", "fd.name = /a and proc.name = x");
    let folder = folder(&[
        ("c.yaml", "rules_files: [r.yaml]\nstdout_output: {enabled: true}\n"),
        ("r.yaml", &(RULE.to_owned() + &hidden)),
    ]);
    let (code, said, _) = lanner(folder.path(), &["check", "-c", "c.yaml"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("LINT_HIDDEN_RULE") && said.contains("the earlier rule `A`"), "{said}");
    let all = ["check", "-c", "c.yaml", "-o", "rule_matching=all"];
    assert!(!lanner(folder.path(), &all).1.contains("LINT_"));
}

#[test]
fn fields_and_events_are_listed() {
    let folder = folder(&[]);
    let run = |arguments: &[&str]| lanner(folder.path(), arguments);
    let (code, said, _) = run(&["--list"]);
    assert!(code == 0 && said.contains("Field Class:") && said.contains("proc.aname"), "{said}");
    let (_, said, _) = run(&["--list=k8s_audit", "-N"]);
    assert!(said.lines().any(|line| line == "ka.verb") && !said.contains("proc.name"), "{said}");
    let (_, said, _) = run(&["--list", "--format", "json"]);
    assert!(serde_json::from_str::<serde_json::Value>(&said).is_ok(), "{said}");
    for asked in [&["--format", "json"][..], &["-o", "json_output=true"]] {
        let all: Vec<&str> = ["--list=k8s_audit"].iter().chain(asked).copied().collect();
        let names: Vec<&str> = all.iter().copied().chain(["-N"]).collect();
        let (list, names) = (run(&all).1, run(&names).1);
        let list: serde_json::Value = serde_json::from_str(&list).expect(&list);
        assert!(list["fieldclasses"].is_array(), "{list}");
        let names: Vec<String> = serde_json::from_str(&names).expect(&names);
        assert!(names.iter().any(|name| name == "ka.verb"), "{names:?}");
    }
    assert!(run(&["fields"]).1.contains("util.cnt") && !run(&["--list"]).1.contains("util.cnt"));
    let (code, _, said) = run(&["--list=syscal"]);
    assert!(code == 1 && said.contains("no event source `syscal`"), "{said}");
    let (code, said, _) = run(&["--list-events", "--list"]);
    assert!(code == 0 && said.contains("< openat(") && !said.contains("Field Class:"), "{said}");
    let (code, said, _) = run(&["fields", "--unfilled"]);
    assert!(code == 0 && said.lines().all(|line| line.split_whitespace().count() > 3), "{said}");
}

/// Whoever has read enough makes no error.
#[test]
fn a_reader_may_go_away() {
    use std::process::Stdio;
    let mut child = Command::new(env!("CARGO_BIN_EXE_lanner"))
        .arg("--list")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("lanner runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

/// Alerts carry what a route asks for, and a name that no event has is an error.
#[test]
fn a_route_names_fields() {
    let route = |field: &str| {
        format!(
            "rules_files: [r.yaml]\nstdout_output: {{enabled: true}}\nrouter: {{route: {{match: {{{field}: '!= web'}}}}}}\n"
        )
    };
    let folder = folder(&[
        ("r.yaml", RULE),
        ("good.yaml", &route("container.name")),
        ("bad.yaml", &route("container.nam")),
    ]);
    let (code, said, _) = lanner(folder.path(), &["check", "-c", "good.yaml"]);
    assert_eq!(code, 0, "{said}");
    let (code, said, _) = lanner(folder.path(), &["check", "-c", "bad.yaml"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("bad.yaml:3:26") && said.contains("did you mean `container.name`?"), "{said}");
}

/// Each file is loaded with those before it, and judged by itself: as text, and as programs read it.
#[test]
fn rules_files_are_validated_as_by_falco() {
    let broken =
        "- rule: B\n  desc: b\n  condition: evt.type = openat and nobody\n  output: b\n  priority: INFO\n";
    let unused =
        "- macro: m\n  condition: evt.type = open\n- rule: A\n  desc: c\n  override: {desc: replace}\n";
    let folder = folder(&[
        ("a.yaml", RULE),
        ("b.yaml", broken),
        ("c.yaml", unused),
        ("f.yaml", "json_output: true\n"),
    ]);
    let validate = |arguments: &[&str]| lanner(folder.path(), arguments);
    let (code, said, _) = validate(&["-V", "a.yaml"]);
    assert_eq!((code, said.as_str()), (0, "a.yaml: Ok\n"));
    let (code, said, told) = validate(&["-V", "a.yaml", "-V", "c.yaml", "-r", "nowhere.yaml"]);
    assert_eq!((code, said.as_str()), (0, "a.yaml: Ok\nc.yaml: Ok, with warnings\n"));
    assert!(told.contains("LOAD_UNUSED_MACRO") && told.contains("In rules content: (c.yaml:0:0)"), "{told}");
    let (code, said, _) = validate(&["--validate", "b.yaml", "-V", "c.yaml"]);
    assert_eq!(code, 1);
    assert!(said.starts_with(
        "b.yaml: Invalid\n1 Errors:\nIn rules content: (b.yaml:0:0)\n    rule 'B': (b.yaml:0:2)\n"
    ));
    assert!(
        said.contains("\n  condition: evt.type = openat and nobody\n                                   ^\n"),
        "{said}"
    );
    assert!(said.contains("c.yaml: Invalid"), "what c.yaml changes isn't there: {said}");
    let (code, said, _) = validate(&["-c", "f.yaml", "-V", "a.yaml", "-V", "b.yaml"]);
    assert_eq!(code, 1);
    let results: serde_json::Value = serde_json::from_str(&said).expect("one object");
    let results = &results["falco_load_results"];
    assert_eq!((&results[0]["successful"], &results[0]["name"]), (&true.into(), &"a.yaml".into()));
    let error = &results[1]["errors"][0];
    assert_eq!(error["code"], "LOAD_ERR_VALIDATE");
    let item = &error["context"]["locations"][1];
    assert_eq!((&item["item_type"], &item["item_name"]), (&"rule".into(), &"B".into()));
    assert_eq!(item["position"], serde_json::json!({"name": "b.yaml", "line": 0, "column": 2, "offset": 2}));
    let (code, _, told) = validate(&["-V", "nowhere.yaml"]);
    assert!(code == 1 && told.contains("nowhere.yaml"), "{told}");
}

#[test]
fn a_pattern_for_secrets_is_checked() {
    let output = |redact: &str| {
        format!(
            "rules_files: [r.yaml]\noutputs:\n  - {{name: a, type: file, filename: x, redact: {redact}}}\n"
        )
    };
    let (right, wrong) = (output("{patterns: ['ACME-[0-9]+']}"), output("{patterns: [a, '(b'], keep: [c]}"));
    let folder = folder(&[("right.yaml", &right), ("wrong.yaml", &wrong), ("r.yaml", RULE)]);
    assert_eq!(lanner(folder.path(), &["check", "-c", "right.yaml"]).0, 0);
    let (code, said, _) = lanner(folder.path(), &["check", "-c", "wrong.yaml"]);
    assert_eq!(code, 1, "{said}");
    for part in ["wrong.yaml:3:63", "CONFIG_PATTERN", "can be used: unclosed group"] {
        assert!(said.contains(part), "`{part}` isn't said:\n{said}");
    }
}

#[test]
fn templates_are_tried() {
    let slack = |template: &str| {
        let indented = template.replace('\n', "\n      ");
        format!(
            "rules_files: [r.yaml]\noutputs:\n  - name: a\n    type: slack\n    webhook_url: http://127.0.0.1:1/\n    template: |\n      {indented}\n"
        )
    };
    let files = [
        (
            "right.yaml",
            slack("*%rule* on %hostname\n{% for alert in alerts %}{{ alert.output }}{% endfor %}"),
        ),
        ("name.yaml", slack("{{ rule }}\nrule: {{ ruel }}")),
        ("syntax.yaml", slack("{{ rule }}\n%proc.name {% if rule }}")),
        ("field.yaml", slack("%proc.nam {{ fields['container.nam'] }}")),
        (
            "route.yaml",
            "rules_files: [r.yaml]\nstdout_output: {enabled: true}\nrouter:\n  route:\n    template: '{{ ruel }} %proc.nam'\n    \
             routes: [{}]\n"
                .to_owned(),
        ),
        ("r.yaml", RULE.to_owned()),
    ];
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let folder = folder(&files);
    let check = |name: &str| lanner(folder.path(), &["check", "-c", name]);
    let (code, said, _) = check("right.yaml");
    assert_eq!(code, 0, "{said}");
    for (name, parts) in [
        (
            "name.yaml",
            &["CONFIG_TEMPLATE", "name.yaml:8:16", "`ruel` is not there", "did you mean `rule`?", "^^^^"][..],
        ),
        ("syntax.yaml", &["CONFIG_TEMPLATE", "syntax.yaml:8:"]),
        ("route.yaml", &["CONFIG_TEMPLATE", "route.yaml:5:19", "`ruel` is not there", "1 error"]),
        (
            "field.yaml",
            &[
                "CONFIG_UNKNOWN_FIELD",
                "field.yaml:7:7",
                "field.yaml:7:28",
                "`proc.name`?",
                "`container.name`?",
            ],
        ),
    ] {
        let (code, said, _) = check(name);
        assert_eq!(code, 1, "{said}");
        for part in parts {
            assert!(said.contains(part), "`{part}` isn't said:\n{said}");
        }
    }
}

#[test]
fn rules_that_are_all_wrong_are_no_missing_files() {
    let folder = folder(&[
        ("c.yaml", "rules_files: []\n"),
        ("wrong.yaml", "- rule: A\n  desc: a\n  condition: nobody\n  output: a\n  priority: INFO\n"),
        ("off.yaml", &format!("{RULE}  enabled: false\n")),
    ]);
    let check = |rules| lanner(folder.path(), &["check", "-c", "c.yaml", "-r", rules]);
    let (code, said, _) = check("wrong.yaml");
    assert_eq!((code, said.contains("no rule is"), said.contains("1 error,")), (1, false, true), "{said}");
    let (code, said, _) = check("off.yaml");
    assert_eq!(
        (code, said.contains("no rule is enabled"), said.contains("1 error,")),
        (1, true, true),
        "{said}"
    );
}

#[test]
fn what_is_wrong_with_what_is_appended_is_shown_in_the_configuration() {
    let configuration = "append_output:\n  - extra_output: '%proc.nam'\n    extra_fields: [proc.pi]\n";
    let folder = folder(&[("c.yaml", configuration), ("r.yaml", RULE)]);
    let (code, said, _) = lanner(folder.path(), &["check", "-c", "c.yaml", "-r", "r.yaml"]);
    assert!(code == 1 && said.contains("c.yaml:2:21") && said.contains("c.yaml:3:20"), "{said}");
    let (code, said, _) = lanner(folder.path(), &["-c", "c.yaml", "-V", "r.yaml"]);
    assert!(code == 1 && said.contains("In rules content: (c.yaml:1:20)"), "{said}");
}

/// What the page of correlations says comes of its alerts does, and nothing is wrong with it.
#[test]
fn the_page_of_correlations_is_right() {
    let page = include_str!("../../docs/correlations.md");
    let block =
        |kind: &str| page.split(kind).nth(1).and_then(|rest| rest.split("```").next()).expect("a block");
    let shipped = include_str!("../../config/rules/lanner_rules.yaml");
    let folder = folder(&[
        ("rules.yaml", shipped),
        ("correlations.yaml", block("```yaml\n")),
        ("alerts.jsonl", block("```json\n")),
    ]);
    let rules = ["-r", "rules.yaml", "-r", "correlations.yaml"];
    let (code, said, _) = lanner(folder.path(), &[&["check"], &rules[..]].concat());
    let read = code == 0 && said.contains("enabled, 3 correlations, 1 output; 0 errors");
    assert!(read && !said.contains("correlations.yaml"), "{said}");
    let readme = include_str!("../../README.md").split("```yaml\n- correlation").nth(1).expect("an example");
    let readme = format!("- correlation{}", readme.split("```").next().unwrap_or_default());
    std::fs::write(folder.path().join("readme.yaml"), readme).expect("a file");
    let (code, said, _) = lanner(folder.path(), &["check", "-r", "rules.yaml", "-r", "readme.yaml"]);
    assert!(code == 0 && said.contains("1 correlation,") && !said.contains("readme.yaml"), "{said}");
    let test = [&["route", "test", "--alert", "alerts.jsonl"], &rules[..]].concat();
    let (code, said, error) = lanner(folder.path(), &test);
    assert_eq!(code, 0, "{said}{error}");
    let told: Vec<&str> =
        said.lines().filter(|line| line.contains('«') || line.starts_with("  correlate")).collect();
    assert_eq!(told.join("\n"), block("```text\n").trim_end());
    let (code, said, _) = lanner(folder.path(), &["-V", "rules.yaml", "-V", "correlations.yaml"]);
    assert!(code == 0 && said.contains("correlations.yaml: Ok"), "{said}");
}
