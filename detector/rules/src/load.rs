//! Rules files read into lists, macros and rules: later files redefine, append to and override earlier ones.

mod exceptions;
mod item;
mod list;
mod rule;

use lanner_diagnostic::{Diagnostic, Node, Place, SourceId, Sources, Value, nearest, parse};

pub use exceptions::apply as apply_exceptions;
pub use list::Substitutions;
pub use rule::RuleItem;

use crate::sourced::Sourced;
use item::Item;

/// The version of Falco's engine that rules may ask for (`required_engine_version`).
const ENGINE_VERSION: (u64, u64, u64) = (0, 62, 0);

/// A list.
#[derive(Debug, Clone)]
pub struct ListItem {
    /// Its name.
    pub name: String,
    /// Its items, each as it stands in a condition.
    pub items: Vec<Sourced>,
    /// Where its name stands.
    pub place: Place,
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
    /// What there is to say.
    pub diagnostics: Vec<Diagnostic>,
    items: usize,
}

/// Loads files in order.
pub fn load(sources: &Sources, files: &[SourceId]) -> Loaded {
    let mut loaded = Loaded::default();
    for id in files {
        match parse(sources.get(*id), *id) {
            Ok(documents) => {
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
    loaded
}

/// What stands in a rules file: the key that decides, and who reads the item.
type Reader = fn(&mut Loaded, &Item, &Sources);
const ITEMS: &[(&str, Reader)] = &[
    ("required_engine_version", Loaded::engine_version),
    ("required_plugin_versions", Loaded::plugin_versions),
    ("list", Loaded::list),
    ("macro", Loaded::macro_),
    ("rule", Loaded::rule),
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
        let Some(entries) = node.as_mapping() else {
            self.diagnostics.push(
                Diagnostic::error("LOAD_ERR_YAML_VALIDATE", "an item of a rules file is a mapping")
                    .at(node.place)
                    .label(format!("this is {}", node.kind())),
            );
            return;
        };
        let keys = || entries.iter().filter_map(|(key, _)| key.as_str());
        match ITEMS.iter().find(|(name, _)| keys().any(|key| key == *name)) {
            Some((name, read)) => {
                let item = Item::new(name, node, entries);
                self.diagnostics.extend(item.duplicates());
                read(self, &item, sources);
            }
            None => {
                let first = keys().next().unwrap_or_default();
                let near = nearest(first, ITEMS.iter().map(|(name, _)| *name));
                self.diagnostics.push(
                    Diagnostic::warning(
                        "LOAD_UNKNOWN_ITEM",
                        "this is no list, macro or rule, and is ignored",
                    )
                    .at(entries.first().map_or(node.place, |(key, _)| key.place))
                    .help_nearest(near),
                );
            }
        }
    }

    fn engine_version(&mut self, item: &Item, _: &Sources) {
        let Some(node) = item.head() else { return };
        let text = node.as_str().unwrap_or_default();
        let wanted = match text.parse::<u64>() {
            Ok(minor) => Some((0, minor, 0)),
            Err(_) => semver(text),
        };
        let (major, minor, patch) = ENGINE_VERSION;
        match wanted {
            None => self
                .diagnostics
                .push(Diagnostic::error("LOAD_ERR_YAML_VALIDATE", "this is no version").at(node.place)),
            Some(wanted) if wanted.0 != major || wanted > ENGINE_VERSION => self.diagnostics.push(
                Diagnostic::error(
                    "LOAD_ERR_VALIDATE",
                    format!("these rules need engine version {text}, Lanner has {major}.{minor}.{patch}"),
                )
                .at(node.place),
            ),
            Some(_) => {}
        }
    }

    /// Lanner's sources are built in, and have what any published version of Falco's plugins has.
    fn plugin_versions(&mut self, _: &Item, _: &Sources) {}

    fn list(&mut self, item: &Item, sources: &Sources) {
        item.unknown_keys(&["list", "items", "append", "override"], &mut self.diagnostics);
        let Some((name, place)) = item.name(&mut self.diagnostics) else { return };
        let Some(nodes) = item.required("items", &mut self.diagnostics) else { return };
        let Some(nodes) = nodes.as_sequence() else {
            self.diagnostics.push(item.error(
                "LOAD_ERR_YAML_VALIDATE",
                "`items` must be a list",
                nodes.place,
            ));
            return;
        };
        item.check_name("LOAD_INVALID_LIST_NAME", &mut self.diagnostics);
        for node in nodes.iter().filter(|node| node.as_str().is_none()) {
            let message = format!("an item of a list must be a text or a number, this is {}", node.kind());
            self.diagnostics.push(item.error("LOAD_ERR_YAML_VALIDATE", &message, node.place));
        }
        let texts = nodes.iter().filter(|node| node.as_str().is_some());
        let items: Vec<Sourced> = texts.map(|node| list::item(node, sources)).collect();
        let old = self.lists.iter_mut().find(|list| list.name == name);
        match (item.appends("items", &mut self.diagnostics), old) {
            (true, Some(old)) => old.items.extend(items),
            (true, None) => self.diagnostics.push(item.not_defined("list")),
            (false, Some(old)) => *old = ListItem { name, items, place },
            (false, None) => self.lists.push(ListItem { name, items, place }),
        }
    }

    fn macro_(&mut self, item: &Item, sources: &Sources) {
        item.unknown_keys(&["macro", "condition", "append", "override"], &mut self.diagnostics);
        let Some((name, place)) = item.name(&mut self.diagnostics) else { return };
        let Some(condition) = item.required("condition", &mut self.diagnostics) else { return };
        if condition.as_str().is_none() {
            let error = item.error("LOAD_ERR_YAML_VALIDATE", "`condition` must be a text", condition.place);
            self.diagnostics.push(error.label(format!("this is {}", condition.kind())));
            return;
        }
        item.check_name("LOAD_INVALID_MACRO_NAME", &mut self.diagnostics);
        let condition = Sourced::from_node(condition, sources);
        let index = self.items;
        let old = self.macros.iter_mut().find(|old| old.name == name);
        match (item.appends("condition", &mut self.diagnostics), old) {
            (true, Some(old)) => {
                old.condition.append(&condition);
                old.visibility = index;
            }
            (true, None) => self.diagnostics.push(item.not_defined("macro")),
            (false, Some(old)) => {
                old.condition = condition;
                old.place = place;
                old.visibility = index;
            }
            (false, None) => {
                self.macros.push(MacroItem { name, condition, place, index, visibility: index });
            }
        }
    }
}

/// `major.minor.patch`.
fn semver(text: &str) -> Option<(u64, u64, u64)> {
    let mut numbers = text.split('.').map(|number| number.parse().ok());
    let version = (numbers.next()??, numbers.next()??, numbers.next()??);
    numbers.next().is_none().then_some(version)
}
