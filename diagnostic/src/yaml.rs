//! YAML read into a [`Node`] tree. The only file that names the YAML crate.

use std::collections::HashSet;
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
/// One diagnostic (`LOAD_ERR_YAML_PARSE`) where the text isn't YAML, is an alias bomb, or has a mapping in which a key
/// stands twice.
pub fn parse(source: &SourceText, id: SourceId) -> Result<Vec<Node>, Box<Diagnostic>> {
    let (documents, repeated) = read(source, id)?;
    match repeated.into_iter().next() {
        None => Ok(documents),
        Some(Repeated { key, place }) => {
            let message = format!("the key `{key}` is there twice");
            Err(Box::new(Diagnostic::error("LOAD_ERR_YAML_PARSE", message).at(place)))
        }
    }
}

/// Like [`parse`], but where a key stands twice in a mapping, the first counts, as in Falco's rules files; what doesn't
/// count is warned of (`LOAD_REPEATED_KEY`).
///
/// # Errors
/// One diagnostic (`LOAD_ERR_YAML_PARSE`) where the text isn't YAML, or is an alias bomb.
pub fn parse_first(
    source: &SourceText,
    id: SourceId,
) -> Result<(Vec<Node>, Vec<Diagnostic>), Box<Diagnostic>> {
    let (documents, repeated) = read(source, id)?;
    let warn = |Repeated { key, place }| {
        let message = format!("the key `{key}` is there twice: the first counts");
        Diagnostic::warning("LOAD_REPEATED_KEY", message).at(place)
    };
    Ok((documents, repeated.into_iter().map(warn).collect()))
}

/// A key that its mapping has already.
struct Repeated {
    key: String,
    place: Place,
}

fn read(source: &SourceText, id: SourceId) -> Result<(Vec<Node>, Vec<Repeated>), Box<Diagnostic>> {
    let options = serde_yaml::options! { duplicate_keys: serde_yaml::DuplicateKeyPolicy::PassThrough };
    let documents: Vec<Spanned<Raw>> = serde_yaml::from_multiple_with_options(&source.text, options)
        .map_err(|error| Box::new(explain(&error, source, id)))?;
    let mut lowering = Lowering { source, id, repeated: Vec::new() };
    let documents = documents.into_iter().map(|document| lowering.node(document)).collect();
    Ok((documents, lowering.repeated))
}

fn explain(error: &serde_yaml::Error, source: &SourceText, id: SourceId) -> Diagnostic {
    let error = error.without_snippet();
    let message = error.to_string();
    // The place says that better.
    let message = message.split_once(" at line ").map_or(&*message, |(what, _)| what);
    let diagnostic = Diagnostic::error("LOAD_ERR_YAML_PARSE", message);
    let Some(location) = error.location() else { return diagnostic };
    let Span { start, end } = span_of(&location, source);
    // Where the text ends too early, the place is behind what is written.
    let last = source.text.trim_end().len();
    diagnostic.at(Place { source: id, span: Span { start: start.min(last), end: end.min(last) } })
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
    Mapping(Vec<(Spanned<Raw>, Spanned<Raw>)>),
}

struct Lowering<'a> {
    source: &'a SourceText,
    id: SourceId,
    repeated: Vec<Repeated>,
}

impl<'a> Lowering<'a> {
    fn node(&mut self, raw: Spanned<Raw>) -> Node {
        let place = self.place(&raw);
        let written = self.written(&raw);
        let value = match raw.value {
            Raw::Null if written.is_empty() || matches!(written, "~" | "null" | "Null" | "NULL") => {
                Value::Null
            }
            Raw::Null => Value::Plain(written.to_owned()),
            // A scalar that serde read as something other than a string was written plainly.
            Raw::Scalar(None) => Value::Plain(written.to_owned()),
            Raw::Scalar(Some(text)) if text == written => Value::Plain(text),
            Raw::Scalar(Some(text)) => Value::Quoted(text),
            Raw::Sequence(items) => Value::Sequence(items.into_iter().map(|item| self.node(item)).collect()),
            Raw::Mapping(entries) => self.mapping(entries),
        };
        Node { place, value }
    }

    fn mapping(&mut self, entries: Vec<(Spanned<Raw>, Spanned<Raw>)>) -> Value {
        let mut known = HashSet::new();
        let mut kept = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let place = self.place(&key);
            let name = self.name(&key);
            if known.insert(name.clone()) {
                kept.push((Node { place, value: Value::Plain(name) }, self.node(value)));
            } else {
                self.repeated.push(Repeated { key: name, place });
            }
        }
        Value::Mapping(kept)
    }

    /// A key's text; one that is no scalar is named by how it is written on one line.
    fn name(&self, key: &Spanned<Raw>) -> String {
        match &key.value {
            Raw::Scalar(Some(text)) => text.clone(),
            Raw::Scalar(None) | Raw::Null => self.written(key).to_owned(),
            Raw::Sequence(items) => {
                let items: Vec<_> = items.iter().map(|item| self.name(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Raw::Mapping(entries) => {
                let entry = |(key, value): &_| format!("{}: {}", self.name(key), self.name(value));
                let entries: Vec<_> = entries.iter().map(entry).collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }

    fn place(&self, raw: &Spanned<Raw>) -> Place {
        Place { source: self.id, span: span_of(&raw.referenced, self.source) }
    }

    /// An alias stands where it is used, but was written where its anchor is.
    fn written(&self, raw: &Spanned<Raw>) -> &'a str {
        let defined = span_of(&raw.defined, self.source);
        self.source.text.get(defined.start..defined.end).unwrap_or_default()
    }
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

#[cfg(test)]
mod tests {
    use crate::{SourceText, Sources, Value, parse, parse_first};

    /// The keys that count of the first document, and those that are there twice.
    fn check(text: &str, keys: &[&str], twice: &[&str]) {
        let mut sources = Sources::default();
        let id = sources.add(SourceText::new("f", text));
        let (documents, said) = parse_first(sources.get(id), id).expect("YAML");
        let Value::Mapping(entries) = &documents[0].value else { panic!("no mapping: {text}") };
        let found: Vec<_> = entries.iter().filter_map(|(key, _)| key.as_str()).collect();
        assert_eq!(found, keys, "{text}");
        let place = |place: Option<_>| place.map_or_else(String::new, |place| sources.locate(place));
        let said: Vec<_> =
            said.iter().map(|said| format!("{} {}", place(said.place), said.message)).collect();
        assert_eq!(said, twice, "{text}");
        assert_eq!(parse(sources.get(id), id).is_err(), !twice.is_empty(), "{text}");
    }

    #[test]
    fn any_key_has_a_name() {
        check("null: a\n~: b\n7: c\ntrue: d\n", &["null", "~", "7", "true"], &[]);
        check("{[a, b]: c, [a]: d}", &["[a, b]", "[a]"], &[]);
        check("? a: b\n  c:\n: d\n", &["{a: b, c: }"], &[]);
        check(": c\n", &[""], &[]);
    }

    #[test]
    fn the_first_of_two_keys_counts() {
        check("a: 1\nb: 2\na: 3\n", &["a", "b"], &["f:3:1 the key `a` is there twice: the first counts"]);
        // What is merged in stands behind what is there.
        check("a: 1\n<<: {a: 2, b: 3}\n", &["a", "b"], &[]);
    }
}
