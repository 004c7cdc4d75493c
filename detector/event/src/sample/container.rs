//! How fields of containers and pods are given a value. An event of which one is given is of a container.

use std::sync::Arc as Shared;

use super::Sample;
use super::setters::{Set, put};
use crate::{Arg, Container, ContainerState, Mount, Probe};

/// The fields, and how each is set.
pub const SETTERS: &[(&str, Set)] = &[
    ("container.id", container_id),
    ("container.full_id", container_id),
    ("container.name", |sample, _, value| put(&mut container(sample)?.name, Some(value.into()))),
    ("container.type", |sample, _, value| put(&mut container(sample)?.engine, Some(value.into()))),
    ("container.image", |sample, _, value| put(&mut container(sample)?.image, Some(value.into()))),
    ("container.image.repository", |sample, _, value| {
        put(&mut container(sample)?.image_repository, Some(value.into()))
    }),
    ("container.image.tag", |sample, _, value| put(&mut container(sample)?.image_tag, Some(value.into()))),
    ("container.privileged", |sample, _, value| put(&mut container(sample)?.privileged, value.parse().ok())),
    ("container.mounts", |sample, _, value| {
        let mounts = value.split(',').map(mount).collect();
        put(&mut container(sample)?.mounts, mounts)
    }),
    ("container.label", |sample, arg, value| {
        let name = key(arg)?;
        set_label(sample, name, value)
    }),
    ("container.labels", |sample, _, value| {
        container(sample)?.labels.extend(labels(value));
        Some(())
    }),
    ("container.image.id", |sample, _, value| put(&mut container(sample)?.image_id, Some(value.into()))),
    ("container.image.digest", |sample, _, value| {
        put(&mut container(sample)?.image_digest, Some(value.into()))
    }),
    ("container.start_ts", |sample, _, value| put(&mut container(sample)?.created, value.parse().ok())),
    ("container.ip", |sample, _, value| put(&mut container(sample)?.ip, Some(value.into()))),
    ("container.cni.json", |sample, _, value| put(&mut container(sample)?.pod_cni, Some(value.into()))),
    ("container.host_pid", |sample, _, value| put(&mut container(sample)?.host_pid, value.parse().ok())),
    ("container.host_network", |sample, _, value| {
        put(&mut container(sample)?.host_network, value.parse().ok())
    }),
    ("container.host_ipc", |sample, _, value| put(&mut container(sample)?.host_ipc, value.parse().ok())),
    ("container.healthcheck", |sample, _, value| {
        let none = value == "NONE";
        put(&mut container(sample)?.healthcheck, Some(Some(if none { Probe::new() } else { probe(value) })))
    }),
    ("container.liveness_probe", |sample, _, value| {
        put(&mut container(sample)?.liveness_probe, Some(Some(probe(value))))
    }),
    ("container.readiness_probe", |sample, _, value| {
        put(&mut container(sample)?.readiness_probe, Some(Some(probe(value))))
    }),
    ("k8s.pod.name", |sample, _, value| set_label(sample, "io.kubernetes.pod.name", value)),
    ("k8s.ns.name", |sample, _, value| set_label(sample, "io.kubernetes.pod.namespace", value)),
    ("k8s.pod.uid", |sample, _, value| set_label(sample, "io.kubernetes.pod.uid", value)),
    ("k8s.pod.id", |sample, _, value| set_label(sample, "io.kubernetes.pod.uid", value)),
    ("k8s.pod.full_sandbox_id", |sample, _, value| sandbox(sample, value)),
    ("k8s.pod.sandbox_id", |sample, _, value| sandbox(sample, value)),
    ("k8s.pod.label", |sample, arg, value| {
        let name = key(arg)?;
        container(sample)?.pod_labels.insert(name.into(), value.into());
        Some(())
    }),
    ("k8s.pod.labels", |sample, _, value| {
        container(sample)?.pod_labels.extend(labels(value));
        Some(())
    }),
    ("k8s.pod.ip", |sample, _, value| {
        in_pod(sample)?;
        put(&mut container(sample)?.ip, Some(value.into()))
    }),
    ("k8s.pod.cni.json", |sample, _, value| {
        in_pod(sample)?;
        put(&mut container(sample)?.pod_cni, Some(value.into()))
    }),
    ("mesos.task.id", |sample, _, value| set_variable(sample, "MESOS_TASK_ID", value)),
    ("mesos.task.name", |sample, _, value| set_variable(sample, "MESOS_TASK_NAME", value)),
    ("mesos.task.label", |sample, arg, value| set_marathon_label(sample, key(arg)?, value)),
    ("mesos.task.labels", set_marathon_labels),
    ("mesos.framework.id", |sample, _, value| set_variable(sample, "MESOS_FRAMEWORK_ID", value)),
    ("mesos.framework.name", |sample, _, value| set_variable(sample, "MESOS_FRAMEWORK_NAME", value)),
    ("marathon.app.id", |sample, _, value| set_variable(sample, "MARATHON_APP_ID", value)),
    ("marathon.app.label", |sample, arg, value| set_marathon_label(sample, key(arg)?, value)),
    ("marathon.app.labels", set_marathon_labels),
];

fn set_variable(sample: &mut Sample, name: &str, value: &str) -> Option<()> {
    container(sample)?.environment.insert(name.into(), value.into());
    Some(())
}

fn set_marathon_labels(sample: &mut Sample, _: &Arg, value: &str) -> Option<()> {
    labels(value).try_for_each(|(name, value)| set_marathon_label(sample, &name, &value))
}

fn set_marathon_label(sample: &mut Sample, name: &str, value: &str) -> Option<()> {
    let name = name.to_ascii_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    set_variable(sample, &format!("MARATHON_APP_LABEL_{name}"), value)
}

fn key(arg: &Arg) -> Option<&str> {
    match arg {
        Arg::Key(key) => Some(key),
        _ => None,
    }
}

fn labels(text: &str) -> impl Iterator<Item = (Box<str>, Box<str>)> {
    text.split(", ").map(|label| {
        let (name, value) = label.split_once(':').unwrap_or((label, ""));
        (name.into(), value.into())
    })
}

fn probe(text: &str) -> Probe {
    text.split(' ').map(Box::from).collect()
}

fn sandbox(sample: &mut Sample, id: &str) -> Option<()> {
    put(&mut container(sample)?.pod_sandbox_id, Some(id.into()))
}

/// The container is in a pod from then on.
fn in_pod(sample: &mut Sample) -> Option<()> {
    match container(sample)?.pod_sandbox_id.is_empty() {
        true => sandbox(sample, &"ba9876543210".repeat(5)),
        false => Some(()),
    }
}

fn container_id(sample: &mut Sample, _: &Arg, id: &str) -> Option<()> {
    sample.container_id = (id != "host").then(|| id.into());
    Some(())
}

/// What is known of the container, which has an id from then on.
fn container(sample: &mut Sample) -> Option<&mut Container> {
    sample.container_id.get_or_insert_with(|| "0123456789ab".repeat(5).into());
    match &mut sample.container {
        ContainerState::Known(container) => Some(Shared::make_mut(container)),
        _ => None,
    }
}

fn set_label(sample: &mut Sample, name: &str, value: &str) -> Option<()> {
    container(sample)?.labels.insert(name.into(), value.into());
    Some(())
}

/// `source:dest:mode:rdwr:propagation`, of which the end may be left out.
fn mount(text: &str) -> Option<Mount> {
    let mut parts = text.split(':');
    let source = parts.next()?.into();
    let dest = parts.next()?.into();
    let mode = parts.next().unwrap_or_default().into();
    let rw = parts.next().unwrap_or("true").parse().ok()?;
    Some(Mount { source, dest, mode, rw, propagation: parts.next().unwrap_or_default().into() })
}
