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
            "router.route.match",
            Kind::Matchers,
            "",
            "Only alerts of which all of these are true: a mapping such as `{priority: \">= error\", rule: [A, B], container.name: \"!= web\", proc.name: \"=~ apt.*\"}`, or a list such as `['rule = A', 'tags in (host, container)']`. Besides the fields of events there are `rule`, `priority`, `source`, `hostname` and `tags`.",
        ),
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
