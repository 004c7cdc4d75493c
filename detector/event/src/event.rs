//! One event, and the batch that holds many of them without an allocation for each.

mod details;
mod owned;

use std::net::IpAddr;

use bitflags::bitflags;
use serde::{Deserialize, Serialize};

use crate::{Document, Kind, Param};

pub use details::{Details, Usage};
pub use owned::OwnedEvent;

/// A range of bytes in a batch. The batch's limit keeps both numbers inside 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Slice {
    /// The first byte.
    pub start: u32,
    /// How many bytes.
    pub len: u32,
}

/// What stands where the beginning or the end of a path isn't known.
pub const CUT: &[u8] = b"...";

/// A path in its readings (ARCHITECTURE.md, "two readings").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Path {
    /// The string that the program passed.
    pub raw: Slice,
    /// Absolute and lexically cleaned, as Falco computes it: working directory or directory descriptor
    /// followed by the string.
    pub given: Slice,
    /// The path of the file that was really reached, relative to the process's root; `None` where the
    /// operation failed or nothing is known.
    pub real: Option<Slice>,
}

bitflags! {
    /// What is special about an event.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    pub struct EventFlags: u16 {
        /// The kernel did it on behalf of a request, not of a syscall (io_uring).
        const ASYNC = 1;
        /// A 32-bit program's syscall.
        const COMPAT = 2;
        /// A text was longer than its limit and was cut.
        const TRUNCATED = 4;
        /// A real reading was resolved after the event, in user space.
        const LATE = 8;
        /// A path changed while it was read.
        const RACED = 16;
        /// The descriptor's file is in the upper layer of an overlay: it isn't of the container's image, or was changed.
        const UPPER_LAYER = 32;
        /// The descriptor's file is in a lower layer of an overlay: it is of the container's image, unchanged.
        const LOWER_LAYER = 64;
        /// A path was longer than its limit: its beginning or its end isn't known ([`CUT`]).
        const PATH_CUT = 128;
    }
}

impl EventFlags {
    /// What leaves an event in doubt, as `evt.doubts` says it.
    pub const DOUBTS: [(EventFlags, &str); 3] =
        [(EventFlags::TRUNCATED, "truncated"), (EventFlags::RACED, "raced"), (EventFlags::LATE, "late")];
}

/// The name of a thread, as the kernel keeps it: at most 15 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct CommName(pub [u8; 16]);

impl CommName {
    /// The bytes before the first NUL.
    pub fn as_bytes(&self) -> &[u8] {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        &self.0[..end]
    }
}

impl From<Vec<u8>> for CommName {
    fn from(text: Vec<u8>) -> CommName {
        let mut name = CommName::default();
        name.0.iter_mut().zip(text).for_each(|(byte, new)| *byte = new);
        name
    }
}

impl Serialize for CommName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        crate::text::serialize(&self.as_bytes(), serializer)
    }
}

impl<'de> Deserialize<'de> for CommName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<CommName, D::Error> {
        crate::text::deserialize(deserializer)
    }
}

/// The capabilities of a thread, a bit each, in the kernel's numbers (capabilities(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Capabilities {
    /// What it may make effective.
    pub permitted: u64,
    /// What it can do.
    pub effective: u64,
    /// What it may keep when it starts a program.
    pub inheritable: u64,
}

/// The thread that did it, as the kernel saw it at the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Task {
    /// The process (the kernel's tgid).
    pub pid: i32,
    /// The thread (the kernel's pid).
    pub tid: i32,
    /// The process and the thread in their own pid namespace.
    pub vpid: i32,
    /// See `vpid`.
    pub vtid: i32,
    /// The parent process.
    pub ppid: i32,
    /// The session.
    pub sid: i32,
    /// The process group.
    pub pgid: i32,
    /// Session and process group in the task's own pid namespace.
    pub vsid: i32,
    /// See `vsid`.
    pub vpgid: i32,
    /// The number of the controlling terminal's device, 0 where there is none.
    pub tty: u32,
    /// Real, effective user and group.
    pub uid: u32,
    /// See `uid`.
    pub euid: u32,
    /// See `uid`.
    pub gid: u32,
    /// See `uid`.
    pub egid: u32,
    /// Who logged in; `u32::MAX` where nobody did.
    pub loginuid: u32,
    /// The inode numbers of the namespaces.
    pub mnt_ns: u32,
    /// See `mnt_ns`.
    pub pid_ns: u32,
    /// See `mnt_ns`.
    pub net_ns: u32,
    /// The cgroup's number in the hierarchy that containers are told apart by.
    pub cgroup: u64,
    /// When the process started, in nanoseconds since boot: with `pid` an identity that is never used again.
    pub start: u64,
    /// The thread's name.
    pub comm: CommName,
    /// What it may do; `None` where the source doesn't tell.
    #[serde(default)]
    pub caps: Option<Capabilities>,
}

/// What kind of thing a descriptor stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FdKind {
    /// A regular file, or any that has a path and no kind of its own here.
    File,
    /// A directory.
    Directory,
    /// An internet socket.
    Ipv4,
    /// See `Ipv4`.
    Ipv6,
    /// A socket in the file system's or the abstract name space.
    Unix,
    /// A pipe, or a FIFO in the file system.
    Pipe,
    /// A counter that one waits for (eventfd).
    Event,
    /// Signals that are read.
    Signal,
    /// Descriptors that are waited for.
    Epoll,
    /// Changes of files that are told.
    Inotify,
    /// A timer.
    Timer,
    /// A socket to the kernel.
    Netlink,
    /// A BPF program, map or link.
    Bpf,
    /// Page faults that a process handles.
    Userfault,
    /// An io_uring.
    IoUring,
    /// A file without a path, in memory.
    Memfd,
    /// A process.
    Pidfd,
    /// Something else, such as a socket of another family.
    Other,
}

impl FdKind {
    /// All, with Falco's name of each (`fd.type`) and its letter (`fd.typechar`).
    pub const ALL: &[(FdKind, &str, u8)] = &[
        (FdKind::File, "file", b'f'),
        (FdKind::Directory, "directory", b'd'),
        (FdKind::Ipv4, "ipv4", b'4'),
        (FdKind::Ipv6, "ipv6", b'6'),
        (FdKind::Unix, "unix", b'u'),
        (FdKind::Pipe, "pipe", b'p'),
        (FdKind::Event, "event", b'e'),
        (FdKind::Signal, "signalfd", b's'),
        (FdKind::Epoll, "eventpoll", b'l'),
        (FdKind::Inotify, "inotify", b'i'),
        (FdKind::Timer, "timerfd", b't'),
        (FdKind::Netlink, "netlink", b'n'),
        (FdKind::Bpf, "bpf", b'b'),
        (FdKind::Userfault, "userfaultfd", b'u'),
        (FdKind::IoUring, "io_uring", b'r'),
        (FdKind::Memfd, "memfd", b'm'),
        (FdKind::Pidfd, "pidfd", b'P'),
        (FdKind::Other, "other", b'o'),
    ];

    fn row(self) -> &'static (FdKind, &'static str, u8) {
        FdKind::ALL.iter().find(|(kind, ..)| *kind == self).unwrap_or(&FdKind::ALL[0])
    }

    /// What `fd.type` says.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// What `fd.typechar` says.
    pub fn letter(self) -> u8 {
        self.row().2
    }
}

/// Which side of a connection the process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Role {
    /// It connected.
    Client,
    /// It was connected to, or listens.
    Server,
    /// Not known.
    #[default]
    Unknown,
}

/// An address and a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The address; an IPv4 address that was mapped into IPv6 is an IPv4 address.
    pub ip: IpAddr,
    /// The port.
    pub port: u16,
}

/// A socket, as it was at the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Socket {
    /// The protocol (`IPPROTO_TCP`…), 0 where the family has none.
    pub protocol: u8,
    /// Which side it is.
    pub role: Role,
    /// This end.
    pub local: Option<Endpoint>,
    /// The other end.
    pub peer: Option<Endpoint>,
    /// What else there is to know.
    #[serde(default)]
    pub flags: SocketFlags,
}

bitflags! {
    /// What else there is to know of a socket.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    pub struct SocketFlags: u8 {
        /// It is connected: what is sent needs no address.
        const CONNECTED = 1;
        /// This event gave it another name than it had.
        const NAME_CHANGED = 2;
    }
}

/// The descriptor that the event is about, as it was at the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Fd {
    /// Its number; negative where the operation failed and made none.
    pub num: i64,
    /// What it stands for; `None` where that isn't known, as for a failed open.
    pub kind: Option<FdKind>,
    /// The path of a file or of a unix socket.
    pub path: Path,
    /// Addresses and protocol of a socket.
    pub socket: Option<Socket>,
    /// The device and the inode of a file, 0 where there is none.
    pub dev: u32,
    /// See `dev`.
    pub ino: u64,
}

/// One event. Texts and parameters are in the batch that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its number, from 1.
    pub num: u64,
    /// When it happened: nanoseconds since 1970-01-01 UTC.
    pub time: u64,
    /// What happened.
    pub kind: Kind,
    /// What is special about it.
    pub flags: EventFlags,
    /// The processor it happened on.
    pub cpu: u16,
    /// What the operation returned, negative is an errno; 0 for what returns nothing.
    pub res: i64,
    /// Who did it.
    pub task: Task,
    /// The descriptor it is about.
    pub fd: Option<Fd>,
    /// Where its parameters are in [`EventBatch::params`], in the order of the kind's row.
    #[serde(skip)]
    pub params: Slice,
    /// Which of [`EventBatch::documents`] it carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<u32>,
    /// Which of [`EventBatch::details`] it carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<u32>,
}

/// Events with their parameters, texts and documents, in buffers that are used again.
#[derive(Debug, Clone, Default)]
pub struct EventBatch {
    /// The events, in order.
    pub events: Vec<Event>,
    /// Their parameters.
    pub params: Vec<Param>,
    /// Their texts.
    pub bytes: Vec<u8>,
    /// Their documents.
    pub documents: Vec<Document>,
    /// What the kernel was asked besides.
    pub details: Vec<Details>,
    /// Descriptors that details list.
    pub fds: Vec<Fd>,
}

impl EventBatch {
    /// Forgets the events and keeps the memory.
    pub fn clear(&mut self) {
        self.events.clear();
        self.params.clear();
        self.bytes.clear();
        self.documents.clear();
        self.details.clear();
        self.fds.clear();
    }

    /// Copies a text in.
    pub fn push_bytes(&mut self, bytes: &[u8]) -> Slice {
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(bytes);
        Slice { start, len: bytes.len() as u32 }
    }

    /// Adds parameters and says where they are.
    pub fn push_params(&mut self, params: &[Param]) -> Slice {
        let start = self.params.len() as u32;
        self.params.extend_from_slice(params);
        Slice { start, len: params.len() as u32 }
    }

    /// Adds a document and says which it is.
    pub fn push_document(&mut self, document: Document) -> u32 {
        self.documents.push(document);
        self.documents.len() as u32 - 1
    }

    /// Adds details and says which they are.
    pub fn push_details(&mut self, details: Details) -> u32 {
        self.details.push(details);
        self.details.len() as u32 - 1
    }

    /// Adds the parameters of a kind of event: those that are named, in the order of the kind's row, have a value, and
    /// the others are missing.
    pub fn push_named<'a>(
        &mut self,
        kind: Kind,
        named: impl IntoIterator<Item = &'a (&'a str, Param)>,
    ) -> Slice {
        let start = self.params.len() as u32;
        let mut named = named.into_iter().peekable();
        for row in kind.row().params {
            let value = named.next_if(|(name, _)| *name == row.name).map(|(_, value)| *value);
            self.params.push(value.unwrap_or_default());
        }
        debug_assert!(named.next().is_none(), "{} has no such parameter in that order", kind.row().name);
        Slice { start, len: kind.row().params.len() as u32 }
    }

    /// The event at an index.
    ///
    /// # Panics
    /// Where there is none.
    pub fn get(&self, index: usize) -> EventRef<'_> {
        EventRef {
            document: self.events[index].document.and_then(|at| self.documents.get(at as usize)),
            details: self.events[index].details.and_then(|at| self.details.get(at as usize)),
            fds: &self.fds,
            ..EventRef::new(&self.events[index], &self.params, &self.bytes)
        }
    }

    /// All events.
    pub fn iter(&self) -> impl Iterator<Item = EventRef<'_>> {
        (0..self.events.len()).map(|index| self.get(index))
    }
}

/// An event with access to its parameters, texts and document.
#[derive(Debug, Clone, Copy)]
pub struct EventRef<'a> {
    event: &'a Event,
    params: &'a [Param],
    bytes: &'a [u8],
    document: Option<&'a Document>,
    details: Option<&'a Details>,
    fds: &'a [Fd],
}

impl<'a> std::ops::Deref for EventRef<'a> {
    type Target = Event;
    fn deref(&self) -> &Event {
        self.event
    }
}

impl<'a> EventRef<'a> {
    fn new(event: &'a Event, params: &'a [Param], bytes: &'a [u8]) -> Self {
        let start = event.params.start as usize;
        let params = params.get(start..start + event.params.len as usize).unwrap_or_default();
        EventRef { event, params, bytes, document: None, details: None, fds: &[] }
    }

    /// The document that it carries.
    pub fn document(&self) -> Option<&'a Document> {
        self.document
    }

    /// What the kernel was asked besides.
    pub fn details(&self) -> Option<&'a Details> {
        self.details
    }

    /// Descriptors that the details list; none where the slice is not of this batch.
    pub fn fds(&self, slice: Slice) -> &'a [Fd] {
        let start = slice.start as usize;
        self.fds.get(start..start + slice.len as usize).unwrap_or_default()
    }

    /// A text of the event; empty where the slice is not of this batch.
    pub fn bytes(&self, slice: Slice) -> &'a [u8] {
        let start = slice.start as usize;
        self.bytes.get(start..start + slice.len as usize).unwrap_or_default()
    }

    /// The parameters, in the order of the kind's row.
    pub fn params(&self) -> &'a [Param] {
        self.params
    }

    /// The parameter of that name.
    pub fn param(&self, name: &str) -> Option<Param> {
        let index = self.kind.row().params.iter().position(|row| row.name == name)?;
        self.params.get(index).copied().filter(|param| *param != Param::Missing)
    }

    /// The text of the parameter of that name.
    pub fn text(&self, name: &str) -> Option<&'a [u8]> {
        match self.param(name)? {
            Param::Bytes(slice) => Some(self.bytes(slice)),
            Param::Path(path) => Some(self.bytes(path.given)),
            _ => None,
        }
    }

    /// Whether any of its paths has a real reading that differs from the given one.
    pub fn has_two_readings(&self) -> bool {
        let differs = |path: Path| path.real.is_some_and(|real| self.bytes(real) != self.bytes(path.given));
        self.event.fd.is_some_and(|fd| differs(fd.path))
            || self.params.iter().any(|param| matches!(param, Param::Path(path) if differs(*path)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(batch: &mut EventBatch, raw: &[u8], given: &[u8], real: Option<&[u8]>) {
        let path = Path {
            raw: batch.push_bytes(raw),
            given: batch.push_bytes(given),
            real: real.map(|real| batch.push_bytes(real)),
        };
        let params = batch.push_params(&[Param::Int(3), Param::Missing, Param::Path(path)]);
        let fd = Fd { num: 3, kind: Some(FdKind::File), path, socket: None, dev: 1, ino: 2 };
        batch.events.push(Event {
            num: 1,
            time: 2,
            kind: Kind::Openat,
            flags: EventFlags::empty(),
            cpu: 0,
            res: 3,
            task: Task::default(),
            fd: Some(fd),
            params,
            document: None,
            details: None,
        });
    }

    #[test]
    fn an_owned_event_is_the_same_event() {
        let mut batch = EventBatch::default();
        event(&mut batch, b"a", b"/a", None);
        event(&mut batch, b"../b", b"/b", Some(b"/c"));
        let owned = batch.get(1).to_owned();
        let (old, new) = (batch.get(1), owned.as_ref());
        assert!(new.has_two_readings() && !batch.get(0).has_two_readings());
        assert_eq!(new.text("name"), Some(&b"/b"[..]));
        assert_eq!(new.text("name"), old.text("name"));
        assert_eq!((new.param("fd"), new.param("dirfd"), new.param("x")), (Some(Param::Int(3)), None, None));
        let real = new.fd.and_then(|fd| fd.path.real).unwrap();
        assert_eq!(new.bytes(real), b"/c");
    }

    #[test]
    fn an_owned_event_keeps_its_document() {
        let mut batch = EventBatch::default();
        for text in [r#"{"auditID":"a"}"#, r#"{"auditID": "b"}"#] {
            event(&mut batch, b"", b"", None);
            let document = Document::parse(text.as_bytes()).unwrap();
            let at = batch.push_document(document);
            batch.events.last_mut().unwrap().document = Some(at);
        }
        let written = serde_json::to_string(&batch.get(1).to_owned()).unwrap();
        let read: OwnedEvent = serde_json::from_str(&written).unwrap();
        assert_eq!(read.as_ref().document().unwrap().text(), r#"{"auditID": "b"}"#);
        batch.clear();
        assert!(batch.documents.is_empty());
    }
}
