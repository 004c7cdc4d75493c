//! The rules that Lanner ships: they compile without a word, and are complete.

use std::path::Path;

use lanner_diagnostic::{SourceText, Sources, plain};
use lanner_event::fields::FIELDS;
use lanner_rules::{Options, RuleSet};

fn compile() -> (RuleSet, Vec<String>, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/rules/lanner_rules.yaml");
    let text = std::fs::read_to_string(&path).expect("the rules are in the tree");
    let mut sources = Sources::default();
    let id = sources.add(SourceText::new("lanner_rules.yaml", text.as_str()));
    let (set, diagnostics) = RuleSet::compile(&sources, &[id], FIELDS, &[], &Options::default());
    (set, diagnostics.iter().map(|diagnostic| plain(diagnostic, &sources)).collect(), text)
}

#[test]
fn they_compile_without_a_word() {
    let (set, said, _) = compile();
    assert!(said.is_empty(), "{}", said.join("\n"));
    assert!(set.enabled() >= 9);
}

#[test]
fn each_says_what_it_is_about() {
    let (set, ..) = compile();
    for rule in set.rules() {
        assert!(rule.desc.len() > 60, "{} is hardly described", rule.name);
        let technique = |tag: &String| tag.starts_with('T') && tag[1..5].bytes().all(|b| b.is_ascii_digit());
        assert!(rule.tags.iter().any(technique), "{} names no technique", rule.name);
        assert!(rule.tags.iter().any(|tag| tag.starts_with("mitre_")), "{} names no tactic", rule.name);
        assert!(rule.kinds.iter().count() < 10, "{} is judged for too many events", rule.name);
    }
}
