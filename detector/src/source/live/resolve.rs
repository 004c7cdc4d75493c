//! Real paths of names, for syscalls whose hook isn't given them.
//!
//! After a rename, link, unlink, mkdir or mount the kernel side knows only the string and what it is relative to.
//! Where the kernel lets no program see the directory itself, it is looked up here, at once, as the process would
//! see it. It is late: another thread may have changed the directory since. What can't be looked up any more is
//! counted.
//!
//! Most such processes have ended by then. So the root is taken from any process that has the same one: Lanner
//! itself, or one that was seen before. Nothing is held open for longer than a batch, since that would keep the
//! file systems of ended containers alive. The string is the attacker's: the lookup takes only what the kernel
//! has at hand (`RESOLVE_CACHED`), so that no file system can keep Lanner waiting, and nothing is mounted by it.
//! Links of some file systems are never at hand (overlay, xfs): they are read where the root is local, and
//! without leaving it for another mount.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::path::PathBuf;

use hashbrown::HashMap;

use super::path::push_leaf_first;
use crate::host_root::host_path;

/// How many roots are known of which processes have them.
const ROOTS_MAX: usize = 1024;
/// How many processes are known of each.
const PEERS_MAX: usize = 4;
/// How often a lookup is tried again that something else on the host got in the way of.
const RACES_MAX: usize = 16;
/// The longest path that the kernel gives, in bytes.
const PATH_MAX: usize = libc::PATH_MAX as usize;
/// Follow no link and enter no directory that isn't at hand (linux/openat2.h, since 5.12).
const RESOLVE_CACHED: u64 = 0x20;
/// Ask for the mount (linux/stat.h, since 5.8).
const STATX_MNT_ID: u32 = 0x1000;
/// It is the root of a mount (linux/stat.h, since 5.8).
const STATX_ATTR_MOUNT_ROOT: u64 = 0x2000;

/// From where a path was seen.
#[derive(Debug, Clone, Copy)]
pub struct Seat {
    /// The process.
    pub pid: i32,
    /// The mount that is its root, 0 where that isn't known.
    pub root_mount: u32,
    /// Whether its root's file system always answers by itself.
    pub local: bool,
}

/// Looks paths up.
pub struct Resolver {
    /// How many could not be looked up.
    pub missed: u64,
    own: u32,
    peers: HashMap<u32, [i32; PEERS_MAX]>,
    root: Option<Root>,
    path: Vec<u8>,
    /// Where the host's processes are.
    processes: PathBuf,
    proc: Vec<u8>,
}

/// How often a lookup among what is known is tried: the kernel gives it up where anything is renamed meanwhile.
const CACHED_TRIES: usize = 10;

/// The root of a process, open.
struct Root {
    seat: Seat,
    directory: File,
    /// Its own path, as Lanner sees it: what is found begins with it.
    prefix: Vec<u8>,
}

impl Root {
    fn open(&self, path: &[u8], flags: i32, local: bool) -> io::Result<File> {
        let root = self.directory.as_raw_fd();
        let again = |done: &io::Result<File>| {
            done.as_ref().is_err_and(|error| error.raw_os_error() == Some(libc::EAGAIN))
        };
        let mut tries =
            (0..CACHED_TRIES).map(|_| open(root, path, flags, libc::RESOLVE_IN_ROOT | RESOLVE_CACHED));
        match tries.find(|done| !again(done)) {
            Some(done) => done,
            None if local => open(root, path, flags, libc::RESOLVE_IN_ROOT | libc::RESOLVE_NO_XDEV),
            None => Err(io::Error::from_raw_os_error(libc::EAGAIN)),
        }
    }
}

impl Default for Resolver {
    fn default() -> Self {
        let own = open(libc::AT_FDCWD, b"/\0", 0, 0).ok().and_then(|root| mount_of(&root)).unwrap_or(0);
        let processes = host_path("/proc");
        let (peers, path, proc) = (HashMap::new(), Vec::new(), Vec::new());
        Resolver { missed: 0, own, peers, root: None, path, processes, proc }
    }
}

impl Resolver {
    /// Remembers that a process has that mount as its root.
    pub fn saw(&mut self, root_mount: u32, pid: i32) {
        if root_mount == 0 || root_mount == self.own {
            return;
        }
        if self.peers.len() >= ROOTS_MAX && !self.peers.contains_key(&root_mount) {
            self.peers.retain(|_, peers| peers.iter().any(|pid| lives(*pid)));
            if self.peers.len() >= ROOTS_MAX {
                return;
            }
        }
        let peers = self.peers.entry(root_mount).or_default();
        if !peers.contains(&pid) {
            // Those that have lived longest are the likeliest to go on.
            peers.iter_mut().find(|old| !lives(**old)).into_iter().for_each(|free| *free = pid);
        }
    }

    /// Lets go of what is only kept from one record to the next.
    pub fn end_batch(&mut self) {
        self.root = None;
    }

    /// Appends the real path of what a string names; `false` where it could not be found out, and nothing was
    /// appended. `base` is the components of what the string is relative to, leaf first. A link in the last
    /// component is followed only where that is said.
    pub fn push_real(
        &mut self,
        out: &mut Vec<u8>,
        seat: Seat,
        base: Option<&[u8]>,
        string: &[u8],
        follow: bool,
    ) -> bool {
        let start = out.len();
        let found = self.resolve(out, seat, base, string, follow);
        if found.is_err() {
            out.truncate(start);
            self.missed += 1;
        }
        found.is_ok()
    }

    fn resolve(
        &mut self,
        out: &mut Vec<u8>,
        seat: Seat,
        base: Option<&[u8]>,
        string: &[u8],
        follow: bool,
    ) -> io::Result<()> {
        self.path.clear();
        match base {
            _ if string.first() == Some(&b'/') => {}
            Some(base) => push_leaf_first(&mut self.path, base),
            None => return Err(io::ErrorKind::NotFound.into()),
        }
        self.path.push(b'/');
        self.path.extend_from_slice(own_root(string));
        while self.path.len() > 1 && self.path.last() == Some(&b'/') {
            self.path.pop();
        }
        let slash = self.path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        let name = &self.path[slash + 1..];
        let name: &[u8] = if follow || matches!(name, b"" | b"." | b"..") { b"" } else { name };
        // The name stands in `string` too, where it isn't in the way.
        let name_end = string.iter().rposition(|byte| *byte != b'/').map_or(0, |last| last + 1);
        let name = &string[name_end - name.len()..name_end];
        if !name.is_empty() {
            self.path.truncate(slash + 1);
        }
        self.path.push(0);
        self.open_root(seat)?;
        let Some(root) = &self.root else { return Err(io::ErrorKind::NotFound.into()) };
        let flags = if name.is_empty() { 0 } else { libc::O_DIRECTORY };
        let found = root.open(&self.path, flags, seat.local)?;
        push_path(out, &found, &mut self.proc, &root.prefix)?;
        if !name.is_empty() {
            if out.last() != Some(&b'/') {
                out.push(b'/');
            }
            out.extend_from_slice(name);
        }
        Ok(())
    }

    /// Opens the root of a process, or the same root by another process.
    fn open_root(&mut self, seat: Seat) -> io::Result<()> {
        let same = |root: &Root| match seat.root_mount {
            0 => root.seat.pid == seat.pid && root.seat.root_mount == 0,
            mount => root.seat.root_mount == mount,
        };
        if self.root.as_ref().is_some_and(same) {
            return Ok(());
        }
        self.root = None;
        let mut candidates = [0; PEERS_MAX + 1];
        candidates[0] =
            if seat.root_mount == self.own && self.own != 0 { std::process::id() as i32 } else { seat.pid };
        if let Some(peers) = self.peers.get(&seat.root_mount) {
            candidates[1..].copy_from_slice(peers);
        }
        for pid in candidates.into_iter().filter(|pid| *pid != 0) {
            write_path(&mut self.proc, format_args!("{}/{pid}/root", self.processes.display()))?;
            let Ok(directory) = open(libc::AT_FDCWD, &self.proc, libc::O_DIRECTORY, 0) else { continue };
            if seat.root_mount != 0 && mount_of(&directory) != Some(seat.root_mount) {
                continue;
            }
            let mut prefix = Vec::new();
            push_path(&mut prefix, &directory, &mut self.proc, b"/")?;
            self.root = Some(Root { seat, directory, prefix });
            return Ok(());
        }
        Err(io::ErrorKind::NotFound.into())
    }
}

/// A path without what leads it back to the process's own root: `/proc/self/root/etc` is `/etc`. Such links
/// can't be followed on behalf of another process.
fn own_root(mut path: &[u8]) -> &[u8] {
    for prefix in [&b"/proc/self/root"[..], b"/proc/thread-self/root"] {
        while let Some(rest) = path.strip_prefix(prefix) {
            if !rest.is_empty() && rest[0] != b'/' {
                break;
            }
            path = rest;
        }
    }
    path
}

/// Whether there is such a process.
fn lives(pid: i32) -> bool {
    // SAFETY: signal 0 is none; only the number is looked at.
    pid != 0 && unsafe { libc::kill(pid, 0) } == 0
}

/// The mount that a directory is the root of.
fn mount_of(directory: &File) -> Option<u32> {
    // SAFETY: statx is a plain struct of numbers, for which zeros are valid.
    let mut about: libc::statx = unsafe { std::mem::zeroed() };
    let flags = libc::AT_EMPTY_PATH | libc::AT_STATX_DONT_SYNC;
    // SAFETY: the path is empty and ends with a NUL, `about` is a statx; both live through the call.
    let done =
        unsafe { libc::statx(directory.as_raw_fd(), c"".as_ptr(), flags, STATX_MNT_ID, &raw mut about) };
    let known = done == 0 && about.stx_mask & STATX_MNT_ID != 0;
    (known && about.stx_attributes & STATX_ATTR_MOUNT_ROOT != 0).then_some(about.stx_mnt_id as u32)
}

fn write_path(out: &mut Vec<u8>, path: std::fmt::Arguments) -> io::Result<()> {
    out.clear();
    write!(out, "{path}\0")
}

/// Appends the path of an open file, without the prefix.
fn push_path(out: &mut Vec<u8>, file: &File, proc: &mut Vec<u8>, prefix: &[u8]) -> io::Result<()> {
    write_path(proc, format_args!("/proc/self/fd/{}", file.as_raw_fd()))?;
    let start = out.len();
    out.resize(start + PATH_MAX, 0);
    // SAFETY: the path ends with a NUL, and there is as much room behind `start` as is said.
    let length = unsafe { libc::readlink(proc.as_ptr().cast(), out[start..].as_mut_ptr().cast(), PATH_MAX) };
    out.truncate(start + usize::try_from(length).unwrap_or(0));
    if length < 0 {
        return Err(io::Error::last_os_error());
    }
    let inside =
        out[start..].strip_prefix(prefix).is_some_and(|rest| matches!(rest.first(), None | Some(b'/')));
    if prefix != b"/" && inside {
        out.drain(start..start + prefix.len());
    }
    if out.len() == start {
        out.push(b'/');
    }
    Ok(())
}

/// Opens a file only to know where it is. The path ends with a NUL.
///
/// A rename or a mount anywhere on the host makes the kernel give up a lookup that mustn't leave its root, or
/// mustn't wait (openat2(2), EAGAIN): it is tried again, since that is over at once.
fn open(directory: i32, path: &[u8], flags: i32, resolve: u64) -> io::Result<File> {
    let mut tries = 0;
    loop {
        match open_once(directory, path, flags, resolve) {
            Err(error) if error.raw_os_error() == Some(libc::EAGAIN) && tries < RACES_MAX => tries += 1,
            done => return done,
        }
    }
}

fn open_once(directory: i32, path: &[u8], flags: i32, resolve: u64) -> io::Result<File> {
    debug_assert_eq!(path.last(), Some(&0));
    // SAFETY: open_how is a plain struct of numbers, for which zeros are valid.
    let mut how: libc::open_how = unsafe { std::mem::zeroed() };
    how.flags = (libc::O_PATH | libc::O_CLOEXEC | flags) as u64;
    how.resolve = resolve;
    // SAFETY: the path ends with a NUL, and `how` is as long as is said; both live through the call.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_openat2,
            directory,
            path.as_ptr(),
            &raw const how,
            size_of::<libc::open_how>(),
        )
    };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new and belongs to nobody else.
    Ok(unsafe { File::from_raw_fd(fd as i32) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn real(base: Option<&str>, string: &str, follow: bool) -> Option<String> {
        let mut out = b"before".to_vec();
        let mut resolver = Resolver::default();
        let seat = Seat { pid: std::process::id() as i32, root_mount: 0, local: false };
        let base = base.map(str::as_bytes);
        let found = resolver.push_real(&mut out, seat, base, string.as_bytes(), follow);
        assert_eq!(resolver.missed, u64::from(!found));
        assert!(found || out == b"before");
        found.then(|| String::from_utf8(out.split_off(6)).unwrap())
    }

    #[test]
    fn links_are_followed_up_to_the_last_component() {
        let directory = tempfile::tempdir().unwrap();
        let base = directory.path().canonicalize().unwrap();
        std::fs::create_dir_all(base.join("a/sub")).unwrap();
        std::os::unix::fs::symlink(base.join("a/sub"), base.join("b")).unwrap();
        // The lookup knows only what was looked up before, and follows no link whose time of access it would have to
        // write: one that wasn't followed since the clock's last tick.
        let followed = || {
            assert!(base.join("b/x").symlink_metadata().is_err());
            let link = base.join("b").symlink_metadata().unwrap();
            link.accessed().unwrap() > link.modified().unwrap()
        };
        while !followed() {
            std::thread::yield_now();
        }
        let base = base.to_str().unwrap();
        let components: String = base.rsplit('/').map(|name| format!("{name}\0")).collect();
        for (string, follow, expected) in [
            ("/b/x", false, Some("/a/sub/x")),
            ("/b/x//", false, Some("/a/sub/x")),
            ("/b", false, Some("/b")),
            ("/b", true, Some("/a/sub")),
            ("/b/.", false, Some("/a/sub")),
            // A link is followed before what stands behind it leads up.
            ("/b/../x", false, Some("/a/x")),
            ("/none/x", false, None),
        ] {
            let expected = expected.map(|path| format!("{base}{path}"));
            assert_eq!(real(None, &format!("{base}{string}"), follow), expected, "{string}");
            assert_eq!(real(Some(&components), &string[1..], follow), expected, "{string}");
            let round = format!("/proc/self/root/proc/thread-self/root{base}{string}");
            assert_eq!(real(None, &round, follow), expected, "{string}");
        }
        assert_eq!(real(None, "/x", false), Some("/x".to_owned()));
        assert_eq!(real(None, "/", false), Some("/".to_owned()));
        assert_eq!(real(None, "relative", false), None);
    }
}
