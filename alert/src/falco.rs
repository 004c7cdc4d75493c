//! Falco's own two forms of an alert: the text line and the JSON object.

mod json;
mod read;
mod text;

pub use json::{Json, JsonOptions, json};
pub use read::{ReadError, read};
pub use text::{TimeFormat, line, message};
