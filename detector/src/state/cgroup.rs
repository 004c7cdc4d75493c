//! The container that a cgroup belongs to, from its path: each engine has its own way of naming them.

/// What stands around an id in the name of a cgroup. An id is 64 hexadecimal digits.
struct Pattern {
    prefix: &'static str,
    suffix: &'static str,
}

/// In the order they are tried.
const PATTERNS: &[Pattern] = &[
    // Docker, containerd's CRI and kubelet with the driver cgroupfs.
    Pattern { prefix: "", suffix: "" },
    // Docker, containerd, CRI-O and podman with the driver systemd.
    Pattern { prefix: "docker-", suffix: ".scope" },
    Pattern { prefix: "cri-containerd-", suffix: ".scope" },
    Pattern { prefix: "crio-", suffix: ".scope" },
    Pattern { prefix: "libpod-", suffix: ".scope" },
    // podman and CRI-O with the driver cgroupfs.
    Pattern { prefix: "libpod-", suffix: "" },
    Pattern { prefix: "crio-", suffix: "" },
];

/// How many digits an id has.
const ID_LENGTH: usize = 64;

/// The id of the container that a cgroup belongs to. Inner cgroups, such as those that systemd makes in a
/// container, belong to the container too. The innermost container counts, as in Falco: a container that runs
/// inside another is one of its own.
pub fn container_id(path: &[u8]) -> Option<&str> {
    let path = str::from_utf8(path).ok()?;
    // containerd writes `kubepods-pod….slice:cri-containerd:<id>` where one side uses systemd and the other doesn't.
    path.rsplit(['/', ':']).find_map(|name| PATTERNS.iter().find_map(|pattern| id_in(name, pattern)))
}

fn id_in<'a>(name: &'a str, pattern: &Pattern) -> Option<&'a str> {
    let id = name.strip_prefix(pattern.prefix)?.strip_suffix(pattern.suffix)?;
    let digits = id.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    (id.len() == ID_LENGTH && digits).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::container_id;

    #[test]
    fn engines_are_told_apart_by_their_paths() {
        let id = "0123456789abcdef".repeat(4);
        let outer = "f".repeat(64);
        for (path, expected) in [
            (format!("/docker/{id}"), true),
            (format!("/system.slice/docker-{id}.scope"), true),
            (format!("/libpod_parent/libpod-{id}"), true),
            (format!("/machine.slice/libpod-{id}.scope"), true),
            (format!("/machine.slice/libpod-{id}.scope/container"), true),
            (format!("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{id}.scope"), true),
            (format!("/kubepods/besteffort/pod12/{id}"), true),
            (format!("/kubepods.slice/kubepods-pod1.slice/cri-containerd-{id}.scope"), true),
            (format!("/kubepods.slice/kubepods-pod1.slice/docker-{id}.scope"), true),
            (format!("/kubepods.slice/kubepods-pod1.slice/crio-{id}.scope"), true),
            (format!("/kubepods/pod1/crio-{id}"), true),
            (format!("/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:{id}"), true),
            (format!("/docker/{id}/init.scope"), true),
            (format!("/../{id}"), true),
            (format!("/docker/{outer}/kubelet/kubepods/pod1/{id}"), true),
            // The process that watches a container is not in it.
            (format!("/machine.slice/libpod-conmon-{id}.scope"), false),
            (format!("/system.slice/crio-conmon-{id}.scope"), false),
            ("/user.slice/user-0.slice".to_owned(), false),
            (format!("/docker/{}", &id[1..]), false),
            (format!("/docker/{}", id.to_uppercase()), false),
            ("/".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(container_id(path.as_bytes()), expected.then_some(id.as_str()), "{path}");
        }
        assert_eq!(container_id(b"/\xff"), None);
    }
}
