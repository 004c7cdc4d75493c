//! The host as rules see it: processes, users and containers, as plain data.

mod container;
mod process;
mod user;

use std::sync::Arc;

pub use container::{CgroupId, Container, ContainerId, ContainerState, Containers, Mount};
pub use process::{Process, Processes};
pub use user::{User, Users};

/// The host as rules see it. The detector's state keeps it up to date; nothing else changes it.
#[derive(Debug, Clone, Default)]
pub struct Host {
    /// Its name.
    pub hostname: Arc<str>,
    /// When it started: nanoseconds since 1970-01-01 UTC. With [`crate::Task::start`] this gives times of day.
    pub boot_time: u64,
    /// Processes that live, or ended a moment ago.
    pub processes: Processes,
    /// Users and groups.
    pub users: Users,
    /// Containers, and the cgroups that belong to them.
    pub containers: Containers,
}
