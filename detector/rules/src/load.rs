//! Rules files read into lists, macros, rules and correlations: later files redefine, append to and override earlier
//! ones.

mod correlation;
mod exceptions;
mod item;
mod list;
mod rule;
mod versions;

use lanner_diagnostic::{Diagnostic, Node, Place, SourceId, Sources, Value, nearest, parse_first};

pub use correlation::CorrelationItem;
pub use exceptions::Exception;
pub use list::Substitutions;
pub use rule::RuleItem;

use crate::sourced::Sourced;
use item::Item;
use versions::Requirement;

/// A list.
#[derive(Debug, Clone)]
pub struct ListItem {
    /// Its name.
    pub name: String,
    /// Its items, each as it stands in a condition.
    pub items: Vec<Sourced>,
    /// Where its name stands.
    pub place: Place,
    /// Where it stands.
    pub whole: Place,
}

/// A macro.
#[derive(Debug, Clone)]
pub struct MacroItem {
    /// Its name.
    pub name: String,
    /// Its condition.
    pub condition: Sourced,
    /// Where its name stands.
    pub place: Place,
    /// Where it stands.
    pub whole: Place,
    /// Its number among all items, by its first definition.
    pub index: usize,
    /// It sees macros whose number is smaller: its last change.
    pub visibility: usize,
}

/// Everything that was loaded.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Lists, by first definition.
    pub lists: Vec<ListItem>,
    /// Macros, by first definition.
    pub macros: Vec<MacroItem>,
    /// Rules, by first definition.
    pub rules: Vec<RuleItem>,
    /// Correlations, by first definition.
    pub correlations: Vec<CorrelationItem>,
    /// What there is to say.
    pub diagnostics: Vec<Diagnostic>,
    requirements: Vec<Requirement>,
    items: usize,
}

/// Loads files in order.
pub fn load(sources: &Sources, files: &[SourceId]) -> Loaded {
    let mut loaded = Loaded::default();
    for id in files {
        match parse_first(sources.get(*id), *id) {
            Ok((documents, repeated)) => {
                loaded.diagnostics.extend(repeated);
                for document in &documents {
                    loaded.document(document, sources);
                }
            }
            Err(error) => loaded.diagnostics.push(*error),
        }
        // Falco compiles each file with those before it: what comes in a later one isn't there yet.
        for rule in loaded.rules.iter_mut().filter(|rule| rule.visibility == usize::MAX) {
            rule.visibility = loaded.items + 1;
        }
    }
    loaded.diagnostics.extend(loaded.requirements.iter().filter_map(Requirement::unmet));
    loaded
}

/// What an item is called that is none of those that are known.
const UNKNOWN: &str = "rules content item";

/// What stands in a rules file: the key that decides, and who reads the item.
type Reader = fn(&mut Loaded, &Item, &Sources);
const ITEMS: &[(&str, Reader)] = &[
    ("required_engine_version", Loaded::engine_version),
    ("required_plugin_versions", Loaded::plugin_versions),
    ("list", Loaded::list),
    ("macro", Loaded::macro_),
    ("rule", Loaded::rule),
    ("correlation", Loaded::correlation),
];

impl Loaded {
    fn document(&mut self, document: &Node, sources: &Sources) {
        let items = match &document.value {
            Value::Null => return,
            Value::Sequence(items) => items,
            _ => {
                self.diagnostics.push(
                    Diagnostic::error("LOAD_ERR_YAML_VALIDATE", "a rules file is a list of items")
                        .at(document.place)
                        .label(format!("this is {}", document.kind())),
                );
                return;
            }
        };
        for node in items {
            self.item(node, sources);
        }
    }

    fn item(&mut self, node: &Node, sources: &Sources) {
        self.items += 1;
        if node.value == Value::Null {
            return;
        }
        let Some(entries) = node.as_mapping() else {
            self.diagnostics.push(
                Diagnostic::error("LOAD_ERR_YAML_VALIDATE", "an item of a rules file is a mapping")
                    .at(node.place)
                    .label(format!("this is {}", node.kind()))
                    .item(UNKNOWN, "", node.place),
            );
            return;
        };
        let keys = || entries.iter().filter_map(|(key, _)| key.as_str());
        match ITEMS.iter().find(|(name, _)| keys().any(|key| key == *name)) {
            Some((name, read)) => {
                let item = Item::new(name, node, entries);
                read(self, &item, sources);
            }
            None => {
                let first = keys().next().unwrap_or_default();
                let near = nearest(first, ITEMS.iter().map(|(name, _)| *name));
                self.diagnostics.push(
                    Diagnostic::warning(
                        "LOAD_UNKNOWN_ITEM",
                        "this is no list, macro, rule or correlation, and is ignored",
                    )
                    .at(entries.first().map_or(node.place, |(key, _)| key.place))
                    .item(UNKNOWN, "", node.place)
                    .help_nearest(near),
                );
            }
        }
    }

    fn list(&mut self, item: &Item, sources: &Sources) {
        item.unknown_keys(&["list", "items", "append", "override"], &mut self.diagnostics);
        let Some((name, place)) = item.name(&mut self.diagnostics) else { return };
        let Some(nodes) = item.required("items", &mut self.diagnostics) else { return };
        let Some(nodes) = nodes.as_sequence() else {
            let error = item.error("LOAD_ERR_YAML_VALIDATE", "`items` must be a list", nodes.place);
            self.diagnostics.push(error);
            return;
        };
        if name.contains(|c: char| c.is_ascii_whitespace() || "()\"'=,".contains(c)) {
            let message = format!(
                "`{name}` can't stand in a condition: a list is named without blanks, quotes, `(`, `)`, `=` and `,`"
            );
            self.diagnostics.push(item.warning("LOAD_INVALID_LIST_NAME", &message, place));
        }
        for node in nodes.iter().filter(|node| node.as_str().is_none()) {
            let message = format!("an item of a list must be a text or a number, this is {}", node.kind());
            let error = Diagnostic::error("LOAD_ERR_YAML_VALIDATE", message).at(node.place);
            let error = error.item("list item", "", node.place);
            self.diagnostics.push(error.item(item.kind, &name, item.node.place));
        }
        let texts = nodes.iter().filter(|node| node.as_str().is_some());
        let items: Vec<Sourced> = texts.map(|node| Sourced::from_node(node, sources)).collect();
        let old = self.lists.iter_mut().find(|list| list.name == name);
        let whole = item.node.place;
        match (item.appends("items", &mut self.diagnostics), old) {
            (true, Some(old)) => old.items.extend(items),
            (true, None) => self.diagnostics.push(item.not_defined("list")),
            (false, Some(old)) => *old = ListItem { name, items, place, whole },
            (false, None) => self.lists.push(ListItem { name, items, place, whole }),
        }
    }

    fn macro_(&mut self, item: &Item, sources: &Sources) {
        item.unknown_keys(&["macro", "condition", "append", "override"], &mut self.diagnostics);
        let Some((name, place)) = item.name(&mut self.diagnostics) else { return };
        let Some(condition) = item.required("condition", &mut self.diagnostics) else { return };
        if condition.as_str().is_none_or(str::is_empty) {
            let error = item.error("LOAD_ERR_YAML_VALIDATE", "`condition` must be a text", condition.place);
            self.diagnostics.push(error.label(format!("this is {}", condition.kind())));
            return;
        }
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !name.chars().all(word) {
            let message =
                format!("`{name}` can't stand in a condition: a macro is named with letters, digits and `_`");
            self.diagnostics.push(item.warning("LOAD_INVALID_MACRO_NAME", &message, place));
        }
        let condition = Sourced::from_node(condition, sources);
        let index = self.items;
        let old = self.macros.iter_mut().find(|old| old.name == name);
        match (item.appends("condition", &mut self.diagnostics), old) {
            (true, Some(old)) => {
                old.condition.append(&condition);
                old.visibility = index;
            }
            (true, None) => self.diagnostics.push(item.not_defined("macro")),
            (false, old) => {
                let new =
                    MacroItem { name, condition, place, whole: item.node.place, index, visibility: index };
                match old {
                    Some(old) => *old = MacroItem { index: old.index, ..new },
                    None => self.macros.push(new),
                }
            }
        }
    }
}
