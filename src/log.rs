//! Lanner's own log, on standard error: standard output belongs to alerts.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts the log. `LANNER_LOG` chooses what is said (`debug`, `lanner_router=trace`…), otherwise `level`.
pub fn start(level: &str) {
    let filter = EnvFilter::try_from_env("LANNER_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(
            std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
        )
        .with_target(false)
        .init();
}
