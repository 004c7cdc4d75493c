//! Lanner, run as its user runs it.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output};
use std::sync::OnceLock;

use serde_json::Value;

use crate::process::Running;
use crate::wait_for;

/// The program: `LANNER_BIN`, or what cargo builds now.
///
/// # Panics
/// Where it can't be built.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(path) = std::env::var_os("LANNER_BIN") {
            return path.into();
        }
        let test = std::env::current_exe().expect("a test knows where it is");
        let target = test.ancestors().nth(2).expect("it is in target/debug/deps");
        let mut build = Command::new(env!("CARGO"));
        // For one package, cargo would build the dependencies again with fewer features.
        build.args(["build", "--workspace", "--bin", "lanner"]);
        if target.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().is_ok_and(|status| status.success()), "lanner can't be built");
        target.join("lanner")
    })
}

/// A running lanner.
pub struct Lanner {
    configuration: PathBuf,
    running: Running,
}

impl Lanner {
    /// Starts it on a configuration, and waits until it watches. What it says is added to `log`.
    ///
    /// # Panics
    /// Where it doesn't come to watch.
    pub fn start(configuration: &Path, log: &Path) -> Lanner {
        Lanner::start_by(Command::new(binary()).arg("-c").arg(configuration), configuration, log)
    }

    /// The same by a command that becomes it.
    ///
    /// # Panics
    /// Where it doesn't come to watch.
    pub fn start_by(command: &mut Command, configuration: &Path, log: &Path) -> Lanner {
        let before = std::fs::read_to_string(log).unwrap_or_default().len();
        let mut running = Running::start(command, log);
        let said = || std::fs::read_to_string(log).unwrap_or_default();
        let look = || {
            assert!(running.runs(), "lanner has ended: {}", said());
            said()[before..].contains("is watching").then_some(())
        };
        wait_for("lanner to watch", look, said);
        Lanner { configuration: configuration.to_owned(), running }
    }

    /// What it said.
    pub fn said(&self) -> String {
        self.running.said()
    }

    /// The figures of its journal.
    ///
    /// # Panics
    /// Where they can't be had.
    pub fn stats(&self) -> Value {
        let output = run(&["journal", "stats", "--json", "-c", &self.configuration.display().to_string()]);
        let text = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{error}: {text} {}", String::from_utf8_lossy(&output.stderr)))
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: i32) {
        self.running.signal(signal);
    }

    /// Kills it without warning.
    pub fn kill(mut self) {
        self.running.kill();
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(mut self) -> (ExitStatus, String) {
        self.running.signal(libc::SIGTERM);
        let status = self.running.wait();
        (status, self.running.said())
    }
}

/// Runs lanner with arguments until it ends.
///
/// # Panics
/// Where it can't be run.
pub fn run(arguments: &[&str]) -> Output {
    Command::new(binary()).args(arguments).output().expect("lanner runs")
}
