//! The stages between the journal and the outputs, and the delivery worker.
//!
//! What should be sent to whom is decided by pure [stages](Stage), of which the [`Pipeline`] makes a row: time
//! is their argument, what they keep lies in the journal, and each decision is a named reason. The [`Router`]
//! runs them over accepted alerts and writes what comes out to the journal's outbox; a worker per output sends
//! it, and is the only place that knows of batches, repeated attempts and acknowledgement. So an [`Output`]
//! only sends.

mod backoff;
mod breaker;
mod correlate;
mod dedup;
mod digest;
mod group;
mod heartbeat;
mod inhibit;
mod kept;
mod limit;
mod output;
mod pipeline;
mod redact;
mod route;
mod router;
mod shown;
mod silence;
mod stage;
mod template;
mod worker;

pub use backoff::{Jitter, system_jitter};
pub use breaker::BreakerSettings;
pub use correlate::{CORRELATE_BYTES_MAX, Correlate};
pub use dedup::{DEDUP_BYTES_MAX, Dedup, DedupSettings};
pub use digest::{Digest, DigestSettings};
pub use group::{GROUP_BYTES_MAX, Group, GroupSettings};
pub use heartbeat::Heartbeat;
pub use inhibit::{Inhibit, InhibitRule, SOURCES_MAX};
pub use limit::{LIMIT_KEYS_MAX, Limit, LimitSettings};
pub use output::{DeliveryError, Output, Receipt};
pub use pipeline::{Decided, Decision, Explanation, OutputPolicy, Pipeline};
pub use redact::{MARK, PatternError, PatternKind, Redact, Redactor};
pub use route::{Reached, Route, Step, Withheld};
pub use router::{OutputReport, Router, StartError};
pub use silence::Silences;
pub use stage::{Change, Stage, Verdict};
pub use template::{RouteText, Template};
pub use worker::DeliverySettings;
