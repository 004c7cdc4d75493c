//! Output formats: `%field`, with arguments, padding and transformers.

use std::collections::BTreeMap;
use std::fmt::Write;

use lanner_alert::{AlertFormat, Correlation, Value, matchers};
use lanner_diagnostic::Diagnostic;
use lanner_event::{Ctx, FieldFlags, FieldRef, Val};

use crate::ast::Operand;
use crate::compile::{Names, Source, Stop, operand};
use crate::parse;
use crate::sourced::Sourced;

/// How many bytes a list may take in an output, as in Falco; and how wide a field may be made.
const VALUE_MAX: usize = 1023;

/// How far behind a `%` the end of its field is looked for, in bytes, where what stands there isn't one as a whole.
const TOKEN_MAX: usize = 255;

/// Fields that print a time as text, and whose value in JSON is nanoseconds all the same.
const TIMES: &[&str] = &["evt.time", "evt.time.s", "evt.time.iso8601", "evt.datetime", "evt.datetime.s"];

/// What Falco replaces by nothing.
const CONTAINER_INFO: &str = "container.info";

/// An output format.
#[derive(Debug, Clone, Default)]
pub struct Format {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone)]
enum Piece {
    Text(String),
    Value {
        source: Source,
        /// As it is written; `None` where it is transformed, and so has no name in JSON.
        name: Option<String>,
        width: Option<usize>,
    },
}

impl Format {
    /// Reads a format. A `*` before it means nothing: that values may be missing.
    ///
    /// # Errors
    /// All that is wrong with it, each with its place.
    pub fn parse(text: &Sourced, names: Names, warnings: &mut Vec<Diagnostic>) -> Result<Format, Vec<Stop>> {
        let mut format = Format::default();
        scan(text, |part| match part {
            Part::Text(text) => {
                format.push_text(text);
                Ok(0)
            }
            Part::Percent(percent) => {
                let (piece, end) = token(names, text, percent, warnings)?;
                format.pieces.extend(piece);
                Ok(end)
            }
        })?;
        Ok(format)
    }

    fn push_text(&mut self, text: &str) {
        if !text.is_empty() {
            self.pieces.push(Piece::Text(text.to_owned()));
        }
    }

    /// Appends another format.
    pub fn append(&mut self, other: &Format) {
        self.pieces.extend(other.pieces.iter().cloned());
    }

    /// The fields it prints.
    pub fn fields(&self) -> impl Iterator<Item = &FieldRef> {
        self.pieces.iter().flat_map(|piece| match piece {
            Piece::Text(_) => Vec::new(),
            Piece::Value { source, .. } => source.fields(),
        })
    }

    /// Fills it in, and adds the values of its fields by the names they are written with.
    pub fn render<'a>(&'a self, ctx: &Ctx<'a>, values: &mut BTreeMap<String, Value>) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Value { source, name, width } => {
                    let value = source.get(ctx);
                    let text = printed(value);
                    match width {
                        // Writing to a string can't fail.
                        Some(width) => drop(write!(out, "{text:<width$.width$}")),
                        None => out.push_str(&text),
                    }
                    if let Some(name) = name {
                        values.insert(name.clone(), in_json(source, value, ctx));
                    }
                }
            }
        }
        out
    }

    /// Fills it in, as a text alone.
    pub fn text<'a>(&'a self, ctx: &Ctx<'a>) -> String {
        self.render(ctx, &mut BTreeMap::new())
    }
}

/// Reads a format that is filled in from an alert: it can print fields, and what an alert has besides.
///
/// # Errors
/// All that is wrong with it, each with its place.
pub fn of_alert(
    text: &Sourced,
    names: Names,
    warnings: &mut Vec<Diagnostic>,
) -> Result<AlertFormat, Vec<Stop>> {
    let whole = text.as_str();
    let mut format = AlertFormat::default();
    scan(text, |part| {
        let percent = match part {
            Part::Text(text) => {
                format.push_text(text);
                return Ok(0);
            }
            Part::Percent(percent) => percent,
        };
        let (width, start) = width(text, percent)?;
        let word = whole[start..].split(|c: char| !(c.is_ascii_alphanumeric() || "._".contains(c))).next();
        let word = word.unwrap_or_default().trim_end_matches('.');
        if word == Correlation::COUNT_FIELD || matchers::OWN_FIELDS.contains(&word) {
            format.push_field(word, width);
            return Ok(start + word.len());
        }
        let (piece, end) = token(names, text, percent, warnings)?;
        match piece {
            None => {}
            Some(Piece::Value { source: Source::Field(_), name: Some(name), width }) => {
                format.push_field(&name, width);
            }
            Some(_) => {
                let message = "here only fields can be printed, not what is made of them".to_owned();
                return Err(wrong(text, percent, end, message));
            }
        }
        Ok(end)
    })?;
    Ok(format)
}

/// A part of a format: a text, or the place of a `%`.
enum Part<'a> {
    Text(&'a str),
    Percent(usize),
}

/// Tells the parts of a format one after the other; what is told of a `%` says where what it stands for ends.
fn scan<'a>(
    text: &'a Sourced,
    mut each: impl FnMut(Part<'a>) -> Result<usize, Box<Stop>>,
) -> Result<(), Vec<Stop>> {
    let mut errors = Vec::new();
    let whole = text.as_str();
    let mut rest = usize::from(whole.starts_with('*'));
    loop {
        let found = whole[rest..].find('%').map(|found| rest + found);
        let told = each(Part::Text(&whole[rest..found.unwrap_or(whole.len())]));
        errors.extend(told.err().map(|error| *error));
        let Some(percent) = found else { break };
        rest = each(Part::Percent(percent)).unwrap_or_else(|error| {
            errors.push(*error);
            percent + 1
        });
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

fn wrong(text: &Sourced, percent: usize, end: usize, message: String) -> Box<Stop> {
    let mut stop = Stop::at(text.place(percent, end), message);
    stop.diagnostic.code = "LOAD_ERR_COMPILE_OUTPUT";
    Box::new(stop)
}

/// The width that stands behind a `%`, where there is one, and where what follows begins.
fn width(text: &Sourced, percent: usize) -> Result<(Option<usize>, usize), Box<Stop>> {
    let whole = text.as_str();
    let digits = whole[percent + 1..].bytes().take_while(u8::is_ascii_digit).count();
    let start = percent + 1 + digits;
    let width = match whole[percent + 1..start].parse() {
        Ok(0) => None,
        Ok(width) if width <= VALUE_MAX => Some(width),
        _ if digits == 0 => None,
        _ => return Err(wrong(text, percent, start, format!("a width can't be more than {VALUE_MAX}"))),
    };
    Ok((width, start))
}

/// The value of a field in JSON.
pub fn in_json(source: &Source, value: Val, ctx: &Ctx) -> Value {
    match source {
        Source::Field(field) if TIMES.contains(&field.field.name) => Value::from(ctx.event.time),
        _ => typed(value),
    }
}

type Token = (Option<Piece>, usize);

/// The token that begins at a `%`, the longest that there is, and where it ends.
fn token(
    names: Names,
    text: &Sourced,
    percent: usize,
    warnings: &mut Vec<Diagnostic>,
) -> Result<Token, Box<Stop>> {
    let whole = text.as_str();
    let (width, start) = width(text, percent)?;
    if start == whole.len() {
        return Err(wrong(text, percent, start, "a `%` must be followed by a field".to_owned()));
    }
    if start == percent + 1 && whole[start..].starts_with(CONTAINER_INFO) {
        let end = start + CONTAINER_INFO.len();
        warnings.push(
            Diagnostic::warning("LOAD_DEPRECATED_ITEM", "`%container.info` is replaced by nothing")
                .at(text.place(percent, end))
                .help("what it held is appended by `append_output`"),
        );
        return Ok((None, end));
    }
    let mut behind = Sourced::default();
    behind.push_range(text, start, whole.len());
    let (parsed, length, source) = field(&behind, names)?;
    let end = start + length;
    if source.has(FieldFlags::FILTER_ONLY) {
        return Err(wrong(text, percent, end, format!("`{source}` can only stand in conditions")));
    }
    let name = matches!(parsed, Operand::Field(_)).then(|| whole[start..end].to_owned());
    Ok((Some(Piece::Value { source, name, width }), end))
}

/// The longest beginning of a text that is a field or a transformer, its length, and what it stands for.
fn field(text: &Sourced, names: Names) -> Result<(Operand, usize, Source), Box<Stop>> {
    let whole = text.as_str();
    let attempt = |part: &str| match parse::operand(part) {
        Ok((parsed, length)) => operand(&parsed, names, text).map(|source| (parsed, length, source)),
        Err(error) => {
            let message = format!("invalid formatting token: {}", error.message);
            let mut stop = Stop::at(text.place(0, error.range.end), message);
            stop.unknown = true;
            Err(Box::new(stop))
        }
    };
    attempt(whole).or_else(|mut stop| {
        let ends = (1..whole.len().min(TOKEN_MAX)).rev().filter(|end| whole.is_char_boundary(*end));
        let shorter = ends.filter_map(|end| attempt(&whole[..end]).ok()).next();
        stop.diagnostic.code = "LOAD_ERR_COMPILE_OUTPUT";
        shorter.ok_or(stop)
    })
}

/// A value as it stands in an output.
pub fn printed(value: Val) -> String {
    let joined = |items: &[Val], between: &str| {
        let texts: Vec<String> = items.iter().map(|item| printed(*item)).collect();
        texts.join(between)
    };
    let mut text = match value {
        Val::Missing | Val::Pending | Val::Any([]) => return "<NA>".to_owned(),
        Val::Bool(value) => return value.to_string(),
        Val::Int(value) => return value.to_string(),
        Val::Uint(value) => return value.to_string(),
        Val::Double(value) => return value.to_string(),
        Val::Ip(value) => return value.to_string(),
        Val::Str(text) | Val::Cut(text) => String::from_utf8_lossy(text).into_owned(),
        Val::List(items) => format!("({})", joined(items, ",")),
        Val::Any(items) => joined(items, " "),
    };
    if matches!(value, Val::List(_)) && text.len() > VALUE_MAX {
        let end = (0..=VALUE_MAX).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
    }
    text
}

/// A value as it leaves the detector.
pub fn typed(value: Val) -> Value {
    match value {
        Val::Missing | Val::Pending | Val::Any([]) => Value::Null,
        Val::Bool(value) => Value::Bool(value),
        Val::Int(value) => Value::from(value),
        Val::Uint(value) => Value::Uint(value),
        Val::Double(value) => Value::Float(value),
        Val::Ip(value) => Value::Str(value.to_string()),
        Val::Str(text) | Val::Cut(text) => Value::Str(String::from_utf8_lossy(text).into_owned()),
        Val::List(items) => Value::List(items.iter().map(|item| typed(*item)).collect()),
        Val::Any(_) => Value::Str(printed(value)),
    }
}
