//! Lanner's own log.

use crate::key::{Family, Key, Owner};
use crate::kind::Kind;

const LEVELS: &[&str] = &[
    "emergency",
    "alert",
    "critical",
    "error",
    "warning",
    "notice",
    "info",
    "informational",
    "debug",
    "trace",
    "fatal",
];

pub(super) const FAMILY: Family = Family {
    title: "Lanner's own log",
    owner: Owner::Falco,
    keys: &[
        Key::new("log_level", Kind::OneOf(LEVELS), "info", "How much the log says, at least."),
        Key::new("log_stderr", Kind::Bool, "false", "Whether the log goes to standard error.")
            .not_yet("a log in other places; it always goes to standard error"),
        Key::new("log_syslog", Kind::Bool, "false", "Whether the log goes to the local syslog.")
            .not_yet("a log in other places; it always goes to standard error"),
        Key::new("libs_logger.enabled", Kind::Bool, "true", "Whether Falco's libraries log.")
            .never("Lanner has no such libraries; `log_level` is for all of it"),
        Key::new("libs_logger.severity", Kind::OneOf(LEVELS), "info", "How much they log.")
            .never("Lanner has no such libraries; `log_level` is for all of it"),
    ],
};
