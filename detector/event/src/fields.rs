//! The table of fields, by family. A row holds all there is to a field; nothing else lists them.

mod container;
mod evt;
mod fd;
mod fs;
mod k8s;
mod markdown;
mod params;
mod proc;
mod user;

pub use markdown::markdown;

use crate::Field;

/// All fields that rules can name, by family.
pub const FIELDS: &[&[Field]] =
    &[evt::FIELDS, proc::FIELDS, fd::FIELDS, fs::FIELDS, user::FIELDS, container::FIELDS, k8s::FIELDS];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FieldFlags, FieldRef, Type};

    #[test]
    fn rows_are_well_formed() {
        let rows: Vec<&Field> = FIELDS.iter().copied().flatten().collect();
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
            let container = row.name.starts_with("container.") || row.name.starts_with("k8s.");
            if row.flags.contains(FieldFlags::LATE) {
                assert!(container, "{} comes from nowhere that is late", row.name);
            }
        }
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
            let Some(row) = FIELDS.iter().copied().flatten().find(|row| row.name == columns[0]) else {
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
                "PT_INT16" | "PT_INT32" | "PT_INT64" => &[Type::Int64],
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
