//! Texts that were read, and places in them.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// A text that was read from somewhere: a configuration or rules file, or an option of the command line.
#[derive(Debug, Clone)]
pub struct SourceText {
    /// Where it came from, as its user would name it: a path, or `-o option`.
    pub name: Arc<str>,
    /// The text itself.
    pub text: Arc<str>,
    /// Where each line begins, once somebody asks.
    lines: OnceLock<Arc<[usize]>>,
}

impl SourceText {
    /// A text and its name.
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        SourceText { name: name.into(), text: text.into(), lines: OnceLock::new() }
    }

    fn lines(&self) -> &[usize] {
        self.lines.get_or_init(|| {
            let ends = self.text.match_indices('\n').map(|(at, _)| at + 1);
            std::iter::once(0).chain(ends).collect()
        })
    }

    /// A line, from 1, without its end; empty where there is none.
    pub fn line(&self, number: usize) -> &str {
        let lines = self.lines();
        let Some(start) = number.checked_sub(1).and_then(|at| lines.get(at)) else { return "" };
        let end = lines.get(number).copied().unwrap_or(self.text.len());
        self.text[*start..end].trim_end_matches(['\n', '\r'])
    }

    /// The line and column of a byte offset, both counted from 1; a column counts characters.
    /// An offset past the end is the end.
    pub fn line_column(&self, offset: usize) -> LineColumn {
        let mut end = offset.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let lines = self.lines();
        let line = lines.partition_point(|start| *start <= end);
        let start = line.checked_sub(1).map_or(0, |at| lines[at]);
        LineColumn { line, column: self.text[start..end].chars().count() + 1 }
    }
}

/// A line and a column, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineColumn {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// Which text of a [`Sources`] a place is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SourceId(pub u32);

/// A range of bytes in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// The bytes from `start` up to `end`.
    pub fn new(start: usize, end: usize) -> Self {
        Span { start, end }
    }

    /// The smallest span that holds both.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// A span in a certain text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// The text.
    pub source: SourceId,
    /// Where in it.
    pub span: Span,
}

/// All texts that were read, in order: diagnostics name them by number.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    texts: Vec<SourceText>,
}

impl Sources {
    /// Adds a text and gives its number.
    pub fn add(&mut self, text: SourceText) -> SourceId {
        self.texts.push(text);
        SourceId(self.texts.len() as u32 - 1)
    }

    /// The text with that number.
    ///
    /// # Panics
    /// Where the number is of another `Sources`.
    pub fn get(&self, id: SourceId) -> &SourceText {
        &self.texts[id.0 as usize]
    }

    /// All texts with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &SourceText)> {
        self.texts.iter().enumerate().map(|(at, text)| (SourceId(at as u32), text))
    }

    /// The place of a part of a scalar's value. Where the part isn't written in the text as it is meant, since it is
    /// escaped or folded, that is the scalar's own place.
    pub fn inside(&self, scalar: Place, value: &str, part: Range<usize>) -> Place {
        let text = &*self.get(scalar.source).text;
        let (Some(part_text), Some(before)) = (value.get(part.clone()), value.get(..part.start)) else {
            return scalar;
        };
        let first = part_text.lines().next().unwrap_or_default();
        if first.is_empty() {
            return scalar;
        }
        // What stands before it may hold the same text, there as well as here.
        let start = scalar.span.start.min(text.len());
        let nth =
            (0..before.len()).filter(|at| value.as_bytes()[*at..].starts_with(first.as_bytes())).count();
        let written = &text.as_bytes()[start..];
        let found = (0..written.len()).filter(|at| written[*at..].starts_with(first.as_bytes())).nth(nth);
        let span = found.map(|at| Span::new(start + at, start + at + first.len()));
        Place { source: scalar.source, span: span.unwrap_or(scalar.span) }
    }

    /// `file:line:column` of a place, as compilers print it.
    pub fn locate(&self, place: Place) -> String {
        let text = self.get(place.source);
        let at = text.line_column(place.span.start);
        format!("{}:{}:{}", text.name, at.line, at.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_scalars_have_places() {
        let mut sources = Sources::default();
        let text = "a: |\n  x é x\n    x end\nb: x \"";
        let source = sources.add(SourceText::new("f", text));
        let scalar = Place { source, span: Span::new(3, 5) };
        let value = "x é x\n  x end\n";
        for (part, at) in [
            (0..1, "f:2:3"),
            (5..6, "f:2:7"),
            (9..10, "f:3:5"),
            (11..14, "f:3:7"),
            (9..99, "f:1:4"),
            (6..7, "f:1:4"),
        ] {
            assert_eq!(sources.locate(sources.inside(scalar, value, part.clone())), at, "{part:?}");
        }
        assert_eq!(sources.inside(scalar, "y", 0..1), scalar, "it isn't written so");
    }

    #[test]
    fn columns_count_characters() {
        let text = SourceText::new("a", "é: x\nü: y");
        assert_eq!(text.line_column(0), LineColumn { line: 1, column: 1 });
        assert_eq!(text.line_column(2), LineColumn { line: 1, column: 2 });
        assert_eq!(text.line_column(6), LineColumn { line: 2, column: 1 });
        assert_eq!(text.line_column(99), LineColumn { line: 2, column: 5 });
        assert_eq!([0, 1, 2, 3].map(|number| text.line(number)), ["", "é: x", "ü: y", ""]);
        assert_eq!(SourceText::new("a", "\n").line_column(1), LineColumn { line: 2, column: 1 });
    }
}
