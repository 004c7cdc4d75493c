//! Which container a cgroup belongs to, kept up to date and bounded.

use hashbrown::{HashMap, HashSet};
use lanner_event::{CgroupId, ContainerId, ContainerState, Containers, Processes, Task};

use super::{Limits, Seen, StateCounts, cgroup, procfs};

/// What is needed to keep [`Containers`] up to date.
#[derive(Debug)]
pub struct Cgroups {
    v2: bool,
    /// Cgroups that could not be looked up, and the process by which that was tried: another may know.
    missed: HashMap<CgroupId, (i32, u64)>,
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
        Cgroups { v2, missed: HashMap::new() }
    }

    /// Notes which container a cgroup belongs to.
    pub fn note(&mut self, world: &mut World, cgroup: CgroupId, path: &[u8]) {
        if world.containers.by_cgroup.contains_key(&cgroup) {
            return;
        }
        if world.containers.by_cgroup.len() >= world.limits.cgroups {
            trim(world);
        }
        self.missed.remove(&cgroup);
        let container = cgroup::container_id(path).map(ContainerId::from);
        world.containers.by_cgroup.insert(cgroup, container);
    }

    /// The container of a thread, where it is seen for the first time.
    pub fn seen(&mut self, world: &mut World, task: &Task, old: bool) -> Option<Seen> {
        let mut id = world.containers.by_cgroup.get(&task.cgroup);
        if id.is_none() {
            self.look_up(world, task)?;
            id = world.containers.by_cgroup.get(&task.cgroup);
        }
        let id = id?.as_ref().filter(|id| !world.containers.by_id.contains_key(*id))?;
        let id = id.clone();
        if world.containers.by_id.len() >= world.limits.containers {
            trim(world);
        }
        world.containers.by_id.insert(id.clone(), ContainerState::Pending);
        Some(Seen { id, old })
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
}

/// Makes room: forgets the cgroups that no process is in, with their containers; then any, which will be looked up
/// again, so that half is free.
fn trim(world: &mut World) {
    let used: HashSet<CgroupId> = world.processes.iter().map(|process| process.cgroup).collect();
    let Containers { by_id, by_cgroup, users } = &mut *world.containers;
    by_cgroup.retain(|cgroup, _| used.contains(cgroup));
    let evicted = halve(by_cgroup, world.limits.cgroups);
    world.counts.evicted_cgroups += evicted;
    let referenced: HashSet<&ContainerId> = by_cgroup.values().flatten().collect();
    by_id.retain(|id, _| referenced.contains(id));
    world.counts.evicted_containers += halve(by_id, world.limits.containers);
    users.retain(|id, _| by_id.contains_key(id));
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
