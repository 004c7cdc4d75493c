//! Plugins.

use crate::key::{Family, Key, Owner};
use crate::kind::Kind;

const PLUGINS: &str = "the sources and fields of the known plugins, built in";

pub(super) const FAMILY: Family = Family {
    title: "Plugins",
    owner: Owner::Falco,
    keys: &[
        Key::new(
            "load_plugins[]",
            Kind::Text,
            "",
            "Which of `plugins` to load, in order; all where the key isn't there.",
        )
        .not_yet(PLUGINS),
        Key::new("plugins[].name", Kind::Text, "", "The plugin's name. What `container` does is built in.")
            .not_yet(PLUGINS),
        Key::new("plugins[].library_path", Kind::Text, "", "Its library.")
            .never("Lanner loads no foreign code"),
        Key::new("plugins[].init_config", Kind::Any, "", "Its settings.").not_yet(PLUGINS),
        Key::new("plugins[].open_params", Kind::Text, "", "What it is to read.").not_yet(PLUGINS),
        Key::new("plugins_hostinfo", Kind::Bool, "true", "Whether plugins see the host.")
            .never("Lanner loads no foreign code"),
    ],
};
