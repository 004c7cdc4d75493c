//! rsyslog, listening on a local socket of its own, as it listens on `/dev/log`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::need::Need;
use crate::process::Running;
use crate::wait_for;

/// What it needs.
pub const NEED: Need = Need { what: "rsyslogd (rsyslog)", there: || Path::new(DAEMON).is_file() };
const DAEMON: &str = "/usr/sbin/rsyslogd";

/// The running daemon.
pub struct Rsyslog {
    folder: TempDir,
    _running: Running,
}

impl Rsyslog {
    /// Starts it.
    ///
    /// # Panics
    /// Where it can't be.
    pub fn start() -> Rsyslog {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        let configuration = format!(
            "module(load=\"imuxsock\" SysSock.Use=\"off\")\n\
             input(type=\"imuxsock\" Socket=\"{}\" CreatePath=\"on\" RateLimit.Interval=\"0\")\n\
             template(name=\"json\" type=\"string\" string=\"%jsonmesg%\\n\")\n\
             action(type=\"omfile\" file=\"{}\" template=\"json\")\n",
            path("log.sock"),
            path("messages"),
        );
        std::fs::write(path("rsyslog.conf"), configuration).expect("the configuration can be written");
        let mut command = Command::new(DAEMON);
        command.args(["-n", "-f", &path("rsyslog.conf"), "-i", &path("pid")]);
        let running = Running::start(&mut command, &folder.path().join("log"));
        let rsyslog = Rsyslog { folder, _running: running };
        let socket = rsyslog.socket();
        wait_for("rsyslog", || socket.exists().then_some(()), || rsyslog._running.said());
        rsyslog
    }

    /// The socket that it listens on.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("log.sock")
    }

    /// All messages, as rsyslog understood them: `msg`, `syslogseverity`, `programname`…
    pub fn messages(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join("messages")).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}
