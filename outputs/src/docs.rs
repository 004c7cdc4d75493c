//! `docs/outputs.md`, printed from the table of outputs.

use std::fmt::Write;

use serde_json::Value;

use crate::template::NAMES;
use crate::{OUTPUTS, OutputSpec};

const INTRODUCTION: &str = "\
# Outputs

<!-- Printed from the table in outputs/src/lib.rs: LANNER_BLESS=1 cargo test -p lanner-outputs -->

Any number of outputs stand in the list `outputs:`, each with a `name`, a `type` and the settings of that \
type. Falco's own `stdout_output`, `syslog_output`, `file_output` and `http_output` lead to the same code. \
What looks like a secret belongs into the environment: `${NAME}`.

What an alert carries was chosen by whoever did what was noticed. Each output writes control characters out \
and escapes for its own medium, so that no name of a file or a command can forge a line, a header, a link or \
a mention. A notification has one id through every attempt, and each output passes it on where its medium has \
a place for it.

Command lines, environments and URLs may hold secrets. With `redact: true` passwords, tokens and keys become \
`[redacted]` in what an output is sent: those behind names such as `--password` and `API_TOKEN=`, in headers and \
URLs, in the options of known programs, and those that are known by their shape. Mail and chat have it unless told \
otherwise. `redact: { patterns: [...], keep: [...] }` adds regular expressions for what is secret and what isn't. \
The journal and other outputs keep what they are given.
";

const TEMPLATES: &str = "
## Templates

A setting that is a template has an own text in place of the built-in one, in the language of \
[Jinja](https://docs.rs/minijinja/3/minijinja/syntax/), with `%field` formats as in rules:

```yaml
outputs:
  - name: desk
    type: slack
    webhook_url: ${SLACK_WEBHOOK}
    title: \"%priority: %rule on %hostname\"
    template: |
      {{ output }}
      {% for name in [\"proc.cmdline\", \"user.name\"] %}*{{ name }}* `{{ fields[name] }}`
      {% endfor %}
  - name: tickets
    type: http
    url: https://example.org/hook
    template: |
      {\"text\": \"%rule: %proc.cmdline\", \"severity\": {{ priority | lower }}, \"count\": {{ count }}}
```

Every value is escaped for what the text goes to, and no filter takes that away: in mrkdwn nothing is a link or a \
mention, in HTML nothing is markup, in lines, headers and mails no character moves a cursor or begins a line. In a \
template that begins with `{`, `{{ value }}` is a whole JSON value, with its quotes, and `%field` stands inside a text; \
what comes of it must be JSON. Where a value goes through another medium, there are the filters `header`, `html`, \
`json`, `slack`, `syslog` and `terminal`. `truncate(100)` cuts a text, and `local` writes a time in the host's zone, in \
a form such as `local(\"%H:%M\")`.

A name that isn't there is an error. `lanner check` tries each template on an alert, a summary and a digest, and shows \
the place of what is wrong. Alerts carry the values of the fields that a template names by `%field` or as a text in an \
expression. A template takes a bounded number of steps and bytes; where one fails nevertheless, the built-in text goes \
out, and that is counted in the log.
";

/// The page, in Markdown.
pub fn reference() -> String {
    let mut page = INTRODUCTION.to_owned();
    for spec in OUTPUTS {
        // Writing to a string can't fail.
        let _ = section(&mut page, spec);
    }
    page += TEMPLATES;
    page += "\n| name | |\n|---|---|\n";
    for (name, says) in NAMES {
        page += &format!("| `{name}` | {says} |\n");
    }
    page
}

fn section(page: &mut String, spec: &OutputSpec) -> std::fmt::Result {
    write!(page, "\n## {}\n\n{}\n\n```yaml\noutputs:\n", spec.name, spec.summary)?;
    for (at, line) in spec.example.lines().enumerate() {
        writeln!(page, "  {} {line}", if at == 0 { "-" } else { " " })?;
    }
    page.push_str("```\n");
    if spec.redact {
        page.push_str("\nSecrets are taken out of what it is sent, unless it has `redact: false`.\n");
    }
    let schema = (spec.schema)().to_value();
    let none = serde_json::Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&none);
    page.push_str("\n| setting | default | |\n|---|---|---|\n");
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let (first, then): (Vec<_>, Vec<_>) =
        properties.iter().partition(|(name, _)| required.contains(&name.as_str()));
    for (name, property) in first.into_iter().chain(then) {
        let default = match &property["default"] {
            _ if required.contains(&name.as_str()) => "required".to_owned(),
            Value::Null => String::new(),
            Value::String(text) if text.is_empty() => String::new(),
            Value::Array(items) if items.is_empty() => String::new(),
            Value::Object(entries) if entries.is_empty() => String::new(),
            Value::String(text) => format!("`{text}`"),
            other => format!("`{other}`"),
        };
        let says = property["description"].as_str().unwrap_or_default().replace('\n', " ");
        writeln!(page, "| `{name}` | {default} | {says} |")?;
    }
    for slot in spec.templates {
        writeln!(page, "| `{}` | | {} |", slot.key, slot.doc)?;
    }
    Ok(())
}
