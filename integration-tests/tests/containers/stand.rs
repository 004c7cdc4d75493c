//! Lanner with a rule that shows all it knows of a container, and the alerts that it writes.

use std::path::{Path, PathBuf};

use lanner_integration_tests::lanner::Lanner;
use lanner_integration_tests::{engines, wait_for};
use serde_json::Value;
use tempfile::TempDir;

/// What the alerts show.
const FIELDS: &[&str] = &[
    "proc.args",
    "container.id",
    "container.full_id",
    "container.name",
    "container.type",
    "container.image",
    "container.image.repository",
    "container.image.tag",
    "container.image.id",
    "container.image.digest",
    "container.privileged",
    "container.mounts",
    "container.labels",
    "container.host_network",
    "container.start_ts",
    "container.liveness_probe",
    "proc.is_container_liveness_probe",
    "k8s.pod.name",
    "k8s.ns.name",
    "k8s.pod.uid",
    "k8s.pod.full_sandbox_id",
    "k8s.pod.labels",
    "k8s.pod.label[tier]",
    "mesos.task.id",
    "mesos.task.name",
    "mesos.framework.id",
    "marathon.app.id",
    "marathon.app.label[owner]",
];

/// Lanner, and where it writes.
pub struct Stand {
    folder: TempDir,
    lanner: Option<Lanner>,
}

impl Stand {
    /// Starts it; it asks these engines.
    pub fn start(sockets: &[(&str, &Path)]) -> Stand {
        let folder = tempfile::tempdir().expect("a folder");
        configure(folder.path(), folder.path(), &engines::asked(sockets));
        let configuration = folder.path().join("lanner.yaml");
        let lanner = Lanner::start(&configuration, &folder.path().join("log"));
        Stand { folder, lanner: Some(lanner) }
    }

    /// Its configuration.
    pub fn configuration(&self) -> PathBuf {
        self.folder.path().join("lanner.yaml")
    }

    /// What it said.
    pub fn said(&self) -> String {
        self.lanner.as_ref().map_or_else(String::new, Lanner::said)
    }

    /// The fields of the alert of the program that was started with a mark in a container, once it is there.
    pub fn alert(&self, mark: &str) -> Value {
        alert_in(self.folder.path(), mark, || self.said())
    }

    /// Stops it; what it said in the end.
    pub fn stop(mut self) -> String {
        let (status, said) = self.lanner.take().expect("it runs").stop();
        assert!(status.success(), "{said}");
        said
    }
}

/// Writes a configuration into a folder, which lanner will know by another path perhaps.
pub fn configure(folder: &Path, known_as: &Path, engines: &str) {
    let path = |name: &str| known_as.join(name).display().to_string();
    let fields: Vec<String> = FIELDS.iter().map(|field| format!("%{field}")).collect();
    let rules = format!(
        "- rule: Marked\n  desc: a program that was started with a mark of the test\n  \
         condition: evt.type in (execve, execveat) and proc.args contains mark-\n  \
         output: \"{}\"\n  priority: NOTICE\n\
         - rule: Privileged\n  desc: a container that was started with all privileges, as upstream's rule has it\n  \
         condition: evt.type = container and container.privileged = true and not container.image.repository in (trusted)\n  \
         output: privileged (args=%proc.args name=%container.name id=%container.id)\n  priority: NOTICE\n",
        fields.join(" ")
    );
    std::fs::write(folder.join("rules.yaml"), rules).expect("a file");
    let configuration = format!(
        "rules_files: [{}]\njson_output: true\nfile_output: {{enabled: true, keep_alive: true, filename: {}}}\n\
         stdout_output: {{enabled: false}}\njournal: {{path: {}}}\n{engines}",
        path("rules.yaml"),
        path("alerts"),
        path("journal.db"),
    );
    std::fs::write(folder.join("lanner.yaml"), configuration).expect("a file");
}

impl Stand {
    /// The fields of the alerts of a rule, once there is one.
    pub fn of_rule(&self, rule: &str) -> Vec<Value> {
        let look = || {
            let text = std::fs::read_to_string(self.folder.path().join("alerts")).unwrap_or_default();
            let alerts = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let own = alerts.filter(|alert| alert["rule"] == rule);
            let fields: Vec<Value> = own.map(|alert| alert["output_fields"].clone()).collect();
            (!fields.is_empty()).then_some(fields)
        };
        wait_for(rule, look, || self.said())
    }
}

/// The fields of the alert that was written into that folder, of the program that was started with a mark in a
/// container, once it is there.
pub fn alert_in(folder: &Path, mark: &str, said: impl Fn() -> String) -> Value {
    let last = format!(" {mark}");
    // The client of an engine has the mark in its command line too, outside of the container.
    let own = |fields: &Value| {
        fields["container.id"] != "host"
            && fields["proc.args"].as_str().is_some_and(|args| args.ends_with(&last))
    };
    let look = || {
        let text = std::fs::read_to_string(folder.join("alerts")).unwrap_or_default();
        let mut alerts = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        alerts.find_map(|alert| Some(&alert["output_fields"]).filter(|fields| own(fields)).cloned())
    };
    wait_for(&format!("the alert of {mark}"), look, said)
}
