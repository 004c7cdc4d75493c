//! Lanner in a container of its own, which has the host's root below `/host` and no more privileges than it needs.

use std::path::Path;
use std::process::Command;

use lanner_integration_tests::docker::{self, Docker};
use lanner_integration_tests::lanner::binary;
use lanner_integration_tests::need::{WATCHING, can_run};
use lanner_integration_tests::{engines, wait_for};
use serde_json::json;

use crate::check;
use crate::stand::{self, alert_in};

/// The image that lanner is in.
const IMAGE: &str = "test/lanner:1";
/// What it may do. Docker has no name for some of what it would need alone; SYS_ADMIN has it.
const PRIVILEGES: [&str; 10] = [
    "--pid=host",
    "--cap-drop=ALL",
    "--cap-add=SYS_ADMIN",
    "--cap-add=SYS_PTRACE",
    "--cap-add=DAC_READ_SEARCH",
    "--security-opt=seccomp=unconfined",
    "--security-opt=apparmor=unconfined",
    "--env=HOST_ROOT=/host",
    "--volume=/:/host:ro",
    "--network=none",
];

#[test]
fn lanner_in_a_container_sees_its_own_and_all_others() {
    if !can_run(&[WATCHING, docker::NEED]) {
        return;
    }
    let docker = Docker::start();
    import(&docker);
    let folder = tempfile::tempdir().expect("a folder");
    stand::configure(folder.path(), Path::new("/work"), &engines::asked(&[("docker", &docker.socket())]));
    let volume = format!("--volume={}:/work", folder.path().display());
    let mut run = vec!["run", "-d", "--pull", "never", "--name", "watcher", &volume];
    run.extend(PRIVILEGES);
    run.extend([IMAGE, "/lanner", "-c", "/work/lanner.yaml"]);
    docker.run(&run);
    let said = || {
        let logs = docker.output(&["logs", "watcher"]);
        format!("{}{}", String::from_utf8_lossy(&logs.stdout), String::from_utf8_lossy(&logs.stderr))
    };
    wait_for("lanner to watch", || said().contains("is watching").then_some(()), said);
    docker.start_container("web", &[]);
    for name in ["watcher", "web"] {
        let mark = format!("mark-in-{name}");
        docker.run(&["exec", name, "/bin/sh", "-c", ":", &mark]);
        let alert = alert_in(folder.path(), &mark, said);
        let image = if name == "web" { docker::IMAGE } else { IMAGE };
        check(&alert, &[("container.name", json!(name)), ("container.image", json!(image))]);
        let known_here = docker.run(&["inspect", "-f", "{{.Id}}", name]);
        check(&alert, &[("container.full_id", json!(known_here))]);
    }
    docker.run(&["stop", "watcher"]);
    assert!(said().contains("lanner has stopped"), "{}", said());
}

/// Makes an image of the test's busybox, lanner, and the libraries that it needs.
fn import(docker: &Docker) {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("root");
    let put = |file: &str, place: &str| {
        let place = root.join(place.trim_start_matches('/'));
        std::fs::create_dir_all(place.parent().expect("a folder")).expect("a folder");
        std::fs::copy(file, place).unwrap_or_else(|error| panic!("{file}: {error}"));
    };
    let program = binary().display().to_string();
    put(&program, "lanner");
    put("/bin/busybox", "bin/sh");
    let libraries = Command::new("ldd").arg(&program).output().expect("ldd is there");
    for line in String::from_utf8_lossy(&libraries.stdout).lines() {
        if let Some(library) = line.split_whitespace().find(|word| word.starts_with('/')) {
            put(library, library);
        }
    }
    let archive = folder.path().join("lanner.tar");
    let packed = Command::new("tar").arg("-C").arg(&root).arg("-cf").arg(&archive).arg(".").status();
    assert!(packed.is_ok_and(|status| status.success()), "tar packs the image");
    docker.run(&["import", &archive.display().to_string(), IMAGE]);
}
