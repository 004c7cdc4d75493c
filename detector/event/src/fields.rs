//! The table of fields, by family. A row holds all there is to a field; nothing else lists them.

pub(crate) mod caps;
mod container;
pub(crate) mod errno;
mod evt;
mod fd;
mod fdlist;
pub(crate) mod fs;
mod infra;
mod io;
mod json;
mod k8s;
pub(crate) mod ka;
mod list;
mod markdown;
mod mesos;
mod open;
pub(crate) mod params;
mod proc;
pub(crate) mod signal;
mod syscall;
mod text;
mod time;
mod user;
mod util;

pub use list::{ListFormat, list, names, unfilled};
pub use markdown::markdown;

use crate::{EventSource, Field};

/// Fields of one kind of thing.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// What Falco calls it (`Field Class`).
    pub class: &'static str,
    /// Which events have them, where the class alone doesn't say.
    pub about: &'static str,
    /// Whether Falco's lists of fields leave it out.
    pub hidden: bool,
    /// What its fields are about.
    pub doc: &'static str,
    /// The sources whose events have them.
    pub sources: &'static [EventSource],
    /// The fields.
    pub rows: &'static [Field],
}

const SYSCALL: &[EventSource] = &[EventSource::Syscall];
const K8S_AUDIT: &[EventSource] = &[EventSource::K8sAudit];

impl Family {
    /// A family that is shown, and whose class says which events have its fields.
    pub const fn new(
        class: &'static str,
        doc: &'static str,
        sources: &'static [EventSource],
        rows: &'static [Field],
    ) -> Family {
        Family { class, about: "", hidden: false, doc, sources, rows }
    }
}

/// How many rows several slices have together.
const fn count(parts: &[&[Field]]) -> usize {
    let (mut part, mut rows) = (0, 0);
    while part < parts.len() {
        rows += parts[part].len();
        part += 1;
    }
    rows
}

/// The rows of several slices as one; `N` is their [`count`].
const fn joined<const N: usize>(parts: &[&[Field]]) -> [Field; N] {
    let mut rows = [parts[0][0]; N];
    let (mut part, mut at) = (0, 0);
    while part < parts.len() {
        let mut row = 0;
        while row < parts[part].len() {
            rows[at] = parts[part][row];
            (at, row) = (at + 1, row + 1);
        }
        part += 1;
    }
    assert!(at == N);
    rows
}

/// All fields that rules can name, by family.
pub const FAMILIES: &[Family] = &[
    Family {
        about: "All event types",
        ..Family::new("evt", "Fields that events of every source have.", EventSource::ALL, evt::FIELDS)
    },
    Family {
        about: "Syscall events only",
        ..Family::new(
            "evt",
            "What a syscall did. Its parameters are read by name, such as `evt.arg.filename`.",
            SYSCALL,
            syscall::FIELDS,
        )
    },
    Family::new(
        "process",
        "The process and the thread that did it, and its ancestors.",
        SYSCALL,
        proc::FIELDS,
    ),
    Family::new("user", "The user who did it.", SYSCALL, user::USER),
    Family::new("group", "The user's group.", SYSCALL, user::GROUP),
    Family::new("container", "The container, as its engine knows it.", SYSCALL, container::FIELDS),
    Family::new("fd", "The descriptor that the event is about.", SYSCALL, fd::FIELDS),
    Family::new("fs.path", "The paths that a syscall was given.", SYSCALL, fs::FIELDS),
    Family { hidden: true, ..Family::new("util", "For tests of rules.", SYSCALL, util::FIELDS) },
    Family::new("fdlist", "The descriptors that poll(2) and ppoll(2) wait for.", SYSCALL, fdlist::FIELDS),
    Family::new("k8s", "The Kubernetes pod.", SYSCALL, k8s::FIELDS),
    Family::new("mesos", "The task of Mesos.", SYSCALL, mesos::MESOS),
    Family::new("marathon", "The application of Marathon.", SYSCALL, mesos::MARATHON),
    Family::new(
        "ka",
        "A request to a Kubernetes API server, as its audit log tells of it.",
        K8S_AUDIT,
        ka::FIELDS,
    ),
    Family::new("json", "The JSON document of the event.", K8S_AUDIT, json::FIELDS),
];

/// A table of fields: all families, or those that the events of one source have.
#[derive(Debug, Clone, Copy)]
pub struct Fields {
    families: &'static [Family],
    source: Option<EventSource>,
    listed: bool,
}

impl Fields {
    /// All fields, whatever their source.
    pub const ALL: Fields = Fields { families: FAMILIES, source: None, listed: false };

    /// Those that the events of a source have.
    pub fn of(self, source: EventSource) -> Fields {
        Fields { source: Some(source), ..self }
    }

    /// Those that Falco's lists show.
    pub fn listed(self) -> Fields {
        Fields { listed: true, ..self }
    }

    /// The families.
    pub fn families(self) -> impl Iterator<Item = &'static Family> {
        let has = move |family: &&Family| {
            self.source.is_none_or(|source| family.sources.contains(&source))
                && !(self.listed && family.hidden)
        };
        self.families.iter().filter(has)
    }

    /// The rows, family by family.
    pub fn rows(self) -> impl Iterator<Item = &'static Field> {
        self.families().flat_map(|family| family.rows)
    }

    /// The sources whose events have the field of that name.
    pub fn sources_of(self, name: &str) -> &'static [EventSource] {
        let family = self.families.iter().find(|family| family.rows.iter().any(|row| row.name == name));
        family.map_or(&[], |family| family.sources)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::sample::Sample;
    use crate::{
        Arg, ArgRule, ContainerState, Ctx, FieldFlags, FieldRef, Kind, Param, ParamType, Reading, Type, Val,
    };

    #[test]
    fn rows_are_well_formed() {
        let rows: Vec<&Field> = Fields::ALL.rows().collect();
        for row in &rows {
            assert!(row.doc.ends_with(['.', '…']), "{} is not explained in sentences", row.name);
            let reason = row.unfilled.unwrap_or("None.");
            assert!(
                reason.ends_with('.') && reason.starts_with(char::is_uppercase),
                "{reason} is no sentence"
            );
            assert!(row.name.contains('.'), "{} is no field's name", row.name);
            assert!(row.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(&byte)));
            assert_eq!(
                rows.iter().filter(|other| other.name == row.name).count(),
                1,
                "{} stands twice",
                row.name
            );
        }
    }

    /// A row with each argument that it may be given in an event of a kind.
    fn with_args(row: &'static Field, kind: Kind) -> Vec<FieldRef> {
        let params = kind.row().params.iter().map(|param| Arg::Key(param.name.into()));
        let args = match row.arg {
            ArgRule::None => vec![Arg::None],
            ArgRule::Index => vec![Arg::None, Arg::Index(0), Arg::Index(1), Arg::Index(9)],
            ArgRule::IndexRequired => vec![Arg::Index(0)],
            ArgRule::Time => vec![Arg::Time(1)],
            ArgRule::Key => vec![Arg::None, Arg::Key("0".into())],
            ArgRule::KeyRequired => vec![Arg::Key("0".into()), Arg::Key("/a*".into())],
            ArgRule::Param | ArgRule::RawParam => params.collect(),
            ArgRule::Kind => vec![Arg::Key(kind.row().name.into())],
        };
        args.into_iter().map(|arg| FieldRef { field: row, arg }).collect()
    }

    /// The rows of which a value, in an event of any kind, is as told.
    fn rows_where(
        sample: fn(Kind) -> Sample,
        so: for<'a> fn(&Ctx<'a>, &'a FieldRef) -> bool,
    ) -> Vec<&'static str> {
        let samples: Vec<_> = Kind::ALL.iter().map(|kind| (*kind, sample(*kind).build())).collect();
        let scratch = bumpalo::Bump::new();
        let rows = Fields::ALL.rows().filter(|row| {
            samples.iter().any(|(kind, (batch, host))| {
                let ctx = Ctx::new(batch.get(0), host, &scratch);
                with_args(row, *kind).iter().any(|field| so(&ctx, field))
            })
        });
        rows.map(|row| row.name).collect()
    }

    fn flagged(flag: FieldFlags) -> Vec<&'static str> {
        let rows = Fields::ALL.rows().filter(|row| row.flags.contains(flag));
        rows.map(|row| row.name).collect()
    }

    /// A rule set judges by a path's second reading only what is flagged.
    #[test]
    fn what_depends_on_the_reading_is_flagged() {
        let sample = |kind: Kind| {
            let mut sample = Sample::new(kind);
            for row in kind.row().params.iter().filter(|row| row.ty == ParamType::Path) {
                let field = format!("evt.arg.{}", row.name);
                sample.set(&field, "/given/a").unwrap();
                let _ = sample.set_real(&field, "/real/b").or_else(|_| sample.set_real("fd.name", "/real/b"));
            }
            sample
        };
        fn differs<'a>(ctx: &Ctx<'a>, field: &'a FieldRef) -> bool {
            let value = |reading| format!("{:?}", ctx.reading(reading).get(field));
            value(Reading::Given) != value(Reading::Real)
        }
        assert_eq!(rows_where(sample, differs), flagged(FieldFlags::PATH));
    }

    /// An event waits for what is late only where something that is flagged is read.
    #[test]
    fn what_comes_late_is_flagged() {
        let sample = |kind: Kind| {
            let mut sample = Sample::new(kind);
            for row in
                kind.row().params.iter().filter(|row| matches!(row.ty, ParamType::Uid | ParamType::Gid))
            {
                sample.param(row.name, Param::Int(0));
            }
            sample.set("container.id", "0123456789ab").unwrap();
            sample.container = ContainerState::Pending;
            sample
        };
        fn pending<'a>(ctx: &Ctx<'a>, field: &'a FieldRef) -> bool {
            ctx.get(field) == Val::Pending
        }
        assert_eq!(rows_where(sample, pending), flagged(FieldFlags::LATE));
    }

    /// Values of fields of containers.
    const IN_CONTAINER: &[(&str, &str)] = &[
        ("container.mounts", "/a:/b"),
        ("container.labels", "0:1"),
        ("container.healthcheck", "a"),
        ("container.liveness_probe", "a"),
        ("container.readiness_probe", "a"),
        ("k8s.pod.name", "web-7d-x1"),
        ("k8s.pod.labels", "0:1, pod-template-hash:7d"),
        ("k8s.pod.ip", "10.0.0.7"),
        ("k8s.ns.name", "a"),
        ("k8s.pod.uid", "a"),
        ("mesos.task.id", "a"),
        ("mesos.framework.id", "a"),
        ("marathon.app.id", "/a/b"),
        ("marathon.app.label[0]", "a"),
    ];

    /// No event, however poor, makes a getter panic, and each row has a value in some event.
    #[test]
    fn every_row_can_be_read() {
        let sample = |kind: Kind| {
            let mut sample = Sample::new(kind);
            for (field, value) in
                [("proc.name", "a"), ("proc.args", "b"), ("proc.pname", "sh")].iter().chain(IN_CONTAINER)
            {
                sample.set(field, value).unwrap();
            }
            for (field, value) in
                [("fd.name", "/a"), ("fd.name", "1.2.3.4:5->1.2.3.4:6"), ("fd.name.real", "/b")]
            {
                let _ = sample.set(field, value);
            }
            for row in kind.row().params.iter().filter(|row| row.ty == ParamType::Path) {
                sample.set(&format!("evt.arg.{}", row.name), "/a").unwrap();
            }
            let _ = sample.set_document(include_str!("fields/ka/everything.json"));
            for (field, value) in [
                ("evt.doubts", "late"),
                ("proc.pvpid", "1"),
                ("proc.env", "A=b"),
                ("proc.exe_ino", "1"),
                ("proc.exe_ino.ctime", "1"),
                ("proc.exe_ino.mtime", "1"),
                ("proc.is_exe_upper_layer", "true"),
                ("thread.cap_effective", "CAP_KILL"),
                ("proc.vmsize", "1"),
                ("proc.stdin.name", "/a"),
                ("proc.stdout.name", "/a"),
                ("proc.stderr.name", "/a"),
                ("thread.cgroups", "cpu=/a"),
                ("fdlist.names", "1.2.3.4:5->1.2.3.4:6"),
            ] {
                sample.set(field, value).unwrap();
            }
            for (field, value) in [
                ("fd.cip.name", "a.example"),
                ("fd.sip.name", "b.example"),
                ("evt.buffer", "a"),
                ("evt.arg.description", "Event:a;ID:b;name:c;Image:d"),
                ("evt.arg.fds", "3:p1 4:41"),
            ] {
                let _ = sample.set(field, value);
            }
            sample.event.fd.iter_mut().for_each(|fd| fd.ino = 1);
            if let ContainerState::Known(container) = &mut sample.container {
                std::sync::Arc::make_mut(container).created = 1;
            }
            sample
        };
        let poor = |kind: Kind| {
            let mut sample = Sample::new(kind);
            sample.event.fd = None;
            sample.host = crate::Host::default();
            sample
        };
        fn has_value<'a>(ctx: &Ctx<'a>, field: &'a FieldRef) -> bool {
            !matches!(ctx.get(field), Val::Missing | Val::Any([]))
        }
        let _ = rows_where(poor, has_value);
        let filled = Fields::ALL.rows().filter(|row| row.unfilled.is_none());
        let read = rows_where(sample, has_value);
        let unread: Vec<&str> = filled.map(|row| row.name).filter(|name| !read.contains(name)).collect();
        assert_eq!(unread, [""; 0]);
    }

    /// Falco's name of a type; `None` for what has a type of its own in each event.
    fn falco_type(name: &str) -> Option<Type> {
        Some(match name {
            "PT_CHARBUF" | "FTYPE_STRING" | "string" => Type::CharBuf,
            "PT_BYTEBUF" => Type::ByteBuf,
            "PT_BOOL" | "FTYPE_BOOL" => Type::Bool,
            "PT_IPADDR" => Type::IpAddr,
            "PT_IPNET" => Type::IpNet,
            "PT_PORT" => Type::Port,
            "PT_RELTIME" | "FTYPE_RELTIME" => Type::RelTime,
            "PT_ABSTIME" | "FTYPE_ABSTIME" => Type::AbsTime,
            "PT_INT16" => Type::Int16,
            "PT_INT32" => Type::Int32,
            "PT_INT64" => Type::Int64,
            "PT_DOUBLE" => Type::Double,
            "PT_UINT32" => Type::Uint32,
            "PT_UINT64" => Type::Uint64,
            _ => return None,
        })
    }

    /// A row's flags as Falco has them.
    fn falco_flags(row: &Field) -> BTreeSet<&'static str> {
        let arg = match row.arg {
            ArgRule::None => None,
            ArgRule::Index | ArgRule::Key => Some("EPF_ARG_ALLOWED"),
            ArgRule::IndexRequired
            | ArgRule::KeyRequired
            | ArgRule::Time
            | ArgRule::Param
            | ArgRule::RawParam
            | ArgRule::Kind => Some("EPF_ARG_REQUIRED"),
        };
        let flags = [
            (FieldFlags::LIST, "EPF_IS_LIST"),
            (FieldFlags::FILTER_ONLY, "EPF_FILTER_ONLY"),
            (FieldFlags::PRINT_ONLY, "EPF_PRINT_ONLY"),
            (FieldFlags::TABLE_ONLY, "EPF_TABLE_ONLY"),
            (FieldFlags::DEPRECATED, "EPF_DEPRECATED"),
            (FieldFlags::NO_RHS, "EPF_NO_RHS"),
            (FieldFlags::NO_TRANSFORMER, "EPF_NO_TRANSFORMER"),
        ];
        let set = flags.into_iter().filter(|(flag, _)| row.flags.contains(*flag));
        set.map(|(_, name)| name).chain(arg).collect()
    }

    /// Where material beside the project is; tests that need it are skipped where it isn't.
    pub fn shared() -> std::path::PathBuf {
        let beside = || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
        std::env::var_os("LANNER_SHARED").map_or_else(beside, std::path::PathBuf::from)
    }

    /// Falco's names, types and flags, where the table of them is at hand.
    #[test]
    fn types_are_those_of_falco() {
        let path = shared().join("reference/libs_fields.tsv");
        let Ok(text) = std::fs::read_to_string(&path) else {
            eprintln!("skipped: {} isn't there", path.display());
            return;
        };
        let mut wrong = Vec::new();
        for line in text.lines().skip(1) {
            let columns: Vec<&str> = line.split('\t').collect();
            let [name, class, ty, flags, ..] = columns[..] else { panic!("{line}") };
            let ours = Fields::ALL.rows().find(|row| row.name == name);
            let Some(row) = ours else {
                wrong.push(format!("{name} isn't there"));
                continue;
            };
            if let Some(expected) = falco_type(ty)
                && row.ty != expected
            {
                wrong.push(format!("{name} is {:?}, in Falco {ty}", row.ty));
            }
            // What plugins bring has no such flags.
            if class.contains("plugin") {
                continue;
            }
            let ours = falco_flags(row);
            let theirs: BTreeSet<&str> = flags
                .split('|')
                .filter(|flag| !matches!(*flag, "EPF_NONE" | "EPF_NO_PTR_STABILITY"))
                .collect();
            // The source and the target that Falco parses behind this name are rows of their own here.
            if ours != theirs && name != "evt.abspath" {
                wrong.push(format!("{name} has {ours:?}, in Falco {theirs:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn names_are_looked_up_with_their_arguments() {
        assert_eq!(FieldRef::from_name("proc.aname[2]").unwrap().to_string(), "proc.aname[2]");
        assert_eq!(FieldRef::from_name("evt.arg.flags").unwrap().to_string(), "evt.arg.flags");
        assert!(FieldRef::from_name("evt.arg.none").is_err());
        assert!(FieldRef::from_name("proc.aname[x]").is_err());
        assert!(FieldRef::from_name("proc.name[1]").is_err());
        assert!(FieldRef::from_name("container.label").is_err());
    }

    /// The page of differences claims of no field that it is filled where nothing fills it.
    #[test]
    fn what_is_said_to_be_filled_is() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/differences.md");
        let page = std::fs::read_to_string(path).unwrap();
        let mut claimed = 0;
        for line in page.lines() {
            let cells: Vec<&str> = line.split(" | ").collect();
            let [what, _, ours, _] = cells[..] else { continue };
            for name in what.split('`').skip(1).step_by(2).filter(|_| ours.starts_with("filled")) {
                let named = |row: &&Field| match name.strip_suffix('*') {
                    Some(start) => row.name.starts_with(start),
                    None => row.name == name,
                };
                let rows: Vec<_> = Fields::ALL.rows().filter(named).collect();
                assert!(!rows.is_empty(), "there is no field `{name}`");
                rows.iter().for_each(|row| assert_eq!(row.unfilled, None, "{}", row.name));
                claimed += rows.len();
            }
        }
        assert!(claimed > 0, "the page no longer says so");
    }

    #[test]
    fn the_page_of_fields_is_fresh() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/fields.md");
        if std::env::var_os("LANNER_BLESS").is_some() {
            std::fs::write(&path, markdown()).unwrap();
        }
        let page = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(page == markdown(), "docs/fields.md is stale: run the tests with LANNER_BLESS=1");
    }
}
