//! Falco's own two forms of an alert: the text line and the JSON object.

mod json;
mod text;

pub use json::{JsonOptions, json};
pub use text::{TimeFormat, line, message};
