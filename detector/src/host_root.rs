//! Where the host's files are: below `HOST_ROOT`, Falco's name for it, when Lanner runs in a container into which the
//! host's root was mounted.

use std::path::{Component, Path, PathBuf};

/// The environment variable.
const HOST_ROOT: &str = "HOST_ROOT";

/// How many links are followed, as by the kernel.
const LINKS_MAX: usize = 40;

fn host_root() -> Option<PathBuf> {
    std::env::var_os(HOST_ROOT).filter(|root| !root.is_empty()).map(PathBuf::from)
}

/// An absolute path of the host, as Lanner reaches it. Links in it lead where they lead for Lanner.
pub fn host_path(path: impl AsRef<Path>) -> PathBuf {
    match host_root() {
        Some(root) => below(&root, path.as_ref()),
        None => path.as_ref().to_owned(),
    }
}

/// The same, but links in it lead where they lead for the host: `/var/run` is one on most.
pub fn host_file(path: impl AsRef<Path>) -> PathBuf {
    match host_root() {
        Some(root) => followed(&root, path.as_ref()),
        None => path.as_ref().to_owned(),
    }
}

fn below(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

fn followed(root: &Path, path: &Path) -> PathBuf {
    let mut inside = PathBuf::from("/");
    let mut rest: Vec<PathBuf> = vec![path.to_owned()];
    let mut links = 0;
    while let Some(next) = rest.pop() {
        let mut parts = next.components();
        let Some(part) = parts.next() else { continue };
        rest.push(parts.as_path().to_owned());
        match part {
            Component::RootDir | Component::Prefix(_) => inside = PathBuf::from("/"),
            Component::CurDir => {}
            Component::ParentDir => drop(inside.pop()),
            Component::Normal(name) => {
                let link = std::fs::read_link(below(root, &inside.join(name)));
                match link.ok().filter(|_| links < LINKS_MAX) {
                    Some(target) => {
                        links += 1;
                        rest.push(target);
                    }
                    None => inside.push(name),
                }
            }
        }
    }
    below(root, &inside)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_of_the_host_stay_in_the_host() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        std::fs::create_dir_all(path("run/docker")).unwrap();
        std::fs::create_dir_all(path("var/lib")).unwrap();
        for (target, link) in [
            ("/run", "var/run"),
            ("../run/docker", "var/relative"),
            ("../../../../run", "var/above"),
            ("loop", "var/loop"),
            ("/var/run/docker", "run/far"),
        ] {
            symlink(target, path(link)).unwrap();
        }
        for (given, expected) in [
            ("/var/run/docker.sock", "run/docker.sock"),
            ("/var/relative/a/b", "run/docker/a/b"),
            ("/var/above/x", "run/x"),
            ("/run/far/x", "run/docker/x"),
            ("/var/lib/none", "var/lib/none"),
            ("/../run/./docker", "run/docker"),
            ("/var/loop/x", "var/loop/x"),
        ] {
            assert_eq!(followed(root.path(), Path::new(given)), path(expected), "{given}");
        }
    }
}
