//! The rules that Lanner ships: they compile without a word, are complete, and do what they say.

mod build;

use std::collections::BTreeSet;
use std::path::Path;

use lanner_diagnostic::{SourceText, Sources, parse, plain};
use lanner_event::fields::FIELDS;
use lanner_rules::{Hit, Matching, Options, RuleSet, Scratch};
use serde::Deserialize;

use build::Scene;

fn compile() -> (RuleSet, Vec<String>, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/rules/lanner_rules.yaml");
    let text = std::fs::read_to_string(&path).expect("the rules are in the tree");
    let mut sources = Sources::default();
    let id = sources.add(SourceText::new("lanner_rules.yaml", text.as_str()));
    let options = Options { matching: Matching::All, ..Options::default() };
    let (set, diagnostics) = RuleSet::compile(&sources, &[id], FIELDS, &[], &options);
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

/// What a rule fires for, and near misses.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    rule: String,
    fires: Vec<Scene>,
    quiet: Vec<Scene>,
}

fn cases() -> Vec<Case> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shipped");
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(directory).expect("the cases are in the tree") {
        let path = entry.expect("the folder can be read").path();
        let text = std::fs::read_to_string(&path).expect("a case can be read");
        let mut sources = Sources::default();
        let id = sources.add(SourceText::new(path.display().to_string(), text));
        for document in
            parse(sources.get(id), id).unwrap_or_else(|error| panic!("{}", plain(&error, &sources)))
        {
            let read = document.read::<Vec<Case>>();
            cases.extend(
                read.unwrap_or_else(|error| panic!("{}", plain(&error.into_diagnostic("CASE"), &sources))),
            );
        }
    }
    cases
}

/// The rules that are true of a scene; with all of them matching, so that none hides another.
fn judge(set: &RuleSet, scene: &Scene) -> Vec<String> {
    let (batch, host) = scene.build();
    let mut hits: Vec<Hit> = Vec::new();
    set.eval(batch.get(0), &host, &mut Scratch::default(), &mut hits);
    hits.iter().map(|hit| set.rule(hit.rule).name.to_string()).collect()
}

#[test]
fn each_fires_and_holds_back_as_it_should() {
    let (set, ..) = compile();
    let mut tested = BTreeSet::new();
    for case in cases() {
        assert!(!case.fires.is_empty() && !case.quiet.is_empty(), "{} lacks cases", case.rule);
        for scene in &case.fires {
            assert_eq!(judge(&set, scene), [case.rule.as_str()], "{scene:?}");
        }
        for scene in &case.quiet {
            let fired = judge(&set, scene);
            assert!(!fired.contains(&case.rule), "{} fires for {scene:?}", case.rule);
        }
        tested.insert(case.rule);
    }
    let untested: Vec<_> = set.rules().iter().filter(|rule| !tested.contains(&*rule.name)).collect();
    assert!(untested.is_empty(), "without a case: {untested:?}");
}

#[test]
fn what_a_container_is_may_come_late() {
    let (set, ..) = compile();
    let yaml = "[{event: execve, process: [sh, runc], image: nginx, pending: true}]";
    let mut sources = Sources::default();
    let id = sources.add(SourceText::new("scene", yaml));
    let scenes: Vec<Scene> = parse(sources.get(id), id).unwrap()[0].read().unwrap();
    let (batch, host) = scenes[0].build();
    let mut hits = Vec::new();
    set.eval(batch.get(0), &host, &mut Scratch::default(), &mut hits);
    assert!(hits.len() == 1 && hits[0].pending, "{hits:?}");
}
