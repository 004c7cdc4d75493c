//! Fields of Kubernetes pods, from the labels that its engines put on containers.

use super::container::record;
use crate::Type::CharBuf;
use crate::{Ctx, Field, FieldFlags, Val};

fn label<'a>(ctx: &Ctx<'a>, name: &str) -> Val<'a> {
    record(ctx, |container| Val::text(container.labels.get(name).map(|value| value.as_bytes())))
}

fn uid<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    label(ctx, "io.kubernetes.pod.uid")
}

/// The family's rows.
pub const FIELDS: &[Field] = &[
    Field::new("k8s.pod.name", CharBuf, "The name of the container's pod.", |ctx| {
        label(ctx, "io.kubernetes.pod.name")
    })
    .with(FieldFlags::LATE),
    Field::new("k8s.ns.name", CharBuf, "The namespace of the container's pod.", |ctx| {
        label(ctx, "io.kubernetes.pod.namespace")
    })
    .with(FieldFlags::LATE),
    Field::new("k8s.pod.uid", CharBuf, "The uid of the container's pod.", uid).with(FieldFlags::LATE),
    Field::new("k8s.pod.id", CharBuf, "The same as `k8s.pod.uid`.", uid).with(FieldFlags::LATE),
];
