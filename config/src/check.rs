//! The tree of a configuration held against the table of keys.
//!
//! Falco runs on a configuration with mistakes, and so must Lanner: what is wrong in Falco's sections is told
//! and taken out of the tree, so that the key has its default and the rest is read.

use std::collections::{BTreeMap, BTreeSet};

use lanner_diagnostic::{Diagnostic, Node, NodeError, Place, Value, nearest};

use crate::expand::Unset;
use crate::key::{self, Effect, Key, Owner};
use crate::kind::Kind;

/// The code of a key that isn't known.
pub(crate) const UNKNOWN_KEY: &str = "CONFIG_UNKNOWN_KEY";
/// The code of a value that isn't what it must be.
pub(crate) const WRONG_VALUE: &str = "CONFIG_WRONG_VALUE";
/// The code of a key that has no effect.
pub(crate) const NO_EFFECT: &str = "CONFIG_NO_EFFECT";
/// The code of a key or file that should no longer be used.
pub(crate) const DEPRECATED: &str = "CONFIG_DEPRECATED";

/// The tree without what is wrong in it, and what is wrong.
pub(crate) fn check(root: Node, unset: &BTreeMap<Place, Unset>) -> (Node, Vec<Diagnostic>) {
    let mut check = Check { owner: Owner::Falco, unset, named: BTreeSet::new(), diagnostics: Vec::new() };
    let place = root.place;
    let mut kept = Vec::new();
    if let Value::Mapping(entries) = root.value {
        for (name, value) in entries {
            check.owner = section_owner(name.as_str().unwrap_or_default());
            kept.extend(check.entry("", name, value));
        }
    }
    (Node { place, value: Value::Mapping(kept) }, check.diagnostics)
}

/// Who defined a section; for one that isn't known, who defined what was probably meant.
fn section_owner(name: &str) -> Owner {
    let known = key::names("").any(|known| known == name);
    let meant = if known { None } else { nearest(name, key::names("")) };
    key::owner(meant.unwrap_or(name))
}

struct Check<'a> {
    /// Whose section this is.
    owner: Owner,
    unset: &'a BTreeMap<Place, Unset>,
    /// The keys without effect that were named: each is named once.
    named: BTreeSet<&'static str>,
    diagnostics: Vec<Diagnostic>,
}

impl Check<'_> {
    /// A key of the mapping at that path, without what is wrong in its value; nothing where all of it is.
    fn entry(&mut self, path: &str, name: Node, value: Node) -> Option<(Node, Node)> {
        let text = name.as_str().unwrap_or_default();
        let Some(child) = key::child(path, text) else {
            let near = key::meant(path, text);
            let what = match path {
                "" => format!("unknown key `{text}`"),
                _ => format!("unknown key `{text}` in `{path}`"),
            };
            self.tell(UNKNOWN_KEY, what, name.place, |diagnostic| diagnostic.help_nearest(near));
            return None;
        };
        let value = self.value(&child, &name, value)?;
        Some((name, value))
    }

    /// The value of a key without what is wrong in it; nothing where all of it is.
    fn value(&mut self, path: &str, name: &Node, node: Node) -> Option<Node> {
        if let Some(Key { kind: Kind::Same(other), .. }) = key::row(path) {
            return self.value(other, name, node);
        }
        let row = key::row(path);
        let section = key::names(path).next().is_some();
        let place = node.place;
        match node.value {
            Value::Null => None,
            Value::Mapping(entries) if section => {
                let kept = entries.into_iter().filter_map(|(name, value)| self.entry(path, name, value));
                Some(Node { place, value: Value::Mapping(kept.collect()) })
            }
            Value::Sequence(items) if key::is_list(path) => {
                if let Some(row) = key::row(&format!("{path}[]")).filter(|_| items.is_empty()) {
                    self.effect(row, name.place);
                }
                let kept = items.into_iter().filter_map(|item| {
                    let name = Node { place: item.place, value: Value::Null };
                    let path = key::items(path, item.get("name").and_then(Node::as_str));
                    self.value(&path, &name, item)
                });
                Some(Node { place, value: Value::Sequence(kept.collect()) })
            }
            value => {
                let node = Node { place, value };
                match row {
                    Some(row) => self.leaf(row, name.place, node),
                    None => self.wrong_form(path, name, node),
                }
            }
        }
    }

    fn leaf(&mut self, row: &'static Key, name: Place, node: Node) -> Option<Node> {
        if !self.effect(row, name) && self.owner == Owner::Lanner {
            return None;
        }
        let mut kept = true;
        for mismatch in row.kind.wrong(&node) {
            kept = self.mismatch(mismatch, &node, row.fatal);
        }
        kept.then_some(node)
    }

    fn wrong_form(&mut self, path: &str, name: &Node, node: Node) -> Option<Node> {
        let list = key::is_list(path);
        let form = if list { "a list" } else { "a mapping" };
        let message = format!("this should be {form}, not {}", node.kind());
        let error = self.mismatch(NodeError::from(message), &node, false);
        if error || !list || node.as_str().is_none() {
            return None;
        }
        // Falco takes a single value for a list of one.
        let place = node.place;
        let item = self.value(&format!("{path}[]"), name, node)?;
        Some(Node { place, value: Value::Sequence(vec![item]) })
    }

    /// Tells of a wrong value; whether that is an error. Then there will be no settings, and the value stays in the
    /// tree, so that it isn't taken for missing.
    fn mismatch(&mut self, mismatch: NodeError, node: &Node, fatal: bool) -> bool {
        let NodeError { message, help, place } = mismatch;
        let place = place.unwrap_or(node.place);
        let unset =
            self.unset.get(&node.place).map(|unset| format!("`{}` is not set in the environment", unset.0));
        let add = |mut diagnostic: Diagnostic| {
            diagnostic.help = unset.or(help);
            diagnostic
        };
        if fatal {
            self.diagnostics.push(add(Diagnostic::error(WRONG_VALUE, message).at(place)));
        } else {
            self.tell(WRONG_VALUE, message, place, add);
        }
        fatal || self.owner == Owner::Lanner
    }

    /// Whether the key has an effect; where it hasn't, that is said.
    fn effect(&mut self, row: &'static Key, place: Place) -> bool {
        let why = match row.effect {
            Effect::Yes => return true,
            Effect::NotYet(brings) => format!("it comes with {brings}"),
            Effect::Never(reason) => reason.to_owned(),
        };
        if self.named.insert(row.path) {
            let yet = if matches!(row.effect, Effect::NotYet(_)) { " yet" } else { "" };
            let message = format!("`{}` has no effect{yet}: {why}", row.path.trim_end_matches("[]"));
            self.diagnostics.push(match self.owner {
                Owner::Falco => Diagnostic::note(NO_EFFECT, message).at(place),
                Owner::Lanner => Diagnostic::error(NO_EFFECT, message).at(place),
            });
        }
        false
    }

    /// A mistake: as bad as whose section it is in.
    fn tell(
        &mut self,
        code: &'static str,
        message: String,
        place: Place,
        add: impl FnOnce(Diagnostic) -> Diagnostic,
    ) {
        let diagnostic = match self.owner {
            Owner::Falco => Diagnostic::warning(code, message),
            Owner::Lanner => Diagnostic::error(code, message),
        };
        self.diagnostics.push(add(diagnostic.at(place)));
    }
}
