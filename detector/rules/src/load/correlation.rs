//! Correlations: what makes one alert of several. They are Lanner's own, and Falco, which doesn't know them, ignores
//! them; so what is wrong in them is an error.

use std::time::Duration;

use lanner_alert::{Correlation, Matcher, Pattern, Priority, duration, matchers};
use lanner_diagnostic::{Diagnostic, Node, NodeError, Place, Sources, nearest};

use super::Loaded;
use super::item::{Item, boolean};
use crate::sourced::Sourced;

/// A correlation as its files define it.
#[derive(Debug, Clone)]
pub struct CorrelationItem {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub desc: String,
    /// Which alerts it takes; nothing where that is wrong.
    pub pattern: Option<Pattern>,
    /// The fields that its alerts have in common.
    pub by: Vec<String>,
    /// How long it may take.
    pub within: Duration,
    /// Its output.
    pub output: Sourced,
    /// Its priority.
    pub priority: Priority,
    /// Its tags, sorted, each once.
    pub tags: Vec<String>,
    /// Whether its files enable it.
    pub enabled: bool,
    /// The names of fields of events in it, and where each stands.
    pub fields: Vec<(String, Place)>,
    /// The names of rules in it, and where each stands.
    pub rules: Vec<(String, Place)>,
    /// Whether nothing was wrong that was told.
    pub sound: bool,
    /// Where its name stands.
    pub place: Place,
    /// Where it stands.
    pub whole: Place,
}

/// The shortest and the longest time of a correlation.
const WITHIN: (&str, &str) = ("1s", "30d");

const KEYS: &[&str] = &[
    "correlation",
    "desc",
    "match",
    "threshold",
    "distinct",
    "sequence",
    "by",
    "within",
    "output",
    "priority",
    "tags",
    "enabled",
];

/// Which of these says which alerts are taken.
const PATTERNS: &[&str] = &["threshold", "distinct", "sequence"];

/// Reads an item, and says all that is wrong with it.
struct Reader<'a> {
    item: &'a Item<'a>,
    sources: &'a Sources,
    diagnostics: &'a mut Vec<Diagnostic>,
    fields: Vec<(String, Place)>,
    rules: Vec<(String, Place)>,
    sound: bool,
}

impl Loaded {
    pub(super) fn correlation(&mut self, item: &Item, sources: &Sources) {
        let Some((name, place)) = item.name(&mut self.diagnostics) else { return };
        let old = self.correlations.iter_mut().find(|old| old.name == name);
        if item.keys().all(|(key, _)| key == item.kind || key == "enabled") && item.get("enabled").is_some() {
            match old {
                None => self.diagnostics.push(item.not_defined(item.kind)),
                Some(old) => {
                    let mut reader = Reader::new(item, sources, &mut self.diagnostics);
                    old.enabled = reader.enabled();
                }
            }
            return;
        }
        let new = Reader::new(item, sources, &mut self.diagnostics).read(name, place);
        match old {
            Some(old) => *old = new,
            None => self.correlations.push(new),
        }
    }
}

impl<'a> Reader<'a> {
    fn new(item: &'a Item<'a>, sources: &'a Sources, diagnostics: &'a mut Vec<Diagnostic>) -> Reader<'a> {
        Reader { item, sources, diagnostics, fields: Vec::new(), rules: Vec::new(), sound: true }
    }

    fn read(mut self, name: String, place: Place) -> CorrelationItem {
        self.unknown(self.item.keys(), KEYS);
        let desc = self.text("desc").and_then(Node::as_str);
        let pattern = self.pattern();
        let by = self.item.get("by").map(|node| self.names("by", node));
        let within = self.required("within").and_then(|node| self.within(node));
        let output = self.text("output");
        let priority = self.required("priority").and_then(|node| self.priority(node));
        let tags = self.item.get("tags").map(|node| self.tags(node));
        let enabled = self.enabled();
        CorrelationItem {
            name,
            desc: desc.unwrap_or_default().trim_end().to_owned(),
            pattern,
            by: by.unwrap_or_default(),
            within: within.unwrap_or_default(),
            output: output.map(|node| Sourced::from_node(node, self.sources).trimmed()).unwrap_or_default(),
            priority: priority.unwrap_or(Priority::Debug),
            tags: tags.unwrap_or_default(),
            enabled,
            fields: self.fields,
            rules: self.rules,
            sound: self.sound,
            place,
            whole: self.item.node.place,
        }
    }

    fn wrong(&mut self, message: String, place: Place) {
        self.wrong_help(message, None, place);
    }

    fn wrong_help(&mut self, message: String, help: Option<String>, place: Place) {
        self.sound = false;
        let error = self.item.error("LOAD_ERR_YAML_VALIDATE", &message, place);
        self.diagnostics.push(Diagnostic { help, ..error });
    }

    fn node_wrong(&mut self, error: NodeError, node: &Node) {
        self.wrong_help(error.message, error.help, error.place.unwrap_or(node.place));
    }

    fn unknown<'k>(&mut self, keys: impl Iterator<Item = (&'k str, Place)>, known: &[&str]) {
        for (key, place) in keys.filter(|(key, _)| !known.contains(key)) {
            let help = nearest(key, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
            self.wrong_help(format!("unknown key `{key}`"), help, place);
        }
    }

    fn required(&mut self, key: &str) -> Option<&'a Node> {
        let found = self.item.required(key, self.diagnostics);
        self.sound &= found.is_some();
        found
    }

    /// The node of a text that must be there.
    fn text(&mut self, key: &str) -> Option<&'a Node> {
        let node = self.required(key)?;
        if node.as_str().is_none_or(str::is_empty) {
            self.wrong(format!("`{key}` must be a text that isn't empty"), node.place);
            return None;
        }
        Some(node)
    }

    fn enabled(&mut self) -> bool {
        let Some(node) = self.item.get("enabled") else { return true };
        boolean(node).unwrap_or_else(|| {
            self.wrong("`enabled` must be `true` or `false`".to_owned(), node.place);
            true
        })
    }

    fn priority(&mut self, node: &Node) -> Option<Priority> {
        let read = matchers::priority(node.as_str().unwrap_or_default());
        read.map_err(|error| self.node_wrong(error, node)).ok()
    }

    fn within(&mut self, node: &Node) -> Option<Duration> {
        let limit = |text| duration(text).unwrap_or_default();
        let read = duration(node.as_str().unwrap_or_default()).and_then(|time| {
            let fits = (limit(WITHIN.0)..=limit(WITHIN.1)).contains(&time);
            if fits { Ok(time) } else { Err(format!("this is a time from {} to {}", WITHIN.0, WITHIN.1)) }
        });
        read.map_err(|message| self.wrong(message, node.place)).ok()
    }

    fn tags(&mut self, node: &Node) -> Vec<String> {
        let tags = node.as_sequence().map(|tags| tags.iter().map(|tag| tag.as_str().map(str::to_owned)));
        let Some(Some(mut tags)) = tags.map(Iterator::collect::<Option<Vec<String>>>) else {
            self.wrong("`tags` must be a list of texts".to_owned(), node.place);
            return Vec::new();
        };
        tags.sort();
        tags.dedup();
        tags
    }

    /// The name of a field, or the names of several.
    fn names(&mut self, key: &str, node: &Node) -> Vec<String> {
        let nodes = node.as_sequence().unwrap_or(std::slice::from_ref(node));
        nodes.iter().filter_map(|node| self.name(key, node)).collect()
    }

    fn name(&mut self, key: &str, node: &Node) -> Option<String> {
        let Some(name) = node.as_str() else {
            self.wrong(format!("`{key}` should name a field, not be {}", node.kind()), node.place);
            return None;
        };
        self.field(name, node.place);
        match matchers::known(name, node.place) {
            Ok(()) => Some(name.to_owned()),
            Err(error) => {
                self.node_wrong(error, node);
                None
            }
        }
    }

    /// Notes a field of events.
    fn field(&mut self, name: &str, place: Place) {
        if name.contains('.') {
            self.fields.push((name.to_owned(), place));
        }
    }

    fn matchers(&mut self, node: &Node) -> Vec<Matcher> {
        let (read, wrong) = matchers::read(node);
        for error in wrong {
            self.node_wrong(error, node);
        }
        for (matcher, place) in &read {
            self.field(matcher.field(), *place);
            if matcher.field() == "rule" {
                let names = matcher.wanted().unwrap_or_default();
                let place = node.get("rule").map_or(*place, |node| node.place);
                self.rules.extend(names.iter().map(|name| (name.clone(), place)));
            }
        }
        read.into_iter().map(|(matcher, _)| matcher).collect()
    }

    fn pattern(&mut self) -> Option<Pattern> {
        let item = self.item;
        let mut given = PATTERNS.iter().filter_map(|key| Some((*key, item.get(key)?)));
        let Some((key, node)) = given.next() else {
            let place = item.head().map_or(item.node.place, |node| node.place);
            self.wrong(format!("one of {} is missing", PATTERNS.join(", ")), place);
            return None;
        };
        for (other, node) in given {
            self.wrong(format!("`{other}` and `{key}` exclude each other"), node.place);
        }
        if key == "sequence" {
            if let Some(node) = item.get("match") {
                self.wrong("a sequence has conditions in its steps, and no `match`".to_owned(), node.place);
            }
            return self.sequence(node);
        }
        let matchers = item.get("match").map(|node| self.matchers(node)).unwrap_or_default();
        if key == "threshold" {
            return Some(Pattern::Threshold { matchers, count: self.count(node)? });
        }
        let Some(entries) = node.as_mapping() else {
            let help = Some("such as `{field: fd.sport, count: 20}`".to_owned());
            self.wrong_help(
                format!("`distinct` is a field and a count, not {}", node.kind()),
                help,
                node.place,
            );
            return None;
        };
        self.unknown(
            entries.iter().filter_map(|(key, _)| Some((key.as_str()?, key.place))),
            &["field", "count"],
        );
        let (field, count) = (node.get("field"), node.get("count"));
        for (key, _) in [("field", field), ("count", count)].iter().filter(|(_, node)| node.is_none()) {
            self.wrong(format!("the key `{key}` is missing"), node.place);
        }
        let (field, count) = (field.map(|node| self.name("field", node)), count.map(|node| self.count(node)));
        Some(Pattern::Distinct { matchers, field: field??, count: count?? })
    }

    fn count(&mut self, node: &Node) -> Option<usize> {
        let max = Correlation::COUNT_MAX;
        let count =
            node.as_str().and_then(|text| text.parse().ok()).filter(|count| (2..=max).contains(count));
        if count.is_none() {
            self.wrong(format!("this should be a whole number from 2 to {max}"), node.place);
        }
        count
    }

    fn sequence(&mut self, node: &Node) -> Option<Pattern> {
        let max = Correlation::STEPS_MAX;
        let Some(nodes) = node.as_sequence().filter(|nodes| (2..=max).contains(&nodes.len())) else {
            self.wrong(format!("`sequence` is a list of 2 to {max} steps"), node.place);
            return None;
        };
        let mut steps = Vec::new();
        for node in nodes {
            let before = self.diagnostics.len();
            let matchers = self.matchers(node);
            if matchers.is_empty() && self.diagnostics.len() == before {
                self.wrong("a step without a condition would take any alert".to_owned(), node.place);
            }
            steps.push(matchers);
        }
        Some(Pattern::Sequence { steps })
    }
}
