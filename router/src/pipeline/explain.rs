//! What the stages do with an alert, said: for those who write routes.

use std::collections::BTreeMap;
use std::sync::Arc;

use lanner_alert::{Alert, Timestamp};

use super::{Lane, Pipeline};
use crate::route::Step;
use crate::stage::Stage;

/// What a stage decided: its name and its reason.
pub type Decided = (&'static str, &'static str);

/// What became of an alert, stage by stage.
#[derive(Debug)]
pub struct Explanation<'a> {
    /// The alert with its marks.
    pub alert: Arc<Alert>,
    /// What was decided before it was routed.
    pub marks: Vec<Decided>,
    /// Its way through the tree of routes.
    pub steps: Vec<Step<'a>>,
    /// The outputs that it came to, by name, and what was decided for each, in order.
    pub outputs: Vec<(&'a str, Vec<Decided>)>,
}

/// How often a stage decided what.
type Counts = BTreeMap<Decided, u64>;

/// Which reason of each of these stages was counted since.
fn since(stages: impl Iterator<Item = &'static str>, before: &Counts, after: &Counts) -> Vec<Decided> {
    let counted = |stage| {
        let mut reasons = after.iter().filter(move |((of, _), _)| *of == stage);
        reasons.find(|(decided, count)| before.get(*decided).is_none_or(|before| before < *count))
    };
    stages.filter_map(counted).map(|(decided, _)| *decided).collect()
}

impl Pipeline {
    /// Takes an alert through the stages, as [`push`](Pipeline::push) does, and says what each decided. What would go
    /// out is dropped; what stages remember they do, so that the second of two alerts is a repeat.
    pub fn explain(&mut self, alert: &Arc<Alert>, now: Timestamp) -> Explanation<'_> {
        let mut out = Vec::new();
        self.tick(now, &mut out);
        let marked_before = self.marked.clone();
        let before: Vec<Counts> = self.lanes.iter().map(|lane| lane.decisions.clone()).collect();
        let marked = self.mark(alert, now);
        // The alert comes after everything that the outputs had.
        self.send(u64::MAX, alert, &marked, now, &mut out);
        let first = [self.correlate.name(), self.silences.name()];
        let stages = first.into_iter().chain(self.marks.iter().map(|stage| stage.name()));
        let of_lane = |(lane, before): (&'_ Lane, &Counts)| {
            let stages = std::iter::once("route").chain(lane.stages.iter().map(|stage| stage.name()));
            since(stages, before, &lane.decisions)
        };
        let outputs = self.lanes.iter().zip(&before);
        let outputs = outputs.map(|(lane, before)| (lane.output.name.as_str(), of_lane((lane, before))));
        Explanation {
            marks: since(stages, &marked_before, &self.marked),
            steps: self.route.explain(&marked, now, &self.zone),
            outputs: outputs.filter(|(_, decided)| !decided.is_empty()).collect(),
            alert: marked,
        }
    }
}
