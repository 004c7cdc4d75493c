//! Correlations as rules files say them: what is read, and everything that is wrong, with its place.

use lanner_alert::{Correlation, Matcher, Pattern, Priority};
use lanner_diagnostic::{SourceText, Sources};
use lanner_event::fields::Fields;

use super::{Options, compile, rule};
use crate::RuleSet;

const GOOD: &str = "\
- correlation: Shell after a failed login
  desc: Someone got in.
  sequence:
    - { rule: r }
    - ['rule = r', 'proc.name in (sh, bash)']
  by: [container.id, user.name]
  within: 5m
  output: >
    %lanner.alerts alerts, the last %rule, %5priority: shell in %container.name (%proc.aname[2]).
  priority: critical
  tags: [b, a, b]
- correlation: Port scan
  desc: d
  distinct: { field: fd.sport, count: 20 }
  by: proc.exepath
  within: 1m30s
  output: o
  priority: INFO
- correlation: Many
  desc: d
  match: { rule: [r], priority: \">= error\" }
  threshold: 10
  within: 1m
  output: o
  priority: error
";

#[test]
fn what_is_read() {
    let mut sources = Sources::default();
    let ids = [rule("evt.type=openat"), GOOD.to_owned()].map(|text| sources.add(SourceText::new("f", text)));
    let (set, said) = RuleSet::compile(&sources, &ids, Fields::ALL, &[], &Options::default());
    assert_eq!(said, []);
    let [shell, scan, many] = set.correlations() else { panic!("{:?}", set.correlations()) };
    let matchers = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<Matcher>>();
    let steps = vec![matchers(&["rule = r"]), matchers(&["rule = r", "proc.name in (sh, bash)"])];
    assert_eq!(shell.pattern, Pattern::Sequence { steps });
    assert_eq!(
        (&*shell.desc, &shell.by[..]),
        ("Someone got in.", &["container.id".into(), "user.name".into()][..])
    );
    assert_eq!(
        (shell.within.as_secs(), shell.priority, &shell.tags[..]),
        (300, Priority::Critical, &["a".into(), "b".into()][..])
    );
    let fields: Vec<_> = shell.output.fields().collect();
    assert_eq!(fields, ["lanner.alerts", "rule", "priority", "container.name", "proc.aname[2]"]);
    assert_eq!(scan.pattern, Pattern::Distinct { matchers: Vec::new(), field: "fd.sport".into(), count: 20 });
    assert_eq!(
        many.pattern,
        Pattern::Threshold { matchers: matchers(&["rule = r", "priority >= error"]), count: 10 }
    );
    // Alerts carry what correlations name.
    let wanted: Vec<_> = set.wanted().iter().map(ToString::to_string).collect();
    assert_eq!(
        wanted,
        [
            "proc.name",
            "container.id",
            "user.name",
            "container.name",
            "proc.aname[2]",
            "fd.sport",
            "proc.exepath"
        ]
    );
}

/// A correlation with these lines in place of others of its keys.
fn with(lines: &[&str]) -> String {
    let mut keys =
        vec!["correlation: c", "desc: d", "threshold: 2", "within: 1m", "output: o", "priority: info"];
    let key = |line: &str| line.split_once(':').unwrap().0.to_owned();
    for line in lines {
        keys.retain(|old| key(old) != key(line));
        if !line.ends_with(": -") {
            keys.push(line);
        }
    }
    format!("- {}\n", keys.join("\n  "))
}

/// Lines of a correlation, and what is wrong with it.
const WRONG: &[(&[&str], &[&str])] = &[
    (&["correlation: ''"], &["LOAD_ERR_YAML_VALIDATE 0:6:16: a correlation needs a name"]),
    (
        &["threshhold: 3"],
        &["LOAD_ERR_YAML_VALIDATE 0:7:3: unknown key `threshhold` (did you mean `threshold`?)"],
    ),
    (
        &["threshold: -", "desc: -", "within: -", "output: -", "priority: -"],
        &[
            "LOAD_ERR_YAML_VALIDATE 0:1:16: the key `desc` is missing",
            "LOAD_ERR_YAML_VALIDATE 0:1:16: one of threshold, distinct, sequence is missing",
            "LOAD_ERR_YAML_VALIDATE 0:1:16: the key `within` is missing",
            "LOAD_ERR_YAML_VALIDATE 0:1:16: the key `output` is missing",
            "LOAD_ERR_YAML_VALIDATE 0:1:16: the key `priority` is missing",
        ],
    ),
    (&["desc: ''"], &["LOAD_ERR_YAML_VALIDATE 0:6:9: `desc` must be a text that isn't empty"]),
    (&["threshold: 1"], &["LOAD_ERR_YAML_VALIDATE 0:6:14: this should be a whole number from 2 to 1000"]),
    (&["threshold: many"], &["LOAD_ERR_YAML_VALIDATE 0:6:14: this should be a whole number from 2 to 1000"]),
    (
        &["distinct: {field: fd.sport, count: 3}"],
        &["LOAD_ERR_YAML_VALIDATE 0:7:13: `distinct` and `threshold` exclude each other"],
    ),
    (
        &["threshold: -", "distinct: {feld: fd.sport, count: 1001}"],
        &[
            "LOAD_ERR_YAML_VALIDATE 0:6:13: the key `field` is missing",
            "LOAD_ERR_YAML_VALIDATE 0:6:14: unknown key `feld` (did you mean `field`?)",
            "LOAD_ERR_YAML_VALIDATE 0:6:37: this should be a whole number from 2 to 1000",
        ],
    ),
    (
        &["threshold: -", "distinct: 5"],
        &[
            "LOAD_ERR_YAML_VALIDATE 0:6:13: `distinct` is a field and a count, not a number (such as `{field: fd.sport, count: 20}`)",
        ],
    ),
    (
        &["threshold: -", "sequence: [{rule: r}]"],
        &["LOAD_ERR_YAML_VALIDATE 0:6:13: `sequence` is a list of 2 to 10 steps"],
    ),
    (
        &["threshold: -", "sequence: [{}, {priority: hig}]", "match: {rule: r}"],
        &[
            "LOAD_ERR_YAML_VALIDATE 0:6:14: a step without a condition would take any alert",
            "LOAD_ERR_YAML_VALIDATE 0:6:29: `hig` is not a priority (known are emergency, alert, critical, error, warning, notice, informational, debug)",
            "LOAD_ERR_YAML_VALIDATE 0:7:10: a sequence has conditions in its steps, and no `match`",
        ],
    ),
    (
        &["match: {rul: r}", "by: [contaner.id, {a: b}, tag]", "within: 1m30", "tags: a", "enabled: maybe"],
        &[
            "LOAD_ERR_YAML_VALIDATE 0:6:11: an alert has no `rul` (did you mean `rule`?)",
            "LOAD_ERR_VALIDATE 0:7:8: there is no field `contaner.id` (did you mean `container.id`?)",
            "LOAD_ERR_YAML_VALIDATE 0:7:21: `by` should name a field, not be a mapping",
            "LOAD_ERR_YAML_VALIDATE 0:7:29: an alert has no `tag` (did you mean `tags`?)",
            "LOAD_ERR_YAML_VALIDATE 0:8:11: a duration is numbers with units, the largest first, such as `5ms`, `10s` or `1h30m`",
            "LOAD_ERR_YAML_VALIDATE 0:9:9: `tags` must be a list of texts",
            "LOAD_ERR_YAML_VALIDATE 0:10:12: `enabled` must be `true` or `false`",
        ],
    ),
    (&["within: 31d"], &["LOAD_ERR_YAML_VALIDATE 0:6:11: this is a time from 1s to 30d"]),
    (&["output: ''"], &["LOAD_ERR_YAML_VALIDATE 0:6:11: `output` must be a text that isn't empty"]),
    (&["output: [a]"], &["LOAD_ERR_YAML_VALIDATE 0:6:11: `output` must be a text that isn't empty"]),
    (
        &["output: '%proc.nam %tolower(proc.name) %rul'"],
        &[
            "LOAD_ERR_COMPILE_OUTPUT 0:6:13: there is no field `proc.nam` (did you mean `proc.name`?)",
            "LOAD_ERR_COMPILE_OUTPUT 0:6:22: here only fields can be printed, not what is made of them",
            "LOAD_ERR_COMPILE_OUTPUT 0:6:43: invalid formatting token: expected a field",
        ],
    ),
    (
        &["correlation: r"],
        &["LOAD_ERR_VALIDATE 0:6:16: there is a rule `r` too: their alerts couldn't be told apart"],
    ),
    (&["match: {rule: R}"], &["LOAD_UNKNOWN_RULE 0:7:17: there is no rule `R` (did you mean `r`?)"]),
    (
        &["match: {rule: [r, c]}"],
        &["LOAD_UNKNOWN_RULE 0:7:17: `c` is a correlation: what correlations make is not correlated"],
    ),
    (&["match: ['rule =~ \"R.*\"', 'rule != x', 'rule in (r, \"Lanner internal: x\")']"], &[]),
];

#[test]
fn what_is_wrong_is_said_where_it_is_wrong() {
    for (lines, expected) in WRONG {
        let (set, said) = compile(&[&with(lines), &rule("evt.type=openat")], &Options::default());
        assert_eq!(said, *expected, "{lines:?}");
        let wrong = said.iter().any(|line| line.starts_with("LOAD_ERR"));
        assert_eq!(set.correlations().is_empty(), wrong, "{lines:?}");
    }
}

#[test]
fn later_items_redefine_and_toggle() {
    let count = |files: &[&str], options: &Options| {
        let (set, said) = compile(files, options);
        let correlations: Vec<Correlation> = set.correlations().to_vec();
        let count = |correlation: &Correlation| match correlation.pattern {
            Pattern::Threshold { count, .. } => count,
            _ => 0,
        };
        (correlations.iter().map(count).collect::<Vec<_>>(), said)
    };
    let (first, other) = (with(&[]), with(&["correlation: d", "threshold: 4"]));
    let again = with(&["threshold: 3"]);
    let toggle = |on| format!("- correlation: c\n  enabled: {on}\n");
    let options = Options::default();
    assert_eq!(count(&[&first, &other, &again], &options), (vec![3, 4], vec![]));
    assert_eq!(count(&[&first, &other, &toggle(false)], &options), (vec![4], vec![]));
    assert_eq!(count(&[&first, &toggle(false), &toggle(true)], &options), (vec![2], vec![]));
    let said = vec![
        "LOAD_ERR_VALIDATE 0:1:16: there is no correlation `c` to change: it must be defined before"
            .to_owned(),
    ];
    assert_eq!(count(&[&toggle(true)], &options), (vec![], said));
    let options = Options { min_priority: Priority::Notice, ..options };
    assert_eq!(count(&[&first], &options), (vec![], vec![]));
}
