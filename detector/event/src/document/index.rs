//! Where the values of a JSON text are.

use memchr::{memchr, memchr2};

use super::Document;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// An object: a name and a value in turn follow it.
    Object,
    /// An array: its elements follow it.
    Array,
    /// A string, or a member's name.
    Str,
    /// A number, a truth value, or null.
    Scalar,
}

/// Where a value is.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// What it is.
    pub shape: Shape,
    /// Its first byte; of a string the one behind the quote.
    pub start: u32,
    /// The byte behind its last; of a string the closing quote.
    pub end: u32,
    /// The entry behind it and all that is in it.
    pub next: u32,
}

/// Indexes a text that is known to be JSON; adds the strings that hold escapes to it. `None` where it is nested too
/// deep.
pub fn index(json: &str) -> Option<(Box<str>, Box<[Entry]>)> {
    let bytes = json.as_bytes();
    let mut text = json.to_owned();
    // A member of an audit event takes some 25 bytes, which are two entries.
    let mut entries: Vec<Entry> = Vec::with_capacity(json.len() / 12);
    let mut open: Vec<usize> = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let start = at;
        at += 1;
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b',' | b':' => {}
            b'{' | b'[' => {
                if open.len() == Document::DEPTH_MAX {
                    return None;
                }
                open.push(entries.len());
                let shape = if *byte == b'{' { Shape::Object } else { Shape::Array };
                push(&mut entries, shape, start, at);
            }
            b'}' | b']' => {
                let next = entries.len() as u32;
                if let Some(whole) = open.pop() {
                    entries[whole].next = next;
                    entries[whole].end = at as u32;
                }
            }
            b'"' => {
                let end = closing_quote(bytes, at);
                let (from, to) = match memchr(b'\\', &bytes[at..end]) {
                    None => (at, end),
                    Some(_) => {
                        let from = text.len();
                        // What can't be resolved, half of a surrogate pair, stays as it is written.
                        match serde_json::from_str::<String>(&json[start..end + 1]) {
                            Ok(resolved) => text.push_str(&resolved),
                            Err(_) => text.push_str(&json[at..end]),
                        }
                        (from, text.len())
                    }
                };
                push(&mut entries, Shape::Str, from, to);
                at = end + 1;
            }
            _ => {
                let ends = |byte: &u8| b",]} \t\n\r".contains(byte);
                at = bytes[at..].iter().position(ends).map_or(bytes.len(), |length| at + length);
                push(&mut entries, Shape::Scalar, start, at);
            }
        }
    }
    Some((text.into(), entries.into()))
}

fn push(entries: &mut Vec<Entry>, shape: Shape, start: usize, end: usize) {
    let next = entries.len() as u32 + 1;
    entries.push(Entry { shape, start: start as u32, end: end as u32, next });
}

/// Where a string ends that begins at `at`: at a quote that no backslash stands before.
fn closing_quote(bytes: &[u8], mut at: usize) -> usize {
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        if bytes[at + found] == b'"' {
            return at + found;
        }
        at += found + 2;
    }
    bytes.len() - 1
}
