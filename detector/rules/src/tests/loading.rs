//! What a load says: every mistake of a rules file with its code, its place and what would be right.

use super::world::World;
use super::{Options, compile, compiled, hits, named, rule};
use crate::{Matching, Selection, Toggle};

/// Says what a load of files says, line by line.
fn check(files: &[&str], expected: &[&str]) {
    let (_, said) = compile(files, &Options::default());
    assert_eq!(said, expected, "{}", files.join("---\n"));
}

/// The rules that are true of an event after a load without errors.
fn check_hits(files: &[&str], event: &str, expected: &str) {
    let all = Options { matching: Matching::All, ..Options::default() };
    assert_eq!(hits(&compiled(files, &all), &World::new(event)), expected, "{}", files.join("---\n"));
}

const HEAD: &str = "- rule: r\n  desc: d\n  output: o\n  priority: info\n";
const EVENT: &str = "openat path=/etc/shadow proc=cat";

#[test]
fn conditions_are_wrong_where_they_are_wrong() {
    for (condition, expected) in [
        (
            "evt.type=openat and proc.nam = x",
            "0:5:34: there is no field `proc.nam` (did you mean `proc.name`?)",
        ),
        ("evt.type=opnat", "0:5:23: unknown event type `opnat` (did you mean `openat`?)"),
        ("evt.type=openat and spawned", "0:5:34: undefined macro `spawned` used in filter"),
        ("proc.name < 3 and evt.type=openat and", "0:5:50: expected a blank or `(` after `and`"),
        (
            "evt.type=openat and proc.tty contains 3",
            "0:5:43: `contains` doesn't work on `proc.tty`, which is a number",
        ),
        ("evt.type=openat and proc.tty = x", "0:5:45: this is no whole number"),
        ("evt.type=openat and fd.ip = 1.2", "0:5:42: this is no address"),
        ("evt.type=openat and fd.net = 10.0.0.0", "0:5:43: this is no network, such as `10.0.0.0/8`"),
        (
            "evt.type=openat and proc.name regex a\\d",
            "0:5:50: invalid regex pattern: `\\d` is not of POSIX syntax",
        ),
        ("evt.type=openat and proc.name = val(fd.ip)", "0:5:44: `fd.ip` can't stand on the right"),
        ("evt.type=openat and join(proc.name) = a", "0:5:34: `join` takes a separator and a list"),
        ("evt.type=openat and concat(proc.name) = a", "0:5:34: `concat` takes at least two texts"),
        (
            "evt.type=openat and getopt(proc.name, \"c:\") = a",
            "0:5:34: `getopt` takes a list of arguments and a text that names the options",
        ),
        ("evt.type=openat and tolower(proc.aname) = a", "0:5:34: `proc.aname` can't be transformed"),
        (
            "evt.type=openat and concat(proc.name, proc.pid) = a",
            "0:5:52: `concat` needs texts, which `proc.pid` isn't",
        ),
        (
            "evt.type=openat and evt.arg.flgs = a",
            "0:5:34: no event has a parameter `flgs` (did you mean `evt.arg.flags`?)",
        ),
    ] {
        check(
            &[&format!("{HEAD}  condition: {condition}\n")],
            &[&format!(
                "LOAD_ERR_{} {expected}",
                if expected.contains("macro") { "VALIDATE" } else { "COMPILE_CONDITION" }
            )],
        );
    }
}

/// All of them are found at once, each where it was written: through folding, macros and lists.
#[test]
fn places_lead_through_macros_and_lists() {
    let file = "\
- list: ports
  items: [80, htp]
- macro: web
  condition: >
    evt.type=connect and
    fd.sport in (ports)
- rule: a
  desc: d
  priority: info
  output: \"%proc.nme and %fd.name.\"
  condition: web and
    proc.nam = x
- rule: b
  desc: d
  priority: info
  output: o
  condition: |
    evt.type = connect and
      web
";
    check(
        &[file],
        &[
            "LOAD_ERR_COMPILE_CONDITION 0:2:15: this is no port, nor the name of a service",
            "LOAD_ERR_COMPILE_CONDITION 0:2:15: this is no port, nor the name of a service",
            "LOAD_ERR_COMPILE_OUTPUT 0:10:13: there is no field `proc.nme` (did you mean `proc.name`?)",
            "LOAD_ERR_COMPILE_CONDITION 0:12:5: there is no field `proc.nam` (did you mean `proc.name`?)",
        ],
    );
}

/// Each file, loaded before a good rule, makes this be said among what else there is to say.
fn finds(cases: &[(&str, &str)]) {
    let good = rule("evt.type=openat");
    for (file, expected) in cases {
        let (_, said) = compile(&[file, &good], &Options::default());
        assert!(said.iter().any(|line| line.contains(expected)), "{file}\n{said:#?}");
    }
}

#[test]
fn items_are_wrong() {
    finds(&[
        (
            "- rul: r\n",
            "LOAD_UNKNOWN_ITEM 0:1:3: this is no list, macro or rule, and is ignored (did you mean `rule`?)",
        ),
        ("x: y\n", "LOAD_ERR_YAML_VALIDATE 0:1:1: a rules file is a list of items"),
        ("- x\n", "LOAD_ERR_YAML_VALIDATE 0:1:3: an item of a rules file is a mapping"),
        (
            "- list: l\n  items: [[a]]\n",
            "LOAD_ERR_YAML_VALIDATE 0:2:11: an item of a list must be a text or a number, this is a list",
        ),
        (
            "- list: l\n  items: [a]\n  appnd: true\n",
            "LOAD_UNKNOWN_KEY 0:3:3: unknown key `appnd`, which is ignored (did you mean `append`?)",
        ),
        (
            "- list: l\n  items: [a]\n  append: true\n",
            "LOAD_ERR_VALIDATE 0:1:9: there is no list `l` to change: it must be defined before",
        ),
        (
            "- macro: m-x\n  condition: evt.num=0\n",
            "LOAD_INVALID_MACRO_NAME 0:1:10: `m-x` can't stand in a condition: a macro is named with letters, digits and `_`",
        ),
        (
            "- macro: m\n  condition: m\n- rule: x\n  condition: m\n  desc: d\n  output: o\n  priority: info\n",
            "LOAD_ERR_VALIDATE 0:2:14: undefined macro `m` used in filter",
        ),
        (
            "- required_engine_version: 99\n",
            "LOAD_ERR_VALIDATE 0:1:28: these rules need engine version 99, Lanner has 0.62.0",
        ),
    ]);
}

#[test]
fn overrides_are_wrong() {
    finds(&[
        (
            "- rule: x\n  enabled: false\n",
            "LOAD_ERR_VALIDATE 0:1:9: there is no rule `x` to change: it must be defined before",
        ),
        (
            "- rule: x\n  override: {condition: replace}\n",
            "LOAD_ERR_YAML_VALIDATE 0:2:14: the key `condition` is missing beside its override",
        ),
        (
            "- rule: x\n  priority: info\n  override: {priority: append}\n",
            "LOAD_ERR_YAML_VALIDATE 0:3:24: `priority` can only be replaced",
        ),
        (
            "- rule: x\n  desc: d\n  override: {dsc: replace}\n",
            "LOAD_ERR_YAML_VALIDATE 0:3:14: `dsc` of a rule can't be overridden (did you mean `desc`?)",
        ),
    ]);
}

#[test]
fn rules_are_wrong() {
    finds(&[
        ("- rule: r\n", "LOAD_ERR_YAML_VALIDATE 0:1:9: the key `enabled` is missing"),
        ("- rule: r\n  desc: d\n", "LOAD_ERR_YAML_VALIDATE 0:1:9: the key `condition` is missing"),
        ("- rule: x\n  condition: evt.num=0\n  desc: d\n  output: o\n  priority: hgh\n", "priority"),
        (
            "- rule: x\n  condition: evt.num=0\n  desc: d\n  output: o\n  priority: info\n  tags: a\n",
            "LOAD_ERR_YAML_VALIDATE 0:6:9: `tags` must be a list of texts",
        ),
        (
            "- rule: x\n  condition: [a]\n  desc: d\n  output: o\n  priority: info\n",
            "LOAD_ERR_YAML_VALIDATE 0:2:14: `condition` must be a text",
        ),
        (
            "- rule: x\n  condition: evt.num=0\n  desc: d\n  output: o\n  priority: info\n  enabled: maybe\n",
            "LOAD_ERR_YAML_VALIDATE 0:6:12: `enabled` must be `true` or `false`",
        ),
        (
            "- rule: x\n  condition: ka.verb=get\n  desc: d\n  output: o\n  priority: info\n  source: okta\n",
            "LOAD_UNKNOWN_SOURCE 0:1:9: the rule is skipped: there are no events of the source `okta`",
        ),
        (
            "- rule: x\n  condition: proc.name=a\n  desc: d\n  output: o\n  priority: info\n",
            "LOAD_NO_EVTTYPE 0:1:9: the rule is judged for too many event types, which is slow: its condition should name a few",
        ),
        (
            "- rule: x\n  condition: evt.type=openat and a.b=c\n  desc: d\n  output: o\n  priority: info\n  skip-if-unknown-filter: true\n",
            "LOAD_UNKNOWN_FILTER 0:2:34: there is no field `a.b`: the rule is skipped",
        ),
        (
            "- rule: x\n  condition: evt.num=0\n  desc: d\n  output: 100%\n  priority: info\n",
            "LOAD_ERR_COMPILE_OUTPUT 0:4:14: a `%` must be followed by a field",
        ),
        (
            "- rule: x\n  condition: evt.num=0\n  desc: d\n  output: '%fd.ip'\n  priority: info\n",
            "LOAD_ERR_COMPILE_OUTPUT 0:4:12: `fd.ip` can only stand in conditions",
        ),
        (
            "- rule: x\n  condition: evt.num=0\n  desc: d\n  output: 'a%container.info'\n  priority: info\n",
            "LOAD_DEPRECATED_ITEM 0:4:13: `%container.info` is replaced by nothing (what it held is appended by `append_output`)",
        ),
    ]);
}

/// What is wrong in one rule doesn't take the others away, and what is unused is said.
#[test]
fn the_rest_still_works() {
    let file = rule("proc.nam = x") + &named("good", "evt.type=openat");
    let (set, said) = compile(&[&file], &Options::default());
    assert_eq!((hits(&set, &World::new(EVENT)).as_str(), said.len()), ("good", 1));
    // Nobody asks what the fields of an unused macro mean.
    check(
        &["- macro: m\n  condition: ka.verb in (l)\n- list: l\n  items: []\n- list: k\n  items: [a]\n"],
        &[
            "LOAD_UNUSED_MACRO 0:1:10: the macro `m` is not used by any rule",
            "LOAD_UNUSED_LIST 0:5:9: the list `k` is not used by any rule",
        ],
    );
}

#[test]
fn later_files_change_earlier_ones() {
    let base = "\
- list: files
  items: [/etc/shadow]
- macro: opens
  condition: evt.type in (open, openat)
- rule: r
  desc: d
  priority: info
  output: o
  condition: opens and fd.name in (files)
- rule: s
  desc: d
  priority: info
  output: o
  condition: opens
";
    for (local, event, expected) in [
        ("", EVENT, "r s"),
        ("- list: files\n  items: [/x]\n  override: {items: append}\n", "openat path=/x", "r s"),
        ("- list: files\n  items: [/x]\n  append: true\n", EVENT, "r s"),
        ("- list: files\n  items: [/x]\n", EVENT, "s"),
        ("- macro: opens\n  condition: and proc.name=vi\n  override: {condition: append}\n", EVENT, ""),
        ("- macro: opens\n  condition: evt.type=creat\n", EVENT, ""),
        ("- rule: r\n  condition: and proc.name=vi\n  append: true\n", EVENT, "s"),
        // Without parentheses: `opens and fd.name in (files) or proc.name=cat`.
        (
            "- rule: r\n  condition: or proc.name=cat\n  override: {condition: append}\n",
            "unlink path=/x proc=cat",
            "r",
        ),
        ("- rule: r\n  condition: proc.name=vi\n  override: {condition: replace}\n", EVENT, "s"),
        ("- rule: s\n  enabled: false\n", EVENT, "r"),
        ("- rule: s\n  enabled: false\n  override: {enabled: replace}\n", EVENT, "r"),
        // A macro must be there when its rule is loaded.
        (
            "- macro: later\n  condition: evt.type=openat\n- rule: r\n  condition: and later\n  override: {condition: append}\n",
            EVENT,
            "r s",
        ),
        // It keeps its place in the order.
        ("- rule: r\n  desc: d\n  priority: info\n  output: o\n  condition: evt.type=openat\n", EVENT, "r s"),
    ] {
        check_hits(&[base, local], event, expected);
    }
}

#[test]
fn rules_dont_see_macros_of_later_files() {
    let (set, said) = compile(
        &[&rule("evt.type=openat and later"), "- macro: later\n  condition: evt.num>0\n"],
        &Options::default(),
    );
    assert_eq!(
        (set.rules().len(), said),
        (0, vec!["LOAD_ERR_VALIDATE 0:5:35: undefined macro `later` used in filter".to_owned()])
    );
    check_hits(
        &[&(rule("evt.type=openat and later") + "- macro: later\n  condition: evt.num>0\n")],
        EVENT,
        "r",
    );
}

#[test]
fn exceptions() {
    let with = |exceptions: &str| {
        format!("{HEAD}  condition: evt.type=openat or evt.type=open\n  exceptions:\n{exceptions}")
    };
    for (exceptions, event, expected) in [
        ("    - {name: e, fields: proc.name, values: [cat, vi]}\n", EVENT, ""),
        ("    - {name: e, fields: proc.name, values: [vi]}\n", EVENT, "r"),
        ("    - {name: e, fields: [proc.name, fd.name], values: [[cat, /etc/shadow]]}\n", EVENT, ""),
        (
            "    - {name: e, fields: [proc.name, fd.name], values: [[cat, /x], [vi, /etc/shadow]]}\n",
            EVENT,
            "r",
        ),
        (
            "    - {name: e, fields: [proc.name, fd.name], comps: [in, startswith], values: [[[vi, cat], /etc]]}\n",
            EVENT,
            "",
        ),
        ("    - {name: e, fields: [proc.name, fd.name], values: []}\n", EVENT, "r"),
        ("    - {name: e, fields: fd.name, comps: pmatch, values: [/usr, /etc]}\n", EVENT, ""),
        ("    - {name: e, fields: [proc.cmdline], values: [[cat -A /x]]}\n", "openat path=/x args=-A,/x", ""),
    ] {
        check_hits(&[&with(exceptions)], event, expected);
    }
    let append =
        "- rule: r\n  exceptions:\n    - {name: e, values: [cat]}\n  override: {exceptions: append}\n";
    check_hits(&[&with("    - {name: e, fields: proc.name, values: [vi]}\n"), append], EVENT, "");
}

#[test]
fn rules_are_selected_in_order() {
    let file = named("open one", "evt.type=openat") + &named("open two", "evt.type=openat");
    let file = file.replace("output: o\n  condition", "output: o\n  tags: [t]\n  condition");
    let toggle = |toggle, rule: Option<&str>, tag: Option<&str>| Selection {
        toggle,
        rule: rule.map(str::to_owned),
        tag: tag.map(str::to_owned),
    };
    for (selection, expected) in [
        (vec![], "open one open two"),
        (vec![toggle(Toggle::Disable, Some("*one"), None)], "open two"),
        (
            vec![toggle(Toggle::Disable, Some("*"), None), toggle(Toggle::Enable, Some("open one"), None)],
            "open one",
        ),
        (vec![toggle(Toggle::Disable, None, Some("t"))], ""),
    ] {
        let options = Options { matching: Matching::All, selection, ..Options::default() };
        let set = compiled(&[&file], &options);
        assert_eq!(hits(&set, &World::new(EVENT)), expected);
        assert_eq!(set.kinds().iter().count(), usize::from(!expected.is_empty()));
    }
    let options = Options { min_priority: lanner_alert::Priority::Warning, ..Options::default() };
    assert_eq!(compiled(&[&file], &options).enabled(), 0);
}

/// Nesting has an end, however it is made.
#[test]
fn nesting_is_limited() {
    for condition in ["(".repeat(5000) + "evt.num=0", "not (".repeat(300) + "evt.num=0" + &")".repeat(300)] {
        let (set, said) = compile(&[&rule(&condition)], &Options::default());
        assert!(set.rules().is_empty() && said[0].contains("nested more than"), "{said:?}");
    }
    let mut file = "- macro: m0\n  condition: evt.type=open\n".to_owned();
    for at in 1..1000 {
        let before = at - 1;
        file += &format!("- macro: m{at}\n  condition: not (m{before} and proc.name=n{at}) or m{before}\n");
    }
    let (set, said) = compile(&[&file, &named("deep", "m999"), &named("flat", "m3")], &Options::default());
    assert!(said.iter().any(|line| line.contains("nested more than")), "{said:?}");
    assert_eq!(set.rules().len(), 1);
}
