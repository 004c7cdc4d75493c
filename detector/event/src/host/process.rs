//! Processes and their ancestors.

use bitflags::bitflags;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use crate::CommName;

/// How many bytes of a process's environment are kept, as in Falco.
pub const ENV_BYTES_MAX: usize = 4096;

bitflags! {
    /// What is special about an executable, in Falco's numbers (`evt.arg.flags` of execve).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    pub struct ExeFlags: u32 {
        /// The user who runs it may write to it.
        const WRITABLE = 1;
        /// It is in the upper layer of an overlay: it isn't of the container's image, or was changed.
        const UPPER_LAYER = 2;
        /// It has no file: it was written to memory (memfd_create(2)).
        const FROM_MEMFD = 4;
        /// It is in a lower layer of an overlay: it is of the container's image, unchanged.
        const LOWER_LAYER = 8;
    }
}

/// A process, as of its last start of a program.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    /// Its parent's number, as of the last event.
    pub ppid: i32,
    /// When it was made, in nanoseconds since boot.
    pub start: u64,
    /// When it started its program, in nanoseconds since 1970-01-01 UTC; 0 where that was before the capture.
    pub exec_time: u64,
    /// Its name.
    pub comm: CommName,
    /// Its session, process group and number in its own pid namespace, and the number of its terminal.
    pub sid: i32,
    /// See `sid`.
    pub pgid: i32,
    /// See `sid`.
    pub vpid: i32,
    /// See `sid`.
    pub vpgid: i32,
    /// See `sid`.
    pub tty: u32,
    /// Its first argument: what it calls itself.
    #[serde(with = "crate::text")]
    pub exe: Box<[u8]>,
    /// Its arguments without the first, a NUL after each.
    #[serde(with = "crate::text")]
    pub args: Box<[u8]>,
    /// Its name and its arguments, a blank between: `proc.cmdline`.
    #[serde(with = "crate::text")]
    pub cmdline: Box<[u8]>,
    /// The path of its executable.
    #[serde(with = "crate::text")]
    pub exepath: Box<[u8]>,
    /// Its working directory when it started its program.
    #[serde(with = "crate::text")]
    pub cwd: Box<[u8]>,
    /// The inode of its executable.
    pub exe_ino: u64,
    /// The user it ran as at its last event.
    pub uid: u32,
    /// Who had logged in.
    pub loginuid: u32,
    /// Its cgroup.
    pub cgroup: u64,
    /// The inode number of its pid namespace.
    #[serde(default)]
    pub pid_ns: u32,
    /// Its environment when it started its program, a NUL after each variable: at most [`ENV_BYTES_MAX`].
    #[serde(default, with = "crate::text")]
    pub env: Box<[u8]>,
    /// When its executable was last changed in any way, in nanoseconds since 1970-01-01 UTC; 0 where it isn't known.
    #[serde(default)]
    pub exe_ctime: u64,
    /// When its executable's content was last changed; see `exe_ctime`.
    #[serde(default)]
    pub exe_mtime: u64,
    /// What is special about its executable; `None` where the source doesn't tell.
    #[serde(default)]
    pub exe_flags: Option<ExeFlags>,
}

impl Process {
    /// Sets the environment (a NUL after each variable), of which what is past the limit is cut off.
    pub fn set_env(&mut self, env: &[u8]) {
        self.env = env[..env.len().min(ENV_BYTES_MAX)].into();
    }

    /// Sets the arguments (a NUL after each), and what is made of them.
    pub fn set_args(&mut self, args: &[u8]) {
        self.args = args.into();
        let mut cmdline = self.comm.as_bytes().to_vec();
        for arg in args.split(|byte| *byte == 0) {
            cmdline.push(b' ');
            cmdline.extend_from_slice(arg);
        }
        // The text ends with a NUL, and what follows it is no argument.
        cmdline.pop_if(|last| *last == b' ');
        self.cmdline = cmdline.into();
    }
}

/// The processes by number.
#[derive(Debug, Clone, Default)]
pub struct Processes {
    by_pid: HashMap<i32, Process>,
}

/// How far up ancestors are followed: far more than any real tree, and an end to a loop made of numbers that
/// were used again.
const ANCESTORS_MAX: usize = 256;

impl Processes {
    /// The process of that number.
    pub fn get(&self, pid: i32) -> Option<&Process> {
        self.by_pid.get(&pid)
    }

    /// The process of that number, to be changed.
    pub fn get_mut(&mut self, pid: i32) -> Option<&mut Process> {
        self.by_pid.get_mut(&pid)
    }

    /// Adds a process, in place of an earlier one of that number.
    pub fn insert(&mut self, process: Process) {
        self.by_pid.insert(process.pid, process);
    }

    /// Takes a process out.
    pub fn remove(&mut self, pid: i32) -> Option<Process> {
        self.by_pid.remove(&pid)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_pid.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_pid.is_empty()
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Process> {
        self.by_pid.values()
    }

    /// The ancestors of a process, the parent first.
    pub fn ancestors(&self, process: &Process) -> impl Iterator<Item = &Process> {
        let parent = |child: &Process| match child.ppid {
            ppid if ppid == child.pid => None,
            ppid => self.by_pid.get(&ppid),
        };
        std::iter::successors(parent(process), move |process| parent(process)).take(ANCESTORS_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ancestors_end() {
        let mut processes = Processes::default();
        for (pid, ppid) in [(1, 0), (2, 1), (3, 2), (8, 9), (9, 8)] {
            processes.insert(Process { pid, ppid, ..Process::default() });
        }
        let pids = |pid| -> Vec<i32> {
            processes.ancestors(processes.get(pid).unwrap()).map(|process| process.pid).collect()
        };
        assert_eq!(pids(3), [2, 1]);
        assert_eq!(pids(8).len(), ANCESTORS_MAX);
    }

    #[test]
    fn the_command_line_is_name_and_arguments() {
        let mut comm = CommName::default();
        comm.0[..2].copy_from_slice(b"sh");
        let mut process = Process { comm, ..Process::default() };
        for (args, cmdline) in [("", "sh"), ("-c\0ls -l\0", "sh -c ls -l"), ("\0", "sh "), ("a\0\0", "sh a ")]
        {
            process.set_args(args.as_bytes());
            assert_eq!(String::from_utf8_lossy(&process.cmdline), cmdline, "{args:?}");
        }
    }
}
