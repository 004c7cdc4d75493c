//! What container engines leave behind, and is taken away.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;

/// Unmounts what an engine leaves mounted below its folder, such as a network namespace, so that it can be removed.
pub(crate) fn unmount_below(folder: &Path) {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let places = mounts.lines().filter_map(|line| line.split(' ').nth(1));
    // What is mounted later may lie upon what was mounted earlier.
    for place in places.filter(|place| Path::new(place).starts_with(folder)).collect::<Vec<_>>().iter().rev()
    {
        let _ = Command::new("umount").args(["-l", place]).output();
    }
}

/// Removes the cgroups that an engine made below one of that name; those in which something runs stay.
pub(crate) fn remove_cgroups(name: &str) {
    let hierarchies = std::fs::read_dir("/sys/fs/cgroup").into_iter().flatten().flatten();
    hierarchies.for_each(|hierarchy| remove_empty(&hierarchy.path().join(name)));
}

fn remove_empty(cgroup: &Path) {
    let inner = std::fs::read_dir(cgroup).into_iter().flatten().flatten();
    inner.filter(|entry| entry.path().is_dir()).for_each(|entry| remove_empty(&entry.path()));
    let _ = std::fs::remove_dir(cgroup);
}

/// Ends the programs of which an argument is below a folder: what an engine started, and doesn't end with it.
pub(crate) fn end_programs_of(folder: &Path) {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    for pid in processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok()) {
        let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let mut arguments =
            arguments.split(|byte| *byte == 0).map(|argument| Path::new(OsStr::from_bytes(argument)));
        if arguments.any(|argument| argument.starts_with(folder)) {
            // SAFETY: kill touches no memory; nobody else knows the folder.
            unsafe { libc::kill(pid, libc::SIGKILL) };
        }
    }
}
