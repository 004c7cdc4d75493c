//! Users and groups have the names that the container has for them, in alerts of what lives there.

use std::path::Path;
use std::process::Command;

use lanner_integration_tests::docker::{self, Docker, IMAGE};
use lanner_integration_tests::lanner::Lanner;
use lanner_integration_tests::need::{WATCHING, can_run};
use lanner_integration_tests::{engines, wait_for};
use serde_json::Value;

const RULES: &str = "
- rule: Marked
  desc: a program that was started with a mark of the test
  condition: evt.type in (execve, execveat) and evt.dir = < and proc.args startswith mark-
  output: |
    marked (mark=%proc.args user=%user.name uid=%user.uid home=%user.homedir shell=%user.shell group=%group.name
    login=%user.loginname container=%container.name)
  priority: NOTICE
";

fn configure(folder: &Path, docker: &Docker) -> std::path::PathBuf {
    let path = |name: &str| folder.join(name).display().to_string();
    std::fs::write(path("rules.yaml"), RULES).expect("a file");
    let configuration = format!(
        "rules_files: [{}]\njson_output: true\nfile_output: {{enabled: true, keep_alive: true, filename: {}}}\n\
         stdout_output: {{enabled: false}}\njournal: {{path: {}}}\n{}",
        path("rules.yaml"),
        path("alerts"),
        path("journal.db"),
        engines::asked(&[("docker", &docker.socket())]),
    );
    std::fs::write(path("lanner.yaml"), configuration).expect("a file");
    folder.join("lanner.yaml")
}

/// The fields of the alert of a mark.
fn alert(folder: &Path, lanner: &Lanner, mark: &str) -> Value {
    let look = || {
        let text = std::fs::read_to_string(folder.join("alerts")).unwrap_or_default();
        let alerts = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        alerts.map(|alert| alert["output_fields"].clone()).find(|fields| fields["proc.args"] == mark)
    };
    wait_for(mark, look, || lanner.said())
}

fn shown(fields: &Value) -> [&str; 5] {
    let text = |name: &str| fields[name].as_str().unwrap_or("-");
    [text("user.name"), text("user.homedir"), text("user.shell"), text("group.name"), text("container.name")]
}

#[test]
fn users_have_the_names_of_their_container() {
    if !can_run(&[WATCHING, docker::NEED]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let docker = Docker::start();
    docker.start_container("before", &["-u", "1234:1234"]);
    let configuration = configure(folder.path(), &docker);
    let lanner = Lanner::start(&configuration, &folder.path().join("log"));
    let of = |mark: &str| alert(folder.path(), &lanner, mark);

    docker.run(&["exec", "before", "echo", "mark-before"]);
    assert_eq!(shown(&of("mark-before")), ["web", "/srv", "/bin/sh", "www", "before"]);
    // One that is gone as soon as it is there.
    let mut short = vec!["run", "--pull", "never", "--rm", "--network", "host", "--name", "short"];
    short.extend(["-u", "1234:1234", IMAGE, "echo", "mark-short"]);
    docker.run(&short);
    assert_eq!(shown(&of("mark-short")), ["web", "/srv", "/bin/sh", "www", "short"]);
    docker.run(&["exec", "-u", "0", "before", "echo", "mark-root"]);
    assert_eq!(shown(&of("mark-root")), ["root", "/root", "/bin/sh", "root", "before"]);

    // A user who is added is known some time later.
    docker.run(&["exec", "-u", "77", "before", "echo", "mark-77"]);
    assert_eq!(shown(&of("mark-77")), ["<NA>", "<NA>", "<NA>", "root", "before"]);
    let add = "echo new:x:77:0::/new:/bin/new >> /etc/passwd";
    docker.run(&["exec", "-u", "0", "before", "sh", "-c", add]);
    let mut tries = 0;
    let look = || {
        tries += 1;
        let mark = format!("mark-new-{tries}");
        docker.run(&["exec", "-u", "77", "before", "echo", &mark]);
        (shown(&of(&mark))[0] == "new").then_some(mark)
    };
    wait_for("the new user", look, || lanner.said());

    // The host has users of its own, among them the one who logged in.
    let host = Command::new("setpriv").args(["--reuid", "1", "--clear-groups", "echo", "mark-host"]).status();
    assert!(host.is_ok_and(|status| status.success()));
    let fields = of("mark-host");
    assert_eq!((&fields["user.name"], &fields["container.name"]), (&"daemon".into(), &"host".into()));
}
