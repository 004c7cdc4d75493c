//! Falco's own rules: they load, and what of them doesn't compile names only fields and event types that Lanner
//! doesn't have.

use std::collections::BTreeSet;
use std::path::PathBuf;

use lanner_diagnostic::{Severity, SourceText, Sources, plain};
use lanner_event::fields::Fields;
use lanner_rules::{Options, RuleSet};

/// Where material beside the project is; tests that need it are skipped where it isn't.
fn shared() -> PathBuf {
    std::env::var_os("LANNER_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from)
}

/// The files by name, and how many rules they have.
const FILES: &[(&str, usize)] = &[
    ("falco_rules.yaml", 25),
    ("falco-incubating_rules.yaml", 31),
    ("falco-sandbox_rules.yaml", 37),
    ("falco-deprecated_rules.yaml", 4),
    ("k8s_audit_rules.yaml", 48),
];

/// What an error may be about until every field and event type is there.
const NOT_THERE_YET: &[&str] = &["there is no field", "no event has a parameter", "unknown event type"];

#[test]
fn rules_load() {
    let folder = shared().join("upstream/rules");
    if !folder.is_dir() {
        eprintln!("skipped: {} isn't there", folder.display());
        return;
    }
    let mut missing = BTreeSet::new();
    for (file, rules) in FILES {
        let text = std::fs::read_to_string(folder.join(file)).expect("the folder is complete");
        let mut sources = Sources::default();
        let id = sources.add(SourceText::new(*file, text));
        let (set, diagnostics) = RuleSet::compile(&sources, &[id], Fields::ALL, &[], &Options::default());
        let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
        let mut stopped: Vec<&str> = Vec::new();
        for error in errors {
            let said = plain(error, &sources);
            assert!(NOT_THERE_YET.iter().any(|known| error.message.starts_with(known)), "{said}");
            missing.insert(error.message.clone());
            stopped.extend(
                error.items.first().filter(|item| item.kind == "rule").map(|item| item.name.as_str()),
            );
        }
        stopped.sort_unstable();
        stopped.dedup();
        assert_eq!(set.rules().len() + stopped.len(), *rules, "{file}");
        eprintln!("{file}: {} of {rules} rules compile", set.rules().len());
    }
    eprintln!("missing: {missing:#?}");
}
