//! What engines say, made into what is kept of a container.

use std::collections::BTreeMap;

use lanner_event::{Container, Probe};
use serde::Deserialize;

/// Where `kubectl apply` writes what it was given; engines keep a pod's annotations.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// A text as it is kept.
pub fn boxed(text: &str) -> Box<str> {
    text.into()
}

/// Labels as they are kept.
pub fn labels<'a>(all: impl IntoIterator<Item = (&'a String, &'a String)>) -> BTreeMap<Box<str>, Box<str>> {
    all.into_iter().map(|(name, value)| (boxed(name), boxed(value))).collect()
}

/// The variables of `NAME=value` that fields read; the others may hold secrets.
pub fn environment<'a>(all: impl IntoIterator<Item = &'a String>) -> BTreeMap<Box<str>, Box<str>> {
    let pairs = all.into_iter().filter_map(|variable| variable.split_once('='));
    let read = pairs.filter(|(name, _)| Container::keeps_variable(name));
    read.map(|(name, value)| (boxed(name), boxed(value))).collect()
}

/// The words of a command that an engine or Kubernetes runs to see how a container is.
pub fn probe(words: &[String]) -> Probe {
    words.iter().map(|word| boxed(word)).collect()
}

/// Notes an image's name, and what it is made of.
pub fn set_image(container: &mut Container, image: &str) {
    let (repository, tag) = split_image(image);
    container.image = boxed(image);
    container.image_repository = boxed(repository);
    container.image_tag = boxed(tag);
}

/// A name of an image, without and with its tag: the tag follows the last colon behind the last slash. A digest
/// is no tag.
fn split_image(image: &str) -> (&str, &str) {
    let name = image.split('@').next().unwrap_or(image);
    let slash = name.rfind('/').map_or(0, |at| at + 1);
    match name[slash..].find(':') {
        Some(colon) => (&name[..slash + colon], &name[slash + colon + 1..]),
        None if image.contains('@') || image.starts_with("sha256") || image.is_empty() => (name, ""),
        None => (name, "latest"),
    }
}

#[derive(Deserialize)]
struct Pod {
    spec: Option<PodSpec>,
}

#[derive(Deserialize)]
struct PodSpec {
    #[serde(default)]
    containers: Vec<PodContainer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PodContainer {
    #[serde(default)]
    name: String,
    liveness_probe: Option<PodProbe>,
    readiness_probe: Option<PodProbe>,
}

#[derive(Deserialize)]
struct PodProbe {
    exec: Option<Exec>,
}

#[derive(Deserialize)]
struct Exec {
    #[serde(default)]
    command: Vec<String>,
}

/// Notes the probes of a container of that name, from the pod as it was applied: the engines aren't told of them
/// otherwise, and Falco reads them there too.
pub fn set_probes(container: &mut Container, name: &str, annotation: impl Fn(&str) -> Option<String>) {
    let applied = annotation(LAST_APPLIED).and_then(|json| serde_json::from_str::<Pod>(&json).ok());
    let containers = applied.and_then(|pod| pod.spec).map(|spec| spec.containers).unwrap_or_default();
    let Some(own) = containers.into_iter().find(|own| own.name == name) else { return };
    let command = |of: Option<PodProbe>| of?.exec.map(|exec| probe(&exec.command));
    container.liveness_probe = command(own.liveness_probe);
    container.readiness_probe = command(own.readiness_probe);
}

/// A time of RFC 3339, in nanoseconds since 1970-01-01 UTC; 0 where it is none.
pub fn nanoseconds(time: &str) -> u64 {
    time.parse::<jiff::Timestamp>()
        .ok()
        .and_then(|time| u64::try_from(time.as_nanosecond()).ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_split_as_docker_does() {
        for (image, repository, tag) in [
            ("alpine", "alpine", "latest"),
            ("test/busybox:1", "test/busybox", "1"),
            ("localhost:5000/a", "localhost:5000/a", "latest"),
            ("localhost:5000/a:b@sha256:00", "localhost:5000/a", "b"),
            ("a@sha256:00", "a", ""),
            ("", "", ""),
        ] {
            assert_eq!(split_image(image), (repository, tag), "{image}");
        }
    }

    #[test]
    fn of_the_environment_only_what_fields_read_is_kept() {
        let all =
            ["MESOS_TASK_ID=a=b", "PASSWORD=secret", "MARATHON_APP_ID=/x", "MESOS", ""].map(str::to_owned);
        let kept: Vec<_> =
            environment(&all).into_iter().map(|(name, value)| format!("{name}:{value}")).collect();
        assert_eq!(kept, ["MARATHON_APP_ID:/x", "MESOS_TASK_ID:a=b"]);
    }

    #[test]
    fn probes_are_read_from_what_was_applied() {
        let check = |json: &str| {
            let mut container = Container::default();
            set_probes(&mut container, "web", |name| (name == LAST_APPLIED).then(|| json.to_owned()));
            [container.liveness_probe, container.readiness_probe]
                .map(|probe| probe.map(|words| words.join("|")))
        };
        let json = r#"{"spec":{"containers":[{"name":"side"},{"name":"web",
            "livenessProbe":{"exec":{"command":["cat","/tmp/a b"]}},"readinessProbe":{"httpGet":{"port":80}}}]}}"#;
        assert_eq!(check(json), [Some("cat|/tmp/a b".to_owned()), None]);
        for broken in ["", "{", "[]", "{}", r#"{"spec":{"containers":[{"name":"other"}]}}"#] {
            assert_eq!(check(broken), [None, None], "{broken}");
        }
    }
}
