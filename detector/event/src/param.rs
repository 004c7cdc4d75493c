//! The parameters of an event.

pub(crate) mod shorthand;

use serde::{Deserialize, Serialize};

use crate::flags::FlagName;
use crate::{Path, Slice, Type};

/// The value of a parameter. What it means is said by its [`ParamRow`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Param {
    /// There is none.
    #[default]
    Missing,
    /// A number with a sign.
    Int(i64),
    /// A number without.
    Uint(u64),
    /// A text, or several with a NUL after each.
    Bytes(Slice),
    /// A path in its readings.
    Path(Path),
}

/// In which digits a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Radix {
    /// `0644`.
    Octal,
    /// `420`.
    Decimal,
    /// `1A4`.
    Hex,
}

/// A number's width and digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    /// How many bits it has.
    pub bits: u8,
    /// In which digits it is written.
    pub radix: Radix,
}

/// Flags or the values of an enumeration, with their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedBits {
    /// How many bits the number has.
    pub bits: u8,
    /// The names.
    pub names: &'static [FlagName],
}

/// How a parameter is to be understood, and how its value is written (Falco's `PT_*`). Numbers are the kernel's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ParamType {
    /// The result: 0 or more, or a negative errno.
    Errno,
    /// A descriptor: written with what it stands for.
    Fd,
    /// A process or thread.
    Pid,
    /// A user.
    Uid,
    /// A group.
    Gid,
    /// A number.
    Int(Number),
    /// A number without sign.
    Uint(Number),
    /// Flags, written as their names with `|` between.
    Flags(NamedBits),
    /// One of several values, written as its name.
    Enum(NamedBits),
    /// A file's mode, written in octal and as its names.
    Mode(&'static [FlagName]),
    /// A signal, written as its name.
    Signal,
    /// A set of signals.
    SigSet,
    /// A duration in nanoseconds; all bits set is none.
    RelTime,
    /// A time in nanoseconds since 1970-01-01 UTC.
    AbsTime,
    /// A text.
    Str,
    /// Several texts, a NUL after each.
    StrList,
    /// Bytes.
    Bytes,
    /// A path, as it was given.
    Path,
    /// A path that the kernel found: it has no second reading.
    RealPath,
    /// A socket's address: the event's [`crate::Fd`] holds it.
    SockAddr,
    /// Both ends of a connection: the event's [`crate::Fd`] holds them.
    SockTuple,
    /// Descriptors that are waited for, as a text.
    FdList,
    /// The number of a syscall.
    SyscallId,
    /// What another parameter says: a number or bytes.
    Dyn,
}

impl ParamType {
    /// The type of its raw value as a field: what `evt.rawarg` compares.
    pub fn raw(self) -> Type {
        match self {
            ParamType::Errno | ParamType::Fd | ParamType::Pid => Type::Int64,
            ParamType::Uid => Type::Uid,
            ParamType::Gid => Type::Gid,
            ParamType::Int(number) => match number.bits {
                8 => Type::Int8,
                16 => Type::Int16,
                32 => Type::Int32,
                _ => Type::Int64,
            },
            ParamType::Uint(Number { bits, .. })
            | ParamType::Flags(NamedBits { bits, .. })
            | ParamType::Enum(NamedBits { bits, .. }) => match bits {
                8 => Type::Uint8,
                16 => Type::Uint16,
                32 => Type::Uint32,
                _ => Type::Uint64,
            },
            ParamType::Mode(_) => Type::Uint32,
            ParamType::Signal => Type::Uint8,
            ParamType::SyscallId => Type::Uint16,
            ParamType::RelTime => Type::RelTime,
            ParamType::AbsTime => Type::AbsTime,
            ParamType::Str | ParamType::Path | ParamType::RealPath => Type::CharBuf,
            ParamType::StrList | ParamType::Bytes => Type::ByteBuf,
            ParamType::SigSet
            | ParamType::SockAddr
            | ParamType::SockTuple
            | ParamType::FdList
            | ParamType::Dyn => Type::Opaque,
        }
    }
}

/// A parameter of an event kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParamRow {
    /// Falco's name: what stands after `evt.arg.`.
    pub name: &'static str,
    /// How it is to be understood.
    pub ty: ParamType,
}
