//! Fields of the event itself.

use crate::{ArgRule, Field, FieldFlags, Type, Val};

/// The family's rows.
pub const FIELDS: &[Field] = &[
    Field {
        name: "evt.num",
        ty: Type::Uint64,
        flags: FieldFlags::empty(),
        arg: ArgRule::None,
        doc: "The event's number, from 1.",
        get: |ctx| Val::Uint(ctx.event.num),
    },
    Field {
        name: "evt.type",
        ty: Type::CharBuf,
        flags: FieldFlags::empty(),
        arg: ArgRule::None,
        doc: "The event's kind, such as `openat`.",
        get: |ctx| Val::Str(ctx.event.kind.row().name.as_bytes()),
    },
];
