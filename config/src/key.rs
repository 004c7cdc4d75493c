//! One row per key: what may stand in the configuration, what it means, and whether it does anything.
//!
//! The check of a configuration, the values that a missing key has, and the reference page are all read from
//! the rows, so that they can't disagree.

use lanner_diagnostic::nearest;

use crate::keys::FAMILIES;
use crate::kind::Kind;

/// Who defined a key, which decides what a mistake in it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// Falco, which runs on a wrong key: a warning, and the key has its default.
    Falco,
    /// Lanner: a wrong key is an error.
    Lanner,
}

/// Keys that belong together.
#[derive(Debug)]
pub struct Family {
    /// The heading of the reference page.
    pub title: &'static str,
    /// Who defined them.
    pub owner: Owner,
    /// The keys, in the order of the reference page.
    pub keys: &'static [Key],
}

/// What a key does today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// What it means.
    Yes,
    /// Nothing yet; what will bring it.
    NotYet(&'static str),
    /// Nothing, for this reason.
    Never(&'static str),
}

/// A key of the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Where it stands: names joined with dots, `[]` for the items of a list, `*` for any name.
    pub path: &'static str,
    /// What its value must be.
    pub kind: Kind,
    /// Its value where it isn't set, as it would be written; empty where there is none.
    pub default: &'static str,
    /// What it means, in sentences.
    pub doc: &'static str,
    /// What it does today.
    pub effect: Effect,
    /// Whether a wrong value is an error although the key is Falco's, because Falco doesn't start with it.
    pub fatal: bool,
}

impl Key {
    /// A key that has its effect.
    pub(crate) const fn new(path: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> Key {
        Key { path, kind, default, doc, effect: Effect::Yes, fatal: false }
    }

    /// Says what will bring its effect.
    pub(crate) const fn not_yet(self, brings: &'static str) -> Key {
        Key { effect: Effect::NotYet(brings), ..self }
    }

    /// Says why it has no effect.
    pub(crate) const fn never(self, reason: &'static str) -> Key {
        Key { effect: Effect::Never(reason), ..self }
    }

    /// Says that Falco doesn't start with a wrong value.
    pub(crate) const fn fatal(self) -> Key {
        Key { fatal: true, ..self }
    }
}

/// All keys.
pub(crate) fn all() -> impl Iterator<Item = &'static Key> {
    FAMILIES.iter().flat_map(|family| family.keys)
}

/// The row of that path.
pub(crate) fn row(path: &str) -> Option<&'static Key> {
    all().find(|key| key.path == path)
}

/// Who defined the top-level key of that name; Falco where nobody knows it.
pub(crate) fn owner(name: &str) -> Owner {
    let family =
        FAMILIES.iter().find(|family| family.keys.iter().any(|key| segments(key.path).next() == Some(name)));
    family.map_or(Owner::Falco, |family| family.owner)
}

/// The names of a path, without the brackets of lists.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('.').map(|name| name.split('[').next().unwrap_or(name))
}

/// The path of the items of a list; of those that bear a name for which there are rows, theirs.
pub(crate) fn items(list: &str, name: Option<&str>) -> String {
    let own = name.map(|name| format!("{list}[{name}]"));
    own.filter(|path| names(path).next().is_some()).unwrap_or_else(|| format!("{list}[]"))
}

/// Whether the value at that path is a list: there are rows for its items.
pub(crate) fn is_list(path: &str) -> bool {
    all().any(|key| key.path.strip_prefix(path).is_some_and(|rest| rest.starts_with("[]")))
}

/// The names that may stand in the mapping at that path.
pub(crate) fn names(path: &str) -> impl Iterator<Item = &'static str> {
    all().filter_map(move |key| {
        let rest = match path {
            "" => key.path,
            _ => key.path.strip_prefix(path)?.strip_prefix('.')?,
        };
        segments(rest).next()
    })
}

/// Whether the mapping at that path may have a key of that name; `*` stands for any.
pub(crate) fn child(path: &str, name: &str) -> Option<String> {
    let join = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    if names(path).any(|known| known == name && known != "*") {
        return Some(join(name));
    }
    names(path).any(|known| known == "*").then(|| join("*"))
}

/// Where a key that isn't known at that path might belong: the nearest name there, or else the path of a key
/// of that very name elsewhere.
pub(crate) fn meant(path: &str, name: &str) -> Option<&'static str> {
    let here = nearest(name, names(path));
    here.or_else(|| all().map(|key| key.path).find(|known| segments(known).last() == Some(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_well_formed() {
        let mut seen = std::collections::BTreeSet::new();
        for key in all() {
            assert!(seen.insert(key.path), "{} is there twice", key.path);
            assert!(key.doc.ends_with('.') && key.doc.len() > 10, "{} isn't explained", key.path);
            if !key.default.is_empty() && !key.path.contains("[]") {
                let checked = key.kind.check_text(key.default);
                assert!(checked.is_ok(), "{}: {}: {checked:?}", key.path, key.default);
            }
            if let Effect::NotYet(why) | Effect::Never(why) = key.effect {
                assert!(!why.is_empty() && !why.ends_with('.'), "{}", key.path);
            }
        }
    }

    #[test]
    fn keys_have_owners() {
        assert_eq!(
            (owner("http_output"), owner("router"), owner("x")),
            (Owner::Falco, Owner::Lanner, Owner::Falco)
        );
        assert!(is_list("outputs") && is_list("append_output[].match.tags") && !is_list("router.route"));
        assert_eq!(child("", "priority").as_deref(), Some("priority"));
        assert_eq!(child("static_fields", "x").as_deref(), Some("static_fields.*"));
        assert_eq!(child("engine", "*"), None);
        assert_eq!(items("plugins", Some("container")), "plugins[container]");
        assert_eq!(items("plugins", Some("json")), "plugins[]");
        assert_eq!(items("outputs", None), "outputs[]");
    }
}
