//! A request for a binding: who is given a role.

use super::{audit, placed};
use crate::Type::CharBuf;
use crate::fields::json::{list, value};
use crate::fields::text::Text;
use crate::{ArgRule, Ctx, Field, FieldFlags, Json, Val};

placed! {
    many "ka.req.binding.subjects" "Who is given the role, each as JSON." ["requestObject", "subjects"]
    one "ka.req.binding.role" "The role that is given." ["requestObject", "roleRef", "name"]
}

/// Rows of other fields.
pub const FIELDS: &[Field] = &[
    Field::new("ka.req.binding.subjects.user_names", CharBuf, "The users who are given the role.", |ctx| {
        names(ctx, "User")
    })
    .with(FieldFlags::LIST),
    Field::new(
        "ka.req.binding.subjects.serviceaccount_names",
        CharBuf,
        "The service accounts that are given the role.",
        |ctx| names(ctx, "ServiceAccount"),
    )
    .with(FieldFlags::LIST),
    Field::new(
        "ka.req.binding.subjects.serviceaccount_ns_names",
        CharBuf,
        "The service accounts that are given the role, each as `namespace:name`.",
        accounts,
    )
    .with(FieldFlags::LIST),
    Field::new(
        "ka.req.binding.subjects.group_names",
        CharBuf,
        "The groups that are given the role.",
        |ctx| names(ctx, "Group"),
    )
    .with(FieldFlags::LIST),
    Field::new("ka.req.binding.subject.has_name", CharBuf, "Always `true`: of old rules.", |ctx| {
        audit(ctx).map_or(Val::Missing, |_| Val::Str(b"true"))
    })
    .arg(ArgRule::KeyRequired)
    .with(FieldFlags::DEPRECATED),
];

/// The subjects of a kind that have a name, and the name.
fn subjects<'a>(ctx: &Ctx<'a>, kind: &'static str) -> impl Iterator<Item = (Json<'a>, Json<'a>)> {
    let subjects = audit(ctx).and_then(|audit| audit.at(&["requestObject", "subjects"]));
    subjects.into_iter().flat_map(Json::elements).filter_map(move |subject| {
        let name = subject.get("name")?;
        (subject.get("kind")?.str() == Some(kind)).then_some((subject, name))
    })
}

fn names<'a>(ctx: &Ctx<'a>, kind: &'static str) -> Val<'a> {
    list(ctx, subjects(ctx, kind).map(|(_, name)| value(ctx, name)))
}

fn accounts<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    let accounts = subjects(ctx, "ServiceAccount").filter_map(|(subject, name)| {
        let mut out = Text::new(ctx);
        out.push(subject.get("namespace")?.scalar()?.as_bytes());
        out.push(b":");
        out.push(name.scalar()?.as_bytes());
        Some(out.val())
    });
    list(ctx, accounts)
}
