//! One thing to say about a text.

use crate::Place;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing is wrong, but the reader will want to know.
    Note,
    /// It works, but perhaps not as meant.
    Warning,
    /// It doesn't work.
    Error,
}

/// One thing to say about a text: what, where, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// A stable name: Falco's own code where Falco has one (`LOAD_ERR_COMPILE_CONDITION`), else Lanner's.
    pub code: &'static str,
    /// What is the matter, in one sentence without a full stop.
    pub message: String,
    /// Where.
    pub place: Option<Place>,
    /// What to say right at the place; may be empty.
    pub label: String,
    /// What would be right, such as the nearest known name.
    pub help: Option<String>,
    /// What it is about, from the outside in, such as a rule and one of its exceptions.
    pub items: Vec<Item>,
}

/// A part of a text that a diagnostic is about, as Falco's `-V` names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Item {
    /// What it is, such as `rule` or `exception`.
    pub kind: &'static str,
    /// Its name; empty where it has none.
    pub name: String,
    /// Where it stands.
    pub place: Place,
}

impl Diagnostic {
    fn new(severity: Severity, code: &'static str, message: impl Into<String>) -> Self {
        Diagnostic {
            severity,
            code,
            message: message.into(),
            place: None,
            label: String::new(),
            help: None,
            items: Vec::new(),
        }
    }

    /// An error.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    /// A warning.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    /// A note.
    pub fn note(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, message)
    }

    /// Says where.
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Says something right at the place.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Says what would be right.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says «did you mean …» where there is something near.
    pub fn help_nearest(self, near: Option<&str>) -> Self {
        match near {
            Some(name) => self.help(format!("did you mean `{name}`?")),
            None => self,
        }
    }

    /// Says what it is about: the kind of an item, its name, and where it stands. What was said before is about a part
    /// of it.
    pub fn item(mut self, kind: &'static str, name: impl Into<String>, place: Place) -> Self {
        self.items.insert(0, Item { kind, name: name.into(), place });
        self
    }
}
