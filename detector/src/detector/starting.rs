//! Containers that have just been started: each raises a `container` event, once it is known what it is and its
//! own program runs.

use std::time::{Duration, Instant};

use lanner_event::{
    ContainerId, ContainerState, Event, EventBatch, EventFlags, EventRef, Host, Kind, UsersState,
};

use super::{Detector, Sink};
use crate::hold::HeldEvent;
use crate::state::Seen;

/// How long an engine may take to know a container that was started, so that it still raises its event.
const STARTING_WAIT_MAX: Duration = Duration::from_secs(60);
/// How many containers may be starting at once.
const STARTING_MAX: usize = 1024;

/// A container that has just been started.
pub(super) struct Starting {
    /// The event that it will raise, of its own program's process.
    event: HeldEvent,
    /// Whether its own program runs; until then its first process is the engine's.
    runs: bool,
    since: Instant,
}

impl Detector {
    /// A container was seen for the first time, by this event, or its cgroup made: its engine is asked.
    pub(super) fn seen(&mut self, seen: &Seen, event: &EventRef) {
        self.ask_about(seen);
        let Seen::Entered { id, old: false, .. } = seen else { return };
        if self.starting.len() >= STARTING_MAX {
            self.report.containers_not_raised += 1;
            return;
        }
        let event = container_event(event, &self.state.host, id);
        let starting = Starting { event, runs: false, since: Instant::now() };
        self.starting.insert(id.clone(), starting);
    }

    /// Notes where a process has started the program of a container that is starting. Before that an engine may start
    /// its own in the container's cgroup, but not in its namespaces.
    pub(super) fn entrypoint(&mut self, event: &EventRef) {
        let host = &self.state.host;
        let Some(id) = host.containers.of_cgroup(event.task.cgroup) else { return };
        let is_inside = event.task.vpid == 1 || self.mnt_ns.is_some_and(|mnt_ns| event.task.mnt_ns != mnt_ns);
        if let Some(starting) = self.starting.get_mut(id).filter(|starting| is_inside && !starting.runs) {
            starting.event = container_event(event, host, id);
            starting.runs = true;
        }
    }

    /// Whether there is a container that may raise its event soon.
    pub(super) fn awaits_containers(&self) -> bool {
        let known = &self.state.host.containers.by_id;
        self.starting.keys().any(|id| known.get(id) != Some(&ContainerState::Unavailable))
    }

    /// Raises the events of containers that are known and run, or have had their time to.
    pub(super) fn raise_started(&mut self, sink: &mut Sink) -> bool {
        let (wait, before) = (self.wait, self.starting.len() as u64);
        let known = &self.state.host.containers.by_id;
        let is_known = |id: &ContainerId| matches!(known.get(id), Some(ContainerState::Known(_)));
        let users = &self.state.host.containers.users;
        let is_whole = |id: &ContainerId| users.get(id) != Some(&UsersState::Pending);
        let ready: Vec<(ContainerId, Starting)> = self
            .starting
            .extract_if(|id, starting| {
                is_known(id) && (starting.runs && is_whole(id) || starting.since.elapsed() >= wait)
            })
            .collect();
        self.starting.retain(|_, starting| starting.since.elapsed() < STARTING_WAIT_MAX);
        self.report.containers_not_raised += before - ready.len() as u64 - self.starting.len() as u64;
        ready.into_iter().all(|(_, starting)| {
            self.counts[Kind::Container.index()] += 1;
            self.hand_on_all(starting.event, sink)
        })
    }
}

/// The event that a container was started, told of the process of another event.
fn container_event(event: &EventRef, host: &Host, id: &ContainerId) -> HeldEvent {
    let mut batch = EventBatch::default();
    let params = batch.push_named(Kind::Container, &[]);
    batch.events.push(Event {
        kind: Kind::Container,
        flags: EventFlags::empty(),
        res: 0,
        fd: None,
        params,
        document: None,
        details: None,
        ..**event
    });
    HeldEvent::new(batch.get(0), host, id, None)
}
