//! Pods as kubelet makes them: over the Container Runtime Interface, without Kubernetes.

use std::collections::HashMap;
use std::path::Path;

use prost::Message;
use tonic::Request;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic_prost::ProstCodec;

/// The namespace of the host, as a mode.
const NODE: i32 = 2;

/// A runtime.
pub struct Cri {
    runtime: tokio::runtime::Runtime,
    channel: Channel,
}

/// A pod with one container.
pub struct Pod {
    /// The id of the container that holds its namespaces.
    pub sandbox: String,
    /// The id of its container.
    pub container: String,
}

/// What a pod is made of.
pub struct PodSpec<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its namespace.
    pub namespace: &'a str,
    /// Its uid.
    pub uid: &'a str,
    /// Its labels.
    pub labels: &'a [(&'a str, &'a str)],
    /// Its annotations.
    pub annotations: &'a [(&'a str, &'a str)],
    /// The name of its container.
    pub container: &'a str,
    /// The container's image.
    pub image: &'a str,
    /// What is mounted into it: a folder of the host, and where.
    pub mount: (&'a str, &'a str),
}

impl Cri {
    /// The runtime at a socket.
    pub fn new(socket: &Path) -> Cri {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let inside = runtime.enter();
        let endpoint = Endpoint::from_shared(format!("unix://{}", socket.display())).expect("a path");
        let channel = endpoint.connect_lazy();
        drop(inside);
        Cri { runtime, channel }
    }

    fn ask<Q: Message + 'static, A: Message + Default + 'static>(
        &self,
        method: &'static str,
        question: Q,
    ) -> A {
        let answer = self.runtime.block_on(async {
            let mut client = Grpc::new(self.channel.clone());
            client.ready().await.expect("the runtime listens");
            let codec = ProstCodec::<Q, A>::default();
            client.unary(Request::new(question), PathAndQuery::from_static(method), codec).await
        });
        answer.unwrap_or_else(|status| panic!("{method}: {status}")).into_inner()
    }

    /// Starts a pod on the host's network, whose container does nothing.
    pub fn start_pod(&self, spec: &PodSpec) -> Pod {
        let texts = |pairs: &[(&str, &str)]| -> HashMap<String, String> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let options = NamespaceOption { network: NODE };
        let config = PodConfig {
            metadata: Some(PodMetadata {
                name: spec.name.to_owned(),
                uid: spec.uid.to_owned(),
                namespace: spec.namespace.to_owned(),
            }),
            labels: texts(spec.labels),
            annotations: texts(spec.annotations),
            linux: Some(PodLinux {
                cgroup_parent: format!("/kubepods/besteffort/pod{}", spec.uid),
                security: Some(PodSecurity { options: Some(options) }),
            }),
        };
        let run = RunPodRequest { config: Some(config.clone()) };
        let sandbox = self.ask::<_, Id>("/runtime.v1.RuntimeService/RunPodSandbox", run).id;
        let container = ContainerConfig {
            metadata: Some(Name { name: spec.container.to_owned() }),
            image: Some(Name { name: spec.image.to_owned() }),
            command: ["/bin/sleep", "1000"].map(str::to_owned).into(),
            mounts: vec![Mount {
                inside: spec.mount.1.to_owned(),
                outside: spec.mount.0.to_owned(),
                readonly: true,
            }],
            labels: texts(&[("io.kubernetes.container.name", spec.container)]),
            linux: Some(ContainerLinux { security: Some(ContainerSecurity { options: Some(options) }) }),
        };
        let create = CreateRequest { sandbox: sandbox.clone(), config: Some(container), pod: Some(config) };
        let container = self.ask::<_, Id>("/runtime.v1.RuntimeService/CreateContainer", create).id;
        let start = Id { id: container.clone() };
        let _: Nothing = self.ask("/runtime.v1.RuntimeService/StartContainer", start);
        Pod { sandbox, container }
    }

    /// Runs a command in a container until it ends.
    pub fn exec(&self, container: &str, command: &[&str]) {
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        let question = ExecRequest { container: container.to_owned(), command };
        let _: Nothing = self.ask("/runtime.v1.RuntimeService/ExecSync", question);
    }
}

// Messages of `runtime.v1`: the fields that are used, under the numbers that the interface gives them.

#[derive(Clone, PartialEq, Message)]
struct Nothing {}

/// An answer or a question that is an id.
#[derive(Clone, PartialEq, Message)]
struct Id {
    #[prost(string, tag = "1")]
    id: String,
}

#[derive(Clone, PartialEq, Message)]
struct RunPodRequest {
    #[prost(message, optional, tag = "1")]
    config: Option<PodConfig>,
}

#[derive(Clone, PartialEq, Message)]
struct PodConfig {
    #[prost(message, optional, tag = "1")]
    metadata: Option<PodMetadata>,
    #[prost(map = "string, string", tag = "6")]
    labels: HashMap<String, String>,
    #[prost(map = "string, string", tag = "7")]
    annotations: HashMap<String, String>,
    #[prost(message, optional, tag = "8")]
    linux: Option<PodLinux>,
}

#[derive(Clone, PartialEq, Message)]
struct PodMetadata {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    uid: String,
    #[prost(string, tag = "3")]
    namespace: String,
}

#[derive(Clone, PartialEq, Message)]
struct PodLinux {
    #[prost(string, tag = "1")]
    cgroup_parent: String,
    #[prost(message, optional, tag = "2")]
    security: Option<PodSecurity>,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct PodSecurity {
    #[prost(message, optional, tag = "1")]
    options: Option<NamespaceOption>,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct NamespaceOption {
    #[prost(int32, tag = "1")]
    network: i32,
}

#[derive(Clone, PartialEq, Message)]
struct CreateRequest {
    #[prost(string, tag = "1")]
    sandbox: String,
    #[prost(message, optional, tag = "2")]
    config: Option<ContainerConfig>,
    #[prost(message, optional, tag = "3")]
    pod: Option<PodConfig>,
}

#[derive(Clone, PartialEq, Message)]
struct ContainerConfig {
    #[prost(message, optional, tag = "1")]
    metadata: Option<Name>,
    #[prost(message, optional, tag = "2")]
    image: Option<Name>,
    #[prost(string, repeated, tag = "3")]
    command: Vec<String>,
    #[prost(message, repeated, tag = "7")]
    mounts: Vec<Mount>,
    #[prost(map = "string, string", tag = "9")]
    labels: HashMap<String, String>,
    #[prost(message, optional, tag = "15")]
    linux: Option<ContainerLinux>,
}

/// Of a container, or of an image.
#[derive(Clone, PartialEq, Message)]
struct Name {
    #[prost(string, tag = "1")]
    name: String,
}

#[derive(Clone, PartialEq, Message)]
struct Mount {
    #[prost(string, tag = "1")]
    inside: String,
    #[prost(string, tag = "2")]
    outside: String,
    #[prost(bool, tag = "3")]
    readonly: bool,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct ContainerLinux {
    #[prost(message, optional, tag = "2")]
    security: Option<ContainerSecurity>,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct ContainerSecurity {
    #[prost(message, optional, tag = "3")]
    options: Option<NamespaceOption>,
}

#[derive(Clone, PartialEq, Message)]
struct ExecRequest {
    #[prost(string, tag = "1")]
    container: String,
    #[prost(string, repeated, tag = "2")]
    command: Vec<String>,
}
