//! Whole rules files judged against whole events.

mod agreement;
mod correlations;
mod damage;
mod explained;
mod loading;
mod naive;
mod outputs;
mod random;
mod world;

use lanner_diagnostic::{Diagnostic, SourceText, Sources, plain};
use lanner_event::Reading;
use lanner_event::fields::Fields;

use crate::{Hit, Options, RuleSet, Scratch};
use world::World;

/// Files compiled, and what there is to say, each in one line.
fn compile(files: &[&str], options: &Options) -> (RuleSet, Vec<String>) {
    let mut sources = Sources::default();
    let ids: Vec<_> = files
        .iter()
        .enumerate()
        .map(|(at, text)| sources.add(SourceText::new(format!("{at}"), *text)))
        .collect();
    let (set, diagnostics) = RuleSet::compile(&sources, &ids, Fields::ALL, &[], options);
    let line = |diagnostic: &Diagnostic| format!("{} {}", diagnostic.code, plain(diagnostic, &sources));
    (set, diagnostics.iter().map(line).collect())
}

/// Files that must compile without an error.
fn compiled(files: &[&str], options: &Options) -> RuleSet {
    let (set, said) = compile(files, options);
    let errors: Vec<_> = said.iter().filter(|line| line.starts_with("LOAD_ERR")).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    set
}

fn judge(set: &RuleSet, world: &World) -> Vec<Hit> {
    let mut hits = Vec::new();
    set.eval(world.event(), &world.host, &mut Scratch::default(), &mut hits);
    hits
}

/// The hits as a text: the rules' names, `?` behind what is pending, `*` behind what is so under the real reading.
fn hits(set: &RuleSet, world: &World) -> String {
    let name = |hit: &Hit| {
        let real = if hit.reading == Reading::Real { "*" } else { "" };
        let pending = if hit.pending { "?" } else { "" };
        format!("{}{real}{pending}", set.rule(hit.rule).name)
    };
    judge(set, world).iter().map(name).collect::<Vec<_>>().join(" ")
}

/// A rules file with one rule `r` of that condition.
fn rule(condition: &str) -> String {
    named("r", condition)
}

fn named(name: &str, condition: &str) -> String {
    let condition = condition.replace('\'', "''");
    format!("- rule: {name}\n  desc: d\n  priority: info\n  output: o\n  condition: '{condition}'\n")
}
