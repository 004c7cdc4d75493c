//! JSON values written as Falco's plugins write them, byte for byte: rules compare these texts.

use std::fmt::{self, Write};

use super::index::Shape;
use super::{Document, Json};

impl Json<'_> {
    /// Writes the value without blanks, its strings quoted.
    ///
    /// # Errors
    /// Those of what is written to.
    pub fn write(self, out: &mut impl Write) -> fmt::Result {
        match self.entry().shape {
            Shape::Scalar => out.write_str(self.content()),
            Shape::Str => quoted(self.content(), out),
            Shape::Array => {
                out.write_char('[')?;
                for (number, element) in self.elements().enumerate() {
                    separate(number, out)?;
                    element.write(out)?;
                }
                out.write_char(']')
            }
            Shape::Object => {
                out.write_char('{')?;
                for (number, (name, value)) in self.members().enumerate() {
                    separate(number, out)?;
                    quoted(name, out)?;
                    out.write_char(':')?;
                    value.write(out)?;
                }
                out.write_char('}')
            }
        }
    }
}

fn separate(number: usize, out: &mut impl Write) -> fmt::Result {
    if number > 0 { out.write_char(',') } else { Ok(()) }
}

/// A string as fastjson writes it: as it is, or, where something in it must be escaped, as Go quotes it.
fn quoted(text: &str, out: &mut impl Write) -> fmt::Result {
    out.write_char('"')?;
    if text.bytes().any(|byte| byte == b'"' || byte == b'\\' || byte < b' ') {
        text.chars().try_for_each(|c| match c {
            '"' | '\\' => write!(out, "\\{c}"),
            '\x07' => out.write_str("\\a"),
            '\x08' => out.write_str("\\b"),
            '\x0b' => out.write_str("\\v"),
            '\x0c' => out.write_str("\\f"),
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            '\t' => out.write_str("\\t"),
            c if c.is_ascii_control() => write!(out, "\\x{:02x}", u32::from(c)),
            c if c.is_control() => write!(out, "\\u{:04x}", u32::from(c)),
            c => out.write_char(c),
        })?;
    } else {
        out.write_str(text)?;
    }
    out.write_char('"')
}

impl Document {
    /// How long the indented text may be, in bytes. What is nested deep grows a lot.
    pub const INDENTED_MAX: usize = 1 << 20;

    /// Writes the text with a line for each value, indented by two blanks, and nothing else changed (Go's
    /// `json.Indent`); no more than [`Document::INDENTED_MAX`] bytes.
    ///
    /// # Errors
    /// Those of what is written to.
    pub fn write_indented(&self, out: &mut impl Write) -> fmt::Result {
        let out = &mut Bounded { out, left: Document::INDENTED_MAX };
        let text = self.text();
        let (mut depth, mut in_string, mut escaped, mut opened) = (0_usize, false, false, false);
        let mut plain = 0;
        for (at, byte) in text.bytes().enumerate() {
            if in_string {
                in_string = escaped || byte != b'"';
                escaped = byte == b'\\' && !escaped;
                continue;
            }
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'{' | b'[' | b'}' | b']' | b',' | b':') {
                if opened {
                    line(depth, out)?;
                    (opened, plain) = (false, at);
                }
                in_string = byte == b'"';
                continue;
            }
            out.write_str(&text[plain..at])?;
            plain = at + 1;
            match byte {
                b'{' | b'[' => {
                    if opened {
                        line(depth, out)?;
                    }
                    out.write_char(char::from(byte))?;
                    depth += 1;
                    opened = true;
                }
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    if !opened {
                        line(depth, out)?;
                    }
                    opened = false;
                    out.write_char(char::from(byte))?;
                }
                b',' => {
                    out.write_char(',')?;
                    line(depth, out)?;
                }
                b':' => out.write_str(": ")?,
                _ => {}
            }
        }
        Ok(())
    }
}

fn line(depth: usize, out: &mut impl Write) -> fmt::Result {
    write!(out, "\n{:1$}", "", 2 * depth)
}

/// Lets so many bytes through, and drops the rest.
struct Bounded<'w, W> {
    out: &'w mut W,
    left: usize,
}

impl<W: Write> Write for Bounded<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = (0..=text.len().min(self.left)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        self.left = if end < text.len() { 0 } else { self.left - end };
        self.out.write_str(&text[..end])
    }
}
