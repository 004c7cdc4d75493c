//! Which container a cgroup belongs to, kept up to date and bounded.

use std::collections::BTreeMap;

use hashbrown::{HashMap, HashSet};
use lanner_event::{CgroupId, ContainerId, ContainerState, Containers, Processes, Task};

use super::cgroup::{self, Sighting};
use super::{CONTAINERS_MAX, Limits, StateCounts, procfs};
use crate::containers::Origin;

/// A container of which something is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// A cgroup was made for it. No process is in it yet.
    Made(ContainerId, Origin),
    /// A process of it was seen for the first time.
    Entered {
        /// Its id.
        id: ContainerId,
        /// Whose it is.
        origin: Origin,
        /// Whether it was there before the capture began.
        old: bool,
    },
}

/// The containers in which processes run now, as far as `/proc` tells: whose they are, and how many processes each has.
pub fn running(v2: bool) -> BTreeMap<ContainerId, (Origin, usize)> {
    let mut found: BTreeMap<ContainerId, (Origin, usize)> = BTreeMap::new();
    for pid in procfs::processes().unwrap_or_default() {
        let Some(path) = procfs::cgroup(pid, v2) else { continue };
        let Some(Sighting { id, origin }) = cgroup::container(&path) else { continue };
        if found.len() < CONTAINERS_MAX || found.contains_key(id) {
            found.entry(id.into()).or_insert((origin, 0)).1 += 1;
        }
    }
    found
}

/// What is needed to keep [`Containers`] up to date.
#[derive(Debug)]
pub struct Cgroups {
    v2: bool,
    /// Cgroups that could not be looked up, and the process by which that was tried: another may know.
    missed: HashMap<CgroupId, (i32, u64)>,
    /// Whose the containers are.
    origins: HashMap<ContainerId, Origin>,
    /// The containers that no process of was seen yet.
    made: HashSet<ContainerId>,
}

/// The host, as far as it is needed here.
pub struct World<'a> {
    /// What is kept up to date.
    pub containers: &'a mut Containers,
    /// Whose cgroups are in use.
    pub processes: &'a Processes,
    /// What is counted.
    pub counts: &'a mut StateCounts,
    /// How much is kept.
    pub limits: &'a Limits,
}

impl Cgroups {
    /// For the hierarchy of version 2, or of version 1's memory controller.
    pub fn new(v2: bool) -> Cgroups {
        Cgroups { v2, missed: HashMap::new(), origins: HashMap::new(), made: HashSet::new() }
    }

    /// Whose a container is.
    pub fn origin(&self, id: &str) -> Origin {
        self.origins.get(id).copied().unwrap_or(Origin::UNKNOWN)
    }

    /// Notes which container a cgroup belongs to.
    pub fn note(&mut self, world: &mut World, cgroup: CgroupId, path: &[u8]) {
        if world.containers.by_cgroup.contains_key(&cgroup) {
            return;
        }
        if world.containers.by_cgroup.len() >= world.limits.cgroups {
            self.trim(world);
        }
        self.missed.remove(&cgroup);
        let container = cgroup::container(path).filter(|sighting| self.may_be(sighting)).map(|sighting| {
            let id = ContainerId::from(sighting.id);
            let before = self.origins.insert(id.clone(), sighting.origin);
            if before.is_some_and(|before| before.user != sighting.origin.user) {
                disown(world.containers, &id);
            }
            id
        });
        world.containers.by_cgroup.insert(cgroup, container);
    }

    /// Whether a cgroup may be that of the container it bears the id of. Users make cgroups as they like in their own
    /// part of the hierarchy, so none of theirs is of a container that is the host's or another's.
    fn may_be(&self, sighting: &Sighting) -> bool {
        let user = sighting.origin.user;
        user.is_none() || self.origins.get(sighting.id).is_none_or(|known| known.user == user)
    }

    /// Notes a cgroup that was just made; says where it is a container's that wasn't known.
    pub fn made(&mut self, world: &mut World, cgroup: CgroupId, path: &[u8]) -> Option<Seen> {
        self.note(world, cgroup, path);
        let id = world.containers.of_cgroup(cgroup)?.clone();
        if !self.begin(world, &id) {
            return None;
        }
        self.made.insert(id.clone());
        let origin = self.origin(&id);
        Some(Seen::Made(id, origin))
    }

    /// The container of a thread, where it is seen for the first time.
    pub fn seen(&mut self, world: &mut World, task: &Task, old: bool) -> Option<Seen> {
        let mut of = world.containers.by_cgroup.get(&task.cgroup);
        if of.is_none() {
            self.look_up(world, task)?;
            of = world.containers.by_cgroup.get(&task.cgroup);
        }
        let id = of?.as_ref()?;
        if world.containers.by_id.contains_key(id) && (self.made.is_empty() || !self.made.remove(id)) {
            return None;
        }
        let id = id.clone();
        self.begin(world, &id);
        let origin = self.origin(&id);
        Some(Seen::Entered { id, origin, old })
    }

    /// Begins to know a container; `false` where that has begun.
    fn begin(&mut self, world: &mut World, id: &ContainerId) -> bool {
        if world.containers.by_id.contains_key(id) {
            return false;
        }
        if world.containers.by_id.len() >= world.limits.containers {
            self.trim(world);
        }
        world.containers.by_id.insert(id.clone(), ContainerState::Pending).is_none()
    }

    /// Asks `/proc` for the cgroup of a process, once.
    fn look_up(&mut self, world: &mut World, task: &Task) -> Option<()> {
        let identity = (task.pid, task.start);
        if self.missed.get(&task.cgroup) == Some(&identity) {
            return None;
        }
        world.counts.looked_up_cgroups += 1;
        let Some(path) = procfs::cgroup(task.pid, self.v2) else {
            if self.missed.len() >= world.limits.cgroups {
                self.missed.clear();
            }
            self.missed.insert(task.cgroup, identity);
            return None;
        };
        self.note(world, task.cgroup, &path);
        Some(())
    }

    /// Makes room: forgets the cgroups that no process is in, with their containers; then any, which will be looked up
    /// again, so that half is free.
    fn trim(&mut self, world: &mut World) {
        let used: HashSet<CgroupId> = world.processes.iter().map(|process| process.cgroup).collect();
        let Containers { by_id, by_cgroup, users } = &mut *world.containers;
        by_cgroup.retain(|cgroup, _| used.contains(cgroup));
        world.counts.evicted_cgroups += halve(by_cgroup, world.limits.cgroups);
        let referenced: HashSet<&ContainerId> = by_cgroup.values().flatten().collect();
        by_id.retain(|id, _| referenced.contains(id));
        world.counts.evicted_containers += halve(by_id, world.limits.containers);
        self.origins.retain(|id, _| referenced.contains(id));
        users.retain(|id, _| by_id.contains_key(id));
        self.made.retain(|id| by_id.contains_key(id));
    }
}

/// Forgets a container that a user claimed, whose id turns out to be that of one of the host's.
fn disown(containers: &mut Containers, id: &ContainerId) {
    containers.by_id.remove(id);
    containers.users.remove(id);
    containers.by_cgroup.values_mut().filter(|of| of.as_ref() == Some(id)).for_each(|of| *of = None);
}

/// Takes out what is above half of a limit; says how many.
fn halve<K, V>(map: &mut HashMap<K, V>, limit: usize) -> u64 {
    let mut excess = map.len().saturating_sub(limit / 2);
    let evicted = excess as u64;
    map.retain(|_, _| {
        let out = excess > 0;
        excess -= usize::from(out);
        !out
    });
    evicted
}
