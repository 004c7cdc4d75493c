//! Events judged: at once, or held and judged again.

use std::collections::BTreeMap;
use std::time::{Instant, SystemTime};

use lanner_alert::{Alert, Priority, Timestamp, Value};
use lanner_event::{ContainerState, EventRef};
use lanner_rules::{Hit, Matching};

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
        for hit in hits.iter().filter(|hit| !hit.pending) {
            let rendered = self.rules.render(hit, event, &self.state.host, &mut self.scratch);
            let alert = alert(self.rules.rule(hit.rule), rendered, event.time, &self.state.host.hostname);
            goes_on &= self.hand_on(Outcome::Alert(alert), sink);
        }
        if hits.iter().any(|hit| hit.pending) {
            goes_on &= self.hold(event, &hits, sink);
        }
        self.hits = hits;
        goes_on
    }

    /// Lets an event wait for its container; where it can't, it is judged without.
    fn hold(&mut self, event: EventRef, hits: &[Hit], sink: &mut Sink) -> bool {
        let Some(container) = self.state.host.containers.of_cgroup(event.task.cgroup) else { return true };
        // Where only the first rule counts, which one it is may change with what comes.
        let pending = hits.iter().filter(|hit| hit.pending);
        let rules = match self.rules.matching() {
            Matching::First => None,
            Matching::All => Some(pending.map(|hit| self.rules.rule(hit.rule).name.to_string()).collect()),
        };
        let held = HeldEvent::new(event, &self.state.host, container, rules);
        let body = serde_json::to_vec(&held).unwrap_or_else(|error| {
            tracing::error!("an event can't be written down to wait for its container: {error}");
            Vec::new()
        });
        if body.is_empty() || !self.hold.has_room(body.len()) {
            self.report.not_held += 1;
            return self.hand_on_all(held, sink);
        }
        let id = new_id(Timestamp(event.time));
        let deadline = Timestamp(event.time).after(self.wait);
        self.report.held += 1;
        self.hold.push(id, held, body.len(), Instant::now() + self.wait);
        self.hand_on(Outcome::Hold { id, deadline, body }, sink)
    }

    /// Judges an event that waited, with what is known of its container now.
    pub(super) fn judge_held(&mut self, waiting: Waiting, sink: &mut Sink) -> bool {
        let known = self.state.host.containers.by_id.get(&waiting.held.container);
        self.report.expired += u64::from(!matches!(known, Some(ContainerState::Known(_))));
        let alerts = self.judge_again(waiting.held);
        self.hand_on(Outcome::Judged { id: waiting.id, alerts }, sink)
    }

    /// Judges an event that wasn't written down, and hands on what comes of it.
    pub(super) fn hand_on_all(&mut self, held: HeldEvent, sink: &mut Sink) -> bool {
        let alerts = self.judge_again(held);
        alerts.into_iter().all(|alert| self.hand_on(Outcome::Alert(alert), sink))
    }

    /// Judges an event on the host as it was, with what is known of its container by now.
    fn judge_again(&mut self, mut held: HeldEvent) -> Vec<Alert> {
        held.know(&self.state.host.containers);
        let host = held.record.host();
        let event = held.record.event.as_ref();
        let mut hits = Vec::new();
        self.rules.eval(event, &host, &mut self.scratch, &mut hits);
        let mut alerts = Vec::new();
        for hit in hits {
            let rule = self.rules.rule(hit.rule);
            if held.rules.as_ref().is_none_or(|rules| rules.iter().any(|name| **name == *rule.name)) {
                let rendered = self.rules.render(&hit, event, &host, &mut self.scratch);
                alerts.push(alert(rule, rendered, event.time, &host.hostname));
            }
        }
        alerts
    }

    /// An alert of Lanner's own, of now.
    pub(super) fn internal_alert(
        &self,
        rule: &str,
        priority: Priority,
        output: String,
        fields: BTreeMap<String, Value>,
    ) -> Alert {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let time = Timestamp::default().after(now);
        let hostname = self.state.host.hostname.clone();
        Alert::internal(new_id(time), rule, priority, output, fields, time, hostname)
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
