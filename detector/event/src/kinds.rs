//! The table of event kinds: one row each, with the parameters it carries. It has every event that a rule of Falco's
//! can name, whether anything captures it or not, so that every rule loads.

mod table;

use crate::param::ParamRow;

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
        }
        assert_eq!(Kind::by_name("openat"), Some(Kind::Openat));
        assert_eq!(Kind::by_name("process"), None);
    }
}
