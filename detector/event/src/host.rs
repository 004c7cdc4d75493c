//! The host as rules see it: processes, users and containers, as plain data.

mod container;
mod names;
mod process;
mod user;
mod zone;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use container::{CgroupId, Container, ContainerId, ContainerState, Containers, Mount, Probe};
pub use names::{ADDRESSES_MAX, Names};
pub use process::{ENV_BYTES_MAX, ExeFlags, Process, Processes};
pub use user::{User, Users, UsersState};
pub use zone::Zone;

/// The host as rules see it. The detector's state keeps it up to date; nothing else changes it.
#[derive(Debug, Clone, Default)]
pub struct Host {
    /// Its name.
    pub hostname: Arc<str>,
    /// When it started: nanoseconds since 1970-01-01 UTC. With [`crate::Task::start`] this gives times of day.
    pub boot_time: u64,
    /// Processes that live, or ended a moment ago.
    pub processes: Processes,
    /// Its own users and groups.
    pub users: Users,
    /// Containers, and the cgroups that belong to them.
    pub containers: Containers,
    /// The names that rules name, with their addresses.
    pub names: Names,
    /// Its time zone.
    pub zone: Zone,
    /// When events happened.
    pub times: Times,
}

/// When events happened, in nanoseconds since 1970-01-01 UTC; 0 before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Times {
    /// The first event of the source.
    pub first: u64,
    /// The one before the latest.
    pub previous: u64,
    /// The latest, which is the one that is judged.
    pub latest: u64,
}

impl Times {
    /// Notes that another event happened.
    pub fn note(&mut self, time: u64) {
        let known = self.latest != 0;
        let (first, previous) = if known { (self.first, self.latest) } else { (time, time) };
        *self = Times { first, previous, latest: time };
    }
}
