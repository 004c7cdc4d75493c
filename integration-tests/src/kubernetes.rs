//! A Kubernetes of one node: etcd, the API server, kubelet and containerd, of the test's own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::containerd::{self, Containerd};
use crate::docker::{self, Docker};
use crate::need::{Need, on_path};
use crate::process::Running;
use crate::{cache, free_port, leftovers, wait_for};

/// Who may do everything.
const TOKEN: &str = "token-of-the-test";

/// What it needs.
pub const NEED: Need = Need {
    what: "etcd, containerd, dockerd, and Kubernetes as `scripts/setup.sh kubernetes` builds it",
    there: || {
        let built = ["kube-apiserver", "kubelet", "kubectl"].iter().all(|name| program(name).is_file());
        built && on_path("etcd") && (containerd::NEED.there)() && (docker::NEED.there)()
    },
};

/// A program of Kubernetes.
fn program(name: &str) -> PathBuf {
    cache().join("kubernetes").join(name)
}

/// The running cluster. What depends on others is dropped before them.
pub struct Kubernetes {
    kubelet: Running,
    _apiserver: Running,
    _etcd: Running,
    /// Its engine.
    pub containerd: Containerd,
    /// What the images come from.
    pub docker: Docker,
    folder: TempDir,
}

impl Kubernetes {
    /// Starts it, and waits until its node is ready.
    ///
    /// # Panics
    /// Where it isn't.
    pub fn start() -> Kubernetes {
        let docker = Docker::start();
        let containerd = Containerd::start(&docker);
        let folder = tempfile::tempdir().expect("a folder");
        let port = free_port();
        prepare(folder.path(), port, &containerd.socket());
        let (etcd_port, peer_port) = (free_port(), free_port());
        let etcd = etcd(folder.path(), etcd_port, peer_port);
        let apiserver = apiserver(folder.path(), port, etcd_port);
        let ready = || output(folder.path(), &["get", "--raw", "/readyz"]).status.success().then_some(());
        wait_for("the API server", ready, || apiserver.said());
        let kubelet = kubelet(folder.path());
        let kubernetes =
            Kubernetes { kubelet, _apiserver: apiserver, _etcd: etcd, containerd, docker, folder };
        let question =
            ["get", "nodes", "-o", "jsonpath={.items[*].status.conditions[?(@.type=='Ready')].status}"];
        let ready = || (kubernetes.kubectl_said(&question) == "True").then_some(());
        wait_for("the node", ready, || kubernetes.kubelet.said());
        kubernetes
    }

    /// Runs a command of the client, and gives what it printed.
    ///
    /// # Panics
    /// Where it fails.
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        let output = output(self.folder.path(), arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "kubectl {arguments:?}: {said}\n{}", self.kubelet.said());
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// What a command of the client printed, whether it failed or not.
    fn kubectl_said(&self, arguments: &[&str]) -> String {
        String::from_utf8_lossy(&output(self.folder.path(), arguments).stdout).trim().to_owned()
    }

    /// Has what a manifest says, and waits until that pod is ready.
    ///
    /// # Panics
    /// Where it doesn't come to be.
    pub fn start_pod(&self, manifest: &str, namespace: &str, name: &str) {
        let file = self.folder.path().join("manifest.yaml");
        std::fs::write(&file, manifest).expect("a file");
        self.kubectl(&["apply", "-f", &file.display().to_string()]);
        let question = ["get", "pod", "-n", namespace, name, "-o", "jsonpath={.status.phase}"];
        let runs = || (self.kubectl_said(&question) == "Running").then_some(());
        let state = || self.kubectl_said(&["describe", "pod", "-n", namespace, name]);
        wait_for("the pod", runs, || format!("{}\n{}", state(), self.kubelet.said()));
    }
}

impl Drop for Kubernetes {
    fn drop(&mut self) {
        self.kubelet.kill();
        leftovers::unmount_below(self.folder.path());
    }
}

fn output(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(program("kubectl"));
    command.arg("--kubeconfig").arg(folder.join("kubeconfig")).args(arguments);
    command.env("HOME", folder).output().expect("kubectl was built")
}

/// The files that the programs read.
fn prepare(folder: &Path, port: u16, runtime: &Path) {
    let write = |name: &str, text: String| std::fs::write(folder.join(name), text).expect("a file");
    write("tokens", format!("{TOKEN},admin,1,\"system:masters\"\n"));
    write(
        "kubeconfig",
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: test\n\
             clusters: [{{name: test, cluster: {{server: 'https://127.0.0.1:{port}', insecure-skip-tls-verify: true}}}}]\n\
             users: [{{name: test, user: {{token: {TOKEN}}}}}]\n\
             contexts: [{{name: test, context: {{cluster: test, user: test}}}}]\n"
        ),
    );
    write(
        "kubelet.yaml",
        format!(
            "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nfailCgroupV1: false\n\
             cgroupDriver: cgroupfs\ncontainerRuntimeEndpoint: 'unix://{}'\nport: {}\nhealthzPort: 0\nfailSwapOn: false\n\
             authentication: {{anonymous: {{enabled: true}}, webhook: {{enabled: false}}}}\n\
             authorization: {{mode: AlwaysAllow}}\nenforceNodeAllocatable: []\nmakeIPTablesUtilChains: false\n\
             localStorageCapacityIsolation: false\nevictionHard: {{memory.available: 1Mi}}\n\
             podLogsDir: '{}'\n",
            runtime.display(),
            free_port(),
            folder.join("logs").display(),
        ),
    );
    let key =
        Command::new("openssl").args(["genrsa", "-out"]).arg(folder.join("key.pem")).arg("2048").output();
    assert!(key.is_ok_and(|made| made.status.success()), "openssl makes a key");
}

fn etcd(folder: &Path, port: u16, peer_port: u16) -> Running {
    let url = |port: u16| format!("http://127.0.0.1:{port}");
    let mut command = Command::new("etcd");
    command.arg("--data-dir").arg(folder.join("etcd")).args([
        "--listen-client-urls",
        &url(port),
        "--advertise-client-urls",
        &url(port),
        "--listen-peer-urls",
        &url(peer_port),
        "--initial-advertise-peer-urls",
        &url(peer_port),
        "--initial-cluster",
        &format!("default={}", url(peer_port)),
    ]);
    Running::start(&mut command, &folder.join("etcd.log"))
}

fn apiserver(folder: &Path, port: u16, etcd_port: u16) -> Running {
    let path = |name: &str| folder.join(name).display().to_string();
    let mut command = Command::new(program("kube-apiserver"));
    command.args([
        format!("--etcd-servers=http://127.0.0.1:{etcd_port}"),
        format!("--secure-port={port}"),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--cert-dir={}", path("certificates")),
        format!("--token-auth-file={}", path("tokens")),
        "--authorization-mode=AlwaysAllow".to_owned(),
        "--service-account-issuer=https://lanner.test".to_owned(),
        format!("--service-account-key-file={}", path("key.pem")),
        format!("--service-account-signing-key-file={}", path("key.pem")),
        "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
        // No controller makes the accounts that pods would have.
        "--disable-admission-plugins=ServiceAccount".to_owned(),
    ]);
    Running::start(&mut command, &folder.join("apiserver.log"))
}

fn kubelet(folder: &Path) -> Running {
    let path = |name: &str| folder.join(name).display().to_string();
    let mut command = Command::new(program("kubelet"));
    command.args([
        format!("--config={}", path("kubelet.yaml")),
        format!("--kubeconfig={}", path("kubeconfig")),
        format!("--root-dir={}", path("kubelet")),
        format!("--cert-dir={}", path("kubelet-certificates")),
        "--hostname-override=localhost".to_owned(),
    ]);
    Running::start(&mut command, &folder.join("kubelet.log"))
}
