//! A request for a pod: its containers. A pod has three lists of them, and each list has the same fields.

use super::{Place, Placed, audit, found, numbered};
use crate::Type::CharBuf;
use crate::fields::json::{list, value};
use crate::fields::text::Text;
use crate::{Arg, ArgRule, Ctx, Field, FieldFlags, Getter, Json, Val};

const NAME: &[&str] = &["name"];
const IMAGE: &[&str] = &["image"];
const PRIVILEGED: &[&str] = &["securityContext", "privileged"];
const ESCALATION: &[&str] = &["securityContext", "allowPrivilegeEscalation"];
const READ_ONLY: &[&str] = &["securityContext", "readOnlyRootFilesystem"];
const USER: &[&str] = &["securityContext", "runAsUser"];
const GROUP: &[&str] = &["securityContext", "runAsGroup"];
const PROC_MOUNT: &[&str] = &["securityContext", "procMount"];
const CAPABILITIES: &[&str] = &["securityContext", "capabilities", "add"];

/// The fields of one of the lists, and where those stand that are what stands at one place of a container.
macro_rules! of_list {
    (@place $list:literal, $field:literal, $place:expr) => {
        (concat!("ka.req.pod.", $list, $field), Place::Each(&["requestObject", "spec", $list], $place))
    };
    ($rows:ident, $places:ident, $list:literal, $what:literal) => {
        /// Where the values of fields stand: in each container, or in the first.
        pub const $places: &[Placed] = &[
    of_list!(@place $list, ".name", NAME),
    of_list!(@place $list, ".image", IMAGE),
    of_list!(@place $list, ".image.repository", IMAGE),
    of_list!(@place $list, ".privileged", PRIVILEGED),
    of_list!(@place $list, ".allow_privilege_escalation", ESCALATION),
    of_list!(@place $list, ".read_only_fs", READ_ONLY),
    of_list!(@place $list, ".run_as_user", USER),
    of_list!(@place $list, ".eff_run_as_user", USER),
    of_list!(@place $list, ".run_as_group", GROUP),
    of_list!(@place $list, ".eff_run_as_group", GROUP),
    of_list!(@place $list, ".proc_mount", PROC_MOUNT),
            (
                concat!("ka.req.pod.", $list, ".add_capabilities"),
                Place::Many(&["requestObject", "spec", $list, "0", "securityContext", "capabilities", "add"]),
            ),
        ];
        /// Rows of the fields of a list of containers.
        pub const $rows: &[Field] = &[
            row(
                concat!("ka.req.pod.", $list, ".name"),
                concat!("The names of the pod's ", $what, "."),
                |ctx| complete(ctx, $list, NAME),
            ),
            row(
                concat!("ka.req.pod.", $list, ".image"),
                concat!("The images of the pod's ", $what, "."),
                |ctx| complete(ctx, $list, IMAGE),
            ),
            row(
                concat!("ka.req.pod.", $list, ".image.repository"),
                concat!("The images of the pod's ", $what, " without tag and digest."),
                |ctx| repositories(ctx, $list),
            ),
            row(
                concat!("ka.req.pod.", $list, ".command"),
                concat!("What the pod's ", $what, " start instead of what their images say."),
                |ctx| lines(ctx, $list, "command"),
            ),
            row(
                concat!("ka.req.pod.", $list, ".args"),
                concat!("The arguments that the pod's ", $what, " are given."),
                |ctx| lines(ctx, $list, "args"),
            ),
            row(
                concat!("ka.req.pod.", $list, ".privileged"),
                concat!("Whether they are privileged, of those of the pod's ", $what, " that say so."),
                |ctx| known(ctx, $list, PRIVILEGED),
            ),
            row(
                concat!("ka.req.pod.", $list, ".allow_privilege_escalation"),
                concat!("Whether they may gain privileges, of those of the pod's ", $what, " that say so."),
                |ctx| known(ctx, $list, ESCALATION),
            ),
            row(
                concat!("ka.req.pod.", $list, ".read_only_fs"),
                concat!("Whether their root is read-only, of those of the pod's ", $what, " that say so."),
                |ctx| known(ctx, $list, READ_ONLY),
            ),
            row(
                concat!("ka.req.pod.", $list, ".run_as_user"),
                concat!("The users of those of the pod's ", $what, " that name one."),
                |ctx| known(ctx, $list, USER),
            ),
            row(
                concat!("ka.req.pod.", $list, ".eff_run_as_user"),
                concat!("The users of all of the pod's ", $what, ": their own, the pod's, or 0."),
                |ctx| effective(ctx, $list, USER),
            ),
            row(
                concat!("ka.req.pod.", $list, ".run_as_group"),
                concat!("The groups of those of the pod's ", $what, " that name one."),
                |ctx| known(ctx, $list, GROUP),
            ),
            row(
                concat!("ka.req.pod.", $list, ".eff_run_as_group"),
                concat!("The groups of all of the pod's ", $what, ": their own, the pod's, or 0."),
                |ctx| effective(ctx, $list, GROUP),
            ),
            row(
                concat!("ka.req.pod.", $list, ".proc_mount"),
                concat!("How `/proc` is mounted, of those of the pod's ", $what, " that say so."),
                |ctx| known(ctx, $list, PROC_MOUNT),
            ),
            row(
                concat!("ka.req.pod.", $list, ".add_capabilities"),
                concat!("The capabilities that are added to the pod's ", $what, "."),
                |ctx| capabilities(ctx, $list),
            ),
        ];
    };
}

of_list! { ORDINARY, ORDINARY_PLACES, "containers", "containers" }
of_list! { INIT, INIT_PLACES, "initContainers", "init containers" }
of_list! { EPHEMERAL, EPHEMERAL_PLACES, "ephemeralContainers", "ephemeral containers" }

/// Where the values of other fields stand, in the first container.
pub const FIRST_PLACES: &[Placed] = &[
    (
        "ka.req.pod.containers.host_port",
        Place::Each(&["requestObject", "spec", "containers", "0", "ports"], &["hostPort"]),
    ),
    (
        "ka.req.pod.initContainers.host_port",
        Place::Each(&["requestObject", "spec", "initContainers", "0", "ports"], &["hostPort"]),
    ),
    ("ka.req.container.image", Place::One(&["requestObject", "spec", "containers", "0", "image"])),
    ("ka.req.container.image.repository", Place::One(&["requestObject", "spec", "containers", "0", "image"])),
    (
        "ka.req.container.privileged",
        Place::One(&["requestObject", "spec", "containers", "0", "securityContext", "privileged"]),
    ),
];

/// Rows of other fields.
pub const FIELDS: &[Field] = &[
    row("ka.req.pod.containers.host_port", "The ports of the host that the pod's containers take.", |ctx| {
        host_ports(ctx, "containers")
    }),
    row(
        "ka.req.pod.initContainers.host_port",
        "The ports of the host that the pod's init containers take.",
        |ctx| host_ports(ctx, "initContainers"),
    ),
    old("ka.req.container.image", "The image of the pod's first container.", |ctx| {
        first(complete(&of_first(ctx), "containers", IMAGE))
    }),
    old(
        "ka.req.container.image.repository",
        "The image of the pod's first container without tag and digest.",
        |ctx| first(repositories(&of_first(ctx), "containers")),
    ),
    old("ka.req.container.privileged", "Whether any of the pod's containers is privileged.", any_privileged),
];

const fn row(name: &'static str, doc: &'static str, get: Getter) -> Field {
    Field::new(name, CharBuf, doc, get).with(FieldFlags::LIST).arg(ArgRule::Index)
}

const fn old(name: &'static str, doc: &'static str, get: Getter) -> Field {
    Field::new(name, CharBuf, doc, get).with(FieldFlags::DEPRECATED)
}

/// What stands at a place in each container of a list; `None` for those where nothing does.
fn each<'a>(ctx: &Ctx<'a>, list: &str, place: &[&str]) -> &'a [Option<Json<'a>>] {
    found(ctx, &["requestObject", "spec", list], place).unwrap_or_default()
}

/// The value of each container; missing where one has none.
fn complete<'a>(ctx: &Ctx<'a>, name: &str, place: &[&str]) -> Val<'a> {
    let each = each(ctx, name, place);
    if each.iter().any(Option::is_none) {
        return Val::Missing;
    }
    list(ctx, each.iter().flatten().map(|json| value(ctx, *json)))
}

/// The values of those containers that have one.
fn known<'a>(ctx: &Ctx<'a>, name: &str, place: &[&str]) -> Val<'a> {
    list(ctx, each(ctx, name, place).iter().flatten().map(|json| value(ctx, *json)))
}

/// The value of each container, for which the pod's stands in, and `0` for that.
fn effective<'a>(ctx: &Ctx<'a>, name: &str, place: &[&str]) -> Val<'a> {
    let Some(spec) = audit(ctx).and_then(|audit| audit.at(&["requestObject", "spec"])) else {
        return Val::Missing;
    };
    let pod = spec.at(place).map_or(Val::Str(b"0"), |json| value(ctx, json));
    let containers = numbered(ctx, spec.get(name));
    list(ctx, containers.map(|container| container.at(place).map_or(pod, |json| value(ctx, json))))
}

fn repositories<'a>(ctx: &Ctx<'a>, name: &str) -> Val<'a> {
    match complete(ctx, name, IMAGE) {
        Val::List(images) => list(ctx, images.iter().map(|image| repository(*image))),
        other => other,
    }
}

/// An image without digest and tag, of which the colon stands behind the last slash: one before it is of a port.
fn repository(image: Val) -> Val {
    let Val::Str(image) = image else { return image };
    let name = image.split(|byte| *byte == b'@').next().unwrap_or(image);
    let last = name.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    let tag = name[last..].iter().position(|byte| *byte == b':').map_or(name.len(), |colon| last + colon);
    Val::Str(&name[..tag])
}

/// The words that each container has under a key, with blanks between, of those that have any; missing where there
/// is something else under it.
fn lines<'a>(ctx: &Ctx<'a>, name: &str, key: &str) -> Val<'a> {
    let arrays = each(ctx, name, &[key]).iter().flatten();
    let are_words = |json: &Json| json.is_array() && json.elements().all(|word| word.str().is_some());
    if !arrays.clone().all(are_words) {
        return Val::Missing;
    }
    let line = |array: &Json<'a>| {
        let mut out = Text::new(ctx);
        for (number, word) in array.elements().filter_map(Json::str).enumerate() {
            if number > 0 {
                out.push(b" ");
            }
            out.push(word.as_bytes());
        }
        out.val()
    };
    list(ctx, arrays.map(line))
}

fn capabilities<'a>(ctx: &Ctx<'a>, name: &str) -> Val<'a> {
    let arrays = each(ctx, name, CAPABILITIES).iter().flatten();
    list(ctx, arrays.flat_map(|array| array.elements()).map(|json| value(ctx, json)))
}

/// The host's port, or the container's, which is the host's where the pod shares its network.
fn host_ports<'a>(ctx: &Ctx<'a>, name: &str) -> Val<'a> {
    let arrays = each(ctx, name, &["ports"]).iter().flatten();
    if arrays.clone().any(|ports| !ports.is_array()) {
        return Val::Missing;
    }
    let ports = arrays.flat_map(|ports| ports.elements());
    let numbers = ports.filter_map(|port| port.get("hostPort").or_else(|| port.get("containerPort")));
    list(ctx, numbers.map(|json| value(ctx, json)))
}

fn first(values: Val) -> Val {
    match values {
        Val::List([first, ..]) => *first,
        _ => Val::Missing,
    }
}

fn of_first<'a>(ctx: &Ctx<'a>) -> Ctx<'a> {
    let mut first = *ctx;
    first.arg = &Arg::Index(0);
    first
}

fn any_privileged<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    match found(ctx, &["requestObject", "spec", "containers"], PRIVILEGED) {
        None => Val::Missing,
        Some(each) if each.iter().flatten().any(|json| json.scalar() == Some("true")) => Val::Str(b"true"),
        Some(_) => Val::Str(b"false"),
    }
}
