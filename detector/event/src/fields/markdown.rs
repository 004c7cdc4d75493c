//! The page of fields, printed from the table.

use std::fmt::Write;

use super::FAMILIES;
use crate::{ArgRule, EventSource, FieldFlags, KINDS};

/// The page of fields and event kinds, in Markdown.
pub fn markdown() -> String {
    let mut page = String::from(
        "# Fields and events\n\nPrinted from the tables in `detector/event/src`. A field stands in conditions and, \
         behind a `%`, in outputs.\n",
    );
    for family in FAMILIES {
        let sources: Vec<&str> = family.sources.iter().copied().map(EventSource::name).collect();
        // Writing to a string can't fail.
        let _ = write!(page, "\n## `{}`\n\n{} Source: {}.\n\n", family.class, family.doc, sources.join(", "));
        page.push_str("| field | type | meaning |\n|---|---|---|\n");
        for row in family.rows {
            let arg = match row.arg {
                ArgRule::None => "",
                ArgRule::Index => "[*n*]",
                ArgRule::IndexRequired => "*[n]*",
                ArgRule::Key => "[*text*]",
                ArgRule::KeyRequired => "*[text]*",
                ArgRule::Param | ArgRule::Kind => ".*name*",
            };
            let mut notes = String::new();
            for (flag, note) in [
                (FieldFlags::FILTER_ONLY, " Only in conditions."),
                (FieldFlags::LATE, " Asked of the container's engine."),
                (FieldFlags::DEPRECATED, " Deprecated."),
            ] {
                if row.flags.contains(flag) {
                    notes.push_str(note);
                }
            }
            if let Some(reason) = row.unfilled {
                let _ = write!(notes, " **Not filled:** {reason}");
            }
            let list = if row.flags.contains(FieldFlags::LIST) { " list" } else { "" };
            let _ = writeln!(page, "| `{}`{arg} | {:?}{list} | {}{notes} |", row.name, row.ty, row.doc);
        }
    }
    page.push_str("\n## Events\n\nWhat `evt.type` says, and what stands after `evt.arg.`.\n\n");
    page.push_str("| event | parameters | meaning |\n|---|---|---|\n");
    for kind in KINDS.iter().filter(|kind| !kind.internal) {
        let params: Vec<String> = kind.params.iter().map(|param| format!("`{}`", param.name)).collect();
        let _ = writeln!(page, "| `{}` | {} | {} |", kind.name, params.join(" "), kind.doc);
    }
    page
}
