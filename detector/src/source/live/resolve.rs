//! The real directory of a name, for syscalls whose hook isn't given it.
//!
//! After a rename, link, unlink or mkdir the kernel side knows only the string. Where the kernel lets no program
//! see the directory itself, it is looked up here, at once, as the process would see it. It is late: another
//! thread may have changed the directory since. What can't be looked up any more is counted.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::ffi::OsStringExt;

/// Looks directories up.
#[derive(Default)]
pub struct Resolver {
    /// How many could not be looked up.
    pub missed: u64,
    parent: Vec<u8>,
}

impl Resolver {
    /// Appends the real reading of a path, as a process sees it; `false` where it could not be found out, and
    /// nothing was appended. The last component isn't followed, as these syscalls don't.
    pub fn push_real(&mut self, out: &mut Vec<u8>, pid: i32, given: &[u8]) -> bool {
        let Some(slash) = given.iter().rposition(|byte| *byte == b'/') else {
            self.missed += 1;
            return false;
        };
        let (parent, name) = (&given[..slash], &given[slash + 1..]);
        self.parent.clear();
        self.parent.extend_from_slice(own_root(parent));
        self.parent.push(b'/');
        let Ok(directory) = open_in_root(pid, &self.parent) else {
            self.missed += 1;
            return false;
        };
        let start = out.len();
        out.extend_from_slice(&directory);
        if out.last() == Some(&b'/') {
            out.pop();
        }
        out.push(b'/');
        out.extend_from_slice(name);
        if name.is_empty() && out.len() > start + 1 {
            out.pop();
        }
        true
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

/// The path of a directory as a process sees it, with all links followed inside its root.
fn open_in_root(pid: i32, path: &[u8]) -> io::Result<Vec<u8>> {
    let root_link = format!("/proc/{pid}/root");
    let root = open(libc::AT_FDCWD, root_link.as_bytes(), 0)?;
    let directory = open(root.as_raw_fd(), path, libc::RESOLVE_IN_ROOT)?;
    let found =
        std::fs::read_link(format!("/proc/self/fd/{}", directory.as_raw_fd()))?.into_os_string().into_vec();
    // What the kernel says is relative to Lanner's root, or to that of another mount namespace.
    let root = std::fs::read_link(root_link)?.into_os_string().into_vec();
    match found.strip_prefix(root.as_slice()) {
        Some(inside) if root != b"/" && (inside.is_empty() || inside[0] == b'/') => Ok(inside.to_vec()),
        _ => Ok(found),
    }
}

fn open(directory: i32, path: &[u8], resolve: u64) -> io::Result<File> {
    let path = CString::new(path)?;
    // SAFETY: open_how is a plain struct of numbers, for which zeros are valid.
    let mut how: libc::open_how = unsafe { std::mem::zeroed() };
    how.flags = (libc::O_PATH | libc::O_DIRECTORY | libc::O_CLOEXEC) as u64;
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

    fn real(given: &str) -> Option<String> {
        let mut out = Vec::new();
        let found = Resolver::default().push_real(&mut out, std::process::id() as i32, given.as_bytes());
        found.then(|| String::from_utf8(out).unwrap())
    }

    #[test]
    fn links_are_followed_up_to_the_last_component() {
        let directory = tempfile::tempdir().unwrap();
        let base = directory.path().canonicalize().unwrap();
        std::fs::create_dir(base.join("a")).unwrap();
        std::os::unix::fs::symlink(base.join("a"), base.join("b")).unwrap();
        let base = base.to_str().unwrap();
        assert_eq!(real(&format!("{base}/b/x")), Some(format!("{base}/a/x")));
        assert_eq!(real(&format!("{base}/b")), Some(format!("{base}/b")));
        assert_eq!(real(&format!("/proc/self/root{base}/b/x")), Some(format!("{base}/a/x")));
        assert_eq!(real("/x"), Some("/x".to_owned()));
        assert_eq!(real(&format!("{base}/none/x")), None);
        assert_eq!(real("relative"), None);
    }
}
