//! Where the host's files are: below `HOST_ROOT`, Falco's name for it, when Lanner runs in a container into which the
//! host's root was mounted.

use std::path::{Path, PathBuf};

/// The environment variable.
const HOST_ROOT: &str = "HOST_ROOT";

/// An absolute path of the host, as Lanner reaches it.
pub fn host_path(path: impl AsRef<Path>) -> PathBuf {
    let path = path.as_ref();
    match std::env::var_os(HOST_ROOT) {
        Some(root) if !root.is_empty() => Path::new(&root).join(path.strip_prefix("/").unwrap_or(path)),
        _ => path.to_owned(),
    }
}
