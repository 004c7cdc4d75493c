//! The parameters of an event.

use serde::{Deserialize, Serialize};

use crate::flags::FlagName;
use crate::{Path, Slice};

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

/// How a parameter is to be understood, and how its value is written (Falco's `PT_*`).
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
    Int,
    /// A number without sign.
    Uint,
    /// Flags, written as their names with `|` between.
    Flags(&'static [FlagName]),
    /// A file's mode, written in octal.
    Mode,
    /// A text.
    Str,
    /// Several texts, a NUL after each.
    StrList,
    /// A path.
    Path,
    /// A socket's address: the event's [`crate::Fd`] holds it.
    SockAddr,
    /// Both ends of a connection: the event's [`crate::Fd`] holds them.
    SockTuple,
}

/// A parameter of an event kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParamRow {
    /// Falco's name: what stands after `evt.arg.`.
    pub name: &'static str,
    /// How it is to be understood.
    pub ty: ParamType,
}
