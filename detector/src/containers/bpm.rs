//! BPM, which runs the jobs of Cloud Foundry: known by cgroup alone.

use super::engine::{EngineSpec, Parent, Pattern, Way};

/// Its row.
pub const SPEC: EngineSpec = EngineSpec {
    name: "bpm",
    cgroups: &[Pattern::name(Parent::Any, "bpm-", ".scope"), Pattern::name(Parent::Any, "bpm-", "")],
    way: Way::Cgroup("bpm"),
};
