//! An event taken out of its batch together with what rules need of the host, so that it can be judged at another
//! time and in another place.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    ContainerId, ContainerState, Containers, EventRef, Host, Names, OwnedEvent, Param, ParamType, Process,
    Processes, Times, Users, UsersState, Zone,
};

/// An event, and what rules need of the host as it was. It stands by itself: numbers of users, processes and cgroups
/// may mean something else when it is read again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record {
    /// The event.
    pub event: OwnedEvent,
    /// The host's name.
    #[serde(default)]
    pub hostname: Arc<str>,
    /// When the host had been started, in nanoseconds since 1970-01-01 UTC.
    pub boot_time: u64,
    /// Its process and that one's ancestors, and others that it names.
    pub processes: Vec<Process>,
    /// The host's users and groups that it may name.
    pub users: Users,
    /// The names that its addresses have.
    #[serde(default, skip_serializing_if = "is_default")]
    pub names: Names,
    /// The time zone, as it was at the event.
    #[serde(default, skip_serializing_if = "is_default")]
    pub zone: Zone,
    /// When it and those before it happened.
    #[serde(default)]
    pub times: Times,
    /// Its container; `None` where it happened on the host.
    pub container: Option<RecordedContainer>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A container, and what was known of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RecordedContainer {
    /// Its full id.
    pub id: ContainerId,
    /// What was known of it.
    pub state: ContainerState,
    /// Those of its users and groups that the event names.
    #[serde(default)]
    pub users: UsersState,
}

impl RecordedContainer {
    /// Whether something of it is still on its way.
    pub fn is_pending(&self) -> bool {
        self.state == ContainerState::Pending || self.users == UsersState::Pending
    }
}

impl Record {
    /// Takes an event out of its batch, with what rules need of the host.
    pub fn new(event: EventRef, host: &Host) -> Record {
        let container = host.containers.of_cgroup(event.task.cgroup).map(|id| {
            let state = host.containers.by_id.get(id).cloned().unwrap_or(ContainerState::Unavailable);
            let users = host.containers.users.get(id).unwrap_or(&UsersState::Unavailable);
            RecordedContainer { id: id.clone(), state, users: named_of(event, users) }
        });
        Record {
            event: event.to_owned(),
            hostname: host.hostname.clone(),
            boot_time: host.boot_time,
            processes: processes_of(event, host),
            users: named(event, &host.users),
            names: names_of(event, host),
            zone: host.zone.fixed((event.time / 1_000_000_000) as i64),
            times: host.times,
            container,
        }
    }

    /// Reads a record that was written down as JSON.
    ///
    /// # Errors
    /// Where it is none.
    pub fn parse(text: &str) -> Result<Record, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Takes what is known of its container by now; what isn't then never will be.
    pub fn know(&mut self, id: &ContainerId, containers: &Containers) {
        let state = match containers.by_id.get(id) {
            Some(ContainerState::Known(container)) => ContainerState::Known(container.clone()),
            _ => ContainerState::Unavailable,
        };
        let users = match containers.users.get(id) {
            Some(users @ UsersState::Known(_)) => named_of(self.event.as_ref(), users),
            _ => UsersState::Unavailable,
        };
        self.container = Some(RecordedContainer { id: id.clone(), state, users });
    }

    /// The record as one line of JSON, without the line's end.
    pub fn line(&self) -> String {
        // Its maps have keys that are texts and numbers, so that there is nothing that JSON can't say.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The host as it was.
    pub fn host(&self) -> Host {
        let mut processes = Processes::default();
        self.processes.iter().cloned().for_each(|process| processes.insert(process));
        let mut containers = Containers::default();
        let id = self.container.as_ref().map(|container| container.id.clone());
        containers.by_cgroup.insert(self.event.as_ref().task.cgroup, id);
        if let Some(RecordedContainer { id, state, users }) = &self.container {
            containers.by_id.insert(id.clone(), state.clone());
            containers.users.insert(id.clone(), users.clone());
        }
        Host {
            hostname: self.hostname.clone(),
            boot_time: self.boot_time,
            processes,
            users: self.users.clone(),
            containers,
            names: self.names.clone(),
            zone: self.zone.clone(),
            times: self.times,
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

/// The users and groups that an event may name.
fn named(event: EventRef, known: &Users) -> Users {
    let task = event.task;
    let number = |number: i64| u32::try_from(number).ok();
    let uids = numbers(event, &[ParamType::Uid]).filter_map(number);
    let gids = numbers(event, &[ParamType::Gid]).filter_map(number);
    known.only(
        [task.uid, task.euid, task.loginuid].into_iter().chain(uids),
        [task.gid, task.egid].into_iter().chain(gids),
    )
}

fn named_of(event: EventRef, known: &UsersState) -> UsersState {
    match known {
        UsersState::Known(users) => UsersState::Known(named(event, users).into()),
        other => other.clone(),
    }
}

fn names_of(event: EventRef, host: &Host) -> Names {
    let socket = event.fd.and_then(|fd| fd.socket);
    let ends = socket.map(|socket| [socket.local, socket.peer]);
    host.names.only(ends.into_iter().flatten().flatten().map(|end| end.ip))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Sample;
    use crate::{Kind, User};

    #[test]
    fn an_event_is_the_same_after_it_was_written_down() {
        let mut sample = Sample::new(Kind::Execve);
        for (field, value) in [("proc.name", "sh"), ("proc.aname[2]", "sshd"), ("container.name", "web")] {
            sample.set(field, value).unwrap();
        }
        let (batch, host) = sample.build();
        let record = Record::new(batch.get(0), &host);
        assert_eq!(record.processes.len(), 3);
        assert_eq!(&*record.users.users[&0].name, b"root");
        let text = serde_json::to_string(&record).unwrap();
        let again: Record = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&again).unwrap(), text);
        let host = again.host();
        assert_eq!(host.processes.len(), 3);
        let id = host.containers.of_cgroup(again.event.as_ref().task.cgroup).unwrap();
        assert!(matches!(&host.containers.by_id[id], ContainerState::Known(web) if &*web.name == "web"));
    }

    /// The users of its container are known by its own numbers, and only those that it names are kept.
    #[test]
    fn users_of_a_container_come_later() {
        let mut sample = Sample::new(Kind::Execve);
        sample.set("container.id", "abc").unwrap();
        sample.set("user.uid", "7").unwrap();
        sample.container = ContainerState::Pending;
        let (batch, mut host) = sample.build();
        let mut record = Record::new(batch.get(0), &host);
        assert!(record.container.as_ref().is_some_and(RecordedContainer::is_pending));
        let user = |name: &str| User { name: name.as_bytes().into(), ..User::default() };
        let users = Users { users: [(7, user("web")), (8, user("app"))].into(), ..Users::default() };
        let id: ContainerId = "abc".into();
        host.containers.users.insert(id.clone(), UsersState::Known(users.into()));
        record.know(&id, &host.containers);
        let container = record.container.as_ref().unwrap();
        assert_eq!((&container.state, container.is_pending()), (&ContainerState::Unavailable, false));
        let UsersState::Known(users) = &container.users else { panic!("{container:?}") };
        assert_eq!(users.users.keys().collect::<Vec<_>>(), [&7]);
        let host = record.host();
        let scratch = bumpalo::Bump::new();
        let ctx = crate::Ctx::new(record.event.as_ref(), &host, &scratch);
        let name = crate::FieldRef::from_name("user.name").unwrap();
        assert_eq!(ctx.get(&name), crate::Val::Str(b"web"));
    }

    #[test]
    fn what_an_event_needs_of_the_host_is_kept() {
        let mut sample = Sample::new(Kind::Connect);
        for (field, value) in [
            ("evt.rawtime", "100000000000"),
            ("fd.name", "10.0.0.1:5->10.0.0.2:6"),
            ("fd.sip.name", "b.example"),
        ] {
            sample.set(field, value).unwrap();
        }
        sample.host.names.set("other.example", &["10.0.0.9".parse().unwrap()]);
        sample.host.zone = Zone::new(0, vec![(50, 3600), (200, 7200)]);
        sample.host.times.note(1);
        let (batch, host) = sample.build();
        let record = Record::new(batch.get(0), &host);
        let again: Record = serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
        let kept = again.host();
        assert_eq!(kept.names.of("10.0.0.2".parse().unwrap()).len(), 1);
        assert_eq!(kept.names.of("10.0.0.9".parse().unwrap()).len(), 0);
        assert_eq!((kept.zone.offset(300), kept.times), (3600, host.times));
    }

    #[test]
    fn texts_are_written_as_texts() {
        let mut process = Process { exe: (*b"/bin/sh").into(), ..Process::default() };
        process.cwd = (*b"/\xff").into();
        let written = serde_json::to_value(&process).unwrap();
        assert_eq!(written["exe"], "/bin/sh");
        assert_eq!(written["cwd"], serde_json::json!([47, 255]));
        assert_eq!(serde_json::from_value::<Process>(written).unwrap(), process);
    }
}
