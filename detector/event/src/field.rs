//! What a field is: a row with a name, a type, a text that explains it, and the function that reads it.

use std::sync::LazyLock;

use bitflags::bitflags;
use bumpalo::Bump;

use crate::fields::Fields;
use crate::{
    Container, ContainerState, EventFlags, EventRef, EventSource, Host, Kind, Path, Process, Users,
    UsersState, Val, kinds,
};

/// The type of a field, named as Falco's `--list` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Type {
    /// A text.
    CharBuf,
    /// Bytes.
    ByteBuf,
    /// A truth value.
    Bool,
    /// A whole number of 8 bits with a sign.
    Int8,
    /// A whole number of 16 bits with a sign.
    Int16,
    /// A whole number of 32 bits with a sign.
    Int32,
    /// A whole number of 64 bits with a sign.
    Int64,
    /// A whole number of 8 bits without a sign.
    Uint8,
    /// A whole number of 16 bits without a sign.
    Uint16,
    /// A whole number of 32 bits without a sign.
    Uint32,
    /// A whole number of 64 bits without a sign.
    Uint64,
    /// A number with a fraction.
    Double,
    /// A user's number, which conditions can't compare.
    Uid,
    /// A group's number, which conditions can't compare.
    Gid,
    /// An internet address.
    IpAddr,
    /// An internet network.
    IpNet,
    /// A port.
    Port,
    /// A duration in nanoseconds.
    RelTime,
    /// A time in nanoseconds since 1970-01-01 UTC.
    AbsTime,
    /// What conditions can't compare, such as a socket's address among the raw parameters.
    Opaque,
}

impl Type {
    /// Falco's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Type::CharBuf => "CHARBUF",
            Type::ByteBuf => "BYTEBUF",
            Type::Bool => "BOOL",
            Type::Int8 => "INT8",
            Type::Int16 => "INT16",
            Type::Int32 => "INT32",
            Type::Int64 => "INT64",
            Type::Uint8 => "UINT8",
            Type::Uint16 => "UINT16",
            Type::Uint32 => "UINT32",
            Type::Uint64 => "UINT64",
            Type::Double => "DOUBLE",
            Type::Uid => "UID",
            Type::Gid => "GID",
            Type::IpAddr => "IPADDR",
            Type::IpNet => "IPNET",
            Type::Port => "PORT",
            Type::RelTime => "RELTIME",
            Type::AbsTime => "ABSTIME",
            Type::Opaque => "DYNAMIC",
        }
    }
}

bitflags! {
    /// What else there is to know of a field.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct FieldFlags: u16 {
        /// It has several values (`in`, `intersects` and `exists` only).
        const LIST = 1;
        /// It can't be printed.
        const FILTER_ONLY = 2;
        /// It can't stand on the right.
        const NO_RHS = 4;
        /// It can't be transformed.
        const NO_TRANSFORMER = 8;
        /// It depends on which reading of a path is asked for.
        const PATH = 16;
        /// What it reads may come late: it can be [`Val::Pending`].
        const LATE = 32;
        /// Falco warns of it.
        const DEPRECATED = 64;
        /// It can only be printed.
        const PRINT_ONLY = 128;
        /// It is there for old rules: lists of fields leave it out.
        const TABLE_ONLY = 256;
        /// Of its several values none may be equal where `!=` is to be true.
        const ALL_DIFFER = 512;
        /// `=` says that it is at most so much; it is the only comparison.
        const AT_MOST = 1024;
        /// It reads what a process uses, which the kernel must be asked for.
        const USAGE = 2048;
        /// It reads what the first three descriptors stand for, likewise.
        const STANDARD = 4096;
        /// It reads the cgroups in all hierarchies, likewise.
        const CGROUPS = 8192;
        /// It reads what a process uses where it begins or starts a program, likewise.
        const USAGE_AT_START = 16384;
        /// What the kernel must be asked for.
        const ASKED = Self::USAGE.bits() | Self::STANDARD.bits() | Self::CGROUPS.bits() | Self::USAGE_AT_START.bits();
    }
}

/// Whether a field takes an argument in brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgRule {
    /// None.
    None,
    /// A number may be given: `proc.aname[2]`.
    Index,
    /// A number must be given.
    IndexRequired,
    /// A text may be given: `proc.env[PATH]`.
    Key,
    /// A text must be given: `container.label[app]`.
    KeyRequired,
    /// A time must be given, in nanoseconds since 1970-01-01 UTC: `evt.around[1700000000000000000]`.
    Time,
    /// A parameter's name follows after a dot, or its number in brackets: `evt.arg.flags`, `evt.arg[2]`.
    Param,
    /// A parameter's name follows after a dot, and the field's type is the parameter's: `evt.rawarg.flags`.
    RawParam,
    /// The name of an event's kind follows after a dot: `evt.type.is.openat`.
    Kind,
}

/// An argument.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Arg {
    /// None was given.
    #[default]
    None,
    /// A number.
    Index(u32),
    /// A time.
    Time(u64),
    /// A text, or a parameter's name.
    Key(Box<str>),
}

/// Which reading of a path is asked for (ARCHITECTURE.md, "two readings").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reading {
    /// As the program wrote it.
    Given,
    /// As the kernel reached it; as given where that isn't known.
    Real,
}

/// Something of the host that is fetched, and may come late.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Late<T> {
    /// It is on its way.
    Pending,
    /// Here it is.
    Known(T),
    /// There is none, or it can't be had.
    Missing,
}

/// The users of a container of which none are known.
static NO_USERS: LazyLock<Users> = LazyLock::new(Users::default);

/// What a getter reads: one event, under one reading, and the host at that moment.
#[derive(Clone, Copy)]
pub struct Ctx<'a> {
    /// The event.
    pub event: EventRef<'a>,
    /// The host.
    pub host: &'a Host,
    /// Which reading of paths.
    pub reading: Reading,
    /// Memory for values that must be put together; it is emptied after the event, not freed.
    pub scratch: &'a Bump,
    /// The field's argument.
    pub arg: &'a Arg,
    process: Option<&'a Process>,
    container: Option<&'a str>,
    record: Late<&'a Container>,
}

impl<'a> Ctx<'a> {
    /// The context of an event: its process and container are looked up once.
    pub fn new(event: EventRef<'a>, host: &'a Host, scratch: &'a Bump) -> Self {
        let id = host.containers.of_cgroup(event.task.cgroup);
        let record = match id.map(|id| host.containers.by_id.get(id)) {
            None | Some(None) | Some(Some(ContainerState::Unavailable)) => Late::Missing,
            Some(Some(ContainerState::Pending)) => Late::Pending,
            Some(Some(ContainerState::Known(container))) => Late::Known(&**container),
        };
        Ctx {
            event,
            host,
            reading: Reading::Given,
            scratch,
            arg: &Arg::None,
            process: host.processes.get(event.task.pid),
            container: id.map(|id| &**id),
            record,
        }
    }

    /// The same event under another reading.
    pub fn reading(self, reading: Reading) -> Self {
        Ctx { reading, ..self }
    }

    /// The value of a field.
    pub fn get(&self, field: &'a FieldRef) -> Val<'a> {
        match (&field.arg, self.arg) {
            (Arg::None, Arg::None) => (field.field.get)(self),
            _ => (field.field.get)(&Ctx { arg: &field.arg, ..*self }),
        }
    }

    /// The process that did it.
    pub fn process(&self) -> Option<&'a Process> {
        self.process
    }

    /// The full id of its container; `None` on the host.
    pub fn container_id(&self) -> Option<&'a str> {
        self.container
    }

    /// What the engine knows of its container.
    pub fn container(&self) -> Late<&'a Container> {
        self.record
    }

    /// The users and groups that its numbers are of: its container's own, or the host's; `None` while they are being
    /// read.
    pub fn users(&self) -> Option<&'a Users> {
        let Some(id) = self.container else { return Some(&self.host.users) };
        match self.host.containers.users.get(id) {
            Some(UsersState::Pending) => None,
            Some(UsersState::Known(users)) => Some(users),
            Some(UsersState::Unavailable) | None => Some(&NO_USERS),
        }
    }

    /// A path under the reading that is asked for.
    pub fn path(&self, path: Path) -> &'a [u8] {
        match (self.reading, path.real) {
            (Reading::Real, Some(real)) => self.event.bytes(real),
            _ => self.event.bytes(path.given),
        }
    }

    /// The same as a value: missing where it is empty.
    pub fn path_val(&self, path: Path) -> Val<'a> {
        self.path_text(self.path(path))
    }

    /// A text of a path, or of a part of one, as a value: missing where it is empty.
    pub fn path_text(&self, text: &'a [u8]) -> Val<'a> {
        match text {
            b"" => Val::Missing,
            text if self.event.flags.contains(EventFlags::PATH_CUT) => Val::Cut(text),
            text => Val::Str(text),
        }
    }

    /// Whether something that rules may read of the container hasn't come yet.
    pub fn waits(&self) -> bool {
        matches!(self.record, Late::Pending) || self.users().is_none()
    }

    /// A text of the scratch memory.
    pub fn text(&self, text: std::fmt::Arguments) -> Val<'a> {
        Val::Str(bumpalo::format!(in self.scratch, "{}", text).into_bump_str().as_bytes())
    }

    /// Several values of the scratch memory.
    pub fn values(&self, values: impl IntoIterator<Item = Val<'a>>) -> &'a [Val<'a>] {
        let mut list = bumpalo::collections::Vec::new_in(self.scratch);
        list.extend(values);
        list.into_bump_slice()
    }
}

/// Reads a field of an event.
pub type Getter = for<'a> fn(&Ctx<'a>) -> Val<'a>;

/// A row of the table of fields.
#[derive(Clone, Copy)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub ty: Type,
    /// What else there is to know.
    pub flags: FieldFlags,
    /// Whether it takes an argument.
    pub arg: ArgRule,
    /// What it means.
    pub doc: &'static str,
    /// How it is read.
    pub get: Getter,
    /// Why nothing fills it, where nothing does: then it is missing in every event, and who uses it is warned.
    pub unfilled: Option<&'static str>,
}

impl Field {
    /// A row without flags or argument.
    pub const fn new(name: &'static str, ty: Type, doc: &'static str, get: Getter) -> Field {
        Field { name, ty, flags: FieldFlags::empty(), arg: ArgRule::None, doc, get, unfilled: None }
    }

    /// A row that nothing fills, and why.
    pub const fn unfilled(name: &'static str, ty: Type, doc: &'static str, reason: &'static str) -> Field {
        let row = Field::new(name, ty, doc, |_| Val::Missing);
        Field { unfilled: Some(reason), ..row }
    }

    /// Falco's name of the type of its value, or of its values where it is a list.
    pub fn type_name(&self) -> String {
        match self.flags.contains(FieldFlags::LIST) {
            true => format!("LIST({})", self.ty.name()),
            false => self.ty.name().to_owned(),
        }
    }

    /// The row with more flags.
    pub const fn with(mut self, flags: FieldFlags) -> Field {
        self.flags = self.flags.union(flags);
        self
    }

    /// The row with an argument.
    pub const fn arg(mut self, rule: ArgRule) -> Field {
        self.arg = rule;
        self
    }
}

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// A field with its argument, as a rule names it.
#[derive(Debug, Clone)]
pub struct FieldRef {
    /// The row.
    pub field: &'static Field,
    /// The argument.
    pub arg: Arg,
}

impl PartialEq for FieldRef {
    fn eq(&self, other: &Self) -> bool {
        self.field.name == other.field.name && self.arg == other.arg
    }
}

impl Eq for FieldRef {}

impl std::hash::Hash for FieldRef {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.field.name.hash(state);
        self.arg.hash(state);
    }
}

impl std::fmt::Display for FieldRef {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(self.field.name)?;
        match (&self.arg, self.field.arg) {
            (Arg::None, _) => Ok(()),
            (Arg::Key(key), ArgRule::Param | ArgRule::RawParam | ArgRule::Kind) => write!(f, ".{key}"),
            (Arg::Index(index), _) => write!(f, "[{index}]"),
            (Arg::Time(time), _) => write!(f, "[{time}]"),
            (Arg::Key(key), _) => write!(f, "[{key}]"),
        }
    }
}

/// Why a name isn't a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldError {
    /// No field has that name.
    Unknown {
        /// The name.
        name: String,
    },
    /// The field is one of other events.
    OtherSource {
        /// The name.
        name: String,
        /// Whose events have it.
        source: EventSource,
    },
    /// No event has a parameter of that name.
    UnknownParam {
        /// The parameter's name.
        name: String,
    },
    /// No event is of a kind of that name.
    UnknownKind {
        /// The kind's name.
        name: String,
    },
    /// The field needs an argument.
    ArgMissing,
    /// The field takes none.
    ArgUnexpected,
    /// The field's argument must be a number.
    ArgNotANumber,
}

impl std::fmt::Display for FieldError {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            FieldError::Unknown { name } => write!(f, "there is no field `{name}`"),
            FieldError::OtherSource { name, source } => {
                write!(f, "`{name}` is a field of events of the source `{source}` only")
            }
            FieldError::UnknownParam { name } => write!(f, "no event has a parameter `{name}`"),
            FieldError::UnknownKind { name } => write!(f, "no event is of the kind `{name}`"),
            FieldError::ArgMissing => f.write_str("this field needs an argument in brackets"),
            FieldError::ArgUnexpected => f.write_str("this field takes no argument"),
            FieldError::ArgNotANumber => f.write_str("the argument of this field must be a number"),
        }
    }
}

impl std::error::Error for FieldError {}

/// The parameters of a start of a program that say what its process uses.
const USED: &[&str] = &["fdlimit", "pgft_maj", "pgft_min", "vm_size", "vm_rss", "vm_swap"];

impl FieldRef {
    /// What the kernel must be asked for, so that it has a value.
    pub fn asks(&self) -> FieldFlags {
        let used = match (self.field.arg, &self.arg) {
            (ArgRule::Param | ArgRule::RawParam, Arg::Key(name)) => USED.contains(&&**name),
            (ArgRule::Param, Arg::Index(_)) => true,
            _ => false,
        };
        let used = if used { FieldFlags::USAGE_AT_START } else { FieldFlags::empty() };
        self.field.flags.intersection(FieldFlags::ASKED).union(used)
    }

    /// The type of its values. That of a raw parameter is the parameter's.
    pub fn ty(&self) -> Type {
        match (self.field.arg, &self.arg) {
            (ArgRule::RawParam, Arg::Key(param)) => kinds::raw_type(param).unwrap_or(self.field.ty),
            _ => self.field.ty,
        }
    }

    /// The field that a rule names, in a table of fields.
    ///
    /// # Errors
    /// Where there is none, or its argument isn't as its row demands.
    pub fn parse(name: &str, arg: Option<&str>, fields: Fields) -> Result<FieldRef, FieldError> {
        if let Some(field) = fields.rows().find(|field| field.name == name) {
            return Ok(FieldRef { field, arg: parse_arg(field.arg, arg)? });
        }
        let dotted = |field: &&Field| matches!(field.arg, ArgRule::Param | ArgRule::RawParam | ArgRule::Kind);
        let prefixed = fields.rows().filter(dotted).find_map(|field| {
            let key = name.strip_prefix(field.name)?.strip_prefix('.')?;
            Some((field, key))
        });
        let Some((field, key)) = prefixed else {
            let name = name.to_owned();
            return Err(match fields.sources_of(&name).first() {
                Some(source) => FieldError::OtherSource { name, source: *source },
                None => FieldError::Unknown { name },
            });
        };
        match field.arg {
            ArgRule::Kind if Kind::by_name(key).is_none() => {
                Err(FieldError::UnknownKind { name: key.to_owned() })
            }
            ArgRule::Param | ArgRule::RawParam if kinds::raw_type(key).is_none() => {
                Err(FieldError::UnknownParam { name: key.to_owned() })
            }
            _ if arg.is_some() => Err(FieldError::ArgUnexpected),
            _ => Ok(FieldRef { field, arg: Arg::Key(key.into()) }),
        }
    }

    /// The field of that name in the table of all fields, its argument in brackets.
    ///
    /// # Errors
    /// See [`FieldRef::parse`].
    pub fn from_name(name: &str) -> Result<FieldRef, FieldError> {
        match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
            Some((name, arg)) => FieldRef::parse(name, Some(arg), Fields::ALL),
            None => FieldRef::parse(name, None, Fields::ALL),
        }
    }
}

fn parse_arg(rule: ArgRule, arg: Option<&str>) -> Result<Arg, FieldError> {
    match (rule, arg) {
        (ArgRule::None | ArgRule::Index | ArgRule::Key, None) => Ok(Arg::None),
        (_, None) => Err(FieldError::ArgMissing),
        (ArgRule::None | ArgRule::RawParam | ArgRule::Kind, Some(_)) => Err(FieldError::ArgUnexpected),
        (ArgRule::Index | ArgRule::IndexRequired | ArgRule::Param, Some(arg)) => {
            arg.parse().map(Arg::Index).map_err(|_| FieldError::ArgNotANumber)
        }
        (ArgRule::Time, Some(arg)) => arg.parse().map(Arg::Time).map_err(|_| FieldError::ArgNotANumber),
        (ArgRule::Key | ArgRule::KeyRequired, Some(arg)) => Ok(Arg::Key(arg.into())),
    }
}
