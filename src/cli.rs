//! The command line: Falco's options, and Lanner's commands.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use lanner_config::Options;

use crate::commands::COMMANDS;
use crate::options::OPTIONS;

/// Reads the command line; ends the process with help or with what is wrong.
pub fn parse() -> ArgMatches {
    command().get_matches()
}

fn command() -> Command {
    let mut command = Command::new("lanner")
        .version(env!("CARGO_PKG_VERSION"))
        // Falco's -V validates rules files.
        .disable_version_flag(true)
        .arg(Arg::new("version").long("version").action(ArgAction::Version).help("Print the version"))
        .about(
            "Watches this host with eBPF, matches what happens against Falco's rules, and sends the alerts",
        )
        .after_help(
            "Without a command, lanner watches this host until it is stopped (SIGTERM, Ctrl-C).\n\
             SIGUSR1 opens output files again, as after a rotation.",
        )
        .subcommand_required(false)
        .args(configuration_arguments())
        .args(OPTIONS.iter().flat_map(|option| (option.arguments)()));
    for spec in COMMANDS {
        let mut sub = Command::new(spec.name).about(spec.about).args((spec.arguments)());
        if spec.configuration {
            sub = sub.args(configuration_arguments());
        }
        command = command.subcommand(sub);
    }
    command
}

/// The options that say what to read: the same for every command that reads a configuration.
fn configuration_arguments() -> [Arg; 3] {
    [
        Arg::new("config")
            .short('c')
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help("Read this configuration (falco.yaml or Lanner's own)"),
        Arg::new("rules")
            .short('r')
            .value_name("FILE")
            .action(ArgAction::Append)
            .value_parser(value_parser!(PathBuf))
            .help("Read these rules instead of those the configuration names; may be repeated, may be a directory"),
        Arg::new("option")
            .short('o')
            .long("option")
            .value_name("KEY=VALUE")
            .action(ArgAction::Append)
            .help("Set a key of the configuration; may be repeated"),
    ]
}

/// What the options say to read.
pub fn options(matches: &ArgMatches) -> Options {
    let paths = |name| matches.get_many::<PathBuf>(name).unwrap_or_default().cloned().collect();
    Options {
        config: matches.get_one::<PathBuf>("config").cloned(),
        rules: paths("rules"),
        overrides: matches.get_many::<String>("option").unwrap_or_default().cloned().collect(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::command().debug_assert();
    }
}
