//! Docker's API over its socket: one request, one answer, both bounded.
//!
//! A GET over a unix socket with a time limit is all there is to it, so it is done here and not by an HTTP client,
//! none of which speaks over unix sockets without an async runtime in the detector's threads.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use lanner_event::{Container, Mount};
use serde::Deserialize;

/// How long an answer may be, in bytes.
const ANSWER_MAX: u64 = 4 << 20;
/// How long a text of an answer may be, in bytes.
const TEXT_MAX: usize = 4096;

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
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Config {
    image: String,
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct HostConfig {
    privileged: bool,
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

/// What Docker knows of a container.
pub fn inspect(socket: &Path, id: &str, limit: Duration) -> Result<Container, String> {
    let body = get(socket, &format!("/containers/{id}/json"), limit)?;
    let inspect: Inspect =
        serde_json::from_slice(&body).map_err(|error| format!("Docker's answer: {error}"))?;
    if !inspect.id.starts_with(id) {
        return Err("Docker answered for another container".to_owned());
    }
    Ok(container(inspect))
}

fn container(inspect: Inspect) -> Container {
    let (repository, tag) = split_image(&inspect.config.image);
    let labels = inspect.config.labels.unwrap_or_default();
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

/// The body of what a GET answers with, where that is 200.
fn get(socket: &Path, path: &str, limit: Duration) -> Result<Vec<u8>, String> {
    let deadline = Instant::now() + limit;
    let fail = |error: std::io::Error| format!("{}: {error}", socket.display());
    let mut stream = UnixStream::connect(socket).map_err(fail)?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: docker\r\nAccept: application/json\r\n\r\n");
    // A limit of zero would be none.
    stream.set_write_timeout(Some(limit.max(Duration::from_millis(1)))).map_err(fail)?;
    stream.write_all(request.as_bytes()).map_err(fail)?;
    let mut answer = Vec::new();
    let mut buffer = [0; 16 << 10];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(format!("{}: no answer in time", socket.display()));
        }
        stream.set_read_timeout(Some(left.max(Duration::from_millis(1)))).map_err(fail)?;
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(fail(error)),
        }
        if answer.len() as u64 > ANSWER_MAX {
            return Err(format!("{}: the answer is longer than {ANSWER_MAX} bytes", socket.display()));
        }
    }
    body(&answer).ok_or_else(|| {
        let first = answer.split(|byte| *byte == b'\r').next().unwrap_or_default();
        format!("Docker answered: {}", bounded(&String::from_utf8_lossy(first)))
    })
}

/// The body of an answer to HTTP/1.0, which ends with the connection.
fn body(answer: &[u8]) -> Option<Vec<u8>> {
    let mut words = answer.split(|byte| *byte == b' ');
    if !words.next()?.starts_with(b"HTTP/1.") || words.next()? != b"200" {
        return None;
    }
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    Some(answer[end + 4..].to_vec())
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

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

    /// What `inspect` makes of an engine that says this; without an answer it hangs until the client has gone.
    fn answered(answer: Option<Vec<u8>>) -> Result<Container, String> {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("docker.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            match answer {
                Some(answer) => drop(stream.write_all(&answer)),
                None => drop(stream.read(&mut request)),
            }
        });
        let result = inspect(&socket, "ab", Duration::from_millis(300));
        server.join().unwrap();
        result
    }

    #[test]
    fn what_an_engine_says_is_read_and_bounded() {
        let json = r#"{"Id":"abcd","Name":"/web","Image":"sha256:12","Created":"2026-01-01T00:00:00Z",
            "Config":{"Image":"nginx:1","Labels":{"a":"b"}},"HostConfig":{"Privileged":true},
            "Mounts":[{"Source":"/etc","Destination":"/host","Mode":"ro","RW":false,"Propagation":"rprivate"}]}"#;
        let ok = answered(Some(format!("HTTP/1.0 200 OK\r\nA: b\r\n\r\n{json}").into_bytes())).unwrap();
        assert_eq!((&*ok.name, &*ok.image_repository, &*ok.image_tag), ("web", "nginx", "1"));
        assert_eq!((&*ok.mounts[0].dest, ok.privileged), ("/host", true));
        assert_eq!(ok.created, 1_767_225_600_000_000_000);
        let other = answered(Some(b"HTTP/1.0 200 OK\r\n\r\n{\"Id\":\"zz\"}".to_vec()));
        assert!(other.unwrap_err().contains("another"));
        assert!(answered(Some(b"HTTP/1.0 404 Not Found\r\n\r\n{}".to_vec())).unwrap_err().contains("404"));
        assert!(answered(Some(b"garbage".to_vec())).unwrap_err().contains("garbage"));
        assert!(answered(Some(vec![b'x'; 5 << 20])).unwrap_err().contains("longer"));
        assert!(answered(None).is_err());
        assert!(inspect(Path::new("/none"), "ab", Duration::from_secs(1)).unwrap_err().contains("/none"));
    }
}
