//! The configuration: `falco.yaml` with all of Falco's keys, and Lanner's own beside them, read into typed
//! settings in which every mistake has a place.
//!
//! One table of keys says what may stand there, what it means, what it is when it isn't set, and whether it does
//! anything yet. Nothing is ignored in silence: a key that isn't known, has a wrong value or has no effect is named
//! with its line. Only `read.rs` does I/O.

mod calendar;
mod check;
mod docs;
mod engines;
mod expand;
mod heartbeat;
mod inhibit;
mod key;
mod keys;
mod kind;
mod load;
mod matchers;
mod merge;
mod outputs;
mod overrides;
mod quantity;
mod read;
mod route;
mod rules;
mod secrets;
mod settings;
mod silences;
mod values;

#[cfg(test)]
mod tests;

pub use docs::reference;
pub use key::{Effect, Family, Key, Owner};
pub use keys::FAMILIES;
pub use kind::Kind;
pub use lanner_alert::duration;
pub use load::{CONFIG_PATHS, Loaded, Options, load};
pub use quantity::{Rate, bytes, rate};
pub use read::FILE_BYTES_MAX;
pub use route::{GroupSettings, RouteSettings};
pub use rules::{AppendOutput, RuleSelection, RulesSettings};
pub use secrets::Secrets;
pub use settings::{
    AttemptSettings, DedupSettings, DetectorSettings, DigestSettings, DropAction, DropSettings,
    EngineSettings, FormatSettings, InhibitSettings, JournalSettings, LimitSettings, OutputEntry,
    RedactSettings, Settings,
};

/// The rules that Lanner ships, in Falco's language.
pub const SHIPPED_RULES: &str = include_str!("../rules/lanner_rules.yaml");

/// The configuration that Lanner ships, and has when there is none.
pub const SHIPPED_CONFIG: &str = include_str!("../lanner.yaml");
