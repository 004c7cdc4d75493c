//! Texts that are put together from several places, and still know where each byte came from.

use lanner_diagnostic::{Node, Place, SourceId, Sources, Span, Value};

/// A text, and where in the files each of its bytes stands.
#[derive(Debug, Clone, Default)]
pub struct Sourced {
    text: String,
    at: Vec<(SourceId, u32)>,
}

impl Sourced {
    /// The text of a scalar. YAML folds lines and takes quotes and escapes away; the text is laid beside its
    /// source, character by character, to find where each came from.
    pub fn from_node(node: &Node, sources: &Sources) -> Sourced {
        let text = node.as_str().unwrap_or_default();
        let source = sources.get(node.place.source);
        let written = source.text.get(node.place.span.start..).unwrap_or_default();
        let block = matches!(node.value, Value::Quoted(_)) && written.starts_with(['>', '|']);
        let mut from = if block { written.find('\n').unwrap_or(0) } else { 0 };
        let written = written.as_bytes();
        let mut at = Vec::with_capacity(text.len());
        for byte in text.bytes() {
            // What was taken away is white space, quotes and backslashes; nothing else is skipped.
            let mut found = from;
            while written
                .get(found)
                .is_some_and(|w| *w != byte && (w.is_ascii_whitespace() || b"'\"\\".contains(w)))
            {
                found += 1;
            }
            if written.get(found) == Some(&byte) {
                from = found + 1;
            } else {
                // It was written as an escape: what follows is somewhere behind.
                found = from.min(written.len().saturating_sub(1));
            }
            at.push((node.place.source, (node.place.span.start + found) as u32));
        }
        Sourced { text: text.to_owned(), at }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Appends another, a blank between, as Falco appends conditions.
    pub fn append(&mut self, other: &Sourced) {
        if !self.text.is_empty() {
            let place = other.place(0, 1);
            self.push_str(" ", place);
        }
        self.text.push_str(&other.text);
        self.at.extend_from_slice(&other.at);
    }

    /// Without the blanks around it, such as the line end of a folded text.
    pub fn trimmed(&self) -> Sourced {
        let start = self.text.len() - self.text.trim_start().len();
        let mut trimmed = Sourced::default();
        trimmed.push_range(self, start, start + self.text.trim().len());
        trimmed
    }

    /// Appends a text that stands for what is at a place.
    pub fn push_str(&mut self, text: &str, place: Place) {
        self.text.push_str(text);
        self.at.extend(std::iter::repeat_n((place.source, place.span.start as u32), text.len()));
    }

    /// Appends a part of another.
    pub fn push_range(&mut self, other: &Sourced, start: usize, end: usize) {
        self.text.push_str(&other.text[start..end]);
        self.at.extend_from_slice(&other.at[start..end]);
    }

    /// The place of a range of bytes: as far as it is of one piece. An empty range, or the end, is the last
    /// byte.
    pub fn place(&self, start: usize, end: usize) -> Place {
        let last = self.at.len().saturating_sub(1);
        let Some((source, first)) = self.at.get(start.min(last)).copied() else { return Place::default() };
        let mut stop = first + 1;
        for (other, at) in self.at.iter().take(end).skip(start) {
            if *other != source || *at + 1 < stop {
                break;
            }
            stop = at + 1;
        }
        Place { source, span: Span::new(first as usize, stop as usize) }
    }
}

#[cfg(test)]
mod tests {
    use lanner_diagnostic::{SourceText, parse};

    use super::*;

    fn find(yaml: &str, needle: &str) -> String {
        let mut sources = Sources::default();
        let id = sources.add(SourceText::new("f", yaml));
        let nodes = parse(sources.get(id), id).expect("YAML");
        let sourced = Sourced::from_node(nodes[0].get("c").expect("a key c"), &sources);
        let start = sourced.as_str().find(needle).expect("the needle is in the text");
        let place = sourced.place(start, start + needle.len());
        let span = place.span;
        format!("{} {}", sources.locate(place), &yaml[span.start..span.end])
    }

    #[test]
    fn places_survive_yaml() {
        assert_eq!(find("c: a.b = c", "= c"), "f:1:8 = c");
        assert_eq!(find("c: 'a.b = \"c\"'", "\"c\""), "f:1:11 \"c\"");
        assert_eq!(find("c: >\n  a.b = c\n  and d.e = f\n", "d.e"), "f:3:7 d.e");
        assert_eq!(find("c: |-\n    a.b = c\n    and d.e = f\n", "f"), "f:3:15 f");
        assert_eq!(find("c: \"a \\\"b\\\" c\"", "c"), "f:1:13 c");
        assert_eq!(find("x: 1\nc: a\n  b\n  c\n", "b"), "f:3:3 b");
    }
}
