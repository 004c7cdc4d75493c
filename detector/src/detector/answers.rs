//! What engines say of containers, and what is made of it.

use std::time::Instant;

use lanner_event::ContainerState;

use super::{ASK_AGAIN_INTERVAL, Detector};
use crate::containers::{Answer, Described, NoContainer, Why};
use crate::state::Seen;

impl Detector {
    /// Asks the engines about a container of which something is new.
    pub(super) fn ask_about(&mut self, seen: &Seen) {
        match seen {
            // Where too many wait, it is asked for with its first process.
            Seen::Made(id, origin) => drop(self.engines.ask(id, *origin, Why::Made)),
            Seen::Entered { id, origin, .. } => {
                let known = self.state.host.containers.by_id.get(id);
                if !matches!(known, Some(ContainerState::Known(_)))
                    && !self.engines.ask(id, *origin, Why::Entered)
                {
                    self.state.host.containers.by_id.insert(id.clone(), ContainerState::Unavailable);
                }
            }
        }
    }

    /// Notes what an engine said of a container.
    pub(super) fn note(&mut self, answer: Answer) {
        let known = self.state.host.containers.by_id.get(&answer.id);
        let state = match answer.result {
            // What an engine told by itself is of use where the container was seen, and is the host's, as such an engine
            // is; else it is asked for in time.
            Ok(_) if answer.why == Why::Told && (known.is_none() || !self.state.is_hosts(&answer.id)) => {
                return;
            }
            Ok(Described { engine, container }) => {
                if !matches!(known, Some(ContainerState::Known(_))) {
                    *self.report.containers_known.entry(container.engine.clone()).or_insert(0) += 1;
                }
                if self.troubled.remove(engine) {
                    tracing::info!("the container engine {engine} answers again");
                }
                ContainerState::Known(container)
            }
            // It is asked for again when its first process is seen.
            Err(_) if answer.why == Why::Made => return,
            Err(cause) => {
                if matches!(known, Some(ContainerState::Known(_))) {
                    return;
                }
                // Only the first question counts.
                let first = u64::from(known == Some(&ContainerState::Pending));
                self.unknown(cause, first);
                ContainerState::Unavailable
            }
        };
        self.state.host.containers.by_id.insert(answer.id, state);
    }

    /// Counts a container of which nothing is known, and says when an engine stops to answer as it should.
    fn unknown(&mut self, cause: NoContainer, count: u64) {
        match &cause {
            NoContainer::Unknown => self.report.containers_unknown += count,
            NoContainer::Trouble { engine, reason, .. } => {
                if count > 0 {
                    *self.report.containers_unanswered.entry((engine, *reason)).or_insert(0) += count;
                }
                if self.troubled.insert(engine) {
                    tracing::warn!(
                        "containers stay without name and image until their engine answers: {cause}"
                    );
                }
            }
        }
    }

    /// Asks again about containers that nothing is known of: an engine that was away may be back.
    pub(super) fn ask_again(&mut self) {
        if self.asked_again.elapsed() < ASK_AGAIN_INTERVAL {
            return;
        }
        self.asked_again = Instant::now();
        for (id, state) in &self.state.host.containers.by_id {
            let origin = self.state.origin(id);
            if *state == ContainerState::Unavailable && !self.engines.ask(id, origin, Why::Again) {
                break;
            }
        }
    }
}
