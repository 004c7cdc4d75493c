//! What engines say of containers, and what is made of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use lanner_alert::{Priority, Value};
use lanner_event::ContainerState;

use super::{ASK_AGAIN_INTERVAL, Detector, Outcome, Sink};
use crate::container_users::Inhabitant;
use crate::containers::{Answer, Described, NoContainer, Why};
use crate::state::Seen;

/// The alerts that tell of an engine.
const FAILS: &str = "Lanner internal: container engine fails";
const ANSWERS: &str = "Lanner internal: container engine answers again";
/// How often it is told of an engine at the most that it fails.
const TELL_INTERVAL: Duration = Duration::from_secs(60);

/// Which engines don't answer as they should.
#[derive(Debug, Default)]
pub(super) struct EngineWatch {
    troubled: BTreeSet<&'static str>,
    /// When it was told of each.
    told: BTreeMap<&'static str, Instant>,
    news: Vec<News>,
}

/// What is to be told of an engine: that it fails, and why, or that it answers again.
#[derive(Debug)]
struct News {
    engine: &'static str,
    cause: Option<String>,
}

impl EngineWatch {
    /// An engine didn't answer as it should.
    fn failed(&mut self, engine: &'static str, cause: &NoContainer) {
        if !self.troubled.insert(engine) {
            return;
        }
        tracing::warn!("containers stay without name and image until their engine answers: {cause}");
        if self.told.get(engine).is_none_or(|told| told.elapsed() > TELL_INTERVAL) {
            self.told.insert(engine, Instant::now());
            self.news.push(News { engine, cause: Some(cause.to_string()) });
        }
    }

    /// An engine answered.
    fn answered(&mut self, engine: &'static str) {
        if self.troubled.remove(engine) {
            tracing::info!("the container engine {engine} answers again");
            self.news.push(News { engine, cause: None });
        }
    }
}

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
            Ok(Described { engine, container, cut }) => {
                if !matches!(known, Some(ContainerState::Known(_))) {
                    self.report.containers_cut += u64::from(cut);
                    *self.report.containers_known.entry(container.engine.clone()).or_insert(0) += 1;
                }
                self.engine_watch.answered(engine);
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
                let hosts = self.state.is_hosts(&answer.id);
                self.unknown(cause, first, hosts);
                ContainerState::Unavailable
            }
        };
        self.state.host.containers.by_id.insert(answer.id, state);
    }

    /// Counts a container of which nothing is known, and notes the trouble with its engine. What users' engines do isn't
    /// told: users may do as they like, and most run none.
    fn unknown(&mut self, cause: NoContainer, count: u64, hosts: bool) {
        match &cause {
            NoContainer::Unknown => self.report.containers_unknown += count,
            NoContainer::Trouble { engine, reason, .. } => {
                if count > 0 {
                    *self.report.containers_unanswered.entry((engine, *reason)).or_insert(0) += count;
                }
                if hosts {
                    self.engine_watch.failed(engine, &cause);
                }
            }
        }
    }

    /// Tells, as alerts, which engines don't answer as they should, and which do again.
    pub(super) fn announce_engines(&mut self, sink: &mut Sink) -> bool {
        let news = std::mem::take(&mut self.engine_watch.news);
        news.into_iter().all(|News { engine, cause }| {
            let (rule, priority, output) = match &cause {
                Some(cause) => (
                    FAILS,
                    Priority::Warning,
                    format!("Containers stay without name and image until their engine answers: {cause}"),
                ),
                None => (ANSWERS, Priority::Notice, format!("The container engine {engine} answers again")),
            };
            let fields = BTreeMap::from([("lanner.engine".to_owned(), Value::from(engine))]);
            let alert = self.internal_alert(rule, priority, output, fields);
            self.hand_on(Outcome::Alert(alert), sink)
        })
    }

    /// Asks again about containers that nothing is known of: an engine that was away may be back.
    pub(super) fn ask_again(&mut self) {
        if self.asked_again.elapsed() < ASK_AGAIN_INTERVAL {
            return;
        }
        self.asked_again = Instant::now();
        let containers = &self.state.host.containers.by_id;
        if !containers.values().any(|state| *state == ContainerState::Unavailable) {
            return;
        }
        // Those in which nothing lives any more are of no interest.
        for Inhabitant { container: id, .. } in self.state.inhabitants() {
            let origin = self.state.origin(&id);
            let unknown = containers.get(&id) == Some(&ContainerState::Unavailable);
            if unknown && !self.engines.ask(&id, origin, Why::Again) {
                break;
            }
        }
    }
}
