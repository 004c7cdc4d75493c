//! Heartbeat.

use crate::key::{Family, Key, Owner};
use crate::kind::Kind;

pub(super) const FAMILY: Family = Family {
    title: "Heartbeat",
    owner: Owner::Lanner,
    keys: &[
        Key::new(
            "heartbeat.every",
            Kind::Duration("10s", "4w"),
            "",
            "How often a sign of life is sent, so that silence means trouble. Nothing holds it back: no minimum priority, limit or digest.",
        ),
        Key::new("heartbeat.outputs[]", Kind::Text, "", "The names of the outputs that it is sent to."),
    ],
};
