//! LXC, and LXD and Incus on top of it: known by cgroup alone.

use super::engine::{EngineSpec, Parent, Pattern, Way};

/// Its row.
pub const SPEC: EngineSpec = EngineSpec {
    name: "lxc",
    cgroups: &[
        Pattern::name(Parent::Named("lxc"), "", ""),
        Pattern::name(Parent::Named("lxc.payload"), "", ""),
        Pattern::name(Parent::Any, "lxc.payload.", ""),
    ],
    way: Way::Cgroup("lxc"),
};
