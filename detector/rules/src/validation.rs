//! What Falco's `-V` says of rules files, one by one: as text, and as JSON (`falco_load_results`). Programs read the
//! latter, so that codes, item types and item names are Falco's.

use std::collections::HashSet;
use std::fmt::Write;

use lanner_diagnostic::{Diagnostic, Place, Severity, SourceId, Sources};
use lanner_event::fields::Fields;
use serde_json::{Value as Json, json};

use crate::load::load;
use crate::ruleset::{Options, compile_loaded, in_order};

/// How many characters of a source line are shown on either side of a place.
const SNIPPET_SIDE: usize = 80;

/// What each code stands for, in a few words.
const CODES: &[(&str, &str)] = &[
    ("LOAD_ERR_FILE_READ", "The file can't be read"),
    ("LOAD_ERR_YAML_PARSE", "The file is no YAML"),
    ("LOAD_ERR_YAML_VALIDATE", "The file hasn't the form of a rules file"),
    ("LOAD_ERR_COMPILE_CONDITION", "A condition doesn't compile"),
    ("LOAD_ERR_COMPILE_OUTPUT", "An output doesn't compile"),
    ("LOAD_ERR_VALIDATE", "A rule, macro, list or exception doesn't go with the others"),
    ("LOAD_ERR_EXTENSION", "An extension doesn't work"),
    ("LOAD_UNKNOWN_SOURCE", "There are no events of the source"),
    ("LOAD_UNSAFE_NA_CHECK", "A value is compared with <NA>"),
    ("LOAD_NO_EVTTYPE", "A condition names no event type, or too many"),
    ("LOAD_UNKNOWN_FILTER", "A field or an event type isn't known"),
    ("LOAD_UNUSED_MACRO", "A macro isn't used"),
    ("LOAD_UNUSED_LIST", "A list isn't used"),
    ("LOAD_UNKNOWN_ITEM", "An item isn't known"),
    ("LOAD_DEPRECATED_ITEM", "Something is deprecated"),
    ("LOAD_WARNING_EXTENSION", "An extension has something to say"),
    ("LOAD_APPEND_NO_VALUES", "An exception that is appended has no values"),
    ("LOAD_EXCEPTION_NAME_NOT_UNIQUE", "Two exceptions of a rule have one name"),
    ("LOAD_INVALID_MACRO_NAME", "A macro has a name that can't be used"),
    ("LOAD_INVALID_LIST_NAME", "A list has a name that can't be used"),
    ("LOAD_COMPILE_CONDITION", "A condition is perhaps not meant so"),
    ("LOAD_UNKNOWN_KEY", "A key isn't known"),
    ("LOAD_REPEATED_KEY", "A key stands twice in a mapping"),
    ("LOAD_UNFILLED_FIELD", "A field never has a value"),
    ("LOAD_UNKNOWN_RULE", "A correlation names a rule that isn't there"),
];

/// What there is to say of one file, loaded after those before it.
#[derive(Debug, Clone)]
pub struct FileResult {
    file: SourceId,
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

/// Loads files in order, and compiles each with those before it. What a later file makes of an earlier one is said of
/// the later; what was so before it isn't said again.
pub fn validate(sources: &Sources, files: &[SourceId], fields: Fields, options: &Options) -> Vec<FileResult> {
    let mut before = HashSet::new();
    let result = |at: usize| {
        let loaded = load(sources, &files[..=at]);
        let mut said = loaded.diagnostics.clone();
        said.extend(compile_loaded(&loaded, fields, &[], options).1);
        let said = in_order(said, sources);
        let new: Vec<_> = said.iter().filter(|one| !before.contains(*one)).cloned().collect();
        before.extend(said);
        let of = |severity| new.iter().filter(|one| one.severity == severity).cloned().collect();
        FileResult { file: files[at], errors: of(Severity::Error), warnings: of(Severity::Warning) }
    };
    (0..files.len()).map(result).collect()
}

impl FileResult {
    /// Whether there are no errors.
    pub fn is_ok(&self) -> bool {
        self.errors.is_empty()
    }

    /// What `-V` prints: whether the file is right, and if it isn't, all that there is to say.
    pub fn text(&self, sources: &Sources) -> String {
        let name = &sources.get(self.file).name;
        match (self.is_ok(), self.warnings.is_empty()) {
            (true, true) => format!("{name}: Ok"),
            (true, false) => format!("{name}: Ok, with warnings"),
            (false, _) => format!("{name}: Invalid\n{}", self.details(sources)),
        }
    }

    /// All errors and warnings, each with where it is.
    pub fn details(&self, sources: &Sources) -> String {
        let mut out = String::new();
        for (kind, said) in [("Errors", &self.errors), ("Warnings", &self.warnings)] {
            if said.is_empty() {
                continue;
            }
            // Writing to a string can't fail.
            let _ = writeln!(out, "{} {kind}:", said.len());
            for diagnostic in said {
                self.explain(diagnostic, sources, &mut out);
            }
        }
        out.truncate(out.trim_end().len());
        out
    }

    fn explain(&self, diagnostic: &Diagnostic, sources: &Sources, out: &mut String) {
        for (at, location) in self.locations(diagnostic).into_iter().enumerate() {
            let Location { kind, name, place } = location;
            let (line, column) = line_column(place, sources);
            let name = if name.is_empty() { String::new() } else { format!(" '{name}'") };
            let lead = if at == 0 { "In" } else { "   " };
            let file = &sources.get(place.source).name;
            let _ = writeln!(out, "{lead} {kind}{name}: ({file}:{line}:{column})");
        }
        let code = diagnostic.code;
        let _ = writeln!(out, "------\n{}------", snippet(diagnostic.place, sources));
        let _ = writeln!(out, "{code} ({}): {}", describe(code), message(diagnostic));
    }

    /// An entry of `falco_load_results`.
    pub fn json(&self, sources: &Sources) -> Json {
        let entries = |said: &[Diagnostic]| -> Vec<Json> {
            said.iter().map(|diagnostic| self.entry(diagnostic, sources)).collect()
        };
        json!({
            "name": &*sources.get(self.file).name,
            "successful": self.is_ok(),
            "errors": entries(&self.errors),
            "warnings": entries(&self.warnings),
        })
    }

    fn entry(&self, diagnostic: &Diagnostic, sources: &Sources) -> Json {
        let location = |location: Location| {
            let (line, column) = line_column(location.place, sources);
            json!({
                "item_type": location.kind,
                "item_name": location.name,
                "position": {
                    "name": &*sources.get(location.place.source).name,
                    "line": line,
                    "column": column,
                    "offset": location.place.span.start,
                },
            })
        };
        let locations: Vec<Json> = self.locations(diagnostic).into_iter().map(location).collect();
        json!({
            "code": diagnostic.code,
            "codedesc": describe(diagnostic.code),
            "message": message(diagnostic),
            "context": { "locations": locations, "snippet": snippet(diagnostic.place, sources) },
        })
    }

    /// Where a diagnostic is, from the outside in: the file, an item of it, a part of that. What is about no item is
    /// where it is in the file.
    fn locations<'a>(&self, diagnostic: &'a Diagnostic) -> Vec<Location<'a>> {
        let start = |source| Place { source, ..Place::default() };
        let file = match diagnostic.place {
            Some(place) if diagnostic.items.is_empty() => place,
            Some(place) => start(place.source),
            None => start(self.file),
        };
        let whole = Location { kind: "rules content", name: "", place: file };
        let items = diagnostic.items.iter();
        let parts = items.map(|item| Location { kind: item.kind, name: &item.name, place: item.place });
        std::iter::once(whole).chain(parts).collect()
    }
}

struct Location<'a> {
    kind: &'static str,
    name: &'a str,
    place: Place,
}

/// The results of all files, as `-V` prints them with `json_output`.
pub fn results_json(results: &[FileResult], sources: &Sources) -> Json {
    let results: Vec<Json> = results.iter().map(|result| result.json(sources)).collect();
    json!({ "falco_load_results": results })
}

fn describe(code: &str) -> &'static str {
    CODES.iter().find(|(known, _)| *known == code).map_or("", |(_, words)| words)
}

fn message(diagnostic: &Diagnostic) -> String {
    match &diagnostic.help {
        Some(help) => format!("{} ({help})", diagnostic.message),
        None => diagnostic.message.clone(),
    }
}

/// A place's line and column, counted from 0 as in Falco.
fn line_column(place: Place, sources: &Sources) -> (usize, usize) {
    let at = sources.get(place.source).line_column(place.span.start);
    (at.line - 1, at.column - 1)
}

/// The source line of a place with a caret below, cut where it is long.
fn snippet(place: Option<Place>, sources: &Sources) -> String {
    let Some(place) = place else { return String::new() };
    let (line, column) = line_column(place, sources);
    let line: Vec<char> = sources.get(place.source).line(line + 1).chars().collect();
    let from = column.saturating_sub(SNIPPET_SIDE).min(line.len());
    let to = (column + SNIPPET_SIDE).min(line.len());
    let shown: String = line[from..to].iter().collect();
    let (before, after) = (if from > 0 { "..." } else { "" }, if to < line.len() { "..." } else { "" });
    format!("{before}{shown}{after}\n{}^\n", " ".repeat(before.len() + column - from))
}
