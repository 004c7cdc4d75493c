//! An explanation as a person reads it.

use std::fmt::Write;

use hashbrown::HashSet;
use lanner_alert::{printable, truncate};
use lanner_diagnostic::{Place, Sources};
use lanner_event::Reading;

use super::{Explained, ExplainedPart, Explanation, Verdict};
use crate::eval::Tri;

/// How much of a comparison, and of a value, is shown, in bytes.
const TEXT_MAX: usize = 120;
/// How many reasons are given for what a rule came to.
const REASONS_MAX: usize = 5;
/// How many lines are named of those that a list's items stand in.
const LINES_MAX: usize = 3;
/// How wide a comparison is with its indentation, so that what it saw stands in a column.
const WIDTH: usize = 64;

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const RESET: &str = "\x1b[0m";

impl Explanation {
    /// The explanation in lines. `colour` is for a terminal; what the event carries is escaped for one.
    pub fn text(&self, sources: &Sources, colour: bool) -> String {
        let mut page = Page { out: String::new(), sources, colour, macros: HashSet::new() };
        let fires = self.verdict == Verdict::Fires;
        let reading = match self.reading {
            Reading::Given => "",
            Reading::Real => " (under the real path of its file)",
        };
        let verdict = match &self.verdict {
            Verdict::Fires => format!("fires{reading}"),
            Verdict::Taken { by } => {
                format!(
                    "is true, but gives no alert: the earlier rule `{by}` took the event (rule_matching: first)"
                )
            }
            Verdict::Waits => "waits: it isn't known yet what it reads or prints".to_owned(),
            Verdict::False => "does not fire".to_owned(),
            Verdict::NotJudged { why } => format!("is not judged: {why}"),
        };
        page.styled(BOLD, &format!("{} ", self.rule));
        page.styled(if fires { GREEN } else { RED }, &verdict);
        page.plain("\n");
        page.styled(DIM, &format!("  rule   {}\n", sources.locate(self.place)));
        page.styled(DIM, &format!("  event  {}\n", shown(&self.event)));
        if matches!(self.verdict, Verdict::Fires | Verdict::False) {
            for reason in reasons(&self.condition).into_iter().take(REASONS_MAX) {
                page.reason(reason);
            }
        }
        page.plain("\n");
        page.part(&self.condition, 0);
        page.out
    }
}

/// What decided that a part is what it is.
fn reasons(part: &Explained) -> Vec<&Explained> {
    match &part.part {
        ExplainedPart::Check { .. } | ExplainedPart::Unknown => vec![part],
        ExplainedPart::Not(inner) | ExplainedPart::Named { inner, .. } => reasons(inner),
        ExplainedPart::And(items) | ExplainedPart::Or(items) => {
            let decides = if matches!(part.part, ExplainedPart::And(_)) { Tri::False } else { Tri::True };
            let decided = items.iter().filter(|item| part.result != decides || item.result == decides);
            let most = if part.result == decides { 1 } else { items.len() };
            decided.take(most).flat_map(reasons).collect()
        }
    }
}

fn shown(text: &str) -> String {
    printable(&truncate(text, TEXT_MAX)).into_owned()
}

struct Page<'a> {
    out: String,
    sources: &'a Sources,
    colour: bool,
    /// The macros that were shown, by their definition: each is shown in full once.
    macros: HashSet<Place>,
}

impl Page<'_> {
    fn plain(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn styled(&mut self, style: &str, text: &str) {
        // Writing to a string can't fail.
        let _ = match self.colour {
            true => write!(self.out, "{style}{text}{RESET}"),
            false => write!(self.out, "{text}"),
        };
    }

    fn reason(&mut self, part: &Explained) {
        if let ExplainedPart::Check { text, saw, .. } = &part.part {
            self.styled(DIM, "  because ");
            self.plain(&shown(text));
            self.plain(" is ");
            self.result(part);
            for (field, value) in saw {
                let value = value.as_ref().map_or("missing".to_owned(), |value| shown(value));
                self.plain(&format!(", {field} is {value}"));
            }
            self.plain("\n");
        }
    }

    fn result(&mut self, part: &Explained) {
        let (style, word) = word(part);
        self.styled(style, word);
    }

    /// A line: what the part was judged to be, what it is, what it saw, and where it stands.
    fn line(&mut self, part: &Explained, depth: usize, text: &str, saw: &str, place: Option<Place>) {
        let (style, word) = word(part);
        self.plain("  ");
        self.styled(style, &format!("{word:<8}"));
        let indented = format!("{:indent$}{}", "", shown(text), indent = 2 * depth);
        self.plain(&format!("{indented:<WIDTH$}"));
        self.plain(&format!("  {saw}"));
        if let Some(place) = place {
            let at = self.sources.locate(place);
            self.styled(DIM, &format!("{}{at}", if saw.is_empty() { "" } else { "  " }));
        }
        let end = self.out.trim_end_matches(' ').len();
        self.out.truncate(end);
        self.plain("\n");
    }

    fn part(&mut self, part: &Explained, depth: usize) {
        match &part.part {
            ExplainedPart::And(items) => self.group(part, "all of", items, depth),
            ExplainedPart::Or(items) => self.group(part, "any of", items, depth),
            ExplainedPart::Not(inner) => {
                self.line(part, depth, "not", "", None);
                self.part(inner, depth + 1);
            }
            ExplainedPart::Named { kind, name, defined, inner } => {
                let first = self.macros.insert(*defined);
                let seen = if first { "" } else { ", shown above" };
                let from = format!("{kind} of {}{seen}", self.sources.locate(*defined));
                self.line(part, depth, name, &from, None);
                if first {
                    self.part(inner, depth + 1);
                }
            }
            ExplainedPart::Check { text, saw, lists } => {
                let saw = saw.iter().map(|(field, value)| match value {
                    Some(value) => format!("{field} = {}", shown(value)),
                    None => format!("{field} is missing"),
                });
                let saw = saw.collect::<Vec<_>>().join(", ");
                self.line(part, depth, text, &saw, Some(part.place));
                lists.iter().for_each(|(name, places)| self.list(depth, name, places));
            }
            ExplainedPart::Unknown => self.line(part, depth, "…", "", Some(part.place)),
        }
    }

    /// Where the items of a list stand, each line once.
    fn list(&mut self, depth: usize, name: &str, places: &[Place]) {
        let mut lines: Vec<String> = Vec::new();
        for place in places {
            let at = self.sources.locate(*place);
            let line = at.rsplit_once(':').map_or(at.as_str(), |(line, _)| line).to_owned();
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        let more = lines.len().saturating_sub(LINES_MAX);
        lines.truncate(LINES_MAX);
        let more = if more > 0 { format!(" and {more} more lines") } else { String::new() };
        let indent = 2 * depth + 2;
        let text = format!("{:10}{:indent$}list {name} of {}{more}\n", "", "", lines.join(", "));
        self.styled(DIM, &text);
    }

    fn group(&mut self, part: &Explained, name: &str, items: &[Explained], depth: usize) {
        self.line(part, depth, name, "", None);
        items.iter().for_each(|item| self.part(item, depth + 1));
    }
}

fn word(part: &Explained) -> (&'static str, &'static str) {
    let missing = matches!(&part.part, ExplainedPart::Check { saw, .. } if saw.iter().any(|(_, value)| value.is_none()));
    match part.result {
        Tri::True => (GREEN, "true"),
        Tri::False if missing => (YELLOW, "missing"),
        Tri::False => (RED, "false"),
        Tri::Unknown => (YELLOW, "unknown"),
    }
}
