//! Whole files: the shipped configuration, Falco's own, its schema, the reference page.

use std::path::{Path, PathBuf};

use lanner_diagnostic::Severity;
use proptest::prelude::*;

use super::memory::{Memory, env, lines, load};
use crate::key::{self, Effect};
use crate::load::{Options, load_from};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in a folder of the repository")
}

/// A file of the shared folder, which isn't part of the repository.
fn shared(name: &str) -> Option<String> {
    let folder = std::env::var_os("LANNER_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    let path = folder.join(name);
    let text = std::fs::read_to_string(&path);
    if text.is_err() {
        eprintln!("skipped: needs {}, where LANNER_SHARED names the folder", path.display());
    }
    text.ok()
}

#[test]
fn without_a_configuration_alerts_go_to_standard_output() {
    let loaded = load_from(&Options::default(), &env, &Memory::default());
    assert_eq!(lines(&loaded), "");
    let settings = loaded.settings;
    assert_eq!(settings.outputs.iter().map(|output| &*output.name).collect::<Vec<_>>(), ["stdout"]);
    assert_eq!(settings.journal.path, Path::new("/var/lib/lanner/journal.db"));
    assert_eq!((settings.journal.max_size, settings.journal.max_age.as_secs()), (1 << 30, 604_800));
    assert_eq!(settings.detector.buffer_size, 8 << 20);
    assert_eq!(
        loaded.rules.iter().map(|id| &*loaded.sources.get(*id).text).collect::<Vec<_>>(),
        [crate::SHIPPED_RULES]
    );
}

#[test]
fn an_empty_configuration_has_the_defaults_of_the_shipped_one() {
    let shipped = load_from(&Options::default(), &env, &Memory::default()).settings;
    let empty = load("", &[], &["stdout_output.enabled=true"]).settings;
    assert_eq!(format!("{shipped:?}"), format!("{empty:?}"));
}

#[test]
fn falcos_own_configuration_is_accepted() {
    let Some(text) = shared("upstream/falco.yaml") else { return };
    let loaded = load(&text, &[], &[]);
    assert_eq!(
        (loaded.count(Severity::Error), loaded.count(Severity::Warning)),
        (0, 0),
        "{}",
        lines(&loaded)
    );
    let settings = &loaded.settings;
    assert_eq!(settings.outputs.iter().map(|output| &*output.name).collect::<Vec<_>>(), ["stdout", "syslog"]);
    assert_eq!(loaded.skipped.len(), 3);
    let lines = lines(&loaded);
    for key in key::all().filter(|key| key.effect != Effect::Yes) {
        let named = lines.matches(&format!("`{}` has no effect", key.path.trim_end_matches("[]"))).count();
        assert!(named <= 1, "{} is named {named} times", key.path);
    }
    for key in ["webserver.listen_port", "load_plugins", "base_syscalls.repair"] {
        assert!(lines.contains(&format!("`{key}` has no effect")), "{key} is not named:\n{lines}");
    }
}

#[test]
fn every_key_of_falcos_schema_is_known() {
    let Some(text) = shared("upstream/falco-config-schema.json") else { return };
    let schema: serde_json::Value = serde_json::from_str(&text).expect("the schema is JSON");
    let mut wrong = Vec::new();
    walk(&schema, &schema, "", &mut wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn walk(schema: &serde_json::Value, node: &serde_json::Value, path: &str, wrong: &mut Vec<String>) {
    let node = match node["$ref"].as_str() {
        Some(reference) => {
            schema.pointer(reference.trim_start_matches('#')).expect("the reference leads somewhere")
        }
        None => node,
    };
    for (name, child) in node["properties"].as_object().into_iter().flatten() {
        match key::child(path, name) {
            Some(path) => walk(schema, child, &path, wrong),
            None => wrong.push(format!("{name} is not known in {path}")),
        }
    }
    if node["items"].is_object() {
        walk(schema, &node["items"], &format!("{path}[]"), wrong);
    }
    let words = |path| key::row(path).map(|row| row.kind.words()).unwrap_or_default();
    let fits = match node["type"].as_str() {
        Some("boolean") => words(path) == "true or false",
        Some("integer") => words(path).starts_with("a whole number"),
        Some("number") => words(path).starts_with("a number"),
        Some("array") => key::is_list(path),
        Some("object") => path.is_empty() || key::names(path).next().is_some(),
        Some("string") => key::row(path).is_some(),
        _ => true,
    };
    if !fits {
        wrong.push(format!("{path} is {} in the schema, but {} here", node["type"], words(path)));
    }
}

/// The configurations among a page's examples, each a file of its own; rules are lists.
fn examples(page: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(page)).unwrap_or_default();
    let blocks = text.split("```yaml\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().unwrap_or_default().to_owned());
    blocks.filter(|block| !block.starts_with("- ")).collect()
}

#[test]
fn examples_load() {
    for page in ["README.md", "docs/outputs.md"] {
        let mut memory = Memory::default();
        for (at, example) in examples(page).into_iter().enumerate() {
            memory.0.insert(format!("examples/{at:02}.yaml").into(), example);
        }
        assert!(!memory.0.is_empty(), "{page} has no examples");
        memory.0.insert("f.yaml".into(), "config_files: [examples]\n".to_owned());
        let options = Options { config: Some("f.yaml".into()), ..Options::default() };
        let loaded = load_from(&options, &|_| Some("x".to_owned()), &memory);
        assert_eq!(lines(&loaded), "", "{page}");
    }
}

#[test]
fn the_reference_page_is_fresh() {
    let path = root().join("docs/configuration.md");
    let page = crate::reference();
    if std::env::var_os("LANNER_BLESS").is_some() {
        std::fs::write(&path, &page).expect("the page can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == page, "docs/configuration.md is stale: LANNER_BLESS=1 cargo test -p lanner-config");
}

fn yaml() -> impl Strategy<Value = String> {
    let keys: Vec<&'static str> =
        key::all().flat_map(|key| key.path.split('.')).map(|name| name.trim_end_matches("[]")).collect();
    let marks = [" ", "\n", "\n  ", "\n- ", "\n    - ", "[", "]", "{", "}", ",", "\"", "'", "|"];
    let values = ["true", "1", "-1", "${A}", "${", "$${A}", "10/m", "1h", "&a ", "*a", "é", ">= error"];
    let words = prop_oneof![
        prop::sample::select(keys).prop_map(|key| format!("{key}:")),
        prop::sample::select(marks.map(str::to_owned).to_vec()),
        prop::sample::select(values.map(str::to_owned).to_vec()),
        ".{0,3}",
    ];
    prop::collection::vec(words, 0..40).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn no_text_panics(text in yaml(), option in ".{0,8}=?.{0,8}") {
        let loaded = load(&text, &[], &[&option]);
        let renderer = lanner_diagnostic::Renderer { colour: false };
        for diagnostic in &loaded.diagnostics {
            renderer.render(diagnostic, &loaded.sources);
        }
    }
}
