//! `config_files`: how the files that a configuration includes change it.

use std::path::PathBuf;

use lanner_diagnostic::{Node, Place, Value};

/// What becomes of a top-level key that is already set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strategy {
    /// Lists are joined, everything else is replaced.
    Append,
    /// It is replaced.
    Override,
    /// It stays.
    AddOnly,
}

/// An entry of `config_files`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Include {
    pub path: PathBuf,
    pub strategy: Strategy,
    pub place: Place,
}

/// The entries of `config_files`. What is wrong in them is found later, when the whole tree is checked.
pub(crate) fn includes(root: &Node) -> Vec<Include> {
    let items = root.get("config_files").and_then(Node::as_sequence).unwrap_or_default();
    let include = |node: &Node| {
        let path = node.as_str().or_else(|| node.get("path")?.as_str())?;
        let strategy = match node.get("strategy").and_then(Node::as_str) {
            Some("override") => Strategy::Override,
            Some("add-only") => Strategy::AddOnly,
            _ => Strategy::Append,
        };
        Some(Include { path: path.into(), strategy, place: node.place })
    };
    items.iter().filter_map(include).collect()
}

/// Changes the tree by the top-level keys of another.
pub(crate) fn merge(root: &mut Node, other: Node, strategy: Strategy) {
    let (Value::Mapping(entries), Value::Mapping(others)) = (&mut root.value, other.value) else { return };
    for (name, value) in others {
        let Some(known) = entries.iter_mut().find(|(known, _)| known.as_str() == name.as_str()) else {
            entries.push((name, value));
            continue;
        };
        match (strategy, &mut known.1.value, value) {
            (Strategy::AddOnly, ..) => {}
            (Strategy::Append, Value::Sequence(items), Node { value: Value::Sequence(more), .. }) => {
                items.extend(more)
            }
            (_, _, value) => *known = (name, value),
        }
    }
}
