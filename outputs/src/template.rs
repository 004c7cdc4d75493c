//! Own texts in place of those that outputs have: Jinja templates with a notification as their context.
//!
//! What an alert says was chosen by whoever did what was noticed, so every value is escaped for the medium that the
//! text goes to, and no template can ask for less. A template takes so many steps and bytes at most. One that fails
//! nevertheless loses nothing: the output's own text goes out, and that is counted and said.

mod context;
mod formats;
mod medium;
mod sample;

use std::fmt;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::tz::TimeZone;
use lanner_alert::{Notification, printable, truncate};
use lanner_diagnostic::{Node, Place, Value as NodeValue, nearest};
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior};

use crate::Common;
use formats::Formats;

pub use context::NAMES;
pub use formats::Named;
pub use medium::{FILTERS, Html, Medium};

/// The most bytes of a template.
const TEMPLATE_BYTES_MAX: usize = 64 * 1024;
/// The most steps that a template takes, as the engine counts them; it may take some 64 bytes of memory for each.
const TEMPLATE_FUEL: u64 = 200_000;
/// The most bytes that come of a template.
const RENDERED_BYTES_MAX: usize = 256 * 1024;

/// The most bytes of a failure's cause in the log: it may quote what an alert says.
const CAUSE_BYTES_MAX: usize = 200;

/// The name of a template in its engine.
const NAME: &str = "template";

/// A setting of an output that is a template.
#[derive(Debug)]
pub struct Slot {
    /// The setting.
    pub key: &'static str,
    /// What the text goes to; nothing where that is a line, which may be JSON.
    pub medium: Option<Medium>,
    /// What it is for, in sentences.
    pub doc: &'static str,
}

/// The line of an alert, as several outputs have it.
pub const LINE: Slot = Slot {
    key: "template",
    medium: None,
    doc: "A template of what is sent of a notification. Where it begins with `{`, it is JSON.",
};

/// What a route's alerts say in place of their own text.
pub const ROUTE: &[Slot] =
    &[Slot { key: "template", medium: Some(Medium::Plain), doc: "A template of what an alert says." }];

/// What is wrong with a template, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
    /// Where the template stands.
    pub place: Place,
    /// The template.
    pub text: String,
    /// Where in it.
    pub part: Range<usize>,
}

/// The templates of one output.
#[derive(Debug, Clone, Default)]
pub struct Templates(Vec<(&'static str, Arc<Template>)>);

impl Templates {
    /// Takes the templates out of an output's settings, and tries each on a notification of every kind.
    pub fn take(slots: &'static [Slot], node: &mut Node, common: &Common) -> (Templates, Vec<TemplateError>) {
        let (mut templates, mut errors) = (Templates::default(), Vec::new());
        let NodeValue::Mapping(entries) = &mut node.value else { return (templates, errors) };
        entries.retain(|(key, value)| {
            let Some(slot) = slots.iter().find(|slot| key.as_str() == Some(slot.key)) else { return true };
            let text = value.as_str().unwrap_or_default();
            match Template::new(text, slot, common) {
                Ok(template) => templates.0.push((slot.key, Arc::new(template))),
                Err(fault) => errors.push(TemplateError {
                    message: fault.message,
                    help: fault.help,
                    place: value.place,
                    text: text.to_owned(),
                    part: fault.part,
                }),
            }
            false
        });
        (templates, errors)
    }

    /// The medium of that template, if there is one.
    pub fn medium(&self, key: &str) -> Option<Medium> {
        self.get(key).map(|template| template.medium)
    }

    /// The text of that template; nothing where there is none, or it failed.
    pub fn render(&self, key: &str, notification: &Notification, common: &Common) -> Option<String> {
        let template = self.get(key)?;
        match template.render(notification, common) {
            Ok(text) => Some(text),
            Err(fault) => {
                let failures = template.failures.fetch_add(1, Ordering::Relaxed) + 1;
                // Often enough to be seen, too seldom to fill the log.
                if failures.is_power_of_two() {
                    tracing::warn!(
                        output = %common.name, template = key, failures,
                        cause = %truncate(&printable(&fault.message), CAUSE_BYTES_MAX),
                        "a template failed; the built-in text is sent in its place"
                    );
                }
                None
            }
        }
    }

    /// How often a template of this output failed since the start.
    pub fn failures(&self) -> u64 {
        self.0.iter().map(|(_, template)| template.failures.load(Ordering::Relaxed)).sum()
    }

    /// What may be fields in the templates, with the setting that each is in.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &Named)> {
        self.0.iter().flat_map(|(key, template)| template.formats.fields.iter().map(|named| (*key, named)))
    }

    fn get(&self, key: &str) -> Option<&Template> {
        self.0.iter().find(|(known, _)| *known == key).map(|(_, template)| &**template)
    }
}

/// What is wrong, and where in the template.
struct Fault {
    message: String,
    help: Option<String>,
    part: Range<usize>,
}

struct Template {
    medium: Medium,
    formats: Formats,
    engine: Environment<'static>,
    failures: AtomicU64,
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Template").field("medium", &self.medium).finish_non_exhaustive()
    }
}

impl Template {
    fn new(text: &str, slot: &Slot, common: &Common) -> Result<Template, Fault> {
        let whole = |message: String| Fault { message, help: None, part: 0..text.len() };
        if text.is_empty() || text.len() > TEMPLATE_BYTES_MAX {
            return Err(whole(format!("a template is a text of 1 to {TEMPLATE_BYTES_MAX} bytes")));
        }
        let medium = slot.medium.unwrap_or_else(|| Medium::of_line(text));
        let formats = Formats::read(text, medium);
        let mut engine = engine(medium, common.zone.clone());
        let added = engine.add_template_owned(NAME, formats.text.clone());
        let template = Template { medium, formats, engine, failures: AtomicU64::new(0) };
        added.map_err(|error| template.fault(&error))?;
        for notification in sample::notifications() {
            let rendered = template.render(&notification, common)?;
            if rendered.is_empty() && notification.kind == lanner_alert::Kind::Alert {
                return Err(whole("nothing comes of this template for an alert".to_owned()));
            }
        }
        Ok(template)
    }

    fn render(&self, notification: &Notification, common: &Common) -> Result<String, Fault> {
        let mut rendered = Bounded(Vec::new());
        let context = context::context(notification, common);
        let template = self.engine.get_template(NAME).map_err(|error| self.fault(&error))?;
        template.render_captured_to(context, &mut rendered).map_err(|error| self.fault(&error))?;
        let text = String::from_utf8_lossy(&rendered.0);
        let text = text.trim_end_matches(['\n', '\r']).to_owned();
        if self.medium == Medium::Json
            && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&text)
        {
            let kind = crate::render::kind(notification.kind);
            let message = format!("what comes of this template for {} is not JSON: {error}", article(kind));
            let help = "a value is written with its quotes; `%field` stands inside a text".to_owned();
            return Err(Fault { message, help: Some(help), part: 0..0 });
        }
        Ok(text)
    }

    fn fault(&self, error: &Error) -> Fault {
        let line = || {
            let number = error.line().unwrap_or(1).max(1) - 1;
            let start = self.formats.text.split_inclusive('\n').take(number).map(str::len).sum::<usize>();
            let length = self.formats.text[start..].lines().next().unwrap_or_default().len();
            start..start + length
        };
        let text = &self.formats.text;
        let part = error.range().filter(|range| range.end <= text.len()).unwrap_or_else(line);
        // The engine may point between the bytes of a character.
        let part = text.floor_char_boundary(part.start)..text.ceil_char_boundary(part.end);
        let named = text.get(part.clone()).unwrap_or_default();
        let near = nearest(named, NAMES.iter().map(|(name, _)| *name));
        let undefined = error.kind() == ErrorKind::UndefinedError;
        let message = match (error.kind(), error.detail()) {
            (ErrorKind::UndefinedError, _) => format!("`{}` is not there", truncate(named, 60)),
            (ErrorKind::OutOfFuel, _) => format!("this takes more than {TEMPLATE_FUEL} steps"),
            (ErrorKind::WriteFailure, _) => format!("more than {RENDERED_BYTES_MAX} bytes come of this"),
            (_, Some(detail)) => detail.to_owned(),
            (kind, None) => kind.to_string(),
        };
        let help = near.filter(|_| undefined).map(|near| format!("did you mean `{near}`?"));
        Fault { message, help, part: self.formats.original(part) }
    }
}

fn article(kind: &str) -> String {
    format!("{} {kind}", if kind.starts_with('a') { "an" } else { "a" })
}

/// What is written up to the limit.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > RENDERED_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The engine for a medium: strict, bounded, and without a way round its escaping.
fn engine(medium: Medium, zone: TimeZone) -> Environment<'static> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_fuel(Some(TEMPLATE_FUEL));
    engine.set_debug(true);
    // Any but none, so that what a block has written already is not escaped again.
    engine.set_auto_escape_callback(|_| AutoEscape::Custom(NAME.into()));
    engine.set_formatter(move |out: &mut Output, _: &mut State, value: &Value| {
        match value.as_str().filter(|_| value.is_safe()) {
            Some(written) => out.write_str(written),
            None => out.write_str(&medium.write(value)),
        }
        .map_err(|_| Error::new(ErrorKind::WriteFailure, "it is too long"))
    });
    engine.remove_filter("safe");
    engine.remove_filter("tojson");
    for name in ["escape", "e"] {
        engine.add_filter(name, move |value: Value| written(medium, &value));
    }
    engine.add_filter("inside", move |value: Value| Value::from_safe_string(medium.write_inside(&value)));
    for (name, of) in FILTERS {
        let of = *of;
        engine.add_filter(*name, move |value: Value| {
            // For another medium than this it is a text like others.
            if of == medium { written(of, &value) } else { Value::from(of.write(&value)) }
        });
    }
    engine.add_filter("truncate", |text: String, most: usize| truncate(&text, most).into_owned());
    engine.add_filter("local", move |time: String, format: Option<String>| local(&time, format, &zone));
    engine
}

/// What is written into a medium, unless that was done already.
fn written(medium: Medium, value: &Value) -> Value {
    if value.is_safe() { value.clone() } else { Value::from_safe_string(medium.write(value)) }
}

/// A time as it is in this zone, in a form of strftime.
fn local(time: &str, format: Option<String>, zone: &TimeZone) -> Result<String, Error> {
    let wrong = |error: jiff::Error| Error::new(ErrorKind::InvalidOperation, error.to_string());
    let time: jiff::Timestamp = time.parse().map_err(wrong)?;
    let format = format.as_deref().unwrap_or("%Y-%m-%d %H:%M:%S %Z");
    jiff::fmt::strtime::format(format, &time.to_zoned_datetime(zone.clone())).map_err(wrong)
}

#[cfg(test)]
mod tests;
