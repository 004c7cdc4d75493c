//! Containers that have just been started: each raises a `container` event, once it is known what it is and its
//! own program runs.

use std::sync::Arc;
use std::time::Instant;

use lanner_event::{ContainerState, Event, EventBatch, EventFlags, EventRef, Kind, Param, Slice, Task};

use super::{Detector, Sink};
use crate::state::Seen;

/// A container that has just been started.
pub(super) struct Starting {
    task: Task,
    time: u64,
    num: u64,
    /// Whether its own program runs; until then its first process is the engine's.
    runs: bool,
    since: Instant,
}

impl Detector {
    /// A container was seen for the first time: its engine is asked.
    pub(super) fn seen(&mut self, seen: Seen, task: &Task) {
        let containers = &mut self.state.host.containers;
        if !self.engines.ask(&seen.id) {
            containers.by_id.insert(seen.id, ContainerState::Unavailable);
            return;
        }
        if !seen.old {
            let starting = Starting { task: *task, time: 0, num: 0, runs: false, since: Instant::now() };
            self.starting.insert(seen.id, starting);
        }
    }

    /// The first process of a container has started a program.
    pub(super) fn entrypoint(&mut self, event: &EventRef) {
        let Some(id) = self.state.host.containers.of_cgroup(event.task.cgroup) else { return };
        if let Some(starting) = self.starting.get_mut(id).filter(|starting| !starting.runs) {
            starting.task = event.task;
            starting.time = event.time;
            starting.num = event.num;
            starting.runs = true;
        }
    }

    /// Raises the events of containers that are known and run, or have had their time to.
    pub(super) fn raise_started(&mut self, sink: &mut Sink) -> bool {
        let wait = self.wait;
        let known = &self.state.host.containers.by_id;
        let ready: Vec<Arc<str>> = self
            .starting
            .iter()
            .filter(|(id, starting)| {
                matches!(known.get(*id), Some(ContainerState::Known(_)))
                    && (starting.runs || starting.since.elapsed() > wait)
            })
            .map(|(id, _)| id.clone())
            .collect();
        ready.into_iter().all(|id| {
            let Some(starting) = self.starting.remove(&id) else { return true };
            let mut batch = EventBatch::default();
            push(&mut batch, &starting, &id);
            self.batch(&batch, sink)
        })
    }
}

fn push(batch: &mut EventBatch, starting: &Starting, id: &str) {
    let id = batch.push_bytes(id.as_bytes());
    let params: Slice = batch.push_params(&[Param::Bytes(id)]);
    batch.events.push(Event {
        num: starting.num.max(1),
        time: starting.time,
        kind: Kind::Container,
        flags: EventFlags::empty(),
        cpu: 0,
        res: 0,
        task: starting.task,
        fd: None,
        params,
    });
}
