//! Sources of events, the state they keep, and the loop that matches rules.
//!
//! Everything here runs on plain threads: one reads events and judges them, one asks container engines, one
//! resolves names, and some read the files of containers.

mod alert;
pub mod container_users;
pub mod containers;
mod detector;
mod hold;
mod host_root;
pub mod names;
mod passwd;
pub mod source;
pub mod state;

pub use alert::{KEY_FIELDS, key_fingerprint};
pub use detector::{Detector, DropPolicy, Outcome, Report, Sink};
pub use host_root::host_path;
