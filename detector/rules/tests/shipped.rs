//! The rules that Lanner ships: they compile without a word, are complete, and do what they say.
//!
//! Their cases are files of `lanner test`.

use std::collections::BTreeSet;
use std::path::Path;

use lanner_diagnostic::{SourceId, SourceText, Sources, plain};
use lanner_event::fields::Fields;
use lanner_event::{ContainerState, Host, OwnedEvent};
use lanner_rules::cases::{Case, Cases};
use lanner_rules::explain::Explainer;
use lanner_rules::{Hit, Matching, Options, RuleSet, Scratch};

/// The rules, and what they were compiled of.
struct Compiled {
    set: RuleSet,
    said: Vec<String>,
    sources: Sources,
    file: SourceId,
    options: Options,
}

fn compile() -> Compiled {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/rules/lanner_rules.yaml");
    let text = std::fs::read_to_string(&path).expect("the rules are in the tree");
    let mut sources = Sources::default();
    let file = sources.add(SourceText::new("lanner_rules.yaml", text.as_str()));
    // All of them match, so that none hides another.
    let options = Options { matching: Matching::All, ..Options::default() };
    let (set, diagnostics) = RuleSet::compile(&sources, &[file], Fields::ALL, &[], &options);
    let said = diagnostics.iter().map(|diagnostic| plain(diagnostic, &sources)).collect();
    Compiled { set, said, sources, file, options }
}

#[test]
fn they_compile_without_a_word() {
    let Compiled { set, said, .. } = compile();
    assert!(said.is_empty(), "{}", said.join("\n"));
    assert!(set.enabled() >= 9);
}

#[test]
fn each_says_what_it_is_about() {
    let set = compile().set;
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

fn cases() -> Vec<(String, Case)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shipped");
    let mut all = Vec::new();
    for entry in std::fs::read_dir(directory).expect("the cases are in the tree") {
        let path = entry.expect("the folder can be read").path();
        let file = std::fs::read_to_string(&path).expect("the cases can be read");
        let mut sources = Sources::default();
        let id = sources.add(SourceText::new(path.display().to_string(), file));
        let cases = Cases::read(&mut sources, id, &mut |name| Err(format!("{name} isn't a case's")));
        let wrong: Vec<String> = cases.diagnostics.iter().map(|found| plain(found, &sources)).collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        all.extend(cases.cases.into_iter().map(|case| (sources.locate(case.place), case)));
    }
    all
}

fn judge(set: &RuleSet, event: &OwnedEvent, host: &Host) -> Vec<Hit> {
    let mut hits = Vec::new();
    set.eval(event.as_ref(), host, &mut Scratch::default(), &mut hits);
    hits
}

#[test]
fn each_fires_and_holds_back_as_it_should() {
    let compiled = compile();
    let set = &compiled.set;
    let explainer = Explainer::new(set, &compiled.sources, &[compiled.file], Fields::ALL, &compiled.options);
    let cases = cases();
    let (mut fire, mut quiet) = (BTreeSet::new(), BTreeSet::new());
    for (place, case) in &cases {
        if let Err(failure) = case.check(set, &explainer) {
            let explained = failure.explanation.map(|explained| explained.text(&compiled.sources, false));
            panic!("{place}: {}\n{}", failure.message, explained.unwrap_or_default());
        }
        if case.fires {
            let (event, host) = &case.events[0];
            let fired: Vec<&str> =
                judge(set, event, host).iter().map(|hit| &*set.rule(hit.rule).name).collect();
            assert_eq!(fired, [case.rule.as_str()], "{place}: others fire, too");
        }
        if case.fires {
            fire.insert(&*case.rule)
        } else {
            quiet.insert(&*case.rule)
        };
    }
    let rules: BTreeSet<&str> = set.rules().iter().map(|rule| &*rule.name).collect();
    assert_eq!((&fire, &quiet), (&rules, &rules), "each rule has cases of both sorts");
}

#[test]
fn each_prints_every_fact_it_names() {
    let set = compile().set;
    for (_, case) in cases().iter().filter(|(_, case)| case.fires) {
        let (event, host) = &case.events[0];
        let hits = judge(&set, event, host);
        let rendered = set.render(&hits[0], event.as_ref(), host, &mut Scratch::default());
        for field in ["user.name", "user.loginname", "proc.cmdline", "proc.pname", "proc.tty", "container.id"]
        {
            assert!(rendered.output_fields.contains_key(field), "{} doesn't say {field}", case.rule);
        }
    }
}

/// What a container is may come late: until then it isn't known whether the rule is true.
#[test]
fn a_hit_waits_for_its_container() {
    let set = compile().set;
    let waits = |case: &Case| case.fires && case.rule.contains("in a container");
    let (_, mut case) = cases().into_iter().find(|(_, case)| waits(case)).expect("a shell in a container");
    let (event, host) = &mut case.events[0];
    host.containers.by_id.values_mut().for_each(|state| *state = ContainerState::Pending);
    let hits = judge(&set, event, host);
    assert!(hits.len() == 1 && hits[0].pending, "{hits:?}");
}
