//! The text of a condition and where in it the parser is.

use std::ops::Range;

use super::SyntaxError;

/// A text and a position in it.
#[derive(Clone, Copy)]
pub struct Cursor<'a> {
    text: &'a str,
    pos: usize,
}

impl<'a> Cursor<'a> {
    /// The beginning of a text.
    pub fn new(text: &'a str) -> Self {
        Cursor { text, pos: 0 }
    }

    /// The whole text.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// How many bytes were read.
    pub fn pos(&self) -> usize {
        self.pos
    }

    /// Whether all was read.
    pub fn at_end(&self) -> bool {
        self.pos == self.text.len()
    }

    /// The byte that many further on.
    pub fn byte_at(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.pos + ahead).copied()
    }

    /// Whether a blank is that many bytes further on. As in Falco, a backspace is one, and a form feed isn't.
    pub fn blank_at(&self, ahead: usize) -> bool {
        self.byte_at(ahead).is_some_and(|byte| b" \t\x08\r\n".contains(&byte))
    }

    /// Whether a word comes next.
    pub fn looking_at(&self, word: &str) -> bool {
        self.text.as_bytes()[self.pos..].starts_with(word.as_bytes())
    }

    /// Reads a word, if it comes next.
    pub fn eat(&mut self, word: &str) -> bool {
        let found = self.looking_at(word);
        if found {
            self.pos += word.len();
        }
        found
    }

    /// Reads blanks, and says whether there was one.
    pub fn blanks(&mut self) -> bool {
        let start = self.pos;
        while self.blank_at(0) {
            self.pos += 1;
        }
        self.pos > start
    }

    /// Reads `[[:space:]]*`.
    pub fn spaces(&mut self) {
        self.take(is_space);
    }

    fn take(&mut self, wanted: impl Fn(u8) -> bool) -> Option<Range<usize>> {
        let start = self.pos;
        while self.byte_at(0).is_some_and(&wanted) {
            self.pos += 1;
        }
        (self.pos > start).then_some(start..self.pos)
    }

    /// `[a-zA-Z]+[a-zA-Z0-9_]*`
    pub fn identifier(&mut self) -> Option<Range<usize>> {
        if !self.byte_at(0)?.is_ascii_alphabetic() {
            return None;
        }
        self.take(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    }

    /// Identifiers with dots between, at least one dot.
    pub fn field_name(&mut self) -> Option<Range<usize>> {
        let before = *self;
        let mut end = self.identifier()?.end;
        while self.eat(".") {
            match self.identifier() {
                Some(range) => end = range.end,
                None => break,
            }
        }
        self.pos = end;
        if self.text[before.pos..end].contains('.') {
            return Some(before.pos..end);
        }
        *self = before;
        None
    }

    /// `[+-]?[0-9]+[.]?[0-9]*([eE][+-][0-9]+)?`, or hexadecimal with `0x`.
    pub fn number(&mut self) -> Option<Range<usize>> {
        let before = *self;
        let found = self.hexadecimal().or_else(|| {
            *self = before;
            self.decimal()
        });
        if found.is_none() {
            *self = before;
            return None;
        }
        Some(before.pos..self.pos)
    }

    fn hexadecimal(&mut self) -> Option<()> {
        if !self.eat("0x") && !self.eat("0X") {
            return None;
        }
        self.take(|byte| byte.is_ascii_hexdigit()).map(drop)
    }

    fn decimal(&mut self) -> Option<()> {
        let _ = self.eat("+") || self.eat("-");
        self.take(|byte| byte.is_ascii_digit())?;
        self.eat(".");
        self.take(|byte| byte.is_ascii_digit());
        let before = *self;
        if (self.eat("e") || self.eat("E"))
            && !((self.eat("+") || self.eat("-")) && self.take(|byte| byte.is_ascii_digit()).is_some())
        {
            *self = before;
        }
        Some(())
    }

    /// `[^()"'\s=,]+`
    pub fn bare(&mut self) -> Option<Range<usize>> {
        self.take(|byte| !is_space(byte) && !b"()\"'=,".contains(&byte))
    }

    /// `[^][\"' \s]+`
    pub fn bracket_text(&mut self) -> Option<Range<usize>> {
        self.take(|byte| !is_space(byte) && !b"[]\"'".contains(&byte))
    }

    /// A quoted text, if a quote comes next. The quote that isn't behind a backslash ends it.
    pub fn quoted(&mut self) -> Option<Result<(String, Range<usize>), SyntaxError>> {
        let quote = self.byte_at(0).filter(|byte| *byte == b'"' || *byte == b'\'')?;
        let start = self.pos;
        let bytes = self.text.as_bytes();
        let end = (start + 1..bytes.len()).find(|at| bytes[*at] == quote && bytes[at - 1] != b'\\');
        let Some(end) = end else {
            return Some(Err(SyntaxError {
                message: "this quote is never closed".to_owned(),
                range: start..start + 1,
            }));
        };
        self.pos = end + 1;
        Some(
            unescape(&self.text[start + 1..end], quote as char, start + 1).map(|text| (text, start..end + 1)),
        )
    }

    /// The bytes of what comes next, for a message: a word, or one character, or the last byte of the text.
    pub fn token(&self) -> Range<usize> {
        let rest = &self.text[self.pos.min(self.text.len())..];
        let word = rest.find(|c: char| c.is_whitespace() || "()=,\"'".contains(c)).unwrap_or(rest.len());
        match rest.chars().next() {
            None => self.text.len().saturating_sub(1)..self.text.len(),
            Some(first) => self.pos..self.pos + word.max(first.len_utf8()),
        }
    }
}

/// `[[:space:]]`, which isn't what blanks are.
pub fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == b'\x0b'
}

/// The text that a quoted one means. A backslash before a blank yields a backslash and takes the blank away, as
/// in Falco.
fn unescape(text: &str, quote: char, offset: usize) -> Result<String, SyntaxError> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some((_, 'b')) => out.push('\u{8}'),
            Some((_, 'f')) => out.push('\u{c}'),
            Some((_, 'n')) => out.push('\n'),
            Some((_, 'r')) => out.push('\r'),
            Some((_, 't')) => out.push('\t'),
            Some((_, ' ')) => out.push('\\'),
            Some((_, escaped)) if escaped == '\\' || escaped == '/' || escaped == quote => out.push(escaped),
            other => {
                let what = other.map(|(_, c)| c.to_string()).unwrap_or_default();
                let end = offset + at + 1 + what.len();
                return Err(SyntaxError {
                    message: format!(
                        "`\\{what}` is no escape: known are \\b \\f \\n \\r \\t \\\\ \\/ and \\{quote}"
                    ),
                    range: offset + at..end,
                });
            }
        }
    }
    Ok(out)
}
