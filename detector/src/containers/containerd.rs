//! containerd by its own API: containers that neither Docker nor Kubernetes made, such as those of `ctr` and nerdctl.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lanner_event::{Container, Mount};
use serde::Deserialize;
use tonic::Request;
use tonic::metadata::MetadataValue;

use super::engine::{Asked, Engine, EngineSpec, NoContainer, Parent, Pattern, Reason, Way};
use super::grpc::Services;
use super::text::{boxed, environment, labels, set_image};

/// Its row.
pub const SPEC: EngineSpec = EngineSpec {
    name: "containerd",
    cgroups: &[
        Pattern::id("", ""),
        // nerdctl with the driver systemd.
        Pattern::id("nerdctl-", ".scope"),
        // `/namespace/name`.
        Pattern::name(Parent::Named("default"), "", ""),
        Pattern::name(Parent::Bundle(BUNDLES), "", ""),
    ],
    way: Way::Socket {
        defaults: &[
            "/run/containerd/containerd.sock",
            "/run/k3s/containerd/containerd.sock",
            "/run/host-containerd/containerd.sock",
        ],
        connect: |socket| Ok(Arc::new(Containerd { services: Services::new("containerd", socket)? })),
    },
};

/// Where it keeps a folder for each container that runs.
const BUNDLES: &[&str] =
    &["/run/containerd/io.containerd.runtime.v2.task", "/run/k3s/containerd/io.containerd.runtime.v2.task"];
/// Namespaces whose containers with made-up ids are asked of their own engines, which know more of them.
const OF_OTHERS: [&str; 2] = ["moby", "k8s.io"];
/// How many digits such an id has.
const ID_LENGTH: usize = 64;
/// How many namespaces are looked through.
const NAMESPACES_MAX: usize = 64;

/// Messages of `containerd.services`: the fields that are read, under the numbers that the API gives them.
mod messages {
    use std::collections::HashMap;

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct ListNamespacesRequest {}

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct ListNamespacesResponse {
        #[prost(message, repeated, tag = "1")]
        pub namespaces: Vec<Namespace>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Namespace {
        #[prost(string, tag = "1")]
        pub name: String,
    }

    /// Asks for a container by its id, or for an image by its name; both are asked for alike.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct GetRequest {
        #[prost(string, tag = "1")]
        pub id: String,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct GetContainerResponse {
        #[prost(message, optional, tag = "1")]
        pub container: Option<Container>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Container {
        #[prost(string, tag = "1")]
        pub id: String,
        #[prost(map = "string, string", tag = "2")]
        pub labels: HashMap<String, String>,
        #[prost(string, tag = "3")]
        pub image: String,
        #[prost(message, optional, tag = "5")]
        pub spec: Option<Any>,
        #[prost(message, optional, tag = "8")]
        pub created_at: Option<Time>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Any {
        #[prost(bytes = "vec", tag = "2")]
        pub value: Vec<u8>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Time {
        #[prost(int64, tag = "1")]
        pub seconds: i64,
        #[prost(int32, tag = "2")]
        pub nanos: i32,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct GetImageResponse {
        #[prost(message, optional, tag = "1")]
        pub image: Option<Image>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Image {
        #[prost(message, optional, tag = "3")]
        pub target: Option<Descriptor>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Descriptor {
        #[prost(string, tag = "2")]
        pub digest: String,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct SubscribeRequest {
        #[prost(string, repeated, tag = "1")]
        pub filters: Vec<String>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Envelope {
        #[prost(message, optional, tag = "4")]
        pub event: Option<Any>,
    }

    /// A container was made, or its first process started: both tell its id alike.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Told {
        #[prost(string, tag = "1")]
        pub id: String,
    }
}

/// What is read of a container's runtime specification (OCI).
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    process: Process,
    mounts: Vec<SpecMount>,
    linux: Linux,
    annotations: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Process {
    env: Vec<String>,
    apparmor_profile: String,
    selinux_label: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SpecMount {
    destination: String,
    source: String,
    #[serde(rename = "type")]
    kind: String,
    options: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Linux {
    namespaces: Vec<Namespace>,
    masked_paths: Vec<String>,
    readonly_paths: Vec<String>,
    seccomp: Option<serde::de::IgnoredAny>,
    rootfs_propagation: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Namespace {
    #[serde(rename = "type")]
    kind: String,
    path: String,
}

impl Spec {
    /// Whether nothing is kept from it that an ordinary container may not do. That isn't written down anywhere, but
    /// follows from what is; Falco concludes alike.
    fn is_privileged(&self) -> bool {
        let Spec { process, linux, mounts, .. } = self;
        let confined = !process.selinux_label.is_empty()
            || !matches!(process.apparmor_profile.as_str(), "" | "unconfined")
            || linux.seccomp.is_some();
        let read_only = |mount: &SpecMount| {
            matches!(mount.kind.as_str(), "sysfs" | "cgroup")
                && mount.options.iter().any(|option| option == "ro")
        };
        let hidden = !linux.masked_paths.is_empty() || !linux.readonly_paths.is_empty();
        !confined && !hidden && !mounts.iter().any(read_only)
    }

    /// Whether it shares a namespace of the host: it is told of none of its own.
    fn shares(&self, kind: &str) -> bool {
        let own =
            self.linux.namespaces.iter().any(|own| own.kind == kind && !own.path.starts_with("/proc/1/"));
        !own
    }
}

/// containerd, reached over its socket.
struct Containerd {
    services: Services,
}

impl Containerd {
    async fn describe(&self, id: &str, limit: Duration) -> Result<Container, NoContainer> {
        let method = "/containerd.services.namespaces.v1.Namespaces/List";
        let question = Request::new(messages::ListNamespacesRequest {});
        let all: messages::ListNamespacesResponse = self.services.ask(method, question).await?;
        let made_up = id.len() == ID_LENGTH && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let names = all.namespaces.into_iter().map(|namespace| namespace.name);
        let own = names.filter(|name| !(made_up && OF_OTHERS.contains(&name.as_str())));
        for namespace in own.take(NAMESPACES_MAX) {
            match self.describe_in(&namespace, id, limit).await {
                Err(NoContainer::Unknown) => {}
                other => return other,
            }
        }
        Err(NoContainer::Unknown)
    }

    async fn describe_in(
        &self,
        namespace: &str,
        id: &str,
        limit: Duration,
    ) -> Result<Container, NoContainer> {
        let question = self.get(namespace, id)?;
        let answer: messages::GetContainerResponse =
            self.services.ask("/containerd.services.containers.v1.Containers/Get", question).await?;
        let known = answer.container.unwrap_or_default();
        if known.id != id {
            return Err(self.services.trouble(Reason::Wrong, "it answered for another container"));
        }
        let mut container = container(&known);
        // The digest is worth a wait, but not the rest of what is known.
        if let Ok(question) = self.get(namespace, &known.image) {
            let method = "/containerd.services.images.v1.Images/Get";
            let ask = self.services.ask::<_, messages::GetImageResponse>(method, question);
            if let Ok(Ok(answer)) = tokio::time::timeout(limit / 4, ask).await {
                let digest = answer.image.and_then(|image| image.target).unwrap_or_default().digest;
                container.image_digest = boxed(&digest);
            }
        }
        Ok(container)
    }

    /// A question in a namespace.
    fn get(&self, namespace: &str, id: &str) -> Result<Request<messages::GetRequest>, NoContainer> {
        let mut question = Request::new(messages::GetRequest { id: id.to_owned() });
        let value = MetadataValue::try_from(namespace);
        let value = value.map_err(|error| self.services.trouble(Reason::Wrong, error))?;
        question.metadata_mut().insert("containerd-namespace", value);
        Ok(question)
    }

    async fn tell_events(&self, tell: &mut (dyn FnMut(&str) + Send)) -> Result<(), NoContainer> {
        let topics = ["/containers/create", "/tasks/start"];
        let filters = topics.iter().map(|topic| format!("topic==\"{topic}\"")).collect();
        let question = messages::SubscribeRequest { filters };
        let mut events =
            self.services.follow("/containerd.services.events.v1.Events/Subscribe", question).await?;
        loop {
            let envelope: Option<messages::Envelope> =
                events.message().await.map_err(|status| self.services.refused(&status))?;
            let envelope =
                envelope.ok_or_else(|| self.services.trouble(Reason::Unreachable, "it tells no more"))?;
            let event = envelope.event.unwrap_or_default();
            if let Ok(told) = <messages::Told as prost::Message>::decode(event.value.as_slice()) {
                tell(&told.id);
            }
        }
    }
}

impl Engine for Containerd {
    fn inspect<'a>(&'a self, id: &'a str, limit: Duration) -> Asked<'a, Container> {
        Box::pin(self.describe(id, limit))
    }

    fn watch<'a>(&'a self, tell: &'a mut (dyn FnMut(&str) + Send)) -> Asked<'a, ()> {
        Box::pin(self.tell_events(tell))
    }
}

fn container(known: &messages::Container) -> Container {
    let spec = known.spec.as_ref().and_then(|spec| serde_json::from_slice::<Spec>(&spec.value).ok());
    let spec_known = spec.is_some();
    let spec = spec.unwrap_or_default();
    let name = known.labels.get("nerdctl/name").unwrap_or(&known.id);
    let mut container = Container {
        full_id: boxed(&known.id),
        name: boxed(name),
        engine: "containerd".into(),
        privileged: spec_known && spec.is_privileged(),
        mounts: spec.mounts.iter().map(|mount| self::mount(mount, &spec)).collect(),
        labels: labels(&known.labels),
        environment: environment(&spec.process.env),
        created: known.created_at.as_ref().map_or(0, nanoseconds),
        host_pid: spec_known && spec.shares("pid"),
        host_network: spec_known && spec.shares("network"),
        host_ipc: spec_known && spec.shares("ipc"),
        pod_sandbox_id: boxed(
            spec.annotations.get("io.kubernetes.cri.sandbox-id").map_or("", String::as_str),
        ),
        ..Container::default()
    };
    set_image(&mut container, &known.image);
    container
}

fn mount(mount: &SpecMount, spec: &Spec) -> Mount {
    let mode = mount.options.iter().find_map(|option| option.strip_prefix("mode=")).unwrap_or_default();
    Mount {
        source: boxed(&mount.source),
        dest: boxed(&mount.destination),
        mode: boxed(mode),
        rw: !mount.options.iter().any(|option| option == "ro"),
        propagation: boxed(&spec.linux.rootfs_propagation),
    }
}

fn nanoseconds(time: &messages::Time) -> u64 {
    let (seconds, nanos) = (u64::try_from(time.seconds), u64::try_from(time.nanos));
    seconds.unwrap_or(0).saturating_mul(1_000_000_000).saturating_add(nanos.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(spec: &str) -> Container {
        let spec = Some(messages::Any { value: spec.as_bytes().to_vec() });
        let created_at = Some(messages::Time { seconds: 7, nanos: 8 });
        container(&messages::Container {
            id: "web".into(),
            image: "a/b:1".into(),
            spec,
            created_at,
            ..Default::default()
        })
    }

    #[test]
    fn specifications_are_read() {
        let ordinary = known(
            r#"{"process":{"env":["MARATHON_APP_ID=/a"]},"mounts":[{"destination":"/sys","type":"sysfs","source":"sysfs",
                "options":["nosuid","ro"]}],"linux":{"maskedPaths":["/proc/kcore"],"namespaces":[{"type":"pid"},
                {"type":"network","path":"/proc/1/ns/net"}]}}"#,
        );
        assert_eq!((ordinary.privileged, ordinary.host_pid, ordinary.host_network), (false, false, true));
        assert_eq!((&*ordinary.mounts[0].dest, ordinary.mounts[0].rw), ("/sys", false));
        assert_eq!((ordinary.created, &*ordinary.image_repository), (7_000_000_008, "a/b"));
        assert_eq!(ordinary.environment.len(), 1);
        let privileged = r#"{"mounts":[{"type":"sysfs","options":["rw"]}],"linux":{}}"#;
        assert!(known(privileged).privileged);
        for confined in [r#""seccomp":{}"#, r#""readonlyPaths":["/proc/sys"]"#] {
            assert!(!known(&format!(r#"{{"linux":{{{confined}}}}}"#)).privileged, "{confined}");
        }
        for broken in ["", "{", r#"{"linux":7}"#] {
            let known = known(broken);
            assert_eq!((&*known.name, known.privileged, known.host_pid), ("web", false, false), "{broken}");
        }
    }
}
