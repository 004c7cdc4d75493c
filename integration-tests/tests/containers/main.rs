//! Containers of real engines: what is known of them, in time, and what becomes of alerts when nobody answers.

mod inside;
mod stand;

use std::os::unix::fs::symlink;

use lanner_integration_tests::containerd::{self, Containerd};
use lanner_integration_tests::cri::{Cri, PodSpec};
use lanner_integration_tests::docker::{self, Docker};
use lanner_integration_tests::lanner::run;
use lanner_integration_tests::need::{WATCHING, can_run};
use lanner_integration_tests::podman::{self, Podman};
use serde_json::{Value, json};

use stand::Stand;

/// How many containers live for an instant, and how many of them at once.
const BRIEF: usize = 200;
const AT_ONCE: usize = 4;
/// How often a new name is asked for at the most.
const RENAMED_MAX: usize = 100;
/// How many containers are started while their engine is stopped.
const UNKNOWN: usize = 10;

/// A program that ends after 20 ms, and bears a mark.
fn brief(mark: &str) -> [&str; 4] {
    ["/bin/sh", "-c", "sleep 0.02", mark]
}

#[track_caller]
fn check(alert: &Value, expected: &[(&str, Value)]) {
    for (field, value) in expected {
        assert_eq!(alert[field], *value, "{field}: {alert:#}");
    }
}

fn contains(alert: &Value, field: &str, part: &str) {
    assert!(alert[field].as_str().is_some_and(|text| text.contains(part)), "{field}: {alert:#}");
}

#[test]
fn each_engine_tells_what_it_knows_of_its_containers() {
    if !can_run(&[WATCHING, docker::NEED, podman::NEED, containerd::NEED]) {
        return;
    }
    let (docker, podman) = (Docker::start(), Podman::start());
    let mut containerd = Containerd::start(&docker);
    let sockets = (docker.socket(), podman.socket(), containerd.socket());
    let asked =
        [("docker", &*sockets.0), ("podman", &*sockets.1), ("cri", &*sockets.2), ("containerd", &*sockets.2)];
    let stand = Stand::start(&asked);
    of_docker(&docker, &stand);
    of_podman(&podman, &stand);
    of_containerd(&containerd, &stand);
    of_kubernetes(&containerd, &stand);
    privileged(&containerd, &stand);
    are_listed(&stand);
    containerd.restart();
    containerd.run_in_container("anew", &[], &brief("mark-anew"));
    check(&stand.alert("mark-anew"), &[("container.name", json!("anew"))]);
    stand.stop();
}

/// Docker's, and what Mesos and Marathon set in a container.
fn of_docker(docker: &Docker, stand: &Stand) {
    let options = [
        "--network=none",
        "--label=team=blue",
        "-v/srv:/data:ro",
        "-eMESOS_TASK_ID=shop_web.1",
        "-ePASSWORD=secret",
        "-eMESOS_FRAMEWORK_ID=f-1",
        "-eMARATHON_APP_ID=/shop/web",
        "-eMARATHON_APP_LABEL_OWNER=me",
    ];
    docker.start_container("web", &options[1..]);
    docker.run(&["exec", "web", "/bin/sh", "-c", ":", "mark-docker"]);
    let alert = stand.alert("mark-docker");
    check(
        &alert,
        &[
            ("container.name", json!("web")),
            ("container.type", json!("docker")),
            ("container.image", json!(docker::IMAGE)),
            ("container.image.repository", json!("test/busybox")),
            ("container.image.tag", json!("1")),
            ("container.privileged", json!(false)),
            ("container.mounts", json!("/srv:/data:ro:false:rprivate")),
            ("container.labels", json!("team:blue")),
            ("mesos.task.id", json!("shop_web.1")),
            ("mesos.task.name", json!("web.shop")),
            ("mesos.framework.id", json!("f-1")),
            ("marathon.app.id", json!("/shop/web")),
            ("marathon.app.label[owner]", json!("me")),
            ("k8s.pod.name", Value::Null),
        ],
    );
    let id = docker.run(&["inspect", "-f", "{{.Id}}", "web"]);
    check(&alert, &[("container.full_id", json!(id)), ("container.id", json!(id[..12]))]);
    // What changes the engine tells by itself.
    docker.run(&["rename", "web", "shop"]);
    let renamed = (0..).map(|number| format!("mark-renamed-{number}.")).take_while(|mark| {
        docker.run(&["exec", "shop", "/bin/sh", "-c", ":", mark]);
        stand.alert(mark)["container.name"] == "web"
    });
    assert!(renamed.take(RENAMED_MAX).count() < RENAMED_MAX, "the new name isn't known");
}

#[test]
fn an_engine_that_a_user_runs_tells_of_that_users_containers() {
    if !can_run(&[WATCHING, podman::NEED]) {
        return;
    }
    let podman = Podman::start();
    let users = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(users.path().join("4242")).expect("a folder");
    symlink(podman.socket(), users.path().join("4242/podman.sock")).expect("a link");
    let stand = Stand::start(&[("podman", &users.path().join("*/podman.sock"))]);
    for (user, name) in [(4242, json!("of-4242")), (4243, Value::Null)] {
        let parent = format!("/user.slice/user-{user}.slice/session");
        let mark = format!("mark-of-{user}.");
        podman.run_in_container(&format!("of-{user}"), &["--cgroup-parent", &parent], &brief(&mark));
        check(&stand.alert(&mark), &[("container.name", name)]);
    }
    stand.stop();
}

fn of_podman(podman: &Podman, stand: &Stand) {
    podman.run_in_container("pod", &["--label", "team=red"], &brief("mark-podman"));
    let alert = stand.alert("mark-podman");
    check(
        &alert,
        &[
            ("container.name", json!("pod")),
            ("container.type", json!("podman")),
            ("container.image", json!(podman::IMAGE)),
            ("container.labels", json!("team:red")),
            ("container.host_network", json!(true)),
        ],
    );
    contains(&alert, "container.image.digest", "sha256:");
}

/// containerd's own, in a namespace of its own.
fn of_containerd(containerd: &Containerd, stand: &Stand) {
    let image = Containerd::image();
    containerd.run_in_container("plain", &["--label", "team=green"], &brief("mark-containerd"));
    let alert = stand.alert("mark-containerd");
    check(
        &alert,
        &[
            ("container.id", json!("plain")),
            ("container.name", json!("plain")),
            ("container.type", json!("containerd")),
            ("container.image", json!(image)),
            ("container.privileged", json!(false)),
        ],
    );
    contains(&alert, "container.labels", "team:green");
    contains(&alert, "container.image.digest", "sha256:");
    contains(&alert, "container.mounts", "proc:/proc:");
}

/// Who starts a container with all privileges is told of, and no other.
fn privileged(containerd: &Containerd, stand: &Stand) {
    containerd.run_in_container("mighty", &["--privileged"], &brief("mark-mighty"));
    check(&stand.alert("mark-mighty"), &[("container.privileged", json!(true))]);
    // What came before it has been told of by then.
    let told = stand.of_rule("Privileged");
    assert_eq!(told.len(), 1, "{told:#?}");
    check(&told[0], &[("container.name", json!("mighty"))]);
}

/// A pod, as kubelet makes one.
fn of_kubernetes(containerd: &Containerd, stand: &Stand) {
    let applied = r#"{"spec":{"containers":[{"name":"main","livenessProbe":{"exec":{"command":
        ["/bin/sh","-c",":","mark-probe"]}}}]}}"#;
    let image = Containerd::image();
    let cri = Cri::new(&containerd.socket());
    let pod = cri.start_pod(&PodSpec {
        name: "shop-1",
        namespace: "prod",
        uid: "11111111-2222-3333-4444-555555555555",
        labels: &[("app", "shop"), ("tier", "front")],
        annotations: &[("kubectl.kubernetes.io/last-applied-configuration", applied)],
        container: "main",
        image: &image,
        mount: ("/srv", "/data"),
    });
    cri.exec(&pod.container, &["/bin/sh", "-c", ":", "mark-pod"]);
    let alert = stand.alert("mark-pod");
    let known = [
        ("container.full_id", json!(pod.container)),
        ("container.name", json!("main")),
        ("container.type", json!("containerd")),
        ("container.image", json!(image)),
        ("container.image.repository", json!("docker.io/test/busybox")),
        ("container.privileged", json!(false)),
        ("container.host_network", json!(true)),
        ("container.liveness_probe", json!("/bin/sh -c : mark-probe")),
        ("k8s.pod.name", json!("shop-1")),
        ("k8s.ns.name", json!("prod")),
        ("k8s.pod.uid", json!("11111111-2222-3333-4444-555555555555")),
        ("k8s.pod.full_sandbox_id", json!(pod.sandbox)),
        ("k8s.pod.labels", json!("app:shop, tier:front")),
        ("k8s.pod.label[tier]", json!("front")),
    ];
    check(&alert, &known);
    check(&alert, &[("proc.is_container_liveness_probe", json!(false))]);
    contains(&alert, "container.mounts", "/srv:/data::false:rprivate");
    cri.exec(&pod.container, &["/bin/sh", "-c", ":", "mark-probe"]);
    check(&stand.alert("mark-probe"), &[("proc.is_container_liveness_probe", json!(true))]);
}

/// `lanner containers` shows those that run.
fn are_listed(stand: &Stand) {
    let configuration = stand.configuration().display().to_string();
    let text = |arguments: &[&str]| {
        let output = run(&[&["containers", "-c", &configuration], arguments].concat());
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let table = text(&[]);
    for (name, rest) in [("shop ", "docker.sock"), ("main", "prod/shop-1")] {
        let line = table.lines().find(|line| line.contains(name) && line.contains("busybox"));
        assert!(line.is_some_and(|line| line.contains(rest)), "{table}");
    }
    let lines = text(&["--json"]);
    let mut all = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let web = all.find(|line| line["container"]["name"] == "shop").unwrap_or_else(|| panic!("{lines}"));
    assert_eq!(web["container"]["environment"]["MESOS_TASK_ID"], "shop_web.1", "{web:#}");
    assert!(!lines.contains("secret"), "{lines}");
}

#[test]
fn containers_that_live_for_an_instant_have_names_and_images() {
    if !can_run(&[WATCHING, docker::NEED]) {
        return;
    }
    let docker = Docker::start();
    let stand = Stand::start(&[("docker", &docker.socket())]);
    std::thread::scope(|scope| {
        for first in 0..AT_ONCE {
            let docker = &docker;
            scope.spawn(move || {
                for number in (first..BRIEF).step_by(AT_ONCE) {
                    let (name, mark) = (format!("brief-{number}"), format!("mark-{number}."));
                    let mut command =
                        vec!["run", "-d", "--rm", "--pull", "never", "--network", "host", "--name", &name];
                    command.push(docker::IMAGE);
                    command.extend(brief(&mark));
                    docker.run(&command);
                }
            });
        }
    });
    for number in 0..BRIEF {
        let alert = stand.alert(&format!("mark-{number}."));
        let name = json!(format!("brief-{number}"));
        check(&alert, &[("container.name", name), ("container.image", json!(docker::IMAGE))]);
    }
    let said = stand.stop();
    assert!(said.contains(&format!("{BRIEF} of docker")), "{said}");
}

#[test]
fn an_engine_that_is_stopped_costs_names_and_no_alert() {
    if !can_run(&[WATCHING, docker::NEED, podman::NEED]) {
        return;
    }
    let (docker, mut podman) = (Docker::start(), Podman::start());
    let stand = Stand::start(&[("docker", &docker.socket()), ("podman", &podman.socket())]);
    podman.run_in_container("before", &[], &brief("mark-before."));
    check(&stand.alert("mark-before."), &[("container.name", json!("before"))]);
    podman.signal(libc::SIGSTOP);
    for number in 0..UNKNOWN {
        podman.run_in_container(
            &format!("unknown-{number}"),
            &[],
            &brief(&format!("mark-unknown-{number}.")),
        );
    }
    // The other engine's containers have their names meanwhile.
    docker.start_container("web", &[]);
    docker.run(&["exec", "web", "/bin/sh", "-c", ":", "mark-docker."]);
    check(&stand.alert("mark-docker."), &[("container.name", json!("web"))]);
    for number in 0..UNKNOWN {
        let alert = stand.alert(&format!("mark-unknown-{number}."));
        check(&alert, &[("container.name", Value::Null), ("container.image", Value::Null)]);
        assert_eq!(alert["container.id"].as_str().map(str::len), Some(12), "{alert:#}");
    }
    let told = stand.of_rule("Lanner internal: container engine fails");
    check(&told[0], &[("lanner.engine", json!("podman"))]);
    podman.signal(libc::SIGCONT);
    podman.run_in_container("after", &[], &brief("mark-after."));
    check(&stand.alert("mark-after."), &[("container.name", json!("after"))]);
    let told = stand.of_rule("Lanner internal: container engine answers again");
    check(&told[0], &[("lanner.engine", json!("podman"))]);
    podman.restart();
    podman.run_in_container("anew", &[], &brief("mark-anew."));
    check(&stand.alert("mark-anew."), &[("container.name", json!("anew"))]);
    let said = stand.stop();
    assert!(said.contains("containers, as podman didn't answer in time"), "{said}");
    assert_eq!(said.matches("containers stay without name").count(), 1, "{said}");
}
