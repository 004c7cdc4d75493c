//! What chat and mail needn't know: secrets in what alerts say.
//!
//! Command lines, environments and URLs hold passwords and tokens, and a chat keeps what it was told for years,
//! for many to read. So an output can have them replaced by a mark. That happens to what this output is sent
//! alone: the journal's alerts, their keys, and what other outputs get are as they were.
//!
//! Whoever runs a command chooses what it looks like, so what is replaced is kept small: one value at a time,
//! never a whole text, so that nobody hides much of an alert by making it look like a secret.

mod known;
mod scan;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use lanner_alert::{Alert, Causes, Notification, Timestamp, Value};
use regex_automata::meta::Regex;
use regex_automata::{Input, Span};

use crate::stage::{Stage, Verdict};
use scan::Scanner;

/// What stands in a secret's place.
pub const MARK: &str = "[redacted]";
/// What the stage says where it replaced something.
pub(crate) const REPLACED: &str = "secrets replaced";
/// The most bytes that a pattern may take when compiled.
const PATTERN_BYTES_MAX: usize = 1 << 20;
/// The most matches of a pattern in one text; what is behind the last of them is replaced whole.
const PATTERN_MATCHES_MAX: usize = 256;

/// How often a text is looked through at the most.
const ROUNDS_MAX: usize = 8;

/// What is replaced beside what is known to be secret, and what isn't.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatternKind {
    /// What a pattern matches is secret, or its first group where it has one.
    Secret,
    /// What a pattern matches as a whole is left as it is, although it looks like a secret.
    Keep,
}

/// A pattern that isn't a regular expression, or one that is too large.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PatternError {
    /// Which list it is in.
    pub kind: PatternKind,
    /// Its place there.
    pub at: usize,
    /// What is wrong with it.
    pub message: String,
}

/// Finds secrets and replaces them.
#[derive(Debug)]
pub struct Redactor {
    scanner: Scanner,
    patterns: Vec<Regex>,
    keep: Vec<Regex>,
}

impl Redactor {
    /// A redactor that knows these patterns too (the syntax of the crate `regex`).
    ///
    /// # Errors
    /// Which pattern is none, and why.
    pub fn new(patterns: &[String], keep: &[String]) -> Result<Redactor, PatternError> {
        let compile = |kind, texts: &[String]| -> Result<Vec<Regex>, PatternError> {
            let compiled = texts.iter().enumerate().map(|(at, text)| {
                let whole = format!(r"\A(?:{text})\z");
                let text = if kind == PatternKind::Keep { &whole } else { text };
                regex(text).map_err(|message| PatternError { kind, at, message })
            });
            compiled.collect()
        };
        let patterns = compile(PatternKind::Secret, patterns)?;
        let keep = compile(PatternKind::Keep, keep)?;
        let scanner = Scanner::new().map_err(|error| PatternError {
            kind: PatternKind::Secret,
            at: 0,
            message: error.to_string(),
        })?;
        Ok(Redactor { scanner, patterns, keep })
    }

    /// The text without secrets.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.replaced(text, None).map_or(Cow::Borrowed(text), Cow::Owned)
    }

    /// The alert without secrets in its output, its fields and its causes; nothing where it holds none.
    pub fn alert(&self, alert: &Alert) -> Option<Alert> {
        let program = match alert.field("proc.name") {
            Value::Str(name) => Some(name),
            _ => None,
        };
        let program = program.as_deref();
        let output = self.replaced(&alert.output, program);
        let fields = |fields: &BTreeMap<String, Value>| -> Vec<(String, Value)> {
            let value = |(name, value)| Some((String::clone(name), self.field(name, value, program)?));
            fields.iter().filter_map(value).collect()
        };
        let (output_fields, facts) = (fields(&alert.output_fields), fields(&alert.facts));
        let causes = alert.causes.as_ref().and_then(|causes| self.causes(causes));
        if output.is_none() && output_fields.is_empty() && facts.is_empty() && causes.is_none() {
            return None;
        }
        let mut redacted = alert.clone();
        redacted.output = output.unwrap_or(redacted.output);
        redacted.output_fields.extend(output_fields);
        redacted.facts.extend(facts);
        redacted.causes = causes.map(Arc::new).or(redacted.causes);
        Some(redacted)
    }

    /// The causes without secrets; nothing where they hold none.
    fn causes(&self, causes: &Causes) -> Option<Causes> {
        let outputs: Vec<Option<String>> =
            causes.shown.iter().map(|cause| self.replaced(&cause.output, None)).collect();
        if outputs.iter().all(Option::is_none) {
            return None;
        }
        let mut redacted = causes.clone();
        for (cause, output) in redacted.shown.iter_mut().zip(outputs) {
            cause.output = output.unwrap_or(std::mem::take(&mut cause.output));
        }
        Some(redacted)
    }

    /// The value of a field without secrets; nothing where it holds none.
    fn field(&self, name: &str, value: &Value, program: Option<&str>) -> Option<Value> {
        match value {
            Value::Str(text) if self.names_secret(name) && text != MARK && !text.is_empty() => {
                Some(Value::from(MARK))
            }
            Value::Str(text) => {
                let program = program.filter(|_| name == "proc.args");
                self.replaced(text, program).map(Value::Str)
            }
            Value::List(items) => {
                let redacted: Vec<_> = items.iter().map(|item| self.field(name, item, None)).collect();
                redacted.iter().any(Option::is_some).then(|| {
                    let items = items.iter().zip(redacted);
                    Value::List(
                        items.map(|(item, redacted)| redacted.unwrap_or_else(|| item.clone())).collect(),
                    )
                })
            }
            _ => None,
        }
    }

    /// Whether a field's argument is the name of a secret, as in `proc.env[DB_PASSWORD]`.
    fn names_secret(&self, field: &str) -> bool {
        let argument = field.strip_suffix(']').and_then(|field| field.split_once('['));
        argument.is_some_and(|(_, argument)| {
            let mut found = Vec::new();
            let name = argument.rsplit('/').next().unwrap_or(argument);
            self.scanner.find(&format!("{name}=x"), None, &mut found);
            !found.is_empty()
        })
    }

    /// The text without secrets; nothing where it holds none.
    fn replaced(&self, text: &str, program: Option<&str>) -> Option<String> {
        // A mark can bring out a secret that what it stands for had hidden.
        let mut out = self.replaced_once(text, program)?;
        for _ in 1..ROUNDS_MAX {
            match self.replaced_once(&out, program) {
                Some(more) => out = more,
                None => break,
            }
        }
        Some(out)
    }

    fn replaced_once(&self, text: &str, program: Option<&str>) -> Option<String> {
        let mut found = Vec::new();
        self.scanner.find(text, program, &mut found);
        for pattern in &self.patterns {
            matches(pattern, text, &mut found);
        }
        found.retain(|range| !self.keep.iter().any(|keep| keep.is_match(&text[range.clone()])));
        widen(text, &mut found);
        found.sort_unstable_by_key(|range| (range.start, range.end));
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for Range { start, end } in found {
            if end <= done {
                continue;
            }
            // Where two overlap, one mark stands for both.
            if start >= done {
                out.push_str(&text[done..start]);
                out.push_str(MARK);
            }
            done = end;
        }
        out.push_str(&text[done..]);
        (done > 0 && out != text).then_some(out)
    }
}

/// Takes marks that stand in the text already whole, so that what was redacted once stays as it is.
fn widen(text: &str, found: &mut [Range<usize>]) {
    if found.is_empty() {
        return;
    }
    let marks: Vec<usize> = text.match_indices(MARK).map(|(at, _)| at).collect();
    let inside = |at: usize| {
        let mark = marks[..marks.partition_point(|mark| *mark < at)].last()?;
        (mark + MARK.len() > at).then_some(*mark)
    };
    for range in found {
        range.start = inside(range.start).unwrap_or(range.start);
        range.end = inside(range.end).map_or(range.end, |mark| mark + MARK.len());
    }
}

fn regex(text: &str) -> Result<Regex, String> {
    let config = Regex::config().nfa_size_limit(Some(PATTERN_BYTES_MAX)).utf8_empty(true);
    Regex::builder().configure(config).build(text).map_err(|error| {
        let why = error.syntax_error().map_or_else(|| error.to_string(), ToString::to_string);
        // A syntax error draws the pattern on several lines, and says what is wrong on the last.
        let why = why.rsplit_once("error: ").map_or(&*why, |(_, why)| why).trim_end();
        format!("this is not a regular expression that can be used: {why}")
    })
}

/// Adds what a pattern matches, outside the marks that stand in the text already.
fn matches(pattern: &Regex, text: &str, found: &mut Vec<Range<usize>>) {
    let mut groups = pattern.create_captures();
    let mut left = PATTERN_MATCHES_MAX;
    let mut at = 0;
    while at < text.len() {
        let end = text[at..].find(MARK).map_or(text.len(), |mark| at + mark);
        while at < end {
            pattern.search_captures(&Input::new(text).span(at..end), &mut groups);
            let Some(whole) = groups.get_match() else { break };
            if left == 0 {
                found.push(whole.start()..text.len());
                return;
            }
            left -= 1;
            let group =
                if pattern.group_info().group_len(whole.pattern()) > 1 { groups.get_group(1) } else { None };
            let Span { start, end } = group.unwrap_or(whole.span());
            if start < end {
                found.push(start..end);
            }
            at = whole.end().max(next_char(text, whole.start()));
        }
        at = end + MARK.len();
    }
}

fn next_char(text: &str, at: usize) -> usize {
    at + text[at..].chars().next().map_or(1, char::len_utf8)
}

/// The stage of an output that is told no secrets.
pub struct Redact(Arc<Redactor>);

impl Redact {
    /// The stage with that redactor.
    pub fn new(redactor: Arc<Redactor>) -> Redact {
        Redact(redactor)
    }
}

impl Stage<Notification> for Redact {
    fn name(&self) -> &'static str {
        "redact"
    }

    fn judge(&mut self, item: &mut Notification, _: Timestamp) -> Verdict {
        let mut replaced = false;
        for alert in &mut item.alerts {
            if let Some(redacted) = self.0.alert(alert) {
                *alert = Arc::new(redacted);
                replaced = true;
            }
        }
        let counted = std::cell::Cell::new(false);
        item.tally.replace_values(|field, value| {
            let redacted = self.0.field(field, &Value::from(value), None)?.to_string();
            counted.set(true);
            Some(redacted)
        });
        replaced |= counted.get();
        for (field, value) in item.group.iter_mut().flat_map(|group| &mut group.by) {
            if let Some(redacted) = self.0.field(field, value, None) {
                *value = redacted;
                replaced = true;
            }
        }
        Verdict::Pass(if replaced { REPLACED } else { "no secret" })
    }
}
