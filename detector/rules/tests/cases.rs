//! Literate cases: Markdown files that say, of rules and events, what comes of them (`cases/README.md`).

#[path = "cases/markdown.rs"]
mod markdown;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lanner_alert::Value;
use lanner_diagnostic::{Diagnostic, Node, Severity, SourceText, Sources, parse, plain};
use lanner_event::fields::Fields;
use lanner_event::sample::Sample;
use lanner_event::{EventSource, Reading};
use lanner_rules::cases::sample;
use lanner_rules::{
    AppendOutput, ExtraField, Hit, Matching, Options, RuleSet, Scratch, Selection, Sourced, Toggle,
};
use markdown::{Item, sections};

/// What the cases of a section are about; sections below it have it too.
#[derive(Clone, Default)]
struct Setting {
    level: usize,
    files: Vec<(String, String)>,
    /// The parts of the configuration that rules are compiled by, as text.
    options: Option<String>,
    event: Option<Box<Sample>>,
}

/// Rules compiled, and what there was to say.
struct Compiled {
    set: RuleSet,
    sources: Sources,
    diagnostics: Vec<Diagnostic>,
}

type Checked = Result<(), String>;

fn yaml(text: &str) -> Result<Vec<Node>, String> {
    let mut sources = Sources::default();
    let id = sources.add(SourceText::new("block", text));
    parse(sources.get(id), id).map_err(|error| plain(&error, &sources))
}

impl Setting {
    /// Compiles the files; `matching` counts, if it is there, not the options.
    fn compile(&self, more: Option<&str>, matching: Option<Matching>) -> Compiled {
        let mut sources = Sources::default();
        let mut options = self.options.as_ref().map_or_else(Options::default, |text| {
            let id = sources.add(SourceText::new("options", text.as_str()));
            let nodes =
                parse(sources.get(id), id).unwrap_or_else(|error| panic!("{}", plain(&error, &sources)));
            options(&nodes[0], &sources).unwrap_or_else(|error| panic!("{error}: {text}"))
        });
        options.matching = matching.unwrap_or(options.matching);
        let files = self.files.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        let files = files.chain(more.map(|text| ("case", text)));
        let ids: Vec<_> = files.map(|(name, text)| sources.add(SourceText::new(name, text))).collect();
        let (set, diagnostics) = RuleSet::compile(&sources, &ids, Fields::ALL, &[], &options);
        Compiled { set, sources, diagnostics }
    }

    fn event(&self) -> Result<&Sample, String> {
        self.event.as_deref().ok_or_else(|| "there is no event yet".to_owned())
    }

    /// Adds what a block says of the setting; whether it did.
    fn add(&mut self, item: &Item) -> Result<bool, String> {
        let Item::Block { kind, name, text, .. } = item else { return Ok(false) };
        match kind.as_str() {
            "yaml" => {
                self.files.push((name.clone().unwrap_or_else(|| "rules.yaml".to_owned()), text.clone()))
            }
            "options" => self.options = Some(text.clone()),
            "event" => {
                let event = sample(yaml(text)?.first().ok_or("there is no event")?);
                self.event = Some(event.map_err(|error| error.message)?.into());
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// The parts of the configuration that rules are compiled by.
fn options(node: &Node, sources: &Sources) -> Result<Options, String> {
    let texts = |node: Option<&Node>| -> Vec<String> {
        let items = node.and_then(Node::as_sequence).unwrap_or_default();
        items.iter().filter_map(Node::as_str).map(str::to_owned).collect()
    };
    let text = |node: &Node, key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
    let sourced = |node: &Node| Sourced::from_node(node, sources);
    let mut options = Options::default();
    for (key, value) in node.as_mapping().ok_or("options are a mapping")? {
        let items = value.as_sequence().unwrap_or_default();
        match (key.as_str(), value.as_str()) {
            (Some("rule_matching"), Some("all")) => options.matching = Matching::All,
            (Some("priority"), Some(name)) => {
                options.min_priority = name.parse().map_err(|error| format!("{error}"))?;
            }
            (Some("rules"), None) => {
                options.selection = items
                    .iter()
                    .flat_map(|item| item.as_mapping().unwrap_or_default())
                    .map(|(toggle, of)| Selection {
                        toggle: if toggle.as_str() == Some("enable") {
                            Toggle::Enable
                        } else {
                            Toggle::Disable
                        },
                        rule: text(of, "rule"),
                        tag: text(of, "tag"),
                        place: of.place,
                    })
                    .collect();
            }
            (Some("append_output"), None) => {
                let append = |item: &Node| AppendOutput {
                    source: item.get("match").and_then(|of| text(of, "source")),
                    rule: item.get("match").and_then(|of| text(of, "rule")),
                    tags: texts(item.get("match").and_then(|of| of.get("tags"))),
                    extra_output: item.get("extra_output").map(sourced),
                    extra_fields: extra_fields(item, &sourced),
                    suggested_output: item.get("suggested_output").and_then(Node::as_bool) == Some(true),
                    place: item.place,
                };
                options.append_output = items.iter().map(append).collect();
            }
            (Some("static_fields"), None) => {
                let pair = |(name, value): &(Node, Node)| {
                    Some((name.as_str()?.to_owned(), value.as_str()?.to_owned()))
                };
                options.static_fields =
                    value.as_mapping().unwrap_or_default().iter().filter_map(pair).collect();
            }
            _ => return Err(format!("there is no option {key:?} that is {}", value.kind())),
        }
    }
    Ok(options)
}

/// `extra_fields` of an item of `append_output`: names of fields, or names with a format.
fn extra_fields(item: &Node, sourced: &impl Fn(&Node) -> Sourced) -> Vec<ExtraField> {
    let items = item.get("extra_fields").and_then(Node::as_sequence).unwrap_or_default();
    let field =
        |name: &Node, format: Option<&Node>| ExtraField { name: sourced(name), format: format.map(sourced) };
    let fields = items.iter().flat_map(|item| match item.as_mapping() {
        Some(entries) => entries.iter().map(|(name, format)| field(name, Some(format))).collect(),
        None => vec![field(item, None)],
    });
    fields.collect()
}

impl Compiled {
    /// A line for each thing said.
    fn said(&self) -> Vec<String> {
        let line = |diagnostic: &Diagnostic| {
            let item = diagnostic.items.first().map(|item| format!("{} {} ", item.kind, item.name));
            format!("{} {}{}", diagnostic.code, item.unwrap_or_default(), plain(diagnostic, &self.sources))
        };
        self.diagnostics.iter().map(line).collect()
    }

    fn without_errors(self) -> Result<Self, String> {
        let failed = self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
        if failed { Err(self.said().join("\n")) } else { Ok(self) }
    }

    fn judge(&self, event: &Sample) -> Vec<Hit> {
        let (batch, host) = event.build();
        let mut hits = Vec::new();
        self.set.eval(batch.get(0), &host, &mut Scratch::default(), &mut hits);
        hits
    }

    /// The text and the values of the event's first alert.
    fn alert(&self, event: &Sample) -> Result<(String, BTreeMap<String, Value>), String> {
        let hits = self.judge(event);
        let hit = hits.first().ok_or("no rule fires")?;
        let (batch, host) = event.build();
        let alert = self.set.render(hit, batch.get(0), &host, &mut Scratch::default());
        Ok((alert.output, alert.output_fields))
    }
}

/// A rule `r` of the event's source, as a file of its own.
fn rule(condition: &str, output: &str, source: EventSource) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    format!(
        "- rule: r\n  desc: d\n  priority: info\n  warn_evttypes: false\n  source: {}\n  output: {}\n  condition: {}\n",
        source.name(),
        quoted(output),
        quoted(condition)
    )
}

fn equal<T: PartialEq + std::fmt::Display>(found: T, expected: T) -> Checked {
    if found == expected { Ok(()) } else { Err(format!("  found    {found}\n  expected {expected}")) }
}

/// A row of a table: a condition and what it is, or an output and what it prints; `says` is what there is to say of
/// the rule.
fn check_row(cells: &[(String, String)], setting: &Setting) -> Checked {
    let cell = |name: &str| cells.iter().find(|(head, _)| head == name).map(|(_, text)| text.as_str());
    let (condition, output) = (cell("condition"), cell("output"));
    if condition.is_none() && output.is_none() {
        return Err("the table has no column `condition` or `output`".to_owned());
    }
    let source = setting.event.as_ref().map_or(EventSource::Syscall, |event| event.event.kind.source());
    let text = rule(condition.unwrap_or("evt.num > 0"), output.unwrap_or("o"), source);
    let compiled = setting.compile(Some(&text), Some(Matching::All));
    let messages = compiled.diagnostics.iter().filter(|diagnostic| {
        // Which fields nothing fills yet is no business of the language.
        diagnostic.items.first().is_some_and(|item| item.kind == "rule" && item.name == "r")
            && diagnostic.code != "LOAD_UNFILLED_FIELD"
    });
    let messages: Vec<_> = messages
        .map(|diagnostic| match (diagnostic.severity, &diagnostic.help) {
            (Severity::Error, None) => diagnostic.message.clone(),
            (Severity::Error, Some(help)) => format!("{} ({help})", diagnostic.message),
            _ => format!("{}: {}", diagnostic.code, diagnostic.message),
        })
        .collect();
    let found = match cell("is") {
        Some("loads") if messages.is_empty() => "loads".to_owned(),
        _ if compiled.diagnostics.iter().any(|said| said.severity == Severity::Error) => "error".to_owned(),
        _ if output.is_some() => compiled.alert(setting.event()?)?.0,
        _ => truth(&compiled, setting.event()?),
    };
    let said = messages.join("; ");
    let wanted = cell("is").or(cell("prints")).ok_or("the table has no column `is` or `prints`")?;
    equal(format!("{found} | {said}"), format!("{wanted} | {}", cell("says").unwrap_or(&said)))
}

fn truth(compiled: &Compiled, event: &Sample) -> String {
    let hits = compiled.judge(event);
    let hit = hits.iter().find(|hit| &*compiled.set.rule(hit.rule).name == "r");
    match hit {
        None => "no",
        Some(hit) if hit.pending => "later",
        Some(hit) if hit.reading == Reading::Real => "real",
        Some(_) => "yes",
    }
    .to_owned()
}

/// A block that says what comes of the section's rules and its last event.
fn check_block(kind: &str, text: &str, setting: &Setting) -> Checked {
    let compiled = setting.compile(None, None);
    let text = text.trim_end_matches('\n');
    match kind {
        "diagnostics" => equal(compiled.said().join("\n"), text.to_owned()),
        "fires" => {
            let compiled = compiled.without_errors()?;
            let name = |hit: &Hit| {
                let real = if hit.reading == Reading::Real { " (real)" } else { "" };
                let pending = if hit.pending { " (pending)" } else { "" };
                format!("{}{real}{pending}", compiled.set.rule(hit.rule).name)
            };
            let names: Vec<_> = compiled.judge(setting.event()?).iter().map(name).collect();
            equal(names.join("\n"), text.to_owned())
        }
        "output" => equal(compiled.without_errors()?.alert(setting.event()?)?.0, text.to_owned()),
        "output_fields" => {
            let (_, fields) = compiled.without_errors()?.alert(setting.event()?)?;
            let found = serde_json::to_value(fields).map_err(|error| error.to_string())?;
            equal(found, serde_json::from_str(text).map_err(|error| error.to_string())?)
        }
        other => Err(format!("there is no block `{other}`")),
    }
}

/// Checks all cases of a file, and says which fail.
fn check(name: &str, file: &str) -> Vec<String> {
    let mut failures = Vec::new();
    let mut settings: Vec<Setting> = Vec::new();
    let sections = sections(file);
    for (at, section) in sections.iter().enumerate() {
        settings.retain(|setting| setting.level < section.level);
        let mut setting = settings.last().cloned().unwrap_or_default();
        setting.level = section.level;
        let mut checked = sections.get(at + 1).is_some_and(|next| next.level > section.level);
        for item in &section.items {
            let (line, what, result) = match (setting.add(item), item) {
                (Err(error), Item::Block { line, kind, .. }) => (line, kind.as_str(), Err(error)),
                (Ok(true) | Err(_), _) => continue,
                (Ok(false), Item::Block { line, kind, text, .. }) => {
                    (line, kind.as_str(), check_block(kind, text, &setting))
                }
                (Ok(false), Item::Row { line, cells }) => {
                    (line, cells.first().map_or("", |(_, text)| text), check_row(cells, &setting))
                }
            };
            checked = true;
            failures.extend(result.err().map(|error| format!("{name}:{line}: {what}\n{error}")));
        }
        if !checked && !section.items.is_empty() {
            failures.push(format!("{name}:{}: nothing is expected of what stands here", section.line));
        }
        settings.push(setting);
    }
    failures
}

/// The files of cases, each with its name.
fn files() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let paths = std::fs::read_dir(folder).expect("the cases are in the tree");
    let paths = paths.map(|entry| entry.expect("the folder can be read").path());
    let named = paths.map(|path| (path.file_name().unwrap_or_default().to_string_lossy().into_owned(), path));
    let cases = named.filter(|(name, _)| name.ends_with(".md") && name != "README.md");
    cases.map(|(name, path)| (name, std::fs::read_to_string(path).expect("the cases can be read"))).collect()
}

#[test]
fn all() {
    let failures: Vec<_> = files().iter().flat_map(|(name, file)| check(name, file)).collect();
    assert!(failures.is_empty(), "{} fail:\n{}", failures.len(), failures.join("\n"));
}

/// The corner cases of conditions are numbered; each has its section.
#[test]
fn every_corner_case_has_its_section() {
    let files = files();
    let titles = files.iter().flat_map(|(_, file)| file.lines()).filter(|line| line.starts_with('#'));
    let numbers = titles.filter_map(|title| title.trim_matches(['#', ' ']).split_once('.')?.0.parse().ok());
    let numbers: BTreeSet<u32> = numbers.collect();
    let missing: Vec<u32> = (1..=47).filter(|number| !numbers.contains(number)).collect();
    assert!(missing.is_empty(), "{missing:?} have none");
}

/// The runner itself finds what is wrong.
#[test]
fn what_is_wrong_is_found() {
    let event = "```event\nevt.type: openat\n```\n";
    for (file, expected) in [
        (format!("# a\n{event}"), "x:1: nothing is expected of what stands here"),
        ("# a\n```event\nevt.type: opn\n```\n".to_owned(), "x:2: event\nunknown event type `opn`"),
        ("# a\n```fires\n```\n".to_owned(), "x:2: fires\nthere is no event yet"),
        (
            format!("# a\n{event}| condition | is |\n|---|---|\n| `proc.name = x` | yes |\n"),
            "x:7: proc.name = x\n  found    no | \n  expected yes | ",
        ),
    ] {
        assert_eq!(check("x", &file), [expected]);
    }
}
