//! A request for a pod: what of the host it shares, as whom it runs, and its volumes.

use super::{Place, audit, found, numbered, placed};
use crate::Type::CharBuf;
use crate::fields::json::{list, value};
use crate::{Arg, ArgRule, Ctx, Field, FieldFlags, Json, Val};

placed! {
    one "ka.req.pod.host_ipc" "Whether the pod shares the host's IPC namespace." ["requestObject", "spec", "hostIPC"]
    one "ka.req.pod.host_network" "Whether the pod shares the host's network." ["requestObject", "spec", "hostNetwork"]
    one "ka.req.container.host_network" "The same as `ka.req.pod.host_network`." ["requestObject", "spec", "hostNetwork"]
    one "ka.req.pod.host_pid" "Whether the pod sees the host's processes." ["requestObject", "spec", "hostPID"]
    one "ka.req.pod.run_as_user" "The user that the pod's containers run as." ["requestObject", "spec", "securityContext", "runAsUser"]
    one "ka.req.pod.run_as_group" "The group that the pod's containers run as." ["requestObject", "spec", "securityContext", "runAsGroup"]
    one "ka.req.pod.fs_group" "The group that owns the pod's volumes." ["requestObject", "spec", "securityContext", "fsGroup"]
    many "ka.req.pod.supplemental_groups" "Further groups of the pod's processes." ["requestObject", "spec", "securityContext", "supplementalGroups"]
}

/// Rows of other fields.
pub const FIELDS: &[Field] = &[
    row("ka.req.pod.volumes.hostpath", "The paths of the host that are volumes of the pod.", |ctx| {
        of_volumes(ctx, HOST_PATH)
    }),
    Field::new(
        "ka.req.volume.hostpath",
        CharBuf,
        "Whether a volume of the pod is this path of the host, or, before a `*`, begins with it.",
        has_path,
    )
    .arg(ArgRule::KeyRequired)
    .with(FieldFlags::DEPRECATED),
    row("ka.req.pod.volumes.flexvolume_driver", "The drivers of the pod's flex volumes.", |ctx| {
        of_volumes(ctx, DRIVER)
    }),
    row("ka.req.pod.volumes.volume_type", "What the pod's volumes are: `hostPath`, `secret`…", types),
];

/// Where in the pod's volumes the values of fields stand.
pub const VOLUME_PLACES: &[super::Placed] = &[
    ("ka.req.pod.volumes.hostpath", Place::Each(VOLUMES, HOST_PATH)),
    ("ka.req.pod.volumes.flexvolume_driver", Place::Each(VOLUMES, DRIVER)),
];

const VOLUMES: &[&str] = &["requestObject", "spec", "volumes"];
const HOST_PATH: &[&str] = &["hostPath", "path"];
const DRIVER: &[&str] = &["flexVolume", "driver"];

const fn row(name: &'static str, doc: &'static str, get: crate::Getter) -> Field {
    Field::new(name, CharBuf, doc, get).with(FieldFlags::LIST).arg(ArgRule::Index)
}

fn of_volumes<'a>(ctx: &Ctx<'a>, place: &[&str]) -> Val<'a> {
    list(ctx, found(ctx, VOLUMES, place).unwrap_or_default().iter().flatten().map(|json| value(ctx, *json)))
}

fn has_path<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    let volumes = audit(ctx).and_then(|audit| audit.at(VOLUMES)).filter(|volumes| volumes.is_array());
    let (Arg::Key(wanted), Some(volumes)) = (ctx.arg, volumes) else { return Val::Missing };
    let mut paths = volumes.elements().filter_map(|volume| volume.at(HOST_PATH)?.str());
    let is_it = match wanted.strip_suffix('*') {
        Some(prefix) => paths.any(|path| path.starts_with(prefix)),
        None => paths.any(|path| *path == **wanted),
    };
    Val::Str(if is_it { b"true" } else { b"false" })
}

/// The names of a volume's members but its own: one of them says what it is.
fn types<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    let volumes = numbered(ctx, audit(ctx).and_then(|audit| audit.at(VOLUMES)));
    let names = volumes.flat_map(Json::members).map(|(name, _)| name);
    list(ctx, names.filter(|name| *name != "name").map(|name| Val::Str(name.as_bytes())))
}
