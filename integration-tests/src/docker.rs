//! A Docker engine of the test's own, with an image of busybox.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::need::{Need, on_path};
use crate::process::Running;
use crate::wait_for;

/// What it needs.
pub const NEED: Need = Need {
    what: "dockerd and iptables (docker.io), and a static busybox (busybox-static)",
    there: || on_path("dockerd") && on_path("iptables") && Path::new(BUSYBOX).is_file(),
};
/// A busybox that needs no library.
const BUSYBOX: &str = "/bin/busybox";
/// The image.
pub const IMAGE: &str = "test/busybox:1";
/// The programs in it.
const APPLETS: &[&str] =
    &["sh", "ls", "mv", "cp", "cat", "nc", "sleep", "touch", "rm", "mkdir", "echo", "head"];

/// The running engine.
pub struct Docker {
    folder: TempDir,
    running: Running,
}

impl Docker {
    /// Starts it, and makes the image.
    ///
    /// # Panics
    /// Where it can't be.
    pub fn start() -> Docker {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        let mut command = Command::new("dockerd");
        command
            .args(["--data-root", &path("data"), "--exec-root", &path("exec"), "-p", &path("pid")])
            .args(["-H", &format!("unix://{}", path("docker.sock"))])
            .args(["--iptables=false", "--bridge=none", "--storage-driver", "overlay2"]);
        let running = Running::start(&mut command, &folder.path().join("log"));
        let docker = Docker { folder, running };
        let ready = || docker.output(&["info"]).status.success().then_some(());
        wait_for("dockerd", ready, || docker.running.said());
        docker.make_image();
        docker
    }

    fn make_image(&self) {
        let root = self.folder.path().join("root");
        std::fs::create_dir_all(root.join("bin")).expect("a folder");
        std::fs::create_dir_all(root.join("etc")).expect("a folder");
        std::fs::copy(BUSYBOX, root.join("bin/busybox")).expect("busybox-static is installed");
        for applet in APPLETS {
            symlink("busybox", root.join("bin").join(applet)).expect("a link");
        }
        let users = "root:x:0:0:root:/root:/bin/sh\nweb:x:1234:1234:web:/srv:/bin/sh\n";
        std::fs::write(root.join("etc/passwd"), users).expect("a file");
        std::fs::write(root.join("etc/group"), "root:x:0:\nwww:x:1234:\n").expect("a file");
        let archive = self.folder.path().join("root.tar");
        let packed = Command::new("tar").arg("-C").arg(&root).arg("-cf").arg(&archive).arg(".").status();
        assert!(packed.is_ok_and(|status| status.success()), "tar packs the image");
        self.run(&["import", "-c", "CMD [\"/bin/sh\"]", &archive.display().to_string(), IMAGE]);
    }

    /// The socket that it answers on.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }

    /// Runs a command of the client, whatever becomes of it.
    pub fn output(&self, arguments: &[&str]) -> Output {
        let socket = format!("unix://{}", self.socket().display());
        Command::new("docker").args(["-H", &socket]).args(arguments).output().expect("docker is installed")
    }

    /// Runs a command of the client, and gives what it printed.
    ///
    /// # Panics
    /// Where it fails.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "docker {arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Starts a container that does nothing, on the host's network.
    pub fn start_container(&self, name: &str, options: &[&str]) {
        let mut arguments = vec!["run", "--pull", "never", "-d", "--network", "host", "--name", name];
        arguments.extend(options);
        arguments.extend([IMAGE, "sleep", "1000"]);
        self.run(&arguments);
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        let all = self.output(&["ps", "-aq"]);
        for id in String::from_utf8_lossy(&all.stdout).lines() {
            self.output(&["rm", "-f", id]);
        }
        // It unmounts its storage when it ends by itself.
        self.running.signal(libc::SIGTERM);
        self.running.wait();
        unmount_below(self.folder.path());
    }
}

/// Unmounts what dockerd leaves mounted below its folder, such as a network namespace, so that it can be removed.
fn unmount_below(folder: &Path) {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let places = mounts.lines().filter_map(|line| line.split(' ').nth(1));
    // What is mounted later may lie upon what was mounted earlier.
    for place in places.filter(|place| Path::new(place).starts_with(folder)).collect::<Vec<_>>().iter().rev()
    {
        let _ = Command::new("umount").args(["-l", place]).output();
    }
}
