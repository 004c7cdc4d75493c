//! The settings as the rest of Lanner takes them: checked, typed, and with their defaults.

use std::fmt;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use lanner_alert::{Matcher, Priority, Schedule, Silence};
use lanner_diagnostic::{Diagnostic, Node, Place};

use crate::check::{NO_EFFECT, WRONG_VALUE};
use crate::engines;
use crate::heartbeat;
use crate::inhibit;
use crate::outputs;
use crate::quantity::Rate;
use crate::route::{self, RouteSettings};
use crate::rules::{self, RulesSettings};
use crate::silences;
use crate::values::Values;

/// All settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// What this host is called in alerts (`FALCO_HOSTNAME`), where it isn't the system's name.
    pub hostname: Option<String>,
    /// Which rules there are, and what is added to them.
    pub rules: RulesSettings,
    /// The form of alerts.
    pub format: FormatSettings,
    /// How much Lanner's own log says, as the crate `tracing` names it.
    pub log_level: &'static str,
    /// How events are captured.
    pub detector: DetectorSettings,
    /// Where alerts are kept.
    pub journal: JournalSettings,
    /// The outputs: Falco's own first, then those of the list.
    pub outputs: Vec<OutputEntry>,
    /// To which of them an alert goes.
    pub route: RouteSettings,
    /// Which alerts keep others from being sent.
    pub inhibit: Vec<InhibitSettings>,
    /// What isn't sent for a time.
    pub silences: Vec<Silence>,
    /// The fields of alerts that the configuration names, each with its place: alerts must carry their values.
    pub fields: Vec<(String, Place)>,
}

/// The form of alerts: Falco's `json_*` and `time_format_iso_8601`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormatSettings {
    /// Whether lines are JSON objects.
    pub json: bool,
    /// Whether the object has `output`.
    pub output: bool,
    /// Whether the object has `message`.
    pub message: bool,
    /// Whether the object has `output_fields`.
    pub output_fields: bool,
    /// Whether the object has `tags`.
    pub tags: bool,
    /// Whether times in lines of text have a date and are in UTC.
    pub iso_8601: bool,
}

/// How events are captured.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectorSettings {
    /// The size of the ring buffer in bytes: a power of two.
    pub buffer_size: u32,
    /// How often it is read.
    pub poll_interval: Duration,
    /// Which engines are asked about containers, and where.
    pub engines: Vec<EngineSettings>,
    /// How long a hit waits for a container's data.
    pub container_wait: Duration,
    /// Whether rules that name no event type see all events.
    pub all_events: bool,
    /// Events that such rules see too, or, with a `!` before it, don't see: scalars.
    pub custom_events: Vec<Node>,
    /// What to do about lost events.
    pub drops: DropSettings,
}

/// What to do about lost events.
#[derive(Debug, Clone, PartialEq)]
pub struct DropSettings {
    /// Above which share of the events of a second to act.
    pub threshold: f64,
    /// What to do.
    pub actions: Vec<DropAction>,
    /// How often to do it, per second.
    pub rate: f64,
    /// How often to do it at once.
    pub max_burst: u32,
    /// Whether to act as if an event were lost each second.
    pub simulate: bool,
}

/// Something to do about lost events. `ignore` is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropAction {
    /// Say it in the log.
    Log,
    /// Raise an alert.
    Alert,
    /// End.
    Exit,
}

/// A container engine, where it isn't as usual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineSettings {
    /// Its name.
    pub name: &'static str,
    /// Whether it is asked.
    pub enabled: bool,
    /// Where it is asked; the usual places where this isn't set.
    pub sockets: Option<Vec<PathBuf>>,
}

/// Where alerts are kept, and how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalSettings {
    /// The journal's file. Its folder may not exist yet.
    pub path: PathBuf,
    /// The most bytes that it takes on the disk.
    pub max_size: u64,
    /// How long an alert is kept.
    pub max_age: Duration,
    /// Whether what is accepted survives a power cut.
    pub sync_full: bool,
}

/// An output: what all have, and what is its own.
#[derive(Clone, PartialEq)]
pub struct OutputEntry {
    /// Its name.
    pub name: String,
    /// The word of `type:`; not checked, since this crate doesn't know the outputs.
    pub kind: String,
    /// Whether it is one of Falco's under a fixed name, such as `stdout`.
    pub fixed: bool,
    /// Whether it gets what is silenced, too.
    pub audit: bool,
    /// What makes repeats a count.
    pub dedup: Option<DedupSettings>,
    /// What has a lower priority is not for it.
    pub min_priority: Priority,
    /// The most notifications that are sent at once.
    pub batch: usize,
    /// How it is tried.
    pub attempts: AttemptSettings,
    /// How often it gets a sign of life.
    pub heartbeat: Option<Duration>,
    /// How many notifications it is sent.
    pub limit: Option<LimitSettings>,
    /// What it collects.
    pub digest: Option<DigestSettings>,
    /// Whether secrets are taken out of what it is sent.
    pub redact: RedactSettings,
    /// The settings of its type: a mapping without what all outputs have. It may hold secrets.
    pub node: Node,
}

impl fmt::Debug for OutputEntry {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        // Without the node, and the type that may be one by mistake: they may hold secrets.
        f.debug_struct("OutputEntry")
            .field("name", &self.name)
            .field("fixed", &self.fixed)
            .field("min_priority", &self.min_priority)
            .field("batch", &self.batch)
            .field("attempts", &self.attempts)
            .field("heartbeat", &self.heartbeat)
            .field("limit", &self.limit)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

/// Whether secrets are taken out of what an output is sent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RedactSettings {
    /// Whether they are; where it isn't said, the type of the output decides.
    pub on: Option<bool>,
    /// Regular expressions for more secrets: scalars.
    pub patterns: Vec<Node>,
    /// Regular expressions for what isn't secret: scalars.
    pub keep: Vec<Node>,
}

/// How an output is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptSettings {
    /// How long an attempt may take.
    pub timeout: Duration,
    /// After so many failures in a row only probes are sent.
    pub failures: u32,
    /// How long from one probe to the next.
    pub pause: Duration,
}

/// How many notifications an output is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitSettings {
    /// The fields whose values have a rate each; none for one rate of the whole output.
    pub per: Vec<String>,
    /// So many.
    pub rate: Rate,
    /// So many at once after a quiet time.
    pub burst: NonZeroU32,
    /// How long after the first that was withheld the summary comes.
    pub summary: Duration,
}

/// Which alerts keep which others from being sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InhibitSettings {
    /// All of these are true of the first.
    pub source: Vec<Matcher>,
    /// All of these are true of the others.
    pub target: Vec<Matcher>,
    /// The fields of which both have the same values.
    pub equal: Vec<String>,
    /// For how long after the last occurrence of the first.
    pub lasts: Duration,
}

/// What makes repeats a count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DedupSettings {
    /// The fields that alerts which are the same have in common; none for the usual ones.
    pub by: Vec<String>,
    /// How long after its last occurrence an alert is new again.
    pub window: Duration,
}

/// What an output collects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestSettings {
    /// When a digest goes out.
    pub schedule: Schedule,
    /// What has this priority or a higher one goes at once.
    pub immediate_from: Option<Priority>,
}

/// The settings of a checked tree, and what is wrong beyond a single value.
pub(crate) fn read(root: &Node, hostname: Option<String>, diagnostics: &mut Vec<Diagnostic>) -> Settings {
    let values = Values::root(root);
    across(values, diagnostics);
    let mut fields = Vec::new();
    let mut outputs = outputs::read(root, &mut fields, diagnostics);
    heartbeat::read(root, &mut outputs, diagnostics);
    Settings {
        hostname: hostname.filter(|name| !name.is_empty()),
        rules: rules::read(values),
        format: FormatSettings {
            json: values.bool("json_output"),
            output: values.bool("json_include_output_property"),
            message: values.bool("json_include_message_property"),
            output_fields: values.bool("json_include_output_fields_property"),
            tags: values.bool("json_include_tags_property"),
            iso_8601: values.bool("time_format_iso_8601"),
        },
        log_level: log_level(values.word("log_level")),
        detector: DetectorSettings {
            // Preset 1 is 1 MiB, and each step doubles it.
            buffer_size: 1 << (19 + values.whole("engine.modern_ebpf.buf_size_preset").clamp(1, 10)),
            poll_interval: values.duration("detector.poll_interval"),
            engines: engines::read(root),
            container_wait: values.duration("detector.containers.wait"),
            all_events: values.bool("base_syscalls.all"),
            custom_events: values.texts("base_syscalls.custom_set").into_iter().cloned().collect(),
            drops: drops(values),
        },
        journal: JournalSettings {
            path: values.text("journal.path").into(),
            max_size: values.bytes("journal.max_size"),
            max_age: values.duration("journal.max_age"),
            sync_full: values.word("journal.sync") == "full",
        },
        route: route::read(root, &outputs, &mut fields, diagnostics),
        inhibit: inhibit::read(root, &mut fields, diagnostics),
        silences: silences::read(root, &mut fields, diagnostics),
        outputs,
        fields,
    }
}

fn drops(values: Values) -> DropSettings {
    let action = |node: &Node| match node.as_str() {
        Some("log") => Some(DropAction::Log),
        Some("alert") => Some(DropAction::Alert),
        Some("exit") => Some(DropAction::Exit),
        _ => None,
    };
    let actions = values.texts("syscall_event_drops.actions");
    DropSettings {
        threshold: values.number("syscall_event_drops.threshold"),
        actions: match actions.is_empty() {
            true => vec![DropAction::Log, DropAction::Alert],
            false => actions.into_iter().filter_map(action).collect(),
        },
        rate: values.number("syscall_event_drops.rate"),
        max_burst: u32::try_from(values.whole("syscall_event_drops.max_burst")).unwrap_or(u32::MAX),
        simulate: values.bool("syscall_event_drops.simulate_drops"),
    }
}

/// What is wrong although each value by itself is right.
fn across(values: Values, diagnostics: &mut Vec<Diagnostic>) {
    let kind = values.word("engine.kind");
    if kind == "kmod" {
        let message = "Lanner has no kernel module: events come from eBPF, as with `modern_ebpf`";
        diagnostics.push(Diagnostic::note(NO_EFFECT, message).at(values.place("engine.kind")));
    }
    let mut error = |message: String, place: Place| {
        diagnostics.push(Diagnostic::error(WRONG_VALUE, message).at(place));
    };
    if matches!(kind, "replay" | "nodriver") {
        error(format!("there is no source of the kind `{kind}` yet"), values.place("engine.kind"));
    }
    if values.node("rules_file").is_some() && values.node("rules_files").is_some() {
        let message = "there is `rules_files` too, of which this is the old name".to_owned();
        error(message, values.place("rules_file"));
    }
    let plugins = values.node("plugins").and_then(Node::as_sequence).unwrap_or_default();
    for name in values.texts("load_plugins") {
        let text = name.as_str().unwrap_or_default();
        if !plugins.iter().any(|plugin| plugin.get("name").and_then(Node::as_str) == Some(text)) {
            error(format!("`plugins` has no plugin `{text}`"), name.place);
        }
    }
    if values.text("journal.path").is_empty() {
        error("the path of the journal is empty".to_owned(), values.place("journal.path"));
    }
}

fn log_level(falco: &str) -> &'static str {
    match falco {
        "emergency" | "alert" | "critical" | "error" | "fatal" => "error",
        "warning" => "warn",
        "debug" => "debug",
        "trace" => "trace",
        _ => "info",
    }
}
