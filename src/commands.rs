//! The commands, one file each.

mod check;
mod containers;
mod dead_letters;
mod explain;
mod fields;
mod journal;
mod record;
mod route;
pub mod run;
mod silence;
mod test;

use std::process::ExitCode;

use clap::{Arg, ArgMatches};

/// A command of the command line.
pub struct CommandSpec {
    /// What is typed.
    pub name: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    /// Whether it reads a configuration, and so takes `-c`, `-r` and `-o`.
    pub configuration: bool,
    /// Its own arguments.
    pub arguments: fn() -> Vec<Arg>,
    /// Does it.
    pub run: fn(&ArgMatches) -> anyhow::Result<ExitCode>,
}

/// All commands, in the order of `--help`.
pub const COMMANDS: &[CommandSpec] = &[
    check::COMMAND,
    test::COMMAND,
    explain::COMMAND,
    record::COMMAND,
    fields::COMMAND,
    containers::COMMAND,
    journal::COMMAND,
    silence::COMMAND,
    dead_letters::COMMAND,
    route::COMMAND,
];
