//! Fields of users and groups. Their names are those of the container that the process lives in, which are read from
//! its own files and may come late; who logged in, did so on the host.

use super::params::UNKNOWN;
use crate::Type::{CharBuf, Int64, Uint32};
use crate::{Ctx, Field, FieldFlags, User, Val};

const LATE: FieldFlags = FieldFlags::LATE;

/// A text of the user; where the user isn't known it is a text too, not a missing value.
fn user<'a>(ctx: &Ctx<'a>, read: fn(&'a User) -> &'a [u8]) -> Val<'a> {
    let Some(users) = ctx.users() else { return Val::Pending };
    Val::Str(users.user(ctx.event.task.uid).map_or(UNKNOWN, read))
}

/// The rows of the family `user`.
pub const USER: &[Field] = &[
    Field::new("user.uid", Uint32, "The number of the user.", |ctx| Val::Uint(ctx.event.task.uid.into())),
    Field::new("user.name", CharBuf, "The name of the user, `<NA>` where it isn't known.", |ctx| {
        user(ctx, |user| &user.name)
    })
    .with(LATE),
    Field::new("user.homedir", CharBuf, "The user's home directory.", |ctx| user(ctx, |user| &user.home))
        .with(LATE),
    Field::new("user.shell", CharBuf, "The user's shell.", |ctx| user(ctx, |user| &user.shell)).with(LATE),
    Field::new("user.loginuid", Int64, "The number of the user who logged in, -1 where nobody did.", |ctx| {
        Val::Int((ctx.event.task.loginuid as i32).into())
    }),
    Field::new(
        "user.loginname",
        CharBuf,
        "The name of the host's user who logged in, `<NA>` where nobody did.",
        |ctx| Val::Str(ctx.host.users.user(ctx.event.task.loginuid).map_or(UNKNOWN, |user| &user.name)),
    ),
];

/// The rows of the family `group`.
pub const GROUP: &[Field] = &[
    Field::new("group.gid", Uint32, "The number of the group.", |ctx| Val::Uint(ctx.event.task.gid.into())),
    Field::new("group.name", CharBuf, "The name of the group, `<NA>` where it isn't known.", |ctx| {
        let Some(users) = ctx.users() else { return Val::Pending };
        Val::Str(users.group(ctx.event.task.gid).unwrap_or(UNKNOWN))
    })
    .with(LATE),
];

#[cfg(test)]
mod tests {
    use crate::Kind;
    use crate::sample::Sample;

    const FIELDS: [&str; 8] = [
        "user.uid",
        "user.name",
        "user.homedir",
        "user.shell",
        "user.loginuid",
        "user.loginname",
        "group.gid",
        "group.name",
    ];

    #[test]
    fn who_is_not_known_has_a_name_that_says_so() {
        for (given, expected) in [
            (vec![], ["0", "root", "/root", "/bin/sh", "-1", "<NA>", "0", "root"]),
            (
                vec![("user.uid", "7"), ("group.gid", "8")],
                ["7", "<NA>", "<NA>", "<NA>", "-1", "<NA>", "8", "<NA>"],
            ),
            (vec![("user.loginuid", "0")], ["0", "root", "/root", "/bin/sh", "0", "root", "0", "root"]),
            (
                vec![("user.name", "bob"), ("user.loginname", "bob")],
                ["1001", "bob", "", "", "1001", "bob", "0", "root"],
            ),
        ] {
            let mut sample = Sample::new(Kind::Openat);
            given.iter().for_each(|(field, value)| sample.set(field, value).unwrap());
            assert_eq!(FIELDS.map(|field| sample.text(field)), expected, "{given:?}");
            // They never miss.
            let (batch, host) = sample.build();
            let scratch = bumpalo::Bump::new();
            let ctx = crate::Ctx::new(batch.get(0), &host, &scratch);
            for field in FIELDS {
                let field = crate::FieldRef::from_name(field).unwrap();
                assert_ne!(ctx.get(&field), crate::Val::Missing, "{field}");
            }
        }
    }
}
