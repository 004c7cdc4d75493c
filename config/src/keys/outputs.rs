//! Outputs.

use crate::key::{Family, Key, Owner};
use crate::kind::Kind;

pub(super) const FAMILY: Family = Family {
    title: "Outputs",
    owner: Owner::Lanner,
    keys: &[
        Key::new(
            "outputs[].name",
            Kind::Text,
            "",
            "Its name: routes and the journal know it by that, so keep it. Required.",
        ),
        Key::new("outputs[].type", Kind::Text, "", "What it is: see the page on outputs. Required."),
        Key::new(
            "outputs[].min_priority",
            Kind::Priority,
            "debug",
            "What has a lower priority is not for it.",
        ),
        Key::new("outputs[].format", Kind::OneOf(&["falco"]), "falco", "The form of an alert: Falco's."),
        Key::new(
            "outputs[].batch",
            Kind::Whole(1, 10_000),
            "1",
            "The most notifications that are sent at once.",
        ),
        Key::new(
            "outputs[].attempt_timeout",
            Kind::Duration("1s", "1h"),
            "30s",
            "How long an attempt may take in all, whatever the output itself waits for; then it counts as failed.",
        ),
        Key::new(
            "outputs[].breaker.failures",
            Kind::Whole(1, 1_000_000),
            "5",
            "After so many failed attempts in a row only a probe, one notification, is sent from time to time. An alert says so, and another when it delivers again.",
        ),
        Key::new(
            "outputs[].breaker.pause",
            Kind::Duration("1s", "1h"),
            "30s",
            "How long from one probe to the next, less up to half by chance, or longer where the receiver asks for it.",
        ),
        Key::new("outputs[].rate_limit.per", Kind::Texts, "output", "As `router.rate_limit.per`."),
        Key::new(
            "outputs[].rate_limit.rate",
            Kind::Rate,
            "",
            "How many alerts it is sent, before they are grouped or collected; what is over it comes as a summary. In place of `router.rate_limit`.",
        ),
        Key::new(
            "outputs[].rate_limit.burst",
            Kind::Whole(1, 1_000_000),
            "1",
            "How many at once after a quiet time.",
        ),
        Key::new(
            "outputs[].rate_limit.summary",
            Kind::Duration("1s", "1w"),
            "1m",
            "How long after the first that was withheld the summary comes.",
        ),
        Key::new(
            "outputs[].digest.every",
            Kind::Duration("1s", "4w"),
            "",
            "Collects alerts, and sends them together that long after the first.",
        ),
        Key::new(
            "outputs[].digest.at",
            Kind::Texts,
            "",
            "Collects alerts, and sends them together at that time of the day, such as `08:00`, or at several. In place of `every`.",
        ),
        Key::new(
            "outputs[].digest.zone",
            Kind::Text,
            "",
            "The time zone of `at`, such as `Europe/Berlin`; the host's without it.",
        ),
        Key::new(
            "outputs[].immediate_from",
            Kind::Priority,
            "",
            "What has this priority or a higher one is not collected but sent at once.",
        ),
        Key::new(
            "outputs[].redact",
            Kind::Bool,
            "",
            "Whether secrets are taken out of what it is sent: passwords, tokens and keys in command lines, environments and URLs become `[redacted]`. On for mail and chat unless set, off for others. With one of the keys below it is on.",
        ),
        Key::new(
            "outputs[].redact.patterns[]",
            Kind::Text,
            "",
            "A regular expression: what it matches is secret too, or its first group where it has one.",
        ),
        Key::new(
            "outputs[].redact.keep[]",
            Kind::Text,
            "",
            "A regular expression: what looks like a secret and is matched as a whole stays.",
        ),
        Key::new(
            "outputs[].dedup",
            Kind::OneOf(&["on", "off"]),
            "on",
            "Whether repeats become a count, as `router.dedup` says; or a mapping that says how, in its place.",
        ),
        Key::new("outputs[].dedup.by", Kind::Texts, "", "As `router.dedup.by`."),
        Key::new("outputs[].dedup.window", Kind::Duration("1s", "1w"), "5m", "As `router.dedup.window`."),
        Key::new(
            "outputs[].audit",
            Kind::Bool,
            "false",
            "Whether it gets every alert by itself: what is silenced too, marked so, what no route gives it or would hold back, and repeats.",
        ),
        Key::new("outputs[].*", Kind::Any, "", "The settings of its type: see the page on outputs."),
    ],
};
