//! What `-V` says, as text and as JSON.

use lanner_diagnostic::{SourceText, Sources};
use lanner_event::fields::Fields;
use lanner_rules::Options;
use lanner_rules::validation::{FileResult, results_json, validate};
use serde_json::{Value, json};

const RULE: &str =
    "- rule: A\n  desc: a\n  condition: evt.type = openat and fd.name = /a\n  output: a\n  priority: INFO\n";
const BROKEN: &str =
    "- rule: B\n  desc: b\n  condition: evt.type = openat and nobody\n  output: b\n  priority: INFO\n";
const UNUSED: &str = "- macro: m\n  condition: evt.type = open\n";

fn validated(files: &[&str]) -> (Sources, Vec<FileResult>) {
    let mut sources = Sources::default();
    let named = files.iter().zip(["a", "b", "c"]);
    let ids: Vec<_> = named.map(|(text, name)| sources.add(SourceText::new(name, *text))).collect();
    let results = validate(&sources, &ids, Fields::ALL, &Options::default());
    (sources, results)
}

fn check(files: &[&str], expected: &[&str]) {
    let (sources, results) = validated(files);
    let found: Vec<String> = results.iter().map(|result| result.text(&sources)).collect();
    assert_eq!(found, expected);
}

#[test]
fn texts() {
    check(&[RULE], &["a: Ok"]);
    check(&["", "# nothing\n"], &["a: Ok", "b: Ok"]);
    check(&[RULE, UNUSED], &["a: Ok", "b: Ok, with warnings"]);
    // What was so before a file isn't said of it, even if it was wrong.
    check(&[UNUSED, RULE], &["a: Ok, with warnings", "b: Ok"]);
    let (sources, results) = validated(&[BROKEN, "- macro: nobody\n  condition: fd.num = 1\n", RULE]);
    let ok: Vec<bool> = results.iter().map(FileResult::is_ok).collect();
    assert_eq!(ok, [false, true, true], "{}", results[1].text(&sources));
    check(
        &[RULE, BROKEN],
        &[
            "a: Ok",
            "b: Invalid\n1 Errors:\nIn rules content: (b:0:0)\n    rule 'B': (b:0:2)\n    condition expression: (b:2:35)\n\
             ------\n  condition: evt.type = openat and nobody\n                                   ^\n------\n\
             LOAD_ERR_VALIDATE (A rule, macro, list or exception doesn't go with the others): undefined macro `nobody` used in filter",
        ],
    );
    // What can't be read doesn't keep the rest from being compiled.
    check(
        &["- rule: A\n  append: true\n- macro: m\n  condition: proc.nme =\n"],
        &["a: Invalid\n3 Errors:\n\
           In rules content: (a:0:0)\n    rule 'A': (a:0:2)\n------\n- rule: A\n        ^\n------\n\
           LOAD_ERR_VALIDATE (A rule, macro, list or exception doesn't go with the others): an appended rule must have `condition` or `exceptions`\n\
           In rules content: (a:0:0)\n    rule 'A': (a:0:2)\n------\n- rule: A\n        ^\n------\n\
           LOAD_ERR_VALIDATE (A rule, macro, list or exception doesn't go with the others): there is no rule `A` to change: it must be defined before\n\
           In rules content: (a:0:0)\n    macro 'm': (a:2:2)\n    condition expression: (a:3:22)\n------\n  condition: proc.nme =\n                      ^\n------\n\
           LOAD_ERR_COMPILE_CONDITION (A condition doesn't compile): expected a value\n\
           1 Warnings:\n\
           In rules content: (a:0:0)\n    rule 'A': (a:0:2)\n------\n  append: true\n          ^\n------\n\
           LOAD_DEPRECATED_ITEM (Something is deprecated): `append` is deprecated (name each key that is appended in `override`, as in `condition: append`)"],
    );
}

#[test]
fn yaml_errors_are_where_the_text_ends() {
    let (sources, results) = validated(&["- rule: a\n  b: [\n  c: d\n"]);
    let error = results[0].json(&sources)["errors"][0].clone();
    assert_eq!(
        error["context"],
        json!({
            "locations": [{
                "item_type": "rules content",
                "item_name": "",
                "position": { "name": "a", "line": 2, "column": 6, "offset": 23 },
            }],
            "snippet": "  c: d\n      ^\n",
        })
    );
    let text = results[0].text(&sources);
    assert!(text.contains("In rules content: (a:2:6)\n------\n  c: d\n      ^\n------\n"), "{text}");
}

/// The codes and the items of all errors.
fn errors(file: &str) -> Vec<String> {
    let (sources, results) = validated(&[file]);
    let json = results[0].json(&sources);
    let errors = json["errors"].as_array().expect("errors");
    let line = |error: &Value| {
        let items: Vec<_> = items(error).into_iter().map(|(kind, name)| format!("{kind} {name}")).collect();
        format!("{} {}", error["code"].as_str().expect("a code"), items[1..].join(", "))
    };
    errors.iter().map(line).collect()
}

#[test]
fn all_errors_are_found_in_one_pass() {
    let rule = |name: &str, condition: &str, priority: &str| {
        format!("- {{rule: {name}, desc: d, output: o, condition: '{condition}', priority: {priority}}}\n")
    };
    let files = [
        rule("r", "evt.type = open", "BOGUS"),
        rule("s", "evt.type = opn", "INFO"),
        rule("t", "nomacro", "INFO"),
    ];
    assert_eq!(
        errors(&files.concat()),
        [
            "LOAD_ERR_YAML_VALIDATE rule r, rule priority ",
            "LOAD_ERR_COMPILE_CONDITION rule s, condition expression ",
            "LOAD_ERR_VALIDATE rule t, condition expression ",
        ]
    );
    let exceptions = "  exceptions: [{name: a, fields: [nosuch.field], values: [[x]]}, \
                      {name: b, fields: [proc.name], comps: [nocomp], values: [[x]]}]\n";
    assert_eq!(
        errors(&format!("{RULE}{exceptions}")),
        ["LOAD_ERR_VALIDATE rule A, exception a", "LOAD_ERR_VALIDATE rule A, exception b"]
    );
}

/// The types and names of items, from the outside in.
fn items(diagnostic: &Value) -> Vec<(String, String)> {
    let locations = diagnostic["context"]["locations"].as_array().expect("locations");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    locations.iter().map(|location| (text(&location["item_type"]), text(&location["item_name"]))).collect()
}

#[test]
fn json_has_falcos_form() {
    let (sources, results) = validated(&[RULE, BROKEN, UNUSED]);
    let json = results_json(&results, &sources);
    let results = &json["falco_load_results"];
    assert_eq!(results[0], json!({ "name": "a", "successful": true, "errors": [], "warnings": [] }));
    let error = &results[1]["errors"][0];
    assert_eq!(results[1]["successful"], false);
    assert_eq!(
        (&error["code"], &error["message"]),
        (&"LOAD_ERR_VALIDATE".into(), &"undefined macro `nobody` used in filter".into())
    );
    assert_eq!(
        error["context"]["locations"][1],
        json!({ "item_type": "rule", "item_name": "B", "position": { "name": "b", "line": 0, "column": 2, "offset": 2 } })
    );
    assert!(error["codedesc"].is_string() && error["context"]["snippet"].is_string());
    // The rule of an earlier file is as broken as it was: that isn't this file's mistake.
    assert_eq!(results[2]["errors"], json!([]));
}

/// What other programs look for: the code, and the type and the name of the item.
#[test]
fn items_are_named_as_by_falco() {
    for (file, code, kind, name) in [
        ("- required_engine_version: 99\n", "LOAD_ERR_VALIDATE", "required_engine_version", "99"),
        ("x: y\n", "LOAD_ERR_YAML_VALIDATE", "rules content", ""),
        ("- x\n", "LOAD_ERR_YAML_VALIDATE", "rules content item", ""),
        ("- list:\n  items: [a]\n", "LOAD_ERR_YAML_VALIDATE", "list", ""),
        ("- list: l\n", "LOAD_ERR_YAML_VALIDATE", "list", "l"),
        ("- macro: m\n  condition: open and evt.type\n", "LOAD_ERR_COMPILE_CONDITION", "macro", "m"),
        ("- macro: m\n  condition: foo\n", "LOAD_ERR_VALIDATE", "macro", "m"),
        ("- rule: r\n  desc: d\n", "LOAD_ERR_YAML_VALIDATE", "rule", "r"),
        (
            "- rule: r\n  exceptions: [{name: e, values: [a]}]\n  append: true\n- rule: r\n",
            "LOAD_ERR_VALIDATE",
            "rule",
            "r",
        ),
        (
            &format!("{RULE}  exceptions: [{{name: e, fields: [no.field], values: [[a]]}}]\n"),
            "LOAD_ERR_VALIDATE",
            "exception",
            "e",
        ),
        (
            &format!("{RULE}  exceptions: [{{name: e, fields: [proc.name], values: [[a, b]]}}]\n"),
            "LOAD_ERR_VALIDATE",
            "exception",
            "e",
        ),
        (
            &format!("{RULE}  exceptions: [{{name: e, values: [[a]]}}]\n"),
            "LOAD_ERR_YAML_VALIDATE",
            "exception",
            "e",
        ),
        (&RULE.replace("output: a", "output: '%no.field'"), "LOAD_ERR_COMPILE_OUTPUT", "rule output", ""),
        (&RULE.replace("INFO", "no"), "LOAD_ERR_YAML_VALIDATE", "rule priority", ""),
    ] {
        let (sources, results) = validated(&[file]);
        let json = results_json(&results, &sources);
        let errors = json["falco_load_results"][0]["errors"].as_array().expect("errors");
        let found = errors
            .iter()
            .any(|error| error["code"] == code && items(error).contains(&(kind.to_owned(), name.to_owned())));
        assert!(found, "{file}\n{errors:#?}");
    }
}
