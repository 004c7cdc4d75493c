//! Router.

use crate::key::{Family, Key, Owner};
use crate::kind::Kind;

pub(super) const FAMILY: Family = Family {
    title: "Router",
    owner: Owner::Lanner,
    keys: &[
        Key::new(
            "router.rate_limit.per",
            Kind::OneOf(&["output"]),
            "output",
            "What has a limit of its own: each of `outputs`.",
        ),
        Key::new(
            "router.rate_limit.rate",
            Kind::Rate,
            "",
            "How many notifications each of `outputs` is sent; what is over it comes as a summary.",
        ),
        Key::new(
            "router.rate_limit.burst",
            Kind::Whole(1, 1_000_000),
            "1",
            "How many at once after a quiet time.",
        ),
        Key::new(
            "router.rate_limit.summary",
            Kind::Duration("1s", "1w"),
            "1m",
            "How long after the first that was withheld the summary comes.",
        ),
        Key::new("router.dedup", Kind::Any, "", "Makes repeats a count.")
            .not_yet("the stage that finds repeats"),
        Key::new(
            "router.route.match.priority",
            Kind::Priorities,
            "",
            "Only alerts from that priority up, or of one of these.",
        ),
        Key::new("router.route.match.rule", Kind::Texts, "", "Only alerts of one of these rules."),
        Key::new("router.route.match.source", Kind::Texts, "", "Only alerts from one of these sources."),
        Key::new("router.route.match.tags", Kind::Texts, "", "Only alerts with one of these tags."),
        Key::new(
            "router.route.outputs[]",
            Kind::Text,
            "",
            "Where an alert goes that none of the routes below takes; the parent's where the key isn't there, and for the first route all outputs. Falco's outputs that no route names get everything.",
        ),
        Key::new(
            "router.route.continue",
            Kind::Bool,
            "false",
            "Whether the routes after this one are looked at too.",
        ),
        Key::new(
            "router.route.routes[]",
            Kind::Same("router.route"),
            "",
            "The routes below: the first that matches takes the alert.",
        ),
        Key::new("silences", Kind::Any, "", "Keeps alerts from being sent for a time.").not_yet("silences"),
    ],
};
