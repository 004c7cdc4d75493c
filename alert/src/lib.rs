//! Alerts and notifications: what the detector makes, the journal keeps and the outputs send.
//!
//! Everything here is plain data with pure functions: no I/O, no clock, no global state.

mod alert;
mod calendar;
mod cause;
mod correlation;
mod duration;
mod escape;
pub mod falco;
mod fingerprint;
mod format;
mod matcher;
pub mod matchers;
mod notification;
mod priority;
mod schedule;
mod silence;
mod tally;
mod time;
mod value;

pub use alert::{Alert, AlertId};
pub use calendar::{Calendar, CalendarError};
pub use cause::{CAUSE_BYTES_MAX, CAUSES_MAX, Cause, Causes};
pub use correlation::{Correlation, Pattern};
pub use duration::duration;
pub use escape::{printable, truncate};
pub use fingerprint::Fingerprint;
pub use format::AlertFormat;
pub use matcher::{Matcher, MatcherError};
pub use notification::{Group, Kind, Notification};
pub use priority::{ParsePriorityError, Priority};
pub use schedule::Schedule;
pub use silence::Silence;
pub use tally::{RuleCount, Seen, TALLIED, TOP_VALUES_MAX, Tally, Top, ValueCount};
pub use time::Timestamp;
pub use value::Value;
