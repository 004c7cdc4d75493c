//! The container that a cgroup belongs to, from its path: each engine has its own way of naming them.

use crate::containers::{ENGINES, EngineSet, Origin, Parent, Pattern};
use crate::host_root::host_path;

/// How many digits an id has that an engine made up.
const ID_LENGTH: usize = 64;

/// A container as its cgroup tells of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Sighting<'a> {
    /// The id, or the name where that is all there is.
    pub id: &'a str,
    /// Whose it is.
    pub origin: Origin,
}

/// The container that a cgroup belongs to. Inner cgroups, such as those that systemd makes in a container, belong to
/// the container too. The innermost container counts, as in Falco: a container that runs inside another is one of its
/// own.
pub fn container(path: &[u8]) -> Option<Sighting<'_>> {
    let path = str::from_utf8(path).ok()?;
    // containerd writes `kubepods-pod….slice:cri-containerd:<id>` where one side uses systemd and the other doesn't.
    let names = path.rsplit(['/', ':']);
    let parents = path.rsplit(['/', ':']).skip(1).map(Some).chain([None]);
    let (id, engines) = names.zip(parents).find_map(|(name, parent)| named(name, parent))?;
    Some(Sighting { id, origin: Origin { engines, user: user(path) } })
}

/// The id in the name of a cgroup, and the engines that name them like that. An id that an engine made up is no name
/// that somebody chose.
fn named<'a>(name: &'a str, parent: Option<&str>) -> Option<(&'a str, EngineSet)> {
    let found = |digits: bool| {
        let patterns =
            ENGINES.iter().flat_map(|spec| spec.cgroups).filter(|pattern| pattern.digits == digits);
        let id = patterns.filter_map(|pattern| id_in(name, parent, pattern)).next()?;
        let of = |pattern: &Pattern| pattern.digits == digits && id_in(name, parent, pattern) == Some(id);
        Some((id, EngineSet::of(|spec| spec.cgroups.iter().any(of))))
    };
    found(true).or_else(|| found(false))
}

fn id_in<'a>(name: &'a str, parent: Option<&str>, pattern: &Pattern) -> Option<&'a str> {
    let id = name.strip_prefix(pattern.prefix)?.strip_suffix(pattern.suffix)?;
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let fits = match pattern.digits {
        true => id.len() == ID_LENGTH && id.bytes().all(digit),
        false => !id.is_empty(),
    };
    (fits && parent_fits(id, parent, pattern.parent)).then_some(id)
}

fn parent_fits(name: &str, parent: Option<&str>, wanted: Parent) -> bool {
    match (wanted, parent) {
        (Parent::Any, _) => true,
        (Parent::Named(wanted), Some(parent)) => parent == wanted,
        // What systemd makes has a kind, and is on every host; only the rest is worth a look.
        (Parent::Bundle(folders), Some(parent)) => {
            let plain = |name: &str| !name.is_empty() && !name.contains("..") && !is_unit(name);
            let there = |folder: &&str| host_path(format!("{folder}/{parent}/{name}")).is_dir();
            plain(name) && plain(parent) && folders.iter().any(there)
        }
        (_, None) => false,
    }
}

fn is_unit(name: &str) -> bool {
    [".slice", ".service", ".scope"].iter().any(|kind| name.ends_with(kind))
}

/// The user whose part of the hierarchy a cgroup is in; `None` for root, whose engines are the host's.
fn user(path: &str) -> Option<u32> {
    let number = |name: &str| name.strip_prefix("user-")?.strip_suffix(".slice")?.parse().ok();
    path.split('/').find_map(number).filter(|user| *user != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The engines that may know a container, and whose they are.
    fn told(path: &str) -> String {
        let Some(Sighting { id, origin }) = container(path.as_bytes()) else { return String::new() };
        let engines = ENGINES.iter().enumerate().filter(|(at, _)| origin.engines.has(*at));
        let engines = engines.map(|(_, spec)| spec.name).collect::<Vec<_>>().join(",");
        let id = if id.len() == ID_LENGTH { "id" } else { id };
        let user = origin.user.map(|user| format!(" of {user}")).unwrap_or_default();
        format!("{id} {engines}{user}")
    }

    #[test]
    fn engines_are_told_apart_by_their_paths() {
        let id = "0123456789abcdef".repeat(4);
        let outer = "f".repeat(64);
        let any = "id docker,cri,containerd";
        for (path, expected) in [
            (format!("/docker/{id}"), any),
            (format!("/system.slice/docker-{id}.scope"), "id docker"),
            (format!("/libpod_parent/libpod-{id}"), "id podman"),
            (format!("/machine.slice/libpod-{id}.scope"), "id podman"),
            (format!("/machine.slice/libpod-{id}.scope/container"), "id podman"),
            (
                format!("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{id}.scope"),
                "id podman of 1000",
            ),
            (format!("/user.slice/user-1000.slice/user@1000.service/docker-{id}.scope"), "id docker of 1000"),
            (format!("/user.slice/user-0.slice/session-1.scope/docker/{id}"), any),
            (format!("/kubepods/besteffort/pod12/{id}"), any),
            (format!("/kubepods.slice/kubepods-pod1.slice/cri-containerd-{id}.scope"), "id cri"),
            (format!("/kubepods.slice/kubepods-pod1.slice/docker-{id}.scope"), "id docker"),
            (format!("/kubepods.slice/kubepods-pod1.slice/crio-{id}.scope"), "id cri"),
            (format!("/kubepods/pod1/crio-{id}"), "id cri"),
            (format!("/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:{id}"), any),
            (format!("/docker/{id}/init.scope"), any),
            (format!("/../{id}"), any),
            (format!("/docker/{outer}/kubelet/kubepods/pod1/{id}"), any),
            (format!("/system.slice/nerdctl-{id}.scope"), "id containerd"),
            (format!("/default/{id}"), any),
            ("/default/web".to_owned(), "web containerd"),
            ("/default/web/init.scope".to_owned(), "web containerd"),
            ("/lxc/web".to_owned(), "web lxc"),
            ("/lxc.payload/web/system.slice/ssh.service".to_owned(), "web lxc"),
            ("/lxc.payload.web/init.scope".to_owned(), "web lxc"),
            (format!("/lxc.payload.web/docker/{id}"), any),
            ("/machine.slice/machine-lxc\\x2d7\\x2dweb.scope".to_owned(), "7\\x2dweb libvirt_lxc"),
            ("/machine/lxc-7-web.libvirt-lxc".to_owned(), "7-web libvirt_lxc"),
            ("/system.slice/bpm-web.scope".to_owned(), "web bpm"),
            // The process that watches a container is not in it.
            (format!("/machine.slice/libpod-conmon-{id}.scope"), ""),
            (format!("/system.slice/crio-conmon-{id}.scope"), ""),
            ("/lxc.monitor.web".to_owned(), ""),
            ("/lxc.monitor/web".to_owned(), ""),
            ("/user.slice/user-0.slice".to_owned(), ""),
            ("/system/web".to_owned(), ""),
            (format!("/docker/{}", &id[1..]), ""),
            (format!("/docker/{}", id.to_uppercase()), ""),
            ("/default".to_owned(), ""),
            ("/".to_owned(), ""),
            (String::new(), ""),
        ] {
            assert_eq!(told(&path), expected, "{path}");
        }
        assert_eq!(container(b"/\xff"), None);
    }

    #[test]
    fn a_name_in_any_namespace_is_a_containers_where_there_is_a_bundle_of_it() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["shop/web", "shop/a.service", "system.slice/web"] {
            std::fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        let folders: &'static [&'static str] =
            Box::leak(Box::new([&*folder.path().display().to_string().leak()]));
        let fits = |parent: &str, name: &str| parent_fits(name, Some(parent), Parent::Bundle(folders));
        assert!(fits("shop", "web"));
        for (parent, name) in [
            ("shop", "other"),
            ("shop", "a.service"),
            ("system.slice", "web"),
            ("..", "shop"),
            ("", "shop"),
            ("shop", ""),
        ] {
            assert!(!fits(parent, name), "{parent}/{name}");
        }
        assert!(!parent_fits("web", None, Parent::Bundle(folders)));
    }
}
