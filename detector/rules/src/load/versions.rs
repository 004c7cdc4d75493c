//! What rules files demand of who loads them: a version of the engine, and plugins.

use lanner_diagnostic::{Diagnostic, Node, Place, Sources, nearest};

use super::Loaded;
use super::item::Item;

/// `major.minor.patch`, in the order of their age.
type Version = (u64, u64, u64);

/// The version of Falco's engine that rules may ask for (`required_engine_version`).
const ENGINE: Version = (0, 62, 0);

/// Falco's plugins of which Lanner has the events and fields built in, and the versions whose rules it understands.
const PLUGINS: &[(&str, Version)] = &[
    ("container", (0, 7, 0)),
    ("json", (0, 7, 4)),
    ("k8saudit", (0, 18, 0)),
    ("k8saudit-aks", (0, 6, 0)),
    ("k8saudit-eks", (0, 12, 0)),
    ("k8saudit-gke", (0, 9, 0)),
    ("k8saudit-ovh", (0, 6, 0)),
];

/// Plugins of which one must be there.
#[derive(Debug)]
pub struct Requirement {
    alternatives: Vec<(String, Version)>,
    place: Place,
    whole: Place,
}

impl Requirement {
    /// What there is to say where none of the plugins is there; known once all files were loaded.
    pub fn unmet(&self) -> Option<Diagnostic> {
        let found = |name: &str| PLUGINS.iter().find(|(plugin, _)| *plugin == name);
        if self
            .alternatives
            .iter()
            .any(|(name, wanted)| found(name).is_some_and(|(_, has)| serves(*has, *wanted)))
        {
            return None;
        }
        let (name, wanted) = self.alternatives.first()?;
        let (message, near) = match found(name) {
            Some((_, has)) => {
                let message = format!(
                    "these rules need version {} of the plugin `{name}`, Lanner has {}",
                    text(*wanted),
                    text(*has)
                );
                (message, None)
            }
            None => {
                let message =
                    format!("these rules need the plugin `{name}`, which Lanner doesn't have built in");
                (message, nearest(name, PLUGINS.iter().map(|(plugin, _)| *plugin)))
            }
        };
        Some(self.error(name, message).help_nearest(near))
    }

    fn error(&self, name: &str, message: String) -> Diagnostic {
        Diagnostic::error("LOAD_ERR_VALIDATE", message)
            .at(self.place)
            .item("required plugin versions entry", name, self.place)
            .item("required plugin versions", "", self.whole)
    }
}

impl Loaded {
    pub(super) fn engine_version(&mut self, item: &Item, _: &Sources) {
        item.unknown_keys(&["required_engine_version"], &mut self.diagnostics);
        let Some(node) = item.head() else { return };
        let written = node.as_str().unwrap_or_default();
        let wanted = written.parse().map_or_else(|_| version(written), |minor| Some((0, minor, 0)));
        self.diagnostics.extend(match wanted {
            None => {
                let message = "this is no version: it should be like `0.57.0`, or a whole number";
                Some(item.error("LOAD_ERR_YAML_VALIDATE", message, node.place))
            }
            Some(wanted) if !serves(ENGINE, wanted) => {
                let message =
                    format!("these rules need engine version {written}, Lanner has {}", text(ENGINE));
                Some(item.error("LOAD_ERR_VALIDATE", &message, node.place))
            }
            Some(_) => None,
        });
    }

    pub(super) fn plugin_versions(&mut self, item: &Item, _: &Sources) {
        item.unknown_keys(&["required_plugin_versions"], &mut self.diagnostics);
        let Some(node) = item.head() else { return };
        let Some(entries) = node.as_sequence() else {
            let message = "`required_plugin_versions` must be a list";
            let error = Diagnostic::error("LOAD_ERR_YAML_VALIDATE", message).at(node.place);
            self.diagnostics.push(error.item("required plugin versions", "", node.place));
            return;
        };
        for entry in entries {
            match requirement(entry, node.place) {
                Ok(requirement) => self.requirements.push(requirement),
                Err(error) => self.diagnostics.push(*error),
            }
        }
    }
}

fn requirement(entry: &Node, whole: Place) -> Result<Requirement, Box<Diagnostic>> {
    let mut requirement = Requirement { alternatives: Vec::new(), place: entry.place, whole };
    let name = entry.get("name").and_then(Node::as_str).unwrap_or_default().to_owned();
    let malformed = |message: &str, place: Place| {
        let error = Diagnostic::error("LOAD_ERR_YAML_VALIDATE", message).at(place);
        let error = error.item("required plugin versions entry", &name, entry.place);
        Box::new(error.item("required plugin versions", "", whole))
    };
    let alternatives = match entry.get("alternatives") {
        None => &[][..],
        Some(node) => {
            node.as_sequence().ok_or_else(|| malformed("`alternatives` must be a list", node.place))?
        }
    };
    for plugin in std::iter::once(entry).chain(alternatives) {
        let text = |key: &str| {
            let value = plugin.get(key).and_then(Node::as_str).filter(|text| !text.is_empty());
            value.ok_or_else(|| malformed(&format!("a plugin needs a `{key}`"), plugin.place))
        };
        let (name, written) = (text("name")?, text("version")?);
        let Some(version) = version(written) else {
            return Err(Box::new(
                requirement.error(name, format!("`{written}` is no version, such as `0.4.0`")),
            ));
        };
        if requirement.alternatives.iter().any(|(other, _)| other == name) {
            return Err(Box::new(requirement.error(name, format!("the plugin `{name}` stands here twice"))));
        }
        requirement.alternatives.push((name.to_owned(), version));
    }
    Ok(requirement)
}

/// Whether a version does what rules for another need: it isn't older, and nothing was taken away since.
fn serves(has: Version, wanted: Version) -> bool {
    has.0 == wanted.0 && has >= wanted
}

/// What stands behind `-` or `+` doesn't count.
fn version(text: &str) -> Option<Version> {
    let mut numbers = text.split(['-', '+']).next()?.split('.').map(|number| number.parse().ok());
    let version = (numbers.next()??, numbers.next()??, numbers.next()??);
    numbers.next().is_none().then_some(version)
}

fn text((major, minor, patch): Version) -> String {
    format!("{major}.{minor}.{patch}")
}
