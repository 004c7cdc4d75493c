//! A sign of life by interval, so that silence means trouble: whoever gets it knows that the host is watched,
//! and that what is sent there arrives.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use lanner_alert::{Alert, AlertId, Kind, Notification, Priority, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::stage::{Change, Stage, Verdict, json, made_id};

/// The heartbeat of one output. It lets everything through, and makes a notification of its own that no earlier
/// stage can hold back.
pub struct Heartbeat {
    output: String,
    hostname: Arc<str>,
    every: Option<Duration>,
    last: Option<Beat>,
    changed: bool,
}

/// One that went out.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Beat {
    at: Timestamp,
    /// The next one's is made of it, so that none has another's, whatever the clock does.
    id: AlertId,
}

impl Heartbeat {
    /// The heartbeat of that output, on a host of that name; without an interval there is none.
    pub fn new(output: &str, hostname: Arc<str>, every: Option<Duration>) -> Heartbeat {
        Heartbeat { output: output.to_owned(), hostname, every, last: None, changed: false }
    }

    fn beat(&self, every: Duration, now: Timestamp) -> Notification {
        const RULE: &str = "Lanner internal: heartbeat";
        let next = now.after(every).zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let output = format!("Lanner on {} is watching; the next heartbeat comes by {next}", self.hostname);
        let place = format!("{}/{}", self.hostname, self.output);
        let id = made_id(Kind::Alert, &place, self.last.map_or(Uuid::nil(), |last| last.id), now);
        let hostname = self.hostname.clone();
        let alert =
            Alert::internal(id, RULE, Priority::Informational, output, Default::default(), now, hostname);
        Notification::of(Arc::new(alert), now)
    }
}

impl Stage<Notification> for Heartbeat {
    fn name(&self) -> &'static str {
        "heartbeat"
    }

    fn judge(&mut self, _: &mut Notification, _: Timestamp) -> Verdict {
        Verdict::Pass("no heartbeat")
    }

    fn set_back(&mut self, now: Timestamp) {
        if let Some(last) = self.last.as_mut().filter(|last| last.at > now) {
            (last.at, self.changed) = (now, true);
        }
    }

    fn next(&self) -> Option<Timestamp> {
        let every = self.every?;
        Some(self.last.map_or(Timestamp(0), |last| last.at.after(every)))
    }

    fn tick(&mut self, now: Timestamp, out: &mut Vec<Notification>) {
        let Some(every) = self.every else { return };
        // What was missed while Lanner was stopped is missed.
        if self.next().is_some_and(|next| next <= now) {
            let beat = self.beat(every, now);
            (self.last, self.changed) = (Some(Beat { at: now, id: beat.id }), true);
            out.push(beat);
        }
    }

    fn changes(&mut self, out: &mut Vec<Change>) {
        if std::mem::take(&mut self.changed) {
            let value = self.last.as_ref().map(json);
            out.push(Change { key: String::new(), value });
        }
    }

    fn restore(&mut self, _: &str, value: &str) -> bool {
        let Ok(last) = serde_json::from_str(value) else { return false };
        match self.every {
            Some(_) => self.last = Some(last),
            // There is none any more.
            None => self.changed = true,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(hours: u64) -> Timestamp {
        Timestamp(1_700_000_000_000_000_000).after(HOUR * hours as u32)
    }

    fn heartbeat(every: Option<Duration>) -> Heartbeat {
        Heartbeat::new("soc", "web-1".into(), every)
    }

    fn beats(heartbeat: &mut Heartbeat, now: Timestamp) -> Vec<Notification> {
        let mut out = Vec::new();
        heartbeat.tick(now, &mut out);
        out
    }

    #[test]
    fn it_beats_at_once_and_then_by_interval() {
        let mut heart = heartbeat(Some(HOUR));
        let first = beats(&mut heart, at(0));
        let alert = &first[0].alerts[0];
        assert_eq!(
            alert.output,
            "Lanner on web-1 is watching; the next heartbeat comes by 2023-11-14T23:13:20Z"
        );
        assert_eq!((&*alert.rule, &*alert.source), ("Lanner internal: heartbeat", "internal"));
        assert_eq!(heart.next(), Some(at(1)));
        assert!(beats(&mut heart, Timestamp(at(1).0 - 1)).is_empty());
        let second = beats(&mut heart, at(1));
        assert_ne!(second[0].id, first[0].id);
        assert_eq!(beats(&mut heart, at(9)).len(), 1, "those that were missed don't come together");
        assert_eq!(heart.next(), Some(at(10)));
    }

    #[test]
    fn it_goes_on_after_a_restart_and_ends_with_its_setting() {
        let mut heart = heartbeat(Some(HOUR));
        beats(&mut heart, at(0));
        let mut kept = Vec::new();
        heart.changes(&mut kept);
        let value = kept.remove(0).value.expect("it is kept");
        let mut again = heartbeat(Some(HOUR));
        assert!(again.restore("", &value) && !again.restore("", "x"));
        assert_eq!(again.next(), Some(at(1)));
        let mut ended = heartbeat(None);
        assert!(ended.restore("", &value));
        assert_eq!((ended.next(), beats(&mut ended, at(9)).len()), (None, 0));
        ended.changes(&mut kept);
        assert_eq!(kept, [Change { key: String::new(), value: None }]);
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_silence_it() {
        let mut heart = heartbeat(Some(HOUR));
        beats(&mut heart, at(9));
        heart.set_back(at(2));
        assert_eq!(heart.next(), Some(at(3)));
        // At the same moment once more it is another one.
        let first = beats(&mut heart, at(3));
        heart.set_back(at(2));
        assert_ne!(beats(&mut heart, at(3))[0].id, first[0].id);
    }
}
