//! `lanner test`: rules judged on events that are written down, without root and without a kernel.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Arg, ArgAction, ArgMatches, value_parser};
use lanner_diagnostic::{Diagnostic, Renderer, Severity, SourceId, SourceText, Sources};
use lanner_event::fields::Fields;
use lanner_rules::RuleSet;
use lanner_rules::cases::{CODE, Case, Cases, Failure};
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
    /// What is wrong with it and with its rules: what is said of these can't be judged.
    wrong: Vec<Diagnostic>,
    sources: Sources,
}

fn run(matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let paths = matches.get_many::<PathBuf>("cases").unwrap_or_default();
    let tested: Vec<Tested> = paths.map(|path| test(path, matches)).collect();
    let colour = std::io::stdout().is_terminal();
    let renderer = Renderer { colour: std::io::stderr().is_terminal() };
    for file in &tested {
        file.wrong.iter().for_each(|wrong| eprintln!("{}\n", renderer.render(wrong, &file.sources)));
        show(file, matches.get_flag("verbose"), colour);
    }
    let results = || tested.iter().flat_map(|file| &file.results);
    let failed = results().filter(|(_, result)| result.is_err()).count();
    let wrong = tested.iter().map(|file| file.wrong.len()).sum();
    let errors = if wrong == 0 { String::new() } else { format!(", {}", count(wrong, "error")) };
    outln!("{}, {failed} failed{errors}", count(results().count(), "case"));
    if let Some(path) = matches.get_one::<PathBuf>("junit") {
        let xml = junit(&tested).to_string().context("the results can't be written as XML")?;
        std::fs::write(path, xml).with_context(|| format!("{} can't be written", path.display()))?;
    }
    Ok(if failed + wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Judges the cases of a file, those that are right. Where its rules are wrong none is judged.
fn test(path: &Path, matches: &ArgMatches) -> Tested {
    let prepared = wire::prepare(&cli::options(matches), false);
    let (mut loaded, options, mut rules) = (prepared.loaded, prepared.rules_options, prepared.rules);
    let file = path.display().to_string();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            let wrong = vec![Diagnostic::error(CODE, format!("{file} can't be read: {error}"))];
            return Tested { file, results: Vec::new(), wrong, sources: loaded.sources };
        }
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut read = |name: &str| std::fs::read_to_string(folder.join(name)).map_err(|error| error.to_string());
    let id = loaded.sources.add(SourceText::new(&*file, text));
    let cases = Cases::read(&mut loaded.sources, id, &mut read);
    let mut wrong = Vec::new();
    if cases.rules.is_empty() {
        wrong.append(&mut loaded.diagnostics);
    } else {
        loaded.rules = named(&cases, folder, &mut loaded.sources, &mut wrong);
        let (set, said) = RuleSet::compile(&loaded.sources, &loaded.rules, Fields::ALL, &[], &options);
        rules = set.into();
        wrong.extend(said);
    }
    wrong.retain(|said| said.severity == Severity::Error);
    if wrong.is_empty() && rules.enabled() == 0 {
        let message = format!("no rule is loaded: name rules files with -r, or under `rules:` in {file}");
        wrong.push(Diagnostic::error(CODE, message));
    }
    let mut results = Vec::new();
    if wrong.is_empty() {
        let explainer = Explainer::new(&rules, &loaded.sources, &loaded.rules, Fields::ALL, &options);
        let judged = |case: Case| {
            let result = case.check(&rules, &explainer);
            (case, result)
        };
        results.extend(cases.cases.into_iter().map(judged));
    }
    wrong.extend(cases.diagnostics);
    Tested { file, results, wrong, sources: loaded.sources }
}

/// The rules files that a file of cases names.
fn named(cases: &Cases, folder: &Path, sources: &mut Sources, wrong: &mut Vec<Diagnostic>) -> Vec<SourceId> {
    let mut files = Vec::new();
    for (name, place) in &cases.rules {
        let path = folder.join(name);
        match std::fs::read_to_string(&path) {
            Ok(text) => files.push(sources.add(SourceText::new(path.display().to_string(), text))),
            Err(error) => {
                wrong.push(Diagnostic::error(CODE, format!("`{name}` can't be read: {error}")).at(*place));
            }
        }
    }
    files
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
        suite.add_test_cases(file.wrong.iter().map(|wrong| error(wrong, file)));
        for (case, result) in &file.results {
            let status = match result {
                Ok(()) => TestCaseStatus::success(),
                Err(failure) => {
                    let explained = failure.explanation.as_ref();
                    let explained = explained.map(|explained| explained.text(&file.sources, false));
                    status(NonSuccessKind::Failure, &failure.message, &explained.unwrap_or_default())
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

/// What is wrong, called by where it stands.
fn error(wrong: &Diagnostic, file: &Tested) -> TestCase {
    let name = wrong.place.map_or_else(|| file.file.clone(), |place| file.sources.locate(place));
    let text = Renderer { colour: false }.render(wrong, &file.sources);
    let mut row = TestCase::new(name, status(NonSuccessKind::Error, &wrong.message, &text));
    row.set_classname(wrong.code);
    row
}

fn status(kind: NonSuccessKind, message: &str, description: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(message);
    status.set_description(description);
    status
}
