//! Alerts and notifications: what the detector makes, the journal keeps and the outputs send.
//!
//! Everything here is plain data with pure functions: no I/O, no clock, no global state.

mod alert;
mod calendar;
mod escape;
pub mod falco;
mod fingerprint;
mod matcher;
mod notification;
mod priority;
mod schedule;
mod silence;
mod tally;
mod time;
mod value;

pub use alert::{Alert, AlertId};
pub use calendar::{Calendar, CalendarError};
pub use escape::{printable, truncate};
pub use fingerprint::Fingerprint;
pub use matcher::{Matcher, MatcherError};
pub use notification::{Group, Kind, Notification};
pub use priority::{ParsePriorityError, Priority};
pub use schedule::Schedule;
pub use silence::Silence;
pub use tally::{RuleCount, Seen, TALLIED, TOP_VALUES_MAX, Tally, Top, ValueCount};
pub use time::Timestamp;
pub use value::Value;
