//! `-V`: whether rules files are right, as Falco says it. Of the configuration only the settings count, not its rules.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Arg, ArgAction, ArgMatches, value_parser};
use lanner_config::Options;
use lanner_diagnostic::{Severity, SourceText, plain};
use lanner_event::fields::Fields;
use lanner_rules::validation::{results_json, validate};

use super::OptionSpec;
use crate::out::outln;
use crate::{cli, wire};

/// `-V`, `--validate`.
pub const VALIDATE: OptionSpec = OptionSpec {
    arguments: || {
        vec![
            Arg::new("validate")
                .short('V')
                .long("validate")
                .value_name("FILE")
                .action(ArgAction::Append)
                .value_parser(value_parser!(PathBuf))
                .help("Say whether this rules file is right, loaded after those named before it; may be repeated"),
        ]
    },
    given: |matches| matches.contains_id("validate"),
    run,
};

fn run(matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    // Of rules only those count that are validated.
    let options = Options { rules: Vec::new(), ..cli::options(matches) };
    let loaded = lanner_config::load(&options, &|name| std::env::var(name).ok());
    let errors: Vec<_> = loaded.diagnostics.iter().filter(|said| said.severity == Severity::Error).collect();
    if !errors.is_empty() {
        for error in errors {
            eprintln!("{}", plain(error, &loaded.sources));
        }
        return Ok(ExitCode::FAILURE);
    }
    let rules_options = wire::rules_options(&loaded);
    let mut sources = loaded.sources;
    let mut files = Vec::new();
    for path in matches.get_many::<PathBuf>("validate").unwrap_or_default() {
        files.push(sources.add(SourceText::new(path.display().to_string(), read(path)?)));
    }
    let results = validate(&sources, &files, Fields::ALL, &rules_options);
    if loaded.settings.format.json {
        outln!("{}", results_json(&results, &sources));
    } else {
        for result in &results {
            outln!("{}", result.text(&sources));
            // Standard output has errors only.
            if result.is_ok() && !result.details(&sources).is_empty() {
                eprintln!("{}", result.details(&sources));
            }
        }
    }
    let ok = results.iter().all(|result| result.is_ok());
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read(path: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("{} can't be read", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
