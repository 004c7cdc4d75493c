//! What a text is written into, and what must be written otherwise there so that it stays a text.

use std::borrow::Cow;
use std::fmt::{self, Display, Write};

use lanner_alert::printable;
use minijinja::Value;
use minijinja::value::ValueKind;

use crate::slack;

/// What a template's text is written into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// A line, a header, a terminal, the text of a mail: nothing moves a cursor or begins a line.
    Plain,
    /// Slack's mrkdwn: nothing is a link, a mention, or the end of a code span.
    Slack,
    /// HTML: nothing is markup.
    Html,
    /// JSON: each value is written whole, a text with its quotes.
    Json,
}

/// What filters escape for, by their names.
pub const FILTERS: &[(&str, Medium)] = &[
    ("header", Medium::Plain),
    ("html", Medium::Html),
    ("json", Medium::Json),
    ("slack", Medium::Slack),
    ("syslog", Medium::Plain),
    ("terminal", Medium::Plain),
];

impl Medium {
    /// The medium of lines: JSON where the template begins as an object does.
    pub fn of_line(template: &str) -> Medium {
        let mut begin = template.trim_start().chars();
        match (begin.next(), begin.next()) {
            (Some('{'), next) if !matches!(next, Some('{' | '%' | '#')) => Medium::Json,
            _ => Medium::Plain,
        }
    }

    /// The value as it is written into the medium.
    pub fn write(self, value: &Value) -> String {
        match self {
            Medium::Json => json(value),
            _ => self.escape(&shown(value)),
        }
    }

    /// The value inside a text: as [`write`](Self::write), but in JSON without quotes.
    pub fn write_inside(self, value: &Value) -> String {
        match self {
            Medium::Json => {
                let quoted = json(&Value::from(shown(value)));
                quoted[1..quoted.len() - 1].to_owned()
            }
            _ => self.write(value),
        }
    }

    fn escape(self, text: &str) -> String {
        let text = printable(text);
        match self {
            Medium::Plain | Medium::Json => text.into_owned(),
            Medium::Slack => slack::escape(&text),
            Medium::Html => Html(&text).to_string(),
        }
    }
}

/// A value as it stands in a text, as in Falco: nothing is `<NA>`, a list is `(a,b)`.
fn shown(value: &Value) -> Cow<'_, str> {
    if let Some(text) = value.as_str() {
        return text.into();
    }
    match value.kind() {
        ValueKind::None => "<NA>".into(),
        ValueKind::Seq => {
            let items: Vec<_> = items(value).iter().map(|item| shown(item).into_owned()).collect();
            format!("({})", items.join(",")).into()
        }
        _ => value.to_string().into(),
    }
}

fn items(value: &Value) -> Vec<Value> {
    value.try_iter().map(Iterator::collect).unwrap_or_default()
}

/// A value that is no JSON, such as a function, is its name as a text.
fn json(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| format!("{:?}", value.to_string()))
}

/// A text in HTML: every character that means something there is written as an entity.
pub struct Html<'a>(pub &'a str);

impl Display for Html<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}
