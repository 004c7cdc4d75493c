//! Lists of fields in Falco's forms, for those who read them and for programs that do.

use std::fmt::Write;

use serde::Serialize;

use super::{Family, Fields};
use crate::{ArgRule, EventSource, Field, FieldFlags};

/// In which column descriptions begin.
const DESCRIPTION_COLUMN: usize = 30;
/// How wide a line is.
const WIDTH: usize = 120;

/// The form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListFormat {
    /// In columns.
    Text,
    /// Tables in Markdown.
    Markdown,
    /// A JSON document.
    Json,
}

/// The fields by class. With `types` the text says the type of each, as it does in the other forms anyway.
pub fn list(fields: Fields, format: ListFormat, types: bool) -> String {
    let classes = fields.families().map(|family| (family, rows(fields, family)));
    match format {
        ListFormat::Text => {
            classes.map(|(class, rows)| text(class, rows, types)).collect::<Vec<_>>().join("\n")
        }
        ListFormat::Markdown => {
            classes.map(|(class, rows)| markdown(class, rows)).collect::<Vec<_>>().join("\n")
        }
        ListFormat::Json => {
            let list =
                ClassList { fieldclasses: classes.map(|(class, rows)| Class::new(class, rows)).collect() };
            // Texts, numbers and truth values can always be written.
            serde_json::to_string(&list).unwrap_or_default() + "\n"
        }
    }
}

/// The fields' names alone, without those that Falco warns of: one a line, in JSON as an array.
pub fn names(fields: Fields, format: ListFormat) -> String {
    let rows = fields.families().flat_map(|family| rows(fields, family));
    let current = rows.filter(|row| !row.flags.contains(FieldFlags::DEPRECATED)).map(|row| row.name);
    match format {
        ListFormat::Text => current.map(|name| format!("{name}\n")).collect(),
        ListFormat::Markdown => current.map(|name| format!("- `{name}`\n")).collect(),
        // Texts can always be written.
        ListFormat::Json => serde_json::to_string(&current.collect::<Vec<_>>()).unwrap_or_default() + "\n",
    }
}

/// The fields that nothing fills, one a line, each with the reason.
pub fn unfilled(fields: Fields) -> String {
    let rows = fields.rows().filter_map(|row| Some((row.name, row.unfilled?)));
    rows.map(|(name, reason)| format!("{name:<DESCRIPTION_COLUMN$} {reason}\n")).collect()
}

/// The rows of a family that are of those fields.
fn rows(fields: Fields, family: &'static Family) -> impl Iterator<Item = &'static Field> {
    family.rows.iter().filter(move |row| !(fields.listed && row.flags.contains(FieldFlags::TABLE_ONLY)))
}

fn sources(family: &Family) -> impl Iterator<Item = &'static str> {
    family.sources.iter().copied().map(EventSource::name)
}

/// Writes words with a blank after each, in lines that begin in the description's column. The first goes on where the
/// text stands.
fn wrap(words: &str, out: &mut String) {
    let mut width = 0;
    for word in words.split_whitespace() {
        let length = word.chars().count() + 1;
        if width + length > WIDTH - DESCRIPTION_COLUMN {
            // Writing to a string can't fail.
            let _ = write!(out, "\n{:DESCRIPTION_COLUMN$}", "");
            width = 0;
        }
        width += length;
        out.push_str(word);
        out.push(' ');
    }
    out.push('\n');
}

/// What Falco tags a field with.
fn tags(row: &Field) -> Vec<&'static str> {
    let argument: &[&str] = match row.arg {
        ArgRule::None => &[],
        ArgRule::Index => &["ARG_ALLOWED", "ARG_INDEX"],
        ArgRule::IndexRequired | ArgRule::Time => &["ARG_INDEX", "ARG_REQUIRED"],
        ArgRule::Key => &["ARG_ALLOWED", "ARG_KEY"],
        ArgRule::KeyRequired | ArgRule::Param | ArgRule::RawParam | ArgRule::Kind => {
            &["ARG_KEY", "ARG_REQUIRED"]
        }
    };
    let flags = [
        (FieldFlags::DEPRECATED, "DEPRECATED"),
        (FieldFlags::LIST, "EPF_IS_LIST"),
        (FieldFlags::PRINT_ONLY, "EPF_PRINT_ONLY"),
        (FieldFlags::FILTER_ONLY, "FILTER_ONLY"),
    ];
    let set = flags.into_iter().filter(|(flag, _)| row.flags.contains(*flag)).map(|(_, tag)| tag);
    argument.iter().copied().chain(set).collect()
}

fn text(family: &Family, rows: impl Iterator<Item = &'static Field>, types: bool) -> String {
    let mut out = String::from("-------------------------------\n");
    let label = |label: &str| format!("{label:<DESCRIPTION_COLUMN$}");
    out += &label("Field Class:");
    out += family.class;
    if !family.about.is_empty() {
        let _ = write!(out, " ({})", family.about);
    }
    out += "\n";
    out += &label("Description:");
    wrap(family.doc, &mut out);
    out += &label("Event Sources:");
    sources(family).for_each(|source| out += &format!("{source} "));
    out += "\n\n";
    for row in rows {
        out += &label(row.name);
        if row.name.len() > DESCRIPTION_COLUMN {
            out += "\n";
            out += &label("");
        }
        let mut words = String::new();
        if types {
            let _ = write!(words, "(Type: {}) ", row.type_name());
        }
        let tags = tags(row);
        if !tags.is_empty() {
            let _ = write!(words, "({}) ", tags.join(","));
        }
        wrap(&(words + row.doc), &mut out);
    }
    out
}

fn markdown(family: &Family, rows: impl Iterator<Item = &'static Field>) -> String {
    let mut out = format!("## Field Class: {}\n\n{}\n\nEvent Sources: ", family.class, family.doc);
    sources(family).for_each(|source| out += &format!("{source} "));
    out += "\n\nName | Type | Description\n:----|:-----|:-----------\n";
    for row in rows {
        let _ = writeln!(out, "`{}` | {} | {}", row.name, row.type_name(), row.doc);
    }
    out
}

#[derive(Serialize)]
struct ClassList {
    fieldclasses: Vec<Class>,
}

#[derive(Serialize)]
struct Class {
    name: &'static str,
    shortdesc: &'static str,
    desc: &'static str,
    event_sources: Vec<&'static str>,
    fields: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: &'static str,
    #[serde(rename = "type")]
    ty: &'static str,
    desc: &'static str,
    is_list: bool,
    is_deprecated: bool,
    argument: Option<Argument>,
    /// Lanner's own: why nothing fills it.
    #[serde(skip_serializing_if = "Option::is_none")]
    unfilled: Option<&'static str>,
}

#[derive(Serialize)]
struct Argument {
    required: bool,
    #[serde(rename = "type")]
    kinds: &'static [&'static str],
}

impl Class {
    fn new(family: &'static Family, rows: impl Iterator<Item = &'static Field>) -> Class {
        Class {
            name: family.class,
            shortdesc: family.about,
            desc: family.doc,
            event_sources: sources(family).collect(),
            fields: rows.map(Row::new).collect(),
        }
    }
}

impl Row {
    fn new(row: &'static Field) -> Row {
        let argument = match row.arg {
            ArgRule::None => None,
            ArgRule::Index => Some((false, &["INDEX"])),
            ArgRule::IndexRequired | ArgRule::Time => Some((true, &["INDEX"])),
            ArgRule::Key => Some((false, &["KEY"])),
            ArgRule::KeyRequired | ArgRule::Param | ArgRule::RawParam | ArgRule::Kind => {
                Some((true, &["KEY"]))
            }
        };
        Row {
            name: row.name,
            ty: row.ty.name(),
            desc: row.doc,
            is_list: row.flags.contains(FieldFlags::LIST),
            is_deprecated: row.flags.contains(FieldFlags::DEPRECATED),
            argument: argument.map(|(required, kinds)| Argument { required, kinds }),
            unfilled: row.unfilled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Type, Val};

    static FAMILIES: &[Family] = &[
        Family {
            about: "All event types",
            ..Family::new("evt", "What every event has, of whatever source it is.", EventSource::ALL, ROWS)
        },
        Family { hidden: true, ..Family::new("util", "For tests.", &[], &[row("util.x", "Nothing.")]) },
    ];

    static ROWS: &[Field] = &[
        row("evt.num", "The event's number."),
        row("evt.old", "What Falco warns of.").with(FieldFlags::DEPRECATED),
        row("evt.older", "What lists leave out.").with(FieldFlags::TABLE_ONLY),
        row(
            "evt.a_name.that_is_longer.than_its_column",
            "Words that don't all fit into one line, since a description \
             has ninety columns and this one is longer than that by a little.",
        ),
        Field::unfilled("evt.list", Type::Uint64, "Several numbers.", "Nobody counts them.")
            .with(FieldFlags::LIST.union(FieldFlags::FILTER_ONLY))
            .arg(ArgRule::Index),
    ];

    const fn row(name: &'static str, doc: &'static str) -> Field {
        Field::new(name, Type::CharBuf, doc, |_| Val::Missing)
    }

    fn fields() -> Fields {
        Fields { families: FAMILIES, source: None, listed: true }
    }

    #[test]
    fn texts_are_in_columns() {
        let expected = "\
-------------------------------
Field Class:                  evt (All event types)
Description:                  What every event has, of whatever source it is.\x20
Event Sources:                syscall k8s_audit\x20

evt.num                       (Type: CHARBUF) The event's number.\x20
evt.old                       (Type: CHARBUF) (DEPRECATED) What Falco warns of.\x20
evt.a_name.that_is_longer.than_its_column
                              (Type: CHARBUF) Words that don't all fit into one line, since a description has ninety\x20
                              columns and this one is longer than that by a little.\x20
evt.list                      (Type: LIST(UINT64)) (ARG_ALLOWED,ARG_INDEX,EPF_IS_LIST,FILTER_ONLY) Several numbers.\x20
";
        assert_eq!(list(fields(), ListFormat::Text, true), expected);
        assert!(
            list(fields(), ListFormat::Text, false)
                .contains("\nevt.num                       The event's number. \n")
        );
    }

    #[test]
    fn tables_are_markdown() {
        let expected = "\
## Field Class: evt

What every event has, of whatever source it is.

Event Sources: syscall k8s_audit\x20

Name | Type | Description
:----|:-----|:-----------
`evt.num` | CHARBUF | The event's number.
";
        assert!(list(fields(), ListFormat::Markdown, false).starts_with(expected));
    }

    #[test]
    fn documents_are_json() {
        let text = list(fields(), ListFormat::Json, false);
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        let classes = document["fieldclasses"].as_array().unwrap();
        assert_eq!((classes.len(), classes[0]["shortdesc"].as_str()), (1, Some("All event types")));
        assert_eq!(classes[0]["event_sources"], serde_json::json!(["syscall", "k8s_audit"]));
        let rows = classes[0]["fields"].as_array().unwrap();
        let expected = serde_json::json!({
            "name": "evt.list", "type": "UINT64", "desc": "Several numbers.", "is_list": true, "is_deprecated": false,
            "argument": {"required": false, "type": ["INDEX"]}, "unfilled": "Nobody counts them.",
        });
        assert_eq!((rows.len(), &rows[3]), (4, &expected));
        assert_eq!(rows[0]["argument"], serde_json::Value::Null);
    }

    #[test]
    fn a_whole_list_has_every_field() {
        let (all, listed) = (Fields { listed: false, ..fields() }, fields());
        for format in [ListFormat::Text, ListFormat::Markdown, ListFormat::Json] {
            for name in ["util.x", "evt.older"] {
                assert!(list(all, format, true).contains(name), "{name} isn't in {format:?}");
                assert!(!list(listed, format, true).contains(name), "{name} is in {format:?}");
            }
        }
    }

    #[test]
    fn names_and_reasons_are_lines() {
        for (format, expected) in [
            (ListFormat::Text, "evt.num\nevt.a_name.that_is_longer.than_its_column\nevt.list\n"),
            (
                ListFormat::Markdown,
                "- `evt.num`\n- `evt.a_name.that_is_longer.than_its_column`\n- `evt.list`\n",
            ),
            (ListFormat::Json, "[\"evt.num\",\"evt.a_name.that_is_longer.than_its_column\",\"evt.list\"]\n"),
        ] {
            assert_eq!(names(fields(), format), expected);
        }
        assert_eq!(unfilled(fields()), "evt.list                       Nobody counts them.\n");
    }
}
