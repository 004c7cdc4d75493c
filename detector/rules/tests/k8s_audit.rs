//! Falco's rules for Kubernetes audit events, where they are at hand: each fires on what it is about, and on nothing
//! else. `k8s_audit.yaml` says which on which.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lanner_diagnostic::{Node, SourceText, Sources, Value, parse, plain};
use lanner_event::fields::Fields;
use lanner_event::{Host, OwnedEvent};
use lanner_rules::{Matching, Options, RuleSet, Scratch, cases};

/// What the rules file itself turns off, by macros that are always or never true.
const OFF: &[&str] = &[
    "All K8s Audit Events",
    "Create Disallowed Pod",
    "Full K8s Administrative Access",
    "Untrusted Node Successfully Joined the Cluster",
    "Untrusted Node Unsuccessfully Tried to Join the Cluster",
];

/// Falco's rules and events; `None` where they aren't at hand.
fn upstream() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let upstream = std::env::var_os("LANNER_SHARED").map_or_else(beside, PathBuf::from).join("upstream");
    if !upstream.is_dir() {
        eprintln!("skipped: {} isn't there", upstream.display());
        return None;
    }
    Some(upstream)
}

fn rules(upstream: &Path) -> RuleSet {
    let path = upstream.join("rules/k8s_audit_rules.yaml");
    let mut sources = Sources::default();
    let id = sources.add(SourceText::new("k8s_audit_rules.yaml", std::fs::read_to_string(path).unwrap()));
    let options = Options { matching: Matching::All, ..Options::default() };
    let (set, diagnostics) = RuleSet::compile(&sources, &[id], Fields::ALL, &[], &options);
    let said: Vec<String> = diagnostics.iter().map(|diagnostic| plain(diagnostic, &sources)).collect();
    assert!(said.is_empty(), "{}", said.join("\n"));
    set
}

/// The events of an item, and what it calls them.
fn events(item: &Node, upstream: &Path) -> (String, Vec<(OwnedEvent, Host)>) {
    let mut sources = Sources::default();
    if let Some(log) = item.get("log").and_then(Node::as_str) {
        let text = std::fs::read_to_string(upstream.join("k8s_audit").join(log)).unwrap();
        let events = cases::recorded(&mut sources, log, &text);
        return (log.to_owned(), events.unwrap_or_else(|error| panic!("{}", plain(&error, &sources))));
    }
    let mut event = item.get("event").expect("an event").clone();
    let Node { place, value: Value::Mapping(pairs) } = &mut event else { panic!("an event is a mapping") };
    let scalar = |text: &str| Node { place: *place, value: Value::Plain(text.to_owned()) };
    pairs.push((scalar("evt.type"), scalar("pluginevent")));
    let name = format!("{:?}", pairs.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>());
    let event = cases::event(&event).unwrap_or_else(|error| panic!("{name}: {}", error.message));
    (name, vec![event])
}

#[test]
fn each_rule_fires_on_what_it_is_about() {
    let Some(upstream) = upstream() else { return };
    let set = rules(&upstream);
    let mut sources = Sources::default();
    let id = sources.add(SourceText::new("k8s_audit.yaml", include_str!("k8s_audit.yaml")));
    let documents = parse(sources.get(id), id).unwrap_or_else(|error| panic!("{}", plain(&error, &sources)));
    let mut scratch = Scratch::default();
    let mut fired = BTreeSet::new();
    for item in documents[0].as_sequence().expect("a list") {
        let (name, events) = events(item, &upstream);
        let expected = item.get("fires").and_then(Node::as_sequence).expect("a list of rules");
        let expected: BTreeSet<&str> = expected.iter().filter_map(Node::as_str).collect();
        let mut hits = Vec::new();
        for (event, host) in &events {
            set.eval(event.as_ref(), host, &mut scratch, &mut hits);
        }
        let found: BTreeSet<&str> = hits.iter().map(|hit| &*set.rule(hit.rule).name).collect();
        assert_eq!(found, expected, "{name}");
        fired.extend(found);
    }
    let never = set.rules().iter().map(|rule| &*rule.name).filter(|name| !fired.contains(name));
    assert_eq!(never.collect::<BTreeSet<_>>(), OFF.iter().copied().collect());
}

#[test]
fn a_line_of_an_audit_log_is_an_event() {
    let log = concat!(
        r#"{"auditID":"a","stageTimestamp":"2026-01-02T03:04:05Z"}"#,
        "\n\n",
        r#"{"kind":"Event","auditID":"b"}"#,
        "\n",
    );
    let mut sources = Sources::default();
    let events = cases::recorded(&mut sources, "audit.log", log).expect("two events");
    let times: Vec<u64> = events.iter().map(|(event, _)| event.as_ref().time).collect();
    assert_eq!(times, [1_767_323_045_000_000_000, 0]);
    let wrong = cases::recorded(&mut sources, "audit.log", r#"{"auditID":"a","auditID"}"#).unwrap_err();
    assert!(wrong.message.contains("neither a recorded event"), "{}", wrong.message);
}
