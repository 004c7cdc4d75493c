//! `plugins[container].init_config.engines`: which container engines are asked, and where.

use lanner_diagnostic::Node;

use crate::key;
use crate::settings::EngineSettings;
use crate::values::Values;

/// The path of the settings of the plugin that is built in.
const PLUGIN: &str = "plugins[container].";
/// The path of its engines, below that.
const ENGINES: &str = "init_config.engines";

/// The engines of a checked tree that aren't as usual.
pub(crate) fn read(root: &Node) -> Vec<EngineSettings> {
    let plugins = Values::root(root).node("plugins").and_then(Node::as_sequence).unwrap_or_default();
    let own = plugins.iter().filter(|plugin| plugin.get("name").and_then(Node::as_str) == Some("container"));
    own.flat_map(|plugin| of(Values::of(plugin, PLUGIN))).collect()
}

fn of(values: Values<'_>) -> impl Iterator<Item = EngineSettings> {
    let with_sockets = key::all().filter_map(|key| {
        let rest = key.path.strip_prefix(PLUGIN)?.strip_prefix(ENGINES)?.strip_prefix('.')?;
        rest.strip_suffix(".sockets[]")
    });
    with_sockets.filter_map(move |name| {
        let key = |key: &str| format!("{ENGINES}.{name}.{key}");
        values.node(&format!("{ENGINES}.{name}"))?;
        let sockets = values.node(&key("sockets")).map(|_| {
            let texts = values.texts(&key("sockets"));
            texts.into_iter().filter_map(Node::as_str).map(Into::into).collect()
        });
        Some(EngineSettings { name, enabled: values.bool(&key("enabled")), sockets })
    })
}
