//! Events that wait for what is known of their container, to be judged again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use lanner_event::{
    Container, ContainerId, ContainerState, Containers, EventRef, Host, OwnedEvent, Param, ParamType,
    Process, Processes, Users,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How many events may wait; past that they are judged with what is known.
pub const HELD_MAX: usize = 4096;
/// How many bytes the events that wait may have, written down; past that they are judged with what is known.
pub const HELD_BYTES_MAX: usize = 64 << 20;

/// An event, and what rules need of the host as it was. It stands by itself: numbers of users, processes and cgroups
/// may mean something else when it is judged, after a restart of the host for one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HeldEvent {
    /// The event.
    pub event: OwnedEvent,
    /// Its process and that one's ancestors, and others that it names.
    pub processes: Vec<Process>,
    /// The users and groups that it names.
    pub users: Users,
    /// When the host had been started, in nanoseconds since 1970-01-01 UTC.
    pub boot_time: u64,
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
        HeldEvent {
            event: event.to_owned(),
            processes: processes_of(event, host),
            users: users_of(event, host),
            boot_time: host.boot_time,
            container: container.clone(),
            rules,
        }
    }

    /// The host as it was, with what is known of the event's container now; the processes and users move there.
    pub fn take_host(&mut self, hostname: &Arc<str>, container: Option<Arc<Container>>) -> Host {
        let mut processes = Processes::default();
        std::mem::take(&mut self.processes).into_iter().for_each(|process| processes.insert(process));
        let mut containers = Containers::default();
        containers.by_cgroup.insert(self.event.as_ref().task.cgroup, Some(self.container.clone()));
        let state = container.map_or(ContainerState::Unavailable, ContainerState::Known);
        containers.by_id.insert(self.container.clone(), state);
        Host {
            hostname: hostname.clone(),
            boot_time: self.boot_time,
            processes,
            users: std::mem::take(&mut self.users),
            containers,
        }
    }
}

/// The values of an event's parameters of one of these types.
fn numbers<'a>(event: EventRef<'a>, types: &'a [ParamType]) -> impl Iterator<Item = i64> + 'a {
    let rows = event.kind.row().params.iter().zip(event.params());
    rows.filter_map(move |(row, param)| match param {
        Param::Int(number) if types.contains(&row.ty) => Some(*number),
        _ => None,
    })
}

fn processes_of(event: EventRef, host: &Host) -> Vec<Process> {
    let known = &host.processes;
    let mut processes: Vec<Process> = Vec::new();
    if let Some(process) = known.get(event.task.pid) {
        processes.push(process.clone());
        // Numbers that were used again can make a ring of ancestors, in which each needs to be kept once.
        for ancestor in known.ancestors(process) {
            if processes.iter().any(|kept| kept.pid == ancestor.pid) {
                break;
            }
            processes.push(ancestor.clone());
        }
    }
    let named = numbers(event, &[ParamType::Pid]).filter_map(|number| i32::try_from(number).ok());
    for pid in [event.task.ppid, event.task.sid, event.task.pgid].into_iter().chain(named) {
        if let Some(other) = known.get(pid).filter(|other| processes.iter().all(|kept| kept.pid != other.pid))
        {
            processes.push(other.clone());
        }
    }
    processes
}

fn users_of(event: EventRef, host: &Host) -> Users {
    let mut users = Users::default();
    let task = event.task;
    let number = |number: i64| u32::try_from(number).ok();
    let uids = numbers(event, &[ParamType::Uid]).filter_map(number);
    for uid in [task.uid, task.euid, task.loginuid].into_iter().chain(uids) {
        if let Some(user) = host.users.users.get(&uid) {
            users.users.insert(uid, user.clone());
        }
    }
    let gids = numbers(event, &[ParamType::Gid]).filter_map(number);
    for gid in [task.gid, task.egid].into_iter().chain(gids) {
        if let Some(name) = host.users.groups.get(&gid) {
            users.groups.insert(gid, name.clone());
        }
    }
    users
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
    fn an_event_is_the_same_after_it_was_written_down() {
        let held = held();
        assert_eq!(held.processes.len(), 3);
        assert_eq!(&*held.users.users[&0].name, b"root");
        let body = serde_json::to_vec(&held).unwrap();
        let mut again: HeldEvent = serde_json::from_slice(&body).unwrap();
        assert_eq!(serde_json::to_value(&again).unwrap(), serde_json::to_value(&held).unwrap());
        let host = again.take_host(&"host".into(), None);
        assert_eq!(host.processes.len(), 3);
        assert_eq!(host.containers.by_id["abc"], ContainerState::Unavailable);
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
