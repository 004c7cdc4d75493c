//! Rules: defined, toggled, appended to, overridden.

use lanner_alert::{ParsePriorityError, Priority};
use lanner_diagnostic::{Diagnostic, Node, Place, Sources};

use super::Loaded;
use super::exceptions::{Exception, Reader};
use super::item::{Change, Item, boolean, unsigned};
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
    /// Where it stands.
    pub whole: Place,
    /// It sees macros whose number is smaller: those of the file of its last change, and of those before.
    pub visibility: usize,
}

impl RuleItem {
    /// The condition with its exceptions, and what is wrong with those, which are left out.
    pub fn whole_condition(&self) -> (Sourced, Vec<Diagnostic>) {
        if self.exceptions.is_empty() {
            return (self.condition.clone(), Vec::new());
        }
        let mut whole = Sourced::default();
        whole.push_str("(", self.condition.place(0, 1));
        whole.push_range(&self.condition, 0, self.condition.as_str().len());
        whole.push_str(")", self.condition.place(0, 1));
        let mut wrong = Vec::new();
        for exception in &self.exceptions {
            let before = whole.clone();
            if let Err(error) = exception.apply(&mut whole) {
                whole = before;
                wrong.push(*error);
            }
        }
        (whole, wrong)
    }
}

/// A key of a rule.
struct Key {
    name: &'static str,
    /// Whether a rule that is defined must have it.
    required: bool,
    /// How `override` may change it.
    overrides: &'static [Change],
    set: fn(&mut RuleItem, &mut Given),
}

/// A key's value, on its way into a rule.
struct Given<'a> {
    key: &'static str,
    node: &'a Node,
    change: Change,
    item: &'a Item<'a>,
    sources: &'a Sources,
    diagnostics: &'a mut Vec<Diagnostic>,
}

const NEVER: &[Change] = &[];
const REPLACE: &[Change] = &[Change::Replace];
const ANY: &[Change] = &[Change::Append, Change::Replace];

const fn key(name: &'static str, overrides: &'static [Change], set: fn(&mut RuleItem, &mut Given)) -> Key {
    Key { name, required: false, overrides, set }
}

const fn required(key: Key) -> Key {
    Key { required: true, ..key }
}

/// All keys of a rule. Those that say how the others are meant set nothing themselves.
const KEYS: &[Key] = &[
    key("rule", NEVER, |_, _| {}),
    key("append", NEVER, |_, _| {}),
    key("override", NEVER, |_, _| {}),
    required(key("condition", ANY, |rule, given| given.sourced(&mut rule.condition))),
    required(key("output", ANY, |rule, given| given.sourced(&mut rule.output))),
    required(key("desc", ANY, |rule, given| given.desc(&mut rule.desc))),
    required(key("priority", REPLACE, |rule, given| given.priority(&mut rule.priority))),
    key("source", NEVER, |rule, given| given.string(&mut rule.source)),
    key("tags", ANY, |rule, given| given.tags(&mut rule.tags)),
    key("exceptions", ANY, |rule, given| {
        let Given { node, change, item, sources, diagnostics, .. } = given;
        Reader { item, sources, diagnostics }.read(&mut rule.exceptions, node, *change);
    }),
    key("enabled", REPLACE, |rule, given| given.bool(&mut rule.enabled)),
    key("warn_evttypes", REPLACE, |rule, given| given.bool(&mut rule.warn_evttypes)),
    key("skip-if-unknown-filter", REPLACE, |rule, given| given.bool(&mut rule.skip_if_unknown_filter)),
    key("capture", REPLACE, |_, given| match boolean(given.node) {
        Some(_) => given.without_effect(),
        None => given.wrong("`true` or `false`"),
    }),
    key("capture_duration", REPLACE, |_, given| match unsigned(given.node) {
        Some(_) => given.without_effect(),
        None => given.wrong("a whole number of milliseconds"),
    }),
];

impl Given<'_> {
    fn wrong(&mut self, expected: &str) {
        let message = format!("`{}` must be {expected}", self.key);
        let error = self.item.error("LOAD_ERR_YAML_VALIDATE", &message, self.node.place);
        self.diagnostics.push(error.label(format!("this is {}", self.node.kind())));
    }

    fn sourced(&mut self, old: &mut Sourced) {
        if self.node.as_str().is_none_or(str::is_empty) {
            return self.wrong("a text");
        }
        let new = Sourced::from_node(self.node, self.sources);
        match self.change {
            Change::Append => old.append(&new),
            Change::Replace => *old = new,
        }
    }

    fn string(&mut self, old: &mut String) {
        match self.node.as_str() {
            Some(text) if !text.is_empty() => text.clone_into(old),
            _ => self.wrong("a text that isn't empty"),
        }
    }

    fn desc(&mut self, old: &mut String) {
        let before = std::mem::take(old);
        self.string(old);
        old.truncate(old.trim_end().len());
        if self.change == Change::Append {
            *old = format!("{before} {old}");
        }
    }

    fn bool(&mut self, old: &mut bool) {
        match boolean(self.node) {
            Some(value) => *old = value,
            None => self.wrong("`true` or `false`"),
        }
    }

    fn priority(&mut self, old: &mut Priority) {
        match self.node.as_str().unwrap_or_default().parse() {
            Ok(priority) => *old = priority,
            Err(error) => {
                let (error, place): (ParsePriorityError, _) = (error, self.node.place);
                let error = Diagnostic::error("LOAD_ERR_YAML_VALIDATE", error.to_string()).at(place);
                let error = error.item("rule priority", "", place);
                self.diagnostics.push(error.item(self.item.kind, self.item.label(), self.item.node.place));
            }
        }
    }

    fn tags(&mut self, old: &mut Vec<String>) {
        let tags = self.node.as_sequence().map(|tags| tags.iter().map(|tag| tag.as_str().map(str::to_owned)));
        let Some(Some(tags)) = tags.map(Iterator::collect::<Option<Vec<String>>>) else {
            return self.wrong("a list of texts");
        };
        if self.change == Change::Replace {
            old.clear();
        }
        old.extend(tags);
        old.sort();
        old.dedup();
    }

    fn without_effect(&mut self) {
        let message = format!("`{}` has no effect: Lanner doesn't write capture files", self.key);
        let note = Diagnostic::note("LOAD_NO_EFFECT", message).at(self.node.place);
        self.diagnostics.push(note.item(self.item.kind, self.item.label(), self.item.node.place));
    }
}

/// The error that a rule was defined for another source.
fn redefined(item: &Item, before: &str) -> Diagnostic {
    let message = format!("this rule was defined for the source `{before}` before");
    let place = item.get("source").or(item.head()).map_or(item.node.place, |node| node.place);
    item.error("LOAD_ERR_VALIDATE", &message, place)
}

/// The keys that the legacy `append: true` changes.
const LEGACY_APPEND: &[&str] = &["condition", "exceptions"];

impl Loaded {
    pub(super) fn rule(&mut self, item: &Item, sources: &Sources) {
        let names: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
        item.unknown_keys(&names, &mut self.diagnostics);
        let Some((name, place)) = item.name(&mut self.diagnostics) else { return };
        let Some(appends) = item.legacy_append(&mut self.diagnostics) else { return };
        let mut required = KEYS.iter().filter(|key| key.required);
        let toggles = required.clone().all(|key| item.get(key.name).is_none());
        let defines = required.all(|key| item.get(key.name).is_some());
        if item.get("override").is_some_and(|node| node.as_mapping().is_none()) {
            item.overrides(&[], &mut self.diagnostics);
            // What is missing for a definition isn't missed where a change is meant.
            if !(appends || toggles || defines) {
                let message = format!("the rule `{name}` is neither defined nor changed");
                self.diagnostics.push(item.error("LOAD_ERR_YAML_VALIDATE", &message, place));
                return;
            }
        }
        if item.has_overrides() {
            let known: Vec<_> = KEYS.iter().map(|key| (key.name, key.overrides)).collect();
            let changes = item.overrides(&known, &mut self.diagnostics);
            self.overridden_without_a_word(item);
            self.change_rule(item, &changes, sources);
        } else if appends {
            let present = LEGACY_APPEND.iter().filter(|key| item.get(key).is_some());
            let changes: Vec<_> = present.map(|key| (*key, Change::Append)).collect();
            if changes.is_empty() {
                let message = "an appended rule must have `condition` or `exceptions`";
                self.diagnostics.push(item.error("LOAD_ERR_VALIDATE", message, place));
            }
            self.change_rule(item, &changes, sources);
        } else if toggles {
            if item.required("enabled", &mut self.diagnostics).is_none() {
                return;
            }
            let message = "`enabled` alone is deprecated";
            let warning = item.warning("LOAD_DEPRECATED_ITEM", message, place);
            self.diagnostics.push(warning.help("add `override: {enabled: replace}`"));
            self.change_rule(item, &[("enabled", Change::Replace)], sources);
        } else if let Some(rule) = self.new_rule(item, name, place, sources) {
            self.define_rule(rule, item);
        }
    }

    /// A new rule; or a new body for one that was defined before, which keeps its place in the order.
    fn define_rule(&mut self, rule: RuleItem, item: &Item) {
        match self.rules.iter_mut().find(|old| old.name == rule.name) {
            Some(old) if old.source != rule.source => {
                self.diagnostics.push(redefined(item, &old.source));
            }
            Some(old) => *old = rule,
            None => self.rules.push(rule),
        }
    }

    /// An override must name every key beside it that can be overridden.
    fn overridden_without_a_word(&mut self, item: &Item) {
        let named = item.get("override").and_then(Node::as_mapping).unwrap_or_default();
        for (key, place) in item.keys() {
            let overridable = KEYS.iter().any(|row| row.name == key && !row.overrides.is_empty());
            if overridable && !named.iter().any(|(name, _)| name.as_str() == Some(key)) {
                let message = format!("`{key}` isn't named in `override`");
                let error = Diagnostic::error("LOAD_ERR_YAML_VALIDATE", message).at(place);
                let error = error.help(format!("add `{key}: replace` or `{key}: append` to `override`"));
                let error = error.item("overrides", key, place);
                self.diagnostics.push(error.item(item.kind, item.label(), item.node.place));
            }
        }
    }

    fn change_rule(&mut self, item: &Item, changes: &[(&'static str, Change)], sources: &Sources) {
        let name = item.label();
        let Some(rule) = self.rules.iter_mut().find(|rule| rule.name == name) else {
            self.diagnostics.push(item.not_defined("rule"));
            return;
        };
        let source = item.get("source").and_then(Node::as_str).unwrap_or_default();
        if !source.is_empty() && source != rule.source {
            self.diagnostics.push(redefined(item, &rule.source));
            return;
        }
        rule.visibility = usize::MAX;
        for (name, change) in changes {
            let key = KEYS.iter().find(|key| key.name == *name);
            if let (Some(key), Some(node)) = (key, item.get(name)) {
                let diagnostics = &mut self.diagnostics;
                (key.set)(
                    rule,
                    &mut Given { key: key.name, node, change: *change, item, sources, diagnostics },
                );
            }
        }
    }

    /// A rule with all its keys. All that are missing are said; one whose value is wrong doesn't make it less of a
    /// rule, so that the others are looked at, too.
    fn new_rule(&mut self, item: &Item, name: String, place: Place, sources: &Sources) -> Option<RuleItem> {
        let mut rule = RuleItem {
            name,
            desc: String::new(),
            condition: Sourced::default(),
            output: Sourced::default(),
            priority: Priority::Debug,
            source: "syscall".to_owned(),
            tags: Vec::new(),
            enabled: true,
            skip_if_unknown_filter: false,
            warn_evttypes: true,
            exceptions: Vec::new(),
            place,
            whole: item.node.place,
            visibility: usize::MAX,
        };
        let mut complete = true;
        for key in KEYS {
            let diagnostics = &mut self.diagnostics;
            let node = if key.required { item.required(key.name, diagnostics) } else { item.get(key.name) };
            complete &= node.is_some() || !key.required;
            if let Some(node) = node {
                let change = Change::Replace;
                (key.set)(&mut rule, &mut Given { key: key.name, node, change, item, sources, diagnostics });
            }
        }
        complete.then_some(rule)
    }
}
