//! The value of a field, as it leaves the detector.

use std::fmt;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use serde::{Serialize, Serializer};

/// The value of a field: what `output_fields` and `facts` hold. In JSON it is the JSON value of the same
/// kind.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// The field had no value.
    #[default]
    Null,
    /// A truth value.
    Bool(bool),
    /// A number that is not negative.
    Uint(u64),
    /// A negative number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// A text. What wasn't UTF-8 stands as U+FFFD.
    Str(String),
    /// Several values.
    List(Vec<Value>),
}

impl Value {
    /// How many bytes of text it holds.
    pub fn bytes(&self) -> usize {
        match self {
            Value::Str(text) => text.len(),
            Value::List(items) => items.iter().map(Value::bytes).sum(),
            _ => 0,
        }
    }
}

impl fmt::Display for Value {
    /// The value as it stands in a text: nothing is `<NA>`, as in Falco; a list is `(a,b)`.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Value::Null => f.write_str("<NA>"),
            Value::Bool(value) => value.fmt(f),
            Value::Int(value) => value.fmt(f),
            Value::Uint(value) => value.fmt(f),
            Value::Float(value) => value.fmt(f),
            Value::Str(text) => f.write_str(text),
            Value::List(items) => {
                f.write_str("(")?;
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        f.write_str(",")?;
                    }
                    item.fmt(f)?;
                }
                f.write_str(")")
            }
        }
    }
}

// By hand: serde's untagged enums try one form after another, which the journal would do for every field of every
// alert.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Uint(value) => serializer.serialize_u64(*value),
            Value::Int(value) => serializer.serialize_i64(*value),
            Value::Float(value) => serializer.serialize_f64(*value),
            Value::Str(text) => serializer.serialize_str(text),
            Value::List(items) => serializer.collect_seq(items),
        }
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value of a field")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Uint(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Str(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Str(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Str(text)
    }
}

impl From<i64> for Value {
    /// Numbers have one form each, so that equal numbers are equal values.
    fn from(number: i64) -> Self {
        u64::try_from(number).map_or(Value::Int(number), Value::Uint)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Value::Uint(number)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_back() {
        let values = vec![
            Value::Null,
            Value::Bool(true),
            Value::from(7_i64),
            Value::from(-7_i64),
            Value::Uint(u64::MAX),
            Value::Float(1.5),
            Value::from("x"),
            Value::List(vec![Value::from("a"), Value::Null]),
        ];
        let json = serde_json::to_string(&values).unwrap();
        assert_eq!(json, r#"[null,true,7,-7,18446744073709551615,1.5,"x",["a",null]]"#);
        assert_eq!(serde_json::from_str::<Vec<Value>>(&json).unwrap(), values);
        assert_eq!(Value::List(values[5..].to_vec()).to_string(), "(1.5,x,(a,<NA>))");
    }
}
