//! An image of busybox, as files.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A busybox that needs no library.
const BUSYBOX: &str = "/bin/busybox";
/// The programs in it.
const APPLETS: &[&str] =
    &["sh", "ls", "mv", "cp", "cat", "nc", "sleep", "touch", "rm", "mkdir", "echo", "head"];

/// Whether there is what it is made of.
pub(crate) fn can_be_made() -> bool {
    Path::new(BUSYBOX).is_file()
}

/// Makes an archive of its files in a folder.
pub(crate) fn archive(folder: &Path) -> PathBuf {
    let root = folder.join("root");
    let archive = folder.join("root.tar");
    if archive.exists() {
        return archive;
    }
    std::fs::create_dir_all(root.join("bin")).expect("a folder");
    std::fs::create_dir_all(root.join("etc")).expect("a folder");
    std::fs::copy(BUSYBOX, root.join("bin/busybox")).expect("busybox-static is installed");
    for applet in APPLETS {
        symlink("busybox", root.join("bin").join(applet)).expect("a link");
    }
    let users = "root:x:0:0:root:/root:/bin/sh\nweb:x:1234:1234:web:/srv:/bin/sh\n";
    std::fs::write(root.join("etc/passwd"), users).expect("a file");
    std::fs::write(root.join("etc/group"), "root:x:0:\nwww:x:1234:\n").expect("a file");
    let packed = Command::new("tar").arg("-C").arg(&root).arg("-cf").arg(&archive).arg(".").status();
    assert!(packed.is_ok_and(|status| status.success()), "tar packs the image");
    archive
}
