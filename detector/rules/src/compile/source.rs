//! What stands on a side of a comparison, once its names are resolved.

use lanner_event::{Ctx, FieldFlags, FieldRef, Type, Val};

use crate::ast::Function;

/// A field, or what a transformer makes of one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Source {
    /// A field.
    Field(FieldRef),
    /// A transformer of one value.
    Transformed(Function, Box<Source>),
}

impl Source {
    /// The field that is read.
    pub fn field(&self) -> &FieldRef {
        match self {
            Source::Field(field) => field,
            Source::Transformed(_, inner) => inner.field(),
        }
    }

    /// Its type.
    pub fn ty(&self) -> Type {
        match self {
            Source::Field(field) => field.field.ty,
            Source::Transformed(Function::Len, _) => Type::Uint64,
            Source::Transformed(_, inner) => inner.ty(),
        }
    }

    /// Whether it has several values.
    pub fn is_list(&self) -> bool {
        match self {
            Source::Field(field) => field.field.flags.contains(FieldFlags::LIST),
            Source::Transformed(Function::Len, _) => false,
            Source::Transformed(_, inner) => inner.is_list(),
        }
    }

    /// Whether it depends on the reading of paths.
    pub fn is_path(&self) -> bool {
        self.field().field.flags.contains(FieldFlags::PATH)
    }

    /// Its value.
    pub fn get<'a>(&'a self, ctx: &Ctx<'a>) -> Val<'a> {
        match self {
            Source::Field(field) => ctx.get(field),
            Source::Transformed(function, inner) => transform(*function, inner.get(ctx), ctx),
        }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Source::Field(field) => field.fmt(f),
            Source::Transformed(function, inner) => write!(f, "{}({inner})", function.name()),
        }
    }
}

fn transform<'a>(function: Function, value: Val<'a>, ctx: &Ctx<'a>) -> Val<'a> {
    let changed = |text: &'a [u8], change: fn(&mut [u8])| {
        let text = ctx.scratch.alloc_slice_copy(text);
        change(text);
        Val::Str(text)
    };
    match (function, value) {
        (Function::Len, Val::List(items) | Val::Any(items)) => Val::Uint(items.len() as u64),
        (_, Val::List(items)) => {
            Val::List(ctx.values(items.iter().map(|item| transform(function, *item, ctx))))
        }
        (_, Val::Any(items)) => {
            Val::Any(ctx.values(items.iter().map(|item| transform(function, *item, ctx))))
        }
        (Function::Len, Val::Str(text)) => Val::Uint(text.len() as u64),
        (Function::ToLower, Val::Str(text)) => changed(text, <[u8]>::make_ascii_lowercase),
        (Function::ToUpper, Val::Str(text)) => changed(text, <[u8]>::make_ascii_uppercase),
        (Function::Basename, Val::Str(text)) => {
            Val::Str(text.rsplit(|byte| *byte == b'/').next().unwrap_or(text))
        }
        (_, value) => value,
    }
}
