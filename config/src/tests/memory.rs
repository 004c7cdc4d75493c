//! A disk in memory.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use lanner_diagnostic::{Diagnostic, Severity, plain};

use crate::load::{Loaded, Options, load_from};
use crate::outputs::NO_OUTPUT;
use crate::read::{Files, Found};

/// Texts by path; the folders are those of the paths.
#[derive(Default)]
pub struct Memory(pub BTreeMap<PathBuf, String>);

impl Files for Memory {
    fn find(&self, path: &Path) -> io::Result<Found> {
        if self.0.contains_key(path) {
            return Ok(Found::File);
        }
        let folder = self.0.keys().any(|file| file.starts_with(path));
        Ok(if folder { Found::Folder } else { Found::Nothing })
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        self.0.get(path).cloned().ok_or_else(|| io::Error::other("No such file"))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        Ok(self.0.keys().filter(|file| file.parent() == Some(path)).cloned().collect())
    }
}

/// The configuration `f.yaml` beside other files, in an environment of `A` to `1` and `KEY` to `hunter22`.
pub fn load(yaml: &str, others: &[(&str, &str)], options: &[&str]) -> Loaded {
    let mut memory = Memory::default();
    memory.0.insert("f.yaml".into(), yaml.to_owned());
    memory.0.extend(others.iter().map(|(path, text)| (path.into(), (*text).to_owned())));
    let options = Options {
        config: Some("f.yaml".into()),
        rules: Vec::new(),
        overrides: options.iter().map(|option| (*option).to_owned()).collect(),
    };
    load_from(&options, &env, &memory)
}

pub fn env(name: &str) -> Option<String> {
    match name {
        "A" => Some("1".to_owned()),
        "KEY" => Some("hunter22".to_owned()),
        _ => None,
    }
}

/// The diagnostics, one in a line, but for that of a configuration without outputs, as most cases are.
pub fn lines(loaded: &Loaded) -> String {
    let line = |diagnostic: &Diagnostic| {
        let severity = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        format!("{severity} {}", plain(diagnostic, &loaded.sources))
    };
    let told = loaded.diagnostics.iter().filter(|diagnostic| diagnostic.code != NO_OUTPUT);
    told.map(line).collect::<Vec<_>>().join("\n")
}
