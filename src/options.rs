//! Falco's options that print something and end, one file each. Lanner's own commands are subcommands.

mod list;
mod validate;

use std::process::ExitCode;

use clap::{Arg, ArgMatches};

/// An option that prints something and ends.
pub struct OptionSpec {
    /// It, and those that say how.
    pub arguments: fn() -> Vec<Arg>,
    /// Whether it was given.
    pub given: fn(&ArgMatches) -> bool,
    /// Does it.
    pub run: fn(&ArgMatches) -> anyhow::Result<ExitCode>,
}

/// All of them, in the order in which Falco looks for them: of several that are given the first is done.
pub const OPTIONS: &[OptionSpec] = &[list::EVENTS, list::FIELDS, validate::VALIDATE];
