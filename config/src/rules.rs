//! Which rules are used, and what is added to them: `priority`, `rule_matching`, `rules`, `append_output`.

use std::collections::BTreeMap;

use lanner_alert::Priority;
use lanner_diagnostic::{Node, Place};

use crate::values::Values;

/// Which rules are used, and what is added to them.
#[derive(Debug, Clone, PartialEq)]
pub struct RulesSettings {
    /// Rules of a lower priority are not used.
    pub min_priority: Priority,
    /// Whether every rule that matches an event makes an alert, not just the first.
    pub match_all: bool,
    /// Which rules are enabled and disabled, in order.
    pub selection: Vec<RuleSelection>,
    /// What is added to outputs.
    pub append_output: Vec<AppendOutput>,
    /// The values of the fields `static.NAME`, by name.
    pub static_fields: BTreeMap<String, String>,
}

/// An item of `rules:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSelection {
    /// Whether the rules are enabled or disabled.
    pub enable: bool,
    /// Their name, in which `*` stands for anything.
    pub rule: Option<String>,
    /// A tag of theirs.
    pub tag: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// An item of `append_output:`.
#[derive(Debug, Clone, PartialEq)]
pub struct AppendOutput {
    /// Only for rules of this source.
    pub source: Option<String>,
    /// Only for rules that have all of these tags.
    pub tags: Vec<String>,
    /// Only for the rule of this name.
    pub rule: Option<String>,
    /// The format that is added.
    pub extra_output: Option<Node>,
    /// Values that are added: a field's name, or a name and a format. All of them are texts.
    pub extra_fields: Vec<(Node, Option<Node>)>,
    /// Whether to add what tells containers and pods apart.
    pub suggested_output: bool,
    /// Where it stands.
    pub place: Place,
}

pub(crate) fn read(values: Values) -> RulesSettings {
    let items = |key| values.node(key).and_then(Node::as_sequence).unwrap_or_default();
    RulesSettings {
        min_priority: values.priority("priority"),
        match_all: values.word("rule_matching") == "all",
        selection: items("rules").iter().flat_map(selection).collect(),
        append_output: items("append_output").iter().map(append_output).collect(),
        static_fields: pairs(values.node("static_fields")).collect(),
    }
}

fn selection(node: &Node) -> Vec<RuleSelection> {
    let toggles = node.as_mapping().unwrap_or_default().iter();
    let selection = toggles.map(|(toggle, which)| RuleSelection {
        enable: toggle.as_str() == Some("enable"),
        rule: text(which.get("rule")),
        tag: text(which.get("tag")),
        place: which.place,
    });
    selection.collect()
}

fn append_output(node: &Node) -> AppendOutput {
    let values = Values::of(node, "append_output[].");
    let texts = |key| values.texts(key).into_iter().filter_map(|item| text(Some(item))).collect();
    AppendOutput {
        source: text(values.node("match.source")),
        tags: texts("match.tags"),
        rule: text(values.node("match.rule")),
        extra_output: values.node("extra_output").filter(|node| node.as_str().is_some()).cloned(),
        extra_fields: values.texts("extra_fields").into_iter().flat_map(extra_fields).collect(),
        suggested_output: values.bool("suggested_output"),
        place: node.place,
    }
}

/// A field's name, or a mapping of names to formats.
fn extra_fields(node: &Node) -> Vec<(Node, Option<Node>)> {
    if node.as_str().is_some() {
        return vec![(node.clone(), None)];
    }
    let entries = node.as_mapping().unwrap_or_default().iter();
    let texts = entries.filter(|(_, format)| format.as_str().is_some());
    texts.map(|(name, format)| (name.clone(), Some(format.clone()))).collect()
}

/// The texts of a mapping.
fn pairs(node: Option<&Node>) -> impl Iterator<Item = (String, String)> {
    let entries = node.and_then(Node::as_mapping).unwrap_or_default().iter();
    entries.filter_map(|(name, value)| Some((text(Some(name))?, text(Some(value))?)))
}

fn text(node: Option<&Node>) -> Option<String> {
    node.and_then(Node::as_str).map(str::to_owned)
}
