//! What is expected for a time: silences mark alerts, and only outputs for audits get what is marked.

use std::sync::Arc;

use jiff::tz::TimeZone;
use lanner_alert::{Alert, Silence, Timestamp};

use crate::stage::{Stage, Verdict};

/// The silences of the configuration, and those that commands have made.
pub struct Silences {
    silences: Vec<Silence>,
    made: Vec<Silence>,
    zone: TimeZone,
}

impl Silences {
    /// These silences of the configuration; `zone` is the host's, for those whose times name none.
    pub fn new(silences: Vec<Silence>, zone: TimeZone) -> Silences {
        Silences { silences, made: Vec::new(), zone }
    }

    /// Takes those that commands have made, in place of those it had of them.
    pub fn set_made(&mut self, made: Vec<Silence>) {
        self.made = made;
    }
}

impl Stage<Arc<Alert>> for Silences {
    fn name(&self) -> &'static str {
        "silence"
    }

    fn judge(&mut self, alert: &mut Arc<Alert>, now: Timestamp) -> Verdict {
        let mut silences = self.silences.iter().chain(&self.made);
        let Some(silence) = silences.find(|silence| silence.covers(alert, now, &self.zone)) else {
            return Verdict::Pass("not silenced");
        };
        Arc::make_mut(alert).silenced = Some(silence.name.clone());
        Verdict::Pass("silenced")
    }
}
