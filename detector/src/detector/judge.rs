//! Events judged: at once, or held and judged again.

use std::time::Instant;

use lanner_alert::{Alert, Timestamp};
use lanner_event::{ContainerState, EventRef, Host, Processes};
use lanner_rules::Matching;

use super::{Detector, Outcome, Sink};
use crate::alert::{alert, new_id};
use crate::hold::{HeldEvent, Waiting};

impl Detector {
    /// Judges an event, and hands on what comes of it; `false` when nothing is taken any more.
    pub(super) fn judge(&mut self, event: EventRef, sink: &mut Sink) -> bool {
        let mut hits = std::mem::take(&mut self.hits);
        hits.clear();
        self.rules.eval(event, &self.state.host, &mut self.scratch, &mut hits);
        let mut goes_on = true;
        if !hits.is_empty() {
            let holds = hits.iter().any(|hit| hit.pending) && self.hold(event, &hits, sink, &mut goes_on);
            for hit in hits.iter().filter(|hit| !(hit.pending && holds)) {
                let rendered = self.rules.render(hit, event, &self.state.host, &mut self.scratch);
                let alert = alert(self.rules.rule(hit.rule), rendered, event.time, &self.state.host.hostname);
                goes_on &= self.hand_on(Outcome::Alert(alert), sink);
            }
        }
        self.hits = hits;
        goes_on
    }

    /// Lets an event wait for its container; `false` where it can't.
    fn hold(
        &mut self,
        event: EventRef,
        hits: &[lanner_rules::Hit],
        sink: &mut Sink,
        goes_on: &mut bool,
    ) -> bool {
        let container = self.state.host.containers.of_cgroup(event.task.cgroup).cloned();
        let Some(container) = container.filter(|_| self.hold.has_room()) else {
            self.report.not_held += 1;
            return false;
        };
        // Where only the first rule counts, which one it is may change with what comes.
        let pending = hits.iter().filter(|hit| hit.pending);
        let rules = match self.rules.matching() {
            Matching::First => None,
            Matching::All => Some(pending.map(|hit| self.rules.rule(hit.rule).name.to_string()).collect()),
        };
        let held = HeldEvent::new(event, &self.state.host, &container, rules);
        let body = match serde_json::to_vec(&held) {
            Ok(body) => body,
            Err(error) => {
                tracing::error!("an event can't wait for its container: {error}");
                return false;
            }
        };
        let id = new_id(Timestamp(event.time));
        let deadline = Timestamp(event.time).after(self.wait);
        self.report.held += 1;
        *goes_on &= self.hand_on(Outcome::Hold { id, deadline, body }, sink);
        self.hold.push(id, held, Instant::now() + self.wait);
        true
    }

    /// Judges an event that waited, on the host as it was, with what is known of its container now.
    pub(super) fn judge_held(&mut self, waiting: Waiting, sink: &mut Sink) -> bool {
        let held = waiting.held;
        let known = self.state.host.containers.by_id.entry(held.container.clone());
        let state = known.or_insert(ContainerState::Unavailable);
        // It has waited long enough. The engine may still answer, for later events.
        if *state == ContainerState::Pending {
            *state = ContainerState::Unavailable;
        }
        let mut processes = Processes::default();
        held.processes.into_iter().for_each(|process| processes.insert(process));
        let now = &mut self.state.host;
        let then = Host {
            hostname: now.hostname.clone(),
            boot_time: now.boot_time,
            processes,
            users: std::mem::take(&mut now.users),
            containers: std::mem::take(&mut now.containers),
        };
        let event = held.event.as_ref();
        let mut hits = Vec::new();
        self.rules.eval(event, &then, &mut self.scratch, &mut hits);
        let mut alerts = Vec::new();
        for hit in hits {
            let rule = self.rules.rule(hit.rule);
            if held.rules.as_ref().is_none_or(|rules| rules.iter().any(|name| **name == *rule.name)) {
                let rendered = self.rules.render(&hit, event, &then, &mut self.scratch);
                alerts.push(alert(rule, rendered, event.time, &then.hostname));
            }
        }
        self.state.host.users = then.users;
        self.state.host.containers = then.containers;
        self.hand_on(Outcome::Judged { id: waiting.id, alerts }, sink)
    }

    /// Counts the alerts of an outcome and hands it on.
    pub(super) fn hand_on(&mut self, outcome: Outcome, sink: &mut Sink) -> bool {
        let alerts: &[Alert] = match &outcome {
            Outcome::Alert(alert) => std::slice::from_ref(alert),
            Outcome::Judged { alerts, .. } => alerts,
            Outcome::Hold { .. } => &[],
        };
        for alert in alerts {
            *self.report.alerts.entry(alert.rule.clone()).or_insert(0) += 1;
        }
        sink(outcome)
    }
}
