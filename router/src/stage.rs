//! What a stage is: a decision about one item at a time, and what comes of the items that it kept.

use lanner_alert::{Alert, Fingerprint, Kind, Timestamp, Value};
use serde::Serialize;
use uuid::{Builder, Uuid};

/// What a stage decided, each with its reason: a few words that also label the metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The item goes on.
    Pass(&'static str),
    /// The stage keeps it, or counts it: it comes out in something else.
    Hold(&'static str),
    /// It ends here, as configured.
    Drop(&'static str),
}

impl Verdict {
    /// Why.
    pub fn reason(self) -> &'static str {
        match self {
            Verdict::Pass(reason) | Verdict::Hold(reason) | Verdict::Drop(reason) => reason,
        }
    }
}

/// Something that a stage keeps across restarts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What the stage knows it by: empty, or an id.
    pub key: String,
    /// Its new value, as JSON; none when it is gone.
    pub value: Option<String>,
}

/// Passes, holds or drops; no I/O, no clock. `T` is an alert up to the route, and a notification after it.
pub trait Stage<T>: Send {
    /// Its name, in the journal and in metrics.
    fn name(&self) -> &'static str;

    /// Decides about an item, and may mark it.
    fn judge(&mut self, item: &mut T, now: Timestamp) -> Verdict;

    /// When it wants to be woken.
    fn next(&self) -> Option<Timestamp> {
        None
    }

    /// Lets out what is due: summaries, digests.
    fn tick(&mut self, _now: Timestamp, _out: &mut Vec<T>) {}

    /// The clock was set back, or may have been while Lanner was stopped: nothing must wait longer than if it had come
    /// now, under the settings of now. What was told or forgotten by then isn't taken back.
    fn set_back(&mut self, _now: Timestamp) {}

    /// What has changed, since it was asked last, of what it keeps across restarts.
    fn changes(&mut self, _out: &mut Vec<Change>) {}

    /// Takes back what it kept; whether it could read it.
    fn restore(&mut self, _key: &str, _value: &str) -> bool {
        false
    }
}

/// The text of something that always has one.
pub(crate) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// How much memory an alert takes, roughly, in bytes.
pub(crate) fn alert_bytes(alert: &Alert) -> usize {
    let fields = alert.output_fields.iter().chain(&alert.facts);
    let fields: usize = fields.map(|(name, value)| 64 + name.len() + value.bytes()).sum();
    let causes = alert.causes.iter().flat_map(|causes| &causes.shown);
    let causes: usize = causes.map(|cause| 64 + cause.output.len()).sum();
    256 + alert.output.len() + fields + causes
}

/// What those fields and their values make of an alert: the same for the same values, across restarts, and another
/// where a later configuration names other fields.
pub(crate) fn key_of(name: &str, alert: &Alert, fields: &[String]) -> Fingerprint {
    let part = |field: &String| [Value::from(field.as_str()), alert.field(field)];
    let parts: Vec<Value> = fields.iter().flat_map(part).collect();
    Fingerprint::of(name, &parts)
}

/// The identity of a notification that stands for several alerts, of which that is the first.
pub(crate) fn made_id(kind: Kind, output: &str, first: Uuid, now: Timestamp) -> Uuid {
    id_of(output, &format!("{kind:?} {first}"), now)
}

/// The identity of something that a stage makes of an alert: a UUIDv7 of its time and of what it is, so that a stage needs
/// no random source.
pub(crate) fn id_of(whose: &str, what: &str, now: Timestamp) -> Uuid {
    let mut entropy = [0; 10];
    entropy.copy_from_slice(&Fingerprint::of(whose, [&Value::from(what)]).0.to_be_bytes()[..10]);
    Builder::from_unix_timestamp_millis(now.0 / 1_000_000, &entropy).into_uuid()
}
