//! What `/proc` says of a process: asked only where the events don't tell, as the process may have changed since.

use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use hashbrown::HashSet;
use lanner_event::{CommName, ENV_BYTES_MAX};

use crate::host_root::host_path;

/// How much of the arguments is read, in bytes: as much as the kernel side sends.
const ARGS_BYTES_MAX: u64 = lanner_bpf::layout::STRING_MAX as u64;
/// How much of the other files is read, in bytes.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// A process's program.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// Its name.
    pub comm: CommName,
    /// Its arguments, a NUL after each.
    pub args: Vec<u8>,
    /// The path of its executable.
    pub exepath: Vec<u8>,
    /// Its working directory.
    pub cwd: Vec<u8>,
    /// Its environment, a NUL after each variable; empty where it may not be read.
    pub env: Vec<u8>,
    /// The file of its executable; 0 where it may not be read.
    pub file: ExeFile,
}

/// The file of an executable.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ExeFile {
    /// Its inode.
    pub ino: u64,
    /// When it was last changed in any way, in nanoseconds since 1970-01-01 UTC.
    pub ctime: u64,
    /// When its content was last changed; see `ctime`.
    pub mtime: u64,
}

/// The program of the process that has this number and was started then; `None` where it has ended.
pub fn program(pid: i32, start: u64) -> Option<Program> {
    let comm = name(pid, start)?;
    let mut exepath = link(pid, "exe");
    if exepath.ends_with(DELETED) {
        exepath.truncate(exepath.len() - DELETED.len());
    }
    Some(Program {
        comm,
        args: read(pid, "cmdline", ARGS_BYTES_MAX)?,
        exepath,
        cwd: link(pid, "cwd"),
        env: read(pid, "environ", ENV_BYTES_MAX as u64).unwrap_or_default(),
        file: executable(pid).unwrap_or_default(),
    })
}

/// Whether the process that has this number was started then.
pub fn is_same_process(pid: i32, start: u64) -> bool {
    name(pid, start).is_some()
}

/// The name of the process that has this number and was started then.
fn name(pid: i32, start: u64) -> Option<CommName> {
    let stat = read(pid, "stat", FILE_BYTES_MAX)?;
    let (comm, started) = name_and_start(&stat)?;
    (started.abs_diff(ticks(start)) <= 1).then_some(comm)
}

fn executable(pid: i32) -> Option<ExeFile> {
    let file = std::fs::metadata(file(pid, "exe")).ok()?;
    let time = |seconds: i64, nanoseconds: i64| {
        u64::try_from(seconds.checked_mul(1_000_000_000)?.checked_add(nanoseconds)?).ok()
    };
    Some(ExeFile {
        ino: file.ino(),
        ctime: time(file.ctime(), file.ctime_nsec())?,
        mtime: time(file.mtime(), file.mtime_nsec())?,
    })
}

/// The path of a process's cgroup, in the hierarchy that containers are told apart by: that of version 2, or of
/// version 1's memory controller.
pub fn cgroup(pid: i32, v2: bool) -> Option<Vec<u8>> {
    let text = read(pid, "cgroup", FILE_BYTES_MAX)?;
    text.split(|byte| *byte == b'\n').find_map(|line| {
        let mut columns = line.splitn(3, |byte| *byte == b':');
        let (number, names, path) = (columns.next()?, columns.next()?, columns.next()?);
        let found =
            if v2 { number == b"0" } else { names.split(|byte| *byte == b',').any(|n| n == b"memory") };
        found.then(|| path.to_owned())
    })
}

/// The numbers of all processes that live; `None` where `/proc` can't be read.
pub fn processes() -> Option<HashSet<i32>> {
    let entries = std::fs::read_dir(host_path("/proc")).ok()?;
    Some(entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect())
}

/// The number of the host's mount namespace: that of its first process, or of the kernel's threads where that one has
/// more privileges than Lanner and may not be asked.
pub fn mount_namespace() -> Option<u32> {
    const INIT: i32 = 1;
    const KTHREADD: i32 = 2;
    [INIT, KTHREADD].into_iter().find_map(|pid| {
        let link = String::from_utf8(link(pid, "ns/mnt")).ok()?;
        link.strip_prefix("mnt:[")?.strip_suffix(']')?.parse().ok()
    })
}

/// What the kernel adds to the path of an executable that has no name any more.
const DELETED: &[u8] = b" (deleted)";

fn file(pid: i32, name: &str) -> PathBuf {
    host_path(format!("/proc/{pid}/{name}"))
}

fn read(pid: i32, name: &str, bytes_max: u64) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    File::open(file(pid, name)).ok()?.take(bytes_max).read_to_end(&mut text).ok()?;
    Some(text)
}

fn link(pid: i32, name: &str) -> Vec<u8> {
    std::fs::read_link(file(pid, name)).map(|path| path.into_os_string().into_vec()).unwrap_or_default()
}

/// A process's name and when it was started, in clock ticks since boot: columns 2 and 22 of proc_pid_stat(5). The name
/// may hold anything, even brackets.
fn name_and_start(stat: &[u8]) -> Option<(CommName, u64)> {
    let name_start = stat.iter().position(|byte| *byte == b'(')? + 1;
    let name_end = stat.iter().rposition(|byte| *byte == b')')?;
    let name = stat.get(name_start..name_end)?;
    let mut comm = CommName::default();
    let length = name.len().min(comm.0.len() - 1);
    comm.0[..length].copy_from_slice(&name[..length]);
    let mut columns = stat[name_end + 1..].split(|byte| *byte == b' ').filter(|column| !column.is_empty());
    let start = str::from_utf8(columns.nth(19)?).ok()?.trim_ascii().parse().ok()?;
    Some((comm, start))
}

fn ticks(nanoseconds: u64) -> u64 {
    // SAFETY: sysconf reads nothing of ours.
    let per_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) }.max(1) as u64;
    nanoseconds / (1_000_000_000 / per_second).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_told_by_number_and_start() {
        let own = std::process::id() as i32;
        let stat = read(own, "stat", FILE_BYTES_MAX).unwrap();
        let start = name_and_start(&stat).unwrap().1 * 10_000_000;
        let program = program(own, start).unwrap();
        assert_eq!(program.exepath, std::env::current_exe().unwrap().into_os_string().into_vec());
        assert!(program.args.ends_with(b"\0"));
        assert!(program.env.ends_with(b"\0") || program.env.len() == ENV_BYTES_MAX);
        assert!(program.file.ino > 0 && program.file.ctime > 0 && program.file.mtime > 0);
        assert_eq!(super::program(own, start + 1_000_000_000), None);
        assert_eq!(super::program(-1, start), None);
        assert!(processes().unwrap().contains(&own));
    }

    #[test]
    fn a_name_may_look_like_columns() {
        let rest = (3..=22).map(|column| column.to_string()).collect::<Vec<_>>().join(" ");
        let (comm, start) = name_and_start(format!("7 (a) R 1 (b) {rest} 23").as_bytes()).unwrap();
        assert_eq!((comm.as_bytes(), start), (&b"a) R 1 (b"[..], 22));
        for broken in ["7 (a) R 1", "7 )a(", ""] {
            assert_eq!(name_and_start(broken.as_bytes()), None, "{broken}");
        }
    }
}
