//! What a test needs of the machine: where something is missing it is skipped, and says so; in CI it fails.

use std::path::Path;

/// Something that must be there.
pub struct Need {
    /// What it is, for whoever has to get it.
    pub what: &'static str,
    /// Whether it is there.
    pub there: fn() -> bool,
}

/// What lanner itself needs.
pub const WATCHING: Need = Need {
    what: "root and a kernel with BTF, to watch a host",
    there: || {
        // SAFETY: geteuid can't fail and touches no memory.
        let root = unsafe { libc::geteuid() } == 0;
        root && Path::new("/sys/kernel/btf/vmlinux").exists()
    },
};

/// What programs of the tests' own need.
pub const CLANG: Need = Need { what: "clang-14, to compile programs", there: || on_path("clang-14") };

/// What a small disk needs.
pub const SMALL_DISK: Need = Need {
    what: "root, a free loop device and mkfs.ext4, for a small disk",
    there: || {
        let free = std::process::Command::new("losetup").arg("--find").output();
        on_path("mkfs.ext4") && free.is_ok_and(|found| found.status.success())
    },
};

/// Whether all of it is there. Otherwise it says in one sentence what isn't.
///
/// # Panics
/// In CI, where nothing is skipped.
pub fn can_run(needs: &[Need]) -> bool {
    let missing: Vec<&str> = needs.iter().filter(|need| !(need.there)()).map(|need| need.what).collect();
    if missing.is_empty() {
        return true;
    }
    let why = format!("skipped, because this needs: {}", missing.join("; "));
    assert!(std::env::var_os("CI").is_none(), "{why}");
    eprintln!("{why}");
    false
}

/// Whether a program is on the path.
pub(crate) fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
