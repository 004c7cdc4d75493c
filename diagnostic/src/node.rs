//! A YAML tree in which every node knows its place, and typed settings read from it with serde.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};

use crate::{Diagnostic, Place, nearest};

/// A YAML value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it stands.
    pub place: Place,
    /// What it is.
    pub value: Value,
}

/// A YAML value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, `~`, or nothing.
    Null,
    /// A plain scalar, as it was written.
    Plain(String),
    /// A quoted or block scalar, as it is meant.
    Quoted(String),
    /// A sequence.
    Sequence(Vec<Node>),
    /// A mapping, in the order of the text.
    Mapping(Vec<(Node, Node)>),
}

impl Node {
    /// The text of a scalar.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::Plain(text) | Value::Quoted(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a sequence.
    pub fn as_sequence(&self) -> Option<&[Node]> {
        match &self.value {
            Value::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of a mapping.
    pub fn as_mapping(&self) -> Option<&[(Node, Node)]> {
        match &self.value {
            Value::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of a key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_mapping()?.iter().find(|(name, _)| name.as_str() == Some(key)).map(|(_, value)| value)
    }

    /// A plain boolean as YAML 1.1 and Falco read it.
    pub fn as_bool(&self) -> Option<bool> {
        match &self.value {
            Value::Plain(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "y" => Some(true),
                "false" | "no" | "off" | "n" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// A plain whole number.
    pub fn as_i64(&self) -> Option<i64> {
        match &self.value {
            Value::Plain(text) => match text.strip_prefix("0x") {
                Some(hex) => i64::from_str_radix(hex, 16).ok(),
                None => text.parse().ok(),
            },
            _ => None,
        }
    }

    /// A plain number.
    pub fn as_f64(&self) -> Option<f64> {
        match &self.value {
            Value::Plain(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// What kind of value it is, for messages.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a mapping",
            _ if self.as_bool().is_some() => "a boolean",
            _ if self.as_f64().is_some() => "a number",
            _ => "a string",
        }
    }

    /// Typed settings from this node.
    ///
    /// # Errors
    /// Where the node doesn't have the settings' form: with the place of what is wrong.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, NodeError> {
        T::deserialize(self)
    }
}

/// Why a node could not be read into a type.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeError {
    /// What is wrong.
    pub message: String,
    /// Where; unknown only until an enclosing node adds its own.
    pub place: Option<Place>,
    /// What would be right.
    pub help: Option<String>,
}

impl NodeError {
    /// The error as a diagnostic of that code.
    pub fn into_diagnostic(self, code: &'static str) -> Diagnostic {
        let mut diagnostic = Diagnostic::error(code, self.message);
        diagnostic.place = self.place;
        diagnostic.help = self.help;
        diagnostic
    }

    fn or_at(mut self, place: Place) -> Self {
        self.place.get_or_insert(place);
        self
    }

    fn unknown(kind: &str, name: &str, expected: &'static [&'static str]) -> Self {
        let help = match nearest(name, expected.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if expected.is_empty() => "nothing is known here".to_owned(),
            None => format!("known are {}", expected.join(", ")),
        };
        NodeError { message: format!("unknown {kind} `{name}`"), place: None, help: Some(help) }
    }
}

impl From<String> for NodeError {
    fn from(message: String) -> Self {
        NodeError { message, place: None, help: None }
    }
}

impl fmt::Display for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for NodeError {}

impl de::Error for NodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        NodeError { message: message.to_string(), place: None, help: None }
    }
    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        NodeError::unknown("key", field, expected)
    }
    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        NodeError::unknown("value", variant, expected)
    }
    fn missing_field(field: &'static str) -> Self {
        NodeError { message: format!("the key `{field}` is missing"), place: None, help: None }
    }
    fn invalid_type(_: de::Unexpected, expected: &dyn de::Expected) -> Self {
        NodeError { message: format!("this should be {expected}"), place: None, help: None }
    }
}

macro_rules! number {
    ($($method:ident $visit:ident $type:ty),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
            let number = self.as_i64().and_then(|number| <$type>::try_from(number).ok());
            let result = match number {
                Some(number) => visitor.$visit(number),
                None => Err(wrong(self, "a whole number in range")),
            };
            result.map_err(|error: NodeError| error.or_at(self.place))
        }
    )*};
}

fn wrong(node: &Node, expected: &str) -> NodeError {
    NodeError {
        message: format!("this should be {expected}, not {}", node.kind()),
        place: Some(node.place),
        help: None,
    }
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = NodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        let result = match &self.value {
            Value::Null => visitor.visit_unit(),
            Value::Sequence(items) => visitor.visit_seq(Items(items.iter())),
            Value::Mapping(entries) => visitor.visit_map(Entries(entries.iter(), None)),
            Value::Quoted(text) => visitor.visit_borrowed_str(text),
            Value::Plain(text) => match (self.as_bool(), self.as_i64(), self.as_f64()) {
                (Some(value), _, _) => visitor.visit_bool(value),
                (_, Some(value), _) => visitor.visit_i64(value),
                (_, _, Some(value)) => visitor.visit_f64(value),
                _ => visitor.visit_borrowed_str(text),
            },
        };
        result.map_err(|error: NodeError| error.or_at(self.place))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        let value = self.as_bool().ok_or_else(|| wrong(self, "`true` or `false`"))?;
        visitor.visit_bool(value).map_err(|error: NodeError| error.or_at(self.place))
    }

    number! {
        deserialize_i8 visit_i8 i8, deserialize_i16 visit_i16 i16, deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64, deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32, deserialize_u64 visit_u64 u64
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        let value = self.as_f64().ok_or_else(|| wrong(self, "a number"))?;
        visitor.visit_f64(value).map_err(|error: NodeError| error.or_at(self.place))
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        self.deserialize_str(visitor)
    }

    /// Any scalar is a string where a string is wanted, as in Falco: `channel: 007` is `"007"`.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        let text = self.as_str().ok_or_else(|| wrong(self, "a string"))?;
        visitor.visit_borrowed_str(text).map_err(|error: NodeError| error.or_at(self.place))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, NodeError> {
        visitor.visit_newtype_struct(self).map_err(|error: NodeError| error.or_at(self.place))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        let items = self.as_sequence().ok_or_else(|| wrong(self, "a list"))?;
        visitor.visit_seq(Items(items.iter())).map_err(|error: NodeError| error.or_at(self.place))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        let entries = match &self.value {
            Value::Null => &[][..],
            _ => self.as_mapping().ok_or_else(|| wrong(self, "a mapping"))?,
        };
        visitor.visit_map(Entries(entries.iter(), None)).map_err(|error: NodeError| error.or_at(self.place))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, NodeError> {
        self.deserialize_map(visitor)
    }

    /// A variant is its name, or a mapping of one key, its name, to what it holds.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, NodeError> {
        let access = match &self.value {
            Value::Mapping(entries) if entries.len() == 1 => Variant(&entries[0].0, Some(&entries[0].1)),
            Value::Plain(_) | Value::Quoted(_) => Variant(self, None),
            _ => return Err(wrong(self, "one of the known values")),
        };
        visitor.visit_enum(access).map_err(|error: NodeError| error.or_at(self.place))
    }

    serde::forward_to_deserialize_any! {
        bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

struct Items<'de>(std::slice::Iter<'de, Node>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = NodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, NodeError> {
        self.0.next().map(|item| seed.deserialize(item)).transpose()
    }
}

struct Entries<'de>(std::slice::Iter<'de, (Node, Node)>, Option<&'de Node>);

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = NodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, NodeError> {
        let Some((key, value)) = self.0.next() else { return Ok(None) };
        self.1 = Some(value);
        let name: StrDeserializer<NodeError> = key.as_str().unwrap_or_default().into_deserializer();
        seed.deserialize(name).map(Some).map_err(|error| error.or_at(key.place))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, NodeError> {
        let value = self.1.take().ok_or_else(|| NodeError::from("a value without a key".to_owned()))?;
        seed.deserialize(value)
    }
}

struct Variant<'de>(&'de Node, Option<&'de Node>);

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = NodeError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), NodeError> {
        let name: StrDeserializer<NodeError> = self.0.as_str().unwrap_or_default().into_deserializer();
        let value = seed.deserialize(name).map_err(|error| error.or_at(self.0.place))?;
        Ok((value, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = NodeError;

    fn unit_variant(self) -> Result<(), NodeError> {
        match self.1 {
            None => Ok(()),
            Some(extra) => Err(wrong(extra, "nothing")),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, NodeError> {
        match self.1 {
            Some(value) => seed.deserialize(value),
            None => Err(wrong(self.0, "a mapping from this name to its settings")),
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, NodeError> {
        self.1.unwrap_or(self.0).deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, NodeError> {
        self.1.unwrap_or(self.0).deserialize_map(visitor)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use crate::{NodeError, SourceId, SourceText, Sources, parse};

    #[derive(Deserialize, Debug, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Settings {
        name: String,
        #[serde(default)]
        size: Option<u16>,
    }

    fn read(text: &str) -> Result<Settings, (String, NodeError)> {
        let mut sources = Sources::default();
        let id = sources.add(SourceText::new("f", text));
        let nodes = parse(sources.get(id), SourceId(0)).expect("the text is YAML");
        nodes[0].read().map_err(|error: NodeError| (sources.locate(error.place.expect("a place")), error))
    }

    #[test]
    fn scalars_keep_their_text() {
        assert_eq!(read("name: 007\n"), Ok(Settings { name: "007".into(), size: None }));
        assert_eq!(read("name: null\nsize: 7").unwrap_err().0, "f:1:7");
        assert_eq!(read("name: 'null'\nsize: 7"), Ok(Settings { name: "null".into(), size: Some(7) }));
        assert_eq!(read("name: >\n  a\n  b\n"), Ok(Settings { name: "a b\n".into(), size: None }));
    }

    #[test]
    fn errors_say_where_and_what_is_near() {
        let (at, error) = read("name: x\nsiez: 7\n").unwrap_err();
        assert_eq!((at.as_str(), error.help.as_deref()), ("f:2:1", Some("did you mean `size`?")));
        let (at, error) = read("name: x\nsize: 70000\n").unwrap_err();
        assert_eq!(at, "f:2:7");
        assert_eq!(error.message, "this should be a whole number in range, not a number");
        assert_eq!(read("size: 1\n").unwrap_err().1.message, "the key `name` is missing");
    }
}
