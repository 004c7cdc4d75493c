//! Exceptions: what a rule doesn't hold for, as a table of fields, operators and values.

use lanner_diagnostic::{Diagnostic, Node, Place, Sources};

use super::item::{Change, Item};
use crate::sourced::Sourced;

/// An exception of a rule.
#[derive(Debug, Clone)]
pub struct Exception {
    name: String,
    /// Whether `fields` was a list: then `values` is a list of tuples.
    tuples: bool,
    fields: Vec<Sourced>,
    comps: Vec<Sourced>,
    values: Vec<Row>,
    place: Place,
}

/// A row of values; each is a scalar or a list.
type Row = Vec<Cell>;

#[derive(Debug, Clone)]
enum Cell {
    One(Sourced),
    Many(Vec<Sourced>),
}

/// Reads a rule's exceptions into what it has.
pub fn read(
    exceptions: &mut Vec<Exception>,
    change: Change,
    item: &Item,
    node: &Node,
    sources: &Sources,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if change == Change::Replace {
        exceptions.clear();
    }
    let Some(nodes) = node.as_sequence() else {
        diagnostics.push(item.error("LOAD_ERR_YAML_VALIDATE", "`exceptions` must be a list", node.place));
        return;
    };
    let mut defined: Vec<&str> = Vec::new();
    for node in nodes {
        if let Err(error) = read_one(exceptions, item, node, sources) {
            diagnostics.push(*error);
        }
        let entries = node.as_mapping().unwrap_or_default();
        let keys = entries.iter().filter_map(|(key, _)| key.as_str().map(|name| (name, key.place)));
        item.unknown_among(keys, KEYS, diagnostics);
        let name = node.get("name").and_then(Node::as_str).filter(|_| node.get("fields").is_some());
        if let Some(name) = name.filter(|name| defined.contains(name)) {
            let message =
                format!("the exception `{name}` is defined twice: the second takes the place of the first");
            diagnostics.push(item.warning("LOAD_EXCEPTION_NAME_NOT_UNIQUE", &message, node.place));
        }
        defined.extend(name);
        if change == Change::Append && node.get("values").is_none() {
            let message = "nothing is appended: the exception has no `values`";
            diagnostics.push(item.warning("LOAD_APPEND_NO_VALUES", message, node.place));
        }
    }
}

const KEYS: &[&str] = &["name", "fields", "comps", "values"];

fn read_one(
    exceptions: &mut Vec<Exception>,
    item: &Item,
    node: &Node,
    sources: &Sources,
) -> Result<(), Box<Diagnostic>> {
    let error = |message: &str, place| Box::new(item.error("LOAD_ERR_YAML_VALIDATE", message, place));
    if node.as_mapping().is_none() {
        return Err(error(
            "an exception is a mapping with `name`, `fields`, `comps` and `values`",
            node.place,
        ));
    }
    let name = node
        .get("name")
        .and_then(Node::as_str)
        .ok_or_else(|| error("an exception needs a `name`", node.place))?;
    let old = exceptions.iter().position(|exception| exception.name == name);
    let at = match (node.get("fields"), old) {
        (Some(fields), _) => {
            let exception = define(name, fields, node, item, sources)?;
            match old {
                Some(at) => exceptions[at] = exception,
                None => exceptions.push(exception),
            }
            old.unwrap_or(exceptions.len() - 1)
        }
        (None, Some(at)) => at,
        (None, None) => return Err(error("a new exception needs `fields`", node.place)),
    };
    let exception = &mut exceptions[at];
    let values = node.get("values").and_then(Node::as_sequence).unwrap_or_default();
    for value in values {
        let row = if exception.tuples {
            let cells =
                value.as_sequence().ok_or_else(|| error("a row of values must be a list", value.place))?;
            if cells.len() != exception.fields.len() {
                let message = format!("this row needs {} values, one for each field", exception.fields.len());
                return Err(error(&message, value.place));
            }
            cells.iter().map(|cell| read_cell(cell, sources)).collect()
        } else {
            vec![read_cell(value, sources)]
        };
        exception.values.push(row);
    }
    Ok(())
}

fn define(
    name: &str,
    fields: &Node,
    node: &Node,
    item: &Item,
    sources: &Sources,
) -> Result<Exception, Box<Diagnostic>> {
    let texts = |node: &Node| -> Vec<Sourced> {
        let one = std::slice::from_ref(node);
        node.as_sequence().unwrap_or(one).iter().map(|node| Sourced::from_node(node, sources)).collect()
    };
    let tuples = fields.as_sequence().is_some();
    let field_texts = texts(fields);
    let comps = match node.get("comps") {
        Some(comps) if comps.as_sequence().is_some() == tuples => texts(comps),
        Some(comps) => {
            let message = "`fields` and `comps` must both be lists, or neither";
            return Err(Box::new(item.error("LOAD_ERR_YAML_VALIDATE", message, comps.place)));
        }
        None => {
            let mut default = Sourced::default();
            default.push_str(if tuples { "=" } else { "in" }, fields.place);
            vec![default; field_texts.len()]
        }
    };
    if comps.len() != field_texts.len() {
        let message = "`fields` and `comps` must have as many items";
        return Err(Box::new(item.error("LOAD_ERR_YAML_VALIDATE", message, fields.place)));
    }
    let place = node.place;
    Ok(Exception { name: name.to_owned(), tuples, fields: field_texts, comps, values: Vec::new(), place })
}

fn read_cell(node: &Node, sources: &Sources) -> Cell {
    match node.as_sequence() {
        Some(items) => Cell::Many(items.iter().map(|item| Sourced::from_node(item, sources)).collect()),
        None => Cell::One(Sourced::from_node(node, sources)),
    }
}

/// The condition with its exceptions: `(condition) and not (row or row…)` for each that has values.
pub fn apply(condition: &Sourced, exceptions: &[Exception]) -> Sourced {
    let mut out = condition.clone();
    for exception in exceptions.iter().filter(|exception| !exception.values.is_empty()) {
        let place = exception.place;
        let mut next = Sourced::default();
        next.push_str("(", place);
        next.push_range(&out, 0, out.as_str().len());
        next.push_str(") and not (", place);
        if exception.tuples {
            for (at, row) in exception.values.iter().enumerate() {
                next.push_str(if at > 0 { " or (" } else { "(" }, place);
                push_row(&mut next, exception, row);
                next.push_str(")", place);
            }
        } else {
            push_field(&mut next, exception, 0);
            push_list(&mut next, exception.values.iter().flatten().flat_map(cells), place);
        }
        next.push_str(")", place);
        out = next;
    }
    out
}

fn push_row(out: &mut Sourced, exception: &Exception, row: &Row) {
    for (at, cell) in row.iter().enumerate() {
        if at > 0 {
            out.push_str(" and ", exception.place);
        }
        push_field(out, exception, at);
        let comp = exception.comps[at].as_str();
        match cell {
            Cell::One(value) if !matches!(comp, "in" | "intersects" | "pmatch") => push_value(out, value),
            _ => push_list(out, cells(cell).into_iter(), exception.place),
        }
    }
}

fn push_field(out: &mut Sourced, exception: &Exception, at: usize) {
    let (field, comp) = (&exception.fields[at], &exception.comps[at]);
    out.push_range(field, 0, field.as_str().len());
    out.push_str(" ", exception.place);
    out.push_range(comp, 0, comp.as_str().len());
    out.push_str(" ", exception.place);
}

fn cells(cell: &Cell) -> Vec<&Sourced> {
    match cell {
        Cell::One(value) => vec![value],
        Cell::Many(values) => values.iter().collect(),
    }
}

fn push_list<'a>(out: &mut Sourced, values: impl Iterator<Item = &'a Sourced>, place: Place) {
    out.push_str("(", place);
    for (at, value) in values.enumerate() {
        if at > 0 {
            out.push_str(", ", place);
        }
        push_value(out, value);
    }
    out.push_str(")", place);
}

/// A value as it stands in a condition: in quotes where it couldn't stand by itself.
fn push_value(out: &mut Sourced, value: &Sourced) {
    let text = value.as_str();
    let bare = !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || "()\"'=,".contains(c));
    if bare || text.starts_with(['"', '\'']) || text.starts_with("val(") {
        out.push_range(value, 0, text.len());
        return;
    }
    let place = value.place(0, text.len());
    let quote = if text.contains('"') { "'" } else { "\"" };
    out.push_str(quote, place);
    out.push_range(value, 0, text.len());
    out.push_str(quote, place);
}
