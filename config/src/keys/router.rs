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
        Key::new(
            "router.dedup.by",
            Kind::Texts,
            "",
            "The fields by which an alert is a repeat of another, for each of `outputs` by itself; without them the rule, the container, the process and its parent, and the file or peer.",
        ),
        Key::new(
            "router.dedup.window",
            Kind::Duration("1s", "1w"),
            "5m",
            "How long after its last occurrence an alert is new again. Until then the first goes out at once, and its repeats come as a count, less and less often.",
        ),
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
        Key::new(
            "router.inhibit[].source",
            Kind::Matchers,
            "",
            "Alerts of which all of these are true, written as in `router.route.match`, keep others from being sent. Required.",
        ),
        Key::new(
            "router.inhibit[].target",
            Kind::Matchers,
            "",
            "Those others: alerts of which all of these are true, and which are no source themselves. Required.",
        ),
        Key::new(
            "router.inhibit[].equal",
            Kind::Texts,
            "",
            "Fields of which both must have the same values.",
        ),
        Key::new(
            "router.inhibit[].for",
            Kind::Duration("1s", "1w"),
            "10m",
            "For how long after the last occurrence of the source.",
        ),
        Key::new(
            "silences[].name",
            Kind::Text,
            "",
            "What it is called in what it marks; its number without one.",
        ),
        Key::new(
            "silences[].match",
            Kind::Matchers,
            "",
            "Which alerts are not sent: those of which all of these are true, written as in `router.route.match`. Required.",
        ),
        Key::new("silences[].from", Kind::Time, "", "From when on."),
        Key::new("silences[].until", Kind::Time, "", "Until when."),
        Key::new(
            "silences[].when.times",
            Kind::Texts,
            "",
            "Only at these times of the day, such as `22:00-06:00`.",
        ),
        Key::new(
            "silences[].when.weekdays",
            Kind::Texts,
            "",
            "Only on these days, such as `sat` or `monday-friday`.",
        ),
        Key::new(
            "silences[].when.days",
            Kind::Texts,
            "",
            "Only on these days of the month, such as `1..15`, or `-1` for the last.",
        ),
        Key::new(
            "silences[].when.months",
            Kind::Texts,
            "",
            "Only in these months, such as `december` or `jun-aug`.",
        ),
        Key::new(
            "silences[].when.zone",
            Kind::Text,
            "",
            "The time zone of these times, such as `Europe/Berlin`; the host's without it.",
        ),
        Key::new("silences[].author", Kind::Text, "", "Who made it, for those who read the file."),
        Key::new("silences[].comment", Kind::Text, "", "Why, for those who read the file."),
    ],
};
