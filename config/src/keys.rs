//! All keys, by family: one file each, whose rows are the keys.

mod detector;
mod engine;
mod falco_outputs;
mod files;
mod format;
mod heartbeat;
mod journal;
mod metrics;
mod obsolete;
mod outputs;
mod own;
mod plugins;
mod router;
mod rules;
mod webserver;

use crate::key::Family;

/// All keys, in the order of the reference page: Falco's, then Lanner's.
pub const FAMILIES: &[Family] = &[
    files::FAMILY,
    rules::FAMILY,
    format::FAMILY,
    falco_outputs::FAMILY,
    engine::FAMILY,
    plugins::FAMILY,
    webserver::FAMILY,
    own::FAMILY,
    metrics::FAMILY,
    obsolete::FAMILY,
    outputs::FAMILY,
    router::FAMILY,
    heartbeat::FAMILY,
    journal::FAMILY,
    detector::FAMILY,
];
