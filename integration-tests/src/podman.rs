//! A podman of the test's own, with an image of busybox, and its service, which answers as Docker does.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::image;
use crate::leftovers;
use crate::need::{Need, on_path};
use crate::process::Running;
use crate::wait_for;

/// What it needs.
pub const NEED: Need = Need {
    what: "podman and runc, and a static busybox (busybox-static)",
    there: || on_path("podman") && on_path("runc") && image::can_be_made(),
};
/// The image.
pub const IMAGE: &str = "localhost/test/busybox:1";
/// More than a container may have where nobody has CAP_SYS_RESOURCE is asked for otherwise.
const LIMITS: [&str; 4] = ["--ulimit", "nofile=10000:10000", "--ulimit", "nproc=4000:4000"];

/// Podman, whose service runs.
pub struct Podman {
    folder: TempDir,
    service: Running,
}

impl Podman {
    /// Makes the image, and starts the service.
    ///
    /// # Panics
    /// Where it can't be.
    pub fn start() -> Podman {
        let folder = tempfile::tempdir().expect("a folder");
        let service = serve(&folder);
        let podman = Podman { folder, service };
        let archive = image::archive(podman.folder.path());
        podman.run(&["import", &archive.display().to_string(), IMAGE]);
        podman
    }

    /// Kills the service, and starts it again.
    pub fn restart(&mut self) {
        self.service.kill();
        self.service = serve(&self.folder);
    }

    /// The socket that the service answers on.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("podman.sock")
    }

    /// Sends the service a signal. Containers can be started without it.
    pub fn signal(&self, signal: i32) {
        self.service.signal(signal);
    }

    fn output(&self, arguments: &[&str]) -> Output {
        client(&self.folder).args(arguments).output().expect("podman is installed")
    }

    /// Runs a command, and gives what it printed.
    ///
    /// # Panics
    /// Where it fails.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "podman {arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Runs a command in a container of its own until it ends.
    pub fn run_in_container(&self, name: &str, options: &[&str], command: &[&str]) {
        let mut arguments = vec!["run", "--rm", "--network", "host", "--name", name];
        arguments.extend(LIMITS);
        arguments.extend(options);
        arguments.push(IMAGE);
        arguments.extend(command);
        self.run(&arguments);
    }
}

/// Starts the service, and waits until it listens.
fn serve(folder: &TempDir) -> Running {
    let socket = folder.path().join("podman.sock");
    let mut command = client(folder);
    command.args(["system", "service", "-t", "0", &format!("unix://{}", socket.display())]);
    let service = Running::start(&mut command, &folder.path().join("log"));
    let listens = || UnixStream::connect(&socket).is_ok().then_some(());
    wait_for("podman's service", listens, || service.said());
    service
}

/// A podman that keeps everything in a folder.
fn client(folder: &TempDir) -> Command {
    let mut command = Command::new("podman");
    for (option, name) in [("--root", "root"), ("--runroot", "run"), ("--tmpdir", "tmp")] {
        command.arg(option).arg(folder.path().join(name));
    }
    command.args(["--cgroup-manager", "cgroupfs", "--runtime", "runc", "--events-backend", "file"]);
    command
}

impl Drop for Podman {
    fn drop(&mut self) {
        self.service.signal(libc::SIGCONT);
        self.output(&["rm", "-fa", "-t", "0"]);
        self.service.signal(libc::SIGTERM);
        self.service.wait();
        leftovers::unmount_below(self.folder.path());
        ["libpod_parent", "user.slice/user-4242.slice", "user.slice/user-4243.slice"]
            .into_iter()
            .for_each(leftovers::remove_cgroups);
    }
}
