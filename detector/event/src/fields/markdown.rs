//! The page of fields, printed from the table.

use std::fmt::Write;

use super::{FAMILIES, Fields};
use crate::{ArgRule, EventSource, FieldFlags};

/// The page of fields, in Markdown.
pub fn markdown() -> String {
    let mut page = String::from(
        "# Fields\n\nPrinted from the tables in `detector/event/src`. A field stands in conditions and, \
         behind a `%`, in outputs. What stands after `evt.arg.` is on the page of [events](events.md).\n",
    );
    for family in FAMILIES {
        let sources: Vec<&str> = family.sources.iter().copied().map(EventSource::name).collect();
        // Writing to a string can't fail.
        let about = if family.about.is_empty() { String::new() } else { format!(" ({})", family.about) };
        let hidden = if family.hidden { " Left out of lists." } else { "" };
        let sources = sources.join(", ");
        let _ =
            write!(page, "\n## `{}`{about}\n\n{}{hidden} Source: {sources}.\n\n", family.class, family.doc);
        page.push_str("| field | type | meaning |\n|---|---|---|\n");
        for row in family.rows {
            let arg = match row.arg {
                ArgRule::None => "",
                ArgRule::Index => "[*n*]",
                ArgRule::IndexRequired | ArgRule::Time => "*[n]*",
                ArgRule::Key => "[*text*]",
                ArgRule::KeyRequired => "*[text]*",
                ArgRule::Param | ArgRule::RawParam | ArgRule::Kind => ".*name*",
            };
            let mut notes = String::new();
            for (flag, note) in [
                (FieldFlags::FILTER_ONLY, " Only in conditions."),
                (FieldFlags::PRINT_ONLY, " Only in outputs."),
                (FieldFlags::TABLE_ONLY, " Left out of lists."),
                (FieldFlags::LATE, " Asked of the container's engine."),
                (FieldFlags::DEPRECATED, " Deprecated."),
            ] {
                if row.flags.contains(flag) {
                    notes.push_str(note);
                }
            }
            if row.unfilled.is_some() {
                notes.push_str(" [Not filled](#what-is-not-filled).");
            }
            let _ = writeln!(page, "| `{}`{arg} | {} | {}{notes} |", row.name, row.type_name(), row.doc);
        }
    }
    push_unfilled(&mut page);
    page
}

/// The fields that nothing fills, by the reason.
fn push_unfilled(page: &mut String) {
    page.push_str("\n## What is not filled\n\n");
    page.push_str("These fields are missing in every event. A rule that uses one is warned of.\n\n");
    let rows = || Fields::ALL.rows().filter_map(|row| Some((row.name, row.unfilled?)));
    let mut told: Vec<&str> = Vec::new();
    for (_, reason) in rows() {
        if told.contains(&reason) {
            continue;
        }
        told.push(reason);
        let names = rows().filter(|(_, other)| *other == reason).map(|(name, _)| format!("`{name}`"));
        // Writing to a string can't fail.
        let _ = writeln!(page, "- {reason} {}.", names.collect::<Vec<_>>().join(", "));
    }
}
