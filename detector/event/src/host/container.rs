//! Containers, and the cgroups that tell them apart.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

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

/// What an engine knows of a container.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
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
    /// When it was made, in nanoseconds since 1970-01-01 UTC.
    pub created: u64,
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
}

impl Containers {
    /// The container that a cgroup belongs to.
    pub fn of_cgroup(&self, cgroup: CgroupId) -> Option<&ContainerId> {
        self.by_cgroup.get(&cgroup)?.as_ref()
    }
}
