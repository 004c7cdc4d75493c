//! YAML read into a [`Node`] tree. The only file that names the YAML crate.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::Spanned;

use crate::{Diagnostic, Node, Place, SourceId, SourceText, Span, Value};

/// Reads every document of a YAML text; an empty one is a null.
///
/// Plain scalars keep their text as it was written (`007`, `yes`, `0x10`), since Falco reads most of them
/// as strings.
///
/// # Errors
/// One diagnostic (`LOAD_ERR_YAML_PARSE`) where the text isn't YAML, or is an alias bomb.
pub fn parse(source: &SourceText, id: SourceId) -> Result<Vec<Node>, Box<Diagnostic>> {
    let documents: Vec<Spanned<Raw>> =
        serde_yaml::from_multiple(&source.text).map_err(|error| Box::new(explain(&error, source, id)))?;
    Ok(documents.into_iter().map(|document| lower(document, source, id)).collect())
}

fn explain(error: &serde_yaml::Error, source: &SourceText, id: SourceId) -> Diagnostic {
    let error = error.without_snippet();
    let message = match error {
        serde_yaml::Error::DuplicateMappingKey { key: Some(key), .. } => {
            format!("the key `{key}` is there twice")
        }
        _ => error.to_string(),
    };
    // The place says that better.
    let message = message.split_once(" at line ").map_or(&*message, |(what, _)| what);
    let diagnostic = Diagnostic::error("LOAD_ERR_YAML_PARSE", message);
    match error.location() {
        Some(location) => diagnostic.at(Place { source: id, span: span_of(&location, source) }),
        None => diagnostic,
    }
}

fn span_of(location: &serde_yaml::Location, source: &SourceText) -> Span {
    let span = location.span();
    let length = source.text.len();
    let start = span.byte_offset().map_or(length, |at| at as usize).min(length);
    let end = span.byte_len().map_or(start, |size| start + size as usize).min(length);
    Span { start, end }
}

/// What serde sees of a node, before it is given its place and its text.
enum Raw {
    Null,
    Scalar(Option<String>),
    Sequence(Vec<Spanned<Raw>>),
    Mapping(Vec<(Spanned<String>, Spanned<Raw>)>),
}

fn lower(raw: Spanned<Raw>, source: &SourceText, id: SourceId) -> Node {
    let span = span_of(&raw.referenced, source);
    // An alias stands where it is used, but was written where its anchor is.
    let defined = span_of(&raw.defined, source);
    let written = source.text.get(defined.start..defined.end).unwrap_or_default();
    let value = match raw.value {
        Raw::Null if written.is_empty() || matches!(written, "~" | "null" | "Null" | "NULL") => Value::Null,
        Raw::Null => Value::Plain(written.to_owned()),
        // A scalar that serde read as something other than a string was written plainly.
        Raw::Scalar(None) => Value::Plain(written.to_owned()),
        Raw::Scalar(Some(text)) if text == written => Value::Plain(text),
        Raw::Scalar(Some(text)) => Value::Quoted(text),
        Raw::Sequence(items) => {
            Value::Sequence(items.into_iter().map(|item| lower(item, source, id)).collect())
        }
        Raw::Mapping(entries) => Value::Mapping(
            entries
                .into_iter()
                .map(|(key, value)| {
                    let place = Place { source: id, span: span_of(&key.referenced, source) };
                    (Node { place, value: Value::Plain(key.value) }, lower(value, source, id))
                })
                .collect(),
        ),
    };
    Node { place: Place { source: id, span }, value }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a YAML value")
    }
    fn visit_bool<E>(self, _: bool) -> Result<Raw, E> {
        Ok(Raw::Scalar(None))
    }
    fn visit_i64<E>(self, _: i64) -> Result<Raw, E> {
        Ok(Raw::Scalar(None))
    }
    fn visit_i128<E>(self, _: i128) -> Result<Raw, E> {
        Ok(Raw::Scalar(None))
    }
    fn visit_u64<E>(self, _: u64) -> Result<Raw, E> {
        Ok(Raw::Scalar(None))
    }
    fn visit_u128<E>(self, _: u128) -> Result<Raw, E> {
        Ok(Raw::Scalar(None))
    }
    fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
        Ok(Raw::Scalar(None))
    }
    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Scalar(Some(text.to_owned())))
    }
    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }
    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Raw::Sequence(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Mapping(entries))
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Raw, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}
