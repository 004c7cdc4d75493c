//! Falco's own rules: each file loads by itself, and all of them together, and every rule compiles.

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
    ("falco_rules-3.2.0.yaml", 25),
];

/// Compiles files, which must work, and gives how many rules there are and the codes of what else is said.
fn compile(files: &[&str]) -> (usize, Vec<&'static str>) {
    let folder = shared().join("upstream/rules");
    let mut sources = Sources::default();
    let read = |file: &&str| std::fs::read_to_string(folder.join(file)).expect("the folder is complete");
    let ids: Vec<_> = files.iter().map(|file| sources.add(SourceText::new(*file, read(file)))).collect();
    let (set, diagnostics) = RuleSet::compile(&sources, &ids, Fields::ALL, &[], &Options::default());
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    let errors: Vec<String> = errors.map(|error| plain(error, &sources)).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    let mut codes: Vec<_> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    codes.sort_unstable();
    codes.dedup();
    (set.rules().len(), codes)
}

#[test]
fn every_rule_compiles() {
    if !shared().join("upstream/rules").is_dir() {
        eprintln!("skipped: Falco's rules aren't there");
        return;
    }
    for (file, rules) in FILES {
        let (found, codes) = compile(&[file]);
        assert_eq!(found, *rules, "{file}");
        assert!(codes.iter().all(|code| *code == "LOAD_DEPRECATED_ITEM"), "{file}: {codes:?}");
    }
    // A macro or a list of two files is the same in both.
    let current: Vec<&str> = FILES[..5].iter().map(|(file, _)| *file).collect();
    assert_eq!(compile(&current).0, FILES[..5].iter().map(|(_, rules)| rules).sum::<usize>());
}
