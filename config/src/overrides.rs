//! `-o KEY=VALUE`: keys of the command line, in Falco's syntax.

use lanner_diagnostic::{Diagnostic, Node, Place, SourceText, Sources, Value, parse};

/// The code of an option that can't be applied.
const OPTION: &str = "CONFIG_OPTION";

/// A key that was set on the command line.
pub(crate) struct Override {
    /// Which key: names joined with dots, `[2]` for an item of a list, `[]` for a new one, `\` before a
    /// character that is to be taken as it is.
    pub key: String,
    /// Its value.
    pub value: Node,
}

/// Reads `KEY=VALUE`, where a value in braces is a YAML mapping and any other is a scalar, as in Falco.
pub(crate) fn read(option: &str, sources: &mut Sources) -> Result<Override, Box<Diagnostic>> {
    let Some((key, value)) = option.split_once('=').filter(|(key, _)| !key.is_empty()) else {
        // What was typed may hold a secret, so it isn't shown.
        let message = "an option of the command line (-o) should look like `KEY=VALUE`";
        return Err(Box::new(Diagnostic::error(OPTION, message)));
    };
    let id = sources.add(SourceText::new(format!("-o {key}"), value));
    let place = Place { source: id, span: lanner_diagnostic::Span::new(0, value.len()) };
    let value = if value.starts_with('{') && value.ends_with('}') {
        parse(sources.get(id), id)?.into_iter().next().unwrap_or(Node { place, value: Value::Null })
    } else {
        Node { place, value: Value::Plain(value.to_owned()) }
    };
    Ok(Override { key: key.to_owned(), value })
}

/// A step on the way to a value.
enum Step {
    Name(String),
    Item(usize),
    New,
}

impl Override {
    /// Sets the key in the tree; what is on the way and isn't there is made.
    pub fn apply(self, root: &mut Node) -> Result<(), Box<Diagnostic>> {
        let place = self.value.place;
        let wrong = |message: String| Box::new(Diagnostic::error(OPTION, message).at(place));
        let steps =
            steps(&self.key).ok_or_else(|| wrong(format!("`{}` is not the name of a key", self.key)))?;
        let mut at = root;
        for step in steps {
            at = match step {
                Step::Name(name) => {
                    let entries = entries(at);
                    let found = entries.iter().position(|(key, _)| key.as_str() == Some(&name));
                    let found = found.unwrap_or_else(|| {
                        let key = Node { place, value: Value::Plain(name) };
                        entries.push((key, Node { place, value: Value::Null }));
                        entries.len() - 1
                    });
                    &mut entries[found].1
                }
                Step::Item(index) => {
                    let items = items(at);
                    if index > items.len() {
                        return Err(wrong(format!(
                            "`{}`: the list has only {} items",
                            self.key,
                            items.len()
                        )));
                    }
                    item(items, index, place)
                }
                Step::New => {
                    let items = items(at);
                    let index = items.len();
                    item(items, index, place)
                }
            };
        }
        *at = self.value;
        Ok(())
    }
}

fn item(items: &mut Vec<Node>, index: usize, place: Place) -> &mut Node {
    if index == items.len() {
        items.push(Node { place, value: Value::Null });
    }
    &mut items[index]
}

/// The entries of a mapping; what is something else becomes one.
fn entries(node: &mut Node) -> &mut Vec<(Node, Node)> {
    if !matches!(node.value, Value::Mapping(_)) {
        node.value = Value::Mapping(Vec::new());
    }
    match &mut node.value {
        Value::Mapping(entries) => entries,
        _ => unreachable!("it was just made a mapping"),
    }
}

/// The items of a list; what is something else becomes one.
fn items(node: &mut Node) -> &mut Vec<Node> {
    if !matches!(node.value, Value::Sequence(_)) {
        node.value = Value::Sequence(Vec::new());
    }
    match &mut node.value {
        Value::Sequence(items) => items,
        _ => unreachable!("it was just made a list"),
    }
}

fn steps(key: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut name = String::new();
    // Whether the last character ended a name or an item.
    let mut ended = false;
    let mut characters = key.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => name.push(characters.next()?),
            '.' => {
                if !ended {
                    steps.push(Step::Name(some(&mut name)?));
                }
                ended = false;
                continue;
            }
            '[' => {
                if !ended {
                    steps.push(Step::Name(some(&mut name)?));
                }
                let mut index = String::new();
                loop {
                    match characters.next()? {
                        ']' => break,
                        digit => index.push(digit),
                    }
                }
                steps.push(if index.is_empty() { Step::New } else { Step::Item(index.parse().ok()?) });
                ended = true;
                continue;
            }
            _ if ended => return None,
            c => name.push(c),
        }
    }
    if !ended {
        steps.push(Step::Name(some(&mut name)?));
    }
    Some(steps)
}

fn some(name: &mut String) -> Option<String> {
    (!name.is_empty()).then(|| std::mem::take(name))
}
