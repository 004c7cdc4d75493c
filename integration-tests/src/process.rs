//! A program that runs for as long as it is held, and whose words are kept.

use std::fs::File;
use std::io::Error;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// A running program.
pub struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts a program whose words go to a file.
    pub fn start(command: &mut Command, log: &Path) -> Running {
        let file = File::options().create(true).append(true).open(log).expect("the log can be written");
        let copy = file.try_clone().expect("the log can be shared");
        command.stdin(Stdio::null()).stdout(file).stderr(copy);
        // A test that is killed or aborts drops nothing: the program ends with the thread that started it.
        let with_parent = || {
            // SAFETY: prctl is a plain syscall, which may be made between fork and exec, and touches no memory.
            match unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM) } {
                0 => Ok(()),
                _ => Err(Error::last_os_error()),
            }
        };
        // SAFETY: the closure allocates nothing and takes no lock.
        unsafe { command.pre_exec(with_parent) };
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Running { child, log: log.to_owned() }
    }

    /// What it said.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: i32) {
        // SAFETY: the child is ours and not waited for yet, so its number is its own.
        unsafe { libc::kill(self.child.id() as i32, signal) };
    }

    /// Waits until it has ended.
    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("a child can be waited for")
    }

    /// Whether it runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Kills it, and waits until it is gone.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}
