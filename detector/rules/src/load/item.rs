//! One item of a rules file, and what is asked of every item.

use lanner_diagnostic::{Diagnostic, Node, Place, nearest};

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

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&'a Node> {
        self.entries.iter().find(|(name, _)| name.as_str() == Some(key)).map(|(_, value)| value)
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
        Diagnostic::error(code, message).at(place).item(self.kind, self.label(), self.node.place)
    }

    /// A warning about this item.
    pub fn warning(&self, code: &'static str, message: &str, place: Place) -> Diagnostic {
        Diagnostic::warning(code, message).at(place).item(self.kind, self.label(), self.node.place)
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
        self.unknown_among(self.keys(), known, diagnostics);
    }

    /// Warns of those among the keys of a part of the item that nobody reads.
    pub fn unknown_among<'k>(
        &self,
        keys: impl Iterator<Item = (&'k str, Place)>,
        known: &[&str],
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        for (key, place) in keys.filter(|(key, _)| !known.contains(key)) {
            diagnostics.push(
                self.warning("LOAD_UNKNOWN_KEY", &format!("unknown key `{key}`, which is ignored"), place)
                    .help_nearest(nearest(key, known.iter().copied())),
            );
        }
    }

    /// Whether `override` names a key.
    pub fn has_overrides(&self) -> bool {
        self.get("override").and_then(Node::as_mapping).is_some_and(|entries| !entries.is_empty())
    }

    /// Whether it has the legacy `append: true`; nothing where that can't be told, which is said.
    pub fn legacy_append(&self, diagnostics: &mut Vec<Diagnostic>) -> Option<bool> {
        let Some(node) = self.get("append") else { return Some(false) };
        let appends = boolean(node);
        let error = match appends {
            None => Some("`append` must be `true` or `false`"),
            Some(true) if self.has_overrides() => Some("`append: true` and `override` exclude each other"),
            Some(_) => None,
        };
        diagnostics.extend(error.map(|message| self.error("LOAD_ERR_YAML_VALIDATE", message, node.place)));
        if appends == Some(true) {
            let warning = self.warning("LOAD_DEPRECATED_ITEM", "`append` is deprecated", node.place);
            diagnostics.push(
                warning.help("name each key that is appended in `override`, as in `condition: append`"),
            );
        }
        appends
    }

    /// Whether the item appends to an earlier one: `append: true`, or `override: {key: append}`.
    pub fn appends(&self, key: &'static str, diagnostics: &mut Vec<Diagnostic>) -> bool {
        let legacy = self.legacy_append(diagnostics);
        let changes = self.overrides(&[(key, &[Change::Append, Change::Replace])], diagnostics);
        legacy == Some(true) || changes.iter().any(|(_, change)| *change == Change::Append)
    }

    /// What `override` says, by key. `known` are the keys of the item, and how each may be changed.
    pub fn overrides(
        &self,
        known: &[(&'static str, &[Change])],
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<(&'static str, Change)> {
        let Some(node) = self.get("override") else { return Vec::new() };
        let Some(entries) = node.as_mapping() else {
            let message = "`override` is ignored: it should be a mapping of keys to `append` or `replace`";
            diagnostics.push(self.warning("LOAD_UNKNOWN_KEY", message, node.place));
            return Vec::new();
        };
        let mut changes = Vec::new();
        for (key, value) in entries {
            match self.change(key, value, known) {
                Ok(change) => changes.push(change),
                Err(error) => diagnostics.push(*error),
            }
        }
        changes
    }

    fn change(
        &self,
        key: &Node,
        value: &Node,
        known: &[(&'static str, &[Change])],
    ) -> Result<(&'static str, Change), Box<Diagnostic>> {
        let name = key.as_str().unwrap_or_default();
        let error = |message: &str, place| {
            let error = Diagnostic::error("LOAD_ERR_YAML_VALIDATE", message).at(place);
            Box::new(error.item("overrides", name, key.place).item(self.kind, self.label(), self.node.place))
        };
        let known = known.iter().filter(|(_, allowed)| !allowed.is_empty());
        let Some((found, allowed)) = known.clone().find(|(known, _)| *known == name) else {
            let message = format!("`{name}` of a {} can't be overridden", self.kind);
            return Err(Box::new(
                error(&message, key.place).help_nearest(nearest(name, known.map(|(name, _)| *name))),
            ));
        };
        let change = match value.as_str() {
            Some("append") => Change::Append,
            Some("replace") => Change::Replace,
            _ => return Err(error("this should be `append` or `replace`", value.place)),
        };
        if !allowed.contains(&change) {
            return Err(error(&format!("`{name}` can only be replaced"), value.place));
        }
        if self.get(found).is_none() {
            return Err(error(&format!("the key `{name}` is missing beside its override"), key.place));
        }
        Ok((*found, change))
    }
}

/// A truth value, which may stand in quotes.
pub fn boolean(node: &Node) -> Option<bool> {
    match node.as_str()?.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" => Some(true),
        "false" | "no" | "off" | "n" => Some(false),
        _ => None,
    }
}

/// A number that isn't negative, which may stand in quotes.
pub fn unsigned(node: &Node) -> Option<u32> {
    let text = node.as_str()?;
    match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}
