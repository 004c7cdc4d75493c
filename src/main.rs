//! Lanner watches Linux hosts and containers with eBPF, matches what happens against Falco's rules, and gets
//! every alert to the people who need it.

mod banner;
mod cli;
mod commands;
mod internal;
mod log;
mod options;
mod out;
mod report;
mod wire;

use std::process::ExitCode;

/// An alert on its way is many small texts, made on one thread and freed on another: the system's allocator took a
/// quarter of the time of all of it.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let matches = cli::parse();
    let result = match matches.subcommand() {
        Some((name, arguments)) => match commands::COMMANDS.iter().find(|command| command.name == name) {
            Some(command) => (command.run)(arguments),
            None => Err(anyhow::anyhow!("there is no command `{name}`")),
        },
        None => match options::OPTIONS.iter().find(|option| (option.given)(&matches)) {
            Some(option) => (option.run)(&matches),
            None => commands::run::run(&matches),
        },
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("lanner: {error:#}");
            ExitCode::FAILURE
        }
    }
}
