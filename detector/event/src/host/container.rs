//! Containers, and the cgroups that tell them apart.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::user::UsersState;

/// A cgroup's number in the hierarchy that containers are told apart by (kernfs node id).
pub type CgroupId = u64;

/// The full id of a container, as its engine writes it: 64 hexadecimal digits for most.
pub type ContainerId = Arc<str>;

/// A mount of a container.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Mount {
    /// The directory of the host, or the volume.
    pub source: Box<str>,
    /// Where it is in the container.
    pub dest: Box<str>,
    /// The engine's mode, such as `ro`; often empty.
    pub mode: Box<str>,
    /// Whether it may be written.
    pub rw: bool,
    /// How mounts travel, such as `rprivate`.
    pub propagation: Box<str>,
}

/// A command that an engine runs in a container, to see how it is: the program, and its arguments.
pub type Probe = Vec<Box<str>>;

/// What an engine knows of a container. What it doesn't know is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Container {
    /// The full id.
    pub full_id: Box<str>,
    /// The name, without a leading slash.
    pub name: Box<str>,
    /// The kind of engine as Falco names it: `docker`, `podman`, `containerd`…
    pub engine: Box<str>,
    /// The image as it was asked for: `repository:tag`.
    pub image: Box<str>,
    /// The image's id.
    pub image_id: Box<str>,
    /// The image's name without tag and digest.
    pub image_repository: Box<str>,
    /// The image's tag.
    pub image_tag: Box<str>,
    /// The image's digest in its registry; empty for one that was never in one.
    pub image_digest: Box<str>,
    /// Whether it runs with all privileges.
    pub privileged: bool,
    /// Its mounts.
    pub mounts: Vec<Mount>,
    /// Its labels.
    pub labels: BTreeMap<Box<str>, Box<str>>,
    /// The variables of its environment that fields read; see [`Container::keeps_variable`].
    pub environment: BTreeMap<Box<str>, Box<str>>,
    /// When it was made, in nanoseconds since 1970-01-01 UTC.
    pub created: u64,
    /// Its IPv4 address, which is its pod's where it is in one.
    pub ip: Box<str>,
    /// Whether it sees the host's processes.
    pub host_pid: bool,
    /// Whether it shares the host's network.
    pub host_network: bool,
    /// Whether it shares the host's IPC namespace.
    pub host_ipc: bool,
    /// Its health check; empty where the image's was turned off, `None` where there never was one.
    pub healthcheck: Option<Probe>,
    /// What Kubernetes runs in it to see whether it must be started again.
    pub liveness_probe: Option<Probe>,
    /// What Kubernetes runs in it to see whether it can be sent requests.
    pub readiness_probe: Option<Probe>,
    /// The full id of its pod's sandbox.
    pub pod_sandbox_id: Box<str>,
    /// The labels of its pod.
    pub pod_labels: BTreeMap<Box<str>, Box<str>>,
    /// What the network plugin answered for its pod: addresses by interface, as JSON.
    pub pod_cni: Box<str>,
    /// Where this was learned: the engine's socket; empty where it is told by the cgroup alone.
    pub source: Box<str>,
}

impl Container {
    /// Whether a variable of a container's environment is kept: those that Mesos and Marathon set. Others may hold
    /// secrets, and no field reads them.
    pub fn keeps_variable(name: &str) -> bool {
        name.starts_with("MESOS_") || name.starts_with("MARATHON_")
    }
}

/// How much is known of a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContainerState {
    /// The engine has been asked.
    Pending,
    /// The engine has answered.
    Known(Arc<Container>),
    /// No engine knows it, or none answered in time.
    Unavailable,
}

/// Containers by id, and the cgroups that belong to them.
#[derive(Debug, Clone, Default)]
pub struct Containers {
    /// By full id.
    pub by_id: HashMap<ContainerId, ContainerState>,
    /// The container of a cgroup; `None` where it is the host's. A cgroup that isn't here is not known.
    pub by_cgroup: HashMap<CgroupId, Option<ContainerId>>,
    /// Their users, by full id.
    pub users: HashMap<ContainerId, UsersState>,
}

impl Containers {
    /// Whether something of a container is still on its way.
    pub fn is_pending(&self, id: &str) -> bool {
        self.by_id.get(id) == Some(&ContainerState::Pending)
            || self.users.get(id) == Some(&UsersState::Pending)
    }

    /// The container that a cgroup belongs to.
    pub fn of_cgroup(&self, cgroup: CgroupId) -> Option<&ContainerId> {
        self.by_cgroup.get(&cgroup)?.as_ref()
    }
}
