//! What stands on a side of a comparison, once its names are resolved.

use std::fmt;

use lanner_event::{Ctx, FieldFlags, FieldRef, Type, Val};

use super::transform;
use crate::ast::Function;

/// A field, or what transformers make of fields and constants.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Source {
    /// A field.
    Field(FieldRef),
    /// A text that is always the same; only transformers have it.
    Constant(Box<str>),
    /// Several values made one list; only transformers have it.
    List(Box<[Source]>),
    /// A transformer of one value.
    Transformed(Function, Box<Source>),
    /// The texts of a list put together, a separator between them.
    Joined(Box<Source>, Box<Source>),
    /// Texts put together.
    Concatenated(Box<[Source]>),
    /// The options of a command line.
    Getopt(Box<Getopt>),
}

/// What `getopt` reads.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Getopt {
    /// The command line: a list.
    pub args: Source,
    /// Which options there are, as for getopt(3).
    pub options: Source,
    /// The option whose value is asked for; without one, it's a list of all.
    pub wanted: Option<u8>,
}

impl Source {
    /// What it is made of.
    fn parts(&self) -> Vec<&Source> {
        match self {
            Source::Field(_) | Source::Constant(_) => Vec::new(),
            Source::List(parts) | Source::Concatenated(parts) => parts.iter().collect(),
            Source::Transformed(_, inner) => vec![inner],
            Source::Joined(separator, list) => vec![separator, list],
            Source::Getopt(getopt) => vec![&getopt.args, &getopt.options],
        }
    }

    /// The fields that are read.
    pub fn fields(&self) -> Vec<&FieldRef> {
        match self {
            Source::Field(field) => vec![field],
            other => other.parts().into_iter().flat_map(Source::fields).collect(),
        }
    }

    /// Whether a field that is read has a flag.
    pub fn has(&self, flag: FieldFlags) -> bool {
        self.fields().iter().any(|field| field.field.flags.contains(flag))
    }

    /// Whether it is a field that has a flag, transformed or not. What is put together has no flags.
    pub fn is(&self, flag: FieldFlags) -> bool {
        match self {
            Source::Field(field) => field.field.flags.contains(flag),
            Source::Transformed(_, inner) => inner.is(flag),
            _ => false,
        }
    }

    /// Its type.
    pub fn ty(&self) -> Type {
        match self {
            Source::Field(field) => field.ty(),
            Source::Transformed(Function::Len, _) => Type::Uint64,
            Source::Transformed(_, inner) => inner.ty(),
            _ => Type::CharBuf,
        }
    }

    /// Whether it has several values.
    pub fn is_list(&self) -> bool {
        match self {
            Source::Field(field) => field.field.flags.contains(FieldFlags::LIST),
            Source::List(_) => true,
            Source::Getopt(getopt) => getopt.wanted.is_none(),
            Source::Transformed(Function::Len, _)
            | Source::Constant(_)
            | Source::Joined(..)
            | Source::Concatenated(_) => false,
            Source::Transformed(_, inner) => inner.is_list(),
        }
    }

    /// Whether it depends on the reading of paths.
    pub fn is_path(&self) -> bool {
        self.has(FieldFlags::PATH)
    }

    /// Its value.
    #[inline]
    pub fn get<'a>(&'a self, ctx: &Ctx<'a>) -> Val<'a> {
        match self {
            Source::Field(field) => ctx.get(field),
            other => other.put_together(ctx),
        }
    }

    fn put_together<'a>(&'a self, ctx: &Ctx<'a>) -> Val<'a> {
        match self {
            Source::Field(field) => ctx.get(field),
            Source::Constant(text) => Val::Str(text.as_bytes()),
            Source::List(parts) => transform::list(parts, ctx),
            Source::Transformed(function, inner) => transform::one(*function, inner.get(ctx), ctx),
            Source::Joined(separator, list) => transform::joined(separator.get(ctx), list.get(ctx), ctx),
            Source::Concatenated(parts) => transform::joined(Val::Str(b""), transform::list(parts, ctx), ctx),
            Source::Getopt(getopt) => {
                transform::getopt(getopt.args.get(ctx), getopt.options.get(ctx), getopt.wanted, ctx)
            }
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let separated = |f: &mut fmt::Formatter, parts: &[Source]| {
            parts.iter().enumerate().try_for_each(|(at, part)| {
                let comma = if at > 0 { ", " } else { "" };
                write!(f, "{comma}{part}")
            })
        };
        match self {
            Source::Field(field) => field.fmt(f),
            Source::Constant(text) => write!(f, "{text:?}"),
            Source::List(parts) => {
                f.write_str("(")?;
                separated(f, parts)?;
                f.write_str(")")
            }
            Source::Transformed(function, inner) => write!(f, "{}({inner})", function.name()),
            Source::Joined(separator, list) => write!(f, "join({separator}, {list})"),
            Source::Concatenated(parts) => {
                f.write_str("concat(")?;
                separated(f, parts)?;
                f.write_str(")")
            }
            Source::Getopt(getopt) => {
                write!(f, "getopt({}, {})", getopt.args, getopt.options)?;
                getopt.wanted.map_or(Ok(()), |wanted| write!(f, "[{}]", wanted.escape_ascii()))
            }
        }
    }
}
