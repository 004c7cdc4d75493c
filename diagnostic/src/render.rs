//! Diagnostics as a person reads them: in colour on a terminal, plain elsewhere.

use annotate_snippets::{AnnotationKind, Group, Level, Snippet};

use crate::{Diagnostic, Severity, Sources};

/// Renders diagnostics with their source lines.
#[derive(Debug, Clone, Copy)]
pub struct Renderer {
    /// Whether to colour: only where a terminal reads it.
    pub colour: bool,
}

impl Renderer {
    /// The diagnostic with its file, line, column, source line and caret, and its help.
    pub fn render(&self, diagnostic: &Diagnostic, sources: &Sources) -> String {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let title = level.primary_title(&diagnostic.message).id(diagnostic.code);
        let mut group = Group::with_title(title);
        if let Some(place) = diagnostic.place {
            let source = sources.get(place.source);
            let end = place.span.end.min(source.text.len());
            let start = place.span.start.min(end);
            // The lines of the place alone: a file may be long, and so may the list of what is wrong with it.
            let from = source.text[..start].rfind('\n').map_or(0, |at| at + 1);
            let to = source.text[end..].find('\n').map_or(source.text.len(), |at| end + at);
            let mark = AnnotationKind::Primary.span(start - from..end - from).label(&diagnostic.label);
            let lines = Snippet::source(&source.text[from..to]).line_start(source.line_column(start).line);
            group = group.element(lines.path(&*source.name).annotation(mark));
        }
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(help));
        }
        let renderer = if self.colour {
            annotate_snippets::Renderer::styled()
        } else {
            annotate_snippets::Renderer::plain()
        };
        renderer.render(&[group])
    }
}

/// The diagnostic in one line, for a log: `file:line:column: message (help)`.
pub fn plain(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let mut line = String::new();
    if let Some(place) = diagnostic.place {
        line.push_str(&sources.locate(place));
        line.push_str(": ");
    }
    line.push_str(&diagnostic.message);
    if let Some(help) = &diagnostic.help {
        line.push_str(" (");
        line.push_str(help);
        line.push(')');
    }
    line
}
