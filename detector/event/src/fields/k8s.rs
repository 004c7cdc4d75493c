//! Fields of Kubernetes pods, from the labels that its engines put on containers.

use crate::Type::CharBuf;
use crate::{Ctx, Field, FieldFlags, Late, Val};

fn label<'a>(ctx: &Ctx<'a>, name: &str) -> Val<'a> {
    match ctx.container() {
        Late::Pending => Val::Pending,
        Late::Missing => Val::Missing,
        Late::Known(container) => Val::text(container.labels.get(name).map(|value| value.as_bytes())),
    }
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
    Field::new("k8s.pod.uid", CharBuf, "The uid of the container's pod.", |ctx| {
        label(ctx, "io.kubernetes.pod.uid")
    })
    .with(FieldFlags::LATE),
];
