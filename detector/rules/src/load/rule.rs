//! Rules: defined, toggled, appended to, overridden.

use lanner_alert::Priority;
use lanner_diagnostic::{Diagnostic, Node, Place, Sources};

use super::exceptions::Exception;
use super::item::{Change, Item};
use super::{Loaded, exceptions};
use crate::sourced::Sourced;

/// A rule as its files define it.
#[derive(Debug, Clone)]
pub struct RuleItem {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub desc: String,
    /// Its condition, without its exceptions.
    pub condition: Sourced,
    /// Its output.
    pub output: Sourced,
    /// Its priority.
    pub priority: Priority,
    /// The event source.
    pub source: String,
    /// Its tags, sorted, each once.
    pub tags: Vec<String>,
    /// Whether its files enable it.
    pub enabled: bool,
    /// Whether an unknown field makes it a warning and skips the rule.
    pub skip_if_unknown_filter: bool,
    /// Whether to warn where it asks for no event type.
    pub warn_evttypes: bool,
    /// What it doesn't hold for.
    pub exceptions: Vec<Exception>,
    /// Where its name stands.
    pub place: Place,
}

const KEYS: &[&str] = &[
    "rule",
    "desc",
    "condition",
    "output",
    "priority",
    "source",
    "tags",
    "enabled",
    "exceptions",
    "append",
    "override",
    "warn_evttypes",
    "skip-if-unknown-filter",
    "capture",
    "capture_duration",
];

/// What `override` may name, and whether it can be appended to.
const OVERRIDABLE: &[(&str, bool)] = &[
    ("condition", true),
    ("output", true),
    ("desc", true),
    ("tags", true),
    ("exceptions", true),
    ("priority", false),
    ("enabled", false),
    ("warn_evttypes", false),
    ("skip-if-unknown-filter", false),
];

impl Loaded {
    pub(super) fn rule(&mut self, item: &Item, sources: &Sources) {
        item.unknown_keys(KEYS, &mut self.diagnostics);
        let Some((name, place)) = item.name(&mut self.diagnostics) else { return };
        let at = self.rules.iter().position(|rule| rule.name == name);
        let only_toggles = item.keys().all(|(key, _)| key == "rule" || key == "enabled");
        let appends = item.get("append").and_then(Node::as_bool).unwrap_or(false);
        if item.get("override").is_some() {
            let changes = item.overrides(OVERRIDABLE, &mut self.diagnostics);
            self.override_rule(item, at, &changes, sources);
        } else if appends {
            let keys: Vec<_> = ["condition", "exceptions"]
                .into_iter()
                .filter(|key| item.get(key).is_some())
                .map(|key| (key, Change::Append))
                .collect();
            self.change_rule(item, at, &keys, sources);
        } else if only_toggles && item.get("enabled").is_some() {
            self.change_rule(item, at, &[("enabled", Change::Replace)], sources);
        } else if let Some(rule) = self.new_rule(item, name, place, sources) {
            match at {
                Some(at) if self.rules[at].source != rule.source => self.diagnostics.push(item.error(
                    "LOAD_ERR_VALIDATE",
                    &format!("this rule was defined for the source `{}` before", self.rules[at].source),
                    place,
                )),
                Some(at) => self.rules[at] = rule,
                None => self.rules.push(rule),
            }
        }
    }

    /// An override must name every overridable key that stands beside it.
    fn override_rule(
        &mut self,
        item: &Item,
        at: Option<usize>,
        changes: &[(&'static str, Change)],
        sources: &Sources,
    ) {
        let overridden = item.get("override").and_then(Node::as_mapping).unwrap_or_default();
        for (key, place) in item.keys() {
            let named = overridden.iter().any(|(name, _)| name.as_str() == Some(key));
            if OVERRIDABLE.iter().any(|(name, _)| *name == key) && !named {
                self.diagnostics.push(
                    item.error(
                        "LOAD_ERR_YAML_VALIDATE",
                        &format!("`{key}` isn't named in `override`"),
                        place,
                    )
                    .help(format!("add `{key}: replace` or `{key}: append` to `override`")),
                );
            }
        }
        self.change_rule(item, at, changes, sources);
    }

    fn change_rule(
        &mut self,
        item: &Item,
        at: Option<usize>,
        changes: &[(&'static str, Change)],
        sources: &Sources,
    ) {
        let Some(at) = at else {
            self.diagnostics.push(item.not_defined("rule"));
            return;
        };
        for (key, change) in changes {
            let Some(node) = item.get(key) else { continue };
            let diagnostics = &mut self.diagnostics;
            set(&mut self.rules[at], key, *change, item, node, sources, diagnostics);
        }
    }

    fn new_rule(&mut self, item: &Item, name: String, place: Place, sources: &Sources) -> Option<RuleItem> {
        let wanted = ["condition", "output", "desc", "priority"]
            .map(|key| (key, item.required(key, &mut self.diagnostics)));
        let mut rule = RuleItem {
            name,
            desc: String::new(),
            condition: Sourced::default(),
            output: Sourced::default(),
            priority: Priority::Debug,
            source: item.get("source").and_then(Node::as_str).unwrap_or("syscall").to_owned(),
            tags: Vec::new(),
            enabled: true,
            skip_if_unknown_filter: false,
            warn_evttypes: true,
            exceptions: Vec::new(),
            place,
        };
        for (key, node) in wanted {
            set(&mut rule, key, Change::Replace, item, node?, sources, &mut self.diagnostics);
        }
        for key in ["tags", "enabled", "exceptions", "warn_evttypes", "skip-if-unknown-filter"] {
            if let Some(node) = item.get(key) {
                set(&mut rule, key, Change::Replace, item, node, sources, &mut self.diagnostics);
            }
        }
        Some(rule)
    }
}

/// Gives a rule a key's value.
fn set(
    rule: &mut RuleItem,
    key: &str,
    change: Change,
    item: &Item,
    node: &Node,
    sources: &Sources,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let text = |diagnostics: &mut Vec<Diagnostic>| match node.as_str() {
        Some(_) => Some(Sourced::from_node(node, sources)),
        None => {
            diagnostics.push(item.error(
                "LOAD_ERR_YAML_VALIDATE",
                &format!("`{key}` must be a text"),
                node.place,
            ));
            None
        }
    };
    let add = |old: &mut Sourced, new: Sourced| match change {
        Change::Append => old.append(&new),
        Change::Replace => *old = new,
    };
    match key {
        "condition" => text(diagnostics).into_iter().for_each(|new| add(&mut rule.condition, new)),
        "output" => text(diagnostics).into_iter().for_each(|new| add(&mut rule.output, new)),
        "desc" => {
            if change == Change::Replace {
                rule.desc.clear();
            } else {
                rule.desc.push(' ');
            }
            rule.desc.push_str(node.as_str().unwrap_or_default().trim());
        }
        "priority" => match node.as_str().unwrap_or_default().parse() {
            Ok(priority) => rule.priority = priority,
            Err(error) => {
                diagnostics.push(item.error("LOAD_ERR_YAML_VALIDATE", &error.to_string(), node.place));
            }
        },
        "tags" => {
            if change == Change::Replace {
                rule.tags.clear();
            }
            let tags = node.as_sequence().unwrap_or_default();
            rule.tags.extend(tags.iter().filter_map(|tag| tag.as_str().map(str::to_owned)));
            rule.tags.sort();
            rule.tags.dedup();
        }
        "exceptions" => exceptions::read(&mut rule.exceptions, change, item, node, sources, diagnostics),
        _ => match (node.as_bool(), key) {
            (Some(value), "enabled") => rule.enabled = value,
            (Some(value), "warn_evttypes") => rule.warn_evttypes = value,
            (Some(value), _) => rule.skip_if_unknown_filter = value,
            (None, _) => diagnostics.push(item.error(
                "LOAD_ERR_YAML_VALIDATE",
                &format!("`{key}` must be `true` or `false`"),
                node.place,
            )),
        },
    }
}
