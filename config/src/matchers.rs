//! Conditions on alerts as a configuration writes them: a mapping of fields to what they must be, or a list of
//! conditions as the command line takes them.

use lanner_alert::{Matcher, MatcherError};
use lanner_diagnostic::{Diagnostic, Node, Place, Value, nearest};

use crate::check::WRONG_VALUE;
use crate::kind::{self, Mismatch};

/// What an alert has besides the fields of its event.
pub(crate) const OWN_FIELDS: &[&str] = &["rule", "priority", "source", "hostname", "tags"];

/// The conditions, each with the place of its field, and what is wrong with those that are none.
pub(crate) fn read(node: &Node) -> (Vec<(Matcher, Place)>, Vec<Mismatch>) {
    let read: Vec<Result<(Matcher, Place), Mismatch>> = match &node.value {
        Value::Mapping(entries) => entries.iter().map(|(field, condition)| entry(field, condition)).collect(),
        Value::Sequence(items) => items.iter().map(text).collect(),
        _ => vec![Err(Mismatch {
            help: Some("such as `{rule: A, priority: \">= error\"}` or `['rule = A']`".to_owned()),
            ..Mismatch::from(format!("this should be conditions on fields, not {}", node.kind()))
        })],
    };
    let (mut matchers, mut wrong) = (Vec::new(), Vec::new());
    for result in read {
        match result {
            Ok(matcher) => matchers.push(matcher),
            Err(mismatch) => wrong.push(mismatch),
        }
    }
    (matchers, wrong)
}

/// The conditions that are some; their fields are added to those that the configuration names. What is wrong with the
/// others was told when the tree was checked.
pub(crate) fn collect(node: &Node, fields: &mut Vec<(String, Place)>) -> Vec<Matcher> {
    let (found, _) = read(node);
    fields.extend(found.iter().map(|(matcher, place)| (matcher.field().to_owned(), *place)));
    found.into_iter().map(|(matcher, _)| matcher).collect()
}

/// The names of fields, which are added to those that the configuration names; those that no alert has are told once.
pub(crate) fn fields(
    nodes: &[&Node],
    fields: &mut Vec<(String, Place)>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<String> {
    let mut names = Vec::new();
    for node in nodes {
        let name = node.as_str().unwrap_or_default();
        match known(name, node.place) {
            Ok(()) => {
                fields.push((name.to_owned(), node.place));
                names.push(name.to_owned());
            }
            Err(Mismatch { message, help, .. }) => {
                let error = Diagnostic { help, ..Diagnostic::error(WRONG_VALUE, message).at(node.place) };
                if !diagnostics.contains(&error) {
                    diagnostics.push(error);
                }
            }
        }
    }
    names
}

fn entry(field: &Node, condition: &Node) -> Result<(Matcher, Place), Mismatch> {
    let name = field.as_str().unwrap_or_default();
    known(name, field.place)?;
    let matcher = match (condition.as_sequence(), condition.as_str()) {
        (Some(items), _) => {
            let texts = items.iter().map(|item| value(name, item)).collect::<Result<Vec<_>, _>>()?;
            Matcher::of(name, &format!("in ({})", texts.join(", ")))
        }
        (None, Some(text)) => {
            if name == "priority" {
                let bare = text.trim_start_matches(['>', '=', '!']).trim();
                kind::priority(bare).map_err(|mismatch| at(mismatch, condition.place))?;
            }
            Matcher::of(name, text)
        }
        (None, None) => {
            let message = format!("`{name}` should be a text or a list of texts, not {}", condition.kind());
            return Err(at(Mismatch::from(message), condition.place));
        }
    };
    let matcher = matcher.map_err(|error| at(Mismatch::from(error.message), condition.place))?;
    Ok((matcher, field.place))
}

/// A value of a list, in quotes.
fn value(name: &str, item: &Node) -> Result<String, Mismatch> {
    let Some(text) = item.as_str() else {
        let message = format!("a value of `{name}` should be a text, not {}", item.kind());
        return Err(at(Mismatch::from(message), item.place));
    };
    if name == "priority" {
        kind::priority(text).map_err(|mismatch| at(mismatch, item.place))?;
    }
    Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

fn text(node: &Node) -> Result<(Matcher, Place), Mismatch> {
    let text = node.as_str().unwrap_or_default();
    let matcher: Matcher =
        text.parse().map_err(|error: MatcherError| at(Mismatch::from(error.message), node.place))?;
    known(matcher.field(), node.place)?;
    Ok((matcher, node.place))
}

/// A field of an event has a dot in its name; whether there is one of that name is seen where fields are known.
fn known(name: &str, place: Place) -> Result<(), Mismatch> {
    if OWN_FIELDS.contains(&name) || name.contains('.') {
        return Ok(());
    }
    let help = match nearest(name, OWN_FIELDS.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known are {}, and the fields of events, such as `proc.name`", OWN_FIELDS.join(", ")),
    };
    let mismatch = Mismatch::from(format!("an alert has no `{name}`"));
    Err(at(Mismatch { help: Some(help), ..mismatch }, place))
}

fn at(mismatch: Mismatch, place: Place) -> Mismatch {
    Mismatch { place: Some(place), ..mismatch }
}
