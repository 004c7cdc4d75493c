//! What to give instead of a field that follows from others.

/// A field, and what it follows from.
const HINTS: &[(&str, &str)] = &[
    ("container.mount", "`container.mounts`"),
    ("container.mount.dest", "`container.mounts`"),
    ("container.mount.mode", "`container.mounts`"),
    ("container.mount.propagation", "`container.mounts`"),
    ("container.mount.rdwr", "`container.mounts`"),
    ("container.mount.source", "`container.mounts`"),
    ("evt.args", "its parameters, such as `evt.arg.flags`"),
    ("evt.datetime", "`evt.rawtime`"),
    ("evt.failed", "`evt.res`"),
    ("evt.info", "its parameters, such as `evt.arg.flags`"),
    ("evt.time", "`evt.rawtime`"),
    ("fd.cnet", "`fd.cip`"),
    ("fd.ip", "`fd.cip` or `fd.sip`"),
    ("fd.lnet", "`fd.lip`"),
    ("fd.net", "`fd.cip` or `fd.sip`"),
    ("fd.port", "`fd.cport` or `fd.sport`"),
    ("fd.rnet", "`fd.rip`"),
    ("fd.snet", "`fd.sip`"),
    ("fd.sockfamily", "`fd.name`: an address and a port, or the path of a socket"),
    ("jevt.obj", "`document`"),
    ("jevt.rawtime", "`evt.rawtime`"),
    ("json.obj", "`document`"),
    ("json.rawtime", "`evt.rawtime`"),
    ("marathon.app.name", "`marathon.app.id`"),
    ("marathon.group.id", "`marathon.app.id`"),
    ("marathon.group.name", "`marathon.app.id`"),
    ("proc.exe_ino.ctime_duration_proc_start", "`evt.rawtime`, `proc.duration` and `proc.exe_ino.ctime`"),
    ("proc.exeline", "`proc.exe` and `proc.args`"),
];

/// What to give instead of the field of that name; `None` where nobody has said so.
pub fn of(name: &str) -> Option<&'static str> {
    HINTS.iter().find(|(known, _)| *known == name).map(|(_, instead)| *instead)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FieldRef;
    use crate::fields::Fields;
    use crate::fields::tests::shared;
    use crate::sample::{document, setters};

    fn can_be_given(name: &str) -> bool {
        setters::of(name).is_some() || document::has_place(name)
    }

    #[test]
    fn hints_name_what_can_be_given() {
        for (name, instead) in HINTS {
            assert!(Fields::ALL.rows().any(|row| row.name == *name), "there is no field `{name}`");
            assert!(!can_be_given(name), "{name} can be given a value");
            for named in instead.split('`').skip(1).step_by(2).filter(|named| *named != "document") {
                let field = FieldRef::from_name(named).unwrap();
                assert!(can_be_given(field.field.name), "{named}, which {name} follows from");
            }
        }
    }

    #[test]
    fn the_page_of_testing_tells_all() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/testing-rules.md");
        let page = std::fs::read_to_string(path).unwrap();
        for (name, instead) in HINTS {
            assert!(page.contains(&format!("\n| `{name}` | {instead} |\n")), "{name}");
        }
        for row in Fields::ALL.rows().filter(|row| setters::of(row.name).is_some()) {
            let shown = [format!("`{}`", row.name), format!("`{}.`", row.name)];
            assert!(shown.iter().any(|shown| page.contains(shown)), "{} isn't on the page", row.name);
        }
    }

    /// A test of any of Falco's own rules can be written: what they ask for can be given, or its author is told what
    /// to give.
    #[test]
    fn what_rules_ask_for_can_be_given_or_is_hinted_at() {
        let path = shared().join("reference/rule_fields.tsv");
        let Ok(text) = std::fs::read_to_string(&path) else {
            eprintln!("skipped: {} isn't there", path.display());
            return;
        };
        let names = text.lines().skip(1).filter_map(|line| line.split('\t').next());
        let missing: Vec<&str> = names
            .filter(|name| !name.starts_with("evt.arg.") && !can_be_given(name) && of(name).is_none())
            .collect();
        assert_eq!(missing, [""; 0]);
    }
}
