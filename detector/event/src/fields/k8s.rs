//! Fields of Kubernetes pods, from what its engines know of containers: labels, and the pod's sandbox.

use super::container::{label, labels, record, short};
use crate::Type::CharBuf;
use crate::{ArgRule, Container, Ctx, Field, FieldFlags, Val};

const LATE: FieldFlags = FieldFlags::LATE;
const NAME: &str = "io.kubernetes.pod.name";

fn own<'a>(ctx: &Ctx<'a>, name: &str) -> Val<'a> {
    record(ctx, |container| Val::text(container.labels.get(name).map(|value| value.as_bytes())))
}

fn uid<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    own(ctx, "io.kubernetes.pod.uid")
}

/// What is known of a container that is in a pod.
fn of_pod<'a>(ctx: &Ctx<'a>, read: fn(&'a Container) -> &'a str) -> Val<'a> {
    record(ctx, |container| match container.pod_sandbox_id.is_empty() {
        true => Val::Missing,
        false => Val::Str(read(container).as_bytes()),
    })
}

/// The name of the pod's replica set, and how long that of its deployment is in it. A deployment labels its pods with
/// a hash, and names the set after itself and the hash, and the pod after the set and five letters of chance.
fn replica_set(container: &Container) -> Option<(&str, usize)> {
    let (set, _) = container.labels.get(NAME)?.rsplit_once('-')?;
    let hash = container.pod_labels.get("pod-template-hash").filter(|hash| !hash.is_empty())?;
    let deployment = set.strip_suffix(&**hash)?.strip_suffix('-')?;
    Some((set, deployment.len()))
}

/// The family's rows.
pub const FIELDS: &[Field] = &[
    Field::new("k8s.pod.name", CharBuf, "The name of the container's pod.", |ctx| own(ctx, NAME)).with(LATE),
    Field::new("k8s.ns.name", CharBuf, "The namespace of the container's pod.", |ctx| {
        own(ctx, "io.kubernetes.pod.namespace")
    })
    .with(LATE),
    Field::new("k8s.pod.uid", CharBuf, "The uid of the container's pod.", uid).with(LATE),
    Field::new("k8s.pod.id", CharBuf, "The same as `k8s.pod.uid`.", uid).with(LATE),
    Field::new(
        "k8s.pod.sandbox_id",
        CharBuf,
        "The first 12 characters of the id of the pod's sandbox.",
        |ctx| record(ctx, |container| Val::Str(short(&container.pod_sandbox_id).as_bytes())),
    )
    .with(LATE),
    Field::new("k8s.pod.full_sandbox_id", CharBuf, "The whole id of the pod's sandbox.", |ctx| {
        record(ctx, |container| Val::Str(container.pod_sandbox_id.as_bytes()))
    })
    .with(LATE),
    Field::new("k8s.pod.label", CharBuf, "A label of the pod by name.", |ctx| {
        label(ctx, |container| &container.pod_labels)
    })
    .arg(ArgRule::KeyRequired)
    .with(LATE),
    Field::new("k8s.pod.labels", CharBuf, "All labels of the pod, each as `name:value`.", |ctx| {
        labels(ctx, |container| &container.pod_labels)
    })
    .with(LATE),
    Field::new("k8s.pod.ip", CharBuf, "The IPv4 address of the pod.", |ctx| {
        of_pod(ctx, |container| &container.ip)
    })
    .with(LATE),
    Field::new(
        "k8s.pod.cni.json",
        CharBuf,
        "What the network plugin answered for the pod: addresses by interface, as JSON.",
        |ctx| of_pod(ctx, |container| &container.pod_cni),
    )
    .with(LATE),
    Field::new("k8s.rs.name", CharBuf, "The pod's replica set, where a deployment made it.", |ctx| {
        record(ctx, |container| Val::text(replica_set(container).map(|(set, _)| set.as_bytes())))
    })
    .with(LATE)
    .with(FieldFlags::DEPRECATED),
    Field::new("k8s.deployment.name", CharBuf, "The deployment that the pod is of.", |ctx| {
        record(ctx, |container| Val::text(replica_set(container).map(|(set, end)| &set.as_bytes()[..end])))
    })
    .with(LATE)
    .with(FieldFlags::DEPRECATED),
    unfilled("k8s.rc.name", "The pod's replication controller."),
    unfilled("k8s.rc.id", "The uid of the pod's replication controller."),
    unfilled("k8s.rc.label", "A label of the pod's replication controller by name.")
        .arg(ArgRule::KeyRequired),
    unfilled("k8s.rc.labels", "All labels of the pod's replication controller."),
    unfilled("k8s.svc.name", "The services that the pod is behind."),
    unfilled("k8s.svc.id", "The uids of the services that the pod is behind."),
    unfilled("k8s.svc.label", "A label of the services that the pod is behind.").arg(ArgRule::KeyRequired),
    unfilled("k8s.svc.labels", "All labels of the services that the pod is behind."),
    unfilled("k8s.ns.id", "The uid of the pod's namespace."),
    unfilled("k8s.ns.label", "A label of the pod's namespace by name.").arg(ArgRule::KeyRequired),
    unfilled("k8s.ns.labels", "All labels of the pod's namespace."),
    unfilled("k8s.rs.id", "The uid of the pod's replica set."),
    unfilled("k8s.rs.label", "A label of the pod's replica set by name.").arg(ArgRule::KeyRequired),
    unfilled("k8s.rs.labels", "All labels of the pod's replica set."),
    unfilled("k8s.deployment.id", "The uid of the pod's deployment."),
    unfilled("k8s.deployment.label", "A label of the pod's deployment by name.").arg(ArgRule::KeyRequired),
    unfilled("k8s.deployment.labels", "All labels of the pod's deployment."),
];

/// A row of what no engine knows.
const fn unfilled(name: &'static str, doc: &'static str) -> Field {
    const WHY: &str = "No container engine knows it, only the API server; Falco doesn't fill it either.";
    Field::unfilled(name, CharBuf, doc, WHY).with(FieldFlags::DEPRECATED)
}

#[cfg(test)]
mod tests {
    use crate::Kind;
    use crate::sample::Sample;

    #[test]
    fn pods_are_read_from_labels_and_sandbox() {
        let mut sample = Sample::new(Kind::Openat);
        for (field, host) in [("k8s.pod.ip", "<NA>"), ("k8s.pod.labels", ""), ("k8s.pod.sandbox_id", "")] {
            assert_eq!(sample.text(field), host, "{field}");
        }
        for (field, value) in [
            ("k8s.pod.name", "web-shop-7d9c-x2x4z"),
            ("k8s.pod.full_sandbox_id", "0123456789abcdef"),
            ("k8s.pod.labels", "app:shop, io.kubernetes.x:y"),
            ("k8s.pod.label[pod-template-hash]", "7d9c"),
            ("k8s.pod.ip", "10.0.0.7"),
            ("k8s.pod.cni.json", "{}"),
        ] {
            sample.set(field, value).unwrap();
        }
        for (field, known) in [
            ("k8s.pod.sandbox_id", "0123456789ab"),
            ("k8s.pod.full_sandbox_id", "0123456789abcdef"),
            ("k8s.pod.labels", "app:shop, pod-template-hash:7d9c"),
            ("k8s.pod.label[app]", "shop"),
            ("k8s.pod.label[none]", "<NA>"),
            ("container.ip", "10.0.0.7"),
            ("container.cni.json", "{}"),
            ("k8s.rs.name", "web-shop-7d9c"),
            ("k8s.deployment.name", "web-shop"),
            ("k8s.ns.id", "<NA>"),
        ] {
            assert_eq!(sample.text(field), known, "{field}");
        }
        // A pod that was named by hand is of no deployment.
        sample.set("k8s.pod.name", "by-hand").unwrap();
        assert_eq!(
            (sample.text("k8s.rs.name"), sample.text("k8s.deployment.name")),
            ("<NA>".into(), "<NA>".into())
        );
    }
}
