//! The table of fields, by family. A row holds all there is to a field; nothing else lists them.

mod container;
pub(crate) mod errno;
mod evt;
mod fd;
pub(crate) mod fs;
mod json;
mod k8s;
pub(crate) mod ka;
mod markdown;
mod params;
mod proc;
mod text;
mod user;

pub use markdown::markdown;

use crate::{EventSource, Field};

/// Fields of one kind of thing.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// What Falco calls it (`Field Class`).
    pub class: &'static str,
    /// What its fields are about.
    pub doc: &'static str,
    /// The sources whose events have them.
    pub sources: &'static [EventSource],
    /// The fields.
    pub rows: &'static [Field],
}

const SYSCALL: &[EventSource] = &[EventSource::Syscall];
const K8S_AUDIT: &[EventSource] = &[EventSource::K8sAudit];

/// All fields that rules can name, by family.
pub const FAMILIES: &[Family] = &[
    Family { class: "evt", doc: "The event.", sources: SYSCALL, rows: evt::FIELDS },
    Family { class: "process", doc: "Processes and threads.", sources: SYSCALL, rows: proc::FIELDS },
    Family {
        class: "fd",
        doc: "The descriptor that the event is about.",
        sources: SYSCALL,
        rows: fd::FIELDS,
    },
    Family {
        class: "fs.path",
        doc: "The paths that a syscall was given.",
        sources: SYSCALL,
        rows: fs::FIELDS,
    },
    Family { class: "user", doc: "Users and groups.", sources: SYSCALL, rows: user::FIELDS },
    Family {
        class: "container",
        doc: "The container, as its engine knows it.",
        sources: SYSCALL,
        rows: container::FIELDS,
    },
    Family { class: "k8s", doc: "The Kubernetes pod.", sources: SYSCALL, rows: k8s::FIELDS },
    Family {
        class: "ka",
        doc: "A request to a Kubernetes API server, as its audit log tells of it.",
        sources: K8S_AUDIT,
        rows: ka::FIELDS,
    },
    Family { class: "json", doc: "The JSON document of the event.", sources: K8S_AUDIT, rows: json::FIELDS },
];

/// A table of fields: all families, or those that the events of one source have.
#[derive(Debug, Clone, Copy)]
pub struct Fields {
    families: &'static [Family],
    source: Option<EventSource>,
}

impl Fields {
    /// All fields, whatever their source.
    pub const ALL: Fields = Fields { families: FAMILIES, source: None };

    /// Those that the events of a source have.
    pub fn of(self, source: EventSource) -> Fields {
        Fields { source: Some(source), ..self }
    }

    /// The families.
    pub fn families(self) -> impl Iterator<Item = &'static Family> {
        let has = move |family: &&Family| self.source.is_none_or(|source| family.sources.contains(&source));
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
mod tests {
    use super::*;
    use crate::sample::Sample;
    use crate::{
        Arg, ArgRule, ContainerState, Ctx, FieldFlags, FieldRef, Kind, ParamType, Reading, Type, Val,
    };

    #[test]
    fn rows_are_well_formed() {
        let rows: Vec<&Field> = Fields::ALL.rows().collect();
        for row in &rows {
            assert!(row.doc.ends_with(['.', '…']), "{} is not explained in sentences", row.name);
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
            ArgRule::Key => vec![Arg::None, Arg::Key("0".into())],
            ArgRule::KeyRequired => vec![Arg::Key("0".into()), Arg::Key("/a*".into())],
            ArgRule::Param => params.collect(),
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
            sample.set("container.id", "0123456789ab").unwrap();
            sample.container = ContainerState::Pending;
            sample
        };
        fn pending<'a>(ctx: &Ctx<'a>, field: &'a FieldRef) -> bool {
            ctx.get(field) == Val::Pending
        }
        assert_eq!(rows_where(sample, pending), flagged(FieldFlags::LATE));
    }

    /// No event, however poor, makes a getter panic, and each row has a value in some event.
    #[test]
    fn every_row_can_be_read() {
        let sample = |kind: Kind| {
            let mut sample = Sample::new(kind);
            for (field, value) in [
                ("proc.name", "a"),
                ("proc.args", "b"),
                ("proc.pname", "sh"),
                ("container.mounts", "/a:/b"),
                ("container.labels", "0:1"),
                ("k8s.pod.name", "a"),
                ("k8s.ns.name", "a"),
                ("k8s.pod.uid", "a"),
            ] {
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
            ctx.get(field) != Val::Missing
        }
        let _ = rows_where(poor, has_value);
        let filled = Fields::ALL.rows().filter(|row| row.unfilled.is_none());
        let all: Vec<&str> = filled.map(|row| row.name).collect();
        assert_eq!(rows_where(sample, has_value), all);
    }

    /// Falco's names, types and flags, where the table of them is at hand.
    #[test]
    fn types_are_those_of_falco() {
        let shared = std::env::var_os("LANNER_SHARED").map(std::path::PathBuf::from);
        let shared = shared
            .unwrap_or_else(|| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
        let path = shared.join("reference/libs_fields.tsv");
        let Ok(text) = std::fs::read_to_string(&path) else {
            eprintln!("skipped: {} isn't there", path.display());
            return;
        };
        let mut wrong = Vec::new();
        for line in text.lines().skip(1) {
            let columns: Vec<&str> = line.split('\t').collect();
            let Some(row) = Fields::ALL.rows().find(|row| row.name == columns[0]) else {
                continue;
            };
            let expected: &[Type] = match columns[2] {
                "PT_CHARBUF" | "FTYPE_STRING" | "string" => &[Type::CharBuf],
                "PT_BYTEBUF" => &[Type::ByteBuf],
                "PT_BOOL" | "FTYPE_BOOL" => &[Type::Bool],
                "PT_IPADDR" => &[Type::IpAddr],
                "PT_IPNET" => &[Type::IpNet],
                "PT_PORT" => &[Type::Port],
                "PT_RELTIME" | "FTYPE_RELTIME" => &[Type::RelTime],
                "PT_ABSTIME" | "FTYPE_ABSTIME" => &[Type::AbsTime],
                "PT_INT16" => &[Type::Int16],
                "PT_INT32" => &[Type::Int32],
                "PT_INT64" => &[Type::Int64],
                "PT_DOUBLE" => &[Type::Double],
                "PT_UINT32" => &[Type::Uint32],
                "PT_UINT64" => &[Type::Uint64],
                _ => continue,
            };
            let filter_only = columns[3].contains("EPF_FILTER_ONLY");
            let no_rhs = columns[3].contains("EPF_NO_RHS");
            let flags = (row.flags.contains(FieldFlags::FILTER_ONLY), row.flags.contains(FieldFlags::NO_RHS));
            if !expected.contains(&row.ty) || flags != (filter_only, no_rhs) {
                wrong.push(format!(
                    "{}: {:?} {:?}, Falco has {} {}",
                    row.name, row.ty, row.flags, columns[2], columns[3]
                ));
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
