//! Docker's API over its socket: each request and its answer bounded in time and size.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lanner_event::{Container, Mount, Probe};
use reqwest::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::NoContainer;
use crate::host_root::host_path;

/// How long an answer may be, in bytes.
const ANSWER_MAX: usize = 1 << 20;
/// How long a text of an answer may be, in bytes.
const TEXT_MAX: usize = 4096;
/// How many words the command of a health check may have.
const PROBE_WORDS_MAX: usize = 64;

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

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Config {
    image: String,
    labels: Option<BTreeMap<String, String>>,
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

/// Docker, reached over its socket.
#[derive(Debug, Clone)]
pub struct Docker {
    client: reqwest::Client,
    socket: PathBuf,
}

impl Docker {
    /// Docker at a socket, which need not be there yet.
    pub fn new(socket: &Path) -> std::io::Result<Docker> {
        let socket = host_path(socket);
        let client = reqwest::Client::builder()
            .unix_socket(socket.clone())
            .redirect(reqwest::redirect::Policy::none())
            // Nothing is encrypted, so no certificates are loaded.
            .tls_certs_only([])
            .build()
            .map_err(std::io::Error::other)?;
        Ok(Docker { client, socket })
    }

    /// Whether the socket is there.
    pub fn is_there(&self) -> bool {
        self.socket.exists()
    }

    /// What Docker knows of a container.
    pub async fn inspect(&self, id: &str, limit: Duration) -> Result<Container, NoContainer> {
        let inspect: Inspect = self.get(&format!("/containers/{id}/json"), limit).await?;
        if inspect.id != id {
            return Err(NoContainer::Trouble("Docker answered for another container".to_owned()));
        }
        let mut container = container(inspect);
        // The digest is worth a wait, but not the rest of what is known.
        let image = self.get(&format!("/images/{}/json", container.image_id), limit / 4).await;
        container.image_digest = bounded(digest(&image.unwrap_or_default(), &container.image_repository));
        Ok(container)
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, limit: Duration) -> Result<T, NoContainer> {
        let trouble = |cause: String| NoContainer::Trouble(format!("{}: {cause}", self.socket.display()));
        let answer = tokio::time::timeout(limit, self.fetch(path)).await;
        let (status, body) = answer
            .map_err(|_| trouble("no answer in time".to_owned()))?
            .map_err(|error| trouble(causes(&error)))?;
        match status {
            StatusCode::OK if body.len() > ANSWER_MAX => {
                Err(trouble(format!("the answer is longer than {ANSWER_MAX} bytes")))
            }
            StatusCode::OK => serde_json::from_slice(&body).map_err(|error| trouble(error.to_string())),
            StatusCode::NOT_FOUND => Err(NoContainer::Unknown),
            other => Err(trouble(format!("Docker answered {other}"))),
        }
    }

    /// The answer's status and body; no more of it than shows that it is too long.
    async fn fetch(&self, path: &str) -> reqwest::Result<(StatusCode, Vec<u8>)> {
        let mut response = self.client.get(format!("http://docker{path}")).send().await?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER_MAX {
                break;
            }
        }
        Ok((response.status(), body))
    }
}

/// An error's last cause: the ones before only say that a request failed.
fn causes(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

/// The digest of an image in the registry that it was asked for from; any other where there is none of that.
fn digest<'a>(image: &'a Image, repository: &str) -> &'a str {
    let digests = || image.repo_digests.iter().flatten().filter_map(|digest| digest.split_once('@'));
    let own = digests().find(|(name, _)| *name == repository).or_else(|| digests().next());
    own.map_or("", |(_, digest)| digest)
}

fn container(inspect: Inspect) -> Container {
    let (repository, tag) = split_image(&inspect.config.image);
    let labels = inspect.config.labels.unwrap_or_default();
    let is_host = |mode: &Option<String>| mode.as_deref() == Some("host");
    let test = inspect.config.healthcheck.and_then(|check| check.test);
    Container {
        full_id: bounded(&inspect.id),
        name: bounded(inspect.name.trim_start_matches('/')),
        engine: "docker".into(),
        image: bounded(&inspect.config.image),
        image_id: bounded(inspect.image.trim_start_matches("sha256:")),
        image_repository: bounded(repository),
        image_tag: bounded(tag),
        image_digest: "".into(),
        privileged: inspect.host_config.privileged,
        mounts: inspect
            .mounts
            .iter()
            .map(|mount| Mount {
                source: bounded(&mount.source),
                dest: bounded(&mount.destination),
                mode: bounded(&mount.mode),
                rw: mount.rw,
                propagation: bounded(&mount.propagation),
            })
            .collect(),
        labels: labels.iter().map(|(key, value)| (bounded(key), bounded(value))).collect(),
        created: nanoseconds(&inspect.created),
        ip: bounded(inspect.network_settings.unwrap_or_default().ip()),
        host_pid: is_host(&inspect.host_config.pid_mode),
        host_network: is_host(&inspect.host_config.network_mode),
        host_ipc: is_host(&inspect.host_config.ipc_mode),
        healthcheck: test.and_then(|test| healthcheck(&test, inspect.config.shell.as_deref())),
        ..Container::default()
    }
}

/// The command that a health check runs: by itself, or by the image's shell.
fn healthcheck(test: &[String], shell: Option<&[String]>) -> Option<Probe> {
    let words = |words: &[String]| words.iter().take(PROBE_WORDS_MAX).map(|word| bounded(word)).collect();
    match test {
        [kind, ..] if kind == "NONE" => Some(Probe::new()),
        [kind, command @ ..] if kind == "CMD" => Some(words(command)),
        [kind, command] if kind == "CMD-SHELL" => {
            let default = ["/bin/sh".to_owned(), "-c".to_owned()];
            let mut probe: Probe = words(shell.unwrap_or(&default));
            probe.push(bounded(command));
            Some(probe)
        }
        _ => None,
    }
}

fn bounded(text: &str) -> Box<str> {
    let end = (0..=TEXT_MAX.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text[..end].into()
}

/// A name of an image, without and with its tag: the tag follows the last colon behind the last slash. A digest
/// is no tag.
fn split_image(image: &str) -> (&str, &str) {
    let name = image.split('@').next().unwrap_or(image);
    let slash = name.rfind('/').map_or(0, |at| at + 1);
    match name[slash..].find(':') {
        Some(colon) => (&name[..slash + colon], &name[slash + colon + 1..]),
        None if image.contains('@') || image.starts_with("sha256") => (name, ""),
        None => (name, "latest"),
    }
}

/// A time of RFC 3339, in nanoseconds since 1970-01-01 UTC; 0 where it is none.
fn nanoseconds(time: &str) -> u64 {
    time.parse::<jiff::Timestamp>()
        .ok()
        .and_then(|time| u64::try_from(time.as_nanosecond()).ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;

    #[test]
    fn images_are_split_as_docker_does() {
        for (image, repository, tag) in [
            ("alpine", "alpine", "latest"),
            ("test/busybox:1", "test/busybox", "1"),
            ("localhost:5000/a", "localhost:5000/a", "latest"),
            ("localhost:5000/a:b@sha256:00", "localhost:5000/a", "b"),
            ("a@sha256:00", "a", ""),
        ] {
            assert_eq!(split_image(image), (repository, tag), "{image}");
        }
    }

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
    enum Engine {
        /// It answers this to everything, and ends.
        Says(Vec<u8>),
        /// It takes the request and says nothing.
        Hangs,
        /// It says a byte now and then.
        Drips,
        /// It doesn't even take the connection.
        Sleeps,
    }

    fn serve(engine: &Engine, stream: &mut UnixStream) {
        let mut request = [0; 4096];
        let _ = stream.read(&mut request);
        match engine {
            Engine::Says(answer) => drop(stream.write_all(answer)),
            Engine::Hangs | Engine::Sleeps => drop(stream.read(&mut request)),
            Engine::Drips => {
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
    fn asked(engine: Engine) -> Result<Container, NoContainer> {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("docker.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let _asleep = match engine {
            Engine::Sleeps => Some(listener),
            _ => {
                std::thread::spawn(move || {
                    listener.incoming().flatten().for_each(|mut stream| serve(&engine, &mut stream));
                });
                None
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(Docker::new(&socket).unwrap().inspect("abcd", LIMIT))
    }

    fn says(head: &str, body: &str) -> Engine {
        let length = body.len();
        Engine::Says(format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes())
    }

    #[track_caller]
    fn check_trouble(engine: Engine, cause: &str) {
        match asked(engine) {
            Err(NoContainer::Trouble(text)) if text.contains(cause) => {}
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
        let chunked =
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n{json}\r\n0\r\n\r\n");
        assert_eq!(asked(Engine::Says(chunked.into_bytes())).unwrap(), web);
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
    fn engines_that_dont_answer_well_are_told_apart() {
        assert_eq!(asked(says("404 Not Found", "{}")), Err(NoContainer::Unknown));
        check_trouble(says("200 OK", r#"{"Id":"zz"}"#), "another");
        check_trouble(says("200 OK", r#"{"Id":[]}"#), "invalid type");
        check_trouble(says("500 Internal Server Error", ""), "500");
        check_trouble(says("302 Found\r\nLocation: http://docker/", ""), "302");
        check_trouble(says("200 OK", &"x".repeat(ANSWER_MAX + 1)), "longer");
        check_trouble(Engine::Says(b"garbage".to_vec()), "HTTP");
        check_trouble(Engine::Says(Vec::new()), "docker.sock");
        check_trouble(Engine::Hangs, "in time");
        check_trouble(Engine::Drips, "in time");
        check_trouble(Engine::Sleeps, "in time");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let none = runtime.block_on(Docker::new(Path::new("/none")).unwrap().inspect("ab", LIMIT));
        assert!(matches!(none, Err(NoContainer::Trouble(text)) if text.contains("/none")));
    }
}
