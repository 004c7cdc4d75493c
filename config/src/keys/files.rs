//! Files.

use crate::key::{Family, Key, Owner};
use crate::kind::Kind;

pub(super) const FAMILY: Family = Family {
    title: "Files",
    owner: Owner::Falco,
    keys: &[
        Key::new("config_files[]", Kind::Text, "", "More configuration files, or folders of them, read after this one in order: a path, or `path` with a `strategy`.").fatal(),
        Key::new("config_files[].path", Kind::Text, "", "A file, or a folder whose `.yaml` and `.yml` files are read in the order of their names. What doesn't exist is skipped and named."),
        Key::new("config_files[].strategy", Kind::OneOf(&["append", "override", "add-only"]), "append", "What becomes of a top-level key that is already set: lists are joined and everything else replaced, all is replaced, or nothing is."),
        Key::new("watch_config_files", Kind::Bool, "true", "Whether to read configuration and rules again when their files change.").not_yet("reloading"),
    ],
};
