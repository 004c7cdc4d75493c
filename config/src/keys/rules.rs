//! Rules.

use crate::key::{Family, Key, Owner};
use crate::kind::Kind;

pub(super) const FAMILY: Family = Family {
    title: "Rules",
    owner: Owner::Falco,
    keys: &[
        Key::new(
            "rules_files[]",
            Kind::Text,
            "",
            "Rules files, or folders of them, in order; a folder's `.yaml` and `.yml` files in the order of their names. What doesn't exist is skipped and named. Without this key, the rules that Lanner ships are read.",
        ),
        Key::new("rules_file", Kind::Texts, "", "The old name of `rules_files`: one path or a list."),
        Key::new(
            "rules[].enable.rule",
            Kind::Text,
            "",
            "Enables the rules of that name, in which `*` stands for anything.",
        ),
        Key::new("rules[].enable.tag", Kind::Text, "", "Enables the rules with that tag."),
        Key::new(
            "rules[].disable.rule",
            Kind::Text,
            "",
            "Disables the rules of that name, in which `*` stands for anything.",
        ),
        Key::new("rules[].disable.tag", Kind::Text, "", "Disables the rules with that tag."),
        Key::new("priority", Kind::Priority, "debug", "Rules of a lower priority are not loaded.").fatal(),
        Key::new(
            "rule_matching",
            Kind::OneOf(&["first", "all"]),
            "first",
            "Whether the first rule that matches an event makes an alert, or every one.",
        )
        .fatal(),
        Key::new(
            "static_fields.*",
            Kind::Text,
            "",
            "The value of a field `static.NAME`, for conditions and outputs.",
        ),
    ],
};
