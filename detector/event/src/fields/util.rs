//! Fields that rules are tried out with.

use crate::{Field, Type, Val};

/// The family's rows.
pub const FIELDS: &[Field] =
    &[Field::new("util.cnt", Type::Uint64, "A number that grows: `evt.num`.", |ctx| {
        Val::Uint(ctx.event.num)
    })];
