//! From the command line and the files it leads to, to settings: found, read, merged, checked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use lanner_diagnostic::{
    Diagnostic, Node, Place, Severity, SourceId, SourceText, Sources, Span, Value, parse,
};

use crate::check::{self, DEPRECATED, UNKNOWN_KEY, WRONG_VALUE};
use crate::expand::{Expansion, Unset};
use crate::merge::{self, Include};
use crate::overrides::{self, Override};
use crate::read::{Disk, Files, Found};
use crate::secrets::{self, Secrets};
use crate::settings::{self, Settings};
use crate::values::Values;
use crate::{SHIPPED_CONFIG, SHIPPED_RULES};

/// The code of a file that can't be read.
const FILE: &str = "CONFIG_FILE";

/// Where a configuration is looked for when the command line names none.
pub const CONFIG_PATHS: [&str; 2] = ["/etc/lanner/lanner.yaml", "/etc/falco/falco.yaml"];

/// What the command line says about configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// `-c`: the configuration. Without it, the first of [`CONFIG_PATHS`] that exists, else the one that is built
    /// in.
    pub config: Option<PathBuf>,
    /// `-r`: rules files or folders, in place of those that the configuration names.
    pub rules: Vec<PathBuf>,
    /// `-o`: `KEY=VALUE`, in order.
    pub overrides: Vec<String>,
}

/// What came of reading a configuration.
#[derive(Debug)]
pub struct Loaded {
    /// The settings; where something is wrong, the default stands in its place.
    pub settings: Settings,
    /// The rules files in their order: texts among `sources`.
    pub rules: Vec<SourceId>,
    /// The rules files that the configuration names and that don't exist.
    pub skipped: Vec<PathBuf>,
    /// The configuration that was read; none for the one that is built in.
    pub config: Option<PathBuf>,
    /// All there is to say, without secrets.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts of configuration and rules, which diagnostics point into; secrets of the configuration are masked.
    pub sources: Sources,
    /// What must not show in the diagnostics of others, such as outputs that refuse their settings.
    pub secrets: Secrets,
}

impl Loaded {
    /// How many diagnostics are as bad as that.
    pub fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }

    /// How many keys of Falco's sections are unknown or have a wrong value, and so their default.
    pub fn wrong_keys(&self) -> usize {
        self.diagnostics.iter().filter(|diagnostic| is_wrong_key(diagnostic)).count()
    }

    /// Makes errors of the wrong keys in Falco's sections, with which Lanner would run: for `lanner check`.
    pub fn strict(mut self) -> Self {
        for diagnostic in self.diagnostics.iter_mut().filter(|diagnostic| is_wrong_key(diagnostic)) {
            diagnostic.severity = Severity::Error;
        }
        self
    }
}

fn is_wrong_key(diagnostic: &Diagnostic) -> bool {
    diagnostic.severity == Severity::Warning && [UNKNOWN_KEY, WRONG_VALUE].contains(&diagnostic.code)
}

/// Reads the configuration and the rules files, but no rule in them. `env` gives the environment's variables.
///
/// Whatever is wrong is among the diagnostics.
pub fn load(options: &Options, env: &dyn Fn(&str) -> Option<String>) -> Loaded {
    load_from(options, env, &Disk)
}

pub(crate) fn load_from(
    options: &Options,
    env: &dyn Fn(&str) -> Option<String>,
    files: &dyn Files,
) -> Loaded {
    let mut loader = Loader {
        env,
        files,
        sources: Sources::default(),
        diagnostics: Vec::new(),
        secrets: Secrets::default(),
        masked: Vec::new(),
        unset: BTreeMap::new(),
        skipped: Vec::new(),
    };
    let config = loader.find(options);
    let root = loader.tree(config.as_deref(), options);
    let (root, found) = check::check(root, &loader.unset);
    loader.diagnostics.extend(found);
    let settings = settings::read(&root, env("FALCO_HOSTNAME"), &mut loader.diagnostics);
    let rules = loader.rules(&root, options);
    loader.finish(config, settings, rules)
}

struct Loader<'a> {
    env: &'a dyn Fn(&str) -> Option<String>,
    files: &'a dyn Files,
    sources: Sources,
    diagnostics: Vec<Diagnostic>,
    secrets: Secrets,
    /// What is masked in the sources.
    masked: Vec<(u32, Span)>,
    unset: BTreeMap<Place, Unset>,
    skipped: Vec<PathBuf>,
}

impl Loader<'_> {
    /// The configuration's path: the one that is named, or the first that exists.
    fn find(&self, options: &Options) -> Option<PathBuf> {
        options.config.clone().or_else(|| {
            let exists = |path: &&Path| !matches!(self.files.find(path), Ok(Found::Nothing));
            CONFIG_PATHS.iter().map(Path::new).find(exists).map(Path::to_owned)
        })
    }

    /// The merged tree of the configuration, of the files it includes, and of the command line.
    fn tree(&mut self, config: Option<&Path>, options: &Options) -> Node {
        let (name, text) = match config {
            None => ("lanner.yaml (built in)".to_owned(), SHIPPED_CONFIG.to_owned()),
            Some(path) => {
                let text = self.files.read(path).unwrap_or_else(|error| {
                    self.file_error(path, &error.to_string(), None);
                    String::new()
                });
                (path.display().to_string(), text)
            }
        };
        let mut root = self.document(name, text);
        let mut overrides = Vec::new();
        for option in &options.overrides {
            match overrides::read(option, &mut self.sources) {
                Ok(option) => overrides.push(option),
                Err(diagnostic) => self.diagnostics.push(*diagnostic),
            }
        }
        for option in &overrides {
            // Its value alone, since its key says what it is.
            let key = option.key.rsplit(['.', '[', ']']).find(|name| !name.is_empty()).unwrap_or_default();
            let secret = secrets::is_secret(key);
            secrets::collect(&option.value, secret, &mut self.secrets, &mut self.masked);
        }
        let (first, others): (Vec<_>, Vec<_>) =
            overrides.into_iter().partition(|option| option.key.starts_with("config_files"));
        self.apply(first, &mut root);
        let includes = merge::includes(&root);
        for include in includes {
            self.include(&mut root, &include, config);
        }
        self.apply(others, &mut root);
        self.falco_outputs_map(&mut root);
        root
    }

    fn apply(&mut self, overrides: Vec<Override>, root: &mut Node) {
        for option in overrides {
            if let Err(diagnostic) = option.apply(root) {
                self.diagnostics.push(*diagnostic);
            }
        }
    }

    /// The mapping that a text holds, with its variables replaced; an empty one where it holds none.
    fn document(&mut self, name: String, text: String) -> Node {
        let id = self.sources.add(SourceText::new(name, text));
        let start = Place { source: id, span: Span::new(0, 0) };
        let mut documents = match parse(self.sources.get(id), id) {
            Ok(documents) => documents.into_iter(),
            Err(diagnostic) => {
                self.masked
                    .extend(secrets::guess(&self.sources.get(id).text).into_iter().map(|span| (id.0, span)));
                self.diagnostics.push(*diagnostic);
                Vec::new().into_iter()
            }
        };
        let root = documents.next().unwrap_or(Node { place: start, value: Value::Null });
        if let Some(second) = documents.next() {
            let message = "only the first document of a configuration is read";
            self.diagnostics.push(Diagnostic::warning(WRONG_VALUE, message).at(second.place));
        }
        self.mapping(root)
    }

    fn mapping(&mut self, mut root: Node) -> Node {
        match root.value {
            Value::Mapping(_) => {}
            Value::Null => root.value = Value::Mapping(Vec::new()),
            _ => {
                let message = format!("a configuration should be a mapping, not {}", root.kind());
                self.diagnostics.push(Diagnostic::error(WRONG_VALUE, message).at(root.place));
                root.value = Value::Mapping(Vec::new());
            }
        }
        let mut expansion = Expansion {
            env: self.env,
            secrets: &mut self.secrets,
            unset: &mut self.unset,
            diagnostics: &mut self.diagnostics,
        };
        expansion.tree(&mut root);
        secrets::collect(&root, false, &mut self.secrets, &mut self.masked);
        root
    }

    /// Merges the files of an entry of `config_files`.
    fn include(&mut self, root: &mut Node, include: &Include, main: Option<&Path>) {
        for path in self.expand_path(&include.path, include.place, Missing::Note) {
            if Some(&*path) == main {
                self.file_error(&path, "a configuration can't include itself", Some(include.place));
                continue;
            }
            let Some(text) = self.read(&path, Some(include.place)) else { continue };
            let other = self.document(path.display().to_string(), text);
            if let Some(nested) = other.get("config_files") {
                let message = "a file that is included can't include others";
                self.diagnostics.push(Diagnostic::error(WRONG_VALUE, message).at(nested.place));
                continue;
            }
            merge::merge(root, other, include.strategy);
        }
    }

    /// Up to Falco 0.36, `outputs` was a mapping with a rate.
    fn falco_outputs_map(&mut self, root: &mut Node) {
        let Value::Mapping(entries) = &mut root.value else { return };
        let old = |node: &Node| {
            let names = node.as_mapping().unwrap_or_default().iter().map(|(name, _)| name.as_str());
            !names.clone().any(|name| !matches!(name, Some("rate" | "max_burst"))) && names.count() > 0
        };
        entries.retain(|(name, value)| {
            let found = name.as_str() == Some("outputs") && old(value);
            if found {
                let message = "`outputs` with `rate` and `max_burst` has no effect, as in Falco since 0.37";
                let help = "a limit for all of `outputs:` is `router.rate_limit`";
                self.diagnostics.push(Diagnostic::warning(DEPRECATED, message).at(name.place).help(help));
            }
            !found
        });
    }

    /// The rules files: those of the command line, else those that the configuration names, else those that are
    /// built in.
    fn rules(&mut self, root: &Node, options: &Options) -> Vec<SourceId> {
        let values = Values::root(root);
        let mut paths = Vec::new();
        if !options.rules.is_empty() {
            let place = Place::default();
            for path in &options.rules {
                paths.extend(
                    self.expand_path(path, place, Missing::Error).into_iter().map(|path| (path, None)),
                );
            }
        } else if values.node("rules_files").is_some() || values.node("rules_file").is_some() {
            if let Some(old) = values.node("rules_file") {
                let warning =
                    Diagnostic::warning(DEPRECATED, "`rules_file` is the old name of `rules_files`");
                self.diagnostics.push(warning.at(old.place));
            }
            for node in values.texts("rules_file").into_iter().chain(values.texts("rules_files")) {
                let path = PathBuf::from(node.as_str().unwrap_or_default());
                let found = self.expand_path(&path, node.place, Missing::Skip);
                paths.extend(found.into_iter().map(|path| (path, Some(node.place))));
            }
        } else {
            let shipped = SourceText::new("lanner_rules.yaml (built in)", SHIPPED_RULES);
            return vec![self.sources.add(shipped)];
        }
        let read = paths.into_iter().filter_map(|(path, place)| {
            let text = self.read(&path, place)?;
            Some(self.sources.add(SourceText::new(path.display().to_string(), text)))
        });
        read.collect()
    }

    /// The file at a path, or the YAML files of the folder there, in the order of their names.
    fn expand_path(&mut self, path: &Path, place: Place, missing: Missing) -> Vec<PathBuf> {
        let place = (missing != Missing::Error).then_some(place);
        match self.files.find(path) {
            Ok(Found::File) => vec![path.to_owned()],
            Ok(Found::Folder) => match self.files.list(path) {
                Ok(paths) => self.yaml_files(path, paths, place),
                Err(error) => {
                    self.file_error(path, &error.to_string(), place);
                    Vec::new()
                }
            },
            Ok(Found::Nothing) if missing == Missing::Error => {
                self.file_error(path, "there is no such file or folder", place);
                Vec::new()
            }
            Ok(Found::Nothing) => {
                let message = format!("{} doesn't exist: skipped", path.display());
                let mut note = Diagnostic::note(FILE, message);
                note.place = place;
                self.diagnostics.push(note);
                if missing == Missing::Skip {
                    self.skipped.push(path.to_owned());
                }
                Vec::new()
            }
            Err(error) => {
                self.file_error(path, &error.to_string(), place);
                Vec::new()
            }
        }
    }

    fn yaml_files(&mut self, folder: &Path, paths: Vec<PathBuf>, place: Option<Place>) -> Vec<PathBuf> {
        let mut yaml = BTreeSet::new();
        for path in paths {
            let is_file = matches!(self.files.find(&path), Ok(Found::File));
            let is_yaml = path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
            if is_file && is_yaml {
                yaml.insert(path);
            } else if is_file {
                let name = path.strip_prefix(folder).unwrap_or(&path).display();
                let message = format!("{name} in {} doesn't end in .yaml or .yml: skipped", folder.display());
                let mut note = Diagnostic::note(FILE, message);
                note.place = place;
                self.diagnostics.push(note);
            }
        }
        yaml.into_iter().collect()
    }

    fn read(&mut self, path: &Path, place: Option<Place>) -> Option<String> {
        match self.files.read(path) {
            Ok(text) => Some(text),
            Err(error) => {
                self.file_error(path, &error.to_string(), place);
                None
            }
        }
    }

    fn file_error(&mut self, path: &Path, why: &str, place: Option<Place>) {
        let mut diagnostic = Diagnostic::error(FILE, format!("{}: {why}", path.display()));
        diagnostic.place = place;
        self.diagnostics.push(diagnostic);
    }

    fn finish(self, config: Option<PathBuf>, settings: Settings, rules: Vec<SourceId>) -> Loaded {
        let Loader { secrets, mut diagnostics, .. } = self;
        // In the order of the text, the mistakes of one place in the order of their finding.
        diagnostics.sort_by_key(|diagnostic| {
            let place = diagnostic.place.unwrap_or(Place { source: SourceId(u32::MAX), ..Place::default() });
            (place.source, place.span.start)
        });
        let diagnostics: Vec<Diagnostic> =
            diagnostics.into_iter().map(|diagnostic| secrets.hide_in(diagnostic)).collect();
        Loaded {
            settings,
            rules,
            skipped: self.skipped,
            config,
            diagnostics,
            sources: secrets::mask(&self.sources, &self.masked),
            secrets,
        }
    }
}

/// What it means that a path doesn't exist.
#[derive(Clone, Copy, PartialEq)]
enum Missing {
    Note,
    /// As `Note`, and it is counted among the skipped.
    Skip,
    Error,
}
