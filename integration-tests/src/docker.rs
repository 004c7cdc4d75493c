//! A Docker engine of the test's own, with an image of busybox.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::image;
use crate::leftovers;
use crate::need::{Need, on_path};
use crate::process::Running;
use crate::wait_for;

/// What it needs.
pub const NEED: Need = Need {
    what: "dockerd and iptables (docker.io), and a static busybox (busybox-static)",
    there: || on_path("dockerd") && on_path("iptables") && image::can_be_made(),
};
/// The image.
pub const IMAGE: &str = "test/busybox:1";

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
        let archive = image::archive(self.folder.path());
        self.run(&["import", "-c", "CMD [\"/bin/sh\"]", &archive.display().to_string(), IMAGE]);
    }

    /// Writes the image down as other engines take it, with another of the same content that only waits.
    ///
    /// # Panics
    /// Where it can't.
    pub fn save_images(&self, waiting: &str, path: &Path) {
        let archive = image::archive(self.folder.path());
        self.run(&[
            "import",
            "-c",
            "CMD [\"/bin/sleep\", \"100000\"]",
            &archive.display().to_string(),
            waiting,
        ]);
        self.run(&["save", "-o", &path.display().to_string(), IMAGE, waiting]);
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
        leftovers::unmount_below(self.folder.path());
    }
}
