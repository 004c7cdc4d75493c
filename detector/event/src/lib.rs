//! Events, the host they happened on, and the table of fields that rules read.
//!
//! Everything here is plain data with pure functions: sources fill it, the state keeps it up to date, rules
//! read it. Nothing does I/O, reads a clock, or panics on what an event carries.

mod document;
mod event;
mod field;
pub mod fields;
mod flags;
pub mod glob;
mod host;
mod kinds;
mod param;
mod record;
pub mod sample;
mod text;
mod value;

pub use document::{Document, DocumentError, Json};
pub use event::{
    CUT, Capabilities, CommName, Details, Endpoint, Event, EventBatch, EventFlags, EventRef, Fd, FdKind,
    OwnedEvent, Path, Role, Slice, Socket, SocketFlags, Task, Usage,
};
pub use field::{Arg, ArgRule, Ctx, Field, FieldError, FieldFlags, FieldRef, Getter, Late, Reading, Type};
pub use flags::{FD_LOWER_LAYER, FD_UPPER_LAYER, FlagName, O_F_CREATED, flag_number, flag_text};
pub use host::{
    ADDRESSES_MAX, CgroupId, Container, ContainerId, ContainerState, Containers, ENV_BYTES_MAX, ExeFlags,
    Host, Mount, Names, Probe, Process, Processes, Times, User, Users, UsersState, Zone,
};
pub use kinds::{Category, Class, EventSource, KINDS, Kind, KindRow, events_markdown, list_events};
pub use param::{NamedBits, Number, Param, ParamRow, ParamType, Radix};
pub use record::{Record, RecordedContainer};
pub use value::Val;
