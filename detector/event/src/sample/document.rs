//! Documents of audit events made by hand: the whole text, or values put where fields read them.

use serde_json::{Map, Value};

use crate::fields::ka::{Place, place};
use crate::{Arg, FieldFlags, FieldRef};

/// The document of an audit event of which nothing else is said: its request is complete.
pub const FIRST: &str = r#"{"auditID":"00000000-0000-0000-0000-000000000000","stage":"ResponseComplete","stageTimestamp":"2026-01-01T00:00:00.000000Z"}"#;

/// How many elements an array may be given.
const ELEMENTS_MAX: usize = 64;

/// Whether a value of the field of that name can be put into a document.
pub fn has_place(name: &str) -> bool {
    matches!(name, "jevt.value" | "json.value" | "ka.uri.param") || place(name).is_some()
}

/// Puts a field's value into a document; `None` where it can't stand there.
pub fn put(document: &str, field: &FieldRef, text: &str) -> Option<String> {
    let mut whole: Value = serde_json::from_str(document).ok()?;
    let is_list = field.field.flags.contains(FieldFlags::LIST);
    match (field.field.name, &field.arg, place(field.field.name)) {
        ("ka.uri.param", Arg::Key(name), _) => parameter(&mut whole, name, text)?,
        (_, Arg::Key(pointer), None) => {
            let keys: Vec<String> =
                pointer.strip_prefix('/').unwrap_or(pointer).split('/').map(unescaped).collect();
            *at(&mut whole, keys.iter().map(String::as_str))? = value(text);
        }
        (_, _, Some(Place::One(path))) => *at(&mut whole, path.iter().copied())? = value(text),
        (_, _, Some(Place::Many(path))) => {
            let array = match value(text) {
                Value::Array(elements) => Value::Array(elements),
                _ => text.split(',').map(value).collect(),
            };
            *at(&mut whole, path.iter().copied())? = array;
        }
        (_, arg, Some(Place::Each(list, path))) if is_list => {
            let first = if let Arg::Index(number) = arg { *number as usize } else { 0 };
            for (number, text) in text.split(',').enumerate() {
                let number = (first + number).to_string();
                let keys = list.iter().copied().chain([number.as_str()]).chain(path.iter().copied());
                *at(&mut whole, keys)? = value(text);
            }
        }
        _ => return None,
    }
    Some(whole.to_string())
}

fn unescaped(key: &str) -> String {
    key.replace("~1", "/").replace("~0", "~")
}

/// The place that keys lead to, made where there is nothing yet.
fn at<'v, 'k>(value: &'v mut Value, mut keys: impl Iterator<Item = &'k str>) -> Option<&'v mut Value> {
    keys.try_fold(value, |value, key| {
        let number = key.parse::<usize>().ok();
        if value.is_null() {
            *value = if number.is_some() { Value::Array(Vec::new()) } else { Value::Object(Map::new()) };
        }
        match (value, number) {
            (Value::Array(elements), Some(number)) if number < ELEMENTS_MAX => {
                if elements.len() <= number {
                    elements.resize(number + 1, Value::Null);
                }
                elements.get_mut(number)
            }
            (Value::Object(members), _) => Some(members.entry(key).or_insert(Value::Null)),
            _ => None,
        }
    })
}

/// What an author's text means: JSON, where it is an object, an array, a truth value or a whole number.
fn value(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(Value::Number(number)) if number.to_string() == text => Value::Number(number),
        Ok(value @ (Value::Bool(_) | Value::Array(_) | Value::Object(_))) => value,
        _ => Value::String(text.to_owned()),
    }
}

/// Adds a parameter to the request's path.
fn parameter(whole: &mut Value, name: &str, text: &str) -> Option<()> {
    let uri = at(whole, ["requestURI"].into_iter())?;
    let before = uri.as_str().unwrap_or("/");
    let mark = if before.contains('?') { '&' } else { '?' };
    let mut longer = format!("{before}{mark}");
    for (text, end) in [(name, "="), (text, "")] {
        for byte in text.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => {
                    longer.push(byte.into())
                }
                byte => longer.push_str(&format!("%{byte:02X}")),
            }
        }
        longer.push_str(end);
    }
    *uri = Value::String(longer);
    Some(())
}
