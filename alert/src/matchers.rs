//! Conditions on alerts as files write them: a mapping of fields to what they must be, or a list of conditions as the
//! command line takes them.

use lanner_diagnostic::{Node, NodeError, Place, Value, nearest};

use crate::{Matcher, MatcherError, Priority};

/// What an alert has besides the fields of its event.
pub const OWN_FIELDS: &[&str] = &["rule", "priority", "source", "hostname", "tags"];

/// The conditions, each with the place of its field, and what is wrong with those that are none.
pub fn read(node: &Node) -> (Vec<(Matcher, Place)>, Vec<NodeError>) {
    let read: Vec<Result<(Matcher, Place), NodeError>> = match &node.value {
        Value::Mapping(entries) => entries.iter().map(|(field, condition)| entry(field, condition)).collect(),
        Value::Sequence(items) => items.iter().map(text).collect(),
        _ => vec![Err(NodeError {
            help: Some("such as `{rule: A, priority: \">= error\"}` or `['rule = A']`".to_owned()),
            ..NodeError::from(format!("this should be conditions on fields, not {}", node.kind()))
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

fn entry(field: &Node, condition: &Node) -> Result<(Matcher, Place), NodeError> {
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
                priority(bare).map_err(|mismatch| at(mismatch, condition.place))?;
            }
            Matcher::of(name, text)
        }
        (None, None) => {
            let message = format!("`{name}` should be a text or a list of texts, not {}", condition.kind());
            return Err(at(NodeError::from(message), condition.place));
        }
    };
    let matcher = matcher.map_err(|error| at(NodeError::from(error.message), condition.place))?;
    Ok((matcher, field.place))
}

/// A value of a list, in quotes.
fn value(name: &str, item: &Node) -> Result<String, NodeError> {
    let Some(text) = item.as_str() else {
        let message = format!("a value of `{name}` should be a text, not {}", item.kind());
        return Err(at(NodeError::from(message), item.place));
    };
    if name == "priority" {
        priority(text).map_err(|mismatch| at(mismatch, item.place))?;
    }
    Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

fn text(node: &Node) -> Result<(Matcher, Place), NodeError> {
    let text = node.as_str().unwrap_or_default();
    let matcher: Matcher =
        text.parse().map_err(|error: MatcherError| at(NodeError::from(error.message), node.place))?;
    known(matcher.field(), node.place)?;
    Ok((matcher, node.place))
}

/// Whether an alert can have a field of that name: one of its own, or one of an event, which has a dot in its name;
/// whether there is one is seen where fields are known.
///
/// # Errors
/// What is wrong with it, at that place.
pub fn known(name: &str, place: Place) -> Result<(), NodeError> {
    if OWN_FIELDS.contains(&name) || name.contains('.') {
        return Ok(());
    }
    let help = match nearest(name, OWN_FIELDS.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known are {}, and the fields of events, such as `proc.name`", OWN_FIELDS.join(", ")),
    };
    let mismatch = NodeError::from(format!("an alert has no `{name}`"));
    Err(at(NodeError { help: Some(help), ..mismatch }, place))
}

fn at(mismatch: NodeError, place: Place) -> NodeError {
    NodeError { place: Some(place), ..mismatch }
}

/// A priority.
///
/// # Errors
/// It is none; with what was probably meant.
pub fn priority(text: &str) -> Result<Priority, NodeError> {
    text.parse().map_err(|_| {
        let names = || Priority::ALL.into_iter().map(Priority::name);
        let help = match nearest(text, names()) {
            Some(near) => format!("did you mean `{}`?", near.to_ascii_lowercase()),
            None => format!("known are {}", names().collect::<Vec<_>>().join(", ").to_ascii_lowercase()),
        };
        NodeError { help: Some(help), ..NodeError::from(format!("`{text}` is not a priority")) }
    })
}
