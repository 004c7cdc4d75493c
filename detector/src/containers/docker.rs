//! Docker's API: also podman's, and that of Docker for a user.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lanner_event::{Container, Mount, Probe};
use serde::Deserialize;

use super::engine::{Asked, Engine, EngineSpec, NoContainer, Pattern, Reason, Way};
use super::http::Api;
use super::text::{boxed, environment, labels, nanoseconds, probe, set_image, set_probes};

/// Docker's row.
pub const SPEC: EngineSpec = EngineSpec {
    name: "docker",
    cgroups: &[Pattern::id("", ""), Pattern::id("docker-", ".scope")],
    way: Way::Socket {
        defaults: &["/var/run/docker.sock", "/run/user/*/docker.sock"],
        connect: |socket| Ok(Arc::new(Docker::new("docker", socket)?)),
    },
};

/// What tells of containers: `{"type":["container"],"event":["create","start","rename"]}`.
const EVENTS: &str = "/events?filters=%7B%22type%22%3A%5B%22container%22%5D%2C%22event%22%3A%5B%22create%22%2C%22start%22%2C%22rename%22%5D%7D";
/// The label in which Kubernetes names the container that holds a pod's namespaces.
const SANDBOX: &str = "io.kubernetes.sandbox.id";
/// The label in which Kubernetes names a container.
const NAME_IN_POD: &str = "io.kubernetes.container.name";

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Inspect {
    id: String,
    name: String,
    created: String,
    image: String,
    config: Config,
    host_config: HostConfig,
    mounts: Vec<MountPoint>,
    network_settings: Option<NetworkSettings>,
}

impl Inspect {
    fn label(&self, name: &str) -> Option<&str> {
        self.config.labels.as_ref()?.get(name).map(String::as_str)
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Config {
    image: String,
    labels: Option<BTreeMap<String, String>>,
    env: Option<Vec<String>>,
    healthcheck: Option<Healthcheck>,
    shell: Option<Vec<String>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Healthcheck {
    test: Option<Vec<String>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct HostConfig {
    privileged: bool,
    pid_mode: Option<String>,
    network_mode: Option<String>,
    ipc_mode: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct NetworkSettings {
    #[serde(rename = "IPAddress")]
    ip_address: Option<String>,
    networks: Option<BTreeMap<String, Option<NetworkSettings>>>,
}

impl NetworkSettings {
    /// The container's address; that in the first of its networks where it has none of its own.
    fn ip(&self) -> &str {
        let networks = self.networks.iter().flat_map(BTreeMap::values).flatten();
        let mut addresses = std::iter::once(self).chain(networks).filter_map(|of| of.ip_address.as_deref());
        addresses.find(|ip| !ip.is_empty()).unwrap_or_default()
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct MountPoint {
    source: String,
    destination: String,
    mode: String,
    #[serde(rename = "RW")]
    rw: bool,
    propagation: String,
}

/// What is read of an image.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Image {
    repo_digests: Option<Vec<String>>,
}

/// What is read of an event.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Told {
    #[serde(rename = "Actor")]
    actor: Actor,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Actor {
    #[serde(rename = "ID")]
    id: String,
}

/// An engine with Docker's API, reached over its socket.
#[derive(Debug, Clone)]
pub struct Docker {
    engine: &'static str,
    api: Api,
}

impl Docker {
    /// The engine of that name at a socket, which need not be there yet.
    pub fn new(engine: &'static str, socket: &Path) -> std::io::Result<Docker> {
        Ok(Docker { engine, api: Api::new(engine, socket)? })
    }

    async fn describe(&self, id: &str, limit: Duration) -> Result<Container, NoContainer> {
        let inspect: Inspect = self.api.get(&format!("/containers/{id}/json"), limit).await?;
        if inspect.id != id {
            return Err(self.api.trouble(Reason::Wrong, "it answered for another container"));
        }
        let sandbox = inspect.label(SANDBOX).filter(|sandbox| *sandbox != id).map(str::to_owned);
        let mut container = container(inspect, self.engine);
        // The digest and the pod are worth a wait, but not the rest of what is known.
        let image = self.api.get(&format!("/images/{}/json", container.image_id), limit / 4).await;
        container.image_digest = boxed(digest(&image.unwrap_or_default(), &container.image_repository));
        if let Some(sandbox) = sandbox {
            let known = self.api.get::<Inspect>(&format!("/containers/{sandbox}/json"), limit / 4).await;
            set_pod(&mut container, &sandbox, known.unwrap_or_default());
        }
        Ok(container)
    }
}

impl Engine for Docker {
    fn inspect<'a>(&'a self, id: &'a str, limit: Duration) -> Asked<'a, Container> {
        Box::pin(self.describe(id, limit))
    }

    fn watch<'a>(&'a self, tell: &'a mut (dyn FnMut(&str) + Send)) -> Asked<'a, ()> {
        Box::pin(async move { Err(self.api.follow(EVENTS, |told: Told| tell(&told.actor.id)).await) })
    }
}

/// Notes what the container that holds a pod's namespaces tells of the pod.
fn set_pod(container: &mut Container, id: &str, sandbox: Inspect) {
    let name = container.labels.get(NAME_IN_POD).cloned().unwrap_or_default();
    let annotation = |key: &str| sandbox.label(&format!("annotation.{key}")).map(str::to_owned);
    set_probes(container, &name, annotation);
    container.pod_sandbox_id = boxed(id);
    container.ip = boxed(sandbox.network_settings.as_ref().map_or("", NetworkSettings::ip));
    container.pod_labels = labels(sandbox.config.labels.iter().flatten());
}

/// The digest of an image in the registry that it was asked for from; any other where there is none of that.
fn digest<'a>(image: &'a Image, repository: &str) -> &'a str {
    let digests = || image.repo_digests.iter().flatten().filter_map(|digest| digest.split_once('@'));
    let own = digests().find(|(name, _)| *name == repository).or_else(|| digests().next());
    own.map_or("", |(_, digest)| digest)
}

fn container(inspect: Inspect, engine: &str) -> Container {
    let is_host = |mode: &Option<String>| mode.as_deref() == Some("host");
    let test = inspect.config.healthcheck.and_then(|check| check.test);
    let mut container = Container {
        full_id: boxed(&inspect.id),
        name: boxed(inspect.name.trim_start_matches('/')),
        engine: engine.into(),
        image_id: boxed(inspect.image.trim_start_matches("sha256:")),
        privileged: inspect.host_config.privileged,
        mounts: inspect.mounts.iter().map(mount).collect(),
        labels: labels(inspect.config.labels.iter().flatten()),
        environment: environment(inspect.config.env.iter().flatten()),
        created: nanoseconds(&inspect.created),
        ip: boxed(inspect.network_settings.unwrap_or_default().ip()),
        host_pid: is_host(&inspect.host_config.pid_mode),
        host_network: is_host(&inspect.host_config.network_mode),
        host_ipc: is_host(&inspect.host_config.ipc_mode),
        healthcheck: test.and_then(|test| healthcheck(&test, inspect.config.shell.as_deref())),
        ..Container::default()
    };
    set_image(&mut container, &inspect.config.image);
    container
}

fn mount(mount: &MountPoint) -> Mount {
    Mount {
        source: boxed(&mount.source),
        dest: boxed(&mount.destination),
        mode: boxed(&mount.mode),
        rw: mount.rw,
        propagation: boxed(&mount.propagation),
    }
}

/// The command that a health check runs: by itself, or by the image's shell.
fn healthcheck(test: &[String], shell: Option<&[String]>) -> Option<Probe> {
    match test {
        [kind, ..] if kind == "NONE" => Some(Probe::new()),
        [kind, command @ ..] if kind == "CMD" => Some(probe(command)),
        [kind, command] if kind == "CMD-SHELL" => {
            let default = ["/bin/sh".to_owned(), "-c".to_owned()];
            let mut words = probe(shell.unwrap_or(&default));
            words.push(boxed(command));
            Some(words)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::super::http::ANSWER_MAX;
    use super::*;

    #[test]
    fn a_digest_is_that_of_the_repository_where_there_are_several() {
        let image = |digests: &[&str]| Image {
            repo_digests: Some(digests.iter().map(|digest| (*digest).to_owned()).collect()),
        };
        assert_eq!(digest(&image(&["a@sha256:1", "b@sha256:2"]), "b"), "sha256:2");
        assert_eq!(digest(&image(&["a@sha256:1"]), "c"), "sha256:1");
        assert_eq!(digest(&image(&["broken"]), "c"), "");
        assert_eq!(digest(&Image::default(), "c"), "");
    }

    const LIMIT: Duration = Duration::from_millis(300);

    /// What an engine does when it is asked.
    enum Does {
        /// It answers this to everything, and ends.
        Says(Vec<u8>),
        /// It takes the request and says nothing.
        Hangs,
        /// It says a byte now and then.
        Drips,
        /// It doesn't even take the connection.
        Sleeps,
    }

    fn serve(engine: &Does, stream: &mut UnixStream) {
        let mut request = [0; 4096];
        let _ = stream.read(&mut request);
        match engine {
            Does::Says(answer) => drop(stream.write_all(answer)),
            Does::Hangs | Does::Sleeps => drop(stream.read(&mut request)),
            Does::Drips => {
                let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
                let mut goes_on = stream.write_all(head).is_ok();
                while goes_on {
                    std::thread::sleep(LIMIT / 10);
                    goes_on = stream.write_all(b" ").is_ok();
                }
            }
        }
    }

    /// What is made of an engine that does this.
    fn asked(engine: Does) -> Result<Container, NoContainer> {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("docker.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let _asleep = match engine {
            Does::Sleeps => Some(listener),
            _ => {
                std::thread::spawn(move || {
                    listener.incoming().flatten().for_each(|mut stream| serve(&engine, &mut stream));
                });
                None
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(Docker::new("docker", &socket).unwrap().inspect("abcd", LIMIT))
    }

    fn says(head: &str, body: &str) -> Does {
        let length = body.len();
        // It does so after each answer: who isn't told may ask the next on a connection that is gone.
        let close = "Connection: close";
        Does::Says(
            format!("HTTP/1.1 {head}\r\n{close}\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes(),
        )
    }

    #[track_caller]
    fn check_trouble(engine: Does, cause: &str) {
        match asked(engine) {
            Err(NoContainer::Trouble { cause: text, .. }) if text.contains(cause) => {}
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_an_engine_says_is_read() {
        let json = r#"{"Id":"abcd","Name":"/web","Image":"sha256:12","Created":"2026-01-01T00:00:00Z",
            "Config":{"Image":"nginx:1","Labels":{"a":"b"}},"HostConfig":{"Privileged":true},"RepoDigests":["nginx@sha256:34"],
            "Mounts":[{"Source":"/etc","Destination":"/host","Mode":"ro","RW":false,"Propagation":"rprivate"}]}"#;
        let web = asked(says("200 OK", json)).unwrap();
        assert_eq!((&*web.name, &*web.image_repository, &*web.image_tag), ("web", "nginx", "1"));
        assert_eq!((&*web.mounts[0].dest, web.privileged), ("/host", true));
        assert_eq!((web.created, &*web.image_digest), (1_767_225_600_000_000_000, "sha256:34"));
        let length = json.len();
        let chunked = format!(
            "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n{json}\r\n0\r\n\r\n"
        );
        assert_eq!(asked(Does::Says(chunked.into_bytes())).unwrap(), web);
    }

    #[test]
    fn health_checks_are_read() {
        let check = |test: &[&str], shell: Option<&[&str]>| {
            let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
            healthcheck(&owned(test), shell.map(owned).as_deref()).map(|probe| probe.join("|"))
        };
        assert_eq!(check(&["CMD", "curl", "-f", "x y"], None).as_deref(), Some("curl|-f|x y"));
        assert_eq!(check(&["CMD-SHELL", "ls /"], None).as_deref(), Some("/bin/sh|-c|ls /"));
        assert_eq!(check(&["CMD-SHELL", "ls"], Some(&["bash", "-ec"])).as_deref(), Some("bash|-ec|ls"));
        assert_eq!(check(&["NONE"], None).as_deref(), Some(""));
        assert_eq!(check(&[], None), None);
        assert_eq!(check(&["ls"], None), None);
    }

    #[test]
    fn addresses_and_shared_namespaces_are_read() {
        let json = r#"{"Id":"abcd","Config":{"Healthcheck":{"Test":null}},
            "HostConfig":{"PidMode":"host","NetworkMode":"bridge","IpcMode":null},
            "NetworkSettings":{"IPAddress":"","Networks":{"a":null,"b":{"IPAddress":"172.18.0.2"}}}}"#;
        let known = asked(says("200 OK", json)).unwrap();
        assert_eq!(
            (&*known.ip, known.host_pid, known.host_network, known.host_ipc),
            ("172.18.0.2", true, false, false)
        );
        assert_eq!(known.healthcheck, None);
    }

    #[test]
    fn pods_are_read_from_the_container_that_holds_their_namespaces() {
        let applied = r#"{\"spec\":{\"containers\":[{\"name\":\"main\",\"livenessProbe\":{\"exec\":{\"command\":[\"a\"]}}}]}}"#;
        // The same is answered of the container and of the other one.
        let json = format!(
            r#"{{"Id":"abcd","Config":{{"Labels":{{"io.kubernetes.sandbox.id":"ef","io.kubernetes.container.name":"main",
                "annotation.kubectl.kubernetes.io/last-applied-configuration":"{applied}"}}}},
                "NetworkSettings":{{"IPAddress":"10.0.0.7"}}}}"#
        );
        let known = asked(says("200 OK", &json)).unwrap();
        assert_eq!((&*known.pod_sandbox_id, &*known.ip, known.pod_labels.len()), ("ef", "10.0.0.7", 3));
        assert_eq!(known.liveness_probe, Some(vec!["a".into()]));
    }

    #[test]
    fn engines_that_dont_answer_well_are_told_apart() {
        assert_eq!(asked(says("404 Not Found", "{}")), Err(NoContainer::Unknown));
        check_trouble(says("200 OK", r#"{"Id":"zz"}"#), "another");
        check_trouble(says("200 OK", r#"{"Id":[]}"#), "invalid type");
        check_trouble(says("500 Internal Server Error", ""), "500");
        check_trouble(says("302 Found\r\nLocation: http://docker/", ""), "302");
        check_trouble(says("200 OK", &"x".repeat(ANSWER_MAX + 1)), "longer");
        check_trouble(Does::Says(b"garbage".to_vec()), "HTTP");
        check_trouble(Does::Says(Vec::new()), "docker.sock");
        check_trouble(Does::Hangs, "in time");
        check_trouble(Does::Drips, "in time");
        check_trouble(Does::Sleeps, "in time");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let none = runtime.block_on(Docker::new("docker", Path::new("/none")).unwrap().inspect("ab", LIMIT));
        assert!(matches!(none, Err(NoContainer::Trouble { cause, .. }) if cause.contains("/none")));
    }
}
