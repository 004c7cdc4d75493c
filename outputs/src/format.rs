//! How `%field` is written in a setting, and how a value is shown.

use lanner_alert::Value;

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
    fn names_end_where_they_end() {
        for (text, expected) in [
            ("priority] x", "priority"),
            ("hostname.", "hostname"),
            ("container.id|", "container.id"),
            ("proc.aname[2]] x", "proc.aname[2]"),
            ("proc.name[", "proc.name"),
            ("%", ""),
            ("Rule", ""),
            ("", ""),
        ] {
            assert_eq!(name_at(text), expected, "{text}");
        }
    }
}
