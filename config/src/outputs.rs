//! The outputs: Falco's under their fixed names, and those of the list `outputs:`, in one form.

use lanner_alert::{Priority, Schedule};
use lanner_diagnostic::{Diagnostic, Node, Place, Value};

use crate::calendar;
use crate::check::{NO_EFFECT, WRONG_VALUE};
use crate::key::{self, Effect};
use crate::matchers;
use crate::settings::{
    AttemptSettings, DedupSettings, DigestSettings, LimitSettings, OutputEntry, RedactSettings,
};
use crate::values::Values;

/// The code of something that must be there and isn't.
const MISSING: &str = "CONFIG_MISSING";
/// The code of a configuration without any output.
pub(crate) const NO_OUTPUT: &str = "CONFIG_NO_OUTPUT";

/// The longest name of an output, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// The list's entries, as rows name them.
const LIST: &str = "outputs[].";

/// One of Falco's outputs.
struct Fixed {
    /// Its section, with a dot behind it.
    section: &'static str,
    /// Its name and type here.
    name: &'static str,
    /// The key without which Falco doesn't start where it is enabled.
    required: &'static str,
    /// Keys whose default is told to the output, since its own is another.
    defaults: &'static [&'static str],
}

const FIXED: [Fixed; 4] = [
    Fixed { section: "stdout_output.", name: "stdout", required: "", defaults: &[] },
    Fixed { section: "syslog_output.", name: "syslog", required: "", defaults: &[] },
    Fixed { section: "file_output.", name: "file", required: "filename", defaults: &[] },
    Fixed { section: "http_output.", name: "http", required: "url", defaults: &["user_agent"] },
];

/// All outputs of a checked tree: Falco's own first.
pub(crate) fn read(
    root: &Node,
    fields: &mut Vec<(String, Place)>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<OutputEntry> {
    let values = Values::root(root);
    let mut outputs: Vec<OutputEntry> =
        FIXED.iter().filter_map(|fixed| fixed.read(root, diagnostics)).collect();
    if values.bool("program_output.enabled") {
        let message = "`program_output` is enabled, but nothing is sent to it: Lanner doesn't have it yet";
        let place = values.place("program_output.enabled");
        diagnostics.push(Diagnostic::warning(NO_EFFECT, message).at(place));
        if values.text("program_output.program").is_empty() {
            diagnostics.push(missing("program_output.program", place));
        }
    }
    let shared = limit(values, "router.rate_limit.", "router.rate_limit", fields, diagnostics);
    for node in values.node("outputs").and_then(Node::as_sequence).unwrap_or_default() {
        let Some(mut output) = entry(node, fields, diagnostics) else { continue };
        // An audit wants each of them.
        output.limit = output.limit.or_else(|| shared.clone().filter(|_| !output.audit));
        output.dedup = own_dedup(Values::of(node, "outputs[]."), values, fields, diagnostics);
        if outputs.iter().any(|other| other.name == output.name) {
            let message = format!("there is another output with the name `{}`", output.name);
            let place = node.get("name").unwrap_or(node).place;
            diagnostics.push(Diagnostic::error(WRONG_VALUE, message).at(place));
        }
        outputs.push(output);
    }
    if outputs.is_empty() {
        let message = "there is no output: alerts are kept in the journal, but nobody is told";
        let help =
            "`stdout_output: { enabled: true }` prints them, and `outputs:` takes any number of others";
        diagnostics.push(Diagnostic::warning(NO_OUTPUT, message).help(help));
    }
    outputs
}

impl Fixed {
    /// The output, where it is enabled and has what it needs.
    fn read(&self, root: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<OutputEntry> {
        let section = root.get(self.section.trim_end_matches('.'))?;
        let values = Values::of(section, self.section);
        if !values.bool("enabled") {
            return None;
        }
        if !self.required.is_empty() && values.text(self.required).is_empty() {
            let what = format!("{}{}", self.section, self.required);
            diagnostics.push(missing(&what, values.place(self.required)));
            return None;
        }
        let effective = |name: &Node| {
            let path = format!("{}{}", self.section, name.as_str().unwrap_or_default());
            name.as_str() != Some("enabled") && key::row(&path).is_some_and(|row| row.effect == Effect::Yes)
        };
        let mut entries: Vec<(Node, Node)> =
            section.as_mapping()?.iter().filter(|(name, _)| effective(name)).cloned().collect();
        let plain = |text: &str| Node { place: section.place, value: Value::Plain(text.to_owned()) };
        for name in self.defaults.iter().filter(|name| values.node(name).is_none()) {
            entries.push((plain(name), plain(values.text(name))));
        }
        Some(OutputEntry {
            name: self.name.to_owned(),
            kind: self.name.to_owned(),
            fixed: true,
            audit: false,
            dedup: None,
            min_priority: Priority::Debug,
            batch: 1,
            attempts: attempts(Values::of(&plain(""), LIST)),
            heartbeat: None,
            limit: None,
            digest: None,
            redact: RedactSettings::default(),
            node: Node { place: section.place, value: Value::Mapping(entries) },
        })
    }
}

pub(crate) fn missing(what: &str, place: Place) -> Diagnostic {
    Diagnostic::error(MISSING, format!("`{what}` is missing")).at(place)
}

/// An entry of the list `outputs:`; nothing where it has no name or type.
fn entry(
    node: &Node,
    fields: &mut Vec<(String, Place)>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<OutputEntry> {
    let values = Values::of(node, LIST);
    let mut required = |key| {
        let text = values.text(key);
        if text.is_empty() {
            let message = format!("the `{key}` of this output is missing");
            diagnostics.push(Diagnostic::error(MISSING, message).at(values.place(key)));
        }
        (!text.is_empty()).then(|| text.to_owned())
    };
    let (name, kind) = (required("name"), required("type"));
    let (name, kind) = (name?, kind?);
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.len() > NAME_BYTES_MAX || !name.chars().all(fits) {
        let message = format!("a name has up to {NAME_BYTES_MAX} letters, digits, and `-`, `_` or `.`");
        diagnostics.push(Diagnostic::error(WRONG_VALUE, message).at(values.place("name")));
    }
    let common: Vec<&str> = key::names("outputs[]").filter(|name| *name != "*").collect();
    let own = |(name, _): &&(Node, Node)| !name.as_str().is_some_and(|name| common.contains(&name));
    let own = node.as_mapping()?.iter().filter(own).cloned().collect();
    Some(OutputEntry {
        name,
        kind,
        fixed: false,
        audit: values.bool("audit"),
        dedup: None,
        min_priority: values.priority("min_priority"),
        batch: usize::try_from(values.whole("batch")).unwrap_or(1),
        attempts: attempts(values),
        heartbeat: None,
        limit: limit(values, "rate_limit.", "rate_limit", fields, diagnostics),
        digest: digest(values, diagnostics),
        redact: redact(values),
        node: Node { place: node.place, value: Value::Mapping(own) },
    })
}

/// What makes repeats a count: the output's own, else that of all.
fn own_dedup(
    own: Values,
    all: Values,
    fields: &mut Vec<(String, Place)>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<DedupSettings> {
    match own.node("dedup") {
        Some(node) if node.as_mapping().is_some() => Some(dedup(own, "dedup.", fields, diagnostics)),
        Some(node) if node.as_str().is_some_and(|word| word.eq_ignore_ascii_case("off")) => None,
        _ => Some(dedup(all, "router.dedup.", fields, diagnostics)),
    }
}

fn dedup(
    values: Values,
    prefix: &str,
    fields: &mut Vec<(String, Place)>,
    diagnostics: &mut Vec<Diagnostic>,
) -> DedupSettings {
    // The shared settings are read for each output.
    let by = matchers::fields(&values.texts(&format!("{prefix}by")), fields, diagnostics);
    DedupSettings { by, window: values.duration(&format!("{prefix}window")) }
}

fn limit(
    values: Values,
    prefix: &str,
    section: &str,
    fields: &mut Vec<(String, Place)>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<LimitSettings> {
    let node = values.node(section)?;
    let key = |name: &str| format!("{prefix}{name}");
    if values.node(&key("rate")).is_none() {
        diagnostics.push(missing(&key("rate"), node.place));
    }
    let mut per = values.texts(&key("per"));
    per.retain(|node| node.as_str() != Some("output"));
    let per = matchers::fields(&per, fields, diagnostics);
    let rate = values.rate(&key("rate"))?;
    let (burst, summary) = (values.count(&key("burst")), values.duration(&key("summary")));
    Some(LimitSettings { per, rate, burst, summary })
}

fn attempts(values: Values) -> AttemptSettings {
    AttemptSettings {
        timeout: values.duration("attempt_timeout"),
        failures: values.count("breaker.failures").get(),
        pause: values.duration("breaker.pause"),
    }
}

fn redact(values: Values) -> RedactSettings {
    let mapping = values.node("redact").is_some_and(|node| node.as_mapping().is_some());
    let on = if mapping { Some(true) } else { values.set_bool("redact") };
    let list = |key| values.node(key).and_then(Node::as_sequence).unwrap_or_default().to_vec();
    RedactSettings { on, patterns: list("redact.patterns"), keep: list("redact.keep") }
}

fn digest(values: Values, diagnostics: &mut Vec<Diagnostic>) -> Option<DigestSettings> {
    let immediate_from = values.node("immediate_from").map(|_| values.priority("immediate_from"));
    if let Some(digest) = values.node("digest") {
        let schedule = schedule(values, digest, diagnostics)?;
        return Some(DigestSettings { schedule, immediate_from });
    }
    if immediate_from.is_some() {
        let message = "without a `digest`, everything is sent at once";
        let place = values.place("immediate_from");
        diagnostics.push(Diagnostic::error(WRONG_VALUE, message).at(place));
    }
    None
}

fn schedule(values: Values, digest: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<Schedule> {
    let (every, at) = (values.node("digest.every"), values.node("digest.at"));
    let mut wrong = |message: String, node: &Node| {
        diagnostics.push(Diagnostic::error(WRONG_VALUE, message).at(node.place));
    };
    let (node, rest) = match (every, at) {
        (Some(every), None) => {
            if let Some(zone) = values.node("digest.zone") {
                wrong("only times of the day (`at`) are in a time zone".to_owned(), zone);
            }
            return Some(Schedule::Every(lanner_alert::duration(every.as_str()?).ok()?));
        }
        (None, Some(at)) => (at, values.texts("digest.at")),
        (Some(_), Some(at)) => {
            wrong("either `every` or `at`, not both".to_owned(), at);
            return None;
        }
        (None, None) => {
            diagnostics.push(missing("digest.every` or `digest.at", digest.place));
            return None;
        }
    };
    let mut times = Vec::new();
    for text in &rest {
        match text.as_str().and_then(Schedule::time) {
            Some(time) => times.push(time),
            None => wrong(
                format!("`{}` is no time of the day such as `08:00`", text.as_str().unwrap_or_default()),
                text,
            ),
        }
    }
    if rest.is_empty() {
        wrong("at least one time of the day is needed".to_owned(), node);
    }
    let zone = values.node("digest.zone").and_then(|node| calendar::zone(node, diagnostics));
    (!times.is_empty()).then_some(Schedule::Daily { times, zone })
}
