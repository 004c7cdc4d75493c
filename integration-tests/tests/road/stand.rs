//! Everything that runs: the engine, the receivers, and lanner with its configuration.

use std::path::PathBuf;
use std::process::{Command, ExitStatus};

use lanner_integration_tests::collector::Collector;
use lanner_integration_tests::docker::Docker;
use lanner_integration_tests::engines;
use lanner_integration_tests::kafka::Kafka;
use lanner_integration_tests::lanner::Lanner;
use lanner_integration_tests::mailpit::Mailpit;
use lanner_integration_tests::rsyslog::Rsyslog;
use lanner_integration_tests::slack::{self, Slack};
use tempfile::TempDir;

/// An address of this host that isn't a loopback one, so that a connection to it is one to elsewhere.
pub const ADDRESS: &str = "10.111.0.1";
/// Kafka's topic.
pub const TOPIC: &str = "alerts";
/// The container of the attacks.
pub const CONTAINER: &str = "web";

/// Everything that runs.
pub struct Stand {
    pub docker: Docker,
    pub kafka: Kafka,
    pub mailpit: Mailpit,
    pub rsyslog: Rsyslog,
    pub slack: Slack,
    pub collector: Collector,
    pub folder: TempDir,
    lanner: Option<Lanner>,
    _address: Address,
}

/// The address, for as long as it is held.
struct Address;

impl Address {
    fn add() -> Address {
        let _ = Command::new("ip").args(["link", "set", "lo", "up"]).output();
        let added =
            Command::new("ip").args(["addr", "replace", &format!("{ADDRESS}/32"), "dev", "lo"]).status();
        assert!(added.is_ok_and(|status| status.success()), "ip adds an address");
        Address
    }
}

impl Drop for Address {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["addr", "del", &format!("{ADDRESS}/32"), "dev", "lo"]).output();
    }
}

impl Stand {
    pub fn start() -> Stand {
        let mut stand = Stand {
            docker: Docker::start(),
            kafka: Kafka::start(),
            mailpit: Mailpit::start(),
            rsyslog: Rsyslog::start(),
            slack: Slack::start(),
            collector: Collector::start(),
            folder: tempfile::tempdir().expect("a folder"),
            lanner: None,
            _address: Address::add(),
        };
        std::fs::write(stand.path("lanner.yaml"), stand.configuration()).expect("a file");
        stand.start_lanner();
        stand.docker.start_container(CONTAINER, &[]);
        stand
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn configuration(&self) -> String {
        let path = |name: &str| self.path(name).display().to_string();
        format!(
            "json_output: true\nstdout_output: {{enabled: true}}\n\
             journal: {{path: {journal}}}\n\
             {engines}detector: {{containers: {{wait: 5s}}}}\n\
             outputs:\n\
             - {{dedup: off, name: disk, type: file, filename: {disk}}}\n\
             - {{dedup: off, name: log, type: syslog, socket: {socket}}}\n\
             - {{dedup: off, name: mail, type: email, smtp: '{smtp}', ca_cert: {certificate}, from: lanner@example.org, \
                 to: [soc@example.org]}}\n\
             - {{dedup: off, name: webhook, type: slack, webhook_url: '{webhook}'}}\n\
             - {{dedup: off, name: bot, type: slack, token: {token}, api_url: '{api}', channel: '#soc'}}\n\
             - {{dedup: off, name: kafka, type: kafka, brokers: ['{broker}'], topic: {TOPIC}, timeout: 5s}}\n\
             - {{dedup: off, name: collector, type: http, url: '{url}', timeout: 30s}}\n\
             - {{dedup: off, name: batches, type: http, url: '{url}/batch', batch: 10, timeout: 30s}}\n",
            journal = path("journal.db"),
            engines = engines::asked(&[("docker", &self.docker.socket())]),
            disk = path("alerts.jsonl"),
            socket = self.rsyslog.socket().display(),
            smtp = self.mailpit.url(),
            certificate = self.mailpit.certificate().display(),
            webhook = self.slack.webhook_url(),
            token = slack::TOKEN,
            api = self.slack.api_url(),
            broker = self.kafka.broker(),
            url = self.collector.url(),
        )
    }

    pub fn lanner(&self) -> &Lanner {
        self.lanner.as_ref().expect("lanner runs")
    }

    pub fn start_lanner(&mut self) {
        self.lanner = Some(Lanner::start(&self.path("lanner.yaml"), &self.path("log")));
    }

    pub fn kill_lanner(&mut self) {
        self.lanner.take().expect("lanner runs").kill();
    }

    pub fn stop_lanner(&mut self) -> (ExitStatus, String) {
        self.lanner.take().expect("lanner runs").stop()
    }
}
