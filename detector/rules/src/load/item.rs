//! One item of a rules file, and what is asked of every item.

use lanner_diagnostic::{Diagnostic, Node, Place, Value, nearest};

/// An item, and the key that decides what it is.
pub struct Item<'a> {
    /// `list`, `macro`, `rule`…
    pub kind: &'static str,
    /// The whole item.
    pub node: &'a Node,
    entries: &'a [(Node, Node)],
}

/// How an item changes what an earlier one defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The key's value is added.
    Append,
    /// The key's value takes the old one's place.
    Replace,
}

impl<'a> Item<'a> {
    /// An item.
    pub fn new(kind: &'static str, node: &'a Node, entries: &'a [(Node, Node)]) -> Self {
        Item { kind, node, entries }
    }

    /// The value of a key; null counts as absent.
    pub fn get(&self, key: &str) -> Option<&'a Node> {
        self.entries
            .iter()
            .find(|(name, _)| name.as_str() == Some(key))
            .map(|(_, value)| value)
            .filter(|value| value.value != Value::Null)
    }

    /// The value of the key that decides.
    pub fn head(&self) -> Option<&'a Node> {
        self.get(self.kind)
    }

    /// The item's name as it is said in messages.
    pub fn label(&self) -> String {
        self.head().and_then(Node::as_str).unwrap_or_default().to_owned()
    }

    /// The keys, with their places.
    pub fn keys(&self) -> impl Iterator<Item = (&'a str, Place)> {
        self.entries.iter().filter_map(|(key, _)| key.as_str().map(|name| (name, key.place)))
    }

    /// The name, which every list, macro and rule must have.
    pub fn name(&self, diagnostics: &mut Vec<Diagnostic>) -> Option<(String, Place)> {
        let name = self.head().and_then(|node| Some((node.as_str()?.to_owned(), node.place)));
        match name {
            Some((name, place)) if !name.is_empty() => Some((name, place)),
            _ => {
                let place = self.head().map_or(self.node.place, |node| node.place);
                diagnostics.push(self.error(
                    "LOAD_ERR_YAML_VALIDATE",
                    &format!("a {} needs a name", self.kind),
                    place,
                ));
                None
            }
        }
    }

    /// The value of a key that must be there.
    pub fn required(&self, key: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<&'a Node> {
        let found = self.get(key);
        if found.is_none() {
            let place = self.head().map_or(self.node.place, |node| node.place);
            diagnostics.push(self.error(
                "LOAD_ERR_YAML_VALIDATE",
                &format!("the key `{key}` is missing"),
                place,
            ));
        }
        found
    }

    /// An error about this item.
    pub fn error(&self, code: &'static str, message: &str, place: Place) -> Diagnostic {
        Diagnostic::error(code, message).at(place).item(self.kind, self.label())
    }

    /// A warning about this item.
    pub fn warning(&self, code: &'static str, message: &str, place: Place) -> Diagnostic {
        Diagnostic::warning(code, message).at(place).item(self.kind, self.label())
    }

    /// The error that what is to be changed isn't defined.
    pub fn not_defined(&self, kind: &str) -> Diagnostic {
        let place = self.head().map_or(self.node.place, |node| node.place);
        self.error(
            "LOAD_ERR_VALIDATE",
            &format!("there is no {kind} `{}` to change: it must be defined before", self.label()),
            place,
        )
    }

    /// Warns of keys that nobody reads.
    pub fn unknown_keys(&self, known: &[&str], diagnostics: &mut Vec<Diagnostic>) {
        for (key, place) in self.keys().filter(|(key, _)| !known.contains(key)) {
            diagnostics.push(
                self.warning("LOAD_UNKNOWN_KEY", &format!("unknown key `{key}`, which is ignored"), place)
                    .help_nearest(nearest(key, known.iter().copied())),
            );
        }
    }

    /// Errors for keys that stand twice.
    pub fn duplicates(&self) -> Vec<Diagnostic> {
        let keys: Vec<_> = self.keys().collect();
        keys.iter()
            .enumerate()
            .filter(|(at, (key, _))| keys[..*at].iter().any(|(other, _)| other == key))
            .map(|(_, (key, place))| {
                self.error("LOAD_ERR_YAML_VALIDATE", &format!("the key `{key}` stands twice"), *place)
            })
            .collect()
    }

    /// Whether the item appends to an earlier one: `append: true`, or `override: {key: append}`.
    pub fn appends(&self, key: &'static str, diagnostics: &mut Vec<Diagnostic>) -> bool {
        if let Some(append) = self.get("append") {
            return append.as_bool().unwrap_or(false);
        }
        self.overrides(&[(key, true)], diagnostics).iter().any(|(_, change)| *change == Change::Append)
    }

    /// What `override` says, by key. `known` are the keys it may name, and whether they can be appended to.
    pub fn overrides(
        &self,
        known: &[(&'static str, bool)],
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<(&'static str, Change)> {
        let mut changes = Vec::new();
        let entries = self.get("override").and_then(Node::as_mapping).unwrap_or_default();
        for (key, value) in entries {
            let name = key.as_str().unwrap_or_default();
            let found = known.iter().find(|(known, _)| *known == name);
            let change = match value.as_str() {
                Some("append") => Some(Change::Append),
                Some("replace") => Some(Change::Replace),
                _ => None,
            };
            let error = match (found, change) {
                (None, _) => Some((key.place, format!("`{name}` of a {} can't be overridden", self.kind))),
                (_, None) => Some((value.place, "this should be `append` or `replace`".to_owned())),
                (Some((_, false)), Some(Change::Append)) => {
                    Some((value.place, format!("`{name}` can only be replaced")))
                }
                (Some((name, _)), Some(change)) if self.get(name).is_some() => {
                    changes.push((*name, change));
                    None
                }
                (Some(_), Some(_)) => {
                    Some((key.place, format!("the key `{name}` is missing beside its override")))
                }
            };
            if let Some((place, message)) = error {
                diagnostics.push(
                    self.error("LOAD_ERR_YAML_VALIDATE", &message, place).help_nearest(
                        nearest(name, known.iter().map(|(name, _)| *name)).filter(|n| *n != name),
                    ),
                );
            }
        }
        changes
    }
}
