//! Form of alerts.

use crate::key::{Family, Key, Owner};
use crate::kind::Kind;

pub(super) const FAMILY: Family = Family {
    title: "Form of alerts",
    owner: Owner::Falco,
    keys: &[
        Key::new("json_output", Kind::Bool, "false", "Whether lines are JSON objects."),
        Key::new(
            "json_include_output_property",
            Kind::Bool,
            "true",
            "Whether the object has `output`: the line of text.",
        ),
        Key::new(
            "json_include_message_property",
            Kind::Bool,
            "false",
            "Whether the object has `message`: the text without time and priority.",
        ),
        Key::new(
            "json_include_output_fields_property",
            Kind::Bool,
            "true",
            "Whether the object has `output_fields`.",
        ),
        Key::new("json_include_tags_property", Kind::Bool, "true", "Whether the object has `tags`."),
        Key::new(
            "time_format_iso_8601",
            Kind::Bool,
            "false",
            "Whether times in lines of text have a date and are in UTC.",
        ),
        Key::new(
            "buffer_format_base64",
            Kind::Bool,
            "false",
            "Whether bytes that were read or written are shown as base64.",
        )
        .not_yet("events that carry such bytes"),
        Key::new("append_output[].match.source", Kind::Text, "", "Appends to rules of that source only."),
        Key::new(
            "append_output[].match.tags[]",
            Kind::Text,
            "",
            "Appends to rules with all of these tags only.",
        ),
        Key::new("append_output[].match.rule", Kind::Text, "", "Appends to the rule of that name only."),
        Key::new("append_output[].extra_output", Kind::Text, "", "What is appended to the rule's output."),
        Key::new(
            "append_output[].extra_fields[]",
            Kind::Text,
            "",
            "More `output_fields`: the name of a field.",
        ),
        Key::new("append_output[].extra_fields[].*", Kind::Text, "", "A name of its own, and a format."),
        Key::new(
            "append_output[].suggested_output",
            Kind::Bool,
            "false",
            "Whether to append the container's and the pod's fields, and the static ones.",
        ),
    ],
};
