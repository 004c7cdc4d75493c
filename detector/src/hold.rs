//! Events that wait for what is known of their container, to be judged again.

use std::collections::VecDeque;
use std::time::Instant;

use lanner_event::{ContainerId, Containers, EventRef, Host, Record};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How many events may wait; past that they are judged with what is known.
pub const HELD_MAX: usize = 4096;
/// How many bytes the events that wait may have, written down; past that they are judged with what is known.
pub const HELD_BYTES_MAX: usize = 64 << 20;

/// An event that waits, and what rules need of the host as it was.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HeldEvent {
    /// The event and the host.
    pub record: Record,
    /// Its container.
    pub container: ContainerId,
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
        HeldEvent { record: Record::new(event, host), container: container.clone(), rules }
    }

    /// Notes what is known of the event's container now.
    pub fn know(&mut self, containers: &Containers) {
        self.record.know(&self.container, containers);
    }
}

/// One that waits.
#[derive(Debug)]
pub struct Waiting {
    /// Its identity in the journal.
    pub id: Uuid,
    /// The event.
    pub held: HeldEvent,
    bytes: usize,
    deadline: Instant,
}

/// Those that wait, in the order of their deadlines.
#[derive(Debug, Default)]
pub struct Hold {
    waiting: VecDeque<Waiting>,
    bytes: usize,
}

impl Hold {
    /// Whether there is room for another of so many bytes.
    pub fn has_room(&self, bytes: usize) -> bool {
        self.waiting.len() < HELD_MAX && self.bytes + bytes <= HELD_BYTES_MAX
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Lets one wait, which has so many bytes. Deadlines come in order, as all wait equally long.
    pub fn push(&mut self, id: Uuid, held: HeldEvent, bytes: usize, deadline: Instant) {
        self.bytes += bytes;
        self.waiting.push_back(Waiting { id, held, bytes, deadline });
    }

    /// Takes out those of a container.
    pub fn take_of(&mut self, container: &str) -> Vec<Waiting> {
        let (taken, kept): (VecDeque<_>, VecDeque<_>) =
            self.waiting.drain(..).partition(|waiting| &*waiting.held.container == container);
        self.waiting = kept;
        self.taken(taken)
    }

    /// Takes out those whose deadline has passed.
    pub fn take_due(&mut self, now: Instant) -> Vec<Waiting> {
        let due = self.waiting.iter().take_while(|waiting| waiting.deadline <= now).count();
        let due = self.waiting.drain(..due).collect();
        self.taken(due)
    }

    fn taken(&mut self, taken: VecDeque<Waiting>) -> Vec<Waiting> {
        self.bytes -= taken.iter().map(|waiting| waiting.bytes).sum::<usize>();
        taken.into()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lanner_event::Kind;
    use lanner_event::sample::Sample;

    use super::*;

    fn held() -> HeldEvent {
        let mut sample = Sample::new(Kind::Execve);
        for (field, value) in [("proc.name", "sh"), ("proc.aname[2]", "sshd"), ("container.id", "abc")] {
            sample.set(field, value).unwrap();
        }
        let (batch, host) = sample.build();
        HeldEvent::new(batch.get(0), &host, &"abc".into(), None)
    }

    #[test]
    fn those_that_wait_are_bounded_and_taken_once() {
        let (now, held) = (Instant::now(), held());
        let mut hold = Hold::default();
        assert!(hold.has_room(HELD_BYTES_MAX) && !hold.has_room(HELD_BYTES_MAX + 1));
        for at in 0..HELD_MAX as u64 {
            assert!(hold.has_room(1));
            let mut held = held.clone();
            held.container = if at % 2 == 0 { "even".into() } else { "odd".into() };
            hold.push(Uuid::from_u64_pair(0, at), held, 1, now + Duration::from_secs(at));
        }
        assert!(!hold.has_room(1));
        assert_eq!(hold.take_of("odd").len(), HELD_MAX / 2);
        assert_eq!(hold.take_due(now + Duration::from_secs(2)).len(), 2);
        assert_eq!(hold.take_due(now + Duration::from_secs(2)).len(), 0);
        assert!(hold.has_room(HELD_BYTES_MAX - HELD_MAX));
        assert_eq!(hold.take_of("even").len(), HELD_MAX / 2 - 2);
        assert!(hold.is_empty() && hold.has_room(HELD_BYTES_MAX));
    }
}
