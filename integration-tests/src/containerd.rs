//! A containerd of the test's own: by its own client, and as Kubernetes uses it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::docker::{Docker, IMAGE};
use crate::leftovers;
use crate::need::{Need, on_path};
use crate::process::Running;
use crate::wait_for;

/// What it needs.
pub const NEED: Need = Need {
    what: "containerd with ctr, and runc",
    there: || on_path("containerd") && on_path("ctr") && on_path("runc"),
};
/// The image of the containers that hold pods' namespaces.
const PAUSE: &str = "test/pause:1";
/// The namespaces: of the client, and of Kubernetes.
const NAMESPACES: [&str; 2] = ["default", "k8s.io"];

/// The running engine.
pub struct Containerd {
    folder: TempDir,
    running: Running,
}

impl Containerd {
    /// Starts it with the images of a Docker.
    ///
    /// # Panics
    /// Where it can't be.
    pub fn start(docker: &Docker) -> Containerd {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("config.toml"), configuration(folder.path())).expect("a file");
        let running = serve(folder.path());
        let containerd = Containerd { folder, running };
        containerd.wait();
        let images = containerd.folder.path().join("images.tar");
        docker.save_images(PAUSE, &images);
        for namespace in NAMESPACES {
            containerd.ctr(&["-n", namespace, "images", "import", &images.display().to_string()]);
        }
        containerd
    }

    /// Kills it, and starts it again.
    pub fn restart(&mut self) {
        self.running.kill();
        self.running = serve(self.folder.path());
        self.wait();
    }

    fn wait(&self) {
        let ready = || self.ctr_output(&["version"]).status.success().then_some(());
        wait_for("containerd", ready, || self.running.said());
    }

    /// The image, by its name here.
    pub fn image() -> String {
        format!("docker.io/{IMAGE}")
    }

    /// The socket that it answers on.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("containerd.sock")
    }

    fn ctr_output(&self, arguments: &[&str]) -> Output {
        Command::new("ctr").arg("-a").arg(self.socket()).args(arguments).output().expect("ctr is installed")
    }

    /// Runs a command of its own client.
    fn ctr(&self, arguments: &[&str]) {
        let output = self.ctr_output(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "ctr {arguments:?}: {said}");
    }

    /// Runs a command in a container of its own client's until it ends.
    ///
    /// # Panics
    /// Where it fails.
    pub fn run_in_container(&self, name: &str, options: &[&str], command: &[&str]) {
        let output = self.run(name, &[&["--null-io"], options].concat(), command);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {said}");
    }

    /// The same, whatever becomes of it.
    pub fn run(&self, name: &str, options: &[&str], command: &[&str]) -> Output {
        let runtime = self.folder.path().join("runc").display().to_string();
        let image = Containerd::image();
        let run = ["run", "--rm", "--runc-root", &runtime];
        self.ctr_output(&[&run[..], options, &[&image, name], command].concat())
    }
}

fn serve(folder: &Path) -> Running {
    let mut command = Command::new("containerd");
    command.arg("-c").arg(folder.join("config.toml"));
    Running::start(&mut command, &folder.join("log"))
}

/// Its configuration: everything in a folder, and with the privileges of a container.
fn configuration(folder: &Path) -> String {
    let path = |name: &str| folder.join(name).display().to_string();
    format!(
        "version = 2\nroot = \"{}\"\nstate = \"{}\"\n[grpc]\naddress = \"{}\"\n[ttrpc]\naddress = \"{}\"\n\
         [plugins.\"io.containerd.grpc.v1.cri\"]\nrestrict_oom_score_adj = true\n\
         sandbox_image = \"docker.io/{PAUSE}\"\n",
        path("root"),
        path("state"),
        path("containerd.sock"),
        path("ttrpc.sock"),
    )
}

impl Drop for Containerd {
    fn drop(&mut self) {
        for namespace in NAMESPACES {
            let tasks = self.ctr_output(&["-n", namespace, "tasks", "ls", "-q"]);
            for id in String::from_utf8_lossy(&tasks.stdout).lines() {
                self.ctr_output(&["-n", namespace, "tasks", "rm", "-f", id]);
            }
        }
        self.running.signal(libc::SIGTERM);
        self.running.wait();
        leftovers::end_programs_of(self.folder.path());
        leftovers::unmount_below(self.folder.path());
        ["default", "kubepods"].into_iter().for_each(leftovers::remove_cgroups);
    }
}
