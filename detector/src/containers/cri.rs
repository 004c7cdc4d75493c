//! The Container Runtime Interface, by which Kubernetes asks containerd, CRI-O and others.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use lanner_event::{Container, Mount};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::OnceCell;
use tonic::Request;

use super::engine::{Asked, Engine, EngineSpec, NoContainer, Pattern, Reason, Way};
use super::grpc::Services;
use super::text::{boxed, environment, labels, set_image, set_probes};

/// Its row.
pub const SPEC: EngineSpec = EngineSpec {
    name: "cri",
    cgroups: &[
        // containerd with the driver cgroupfs.
        Pattern::id("", ""),
        Pattern::id("cri-containerd-", ".scope"),
        Pattern::id("crio-", ".scope"),
        Pattern::id("crio-", ""),
    ],
    way: Way::Socket {
        defaults: &[
            "/run/containerd/containerd.sock",
            "/run/crio/crio.sock",
            "/run/k3s/containerd/containerd.sock",
            "/run/host-containerd/containerd.sock",
        ],
        connect: |socket| {
            Ok(Arc::new(Cri { services: Services::new("cri", socket)?, runtime: OnceCell::new() }))
        },
    },
};

/// Messages of `runtime.v1`: the fields that are read, under the numbers that the interface gives them.
mod messages {
    use std::collections::HashMap;

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct VersionRequest {}

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct VersionResponse {
        #[prost(string, tag = "2")]
        pub runtime_name: String,
    }

    /// Asks for a container or a pod's sandbox; both are asked for alike.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct StatusRequest {
        #[prost(string, tag = "1")]
        pub id: String,
        #[prost(bool, tag = "2")]
        pub verbose: bool,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct ContainerStatusResponse {
        #[prost(message, optional, tag = "1")]
        pub status: Option<ContainerStatus>,
        #[prost(map = "string, string", tag = "2")]
        pub info: HashMap<String, String>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct ContainerStatus {
        #[prost(string, tag = "1")]
        pub id: String,
        #[prost(message, optional, tag = "2")]
        pub metadata: Option<Metadata>,
        #[prost(int64, tag = "4")]
        pub created_at: i64,
        #[prost(message, optional, tag = "8")]
        pub image: Option<ImageSpec>,
        #[prost(string, tag = "9")]
        pub image_ref: String,
        #[prost(map = "string, string", tag = "12")]
        pub labels: HashMap<String, String>,
        #[prost(message, repeated, tag = "14")]
        pub mounts: Vec<MountPoint>,
        #[prost(string, tag = "17")]
        pub image_id: String,
    }

    /// Of a container, which has a name only, or of a pod's sandbox.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Metadata {
        #[prost(string, tag = "1")]
        pub name: String,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct PodMetadata {
        #[prost(string, tag = "1")]
        pub name: String,
        #[prost(string, tag = "2")]
        pub uid: String,
        #[prost(string, tag = "3")]
        pub namespace: String,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct ImageSpec {
        #[prost(string, tag = "1")]
        pub image: String,
        #[prost(string, tag = "18")]
        pub user_specified_image: String,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct MountPoint {
        #[prost(string, tag = "1")]
        pub container_path: String,
        #[prost(string, tag = "2")]
        pub host_path: String,
        #[prost(bool, tag = "3")]
        pub readonly: bool,
        #[prost(int32, tag = "5")]
        pub propagation: i32,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct PodSandboxStatusResponse {
        #[prost(message, optional, tag = "1")]
        pub status: Option<PodSandboxStatus>,
        #[prost(map = "string, string", tag = "2")]
        pub info: HashMap<String, String>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct PodSandboxStatus {
        #[prost(string, tag = "1")]
        pub id: String,
        #[prost(message, optional, tag = "2")]
        pub metadata: Option<PodMetadata>,
        #[prost(int64, tag = "4")]
        pub created_at: i64,
        #[prost(message, optional, tag = "5")]
        pub network: Option<Network>,
        #[prost(message, optional, tag = "6")]
        pub linux: Option<Linux>,
        #[prost(map = "string, string", tag = "7")]
        pub labels: HashMap<String, String>,
        #[prost(map = "string, string", tag = "8")]
        pub annotations: HashMap<String, String>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Network {
        #[prost(string, tag = "1")]
        pub ip: String,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Linux {
        #[prost(message, optional, tag = "1")]
        pub namespaces: Option<Namespaces>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Namespaces {
        #[prost(message, optional, tag = "2")]
        pub options: Option<NamespaceOption>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct NamespaceOption {
        #[prost(int32, tag = "1")]
        pub network: i32,
        #[prost(int32, tag = "2")]
        pub pid: i32,
        #[prost(int32, tag = "3")]
        pub ipc: i32,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct GetEventsRequest {}

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct ContainerEvent {
        #[prost(string, tag = "1")]
        pub container_id: String,
        #[prost(int32, tag = "2")]
        pub kind: i32,
    }
}

/// The mode of a namespace that is the host's.
const NODE: i32 = 2;
/// The kinds of event up to this one tell of containers that are made and started.
const STARTED: i32 = 1;

/// What the runtimes tell beyond the interface, as JSON: containerd and CRI-O agree in these.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Info {
    #[serde(rename = "sandboxID")]
    sandbox_id: String,
    privileged: bool,
    config: Option<InfoConfig>,
    runtime_spec: Option<RuntimeSpec>,
    cni_result: Option<CniResult>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct InfoConfig {
    linux: Option<InfoLinux>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct InfoLinux {
    security_context: Option<SecurityContext>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SecurityContext {
    privileged: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RuntimeSpec {
    process: Option<RuntimeProcess>,
    annotations: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RuntimeProcess {
    env: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct CniResult {
    #[serde(rename = "Interfaces", alias = "interfaces")]
    interfaces: Map<String, Value>,
}

impl Info {
    /// What is told is of no use where it isn't understood; the rest is.
    fn read(info: &HashMap<String, String>) -> Info {
        info.get("info").and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
    }

    fn is_privileged(&self) -> bool {
        let context =
            self.config.as_ref().and_then(|config| config.linux.as_ref()?.security_context.as_ref());
        self.privileged || context.is_some_and(|context| context.privileged)
    }

    fn annotation(&self, name: &str) -> Option<&str> {
        self.runtime_spec.as_ref()?.annotations.get(name).map(String::as_str)
    }

    /// The addresses by interface, without those that no pod is reached by.
    fn cni(&self) -> String {
        if let Some(text) = self.annotation("io.kubernetes.cri-o.CNIResult") {
            return text.to_owned();
        }
        let all = self.cni_result.iter().flat_map(|result| &result.interfaces);
        let own: Map<String, Value> = all
            .filter(|(name, _)| *name != "lo" && !name.starts_with("veth"))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if own.is_empty() { String::new() } else { Value::Object(own).to_string() }
    }
}

/// A runtime that speaks it.
struct Cri {
    services: Services,
    /// The name that the runtime has for itself.
    runtime: OnceCell<Box<str>>,
}

impl Cri {
    /// The kind of runtime as `container.type` has it.
    async fn runtime(&self) -> Result<&str, NoContainer> {
        let ask = async {
            let question = Request::new(messages::VersionRequest {});
            let method = "/runtime.v1.RuntimeService/Version";
            let version: messages::VersionResponse = self.services.ask(method, question).await?;
            Ok(boxed(&version.runtime_name))
        };
        self.runtime.get_or_try_init(|| ask).await.map(|name| &**name)
    }

    async fn sandbox(&self, id: &str) -> Result<messages::PodSandboxStatusResponse, NoContainer> {
        let question = Request::new(messages::StatusRequest { id: id.to_owned(), verbose: true });
        self.services.ask("/runtime.v1.RuntimeService/PodSandboxStatus", question).await
    }

    async fn describe(&self, id: &str, limit: Duration) -> Result<Container, NoContainer> {
        let runtime = self.runtime().await?;
        let question = Request::new(messages::StatusRequest { id: id.to_owned(), verbose: true });
        let method = "/runtime.v1.RuntimeService/ContainerStatus";
        let answer: messages::ContainerStatusResponse = match self.services.ask(method, question).await {
            // The container that holds a pod's namespaces is known as the pod alone.
            Err(NoContainer::Unknown) => return self.describe_sandbox(id, runtime).await,
            answer => answer?,
        };
        let status = answer.status.unwrap_or_default();
        if status.id != id {
            return Err(self.services.trouble(Reason::Wrong, "it answered for another container"));
        }
        let info = Info::read(&answer.info);
        let mut container = container(status, &info, runtime);
        if !info.sandbox_id.is_empty() {
            // The pod is worth a wait, but not the rest of what is known.
            let sandbox = tokio::time::timeout(limit / 4, self.sandbox(&info.sandbox_id)).await;
            if let Ok(Ok(sandbox)) = sandbox {
                set_pod(&mut container, sandbox);
            }
            container.pod_sandbox_id = boxed(&info.sandbox_id);
        }
        Ok(container)
    }

    async fn describe_sandbox(&self, id: &str, runtime: &str) -> Result<Container, NoContainer> {
        let sandbox = self.sandbox(id).await?;
        let status = sandbox.status.clone().unwrap_or_default();
        if status.id != id {
            return Err(self.services.trouble(Reason::Wrong, "it answered for another pod"));
        }
        let mut container = Container {
            full_id: boxed(id),
            name: boxed(&status.metadata.unwrap_or_default().name),
            engine: runtime.into(),
            created: u64::try_from(status.created_at).unwrap_or(0),
            pod_sandbox_id: boxed(id),
            ..Container::default()
        };
        set_pod(&mut container, sandbox);
        Ok(container)
    }

    async fn tell_events(&self, tell: &mut (dyn FnMut(&str) + Send)) -> Result<(), NoContainer> {
        let method = "/runtime.v1.RuntimeService/GetContainerEvents";
        let mut events = self.services.follow(method, messages::GetEventsRequest {}).await?;
        loop {
            let event: Option<messages::ContainerEvent> =
                events.message().await.map_err(|status| self.services.refused(&status))?;
            let event =
                event.ok_or_else(|| self.services.trouble(Reason::Unreachable, "it tells no more"))?;
            if event.kind <= STARTED {
                tell(&event.container_id);
            }
        }
    }
}

impl Engine for Cri {
    fn inspect<'a>(&'a self, id: &'a str, limit: Duration) -> Asked<'a, Container> {
        Box::pin(self.describe(id, limit))
    }

    fn watch<'a>(&'a self, tell: &'a mut (dyn FnMut(&str) + Send)) -> Asked<'a, ()> {
        Box::pin(self.tell_events(tell))
    }
}

fn container(status: messages::ContainerStatus, info: &Info, runtime: &str) -> Container {
    let env =
        info.runtime_spec.iter().filter_map(|spec| spec.process.as_ref()).flat_map(|process| &process.env);
    let mut container = Container {
        full_id: boxed(&status.id),
        name: boxed(&status.metadata.unwrap_or_default().name),
        engine: runtime.into(),
        privileged: info.is_privileged(),
        mounts: status.mounts.iter().map(mount).collect(),
        labels: labels(&status.labels),
        environment: environment(env),
        created: u64::try_from(status.created_at).unwrap_or(0),
        ..Container::default()
    };
    // `name@sha256:…` for an image that came from a registry, else its id alone.
    let (of_registry, digest) = status.image_ref.split_once('@').unwrap_or(("", ""));
    let image = status.image.unwrap_or_default();
    let names = [
        Some(image.image.as_str()),
        Some(image.user_specified_image.as_str()),
        info.annotation("io.kubernetes.cri.image-name"),
        info.annotation("io.kubernetes.cri-o.ImageName"),
        Some(of_registry),
    ];
    let is_name = |name: &&str| !name.is_empty() && !name.starts_with("sha256:");
    set_image(&mut container, names.into_iter().flatten().find(is_name).unwrap_or_default());
    container.image_digest = boxed(digest);
    let id = if status.image_id.is_empty() { &status.image_ref } else { &status.image_id };
    container.image_id = boxed(id.strip_prefix("sha256:").unwrap_or_default());
    container
}

fn mount(mount: &messages::MountPoint) -> Mount {
    let propagation = match mount.propagation {
        0 => "rprivate",
        1 => "rslave",
        2 => "rshared",
        _ => "",
    };
    Mount {
        source: boxed(&mount.host_path),
        dest: boxed(&mount.container_path),
        mode: "".into(),
        rw: !mount.readonly,
        propagation: propagation.into(),
    }
}

/// Notes what is known of the container's pod.
fn set_pod(container: &mut Container, sandbox: messages::PodSandboxStatusResponse) {
    let info = Info::read(&sandbox.info);
    let status = sandbox.status.unwrap_or_default();
    let name = container.name.clone();
    set_probes(container, &name, |key| status.annotations.get(key).cloned());
    container.pod_labels = labels(&status.labels);
    container.pod_cni = boxed(&info.cni());
    container.ip = boxed(&status.network.unwrap_or_default().ip);
    let options = status.linux.and_then(|linux| linux.namespaces?.options).unwrap_or_default();
    container.host_network = options.network == NODE;
    container.host_pid = options.pid == NODE;
    container.host_ipc = options.ipc == NODE;
    if let Some(pod) = status.metadata {
        for (label, value) in [("name", &pod.name), ("namespace", &pod.namespace), ("uid", &pod.uid)] {
            container.labels.insert(format!("io.kubernetes.pod.{label}").into(), boxed(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(json: &str) -> HashMap<String, String> {
        [("info".to_owned(), json.to_owned())].into()
    }

    #[test]
    fn both_runtimes_are_understood() {
        // As containerd and CRI-O write them.
        for (json, privileged, cni) in [
            (
                r#"{"sandboxID":"s1","config":{"linux":{"security_context":{"privileged":true}}},"runtimeSpec":
                    {"process":{"env":["MESOS_TASK_ID=t","A=b"]}},"cniResult":{"Interfaces":
                    {"lo":{},"eth0":{"IPConfigs":[{"IP":"10.0.0.7"}]},"veth12":{}}}}"#,
                true,
                r#"{"eth0":{"IPConfigs":[{"IP":"10.0.0.7"}]}}"#,
            ),
            (
                r#"{"sandboxID":"s1","pid":7,"privileged":false,"runtimeSpec":{"process":{"env":["MESOS_TASK_ID=t"]},
                    "annotations":{"io.kubernetes.cri-o.ImageName":"quay.io/a/b:2","io.kubernetes.cri-o.CNIResult":"{}"}}}"#,
                false,
                "{}",
            ),
        ] {
            let info = Info::read(&info(json));
            assert_eq!(
                (&*info.sandbox_id, info.is_privileged(), &*info.cni()),
                ("s1", privileged, cni),
                "{json}"
            );
            let known = container(messages::ContainerStatus::default(), &info, "x");
            assert_eq!(known.environment.len(), 1, "{json}");
        }
        for broken in ["", "[]", "{", r#"{"sandboxID":7}"#] {
            assert_eq!(&*Info::read(&info(broken)).sandbox_id, "", "{broken}");
        }
    }

    #[test]
    fn images_are_told_by_name_where_there_is_one() {
        let annotated = Info::read(&info(
            r#"{"runtimeSpec":{"annotations":{"io.kubernetes.cri-o.ImageName":"quay.io/a/b:2"}}}"#,
        ));
        for (name, reference, info, expected) in [
            ("nginx:1", "docker.io/library/nginx@sha256:ab", &Info::default(), "nginx:1 nginx 1 sha256:ab "),
            ("nginx:1", "sha256:cd", &Info::default(), "nginx:1 nginx 1  cd"),
            ("sha256:cd", "sha256:cd", &annotated, "quay.io/a/b:2 quay.io/a/b 2  cd"),
            ("sha256:cd", "r.io/x@sha256:ab", &Info::default(), "r.io/x r.io/x latest sha256:ab "),
            ("", "", &Info::default(), "    "),
        ] {
            let image = Some(messages::ImageSpec { image: name.to_owned(), ..Default::default() });
            let status =
                messages::ContainerStatus { image, image_ref: reference.to_owned(), ..Default::default() };
            let Container { image, image_repository, image_tag, image_digest, image_id, .. } =
                container(status, info, "x");
            let seen = format!("{image} {image_repository} {image_tag} {image_digest} {image_id}");
            assert_eq!(seen, expected, "{name} {reference}");
        }
    }

    #[test]
    fn pods_are_read() {
        let options = messages::NamespaceOption { network: NODE, pid: 1, ipc: 0 };
        let namespaces = Some(messages::Namespaces { options: Some(options) });
        let status = messages::PodSandboxStatus {
            metadata: Some(messages::PodMetadata {
                name: "p".into(),
                uid: "u".into(),
                namespace: "n".into(),
            }),
            network: Some(messages::Network { ip: "10.0.0.7".into() }),
            linux: Some(messages::Linux { namespaces }),
            labels: [("app".to_owned(), "a".to_owned())].into(),
            ..Default::default()
        };
        let mut known = Container::default();
        set_pod(
            &mut known,
            messages::PodSandboxStatusResponse { status: Some(status), info: HashMap::new() },
        );
        assert_eq!(
            (&*known.ip, known.host_network, known.host_pid, known.host_ipc),
            ("10.0.0.7", true, false, false)
        );
        assert_eq!(&*known.labels["io.kubernetes.pod.namespace"], "n");
        assert_eq!(&*known.pod_labels["app"], "a");
    }
}
