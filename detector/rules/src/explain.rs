//! Why a rule is true of an event, or why it isn't: its condition after lists, macros, overrides and exceptions, and
//! what each part of it saw.

mod text;

use bumpalo::Bump;
use hashbrown::HashMap;
use lanner_diagnostic::{Place, SourceId, Sources, nearest};
use lanner_event::fields::Fields;
use lanner_event::{Ctx, EventRef, EventSource, FieldRef, Host, Reading, Val};

use crate::compile::{Names, Outline, Outliner, Part};
use crate::eval::{Scratch, Tri};
use crate::format::printed;
use crate::load::{Loaded, RuleItem, Substitutions, load};
use crate::ruleset::{Matching, Options, RuleSet};

/// Rules as their files wrote them, beside the set that was compiled of them.
pub struct Explainer<'a> {
    set: &'a RuleSet,
    options: &'a Options,
    fields: Fields,
    loaded: Loaded,
}

/// Why a rule can't be explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExplainError {
    /// There is no rule of that name.
    Unknown {
        /// The name.
        name: String,
        /// The nearest that there is.
        near: Option<String>,
    },
    /// It wasn't compiled: what was said of it when it was loaded says why.
    Broken {
        /// The name.
        name: String,
    },
}

impl std::fmt::Display for ExplainError {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            ExplainError::Unknown { name, near: None } => write!(f, "there is no rule `{name}`"),
            ExplainError::Unknown { name, near: Some(near) } => {
                write!(f, "there is no rule `{name}`: did you mean `{near}`?")
            }
            ExplainError::Broken { name } => {
                write!(f, "the rule `{name}` didn't compile: `lanner check` says why")
            }
        }
    }
}

impl std::error::Error for ExplainError {}

/// What came of an event for a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It gives an alert.
    Fires,
    /// It is true, but an earlier rule took the event (`rule_matching: first`).
    Taken {
        /// The earlier rule.
        by: String,
    },
    /// Whether it is true isn't known until something comes that it reads.
    Waits,
    /// It isn't true.
    False,
    /// It isn't judged at all, and why.
    NotJudged {
        /// Why.
        why: String,
    },
}

/// A rule, an event, and why one is true of the other or isn't.
#[derive(Debug)]
pub struct Explanation {
    /// The rule.
    pub rule: String,
    /// Where it is defined.
    pub place: Place,
    /// What came of it.
    pub verdict: Verdict,
    /// The event, in a line.
    pub event: String,
    /// The reading of paths under which the parts are shown.
    pub reading: Reading,
    /// The condition.
    pub condition: Explained,
}

/// A part of a condition, and what it saw.
#[derive(Debug)]
pub struct Explained {
    /// Where it stands.
    pub place: Place,
    /// What it was judged to be, under the reading that is shown.
    pub result: Tri,
    /// What it is.
    pub part: ExplainedPart,
}

/// See [`Explained`].
#[derive(Debug)]
pub enum ExplainedPart {
    /// All must be true.
    And(Vec<Explained>),
    /// One must be true.
    Or(Vec<Explained>),
    /// It must be false.
    Not(Box<Explained>),
    /// A macro or an exception.
    Named {
        /// Which of the two.
        kind: &'static str,
        /// Its name.
        name: String,
        /// Where it is defined.
        defined: Place,
        /// What it stands for.
        inner: Box<Explained>,
    },
    /// A comparison.
    Check {
        /// It, as it is written.
        text: String,
        /// What it read, each field and its value; `None` is a value that is missing.
        saw: Vec<(String, Option<String>)>,
        /// The lists that its constants come from, each with where these stand.
        lists: Vec<(String, Vec<Place>)>,
    },
    /// What doesn't compile, or is too much to be shown.
    Unknown,
}

impl<'a> Explainer<'a> {
    /// Of the set that was compiled of these files with these options.
    pub fn new(
        set: &'a RuleSet,
        sources: &Sources,
        files: &[SourceId],
        fields: Fields,
        options: &'a Options,
    ) -> Explainer<'a> {
        Explainer { set, options, fields, loaded: load(sources, files) }
    }

    /// Explains a rule and an event.
    ///
    /// # Errors
    /// Where there is no such rule, or it doesn't compile.
    pub fn explain(&self, rule: &str, event: EventRef, host: &Host) -> Result<Explanation, ExplainError> {
        let names = || self.loaded.rules.iter().map(|item| item.name.as_str());
        let item = self.loaded.rules.iter().find(|item| item.name == rule).ok_or_else(|| {
            ExplainError::Unknown { name: rule.to_owned(), near: nearest(rule, names()).map(str::to_owned) }
        })?;
        let broken = || ExplainError::Broken { name: rule.to_owned() };
        let source = EventSource::by_name(&item.source).ok_or_else(broken)?;
        let compiled = self.set.rules().iter().find(|compiled| *compiled.name == *rule).ok_or_else(broken)?;
        let outline = self.outline(item, source);
        let bump = Bump::new();
        let given = Ctx::new(event, host, &bump);
        let origins = self.origins();
        let mut condition = explained(&outline, &given, &origins);
        let mut reading = Reading::Given;
        if event.has_two_readings() {
            let real = explained(&outline, &given.reading(Reading::Real), &origins);
            if real.result as u8 > condition.result as u8 {
                (condition, reading) = (real, Reading::Real);
            }
        }
        let verdict = if source != event.kind.source() {
            let (of, event) = (source, event.kind.source());
            let why = format!("it is a rule of the source `{of}`, and the event is of `{event}`");
            Verdict::NotJudged { why }
        } else if !compiled.enabled {
            Verdict::NotJudged { why: self.disabled(item) }
        } else {
            self.verdict(rule, condition.result, event, host)
        };
        let event = summary(&given.reading(reading));
        Ok(Explanation { rule: rule.to_owned(), place: item.place, verdict, event, reading, condition })
    }

    /// Which list an item is of that stands somewhere.
    fn origins(&self) -> Origins<'_> {
        let items = self.loaded.lists.iter().flat_map(|list| list.items.iter().map(move |item| (list, item)));
        items.map(|(list, item)| (begin(item.place(0, 1)), list.name.as_str())).collect()
    }

    fn outline(&self, item: &RuleItem, source: EventSource) -> Outline {
        let lists = Substitutions::new(&self.loaded.lists, &mut Vec::new());
        let names = Names { fields: self.fields.of(source), statics: &self.options.static_fields };
        let mut outliner = Outliner::new(&self.loaded.macros, &lists, names);
        outliner.rule(item)
    }

    /// What the whole set made of the event.
    fn verdict(&self, rule: &str, result: Tri, event: EventRef, host: &Host) -> Verdict {
        let mut hits = Vec::new();
        self.set.eval(event, host, &mut Scratch::default(), &mut hits);
        let hit = hits.iter().find(|hit| *self.set.rule(hit.rule).name == *rule);
        match (hit, result, hits.first()) {
            (Some(hit), ..) if hit.pending => Verdict::Waits,
            (Some(_), ..) => Verdict::Fires,
            (None, Tri::False, _) => Verdict::False,
            (None, _, Some(first)) if self.options.matching == Matching::First => {
                Verdict::Taken { by: self.set.rule(first.rule).name.to_string() }
            }
            (None, Tri::Unknown, _) => Verdict::Waits,
            (None, Tri::True, _) => Verdict::False,
        }
    }

    fn disabled(&self, item: &RuleItem) -> String {
        let least = self.options.min_priority;
        if item.priority < least {
            format!(
                "its priority is {}, and only rules from {least} up are enabled (`priority`)",
                item.priority
            )
        } else if !item.enabled {
            "its files disable it (`enabled: false`)".to_owned()
        } else {
            "the configuration disables it (`rules:`)".to_owned()
        }
    }
}

/// The names of lists by where their items begin.
type Origins<'a> = HashMap<(SourceId, usize), &'a str>;

fn begin(place: Place) -> (SourceId, usize) {
    (place.source, place.span.start)
}

/// The lists that constants come from, in order.
fn lists(constants: &[(String, Place)], origins: &Origins) -> Vec<(String, Vec<Place>)> {
    let mut lists: Vec<(String, Vec<Place>)> = Vec::new();
    for (_, place) in constants {
        let Some(name) = origins.get(&begin(*place)) else { continue };
        match lists.iter_mut().find(|(known, _)| known == name) {
            Some((_, places)) => places.push(*place),
            None => lists.push(((*name).to_owned(), vec![*place])),
        }
    }
    lists
}

/// The event in a line: what, by whom.
fn summary(ctx: &Ctx) -> String {
    let field = |name: &str| {
        let Ok(field) = FieldRef::from_name(name) else { return String::new() };
        // Its own, as the field doesn't live as long as the event.
        let ctx: Ctx = *ctx;
        match ctx.get(&field) {
            Val::Missing | Val::Pending => String::new(),
            value => printed(value),
        }
    };
    let parts = [
        ("", "evt.type"),
        ("", "fd.name"),
        ("", "fs.path.name"),
        ("", "fs.path.source"),
        ("-> ", "fs.path.target"),
        ("", "ka.verb"),
        ("", "ka.uri"),
        ("by ", "proc.cmdline"),
        ("pid ", "proc.pid"),
        ("in container ", "container.id"),
    ];
    let mut shown: Vec<String> = Vec::new();
    for (before, name) in parts {
        let text = field(name);
        // On the host there is none, which Falco calls `host`.
        let none = text.is_empty() || name == "container.id" && text == "host";
        if !none && !shown.contains(&text) {
            shown.push(format!("{before}{text}"));
        }
    }
    shown.join(" ")
}

fn explained<'a>(outline: &'a Outline, ctx: &Ctx<'a>, origins: &Origins) -> Explained {
    let all =
        |items: &'a [Outline]| items.iter().map(|item| explained(item, ctx, origins)).collect::<Vec<_>>();
    let (result, part) = match &outline.part {
        Part::And(items) => {
            let items = all(items);
            (items.iter().fold(Tri::True, |sum, item| sum.and(item.result)), ExplainedPart::And(items))
        }
        Part::Or(items) => {
            let items = all(items);
            (items.iter().fold(Tri::False, |sum, item| sum.or(item.result)), ExplainedPart::Or(items))
        }
        Part::Not(inner) => {
            let inner = explained(inner, ctx, origins);
            (!inner.result, ExplainedPart::Not(Box::new(inner)))
        }
        Part::Named { kind, name, defined, inner } => {
            let inner = Box::new(explained(inner, ctx, origins));
            (inner.result, ExplainedPart::Named { kind, name: name.clone(), defined: *defined, inner })
        }
        Part::Check { text, check, constants, .. } => {
            let saw = check.fields().into_iter().map(|field| {
                let value = match ctx.get(field) {
                    Val::Missing => None,
                    Val::Pending => Some("not known yet".to_owned()),
                    value => Some(printed(value)),
                };
                (field.to_string(), value)
            });
            let saw = saw.collect();
            let lists = lists(constants, origins);
            (check.judge(ctx), ExplainedPart::Check { text: text.clone(), saw, lists })
        }
        Part::Unknown => (Tri::Unknown, ExplainedPart::Unknown),
    };
    Explained { place: outline.place, result, part }
}
