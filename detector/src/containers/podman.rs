//! Podman, which answers as Docker does.

use std::sync::Arc;

use super::docker::Docker;
use super::engine::{EngineSpec, Pattern, Way};

/// Its row.
pub const SPEC: EngineSpec = EngineSpec {
    name: "podman",
    cgroups: &[Pattern::id("libpod-", ".scope"), Pattern::id("libpod-", "")],
    way: Way::Socket {
        defaults: &["/run/podman/podman.sock", "/run/user/*/podman/podman.sock"],
        connect: |socket| Ok(Arc::new(Docker::new("podman", socket)?)),
    },
};
