//! Real rules judged of real events, compiled and by walking their trees: both must agree.

use std::path::{Path, PathBuf};

use hashbrown::HashSet;
use lanner_diagnostic::{Place, SourceText, Sources};
use lanner_event::fields::Fields;
use lanner_event::{Ctx, Host, OwnedEvent};

use super::naive::{self, Macros};
use crate::ast::Expr;
use crate::cases::{Cases, recorded};
use crate::load::{Substitutions, load};
use crate::sourced::Sourced;
use crate::{Matching, Options, RuleSet, Scratch, Selection, Toggle, Tri, parse};

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Where Falco's own files are; a test goes without them where they aren't.
fn upstream() -> PathBuf {
    let shared = std::env::var_os("LANNER_SHARED").map_or_else(|| here("../../../shared"), PathBuf::from);
    shared.join("upstream")
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.expect("the folder can be read").path()).collect();
    files.retain(|file| file.extension().is_some_and(|found| found == ending));
    files.sort();
    files
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The rules that Lanner ships, and Falco's.
fn rules() -> Vec<PathBuf> {
    let mut rules = vec![here("../../config/rules/lanner_rules.yaml")];
    rules.extend(files(&upstream().join("rules"), "yaml"));
    rules
}

/// The events of the shipped rules' cases, those recorded for benchmarks, and Falco's audit events.
fn events() -> Vec<(OwnedEvent, Host)> {
    let mut sources = Sources::default();
    let mut events = Vec::new();
    for path in files(&here("tests/shipped"), "yaml") {
        let id = sources.add(SourceText::new(path.display().to_string(), read(&path)));
        let nothing = &mut |name: &str| Err(format!("{name} isn't read here"));
        let cases = Cases::read(&mut sources, id, nothing).cases;
        events.extend(cases.into_iter().flat_map(|case| case.events));
    }
    let audit = files(&upstream().join("k8s_audit"), "json");
    for path in files(&here("benches/recorded"), "jsonl").into_iter().chain(audit) {
        let name = path.display().to_string();
        let read = recorded(&mut sources, &name, &read(&path));
        events.extend(read.unwrap_or_else(|error| panic!("{name}: {}", error.message)));
    }
    events
}

/// The rules of a file that work, each with its tree, and the macros'.
fn trees(sources: &Sources, file: lanner_diagnostic::SourceId, set: &RuleSet) -> (Vec<Expr>, Macros) {
    let loaded = load(sources, &[file]);
    let lists = Substitutions::new(&loaded.lists, &mut Vec::new());
    let mut used = HashSet::new();
    let mut tree = |condition: &Sourced| parse::condition(lists.expand(condition, &mut used).as_str()).ok();
    let macros = loaded.macros.iter().filter_map(|item| Some((item.name.clone(), tree(&item.condition)?)));
    let macros = macros.collect();
    let rules = set.rules().iter().map(|rule| {
        let item = loaded.rules.iter().find(|item| *item.name == *rule.name).expect("it was loaded");
        tree(&item.whole_condition().0).expect("it was compiled")
    });
    (rules.collect(), macros)
}

#[test]
fn real_rules_agree() {
    let events = events();
    assert!(events.len() > 100, "there are hardly any events");
    let all =
        Selection { toggle: Toggle::Enable, rule: Some("*".to_owned()), tag: None, place: Place::default() };
    let options = Options { matching: Matching::All, selection: vec![all], ..Options::default() };
    let mut fired = 0;
    for path in rules() {
        let mut sources = Sources::default();
        let id = sources.add(SourceText::new("rules", read(&path)));
        let (set, _) = RuleSet::compile(&sources, &[id], Fields::ALL, &[], &options);
        let (trees, macros) = trees(&sources, id, &set);
        let mut scratch = Scratch::default();
        for (event, host) in &events {
            let mut hits = Vec::new();
            set.eval(event.as_ref(), host, &mut scratch, &mut hits);
            fired += hits.len();
            let bump = bumpalo::Bump::new();
            let given = Ctx::new(event.as_ref(), host, &bump);
            for (at, (rule, tree)) in set.rules().iter().zip(&trees).enumerate() {
                let hit = hits.iter().find(|hit| hit.rule.0 as usize == at);
                let of_source = rule.source == given.event.kind.source();
                let expected = if rule.enabled && of_source {
                    naive::under_both(tree, &macros, &given)
                } else {
                    (Tri::False, lanner_event::Reading::Given)
                };
                let found = hit.map(|hit| hit.reading);
                let wanted = (expected.0 != Tri::False).then_some(expected.1);
                assert_eq!(found, wanted, "{} of {:?}", rule.name, event.as_ref().kind);
                // What is true can be pending all the same, for what its output shows.
                assert!(expected.0 != Tri::Unknown || hit.is_some_and(|hit| hit.pending), "{}", rule.name);
            }
        }
    }
    assert!(fired > 100, "hardly any rule fires");
}
