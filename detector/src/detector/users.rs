//! The users of containers: read as soon as somebody lives there, and again when they have changed.

use std::sync::Arc;

use lanner_event::{ContainerId, EventRef, Kind, Users, UsersState};

use super::Detector;
use crate::container_users::Inhabitant;
use crate::state::Seen;

/// Of how many containers it is looked at each time whether their users have changed.
const LOOKS_MAX: usize = 256;

impl Detector {
    /// Has the users of the event's container read, where it is the first of a thread that lives there, a new process, or
    /// the start of a program: one of them is what an engine makes to move into the container's own root.
    pub(super) fn settle_in(&mut self, event: &EventRef, seen: Option<&Seen>) {
        const STARTS: [Kind; 4] = [Kind::Clone, Kind::Execve, Kind::Execveat, Kind::Process];
        let starts = STARTS.contains(&event.kind) && event.res >= 0;
        if !starts && seen.is_none() {
            return;
        }
        let containers = &mut self.state.host.containers;
        let Some(id) = containers.by_cgroup.get(&event.task.cgroup).and_then(Option::as_ref) else { return };
        if matches!(containers.users.get(id), Some(UsersState::Known(_))) {
            return;
        }
        let (pid, start) = (event.task.pid, event.task.start);
        let taken = self.users.read(Inhabitant { container: id.clone(), pid, start });
        self.report.users_missed += u64::from(!taken);
        let state = if taken { UsersState::Pending } else { UsersState::Unavailable };
        containers.users.insert(id.clone(), state);
    }

    /// Notes what came of reading a container's users. What was known stays where nothing else can be had.
    pub(super) fn note_users(&mut self, id: &ContainerId, users: Option<Arc<Users>>) {
        let Some(known) = self.state.host.containers.users.get_mut(id) else { return };
        match users {
            Some(users) => *known = UsersState::Known(users),
            None if *known == UsersState::Pending => {
                self.report.users_missed += 1;
                *known = UsersState::Unavailable;
            }
            None => {}
        }
    }

    /// Looks whether users of containers have changed: at some each time, and at all of them in turn.
    pub(super) fn look_at_users(&mut self) {
        if self.inhabitants.is_empty() {
            self.inhabitants = self.state.inhabitants();
        }
        let left = self.inhabitants.len().saturating_sub(LOOKS_MAX);
        for inhabitant in self.inhabitants.drain(left..) {
            // Where too many wait, it is its turn again another time.
            self.users.read(inhabitant);
        }
    }
}
