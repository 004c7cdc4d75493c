//! Conditions on an alert's fields: what routes, silences and inhibition ask.
//!
//! A matcher is written as in Alertmanager, `field op value`: `rule = "Sensitive file read"`,
//! `container.name != web`, `proc.name =~ "apt.*"`, `tags in (host, container)`, `priority >= error`. A field that an
//! alert doesn't have is the empty text.

use std::fmt;
use std::str::FromStr;

use regex_automata::meta::Regex;

use crate::{Alert, Priority, Value};

/// How much memory a compiled expression may take, in bytes.
const REGEX_SIZE_MAX: usize = 1 << 20;

/// A condition on one field of an alert.
#[derive(Debug, Clone)]
pub struct Matcher {
    field: String,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    /// It is one of these, or none of them.
    In(Vec<String>, bool),
    /// It matches as a whole, or doesn't; with the pattern as it was written.
    Regex(Box<Regex>, String, bool),
    /// The priority is this or a higher one.
    AtLeast(Priority),
}

/// Why a text is no matcher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatcherError {
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for MatcherError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for MatcherError {}

fn wrong<T>(message: impl Into<String>) -> Result<T, MatcherError> {
    Err(MatcherError { message: message.into() })
}

impl Matcher {
    /// The field is one of these texts; of one with several values, one of them is.
    pub fn any_of(field: &str, texts: Vec<String>) -> Matcher {
        Matcher { field: field.to_owned(), test: Test::In(texts, true) }
    }

    /// The priority is that or a higher one.
    pub fn at_least(priority: Priority) -> Matcher {
        Matcher { field: PRIORITY.to_owned(), test: Test::AtLeast(priority) }
    }

    /// A condition on a field, by the text behind the field's name: `= web`, `!= web`, `=~ "we.*"`, `!~ "we.*"`,
    /// `in (a, b)`, `>= error`; a text without an operator is what the field must be.
    ///
    /// # Errors
    /// Where the field can't be compared so, a priority isn't one, or an expression isn't one.
    pub fn of(field: &str, condition: &str) -> Result<Matcher, MatcherError> {
        let (op, rest) = operator(condition.trim());
        let test = match op {
            ">=" if field == PRIORITY => Test::AtLeast(priority(rest)?),
            ">=" => return wrong(format!("`>=` is for `priority` alone, and this is `{field}`")),
            "=~" | "!~" => {
                let pattern = unquoted(rest)?;
                Test::Regex(Box::new(regex(&pattern)?), pattern, op == "=~")
            }
            "in" => Test::In(checked(field, list(rest)?)?, true),
            _ => Test::In(checked(field, vec![unquoted(rest)?])?, op != "!="),
        };
        Ok(Matcher { field: field.to_owned(), test })
    }

    /// The field that it asks for.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// The texts one of which the field must be, where it is such a condition.
    pub fn wanted(&self) -> Option<&[String]> {
        match &self.test {
            Test::In(texts, true) => Some(texts),
            _ => None,
        }
    }

    /// Whether an alert meets all of these conditions; it does where there are none.
    pub fn all(matchers: &[Matcher], alert: &Alert) -> bool {
        matchers.iter().all(|matcher| matcher.matches(alert))
    }

    /// Whether an alert meets the condition.
    pub fn matches(&self, alert: &Alert) -> bool {
        match &self.test {
            Test::AtLeast(least) => alert.priority >= *least,
            Test::In(texts, wanted) => {
                self.is_so(alert, &|text| texts.iter().any(|known| known == text)) == *wanted
            }
            Test::Regex(regex, _, wanted) => self.is_so(alert, &|text| regex.is_match(text)) == *wanted,
        }
    }

    /// Whether the field's value, or one of several, is so.
    fn is_so(&self, alert: &Alert, so: &dyn Fn(&str) -> bool) -> bool {
        // As `Alert::field`, but without a copy.
        match &*self.field {
            "rule" => so(&alert.rule),
            PRIORITY => so(alert.priority.name()),
            "source" => so(&alert.source),
            "hostname" => so(&alert.hostname),
            "tags" => alert.tags.iter().any(|tag| so(tag)),
            name => any(alert.fact(name).unwrap_or(&Value::Null), so),
        }
    }
}

/// The name under which an alert's priority is asked for.
const PRIORITY: &str = "priority";

/// Whether the value, or one of several, is so.
fn any(value: &Value, so: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::Null => so(""),
        Value::Str(text) => so(text),
        Value::List(items) => items.iter().any(|item| any(item, so)),
        value => so(&value.to_string()),
    }
}

/// Priorities are written in any case, and must be ones.
fn checked(field: &str, texts: Vec<String>) -> Result<Vec<String>, MatcherError> {
    if field != PRIORITY {
        return Ok(texts);
    }
    texts.iter().map(|text| priority(text).map(|priority| priority.name().to_owned())).collect()
}

fn priority(text: &str) -> Result<Priority, MatcherError> {
    unquoted(text)?.parse().or_else(|error: crate::ParsePriorityError| wrong(error.to_string()))
}

fn regex(pattern: &str) -> Result<Regex, MatcherError> {
    // It must be one by itself: what is put around it would make one of `a)(b`.
    let alone = Regex::new(pattern);
    // A dot is any character: else a line break in what an attacker chose would make a value another.
    let whole = Regex::builder()
        .syntax(regex_automata::util::syntax::Config::new().dot_matches_new_line(true))
        .configure(Regex::config().nfa_size_limit(Some(REGEX_SIZE_MAX)))
        .build(&format!(r"\A(?:{pattern})\z"));
    match (alone, whole) {
        (Ok(_), Ok(regex)) => Ok(regex),
        (Err(error), _) | (_, Err(error)) => {
            let cause = error.syntax_error().map_or_else(|| error.to_string(), ToString::to_string);
            let cause = cause.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            wrong(format!("`{pattern}` is no regular expression: {cause}"))
        }
    }
}

/// The operator at the beginning of a text, and what follows it.
fn operator(text: &str) -> (&str, &str) {
    for op in ["=~", "!~", "!=", ">=", "="] {
        if let Some(rest) = text.strip_prefix(op) {
            return (op, rest.trim_start());
        }
    }
    match text.strip_prefix("in").filter(|rest| rest.trim_start().starts_with('(')) {
        Some(rest) => ("in", rest.trim_start()),
        None => ("", text),
    }
}

/// What stands around a text.
const QUOTES: [char; 2] = ['"', '\''];

/// A text, without the quotes around it; inside them a backslash takes the next character as it is.
fn unquoted(text: &str) -> Result<String, MatcherError> {
    let text = text.trim();
    let Some(quote) = text.chars().next().filter(|c| QUOTES.contains(c)) else { return Ok(text.to_owned()) };
    let inner = &text[1..];
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            c if c == quote && chars.as_str().is_empty() => return Ok(out),
            c if c == quote => return wrong(format!("`{}` can't follow the closing quote", chars.as_str())),
            '\\' => match chars.next() {
                Some(escaped) if escaped == quote || escaped == '\\' => out.push(escaped),
                // Expressions have backslashes of their own.
                Some(other) => out.extend(['\\', other]),
                None => break,
            },
            c => out.push(c),
        }
    }
    wrong("a quote is never closed")
}

/// `(a, "b, c")`
fn list(text: &str) -> Result<Vec<String>, MatcherError> {
    let inner = text.trim().strip_prefix('(').and_then(|text| text.strip_suffix(')'));
    let Some(inner) = inner else { return wrong("a list is written `(a, b)`") };
    let mut items = Vec::new();
    if inner.trim().is_empty() {
        return wrong("a list without any value is never true");
    }
    let (mut start, mut quoted, mut escaped) = (0, None, false);
    for (at, c) in inner.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if quoted == Some(c) => quoted = None,
            // Elsewhere than at its beginning it is a part of the value.
            c if quoted.is_none() && QUOTES.contains(&c) && inner[start..at].trim().is_empty() => {
                quoted = Some(c)
            }
            ',' if quoted.is_none() => {
                items.push(unquoted(&inner[start..at])?);
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(unquoted(&inner[start..])?);
    Ok(items)
}

impl FromStr for Matcher {
    type Err = MatcherError;

    /// Reads `field op value`.
    fn from_str(text: &str) -> Result<Matcher, MatcherError> {
        let text = text.trim();
        let name = |c: char| c.is_ascii_alphanumeric() || "._[]/".contains(c);
        let end = text.find(|c| !name(c)).unwrap_or(text.len());
        let (field, condition) = text.split_at(end);
        if field.is_empty() || operator(condition.trim_start()).0.is_empty() {
            return wrong(format!(
                "`{text}` is no condition: it is written `field = value`, with =, !=, =~, !~, in or >="
            ));
        }
        Matcher::of(field, condition)
    }
}

impl fmt::Display for Matcher {
    /// The matcher as it can be read again.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        f.write_str(&self.field)?;
        match &self.test {
            Test::AtLeast(priority) => write!(f, " >= {priority}"),
            Test::In(texts, wanted) => match texts.as_slice() {
                [one] => write!(f, " {} {}", if *wanted { "=" } else { "!=" }, quoted(one)),
                many => {
                    write!(f, " in ({})", many.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
                }
            },
            Test::Regex(_, pattern, wanted) => {
                write!(f, " {} {}", if *wanted { "=~" } else { "!~" }, quoted(pattern))
            }
        }
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Matcher) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for Matcher {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use uuid::Uuid;

    use super::*;
    use crate::Timestamp;

    fn alert() -> Alert {
        let fields = [
            ("container.name", Value::from("web")),
            ("proc.name", Value::from("apt-get")),
            ("fd.sport", Value::Uint(443)),
            ("proc.cmdline", Value::from("curl\nevil")),
            ("ka.verbs", Value::List(vec![Value::from("get"), Value::from("list")])),
            ("user.name", Value::Null),
        ];
        let fields: BTreeMap<String, Value> =
            fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let id = Uuid::nil();
        let mut alert =
            Alert::internal(id, "A rule", Priority::Error, String::new(), fields, Timestamp(0), "h".into());
        alert.tags = vec!["container".to_owned(), "T1059".to_owned()];
        alert
    }

    #[test]
    fn conditions_hold_or_not() {
        let alert = alert();
        for (text, holds) in [
            ("rule = \"A rule\"", true),
            ("rule=A rule", true),
            ("rule != \"A rule\"", false),
            ("container.name = web", true),
            ("container.name!=web", false),
            ("container.name in (db, web)", true),
            ("container.name in (\"d,b\", \"we\")", false),
            ("proc.name =~ apt.*", true),
            ("proc.name =~ apt", false),
            ("proc.name = 'apt-get'", true),
            ("proc.cmdline =~ curl.*", true),
            ("proc.cmdline !~ curl.*", false),
            ("proc.name in ('x, y', 'apt-get')", true),
            ("proc.name !~ \"(dpkg|rpm).*\"", true),
            ("proc.name =~ \"a\\w+-get\"", true),
            ("fd.sport = 443", true),
            ("ka.verbs = list", true),
            ("ka.verbs != list", false),
            ("tags in (host, container)", true),
            ("tags != host", true),
            ("user.name = \"\"", true),
            ("none = \"\"", true),
            ("none != \"\"", false),
            ("priority = ERROR", true),
            ("priority >= warning", true),
            ("priority >= critical", false),
            ("priority in (error, critical)", true),
            ("source = internal", true),
            ("hostname = h", true),
        ] {
            let matcher: Matcher = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(matcher.matches(&alert), holds, "{text}");
            assert_eq!(matcher.to_string().parse(), Ok(matcher), "{text}");
        }
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for (text, why) in [
            ("", "is no condition"),
            ("rule", "is no condition"),
            ("= x", "is no condition"),
            ("rule ~ x", "is no condition"),
            ("rule >= x", "`>=` is for `priority` alone"),
            ("priority >= hig", "hig"),
            ("priority = hig", "hig"),
            ("rule =~ \"(\"", "is no regular expression: unclosed group"),
            ("rule =~ a)(b", "is no regular expression"),
            ("rule in ()", "without any value"),
            ("rule = 'x", "never closed"),
            ("rule = \"a", "a quote is never closed"),
            ("rule = \"a\" b", "can't follow the closing quote"),
            ("rule in (a", "a list is written"),
        ] {
            let error = text.parse::<Matcher>().expect_err(text).to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
