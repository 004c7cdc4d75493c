//! What the table of engines is made of: how the containers of an engine are told by their cgroups, where it listens,
//! and how it is asked.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use lanner_event::Container;

use super::ENGINES;

/// What comes of a question that isn't answered at once.
pub type Asked<'a, T> = Pin<Box<dyn Future<Output = Result<T, NoContainer>> + Send + 'a>>;

/// One kind of engine: a row of the table.
pub struct EngineSpec {
    /// Its name in the configuration, which is Falco's.
    pub name: &'static str,
    /// How its containers' cgroups are named.
    pub cgroups: &'static [Pattern],
    /// How its containers are known.
    pub way: Way,
}

/// How the containers of an engine are known.
pub enum Way {
    /// It is asked.
    Socket {
        /// Where it listens unless the configuration says otherwise. A `*` stands for the number of a user who runs an
        /// engine of their own: that is asked about containers of that user only, since it may say what it likes.
        defaults: &'static [&'static str],
        /// Makes what asks it at a socket, which need not be there yet.
        connect: fn(&Path) -> std::io::Result<Arc<dyn Engine>>,
    },
    /// By their cgroups alone, for it has no API; this is their `container.type`.
    Cgroup(&'static str),
}

/// An engine that is asked.
pub trait Engine: Send + Sync {
    /// What it knows of the container of that id. The caller gives up after `limit`; less important questions should
    /// take only a part of that.
    fn inspect<'a>(&'a self, id: &'a str, limit: Duration) -> Asked<'a, Container>;

    /// Tells the ids of containers as they are made, started or changed, for as long as the engine does; an error ends
    /// it, and `Unknown` means that this engine can't.
    fn watch<'a>(&'a self, tell: &'a mut (dyn FnMut(&str) + Send)) -> Asked<'a, ()> {
        let _ = tell;
        Box::pin(std::future::ready(Err(NoContainer::Unknown)))
    }
}

/// Why nothing is known of a container.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoContainer {
    /// The engine says that it has none of that id.
    #[error("no engine knows it")]
    Unknown,
    /// The engine didn't answer, or not as it should.
    #[error("{engine}: {cause}")]
    Trouble {
        /// Which engine, by its name in the table.
        engine: &'static str,
        /// The kind of trouble, for counters.
        reason: Reason,
        /// What happened, in words.
        cause: String,
    },
}

/// Kinds of trouble with an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Its socket isn't there.
    Absent,
    /// Nobody takes the connection, or it breaks.
    Unreachable,
    /// It didn't answer in time.
    Silent,
    /// Its answer isn't what it should be.
    Wrong,
    /// It wasn't asked, as too many of its kind were.
    Busy,
}

impl Reason {
    /// The reason in words, behind the name of an engine.
    pub fn words(self) -> &'static str {
        match self {
            Reason::Absent => "isn't there",
            Reason::Unreachable => "couldn't be reached",
            Reason::Silent => "didn't answer in time",
            Reason::Wrong => "answered wrongly",
            Reason::Busy => "couldn't be asked, as too many were",
        }
    }
}

/// How the cgroups of an engine's containers are named.
pub struct Pattern {
    /// What is above the container's cgroup.
    pub parent: Parent,
    /// What stands before the id.
    pub prefix: &'static str,
    /// What stands behind the id.
    pub suffix: &'static str,
    /// Whether the id is one that the engine made up, of 64 hexadecimal digits; else a name that somebody chose.
    pub digits: bool,
}

/// What is above a container's cgroup.
#[derive(Clone, Copy)]
pub enum Parent {
    /// Anything.
    Any,
    /// A cgroup of that name.
    Named(&'static str),
    /// A cgroup of such a name that the engine keeps a folder for both, `parent/name`, below one of these.
    Bundle(&'static [&'static str]),
}

impl Pattern {
    /// An id between two texts.
    pub const fn id(prefix: &'static str, suffix: &'static str) -> Pattern {
        Pattern { parent: Parent::Any, prefix, suffix, digits: true }
    }

    /// A name between two texts, below some parent.
    pub const fn name(parent: Parent, prefix: &'static str, suffix: &'static str) -> Pattern {
        Pattern { parent, prefix, suffix, digits: false }
    }
}

/// A set of engines, by their places in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EngineSet(u16);

const _: () = assert!(ENGINES.len() <= u16::BITS as usize);

impl EngineSet {
    /// All engines.
    pub const ALL: EngineSet = EngineSet(u16::MAX);

    /// The engines of which this holds.
    pub fn of(holds: impl Fn(&EngineSpec) -> bool) -> EngineSet {
        let bits = ENGINES.iter().enumerate().filter(|(_, spec)| holds(spec)).map(|(at, _)| 1 << at);
        EngineSet(bits.fold(0, |set, bit| set | bit))
    }

    /// Whether the engine at this place is in it.
    pub fn has(self, at: usize) -> bool {
        self.0 >> at & 1 == 1
    }
}

/// Whose a container is, as far as its cgroup tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The engines that name cgroups like that.
    pub engines: EngineSet,
    /// The user in whose part of the hierarchy it is, and so who runs the engine; `None` for the host's own.
    pub user: Option<u32>,
}

impl Origin {
    /// Of a container of which only the id is known.
    pub const UNKNOWN: Origin = Origin { engines: EngineSet::ALL, user: None };
}

/// What a container's cgroup alone tells of it.
pub fn by_cgroup(engine: &str, id: &str) -> Container {
    Container { full_id: id.into(), name: id.into(), engine: engine.into(), ..Container::default() }
}
