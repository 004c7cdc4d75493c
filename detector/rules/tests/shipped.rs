//! The rules that Lanner ships: they compile without a word, are complete, and do what they say.
//!
//! A case is an event, written as the values that fields have; `real` holds the real readings of paths.

use std::collections::BTreeSet;
use std::path::Path;

use lanner_diagnostic::{Node, SourceText, Sources, parse, plain};
use lanner_event::ContainerState;
use lanner_event::fields::Fields;
use lanner_event::sample::Sample;
use lanner_rules::cases::sample;
use lanner_rules::{Hit, Matching, Options, RuleSet, Scratch};

fn compile() -> (RuleSet, Vec<String>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/rules/lanner_rules.yaml");
    let text = std::fs::read_to_string(&path).expect("the rules are in the tree");
    let mut sources = Sources::default();
    let id = sources.add(SourceText::new("lanner_rules.yaml", text.as_str()));
    // All of them match, so that none hides another.
    let options = Options { matching: Matching::All, ..Options::default() };
    let (set, diagnostics) = RuleSet::compile(&sources, &[id], Fields::ALL, &[], &options);
    (set, diagnostics.iter().map(|diagnostic| plain(diagnostic, &sources)).collect())
}

#[test]
fn they_compile_without_a_word() {
    let (set, said) = compile();
    assert!(said.is_empty(), "{}", said.join("\n"));
    assert!(set.enabled() >= 9);
}

#[test]
fn each_says_what_it_is_about() {
    let (set, _) = compile();
    for rule in set.rules() {
        assert!(rule.desc.len() > 60, "{} is hardly described", rule.name);
        let technique = |tag: &String| {
            let digits = tag.strip_prefix('T').unwrap_or_default();
            digits.len() >= 4 && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        };
        assert!(rule.tags.iter().any(technique), "{} names no technique", rule.name);
        assert!(rule.tags.iter().any(|tag| tag.starts_with("mitre_")), "{} names no tactic", rule.name);
        assert!(rule.kinds.iter().count() < 10, "{} is judged for too many events", rule.name);
    }
}

/// An event of a rule's cases, and where it stands.
struct Case {
    rule: String,
    fires: bool,
    place: String,
    sample: Sample,
}

fn text(node: &Node) -> &str {
    node.as_str().expect("a scalar")
}

fn cases() -> Vec<Case> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shipped");
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(directory).expect("the cases are in the tree") {
        let path = entry.expect("the folder can be read").path();
        let file = std::fs::read_to_string(&path).expect("the cases can be read");
        let mut sources = Sources::default();
        let id = sources.add(SourceText::new(path.display().to_string(), file));
        let documents =
            parse(sources.get(id), id).unwrap_or_else(|error| panic!("{}", plain(&error, &sources)));
        for item in documents.iter().flat_map(|document| document.as_sequence().expect("a list of rules")) {
            let rule = text(item.get("rule").expect("a rule's name"));
            for (key, fires) in [("fires", true), ("quiet", false)] {
                let events = item.get(key).and_then(Node::as_sequence).unwrap_or_default();
                assert!(!events.is_empty(), "{rule} has no case that is `{key}`");
                cases.extend(events.iter().map(|event| {
                    let place = sources.locate(event.place);
                    let sample = sample(event).unwrap_or_else(|error| panic!("{place}: {}", error.message));
                    Case { rule: rule.to_owned(), fires, place, sample }
                }));
            }
        }
    }
    cases
}

fn judge(set: &RuleSet, sample: &Sample) -> Vec<Hit> {
    let (batch, host) = sample.build();
    let mut hits = Vec::new();
    set.eval(batch.get(0), &host, &mut Scratch::default(), &mut hits);
    hits
}

#[test]
fn each_fires_and_holds_back_as_it_should() {
    let (set, _) = compile();
    let cases = cases();
    for case in &cases {
        let hits = judge(&set, &case.sample);
        let fired: Vec<&str> = hits.iter().map(|hit| &*set.rule(hit.rule).name).collect();
        if case.fires {
            assert_eq!(fired, [case.rule.as_str()], "{}", case.place);
        } else {
            assert!(!fired.contains(&case.rule.as_str()), "{}: {} fires", case.place, case.rule);
        }
    }
    let tested: BTreeSet<&str> = cases.iter().map(|case| case.rule.as_str()).collect();
    let rules: BTreeSet<&str> = set.rules().iter().map(|rule| &*rule.name).collect();
    assert_eq!(tested, rules);
}

#[test]
fn each_prints_every_fact_it_names() {
    let (set, _) = compile();
    for case in cases().iter().filter(|case| case.fires) {
        let (batch, host) = case.sample.build();
        let mut scratch = Scratch::default();
        let hits = judge(&set, &case.sample);
        let rendered = set.render(&hits[0], batch.get(0), &host, &mut scratch);
        for field in ["user.name", "user.loginname", "proc.cmdline", "proc.pname", "proc.tty", "container.id"]
        {
            assert!(rendered.output_fields.contains_key(field), "{} doesn't say {field}", case.rule);
        }
    }
}

/// What a container is may come late: until then it isn't known whether the rule is true.
#[test]
fn a_hit_waits_for_its_container() {
    let (set, _) = compile();
    let waits = |case: &&Case| case.fires && case.rule.contains("in a container");
    let mut case = cases().into_iter().find(|case| waits(&case)).expect("a shell in a container");
    case.sample.container = ContainerState::Pending;
    let hits = judge(&set, &case.sample);
    assert!(hits.len() == 1 && hits[0].pending, "{hits:?}");
}
