//! Tests of rules, as data: events, and the rules that must be true of them and must not be.
//!
//! A file of cases is a list. An item names a rule and gives events it must fire on and be quiet about, or names an
//! event and gives the rules:
//!
//! ```yaml
//! - rules: [my_rules.yaml]            # the rules that are tested; without it those of the configuration
//! - rule: Sensitive file read
//!   fires:
//!     - {evt.type: openat, fd.name: /etc/shadow, proc.name: cat}
//!     - {evt.type: openat, fd.name: /tmp/link, real: {fd.name: /etc/shadow}, proc.name: cat}
//!   quiet:
//!     - {evt.type: openat, fd.name: /etc/passwd, proc.name: cat}
//!     - {record: quiet-day.jsonl}     # what `lanner record` wrote
//! - event: {evt.type: execve, proc.name: sh, container.name: web}
//!   fires: [Shell in a container]
//!   quiet: [Sensitive file read]
//! - event: {evt.type: pluginevent, document: {auditID: a, verb: get}, ka.user.name: eve}
//!   fires: [Stranger in the cluster]
//! ```

use lanner_diagnostic::{Diagnostic, Node, Place, SourceId, SourceText, Sources, nearest, parse};
use lanner_event::sample::{Sample, shown};
use lanner_event::{ContainerState, Host, Kind, OwnedEvent, Record};

use crate::eval::Scratch;
use crate::explain::{Explainer, Explanation};
use crate::ruleset::RuleSet;

/// The code of what is wrong with a file of cases.
pub const CODE: &str = "CASES";

/// Reads a file that a file of cases names, relative to it.
///
/// # Errors
/// Why it can't be read.
pub type Read<'r> = dyn FnMut(&str) -> Result<String, String> + 'r;

/// A file of cases.
#[derive(Debug, Default)]
pub struct Cases {
    /// The rules files that it tests, each with the place where it is named.
    pub rules: Vec<(String, Place)>,
    /// The cases, in order: those of which nothing is wrong.
    pub cases: Vec<Case>,
    /// What is wrong with the file.
    pub diagnostics: Vec<Diagnostic>,
}

/// What must come of some events for a rule.
#[derive(Debug)]
pub struct Case {
    /// The rule.
    pub rule: String,
    /// Whether it must fire: on one of the events at least; else it must on none.
    pub fires: bool,
    /// What it is called: the event's own name, or what is in it.
    pub name: String,
    /// Where the event stands.
    pub place: Place,
    /// The events.
    pub events: Vec<(OwnedEvent, Host)>,
}

/// A case that didn't come out as it must.
#[derive(Debug)]
pub struct Failure {
    /// What came instead.
    pub message: String,
    /// Why; there is none for a rule that doesn't exist.
    pub explanation: Option<Explanation>,
}

impl Case {
    /// Judges the events.
    ///
    /// # Errors
    /// Where it doesn't come out as it must.
    pub fn check(&self, set: &RuleSet, explainer: &Explainer) -> Result<(), Box<Failure>> {
        if !set.rules().iter().any(|rule| *rule.name == *self.rule) {
            let near = nearest(&self.rule, set.rules().iter().map(|rule| &*rule.name));
            let near = near.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
            let message = format!("there is no rule `{}`{near}", self.rule);
            return Err(Box::new(Failure { message, explanation: None }));
        }
        let fired = self.events.iter().find(|(event, host)| fires(set, &self.rule, event, host));
        let message = match (fired, self.fires) {
            (Some(_), true) | (None, false) => return Ok(()),
            (Some(_), false) => format!("`{}` fires, and must not", self.rule),
            (None, true) => format!("`{}` must fire, and does not", self.rule),
        };
        let explained = fired.or(self.events.first());
        let explanation =
            explained.and_then(|(event, host)| explainer.explain(&self.rule, event.as_ref(), host).ok());
        Err(Box::new(Failure { message, explanation }))
    }
}

fn fires(set: &RuleSet, rule: &str, event: &OwnedEvent, host: &Host) -> bool {
    let mut hits = Vec::new();
    set.eval(event.as_ref(), host, &mut Scratch::default(), &mut hits);
    hits.iter().any(|hit| !hit.pending && *set.rule(hit.rule).name == *rule)
}

impl Cases {
    /// Reads a file of cases; what is wrong is in its diagnostics, all of it.
    pub fn read(sources: &mut Sources, id: SourceId, read: &mut Read) -> Cases {
        let mut cases = Cases::default();
        let documents = match parse(sources.get(id), id) {
            Ok(documents) => documents,
            Err(error) => {
                cases.diagnostics.push(*error);
                return cases;
            }
        };
        for item in documents.iter().flat_map(|document| document.as_sequence().unwrap_or_default()) {
            cases.item(item, sources, read);
        }
        if cases.cases.is_empty() && cases.diagnostics.is_empty() {
            let place = documents.first().map(|document| document.place);
            let error = Diagnostic::error(CODE, "there are no cases: a file of cases is a list of items");
            cases.diagnostics.push(Diagnostic { place, ..error });
        }
        cases
    }

    fn wrong(&mut self, place: Place, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(CODE, message).at(place));
    }

    fn item(&mut self, item: &Node, sources: &mut Sources, read: &mut Read) {
        self.unknown_keys(item);
        if let Some(files) = item.get("rules") {
            for file in list(files) {
                match file.as_str() {
                    Some(name) => self.rules.push((name.to_owned(), file.place)),
                    None => self.wrong(file.place, "the name of a rules file is a text"),
                }
            }
        } else if let Some(rule) = item.get("rule") {
            self.of_rule(rule, item, sources, read);
        } else if let Some(event) = item.get("event") {
            self.of_event(event, item, sources, read);
        } else {
            self.wrong(item.place, "an item has `rule`, `event` or `rules`");
        }
    }

    fn unknown_keys(&mut self, item: &Node) {
        const KEYS: &[&str] = &["rules", "rule", "event", "name", "fires", "quiet"];
        for (key, _) in item.as_mapping().unwrap_or_default() {
            let name = key.as_str().unwrap_or_default();
            if !KEYS.contains(&name) {
                let error = Diagnostic::error(CODE, format!("unknown key `{name}`")).at(key.place);
                self.diagnostics.push(error.help_nearest(nearest(name, KEYS.iter().copied())));
            }
        }
    }

    fn of_rule(&mut self, rule: &Node, item: &Node, sources: &mut Sources, read: &mut Read) {
        let Some(rule) = rule.as_str() else { return self.wrong(rule.place, "a rule's name is a text") };
        let mut any = false;
        for (key, fires) in [("fires", true), ("quiet", false)] {
            for event in item.get(key).map(list).unwrap_or_default() {
                any = true;
                if let Some(events) = self.events(event, sources, read) {
                    let (rule, name) = (rule.to_owned(), name(event));
                    self.cases.push(Case { rule, fires, name, place: event.place, events });
                }
            }
        }
        if !any {
            self.wrong(item.place, "a rule's item has events under `fires` or `quiet`");
        }
    }

    fn of_event(&mut self, event: &Node, item: &Node, sources: &mut Sources, read: &mut Read) {
        let Some(events) = self.events(event, sources, read) else { return };
        let name = item.get("name").and_then(Node::as_str).map_or_else(|| name(event), str::to_owned);
        let mut any = false;
        for (key, fires) in [("fires", true), ("quiet", false)] {
            for rule in item.get(key).map(list).unwrap_or_default() {
                any = true;
                match rule.as_str() {
                    Some(rule) => self.cases.push(Case {
                        rule: rule.to_owned(),
                        fires,
                        name: name.clone(),
                        place: event.place,
                        events: events.clone(),
                    }),
                    None => self.wrong(rule.place, "a rule's name is a text"),
                }
            }
        }
        if !any {
            self.wrong(item.place, "an event's item has names of rules under `fires` or `quiet`");
        }
    }

    /// An event that is written down by its fields, or those of a file that was recorded.
    fn events(
        &mut self,
        node: &Node,
        sources: &mut Sources,
        read: &mut Read,
    ) -> Option<Vec<(OwnedEvent, Host)>> {
        let Some(file) = node.get("record") else {
            return match event(node) {
                Ok(event) => Some(vec![event]),
                Err(error) => {
                    self.diagnostics.push(*error);
                    None
                }
            };
        };
        let name = file.as_str().unwrap_or_default();
        match read(name) {
            Ok(text) => match recorded(sources, name, &text) {
                Ok(events) => Some(events),
                Err(error) => {
                    self.diagnostics.push(*error);
                    None
                }
            },
            Err(error) => {
                self.wrong(file.place, format!("`{name}` can't be read: {error}"));
                None
            }
        }
    }
}

/// One thing, or a list of them.
fn list(node: &Node) -> &[Node] {
    node.as_sequence().unwrap_or(std::slice::from_ref(node))
}

/// What an event is called: its fields and their values.
fn name(event: &Node) -> String {
    let pair = |(key, value): &(Node, Node)| match value.as_str() {
        Some(text) => format!("{}={text}", key.as_str().unwrap_or_default()),
        None => format!("{}={}", key.as_str().unwrap_or_default(), name(value)),
    };
    event.as_mapping().unwrap_or_default().iter().map(pair).collect::<Vec<_>>().join(" ")
}

/// The events of a file with one in each line: as `lanner record` writes them, as the values of fields, or as a
/// Kubernetes audit log has them.
///
/// # Errors
/// Where a line is neither, with its place.
pub fn recorded(
    sources: &mut Sources,
    name: &str,
    text: &str,
) -> Result<Vec<(OwnedEvent, Host)>, Box<Diagnostic>> {
    let id = sources.add(SourceText::new(name, text));
    let mut events = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let place =
            Place { source: id, span: lanner_diagnostic::Span::new(start, start + line.trim_end().len()) };
        start += line.len();
        if line.trim().is_empty() {
            continue;
        }
        match Record::parse(line) {
            Ok(record) => events.push((record.event.clone(), record.host())),
            Err(error) => events.push(by_fields(line, place, &error.to_string())?),
        }
    }
    if events.is_empty() {
        let place = Place { source: id, span: lanner_diagnostic::Span::default() };
        return Err(Box::new(Diagnostic::error(CODE, "there is no event in this file").at(place)));
    }
    Ok(events)
}

/// A line that isn't a record: an audit event, or fields and their values, as JSON is YAML too. `error` says why it is
/// no record.
fn by_fields(line: &str, place: Place, error: &str) -> Result<(OwnedEvent, Host), Box<Diagnostic>> {
    let broken = || {
        let message = format!("this is neither a recorded event ({error}) nor a mapping of fields to values");
        Box::new(Diagnostic::error(CODE, message).at(place))
    };
    let documents = parse(&SourceText::new("", line), place.source).map_err(|_| broken())?;
    let node = documents.first().filter(|node| node.as_mapping().is_some() && node.get("event").is_none());
    match node {
        Some(node) if node.get("auditID").is_some() => {
            let mut sample = Sample::new(Kind::Pluginevent);
            sample.set_document(line).map_err(|_| broken())?;
            Ok(built(&sample))
        }
        // The places in it are those of the line by itself.
        Some(node) => event(node).map_err(|error| Box::new(error.at(place))),
        None => Err(broken()),
    }
}

/// The event, and its host, that have these values of fields; `real` holds the real readings of paths, `document` an
/// audit event's document, as a text or as what it holds.
///
/// # Errors
/// Where a field doesn't exist, or can't have that value in such an event.
pub fn event(node: &Node) -> Result<(OwnedEvent, Host), Box<Diagnostic>> {
    sample(node).map(|sample| built(&sample))
}

fn built(sample: &Sample) -> (OwnedEvent, Host) {
    let (batch, host) = sample.build();
    (batch.get(0).to_owned(), host)
}

/// See [`event`].
///
/// # Errors
/// See [`event`].
pub fn sample(node: &Node) -> Result<Sample, Box<Diagnostic>> {
    let wrong = |place: Place, message: String| Box::new(Diagnostic::error(CODE, message).at(place));
    let text = |node: &Node| {
        let not = || wrong(node.place, format!("this must be a text or a number, and is {}", node.kind()));
        node.as_str().map(str::to_owned).ok_or_else(not)
    };
    let Some(pairs) = node.as_mapping() else {
        return Err(wrong(
            node.place,
            format!("an event is a mapping of fields to values, and not {}", node.kind()),
        ));
    };
    let Some(kind) = node.get("evt.type") else {
        return Err(wrong(
            node.place,
            "`evt.type` is missing: it says what kind of event this is".to_owned(),
        ));
    };
    let name = text(kind)?;
    let Some(kind) = Kind::by_name(&name) else {
        let near = nearest(&name, Kind::ALL.iter().map(|kind| kind.row().name));
        let message = format!("unknown event type `{}`", shown(&name));
        return Err(Box::new(wrong(kind.place, message).help_nearest(near)));
    };
    let mut sample = Sample::new(kind);
    if let Some(document) = node.get("document") {
        let text = match document.as_str() {
            Some(text) => text.to_owned(),
            None => document
                .read::<serde_json::Value>()
                .map_err(|error| Box::new(error.into_diagnostic(CODE).at(document.place)))?
                .to_string(),
        };
        sample.set_document(&text).map_err(|error| wrong(document.place, error.to_string()))?;
    }
    for (field, value) in pairs {
        match text(field)?.as_str() {
            "evt.type" | "real" | "document" => {}
            // What the engine says of it hasn't come, or won't.
            "container" => {
                sample.container = match text(value)?.as_str() {
                    "pending" => ContainerState::Pending,
                    "gone" => ContainerState::Unavailable,
                    other => {
                        let message =
                            format!("a container can be `pending` or `gone`, and not `{}`", shown(other));
                        return Err(wrong(value.place, message));
                    }
                };
                let set = sample.set("container.id", "0123456789ab");
                set.map_err(|error| wrong(field.place, error.to_string()))?;
            }
            name => {
                let set = sample.set(name, &text(value)?);
                set.map_err(|error| wrong(field.place, error.to_string()))?;
            }
        }
    }
    for (field, value) in node.get("real").and_then(Node::as_mapping).unwrap_or_default() {
        let set = sample.set_real(&text(field)?, &text(value)?);
        set.map_err(|error| wrong(field.place, error.to_string()))?;
    }
    Ok(sample)
}
