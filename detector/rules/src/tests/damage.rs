//! Whatever stands in a rules file, loading it says what is wrong and where, and never panics.

use lanner_diagnostic::{Renderer, SourceText, Sources};
use lanner_event::fields::Fields;
use proptest::prelude::*;

use crate::{Options, RuleSet};

/// A bit of everything.
const FILE: &str = r#"
- required_engine_version: 0.57.0
- list: files
  items: [/etc/shadow, "a b", 'ü', &x files2]
- list: files2
  items: [*x, 1]
- macro: opens
  condition: >
    (evt.type in (open, openat) and
     not fd.name startswith "/dev/é\"")
- rule: Öffnet
  desc: |
    d
  priority: WARNING
  condition: "opens and (fd.name in (files) or fd.name = \u00e9x or fd.net = 10.0.0.0/8)"
  output: 'ä%proc.args[1]€ %10fd.name %tolower(proc.cmdline)'
  tags: [a, b]
  exceptions:
    - name: e
      fields: [proc.name, fd.name]
      comps: [=, regex]
      values:
        - [cat, "^/x\\.é"]
        - [cat, a*]
- rule: Öffnet
  condition: and proc.tty >= 0x10 and proc.aname[2] exists
  override: {condition: append}
- rule: Öffnet
  enabled: false
- correlation: Öffnet oft
  desc: d
  match: { rule: [Öffnet], priority: ">= error", proc.name: '=~ "a.*é"' }
  threshold: 10
  by: [proc.name, tags]
  within: 1h30m
  output: '%lanner.alerts €%12proc.args[1] %rule.'
  priority: critical
- {correlation: ports, desc: d, distinct: { field: fd.sport, count: 20 }, within: 1m, output: o, priority: info}
- correlation: then
  desc: d
  sequence: [['rule = "Öffnet"'], { fd.name: "!= x" }]
  within: 5s
  output: o
  priority: debug
- correlation: then
  enabled: yes
"#;

#[derive(Debug, Clone)]
enum Damage {
    Insert(&'static str),
    Remove(usize),
    Copy(usize),
}

const PIECES: &[&str] = &[
    "(",
    ")",
    "\"",
    "'",
    "\\",
    "\n",
    "  ",
    "é",
    "€",
    ":",
    "-",
    "[",
    "]",
    "{",
    "}",
    ",",
    "%",
    "|",
    ">",
    "&x ",
    "*x",
    "#",
    "not ",
    " or ",
    "=",
    "in",
    "\t",
    "\0",
    "\u{feff}",
    "---\n",
    "!!",
    "~",
    "val(",
    "append: true\n",
    "0x",
];

fn damage() -> impl Strategy<Value = (prop::sample::Index, Damage)> {
    let what = prop_oneof![
        prop::sample::select(PIECES).prop_map(Damage::Insert),
        (1_usize..30).prop_map(Damage::Remove),
        (1_usize..60).prop_map(Damage::Copy),
    ];
    (any::<prop::sample::Index>(), what)
}

fn damaged(damages: &[(prop::sample::Index, Damage)]) -> String {
    let mut text: Vec<char> = FILE.chars().collect();
    for (at, damage) in damages {
        let at = at.index(text.len() + 1);
        match damage {
            Damage::Insert(piece) => drop(text.splice(at..at, piece.chars())),
            Damage::Remove(count) => drop(text.drain(at..(at + count).min(text.len()))),
            Damage::Copy(count) => {
                let copied = text[at..(at + count).min(text.len())].to_vec();
                text.splice(at..at, copied);
            }
        }
    }
    text.into_iter().collect()
}

#[test]
fn the_file_is_a_rules_file() {
    let (_, said) = super::compile(&[FILE], &Options::default());
    assert_eq!(
        said,
        ["LOAD_DEPRECATED_ITEM 0:28:9: `enabled` alone is deprecated (add `override: {enabled: replace}`)"]
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn damaged_files_are_explained(damages in prop::collection::vec(damage(), 0..8)) {
        let mut sources = Sources::default();
        let id = sources.add(SourceText::new("f", damaged(&damages)));
        let (_, diagnostics) = RuleSet::compile(&sources, &[id], Fields::ALL, &[], &Options::default());
        for diagnostic in diagnostics {
            let text = Renderer { colour: false }.render(&diagnostic, &sources);
            prop_assert!(text.contains(diagnostic.code));
            let span = diagnostic.place.map(|place| place.span).unwrap_or_default();
            let whole = &*sources.get(id).text;
            prop_assert!(whole.is_char_boundary(span.start) && whole.is_char_boundary(span.end), "{diagnostic:?}");
        }
    }
}
