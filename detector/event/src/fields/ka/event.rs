//! The request: who asked for what, and what came of it.

use super::{Place, audit, index, numbered, placed};
use crate::Type::CharBuf;
use crate::fields::json::{list, value};
use crate::{Arg, ArgRule, Ctx, Field, FieldFlags, Val};

placed! {
    one "ka.auditid" "The request's number, which all its events share." ["auditID"]
    one "ka.stage" "How far the request is: `RequestReceived`, `ResponseStarted`, `ResponseComplete` or `Panic`." ["stage"]
    one "ka.auth.decision" "Whether the request was let through: `allow` or `forbid`." ["annotations", "authorization.k8s.io/decision"]
    one "ka.auth.reason" "Why it was let through, or wasn't." ["annotations", "authorization.k8s.io/reason"]
    one "ka.auth.openshift.decision" "What OpenShift's authentication decided." ["annotations", "authentication.openshift.io/decision"]
    one "ka.auth.openshift.username" "Whom OpenShift's authentication was asked to let in." ["annotations", "authentication.openshift.io/username"]
    one "ka.validations.admission.policy.failure" "What validating admission policies found wrong." ["annotations", "validation.policy.admission.k8s.io/validation_failure"]
    one "ka.security.pod.violations" "What of the pod is against the pod security standards." ["annotations", "pod-security.kubernetes.io/audit-violations"]
    one "ka.user.name" "Who asked." ["user", "username"]
    many "ka.user.groups" "The groups of who asked." ["user", "groups"]
    one "ka.impuser.name" "As whom it was asked, where somebody acts as somebody else." ["impersonatedUser", "username"]
    one "ka.verb" "What was asked for: `get`, `create`, `delete`…" ["verb"]
    one "ka.uri" "The request's path and parameters, as the client sent them." ["requestURI"]
    one "ka.target.name" "The name of the object that the request is about." ["objectRef", "name"]
    one "ka.target.namespace" "The namespace of that object." ["objectRef", "namespace"]
    one "ka.target.resource" "What kind of object it is: `pods`, `secrets`…" ["objectRef", "resource"]
    one "ka.target.subresource" "Which part of the object: `exec`, `attach`, `status`…" ["objectRef", "subresource"]
    one "ka.req.configmap.name" "The name of the configmap." ["objectRef", "name"]
    one "ka.req.configmap.obj" "What is in the configmap, as JSON." ["requestObject", "data"]
    one "ka.req.service.type" "How the service is reached: `ClusterIP`, `NodePort`, `LoadBalancer`…" ["requestObject", "spec", "type"]
    one "ka.resp.name" "The name of the object in the response." ["responseObject", "metadata", "name"]
    one "ka.response.code" "The status of the response: `200`, `403`…" ["responseStatus", "code"]
    one "ka.response.reason" "Why the request failed." ["responseStatus", "reason"]
    one "ka.useragent" "What the client calls itself." ["userAgent"]
    one "ka.cluster.name" "The cluster's name, where who hands the event on adds it." ["annotations", "cluster_name"]
}

/// Where fields stand that aren't always read as they are.
pub const OTHER_PLACES: &[super::Placed] = &[
    ("ka.sourceips", Place::Many(&["sourceIPs"])),
    ("ka.req.service.ports", Place::One(&["requestObject", "spec", "ports"])),
];

/// Rows of other fields.
pub const FIELDS: &[Field] = &[
    Field::new(
        "ka.uri.param",
        CharBuf,
        "A parameter of the request by name, the first of that name.",
        parameter,
    )
    .arg(ArgRule::KeyRequired),
    Field::new(
        "ka.target.pod.name",
        CharBuf,
        "The name of the pod, where the request is about a whole pod.",
        pod_name,
    ),
    Field::new(
        "ka.sourceips",
        CharBuf,
        "The addresses that the request came from, the client's first.",
        source_ips,
    )
    .with(FieldFlags::LIST)
    .arg(ArgRule::Index),
    Field::new(
        "ka.req.service.ports",
        CharBuf,
        "The ports of the service: all of them as one JSON text, or one by number.",
        ports,
    )
    .with(FieldFlags::LIST)
    .arg(ArgRule::Index),
];

/// As in the API server, parts that aren't well-formed are passed over; the plugin would give up the whole.
fn parameter<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    let uri = audit(ctx).and_then(|audit| audit.get("requestURI")?.str());
    let (Arg::Key(wanted), Some((_, query))) = (ctx.arg, uri.and_then(|uri| uri.split_once('?'))) else {
        return Val::Missing;
    };
    let parts = query.split('&').filter(|part| !part.contains(';') && !part.is_empty());
    let mut parameters = parts.map(|part| part.split_once('=').unwrap_or((part, "")));
    let found = parameters.find_map(|(name, text)| {
        let is_it = decoded(ctx, name).is_some_and(|name| *name == *wanted.as_bytes());
        decoded(ctx, text).filter(|_| is_it)
    });
    found.map_or(Val::Missing, Val::Str)
}

/// A text of a query with its `%` and `+` resolved; `None` where a `%` has no two digits behind it.
fn decoded<'a>(ctx: &Ctx<'a>, text: &'a str) -> Option<&'a [u8]> {
    if !text.contains(['%', '+']) {
        return Some(text.as_bytes());
    }
    let mut out = bumpalo::collections::Vec::with_capacity_in(text.len(), ctx.scratch);
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut digit = || char::from(bytes.next()?).to_digit(16).map(|digit| digit as u8);
        out.push(match byte {
            b'+' => b' ',
            b'%' => digit()? << 4 | digit()?,
            byte => byte,
        });
    }
    Some(out.into_bump_slice())
}

fn pod_name<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    let text = |key| audit(ctx).and_then(|audit| audit.at(&["objectRef", key])?.str()).unwrap_or_default();
    match (text("resource"), text("subresource")) {
        ("pods", "") => super::one(ctx, &["responseObject", "metadata", "name"]),
        _ => Val::Missing,
    }
}

fn source_ips<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    let array = audit(ctx).and_then(|audit| audit.get("sourceIPs"));
    list(ctx, numbered(ctx, array).map(|json| value(ctx, json)))
}

fn ports<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    let array = audit(ctx).and_then(|audit| audit.at(&["requestObject", "spec", "ports"]));
    match index(ctx) {
        Some(_) => list(ctx, numbered(ctx, array).map(|json| value(ctx, json))),
        None => list(ctx, array.map(|json| value(ctx, json))),
    }
}
