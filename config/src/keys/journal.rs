//! Journal.

use crate::key::{Family, Key, Owner};
use crate::kind::Kind;

pub(super) const FAMILY: Family = Family {
    title: "Journal",
    owner: Owner::Lanner,
    keys: &[
        Key::new(
            "journal.path",
            Kind::Text,
            "/var/lib/lanner/journal.db",
            "The journal's file. Its folder is made where it doesn't exist.",
        ),
        Key::new(
            "journal.max_size",
            Kind::Bytes("1MiB"),
            "1GiB",
            "The most that it takes on the disk; the oldest is given up, and told.",
        ),
        Key::new(
            "journal.max_age",
            Kind::Duration("1m", "10y"),
            "7d",
            "How long an alert is kept, sent or not.",
        ),
        Key::new(
            "journal.sync",
            Kind::OneOf(&["normal", "full"]),
            "normal",
            "Whether what is accepted survives the end of the process, or a power cut too (slower).",
        ),
    ],
};
