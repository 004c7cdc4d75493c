//! `%field` in a setting: a text with values of the alert filled in, as in a rule's output.

use lanner_alert::{Alert, Value};

/// The text with every `%name` replaced by the alert's value of that field; one that the alert doesn't have
/// is `<NA>`, as in Falco. A `%` that no name follows stands for itself.
pub fn fill(text: &str, alert: &Alert) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let name = name_at(rest);
        if name.is_empty() {
            out.push('%');
        } else {
            out.push_str(&alert.field(name).to_string());
            rest = &rest[name.len()..];
        }
    }
    out.push_str(rest);
    out
}

/// The longest field name, with its argument if it has one, that the text begins with; a full stop at its
/// end isn't part of it.
pub fn name_at(text: &str) -> &str {
    if !text.starts_with(|c: char| c.is_ascii_lowercase()) {
        return "";
    }
    let end =
        text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_'))).unwrap_or(text.len());
    match text[end..].find(']') {
        Some(close) if text[end..].starts_with('[') => &text[..=end + close],
        _ => text[..end].trim_end_matches('.'),
    }
}

/// The value as a text, or nothing where there is no value to show.
pub fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Str(text) if text.is_empty() || text == "<NA>" => None,
        value => Some(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_fields() {
        let alert = crate::samples::alert();
        for (text, expected) in [
            ("plain", "plain"),
            ("[%priority] %rule on %hostname.", "[Warning] Terminal shell in container on node-1."),
            ("%container.id|%no.such|100%|%", "3ad7b26ded6d|<NA>|100%|%"),
        ] {
            assert_eq!(fill(text, &alert), expected);
        }
    }
}
