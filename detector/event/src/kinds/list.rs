//! Lists of event kinds in Falco's forms, and the page of them.

use std::fmt::Write;

use serde::Serialize;

use super::{Class, KINDS, Kind, KindRow};
use crate::fields::ListFormat;
use crate::param::{NamedBits, ParamRow, ParamType};

/// The version of Falco's table of events (driver/SCHEMA_VERSION of its libs) that this one is compatible with: the first
/// in which an event tells all when its syscall returns. Falco 0.44 has a later one, which adds parameters.
const SCHEMA_VERSION: &str = "4.0.0";

/// Falco's headings, and what stands below each. Generic syscalls come behind the others.
const SECTIONS: [(&str, &[Class]); 4] = [
    ("Syscall events", &[Class::Syscall, Class::Generic]),
    ("Tracepoint events", &[Class::Tracepoint]),
    ("Plugin events", &[Class::Plugin]),
    ("Metaevents", &[Class::Meta]),
];

impl ParamType {
    /// What Falco's lists call it. That a path is relative to a directory's descriptor follows from the row.
    fn name(self) -> &'static str {
        let by_width = |bits, names: [&'static str; 4]| match bits {
            8 => names[0],
            16 => names[1],
            32 => names[2],
            _ => names[3],
        };
        match self {
            ParamType::Errno => "ERRNO",
            ParamType::Fd => "FD",
            ParamType::Pid => "PID",
            ParamType::Uid => "UID",
            ParamType::Gid => "GID",
            ParamType::Int(number) => by_width(number.bits, ["INT8", "INT16", "INT32", "INT64"]),
            ParamType::Uint(number) => by_width(number.bits, ["UINT8", "UINT16", "UINT32", "UINT64"]),
            ParamType::Flags(flags) => by_width(flags.bits, ["FLAGS8", "FLAGS16", "FLAGS32", "FLAGS64"]),
            ParamType::Enum(values) => {
                by_width(values.bits, ["ENUMFLAGS8", "ENUMFLAGS16", "ENUMFLAGS32", "ENUMFLAGS64"])
            }
            ParamType::Mode(_) => "MODE",
            ParamType::Signal => "SIGTYPE",
            ParamType::SigSet => "SIGSET",
            ParamType::RelTime => "RELTIME",
            ParamType::AbsTime => "ABSTIME",
            ParamType::Str => "CHARBUF",
            ParamType::StrList | ParamType::Bytes => "BYTEBUF",
            ParamType::Path | ParamType::RealPath => "FSPATH",
            ParamType::SockAddr => "SOCKADDR",
            ParamType::SockTuple => "SOCKTUPLE",
            ParamType::FdList => "FDLIST",
            ParamType::SyscallId => "SYSCALLID",
            ParamType::Dyn => "DYNAMIC",
        }
    }
}

/// The name of a parameter's type, by its place in the row: a path behind a directory's descriptor is relative to it.
fn type_name(row: &KindRow, at: usize) -> &'static str {
    let before = at.checked_sub(1).map(|at| &row.params[at]);
    match row.params[at].ty {
        ParamType::Path if before.is_some_and(|row| row.ty == ParamType::Fd && row.name.contains("dir")) => {
            "FSRELPATH"
        }
        ty => ty.name(),
    }
}

fn flag_names(param: &ParamRow) -> Vec<&'static str> {
    match param.ty {
        ParamType::Flags(NamedBits { names, .. }) | ParamType::Enum(NamedBits { names, .. }) => {
            names.iter().map(|flag| flag.name).collect()
        }
        _ => Vec::new(),
    }
}

fn of(classes: &'static [Class]) -> impl Iterator<Item = Kind> {
    let of = |class: &'static Class| Kind::ALL.iter().filter(move |kind| kind.row().class == *class);
    classes.iter().flat_map(of).copied()
}

/// The events in one of Falco's forms. `captured` says whether an event of a kind can come.
pub fn list_events(format: ListFormat, captured: impl Fn(Kind) -> bool) -> String {
    let head = format!("The events below are valid for Falco *Schema Version*: {SCHEMA_VERSION}\n");
    match format {
        ListFormat::Text => SECTIONS.iter().fold(head, |text, (heading, classes)| {
            let lines =
                of(classes).map(|kind| format!("< {}({})\n", kind.row().name, params(kind.row(), "")));
            format!("{text}## {heading}\n\n{}\n", lines.collect::<String>())
        }),
        ListFormat::Markdown => SECTIONS.iter().fold(head, |text, (heading, classes)| {
            let line = |kind: Kind| {
                let available = if captured(kind) { "Yes" } else { "No" };
                format!("{available} | `<` | `{}` | {}\n", kind.row().name, params(kind.row(), "*"))
            };
            let lines: String = of(classes).map(line).collect();
            let table = "Default | Dir | Name | Params \n:-------|:----|:-----|:-----\n";
            format!("{text}## {heading}\n\n{table}{lines}\n")
        }),
        ListFormat::Json => {
            let [syscalls, tracepoints, plugins, meta] =
                SECTIONS.map(|(_, classes)| of(classes).map(|kind| Event::new(kind, &captured)).collect());
            let list = Events { meta, plugins, syscalls, tracepoints, schema_version: SCHEMA_VERSION };
            // Texts and truth values can always be written.
            serde_json::to_string_pretty(&list).unwrap_or_default() + "\n"
        }
    }
}

/// The parameters, the names of flags in emphasis or not.
fn params(row: &KindRow, emphasis: &str) -> String {
    let params = row.params.iter().enumerate().map(|(at, param)| {
        let flags: Vec<String> =
            flag_names(param).into_iter().map(|flag| format!("{emphasis}{flag}{emphasis}")).collect();
        let flags = if flags.is_empty() { String::new() } else { format!(": {}", flags.join(", ")) };
        format!("{} **{}**{flags}", type_name(row, at), param.name)
    });
    params.collect::<Vec<_>>().join(", ")
}

/// The list in JSON, its keys in Falco's order.
#[derive(Serialize)]
struct Events {
    #[serde(rename = "Metaevents")]
    meta: Vec<Event>,
    #[serde(rename = "Plugin events")]
    plugins: Vec<Event>,
    #[serde(rename = "Syscall events")]
    syscalls: Vec<Event>,
    #[serde(rename = "Tracepoint events")]
    tracepoints: Vec<Event>,
    schema_version: &'static str,
}

#[derive(Serialize)]
struct Event {
    available: bool,
    dir: &'static str,
    name: &'static str,
    params: Vec<EventParam>,
}

#[derive(Serialize)]
struct EventParam {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    flags: Vec<&'static str>,
    name: &'static str,
    #[serde(rename = "type")]
    ty: &'static str,
}

impl Event {
    fn new(kind: Kind, captured: impl Fn(Kind) -> bool) -> Event {
        let row = kind.row();
        let param = |(at, param): (usize, &'static ParamRow)| EventParam {
            flags: flag_names(param),
            name: param.name,
            ty: type_name(row, at),
        };
        let params = row.params.iter().enumerate().map(param).collect();
        Event { available: captured(kind), dir: "<", name: row.name, params }
    }
}

/// The page of events, in Markdown.
pub fn events_markdown() -> String {
    let mut page = String::from(
        "# Events\n\nPrinted from the table in `detector/event/src/kinds`. What `evt.type` says, and what stands after \
         `evt.arg.`. Which of them come is said by `lanner --list-events --format markdown`.\n",
    );
    for (heading, classes) in SECTIONS {
        // Writing to a string can't fail.
        let _ = write!(page, "\n## {heading}\n\n| event | parameters | meaning |\n|---|---|---|\n");
        for row in KINDS.iter().filter(|row| row.class != Class::Generic && classes.contains(&row.class)) {
            let params: Vec<String> = row.params.iter().map(|param| format!("`{}`", param.name)).collect();
            let _ = writeln!(page, "| `{}` | {} | {} |", row.name, params.join(" "), row.doc);
        }
    }
    let generic = || KINDS.iter().filter(|row| row.class == Class::Generic);
    let names: Vec<String> = generic().map(|row| format!("`{}`", row.name)).collect();
    let doc = generic().next().map_or("", |row| row.doc);
    let params: Vec<String> =
        generic().take(1).flat_map(|row| row.params).map(|row| format!("`{}`", row.name)).collect();
    let _ = writeln!(
        page,
        "\n## Generic syscalls\n\n{doc} The parameters are {}.\n\n{}.",
        params.join(" and "),
        names.join(" ")
    );
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(format: ListFormat) -> String {
        list_events(format, |kind| kind == Kind::Open)
    }

    #[test]
    fn falcos_forms() {
        let text = listed(ListFormat::Text);
        assert!(text.starts_with("The events below are valid for Falco *Schema Version*: "));
        assert!(text.contains(
            "\n## Syscall events\n\n< open(FD **fd**, FSPATH **name**, FLAGS32 **flags**: O_LARGEFILE, "
        ));
        assert!(text.contains(
            "\n< unlinkat(ERRNO **res**, FD **dirfd**, FSRELPATH **name**, FLAGS32 **flags**: AT_REMOVEDIR)\n"
        ));
        assert!(text.contains("\n< madvise(SYSCALLID **ID**, UINT16 **nativeID**)\n"));
        assert!(text.contains("\n\n## Metaevents\n\n"));
        assert!(!text.contains("cgroup_mkdir"));
        let markdown = listed(ListFormat::Markdown);
        assert!(markdown.contains("\nYes | `<` | `open` | FD **fd**, "));
        assert!(markdown.contains("\nNo | `<` | `close` | ERRNO **res**, FD **fd**\n"));
        assert!(markdown.contains(" FLAGS32 **flags**: *AT_REMOVEDIR*\n"));
        let json: serde_json::Value = serde_json::from_str(&listed(ListFormat::Json)).unwrap();
        let open = &json["Syscall events"][0];
        assert_eq!(open["name"], "open");
        assert_eq!(open["available"], true);
        assert_eq!(open["params"][0], serde_json::json!({ "name": "fd", "type": "FD" }));
        assert_eq!(open["params"][2]["flags"][0], "O_LARGEFILE");
    }
}
