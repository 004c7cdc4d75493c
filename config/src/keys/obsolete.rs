//! Keys that Falco reads nowhere.

use crate::key::{Family, Key, Owner};
use crate::kind::Kind;

const ENGINES: &str = "Falco reads it nowhere since 0.41";

pub(super) const FAMILY: Family = Family {
    title: "Keys that Falco reads nowhere",
    owner: Owner::Falco,
    keys: &[
        Key::new("rule_files[]", Kind::Text, "", "A slip of Falco's schema.")
            .never("Falco reads it nowhere either: `rules_files` is meant"),
        Key::new(
            "container_engines.docker.enabled",
            Kind::Bool,
            "true",
            "Whether to ask Docker about containers.",
        )
        .never(ENGINES),
        Key::new("container_engines.cri.enabled", Kind::Bool, "true", "Whether to ask a CRI runtime.")
            .never(ENGINES),
        Key::new("container_engines.cri.sockets[]", Kind::Text, "", "Where it listens.").never(ENGINES),
        Key::new(
            "container_engines.cri.disable_async",
            Kind::Bool,
            "false",
            "Whether to wait for its answers.",
        )
        .never(ENGINES),
        Key::new("container_engines.podman.enabled", Kind::Bool, "true", "Whether to ask podman.")
            .never(ENGINES),
        Key::new("container_engines.lxc.enabled", Kind::Bool, "true", "Whether to know LXC's containers.")
            .never(ENGINES),
        Key::new(
            "container_engines.libvirt_lxc.enabled",
            Kind::Bool,
            "true",
            "Whether to know libvirt's containers.",
        )
        .never(ENGINES),
        Key::new("container_engines.bpm.enabled", Kind::Bool, "true", "Whether to know bpm's containers.")
            .never(ENGINES),
    ],
};
