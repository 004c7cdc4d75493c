//! `docs/configuration.md`, printed from the table of keys.

use crate::{Effect, FAMILIES, Key, Owner};

const INTRODUCTION: &str = "\
# Configuration

<!-- Printed from the table in config/src/keys/: LANNER_BLESS=1 cargo test -p lanner-config -->

`lanner -c FILE` reads a `falco.yaml`. Without `-c` it is `/etc/lanner/lanner.yaml` or `/etc/falco/falco.yaml`; where \
neither exists, alerts go to standard output. `-o KEY=VALUE` sets a key on the command line: names joined with dots, \
`outputs[0].channel` for an item of a list, `rules_files[]` for a new one, `{a: 1}` for a mapping.

`lanner check` reads all of it and says what is wrong. In Falco's own keys, one that isn't known or has a wrong value \
is a warning, and the key has its default; in Lanner's (`outputs`, `router`, `journal`, `detector`) it is an error. \
`lanner check` takes both for errors. A key without effect is named at start.

Values may hold `${NAME}` from the environment; `$${NAME}` stands for `${NAME}` itself. A variable that isn't set is \
empty in Falco's keys and an error in Lanner's. What comes from the environment, and what stands under a key that is \
named like a secret (`password`, `token`, `url`…), shows in no message.

Durations are written as `5ms`, `10s`, `1h30m`, `7d`; sizes as `64KiB`, `500MB`, `1GiB`; rates as `10/m`, `5/30s`. \
Priorities are emergency, alert, critical, error, warning, notice, informational (or info) and debug.
";

/// The page, in Markdown.
pub fn reference() -> String {
    let mut page = INTRODUCTION.to_owned();
    for family in FAMILIES {
        let by = match family.owner {
            Owner::Falco => "",
            Owner::Lanner => "These keys are Lanner's.\n\n",
        };
        page += &format!("\n## {}\n\n{by}| key | value | default | |\n|---|---|---|---|\n", family.title);
        for key in family.keys {
            page += &row(key, family.owner);
        }
    }
    page
}

fn row(key: &Key, owner: Owner) -> String {
    let default = match key.default {
        "" => String::new(),
        default => format!("`{default}`"),
    };
    let effect = match key.effect {
        Effect::Yes => String::new(),
        Effect::NotYet(brings) if owner == Owner::Lanner => format!(" *Refused until there is {brings}.*"),
        Effect::NotYet(brings) => format!(" *No effect yet: it comes with {brings}.*"),
        Effect::Never(reason) => format!(" *No effect: {reason}.*"),
    };
    format!("| `{}` | {} | {default} | {}{effect} |\n", key.path, key.kind.words(), key.doc)
}
