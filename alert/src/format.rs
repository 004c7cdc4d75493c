//! Falco's `%field` formats, filled in from an alert rather than from an event.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::Value;

/// A text with values of an alert's fields in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlertFormat {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Field(String, Option<usize>),
}

impl AlertFormat {
    /// Appends a text.
    pub fn push_text(&mut self, text: &str) {
        if !text.is_empty() {
            self.pieces.push(Piece::Text(text.to_owned()));
        }
    }

    /// Appends the value of a field, cut or filled up with blanks to a width where there is one.
    pub fn push_field(&mut self, name: &str, width: Option<usize>) {
        self.pieces.push(Piece::Field(name.to_owned(), width));
    }

    /// The fields that it prints.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Field(name, _) => Some(&**name),
        })
    }

    /// Fills it in, and adds the values of its fields by their names.
    pub fn fill(&self, value: impl Fn(&str) -> Value, values: &mut BTreeMap<String, Value>) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Field(name, width) => {
                    let value = value(name);
                    // Writing to a string can't fail.
                    let _ = match width {
                        Some(width) => {
                            let text = value.to_string();
                            write!(out, "{text:<width$.width$}")
                        }
                        None => write!(out, "{value}"),
                    };
                    values.insert(name.clone(), value);
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_filled_in() {
        let mut format = AlertFormat::default();
        format.push_text("a ");
        format.push_field("proc.name", None);
        format.push_field("proc.pid", Some(3));
        format.push_field("none", Some(2));
        let value = |name: &str| match name {
            "proc.name" => Value::from("%proc.pid"),
            "proc.pid" => Value::Uint(7),
            _ => Value::Null,
        };
        let mut values = BTreeMap::new();
        assert_eq!(format.fill(value, &mut values), "a %proc.pid7  <N");
        assert_eq!(values["proc.pid"], Value::Uint(7));
        assert_eq!(format.fields().collect::<Vec<_>>(), ["proc.name", "proc.pid", "none"]);
    }
}
