//! Texts put together while an event is judged, in the scratch memory: bytes, as paths and names are bytes.

use std::fmt;

use bumpalo::collections::Vec;

use crate::{Ctx, Val};

/// A text that grows.
pub struct Text<'a>(Vec<'a, u8>);

impl<'a> Text<'a> {
    /// An empty one.
    pub fn new(ctx: &Ctx<'a>) -> Text<'a> {
        Text(Vec::new_in(ctx.scratch))
    }

    /// Appends bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice_copy(bytes);
    }

    /// Takes away what was appended since it had so many bytes.
    pub fn cut(&mut self, len: usize) {
        self.0.truncate(len);
    }

    /// Appends what is formatted.
    pub fn format(&mut self, text: fmt::Arguments) {
        // Writing to memory can't fail.
        let _ = fmt::Write::write_fmt(self, text);
    }

    /// Appends bytes, a point for each that isn't a printable ASCII character.
    pub fn push_printable(&mut self, bytes: &[u8]) {
        let printable = |byte: &u8| if (b' '..=b'~').contains(byte) { *byte } else { b'.' };
        self.0.extend(bytes.iter().map(printable));
    }

    /// Appends arguments that end with a NUL each, with blanks between.
    pub fn push_args(&mut self, args: &[u8]) {
        let start = self.0.len();
        self.push(args.strip_suffix(b"\0").unwrap_or(args));
        self.0[start..].iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b' ');
    }

    /// Takes the zeros at the end of a number's fraction away, and the point where nothing is left behind it. The
    /// number began at `start`.
    pub fn trim_fraction(&mut self, start: usize) {
        if self.0.get(start..).is_some_and(|number| number.contains(&b'.')) {
            let zeros = self.0.iter().rev().take_while(|digit| **digit == b'0').count();
            self.0.truncate(self.0.len() - zeros);
            if self.0.last() == Some(&b'.') {
                self.0.pop();
            }
        }
    }

    /// How long it is.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The finished text.
    pub fn bytes(self) -> &'a [u8] {
        self.0.into_bump_slice()
    }

    /// The finished text as a value.
    pub fn val(self) -> Val<'a> {
        Val::Str(self.bytes())
    }
}

impl fmt::Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}
