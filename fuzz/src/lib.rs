//! What the fuzz targets share: rules compiled of a text, and judged on events of every kind that a path, a socket or
//! a program tells of.

use lanner_diagnostic::{Renderer, SourceId, SourceText, Sources};
use lanner_event::Kind;
use lanner_event::fields::Fields;
use lanner_event::sample::Sample;
use lanner_rules::explain::Explainer;
use lanner_rules::{Matching, Options, RuleSet, Scratch};

/// Events that exercise the getters: texts in every place, and two readings of a path.
fn samples() -> Vec<Sample> {
    let kinds = [Kind::Openat, Kind::Execve, Kind::Connect, Kind::Rename, Kind::Container];
    let samples = kinds.map(|kind| {
        let mut sample = Sample::new(kind);
        for (field, value) in [
            ("fd.name", "/etc/../é/shadow"),
            ("fd.name", "10.0.0.1:5->[::1]:6"),
            ("fs.path.source", "/a b"),
            ("fs.path.target", "/b"),
            ("proc.cmdline", "sh -c \u{1b}"),
            ("proc.aname[3]", "sshd"),
            ("container.name", "web"),
        ] {
            // Not every kind has every field.
            let _ = sample.set(field, value);
        }
        let _ = sample.set_real("fd.name", "/etc/shadow");
        sample
    });
    samples.into()
}

/// Compiles a rules file, shows all there is to say of it, judges events by it, renders what is true, and explains
/// every rule.
pub fn exercise(text: &str) {
    let mut sources = Sources::default();
    let id: SourceId = sources.add(SourceText::new("rules", text));
    let options = Options { matching: Matching::All, ..Options::default() };
    let (set, diagnostics) = RuleSet::compile(&sources, &[id], Fields::ALL, &[], &options);
    let renderer = Renderer { colour: false };
    for diagnostic in &diagnostics {
        assert!(!renderer.render(diagnostic, &sources).is_empty());
    }
    let explainer = Explainer::new(&set, &sources, &[id], Fields::ALL, &options);
    let mut scratch = Scratch::default();
    for sample in samples() {
        let (batch, host) = sample.build();
        let mut hits = Vec::new();
        set.eval(batch.get(0), &host, &mut scratch, &mut hits);
        for hit in &hits {
            set.render(hit, batch.get(0), &host, &mut scratch);
        }
        for rule in set.rules() {
            let explanation = explainer.explain(&rule.name, batch.get(0), &host).expect("the rule is there");
            assert!(!explanation.text(&sources, true).is_empty());
        }
    }
}

/// A rules file with one rule; JSON's texts are YAML's.
pub fn rule(condition: &str, output: &str) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    format!(
        "- list: l\n  items: [a, 'b c', /d]\n- macro: m\n  condition: proc.name in (l)\n- rule: r\n  desc: d\n  \
         priority: info\n  condition: {}\n  output: {}\n",
        quoted(condition),
        quoted(output)
    )
}
