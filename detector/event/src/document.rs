//! JSON documents that events carry, such as those of a Kubernetes audit log.
//!
//! A document is parsed once, where it comes in. What is kept is its text and an index of where its values begin, so
//! that reading a value copies nothing, and what is printed is what was written: members in their order, numbers
//! with their digits.

mod index;
mod print;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use index::{Entry, Shape};

/// A JSON text: an object or an array.
#[derive(Clone)]
pub struct Document {
    /// The text as it came, and behind it the strings that hold escapes, with these resolved.
    text: Box<str>,
    /// How much of it came.
    len: usize,
    entries: Box<[Entry]>,
    is_audit_event: bool,
}

/// Why a text isn't a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// It is longer than [`Document::BYTES_MAX`].
    #[error("the document has {0} bytes, more than {max}", max = Document::BYTES_MAX)]
    TooLong(usize),
    /// Objects and arrays are nested deeper than [`Document::DEPTH_MAX`].
    #[error("the document is nested deeper than {max} objects and arrays", max = Document::DEPTH_MAX)]
    TooDeep,
    /// It isn't UTF-8.
    #[error("the document is not UTF-8 from byte {0} on")]
    NotUtf8(usize),
    /// It isn't JSON.
    #[error("the document is not JSON: {0}")]
    NotJson(String),
    /// It is a text, a number, a truth value or null.
    #[error("the document is neither an object nor an array")]
    Scalar,
}

impl Document {
    /// How long a document may be, in bytes, as in Falco (`maxEventSize`).
    pub const BYTES_MAX: usize = 256 << 10;
    /// How deep objects and arrays may be nested.
    pub const DEPTH_MAX: usize = 128;

    /// Parses a document.
    ///
    /// # Errors
    /// Where it isn't one, or past a limit.
    pub fn parse(bytes: &[u8]) -> Result<Document, DocumentError> {
        if bytes.len() > Document::BYTES_MAX {
            return Err(DocumentError::TooLong(bytes.len()));
        }
        let text = std::str::from_utf8(bytes).map_err(|error| DocumentError::NotUtf8(error.valid_up_to()))?;
        serde_json::from_str::<serde::de::IgnoredAny>(text)
            .map_err(|error| DocumentError::NotJson(error.to_string()))?;
        if !text.trim_start().starts_with(['{', '[']) {
            return Err(DocumentError::Scalar);
        }
        let (text, entries) = index::index(text).ok_or(DocumentError::TooDeep)?;
        let mut document = Document { text, len: bytes.len(), entries, is_audit_event: false };
        document.is_audit_event = document.root().get("auditID").is_some();
        Ok(document)
    }

    /// The text as it came.
    pub fn text(&self) -> &str {
        &self.text[..self.len]
    }

    /// The whole value.
    pub fn root(&self) -> Json<'_> {
        Json { document: self, at: 0 }
    }

    /// Whether it is an event of a Kubernetes audit log: those have an `auditID`.
    pub fn is_audit_event(&self) -> bool {
        self.is_audit_event
    }

    /// When the API server was at the stage that an audit event tells of (`stageTimestamp`), in nanoseconds since
    /// 1970-01-01 UTC; `None` where it doesn't say so, or not in RFC 3339.
    pub fn stage_time(&self) -> Option<u64> {
        let time: jiff::Timestamp = self.root().get("stageTimestamp")?.str()?.parse().ok()?;
        u64::try_from(time.as_nanosecond()).ok()
    }
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(self.text())
    }
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text())
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Document::parse(text.as_bytes()).map_err(D::Error::custom)
    }
}

/// A value in a document.
#[derive(Clone, Copy)]
pub struct Json<'a> {
    document: &'a Document,
    at: usize,
}

impl<'a> Json<'a> {
    fn entry(self) -> Entry {
        self.document.entries[self.at]
    }

    /// The members of an object, in their order; none of anything else.
    pub fn members(self) -> impl Iterator<Item = (&'a str, Json<'a>)> {
        let mut inside = self.inside(Shape::Object);
        std::iter::from_fn(move || {
            let (name, value) = (inside.next()?, inside.next()?);
            Some((name.content(), value))
        })
    }

    /// The elements of an array; none of anything else.
    pub fn elements(self) -> impl Iterator<Item = Json<'a>> {
        self.inside(Shape::Array)
    }

    /// What is directly inside, where it is of that shape.
    fn inside(self, shape: Shape) -> impl Iterator<Item = Json<'a>> {
        let Entry { next, .. } = self.entry();
        let end = if self.entry().shape == shape { next as usize } else { self.at + 1 };
        let mut at = self.at + 1;
        std::iter::from_fn(move || {
            let value = Json { at, ..self };
            (at < end).then(|| {
                at = value.entry().next as usize;
                value
            })
        })
    }

    /// Whether it is an array.
    pub fn is_array(self) -> bool {
        self.entry().shape == Shape::Array
    }

    /// Whether it is an object.
    pub fn is_object(self) -> bool {
        self.entry().shape == Shape::Object
    }

    /// The member of that name, the first where several have it; of an array the element of that number.
    pub fn get(self, key: &str) -> Option<Json<'a>> {
        if self.is_array() {
            return self.elements().nth(key.parse().ok()?);
        }
        self.members().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    /// The value that a path of names and numbers leads to.
    pub fn at(self, path: &[&str]) -> Option<Json<'a>> {
        path.iter().try_fold(self, |value, key| value.get(key))
    }

    /// The value that a JSON pointer leads to (RFC 6901), whose first slash may be left out.
    pub fn pointer(self, pointer: &str) -> Option<Json<'a>> {
        let mut keys = pointer.strip_prefix('/').unwrap_or(pointer).split('/');
        keys.try_fold(self, |value, key| match key.contains('~') {
            false => value.get(key),
            true => value.members().find(|(name, _)| stands_for(key, name)).map(|(_, value)| value),
        })
    }

    /// The text of a string.
    pub fn str(self) -> Option<&'a str> {
        (self.entry().shape == Shape::Str).then(|| self.content())
    }

    /// A string without its quotes; a number, a truth value or null as it is written; `None` of objects and arrays.
    pub fn scalar(self) -> Option<&'a str> {
        (!self.is_array() && !self.is_object()).then(|| self.content())
    }

    fn content(self) -> &'a str {
        let Entry { start, end, .. } = self.entry();
        &self.document.text[start as usize..end as usize]
    }
}

/// Whether a key of a pointer stands for a name: in it `~1` is a slash, and `~0` a tilde.
fn stands_for(key: &str, name: &str) -> bool {
    let mut parts = key.split('~');
    let first = parts.next().and_then(|part| name.strip_prefix(part));
    let rest = parts.try_fold(first, |name, part| {
        let (escaped, part) = match part.as_bytes().first() {
            Some(b'1') => ('/', &part[1..]),
            Some(b'0') => ('~', &part[1..]),
            _ => ('~', part),
        };
        Some(name?.strip_prefix(escaped)?.strip_prefix(part))
    });
    rest == Some(Some(""))
}

#[cfg(test)]
mod tests;
