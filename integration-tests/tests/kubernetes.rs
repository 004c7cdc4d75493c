//! A shell in a pod, by the API server of a real Kubernetes. Building that takes minutes, so that this test is asked for
//! by name: `make test-k8s`.

use lanner_integration_tests::kubernetes::{self, Kubernetes};
use lanner_integration_tests::lanner::Lanner;
use lanner_integration_tests::need::{WATCHING, can_run};
use lanner_integration_tests::{engines, wait_for};
use serde_json::{Value, json};

const RULES: &str = "
- rule: Shell in a pod
  desc: a shell in a pod
  condition: evt.type = execve and proc.name = sh and k8s.ns.name = prod
  output: |
    shell (args=%proc.args pod=%k8s.pod.name uid=%k8s.pod.uid namespace=%k8s.ns.name labels=%k8s.pod.labels app=%k8s.pod.label[app]
    container=%container.name image=%container.image repository=%container.image.repository mounts=%container.mounts
    type=%container.type network=%container.host_network liveness=%container.liveness_probe
    probe=%proc.is_container_liveness_probe)
  priority: NOTICE
";

const POD: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: prod}
---
apiVersion: v1
kind: Pod
metadata: {name: shop-1, namespace: prod, labels: {app: shop, tier: front}}
spec:
  hostNetwork: true
  nodeName: localhost
  enableServiceLinks: false
  automountServiceAccountToken: false
  tolerations: [{operator: Exists}]
  containers:
  - name: main
    image: docker.io/test/busybox:1
    imagePullPolicy: Never
    command: [/bin/sleep, "1000"]
    livenessProbe: {exec: {command: [/bin/sh, -c, ":", mark-probe]}, periodSeconds: 1}
    volumeMounts: [{name: srv, mountPath: /data, readOnly: true}]
  volumes: [{name: srv, hostPath: {path: /srv}}]
"#;

#[test]
fn a_shell_by_the_api_server_is_told_of_with_its_pod() {
    if !can_run(&[WATCHING, kubernetes::NEED]) {
        return;
    }
    let kubernetes = Kubernetes::start();
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let socket = kubernetes.containerd.socket();
    let configuration = format!(
        "rules_files: [{}]\njson_output: true\nfile_output: {{enabled: true, keep_alive: true, filename: {}}}\n\
         stdout_output: {{enabled: false}}\njournal: {{path: {}}}\n{}",
        path("rules.yaml").display(),
        path("alerts").display(),
        path("journal.db").display(),
        engines::asked(&[("cri", &socket), ("containerd", &socket)]),
    );
    std::fs::write(path("rules.yaml"), RULES).expect("a file");
    std::fs::write(path("lanner.yaml"), configuration).expect("a file");
    let lanner = Lanner::start(&path("lanner.yaml"), &path("log"));
    kubernetes.start_pod(POD, "prod", "shop-1");
    kubernetes.kubectl(&["exec", "-n", "prod", "shop-1", "--", "/bin/sh", "-c", ":", "mark-exec"]);
    let alert = |mark: &str| -> Value {
        let look = || {
            let text = std::fs::read_to_string(path("alerts")).unwrap_or_default();
            let mut alerts = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let own = |fields: &Value| fields["proc.args"].as_str().is_some_and(|args| args.ends_with(mark));
            alerts.find_map(|alert| Some(&alert["output_fields"]).filter(|fields| own(fields)).cloned())
        };
        wait_for(mark, look, || lanner.said())
    };
    let uid = kubernetes.kubectl(&["get", "pod", "-n", "prod", "shop-1", "-o", "jsonpath={.metadata.uid}"]);
    let exec = alert("mark-exec");
    for (field, value) in [
        ("k8s.pod.name", json!("shop-1")),
        ("k8s.pod.uid", json!(uid)),
        ("k8s.ns.name", json!("prod")),
        ("k8s.pod.label[app]", json!("shop")),
        ("container.name", json!("main")),
        ("container.type", json!("containerd")),
        ("container.image", json!("docker.io/test/busybox:1")),
        ("container.image.repository", json!("docker.io/test/busybox")),
        ("container.host_network", json!(true)),
        ("container.liveness_probe", json!("/bin/sh -c : mark-probe")),
        ("proc.is_container_liveness_probe", json!(false)),
    ] {
        assert_eq!(exec[field], value, "{field}: {exec:#}");
    }
    for (field, part) in
        [("k8s.pod.labels", "app:shop, tier:front"), ("container.mounts", "/srv:/data::false:")]
    {
        assert!(exec[field].as_str().is_some_and(|text| text.contains(part)), "{field}: {exec:#}");
    }
    // What kubelet runs to see whether it lives is told apart.
    assert_eq!(alert("mark-probe")["proc.is_container_liveness_probe"], json!(true));
    let (status, said) = lanner.stop();
    assert!(status.success(), "{said}");
}
