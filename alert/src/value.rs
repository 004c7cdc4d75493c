//! The value of a field, as it leaves the detector.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The value of a field: what `output_fields` and `facts` hold. In JSON it is the JSON value of the same
/// kind.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(untagged)]
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
