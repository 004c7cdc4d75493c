//! `lanner test`: rules judged on events that are written down, without root and without a kernel.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Arg, ArgAction, ArgMatches, value_parser};
use lanner_diagnostic::{Diagnostic, Renderer, Severity, SourceId, SourceText, Sources};
use lanner_event::fields::Fields;
use lanner_rules::RuleSet;
use lanner_rules::cases::{Case, Cases, Failure};
use lanner_rules::explain::Explainer;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::CommandSpec;
use crate::out::outln;
use crate::report::count;
use crate::{cli, wire};

/// The command.
pub const COMMAND: CommandSpec = CommandSpec {
    name: "test",
    about: "Judge rules on events that are written down, and say which don't come out as they must",
    configuration: true,
    arguments,
    run,
};

fn arguments() -> Vec<Arg> {
    vec![
        Arg::new("cases")
            .value_name("CASES")
            .required(true)
            .num_args(1..)
            .value_parser(value_parser!(PathBuf))
            .help("Files of cases (YAML): events, and the rules that must fire on them and must not"),
        Arg::new("junit")
            .long("junit")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help("Also write the results as JUnit XML, for a CI server"),
        Arg::new("verbose").short('v').action(ArgAction::SetTrue).help("Also list the cases that come out"),
    ]
}

/// What came of one file.
struct Tested {
    file: String,
    results: Vec<(Case, Result<(), Box<Failure>>)>,
    sources: Sources,
}

fn run(matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let mut tested = Vec::new();
    let mut broken = 0;
    for path in matches.get_many::<PathBuf>("cases").unwrap_or_default() {
        match test(path, matches)? {
            Some(file) => tested.push(file),
            None => broken += 1,
        }
    }
    let colour = std::io::stdout().is_terminal();
    for file in &tested {
        show(file, matches.get_flag("verbose"), colour);
    }
    let results = || tested.iter().flat_map(|file| &file.results);
    let failed = results().filter(|(_, result)| result.is_err()).count();
    outln!("{}, {} failed", count(results().count(), "case"), failed);
    if let Some(path) = matches.get_one::<PathBuf>("junit") {
        let xml = junit(&tested).to_string().context("the results can't be written as XML")?;
        std::fs::write(path, xml).with_context(|| format!("{} can't be written", path.display()))?;
    }
    Ok(if failed + broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Judges the cases of a file; none where the file or its rules are wrong, which has been said then.
fn test(path: &Path, matches: &ArgMatches) -> anyhow::Result<Option<Tested>> {
    let prepared = wire::prepare(&cli::options(matches), false);
    let (mut loaded, options) = (prepared.loaded, prepared.rules_options);
    let mut rules = prepared.rules;
    let text = std::fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))?;
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let mut read = |name: &str| std::fs::read_to_string(folder.join(name)).map_err(|error| error.to_string());
    let id = loaded.sources.add(SourceText::new(path.display().to_string(), text));
    let mut cases = Cases::read(&mut loaded.sources, id, &mut read);
    let mut said = std::mem::take(&mut cases.diagnostics);
    if !cases.rules.is_empty() {
        let mut files: Vec<SourceId> = Vec::new();
        for (name, place) in &cases.rules {
            match read(name) {
                Ok(text) => {
                    let name = folder.join(name).display().to_string();
                    files.push(loaded.sources.add(SourceText::new(name, text)));
                }
                Err(error) => {
                    let message = format!("`{name}` can't be read: {error}");
                    said.push(Diagnostic::error("CASES", message).at(*place));
                }
            }
        }
        let (set, diagnostics) = RuleSet::compile(&loaded.sources, &files, Fields::ALL, &[], &options);
        (loaded.rules, rules) = (files, set.into());
        said.extend(diagnostics);
    } else {
        said.append(&mut loaded.diagnostics);
    }
    said.retain(|diagnostic| diagnostic.severity == Severity::Error);
    if !said.is_empty() {
        let renderer = Renderer { colour: std::io::stderr().is_terminal() };
        said.iter().for_each(|diagnostic| eprintln!("{}\n", renderer.render(diagnostic, &loaded.sources)));
        return Ok(None);
    }
    if rules.enabled() == 0 {
        bail!("no rule is loaded: name rules files with -r, or under `rules:` in {}", path.display());
    }
    let explainer = Explainer::new(&rules, &loaded.sources, &loaded.rules, Fields::ALL, &options);
    let results = cases.cases.into_iter().map(|case| {
        let result = case.check(&rules, &explainer);
        (case, result)
    });
    let results = results.collect();
    Ok(Some(Tested { file: path.display().to_string(), results, sources: loaded.sources }))
}

fn show(tested: &Tested, verbose: bool, colour: bool) {
    for (case, result) in &tested.results {
        let at = tested.sources.locate(case.place);
        match result {
            Ok(()) if verbose => outln!("ok    {at}: {}", title(case)),
            Ok(()) => {}
            Err(failure) => {
                let word = if colour { "\x1b[1;31mFAIL\x1b[0m" } else { "FAIL" };
                outln!("{word}  {at}: {}\n", failure.message);
                if let Some(explanation) = &failure.explanation {
                    outln!("{}", explanation.text(&tested.sources, colour));
                }
            }
        }
    }
}

fn title(case: &Case) -> String {
    format!("{} {}: {}", case.rule, if case.fires { "fires" } else { "is quiet" }, case.name)
}

fn junit(tested: &[Tested]) -> Report {
    let mut report = Report::new("lanner test");
    for file in tested {
        let mut suite = TestSuite::new(&*file.file);
        for (case, result) in &file.results {
            let status = match result {
                Ok(()) => TestCaseStatus::success(),
                Err(failure) => {
                    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                    status.set_message(&*failure.message);
                    let explained = failure.explanation.as_ref();
                    status.set_description(
                        explained.map(|explained| explained.text(&file.sources, false)).unwrap_or_default(),
                    );
                    status
                }
            };
            let mut row = TestCase::new(title(case), status);
            row.set_classname(&*case.rule);
            suite.add_test_case(row);
        }
        report.add_test_suite(suite);
    }
    report
}
