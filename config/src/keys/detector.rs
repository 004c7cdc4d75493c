//! Detector.

use crate::key::{Family, Key, Owner};
use crate::kind::Kind;

pub(super) const FAMILY: Family = Family {
    title: "Detector",
    owner: Owner::Lanner,
    keys: &[
        Key::new(
            "detector.poll_interval",
            Kind::Duration("1ms", "1s"),
            "5ms",
            "How often the ring buffer is read: the longer, the cheaper, and the later an alert.",
        ),
        Key::new(
            "detector.containers.wait",
            Kind::Duration("0s", "1m"),
            "1s",
            "How long a hit that needs a container's name, image or mounts waits for them.",
        ),
    ],
};
