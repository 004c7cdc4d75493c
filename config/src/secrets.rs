//! What must not show: values from the environment, passwords, tokens, URLs that hold one.
//!
//! Diagnostics quote values and show source lines. Instead of trusting every message, what is secret is noted
//! while the configuration is read, and taken out of all texts before anybody sees them.

use std::fmt;

use lanner_diagnostic::{Diagnostic, Node, SourceText, Sources, Span, Value};

/// A shorter value is hidden only where a message quotes it alone: it would be found in ordinary words.
const ANYWHERE_BYTES_MIN: usize = 4;

/// The texts that must not show, and what stands in their place.
#[derive(Clone, Default)]
pub struct Secrets(Vec<(String, String)>);

impl Secrets {
    /// Notes a text and what stands in its place.
    pub(crate) fn add(&mut self, text: &str, instead: String) {
        if !text.is_empty() && !self.0.iter().any(|(known, _)| known == text) {
            self.0.push((text.to_owned(), instead));
            // One that contains another is found first.
            self.0.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        }
    }

    /// The text without secrets.
    pub fn hide(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for (secret, instead) in &self.0 {
            if secret.len() >= ANYWHERE_BYTES_MIN {
                out = out.replace(secret, instead);
            } else {
                out = out.replace(&format!("`{secret}`"), &format!("`{instead}`"));
            }
        }
        out
    }

    /// The diagnostic without secrets: for those of others, such as an output that refuses its settings.
    pub fn hide_in(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        diagnostic.message = self.hide(&diagnostic.message);
        diagnostic.label = self.hide(&diagnostic.label);
        diagnostic.help = diagnostic.help.map(|help| self.hide(&help));
        diagnostic
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

/// Whether what stands under a key of that name is secret.
pub(crate) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["password", "token", "secret", "api_key", "url", "smtp", "headers", "credentials"]
        .iter()
        .any(|word| name.contains(word))
}

/// Notes what is secret in the tree: the texts, and where they were written.
pub(crate) fn collect(node: &Node, secret: bool, secrets: &mut Secrets, places: &mut Vec<(u32, Span)>) {
    match &node.value {
        Value::Null => {}
        Value::Plain(text) | Value::Quoted(text) => {
            if secret && node.as_bool().is_none() {
                secrets.add(text, "***".to_owned());
                places.push((node.place.source.0, node.place.span));
            }
        }
        Value::Sequence(items) => items.iter().for_each(|item| collect(item, secret, secrets, places)),
        Value::Mapping(entries) => {
            for (name, value) in entries {
                let secret = secret || name.as_str().is_some_and(is_secret);
                collect(value, secret, secrets, places);
            }
        }
    }
}

/// The texts with the secret places masked. `${NAME}` stays readable.
pub(crate) fn mask(sources: &Sources, places: &[(u32, Span)]) -> Sources {
    let mut masked = Sources::default();
    for (id, source) in sources.iter() {
        let spans: Vec<Span> = places.iter().filter(|(of, _)| *of == id.0).map(|(_, span)| *span).collect();
        masked.add(match &spans[..] {
            [] => source.clone(),
            spans => SourceText::new(source.name.clone(), mask_spans(&source.text, spans)),
        });
    }
    masked
}

/// The text of a source that couldn't be read as YAML, where secrets can only be guessed: what follows the name of
/// a secret key in its line.
pub(crate) fn guess(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let value = line.match_indices(':').find(|(at, _)| {
            let before = line[..*at].trim_end_matches(['"', '\'', ' ']);
            is_secret(
                before
                    .rsplit(|c: char| !(c.is_alphanumeric() || "_-.".contains(c)))
                    .next()
                    .unwrap_or_default(),
            )
        });
        if let Some((at, _)) = value {
            spans.push(Span::new(start + at + 1, start + line.trim_end().len().max(at + 1)));
        }
        start += line.len();
    }
    spans
}

fn mask_spans(text: &str, spans: &[Span]) -> String {
    let secret = |at: usize| spans.iter().any(|span| span.start <= at && at < span.end);
    let mut out = String::with_capacity(text.len());
    let mut variable_end = 0;
    for (at, c) in text.char_indices() {
        if text[at..].starts_with("${") {
            variable_end = text[at..].find(['}', '\n']).map_or(at, |length| at + length + 1);
        }
        if at < variable_end || !secret(at) || c.is_whitespace() {
            out.push(c);
            continue;
        }
        // As many bytes as before, so that places stay right.
        out.push(match c.len_utf8() {
            1 => '*',
            2 => '·',
            3 => '•',
            _ => '\u{1f512}',
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides_and_masks() {
        let mut secrets = Secrets::default();
        secrets.add("hunter22", "${PASSWORD}".to_owned());
        secrets.add("ab", "***".to_owned());
        assert_eq!(secrets.hide("`hunter22` in cabs, `ab`"), "`${PASSWORD}` in cabs, `***`");
        assert_eq!(format!("{secrets:?}"), "2 secrets");
        let text = "token: äb c ${X}d\nurl: y";
        let masked = mask_spans(text, &[Span::new(7, 18)]);
        assert_eq!(masked, "token: ·* * ${X}*\nurl: y");
        assert_eq!(masked.len(), text.len());
        let text = "{a: 1, \"token\": \"x}\nother: 2\n- url: 'z\n";
        assert_eq!(mask_spans(text, &guess(text)), "{a: 1, \"token\": ***\nother: 2\n- url: **\n");
    }
}
