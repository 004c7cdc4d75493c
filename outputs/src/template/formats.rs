//! What stands in a template's text: Falco's `%field` formats, which are made expressions, and the names of
//! fields, which alerts must carry.

use std::ops::Range;

use super::medium::Medium;
use crate::format::name_at;

/// A text that may be the name of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The text.
    pub name: String,
    /// Where it stands in the template.
    pub part: Range<usize>,
    /// Whether it must be one: it stands in a format, or `fields[…]`.
    pub sure: bool,
}

/// A template with its `%field` formats made expressions.
#[derive(Debug, Default)]
pub struct Formats {
    /// The text for the template engine.
    pub text: String,
    /// What may be fields, and where in the original.
    pub fields: Vec<Named>,
    /// Where a format was, in the new text and in the original.
    replaced: Vec<(Range<usize>, Range<usize>)>,
}

impl Formats {
    /// Reads a template for that medium.
    pub fn read(original: &str, medium: Medium) -> Formats {
        let mut formats = Formats::default();
        let mut at = 0;
        // In JSON, whether a text is open.
        let mut quoted = false;
        while at < original.len() {
            let rest = &original[at..];
            let name = rest.strip_prefix('%').map_or("", name_at);
            let length = if let Some(length) = code(rest) {
                formats.literals(original, at..at + length);
                formats.text.push_str(&rest[..length]);
                length
            } else if name.is_empty() {
                let length = rest.chars().next().map_or(1, char::len_utf8);
                quoted ^= rest.starts_with('"') && !original[..at].ends_with('\\');
                formats.text.push_str(&rest[..length]);
                length
            } else {
                let inside = medium != Medium::Json || quoted;
                formats.format(name, at, inside);
                1 + name.len()
            };
            at += length;
        }
        formats
    }

    fn format(&mut self, name: &str, at: usize, inside: bool) {
        let original = at..at + 1 + name.len();
        let start = self.text.len();
        let filter = if inside { "|inside" } else { "" };
        self.text.push_str(&format!("{{{{fields[{name:?}]{filter}}}}}"));
        self.replaced.push((start..self.text.len(), original.clone()));
        self.fields.push(Named { name: name.to_owned(), part: original, sure: true });
    }

    /// Notes what may be names of fields in an expression: `fields["…"]`, and any other text that looks like one.
    fn literals(&mut self, original: &str, code: Range<usize>) {
        if original[code.clone()].starts_with("{#") {
            return;
        }
        let (mut at, bytes) = (code.start, original.as_bytes());
        while at < code.end {
            let quote = bytes[at];
            at += 1;
            if !matches!(quote, b'"' | b'\'') {
                continue;
            }
            let Some(length) = original[at..code.end].find(char::from(quote)) else { return };
            let text = &original[at..at + length];
            let sure = original[code.start..at - 1].trim_end().ends_with("fields[");
            if sure || (text.contains('.') && name_at(text) == text) {
                self.fields.push(Named { name: text.to_owned(), part: at..at + length, sure });
            }
            at += length + 1;
        }
    }

    /// Where a part of the new text is in the original.
    pub fn original(&self, part: Range<usize>) -> Range<usize> {
        let place = |at: usize, end: bool| {
            let before =
                self.replaced.iter().take_while(|(new, _)| new.start + usize::from(end) <= at).last();
            match before {
                None => at,
                Some((new, old)) if at < new.end || (end && at == new.end) => {
                    if end {
                        old.end
                    } else {
                        old.start
                    }
                }
                Some((new, old)) => old.end + (at - new.end),
            }
        };
        let (start, end) = (place(part.start, false), place(part.end, true));
        start..end.max(start)
    }
}

/// How long the expression, statement or comment is that the text begins with, if it does; of `{% raw %}`, all up to
/// its end.
fn code(text: &str) -> Option<usize> {
    let end = match text.get(..2)? {
        "{{" => "}}",
        "{%" => "%}",
        "{#" => "#}",
        _ => return None,
    };
    let bytes = text.as_bytes();
    let (mut at, mut quote) = (2, None);
    while at < bytes.len() {
        match quote {
            None if text.is_char_boundary(at) && text[at..].starts_with(end) => {
                let length = at + 2;
                let raw = end == "%}" && text[2..at].trim_matches(['-', '+', ' ']) == "raw";
                return Some(if raw { text.find("endraw").unwrap_or(length) } else { length });
            }
            None if end != "#}" && matches!(bytes[at], b'"' | b'\'') => quote = Some(bytes[at]),
            Some(_) if bytes[at] == b'\\' => at += 1,
            Some(open) if bytes[at] == open => quote = None,
            _ => {}
        }
        at += 1;
    }
    Some(text.len())
}
