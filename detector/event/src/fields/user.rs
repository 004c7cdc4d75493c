//! Fields of users and groups.

use super::params::UNKNOWN;
use crate::Type::{CharBuf, Int64, Uint32};
use crate::{Ctx, Field, User, Val};

/// A text of a user; where the user isn't known it is a text too, not a missing value.
fn user<'a>(ctx: &Ctx<'a>, uid: u32, read: fn(&'a User) -> &'a [u8]) -> Val<'a> {
    Val::Str(ctx.host.users.users.get(&uid).map_or(UNKNOWN, read))
}

/// The rows of the family `user`.
pub const USER: &[Field] = &[
    Field::new("user.uid", Uint32, "The number of the user.", |ctx| Val::Uint(ctx.event.task.uid.into())),
    Field::new("user.name", CharBuf, "The name of the user, `<NA>` where it isn't known.", |ctx| {
        user(ctx, ctx.event.task.uid, |user| &user.name)
    }),
    Field::new("user.homedir", CharBuf, "The user's home directory.", |ctx| {
        user(ctx, ctx.event.task.uid, |user| &user.home)
    }),
    Field::new("user.shell", CharBuf, "The user's shell.", |ctx| {
        user(ctx, ctx.event.task.uid, |user| &user.shell)
    }),
    Field::new("user.loginuid", Int64, "The number of the user who logged in, -1 where nobody did.", |ctx| {
        Val::Int((ctx.event.task.loginuid as i32).into())
    }),
    Field::new(
        "user.loginname",
        CharBuf,
        "The name of the user who logged in, `<NA>` where nobody did.",
        |ctx| user(ctx, ctx.event.task.loginuid, |user| &user.name),
    ),
];

/// The rows of the family `group`.
pub const GROUP: &[Field] = &[
    Field::new("group.gid", Uint32, "The number of the group.", |ctx| Val::Uint(ctx.event.task.gid.into())),
    Field::new("group.name", CharBuf, "The name of the group, `<NA>` where it isn't known.", |ctx| {
        Val::Str(ctx.host.users.groups.get(&ctx.event.task.gid).map_or(UNKNOWN, |name| name))
    }),
];
