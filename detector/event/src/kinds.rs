//! The table of event kinds: one row each, with the parameters it carries. It has every event that a rule of Falco's
//! can name, whether anything captures it or not, so that every rule loads.

mod list;
mod lists;
mod table;

use crate::Type;
use crate::param::ParamRow;

pub use list::{events_markdown, list_events};
pub use table::{KINDS, Kind};

/// Where events come from. A rule is of one source, and sees its events only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventSource {
    /// The kernel: what programs do on this host.
    Syscall,
    /// The audit log of a Kubernetes API server.
    K8sAudit,
}

impl EventSource {
    /// All of them.
    pub const ALL: &[EventSource] = &[EventSource::Syscall, EventSource::K8sAudit];

    /// Falco's name: what stands in a rule's `source`.
    pub fn name(self) -> &'static str {
        match self {
            EventSource::Syscall => "syscall",
            EventSource::K8sAudit => "k8s_audit",
        }
    }

    /// The source of that name.
    pub fn by_name(name: &str) -> Option<EventSource> {
        EventSource::ALL.iter().copied().find(|source| source.name() == name)
    }
}

impl std::fmt::Display for EventSource {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// What a kind of event is of (Falco's event category).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// A syscall, with parameters of its own.
    Syscall,
    /// A syscall of which no more than its number is told.
    Generic,
    /// Something else that happened in the kernel.
    Tracepoint,
    /// Something that is not the kernel's.
    Meta,
    /// Something that another source than the kernel told of.
    Plugin,
    /// What only the state reads.
    State,
}

/// What a kind of event is about: what `evt.category` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    /// Files.
    File,
    /// Processes.
    Process,
    /// The network.
    Net,
    /// Talk between processes.
    Ipc,
    /// Memory.
    Memory,
    /// Users and groups.
    User,
    /// Signals.
    Signal,
    /// Sleep.
    Sleep,
    /// Time.
    Time,
    /// Waiting for descriptors.
    Wait,
    /// The scheduler.
    Scheduler,
    /// The system.
    System,
    /// Reading from a descriptor: what the category is follows from the descriptor.
    IoRead,
    /// Writing to a descriptor, likewise.
    IoWrite,
    /// Something else with a descriptor, likewise.
    IoOther,
    /// Something else.
    Other,
    /// Falco's or Lanner's own.
    Internal,
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KindRow {
    /// Falco's name: what `evt.type` says.
    pub name: &'static str,
    /// What it means.
    pub doc: &'static str,
    /// What it is of.
    pub class: Class,
    /// What it is about.
    pub category: Category,
    /// Whether only the state reads it, and no rule can name it.
    pub internal: bool,
    /// The parameters, in order.
    pub params: &'static [ParamRow],
}

impl KindRow {
    /// Whether it is a syscall.
    pub fn is_syscall(&self) -> bool {
        matches!(self.class, Class::Syscall | Class::Generic)
    }

    /// Whether programs do it so often that a rule which names no event type, or too many, doesn't see it unless it is
    /// asked for: reading, writing, waiting, memory, and what is told of by its number alone.
    pub fn is_heavy(&self) -> bool {
        use Category::{IoOther, IoRead, IoWrite, Memory, Sleep, Time, Wait};
        let often = matches!(self.category, IoRead | IoWrite | IoOther | Wait | Memory | Sleep | Time);
        self.is_syscall() && (often || self.class == Class::Generic)
    }

    /// Where a parameter is in the row.
    pub fn position(&self, param: &str) -> Option<usize> {
        self.params.iter().position(|row| row.name == param)
    }
}

/// Rows of parameters: those that are written out, or a list that has a name.
macro_rules! params {
    ([$($name:literal: $ty:expr),* $(,)?]) => { &[$(ParamRow { name: $name, ty: $ty }),*] };
    ($list:ident) => { $list };
}
use params;

/// The table: sections of a class and a category with a row for each kind (its name in Rust, Falco's name, what it
/// means, its parameters), and at the end those that share their meaning and their parameters.
macro_rules! kinds {
    (
        $($class:ident $category:ident { $($kind:ident $name:literal $doc:literal $params:tt)* })*
        @generic $meaning:literal { $($generic:ident $generic_name:literal,)* }
    ) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[repr(u16)]
        pub enum Kind {
            $($(#[doc = $doc] $kind,)*)*
            $(#[doc = $meaning] $generic,)*
        }

        /// All event kinds, in the order of [`Kind`].
        pub const KINDS: &[KindRow] = &[
            $($(KindRow {
                name: $name,
                doc: $doc,
                class: Class::$class,
                category: Category::$category,
                internal: matches!(Class::$class, Class::State),
                params: params!($params),
            },)*)*
            $(KindRow {
                name: $generic_name,
                doc: $meaning,
                class: Class::Generic,
                category: Category::Other,
                internal: false,
                params: GENERIC,
            },)*
        ];

        impl Kind {
            /// All, in order.
            pub const ALL: &[Kind] = &[$($(Kind::$kind,)*)* $(Kind::$generic),*];
        }
    };
}
use kinds;

/// Parameters of which the first event in Falco's table, whose type `evt.rawarg` has, is another than in this one.
const FIRST_ELSEWHERE: &[(&str, Type)] = &[
    ("uid", Type::Uid),
    ("gid", Type::Gid),
    ("size", Type::Uint32),
    ("data", Type::ByteBuf),
    ("type", Type::Uint32),
    ("val", Type::Opaque),
    ("op", Type::Uint16),
    ("sig", Type::Uint8),
    ("cmd", Type::Uint8),
];

/// The type of a parameter's raw value: that of the first event that has it; `None` where none has.
pub fn raw_type(param: &str) -> Option<Type> {
    let elsewhere = FIRST_ELSEWHERE.iter().find(|(name, _)| *name == param).map(|(_, ty)| *ty);
    let mut rows = KINDS.iter().filter(|kind| !kind.internal).flat_map(|kind| kind.params);
    elsewhere.or_else(|| rows.find(|row| row.name == param).map(|row| row.ty.raw()))
}

impl Kind {
    /// Its row in the table.
    pub fn row(self) -> &'static KindRow {
        &KINDS[self as usize]
    }

    /// Where its events come from.
    pub fn source(self) -> EventSource {
        match self {
            Kind::Pluginevent => EventSource::K8sAudit,
            _ => EventSource::Syscall,
        }
    }

    /// Its index in the table.
    pub fn index(self) -> usize {
        self as usize
    }

    /// Whether it is an open: `open`, `openat`, `openat2`, `creat`.
    pub fn is_open(self) -> bool {
        matches!(self, Kind::Open | Kind::Openat | Kind::Openat2 | Kind::Creat)
    }

    /// The kind that rules call by that name.
    pub fn by_name(name: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| !kind.row().internal && kind.row().name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_well_formed() {
        for (kind, row) in Kind::ALL.iter().zip(KINDS) {
            assert_eq!(kind.row(), row);
            assert!(row.doc.ends_with('.'), "{} is not explained", row.name);
            assert_eq!(KINDS.iter().filter(|other| other.name == row.name).count(), 1, "{}", row.name);
            for param in row.params {
                assert_eq!(
                    row.params.iter().filter(|other| other.name == param.name).count(),
                    1,
                    "{}",
                    row.name
                );
            }
        }
        assert_eq!(Kind::by_name("openat"), Some(Kind::Openat));
        assert_eq!(Kind::by_name("madvise").map(|kind| kind.row().class), Some(Class::Generic));
        assert_eq!(Kind::by_name("process"), None);
    }

    #[test]
    fn parameters_stand_in_falcos_order() {
        for (name, params) in [
            ("openat", "fd dirfd name flags mode dev ino"),
            ("connect", "res tuple fd addr"),
            ("recvmsg", "res size data tuple msgcontrol fd"),
            ("ptrace", "res addr data request pid"),
            ("fchmodat", "res dirfd filename mode"),
            ("dup3", "res oldfd newfd flags"),
            ("bpf", "fd cmd"),
            ("setuid", "res uid"),
            ("unshare", "res flags"),
            ("setns", "res fd nstype"),
            ("finit_module", "res fd uargs flags"),
            ("userfaultfd", "res flags"),
            ("madvise", "ID nativeID"),
        ] {
            let row = Kind::by_name(name).unwrap().row();
            let names: Vec<&str> = row.params.iter().map(|param| param.name).collect();
            assert_eq!(names.join(" "), params, "{name}");
        }
        assert_eq!(Kind::Execve.row().params.len(), 31);
        assert_eq!(Kind::Clone.row().params.len(), 21);
    }

    #[test]
    fn raw_values_have_the_type_of_the_first_event() {
        for (param, ty) in [
            ("res", Type::Int64),
            ("flags", Type::Uint32),
            ("name", Type::CharBuf),
            ("pid", Type::Int64),
            ("uid", Type::Uid),
            ("data", Type::ByteBuf),
            ("addr", Type::Opaque),
            ("ID", Type::Uint16),
        ] {
            assert_eq!(raw_type(param), Some(ty), "{param}");
        }
        assert_eq!(raw_type("none"), None);
        // What the table says by itself is not said again.
        for (param, ty) in FIRST_ELSEWHERE {
            let mut rows = KINDS.iter().flat_map(|kind| kind.params);
            let first = rows.find(|row| row.name == *param).unwrap();
            assert_ne!(first.ty.raw(), *ty, "{param}");
        }
    }

    /// The event types that Falco's own rules name, where the list of them is at hand.
    #[test]
    fn what_falcos_rules_name_is_there() {
        let shared = std::env::var_os("LANNER_SHARED").map(std::path::PathBuf::from);
        let shared = shared
            .unwrap_or_else(|| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
        let path = shared.join("reference/rule_evttypes.tsv");
        let Ok(text) = std::fs::read_to_string(&path) else {
            eprintln!("skipped: {} isn't there", path.display());
            return;
        };
        for name in text.lines().skip(1).filter_map(|line| line.split('\t').next()) {
            assert!(Kind::by_name(name).is_some(), "{name}");
        }
    }

    #[test]
    fn the_page_of_events_is_fresh() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/events.md");
        if std::env::var_os("LANNER_BLESS").is_some() {
            std::fs::write(&path, events_markdown()).unwrap();
        }
        let fresh = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(fresh == events_markdown(), "docs/events.md is stale: run the tests with LANNER_BLESS=1");
    }
}
