//! A request for a role: what it permits.

use super::{Place, found, placed};
use crate::Type::CharBuf;
use crate::fields::json::{list, value};
use crate::{ArgRule, Ctx, Field, FieldFlags, Val};

placed! {
    many "ka.req.role.rules" "What the role permits, each rule as JSON." ["requestObject", "rules"]
}

/// Rows of other fields.
pub const FIELDS: &[Field] = &[
    row("ka.req.role.rules.apiGroups", "The groups of resources that the role's rules name.", |ctx| {
        of_rules(ctx, "apiGroups")
    }),
    row("ka.req.role.rules.nonResourceURLs", "The paths that the role's rules name.", |ctx| {
        of_rules(ctx, "nonResourceURLs")
    }),
    row("ka.req.role.rules.verbs", "What the role's rules permit: `get`, `*`…", |ctx| {
        of_rules(ctx, "verbs")
    }),
    row("ka.req.role.rules.resources", "The resources that the role's rules name.", |ctx| {
        of_rules(ctx, "resources")
    }),
];

/// Where fields stand that a test author gives a role with one rule.
pub const RULE_PLACES: &[super::Placed] = &[
    ("ka.req.role.rules.apiGroups", Place::Many(&["requestObject", "rules", "0", "apiGroups"])),
    ("ka.req.role.rules.nonResourceURLs", Place::Many(&["requestObject", "rules", "0", "nonResourceURLs"])),
    ("ka.req.role.rules.verbs", Place::Many(&["requestObject", "rules", "0", "verbs"])),
    ("ka.req.role.rules.resources", Place::Many(&["requestObject", "rules", "0", "resources"])),
];

const fn row(name: &'static str, doc: &'static str, get: crate::Getter) -> Field {
    Field::new(name, CharBuf, doc, get).with(FieldFlags::LIST).arg(ArgRule::Index)
}

/// What all rules say under a key, or the one of the argument's number.
fn of_rules<'a>(ctx: &Ctx<'a>, key: &str) -> Val<'a> {
    let found = found(ctx, &["requestObject", "rules"], &[key]).unwrap_or_default();
    list(ctx, found.iter().flatten().flat_map(|array| array.elements()).map(|json| value(ctx, json)))
}
