//! The containers of libvirt: known by cgroup alone.

use super::engine::{EngineSpec, Parent, Pattern, Way};

/// Its row. A number and the name follow the prefix; systemd writes a dash within a name as `\x2d`.
pub const SPEC: EngineSpec = EngineSpec {
    name: "libvirt_lxc",
    cgroups: &[
        Pattern::name(Parent::Any, "machine-lxc\\x2d", ".scope"),
        Pattern::name(Parent::Any, "lxc-", ".libvirt-lxc"),
        Pattern::name(Parent::Any, "", ".libvirt-lxc"),
    ],
    way: Way::Cgroup("libvirt-lxc"),
};
