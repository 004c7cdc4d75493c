//! The only file that knows every crate: what was configured, made into what runs.

pub mod capture;
mod texts;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use jiff::tz::TimeZone;
use lanner_alert::Alert;
use lanner_alert::falco::{JsonOptions, TimeFormat};
use lanner_bus::{Entry, Held, Journal, OpenError, Registered, Sender, Synchronous};
use lanner_config::{
    DropAction, DropSettings, InhibitSettings, Loaded, Options, OutputEntry, RedactSettings, Settings,
};
use lanner_detector::container_users::ContainerUsers;
use lanner_detector::containers::{self, Engines};
use lanner_detector::names::Names;
use lanner_detector::source::live;
use lanner_detector::state::State;
use lanner_detector::{Detector, DropPolicy, KEY_FIELDS, Outcome, key_fingerprint};
use lanner_diagnostic::{Diagnostic, Node, nearest};
use lanner_event::FieldRef;
use lanner_event::fields::Fields;
use lanner_outputs::{Common, Templates};
use lanner_router::{
    BreakerSettings, Correlate, DedupSettings, DeliverySettings, DigestSettings, Inhibit, InhibitRule,
    LimitSettings, Output, OutputPolicy, PatternKind, Pipeline, Redactor, Route, Router, Silences,
    system_jitter,
};
use lanner_rules::{AppendOutput, ExtraField, Matching, RuleSet, Selection, Sourced, Toggle};

/// A configuration that was read, with its rules and outputs.
pub struct Prepared {
    /// The configuration as it was read, and all there is to say of it, of its rules and of its outputs.
    pub loaded: Loaded,
    /// The rules.
    pub rules: Arc<RuleSet>,
    /// How they were compiled.
    pub rules_options: lanner_rules::Options,
    /// To which outputs an alert goes, and how.
    pub route: Route,
    /// The outputs.
    pub outputs: Vec<Box<dyn Output>>,
    /// The own texts of each of the outputs, which count where they fail.
    pub templates: Vec<Templates>,
    /// What takes secrets out of what each of the outputs is sent.
    pub redactors: Vec<Option<Arc<Redactor>>>,
}

/// Reads everything and starts nothing. `strict` makes errors of what Falco would run with.
pub fn prepare(options: &Options, strict: bool) -> Prepared {
    let mut loaded = lanner_config::load(options, &|name| std::env::var(name).ok());
    if strict {
        loaded = loaded.strict();
    }
    let texts = texts::of_outputs(&mut loaded);
    let route = texts::of_routes(&mut loaded);
    let rules_options = rules_options(&loaded);
    loaded.diagnostics.extend(unknown_fields(&loaded.settings));
    loaded.diagnostics.extend(capture::unknown_events(&loaded.settings.detector));
    let wanted = wanted_fields(&loaded.settings);
    let (rules, diagnostics) =
        RuleSet::compile(&loaded.sources, &loaded.rules, Fields::ALL, &wanted, &rules_options);
    loaded.diagnostics.extend(diagnostics);
    let (mut outputs, mut templates) = (Vec::new(), Vec::new());
    for (entry, (node, common)) in loaded.settings.outputs.iter().zip(texts) {
        templates.push(common.templates.clone());
        match lanner_outputs::build(&entry.kind, &node, &common) {
            Ok(output) => outputs.push(output),
            Err(error) => {
                let diagnostic = loaded.secrets.hide_in(error.into_diagnostic("CONFIG_OUTPUT"));
                loaded.diagnostics.push(diagnostic);
            }
        }
    }
    let entries = &loaded.settings.outputs;
    let redactors = entries.iter().map(|entry| redactor(entry, &mut loaded.diagnostics)).collect();
    Prepared { loaded, rules: Arc::new(rules), rules_options, route, outputs, templates, redactors }
}

fn redactor(entry: &OutputEntry, diagnostics: &mut Vec<Diagnostic>) -> Option<Arc<Redactor>> {
    let RedactSettings { on, patterns, keep } = &entry.redact;
    if !on.unwrap_or_else(|| lanner_outputs::redacts(&entry.kind)) {
        return None;
    }
    let texts = |nodes: &[Node]| -> Vec<String> {
        nodes.iter().map(|node| node.as_str().unwrap_or_default().to_owned()).collect()
    };
    match Redactor::new(&texts(patterns), &texts(keep)) {
        Ok(redactor) => Some(Arc::new(redactor)),
        Err(error) => {
            let list = if error.kind == PatternKind::Secret { patterns } else { keep };
            let place = list.get(error.at).map_or(entry.node.place, |node| node.place);
            diagnostics.push(Diagnostic::error("CONFIG_PATTERN", error.message).at(place));
            None
        }
    }
}

/// How the configuration wants rules compiled.
pub fn rules_options(loaded: &Loaded) -> lanner_rules::Options {
    let rules = &loaded.settings.rules;
    let sourced = |node: &Node| Sourced::from_node(node, &loaded.sources);
    let extra_field = |(name, format): &(Node, Option<Node>)| ExtraField {
        name: sourced(name),
        format: format.as_ref().map(sourced),
    };
    lanner_rules::Options {
        matching: if rules.match_all { Matching::All } else { Matching::First },
        min_priority: rules.min_priority,
        append_output: rules
            .append_output
            .iter()
            .map(|append| AppendOutput {
                source: append.source.clone(),
                tags: append.tags.clone(),
                rule: append.rule.clone(),
                extra_output: append.extra_output.as_ref().map(sourced),
                extra_fields: append.extra_fields.iter().map(extra_field).collect(),
                suggested_output: append.suggested_output,
                place: append.place,
            })
            .collect(),
        selection: rules
            .selection
            .iter()
            .map(|selection| Selection {
                toggle: if selection.enable { Toggle::Enable } else { Toggle::Disable },
                rule: selection.rule.clone(),
                tag: selection.tag.clone(),
                place: selection.place,
            })
            .collect(),
        static_fields: rules.static_fields.clone(),
    }
}

/// Names of fields that no event has; those without a dot are the alert's own.
fn unknown_fields(settings: &Settings) -> Vec<Diagnostic> {
    let named = settings.fields.iter().filter(|(name, _)| name.contains('.'));
    let wrong = named.filter_map(|(name, place)| Some((name, place, FieldRef::from_name(name).err()?)));
    let unknown = wrong.map(|(name, place, error)| {
        let near = nearest(name, Fields::ALL.rows().map(|row| row.name));
        Diagnostic::error("CONFIG_UNKNOWN_FIELD", error.to_string()).at(*place).help_nearest(near)
    });
    unknown.collect()
}

/// The fields that alerts carry, whatever their rule prints: what outputs show, what tells alerts apart, and what the
/// configuration asks for.
fn wanted_fields(settings: &Settings) -> Vec<FieldRef> {
    let mut wanted: Vec<FieldRef> = Vec::new();
    let shown = KEY_FIELDS.iter().copied().chain(lanner_outputs::fields_shown()).map(str::to_owned);
    let named = settings.fields.iter().map(|(name, _)| name.clone());
    for name in shown.chain(named) {
        // An output shows what there is; a name without a field, such as one of another source, isn't there.
        if let Some(field) = FieldRef::from_name(&name).ok().filter(|field| !wanted.contains(field)) {
            wanted.push(field);
        }
    }
    wanted
}

/// The names of the fields that every alert carries where its event has them.
pub fn carried(settings: &Settings) -> Vec<String> {
    wanted_fields(settings).iter().map(ToString::to_string).collect()
}

fn common(name: &str, batch: usize, settings: &Settings) -> Common {
    let zone = TimeZone::system();
    let format = settings.format;
    let time_format = if format.iso_8601 { TimeFormat::Iso8601 } else { TimeFormat::Clock(zone.clone()) };
    Common {
        name: name.into(),
        hostname: hostname(settings).into(),
        batch,
        json_output: format.json,
        json: JsonOptions {
            output: format.output,
            message: format.message,
            output_fields: format.output_fields,
            tags: format.tags,
            time_format,
        },
        zone,
        templates: Templates::default(),
    }
}

/// What this host is called in alerts.
pub fn hostname(settings: &Settings) -> String {
    settings.hostname.clone().unwrap_or_else(|| {
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        name.trim().to_owned()
    })
}

/// How often it is looked whether a full disk has room.
const FULL_DISK_RETRY: Duration = Duration::from_secs(1);

/// Opens the journal, and makes its folder; waits where the disk is full.
pub fn open_journal(settings: &Settings) -> anyhow::Result<Journal> {
    let path = &settings.journal.path;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("the journal's folder {} can't be made", folder.display()))?;
    }
    let mut options = lanner_bus::Settings::at(path);
    options.max_size = settings.journal.max_size;
    options.max_age = settings.journal.max_age;
    options.sync = if settings.journal.sync_full { Synchronous::Full } else { Synchronous::Normal };
    options.hostname = hostname(settings).into();
    let names: Vec<String> = settings.outputs.iter().map(|output| output.name.clone()).collect();
    let mut said = false;
    loop {
        match Journal::open(options.clone(), &names) {
            // What the kernel sees meanwhile waits in the ring buffer, and what doesn't fit is counted.
            Err(error @ OpenError::Full { .. }) => {
                if !std::mem::replace(&mut said, true) {
                    tracing::error!("{error}; nothing is watched until there is");
                }
                std::thread::sleep(FULL_DISK_RETRY);
            }
            opened => return Ok(opened?),
        }
    }
}

/// Starts the router and its workers.
pub async fn start_router(
    settings: &Settings,
    journal: &Journal,
    rules: &RuleSet,
    route: Route,
    outputs: Vec<Box<dyn Output>>,
    redactors: Vec<Option<Arc<Redactor>>>,
) -> anyhow::Result<Router> {
    let handle = journal.handle();
    let pipeline = pipeline(settings, rules, route, handle.outputs(), redactors);
    let delivery = |entry: &OutputEntry| DeliverySettings {
        batch: entry.batch,
        timeout: entry.attempts.timeout,
        breaker: BreakerSettings { failures: entry.attempts.failures, pause: entry.attempts.pause },
    };
    let outputs = settings.outputs.iter().zip(outputs);
    let outputs = outputs.map(|(entry, output)| (output, delivery(entry), system_jitter())).collect();
    Ok(Router::start(handle, pipeline, outputs).await?)
}

/// The stages as configured.
fn pipeline(
    settings: &Settings,
    rules: &RuleSet,
    route: Route,
    outputs: &[Registered],
    redactors: Vec<Option<Arc<Redactor>>>,
) -> Pipeline {
    let host: Arc<str> = hostname(settings).into();
    let policies = settings.outputs.iter().zip(redactors);
    let policies = policies.map(|(entry, redactor)| policy(entry, redactor, &host)).collect();
    let inhibit = Inhibit::new(settings.inhibit.iter().map(inhibit_rule).collect());
    let silences = Silences::new(settings.silences.clone(), TimeZone::system());
    Pipeline::new(route, outputs, policies)
        .with_zone(TimeZone::system())
        .with_correlations(Correlate::new(rules.correlations().to_vec()))
        .with_silences(silences)
        .with_mark(inhibit)
}

/// The stages as configured, without a journal and with nothing remembered: to say what they would do.
pub fn unkept_pipeline(
    settings: &Settings,
    rules: &RuleSet,
    route: Route,
    redactors: Vec<Option<Arc<Redactor>>>,
) -> Pipeline {
    let outputs = settings.outputs.iter().zip(0..);
    let outputs: Vec<Registered> =
        outputs.map(|(entry, place)| Registered::unkept(place, &entry.name)).collect();
    pipeline(settings, rules, route, &outputs, redactors)
}

/// An alert that was read, with the fingerprint that the detector would give it.
pub fn fingerprinted(alert: Alert) -> Alert {
    let fingerprint = key_fingerprint(&alert.rule, &alert.output_fields, &alert.hostname);
    Alert { fingerprint, ..alert }
}

fn policy(entry: &OutputEntry, redactor: Option<Arc<Redactor>>, host: &Arc<str>) -> OutputPolicy {
    OutputPolicy {
        name: entry.name.clone(),
        min_priority: entry.min_priority,
        audit: entry.audit,
        dedup: entry.dedup.as_ref().map(|dedup| DedupSettings { by: dedup.by.clone(), window: dedup.window }),
        limit: entry.limit.as_ref().map(|limit| LimitSettings {
            per: limit.per.clone(),
            period: limit.rate.period(),
            burst: limit.burst,
            summary: limit.summary,
        }),
        digest: entry.digest.as_ref().map(|digest| DigestSettings {
            schedule: digest.schedule.clone(),
            zone: TimeZone::system(),
            immediate_from: digest.immediate_from,
        }),
        groups: !entry.fixed,
        heartbeat: entry.heartbeat.map(|every| (every, host.clone())),
        redactor,
    }
}

fn inhibit_rule(settings: &InhibitSettings) -> InhibitRule {
    let InhibitSettings { source, target, equal, lasts } = settings.clone();
    InhibitRule { source, target, equal, lasts }
}

/// The detector, and what it hands on put into the journal.
pub fn detector(
    settings: &Settings,
    rules: &Arc<RuleSet>,
    held: &[Held],
    sender: &Sender,
) -> anyhow::Result<Detector> {
    let mut detector = recorder(settings, rules)?;
    for held in held {
        detector.restore(held.id, &held.body, &mut |outcome| sender.send(entry(outcome)).is_ok());
    }
    Ok(detector)
}

/// The detector by itself, with nothing that waited before.
pub fn recorder(settings: &Settings, rules: &Arc<RuleSet>) -> anyhow::Result<Detector> {
    let wait = settings.detector.container_wait;
    let engines = engines(settings)?;
    let state = State::new(&hostname(settings), live::cgroups_are_v2());
    let names =
        Names::start(rules.host_names()).context("the thread that resolves names can't be started")?;
    let users = ContainerUsers::start(wait).context("the threads that read users can't be started")?;
    let detector = Detector::new(state, rules.clone(), engines, wait);
    let policy = drop_policy(&settings.detector.drops);
    Ok(detector.with_names(names).with_container_users(users).with_drop_policy(policy))
}

fn drop_policy(settings: &DropSettings) -> DropPolicy {
    let does = |action| settings.actions.contains(&action);
    DropPolicy {
        threshold: settings.threshold,
        log: does(DropAction::Log),
        alert: does(DropAction::Alert),
        exit: does(DropAction::Exit),
        rate: settings.rate,
        max_burst: settings.max_burst,
        simulate: settings.simulate,
    }
}

/// What the detector hands on, as the journal takes it.
pub fn entry(outcome: Outcome) -> Entry {
    match outcome {
        Outcome::Alert(alert) => Entry::Alert(alert),
        Outcome::Hold { id, deadline, body } => Entry::Hold(Held { id, deadline, body }),
        Outcome::Judged { id, alerts } => Entry::Judged { held: id, alerts },
    }
}

/// What asks the container engines.
pub fn engines(settings: &Settings) -> anyhow::Result<Engines> {
    let (engines, wait) = (engine_settings(settings), settings.detector.container_wait);
    Engines::start(&containers::Settings { engines, wait })
        .context("the thread that asks container engines can't be started")
}

/// The container engines that aren't as usual.
pub fn engine_settings(settings: &Settings) -> Vec<containers::EngineSettings> {
    let engine = |engine: &lanner_config::EngineSettings| containers::EngineSettings {
        name: engine.name.to_owned(),
        enabled: engine.enabled,
        sockets: engine.sockets.clone(),
    };
    settings.detector.engines.iter().map(engine).collect()
}
