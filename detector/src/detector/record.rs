//! Events written down instead of judged, each with what rules need of the host.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lanner_event::{EventBatch, Record};

use super::{Detector, Report};
use crate::source::{Source, SourceError, Status};

/// How many events may wait for their containers; past that they are written down with what is known.
const WAITING_MAX: usize = 16_384;
/// How long a source may wait for an event before those that wait are looked after.
const WAIT: Duration = Duration::from_millis(50);

/// Takes what is recorded; `false` when nothing is taken any more.
pub type Take<'a> = dyn FnMut(Record) -> bool + 'a;

/// Events in their order, of which some wait for their containers.
#[derive(Default)]
struct Waiting(VecDeque<(Record, Instant)>);

impl Detector {
    /// Records what comes until the source ends, `stop` is set, or nothing is taken any more. Events come in their
    /// order, and wait for what is known of their containers as they would to be judged.
    ///
    /// # Errors
    /// Where the source has failed.
    pub fn record(
        mut self,
        source: &mut dyn Source,
        stop: &AtomicBool,
        take: &mut Take,
    ) -> Result<Report, SourceError> {
        let mut batch = EventBatch::default();
        let mut waiting = Waiting::default();
        let mut goes_on = true;
        while goes_on && !stop.load(Ordering::Relaxed) {
            goes_on = source.fill(&mut batch, WAIT)? == Status::More;
            self.line_up(&mut batch, &mut waiting);
            self.refresh();
            while let Some(answer) = self.engines.answer() {
                self.note(answer);
            }
            while let Some((id, users)) = self.users.answer() {
                self.note_users(&id, users);
            }
            goes_on &= self.hand_out(&mut waiting, Instant::now(), take);
        }
        // What had happened by then; what still waits has had its time.
        source.fill(&mut batch, Duration::ZERO)?;
        self.line_up(&mut batch, &mut waiting);
        let over = Instant::now() + self.wait;
        self.hand_out(&mut waiting, over, take);
        Ok(self.finish(source))
    }

    /// Puts the events of a batch behind those that wait.
    fn line_up(&mut self, batch: &mut EventBatch, waiting: &mut Waiting) {
        for event in batch.iter() {
            self.counts[event.kind.index()] += 1;
            let seen = self.state.apply(event);
            self.settle_in(&event, seen.as_ref());
            if let Some(seen) = seen {
                self.ask_about(&seen);
            }
            if !event.kind.row().internal {
                let deadline = Instant::now() + self.wait;
                waiting.0.push_back((Record::new(event, &self.state.host), deadline));
            }
        }
        batch.clear();
    }

    /// Hands out what needn't wait any more, in order.
    fn hand_out(&self, waiting: &mut Waiting, now: Instant, take: &mut Take) -> bool {
        let containers = &self.state.host.containers;
        while let Some((mut record, deadline)) = waiting.0.pop_front() {
            if let Some(container) = record.container.as_ref().filter(|container| container.is_pending()) {
                let id = container.id.clone();
                if containers.is_pending(&id) && deadline > now && waiting.0.len() < WAITING_MAX {
                    waiting.0.push_front((record, deadline));
                    return true;
                }
                record.know(&id, containers);
            }
            if !take(record) {
                return false;
            }
        }
        true
    }
}
