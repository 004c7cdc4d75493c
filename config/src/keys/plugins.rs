//! Plugins.

use crate::key::{Family, Key, Owner};
use crate::kind::Kind;

const PLUGINS: &str = "the sources and fields of the known plugins, built in";

const BY_CGROUP: &str = "such containers are known by their cgroups, which costs nothing";

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
        Key::new(
            "plugins[].name",
            Kind::Text,
            "",
            "The plugin's name. What `container` does is built in, and its \
             settings are `plugins[container].init_config`; that of others comes with them.",
        )
        .not_yet(PLUGINS),
        Key::new("plugins[].library_path", Kind::Text, "", "Its library.")
            .never("Lanner loads no foreign code"),
        Key::new("plugins[].init_config", Kind::Any, "", "Its settings.").not_yet(PLUGINS),
        Key::new("plugins[].open_params", Kind::Text, "", "What it is to read.").not_yet(PLUGINS),
        Key::new("plugins[container].name", Kind::Text, "", "What these settings are of: the containers."),
        Key::new("plugins[container].library_path", Kind::Text, "", "The library of Falco's plugin.")
            .never("what the plugin `container` does is built in"),
        Key::new("plugins[container].open_params", Kind::Text, "", "What Falco's plugin is to read.")
            .never("there is nothing to open"),
        Key::new(
            "plugins[container].init_config.label_max_len",
            Kind::Whole(0, i64::MAX),
            "100",
            "How long a label may be.",
        )
        .never("labels are kept up to 4096 bytes"),
        Key::new(
            "plugins[container].init_config.with_size",
            Kind::Bool,
            "false",
            "Whether to ask for sizes.",
        )
        .never("no field shows the size of a container"),
        Key::new(
            "plugins[container].init_config.hooks[]",
            Kind::OneOf(&["create", "start", "remove"]),
            "",
            "When engines are asked.",
        )
        .never("a container is asked for when its cgroup is made"),
        Key::new(
            "plugins[container].init_config.engine_timeout",
            Kind::Whole(0, i64::MAX),
            "10",
            "How long an engine may take at the start.",
        )
        .never("Lanner's start waits for no engine"),
        Key::new(
            "plugins[container].init_config.engines.docker.enabled",
            Kind::Bool,
            "true",
            "Whether to ask Docker.",
        ),
        Key::new(
            "plugins[container].init_config.engines.docker.sockets[]",
            Kind::Text,
            "",
            "Where to ask it instead of the usual places, below `HOST_ROOT` where that is set. A `*` stands for the number of a user, who runs an engine of their own: it is asked about that user's containers only.",
        ),
        Key::new(
            "plugins[container].init_config.engines.podman.enabled",
            Kind::Bool,
            "true",
            "Whether to ask podman.",
        ),
        Key::new(
            "plugins[container].init_config.engines.podman.sockets[]",
            Kind::Text,
            "",
            "Where to ask it instead of the usual places, below `HOST_ROOT` where that is set. A `*` stands for the number of a user, who runs an engine of their own: it is asked about that user's containers only.",
        ),
        Key::new(
            "plugins[container].init_config.engines.cri.enabled",
            Kind::Bool,
            "true",
            "Whether to ask the runtimes of Kubernetes: containerd, CRI-O and others (CRI).",
        ),
        Key::new(
            "plugins[container].init_config.engines.cri.sockets[]",
            Kind::Text,
            "",
            "Where to ask it instead of the usual places, below `HOST_ROOT` where that is set. A `*` stands for the number of a user, who runs an engine of their own: it is asked about that user's containers only.",
        ),
        Key::new(
            "plugins[container].init_config.engines.containerd.enabled",
            Kind::Bool,
            "true",
            "Whether to ask containerd by itself, for `ctr` and nerdctl.",
        ),
        Key::new(
            "plugins[container].init_config.engines.containerd.sockets[]",
            Kind::Text,
            "",
            "Where to ask it instead of the usual places, below `HOST_ROOT` where that is set. A `*` stands for the number of a user, who runs an engine of their own: it is asked about that user's containers only.",
        ),
        Key::new(
            "plugins[container].init_config.engines.lxc.enabled",
            Kind::Bool,
            "true",
            "Whether to know the containers of LXC.",
        )
        .never(BY_CGROUP),
        Key::new(
            "plugins[container].init_config.engines.libvirt_lxc.enabled",
            Kind::Bool,
            "true",
            "Whether to know the containers of libvirt.",
        )
        .never(BY_CGROUP),
        Key::new(
            "plugins[container].init_config.engines.bpm.enabled",
            Kind::Bool,
            "true",
            "Whether to know the containers of BPM.",
        )
        .never(BY_CGROUP),
        Key::new("plugins_hostinfo", Kind::Bool, "true", "Whether plugins see the host.")
            .never("Lanner loads no foreign code"),
    ],
};
