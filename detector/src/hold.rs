//! Events that wait for what is known of their container, to be judged again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use lanner_event::{ContainerId, EventRef, Host, OwnedEvent, Process};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How many events may wait; past that they are judged with what is known.
pub const HELD_MAX: usize = 4096;

/// An event, and what rules need of the host as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeldEvent {
    /// The event.
    pub event: OwnedEvent,
    /// Its process and that one's ancestors and session leader.
    pub processes: Vec<Process>,
    /// Its container.
    pub container: Arc<str>,
    /// The rules that may be true of it, by name; none for all rules, in their order.
    pub rules: Option<Vec<String>>,
}

impl HeldEvent {
    /// Takes an event out of its batch, with what rules need of the host.
    pub fn new(
        event: EventRef,
        host: &Host,
        container: &ContainerId,
        rules: Option<Vec<String>>,
    ) -> HeldEvent {
        let mut processes = Vec::new();
        if let Some(process) = host.processes.get(event.task.pid) {
            processes.push(process.clone());
            processes.extend(host.processes.ancestors(process).cloned());
        }
        for other in [event.task.ppid, event.task.sid, event.task.pgid] {
            if let Some(other) = host.processes.get(other).filter(|other| !processes.contains(other)) {
                processes.push(other.clone());
            }
        }
        HeldEvent { event: event.to_owned(), processes, container: container.clone(), rules }
    }
}

/// One that waits.
#[derive(Debug)]
pub struct Waiting {
    /// Its identity in the journal.
    pub id: Uuid,
    /// The event.
    pub held: HeldEvent,
    deadline: Instant,
}

/// Those that wait, in the order of their deadlines.
#[derive(Debug, Default)]
pub struct Hold {
    waiting: VecDeque<Waiting>,
}

impl Hold {
    /// Whether there is room for another.
    pub fn has_room(&self) -> bool {
        self.waiting.len() < HELD_MAX
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Lets one wait. Deadlines come in order, as all wait equally long.
    pub fn push(&mut self, id: Uuid, held: HeldEvent, deadline: Instant) {
        self.waiting.push_back(Waiting { id, held, deadline });
    }

    /// Takes out those of a container.
    pub fn take_of(&mut self, container: &str) -> Vec<Waiting> {
        let (taken, kept): (VecDeque<_>, VecDeque<_>) =
            self.waiting.drain(..).partition(|waiting| &*waiting.held.container == container);
        self.waiting = kept;
        taken.into()
    }

    /// Takes out those whose deadline has passed.
    pub fn take_due(&mut self, now: Instant) -> Vec<Waiting> {
        let due = self.waiting.iter().take_while(|waiting| waiting.deadline <= now).count();
        self.waiting.drain(..due).collect()
    }
}
