//! Exceptions: what a rule doesn't hold for, as a table of fields, operators and values.

use lanner_diagnostic::{Diagnostic, Node, Place, Sources, Value, nearest};

use super::item::{Change, Item};
use super::list::quoted;
use crate::ast::Op;
use crate::sourced::Sourced;

/// An exception of a rule.
#[derive(Debug, Clone)]
pub struct Exception {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    fields: Cells,
    comps: Cells,
    values: Vec<Cells>,
}

/// What stands at `fields` or `comps`, or is an item of `values`.
#[derive(Debug, Clone)]
enum Cells {
    One(Sourced),
    Many(Vec<Cells>),
}

impl Cells {
    fn items(&self) -> &[Cells] {
        match self {
            Cells::One(_) => std::slice::from_ref(self),
            Cells::Many(items) => items,
        }
    }

    /// Its text; that of a list is its first's.
    fn text(&self) -> &str {
        match self {
            Cells::One(text) => text.as_str(),
            Cells::Many(items) => items.first().map_or("", Cells::text),
        }
    }
}

const KEYS: &[&str] = &["name", "fields", "comps", "values"];
/// The operators that take a list; and the words that make others take one.
const LIST_OPS: &[&str] = &["in", "intersects", "pmatch"];
const MODIFIERS: &[&str] = &["oneof", "anyof", "allof"];

/// Reads a rule's exceptions.
pub struct Reader<'a> {
    /// The rule.
    pub item: &'a Item<'a>,
    /// The files.
    pub sources: &'a Sources,
    /// What there is to say.
    pub diagnostics: &'a mut Vec<Diagnostic>,
}

type Read<T> = Result<T, Box<Diagnostic>>;

/// An exception as it is written; without `fields` it adds to another.
struct Written {
    name: String,
    place: Place,
    fields: Option<Cells>,
    comps: Option<Cells>,
    values: Vec<Cells>,
}

impl Reader<'_> {
    /// Reads what stands at `exceptions` into those that the rule has. Appended ones may add values to those of the same
    /// name.
    pub fn read(&mut self, exceptions: &mut Vec<Exception>, node: &Node, change: Change) {
        if change == Change::Replace {
            exceptions.clear();
        }
        let nodes = match &node.value {
            Value::Null => return,
            Value::Sequence(nodes) => nodes,
            _ => {
                let error =
                    Diagnostic::error("LOAD_ERR_YAML_VALIDATE", "`exceptions` must be a list").at(node.place);
                return self.say(error.item("exceptions", "", node.place));
            }
        };
        let mut names: Vec<String> = Vec::new();
        for node in nodes {
            let written = match self.written(node, change) {
                Ok(written) => written,
                Err(error) => {
                    self.say(*error);
                    continue;
                }
            };
            if names.contains(&written.name) {
                let message =
                    format!("the exception `{}` stands in this rule twice: both count", written.name);
                let warning = Diagnostic::warning("LOAD_EXCEPTION_NAME_NOT_UNIQUE", message).at(node.place);
                self.say(warning.item("exception", &written.name, node.place));
            }
            names.push(written.name.clone());
            let old = exceptions.iter_mut().find(|old| change == Change::Append && old.name == written.name);
            let result = match old {
                Some(old) => written.append_to(old),
                None => written.define(change).map(|exception| exceptions.push(exception)),
            };
            if let Err(error) = result {
                self.say(*error);
            }
        }
    }

    fn say(&mut self, diagnostic: Diagnostic) {
        let (item, place) = (self.item, self.item.node.place);
        self.diagnostics.push(diagnostic.item(item.kind, item.label(), place));
    }

    fn written(&mut self, node: &Node, change: Change) -> Read<Written> {
        let name = node.get("name").and_then(Node::as_str).unwrap_or_default().to_owned();
        let error = |message: &str, place: Place| {
            let error = Diagnostic::error("LOAD_ERR_YAML_VALIDATE", message).at(place);
            Box::new(error.item("exception", &name, node.place))
        };
        let Some(entries) = node.as_mapping() else {
            return Err(error(
                "an exception is a mapping with `name`, `fields`, `comps` and `values`",
                node.place,
            ));
        };
        for (key, place) in entries.iter().filter_map(|(key, _)| Some((key.as_str()?, key.place))) {
            if !KEYS.contains(&key) {
                let message = format!("unknown key `{key}`, which is ignored");
                let warning = Diagnostic::warning("LOAD_UNKNOWN_KEY", message).at(place);
                let warning = warning.help_nearest(nearest(key, KEYS.iter().copied()));
                self.say(warning.item("exception", &name, node.place));
            }
        }
        if name.is_empty() {
            return Err(error("an exception needs a `name`", node.place));
        }
        if change == Change::Replace && node.get("fields").is_none() {
            return Err(error("the key `fields` is missing", node.place));
        }
        let cells = |node: &Node| {
            cells(node, self.sources)
                .map_err(|place| error("this should be a text or a list of texts", place))
        };
        let fields = node.get("fields").map(cells).transpose()?;
        let comps = node.get("comps").map(cells).transpose()?;
        let values = match node.get("values") {
            Some(values) => match values.as_sequence() {
                Some(rows) => rows.iter().map(cells).collect::<Read<_>>()?,
                None => return Err(error("`values` must be a list", values.place)),
            },
            None => {
                if change == Change::Append {
                    let message = "nothing is appended: the exception has no `values`";
                    let warning = Diagnostic::warning("LOAD_APPEND_NO_VALUES", message).at(node.place);
                    self.say(warning.item("exception", &name, node.place));
                }
                Vec::new()
            }
        };
        Ok(Written { name, place: node.place, fields, comps, values })
    }
}

/// A text that isn't empty, or a list of such or of lists; else the place of what is none.
fn cells(node: &Node, sources: &Sources) -> Result<Cells, Place> {
    match (&node.value, node.as_str()) {
        (Value::Sequence(items), _) => {
            Ok(Cells::Many(items.iter().map(|item| cells(item, sources)).collect::<Result<_, _>>()?))
        }
        (_, Some(text)) if !text.is_empty() => Ok(Cells::One(Sourced::from_node(node, sources))),
        _ => Err(node.place),
    }
}

impl Written {
    fn error(&self, message: impl Into<String>) -> Box<Diagnostic> {
        let error = Diagnostic::error("LOAD_ERR_VALIDATE", message).at(self.place);
        Box::new(error.item("exception", &self.name, self.place))
    }

    fn append_to(self, old: &mut Exception) -> Read<()> {
        if self.fields.is_some() || self.comps.is_some() {
            let message =
                "an exception that is there already can be given more `values`, but no `fields` or `comps`";
            return Err(self.error(message));
        }
        old.values.extend(self.values);
        Ok(())
    }

    fn define(mut self, change: Change) -> Read<Exception> {
        let Some(fields) = self.fields.take() else {
            return Err(self.error("an exception that is new needs `fields`"));
        };
        if change == Change::Append && self.values.is_empty() {
            return Err(self.error("an exception that is appended needs `values`"));
        }
        let comps = match self.comps.take() {
            Some(comps) => comps,
            None => {
                let equals = |field: &Cells, op: &str| {
                    let mut text = Sourced::default();
                    text.push_str(op, field.place());
                    Cells::One(text)
                };
                match &fields {
                    Cells::One(_) => equals(&fields, "in"),
                    Cells::Many(items) => Cells::Many(items.iter().map(|field| equals(field, "=")).collect()),
                }
            }
        };
        let single = match (&fields, &comps) {
            (Cells::One(_), Cells::One(_)) => true,
            (Cells::Many(fields), Cells::Many(comps)) if fields.len() == comps.len() => false,
            (Cells::One(_), Cells::Many(_)) => {
                return Err(self.error("where `fields` is one text, `comps` must be one, too"));
            }
            _ => return Err(self.error("`fields` and `comps` must have as many items")),
        };
        for comp in comps.items().iter().map(Cells::text) {
            if comp == Op::Exists.name() {
                return Err(self.error(format!("`{comp}` can't stand in `comps`: it compares with nothing")));
            }
            if !is_operator(comp) {
                let near = nearest(comp, Op::ALL.iter().map(|op| op.name())).map(str::to_owned);
                let error = self.error(format!("`{comp}` is no operator"));
                return Err(Box::new(error.help_nearest(near.as_deref())));
            }
            if single && !takes_list(comp) {
                let message = "where `fields` is one text, the operator must be one for lists: `in`, `intersects` or `pmatch`";
                return Err(self.error(message));
            }
        }
        Ok(Exception { name: self.name, place: self.place, fields, comps, values: self.values })
    }
}

impl Cells {
    fn place(&self) -> Place {
        match self {
            Cells::One(text) => text.place(0, text.as_str().len()),
            Cells::Many(items) => items.first().map(Cells::place).unwrap_or_default(),
        }
    }
}

/// An operator, or one with a modifier behind.
fn is_operator(comp: &str) -> bool {
    let known = |name: &str| Op::ALL.iter().copied().find(|op| op.name() == name);
    match comp.split_once(' ') {
        Some((op, modifier)) => {
            let takes_one = |op: Op| !op.takes_list() && !op.takes_number() && op != Op::Exists;
            known(op).is_some_and(takes_one) && MODIFIERS.contains(&modifier.trim())
        }
        None => known(comp).is_some_and(|op| op != Op::Exists),
    }
}

fn takes_list(comp: &str) -> bool {
    let last = comp.rsplit(' ').next().unwrap_or_default();
    LIST_OPS.contains(&comp) || MODIFIERS.contains(&last)
}

impl Exception {
    /// The fields, each as it is written.
    pub fn fields(&self) -> impl Iterator<Item = &Sourced> {
        self.fields.items().iter().filter_map(|field| match field {
            Cells::One(text) => Some(text),
            Cells::Many(_) => None,
        })
    }

    /// Whether it has values; without any it says nothing.
    pub fn has_values(&self) -> bool {
        !self.values.is_empty()
    }

    /// Adds ` and not (…)` to a condition, where there are values.
    ///
    /// # Errors
    /// Where a row of values has not one for each field.
    pub fn apply(&self, condition: &mut Sourced) -> Read<()> {
        let Some(last) = self.values.len().checked_sub(1) else { return Ok(()) };
        condition.push_str(" and not (", self.place);
        match &self.fields {
            Cells::One(_) => {
                self.push_field(condition, &self.fields, &self.comps);
                condition.push_str("(", self.place);
                for (at, value) in self.values.iter().enumerate() {
                    let Cells::One(value) = value else {
                        return Err(self.error("where `fields` is one text, `values` is a list of texts"));
                    };
                    push(condition, &quoted(value));
                    condition.push_str(if at < last { ", " } else { ")" }, self.place);
                }
            }
            Cells::Many(fields) => {
                for (at, row) in self.values.iter().enumerate() {
                    condition.push_str("(", self.place);
                    self.push_row(condition, fields, row)?;
                    condition.push_str(if at < last { ") or " } else { ")" }, self.place);
                }
            }
        }
        condition.push_str(")", self.place);
        Ok(())
    }

    fn push_row(&self, out: &mut Sourced, fields: &[Cells], row: &Cells) -> Read<()> {
        let values = match row {
            Cells::Many(values) if values.len() == fields.len() => values,
            _ => {
                return Err(
                    self.error(format!("a row of values needs {} of them, one for each field", fields.len()))
                );
            }
        };
        for (at, ((field, comp), value)) in fields.iter().zip(self.comps.items()).zip(values).enumerate() {
            if at > 0 {
                out.push_str(" and ", self.place);
            }
            self.push_field(out, field, comp);
            match value {
                Cells::Many(values) => {
                    out.push_str("(", self.place);
                    for (at, value) in values.iter().enumerate() {
                        if at > 0 {
                            out.push_str(", ", self.place);
                        }
                        if let Cells::One(value) = value {
                            push(out, &quoted(value));
                        }
                    }
                    out.push_str(")", self.place);
                }
                // A list in a text: `(a, b)`, or the name of one.
                Cells::One(value) if takes_list(comp.text()) => {
                    let bare = !value.as_str().starts_with('(');
                    out.push_str(if bare { "(" } else { "" }, self.place);
                    push(out, value);
                    out.push_str(if bare { ")" } else { "" }, self.place);
                }
                Cells::One(value) => push(out, &quoted(value)),
            }
        }
        Ok(())
    }

    fn push_field(&self, out: &mut Sourced, field: &Cells, comp: &Cells) {
        for text in [field, comp] {
            if let Cells::One(text) = text {
                push(out, text);
            }
            out.push_str(" ", self.place);
        }
    }

    fn error(&self, message: impl Into<String>) -> Box<Diagnostic> {
        let error = Diagnostic::error("LOAD_ERR_VALIDATE", message).at(self.place);
        Box::new(error.item("exception", &self.name, self.place))
    }
}

fn push(out: &mut Sourced, text: &Sourced) {
    out.push_range(text, 0, text.as_str().len());
}
