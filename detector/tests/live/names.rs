//! Names that are made, changed and removed: their real directories.

use std::os::fd::AsRawFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use lanner_detector::source::Source;
use lanner_event::{EventFlags, EventRef, Kind};

use super::{Gate, c, events_of, events_until, fork, in_child, only, readings, start, wait};

/// A directory `real` with a file `a`, and a link to it.
fn linked() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let base = directory.path().canonicalize().unwrap();
    std::fs::create_dir(base.join("real")).unwrap();
    symlink("real", base.join("link")).unwrap();
    std::fs::write(base.join("real/a"), "x").unwrap();
    (directory, base)
}

fn below(base: &Path, directory: &str) -> impl Fn(&str) -> String {
    move |name| base.join(directory).join(name).display().to_string()
}

#[test]
fn names_are_changed_in_real_directories() {
    let Some(mut live) = start() else { return };
    let (_directory, base) = linked();
    let pid = in_child(|| {
        std::fs::rename(base.join("link/a"), base.join("link/b")).unwrap();
        std::fs::hard_link(base.join("link/b"), base.join("link/c")).unwrap();
        std::fs::remove_file(base.join("link/c")).unwrap();
        std::fs::create_dir(base.join("link/d")).unwrap();
        std::fs::remove_dir(base.join("link/d")).unwrap();
        symlink("b", base.join("link/e")).unwrap();
    });
    let events = events_of(&mut live, pid);
    let (given, real) = (below(&base, "link"), below(&base, "real"));
    for (kind, param, name) in [
        (Kind::Rename, "oldpath", "a"),
        (Kind::Rename, "newpath", "b"),
        (Kind::Linkat, "oldpath", "b"),
        (Kind::Linkat, "newpath", "c"),
        (Kind::Unlink, "path", "c"),
        (Kind::Mkdir, "path", "d"),
        (Kind::Rmdir, "path", "d"),
        (Kind::Symlink, "linkpath", "e"),
    ] {
        let event = only(&events, kind);
        assert_eq!(readings(&event, param), (given(name), real(name)), "{kind:?}");
        assert!(event.res == 0 && event.flags.contains(EventFlags::LATE), "{kind:?}");
    }
    assert_eq!(live.lost().total(), 0);
}

#[test]
fn entries_of_an_open_directory_are_known_at_once() {
    let Some(mut live) = start() else { return };
    let (_directory, base) = linked();
    let pid = in_child(|| {
        std::env::set_current_dir(&base).unwrap();
        let directory = std::fs::File::open(base.join("link")).unwrap();
        let fd = directory.as_raw_fd();
        let (a, b, none) = (c("a"), c("b"), c("none"));
        // SAFETY: all strings end with a NUL and live through the calls.
        unsafe {
            assert_eq!(libc::renameat(fd, a.as_ptr(), libc::AT_FDCWD, b.as_ptr()), 0);
            assert_eq!(libc::unlinkat(libc::AT_FDCWD, b.as_ptr(), 0), 0);
            assert_eq!(libc::mkdirat(fd, c"link/../x".as_ptr(), 0o700), -1);
            assert_eq!(libc::mkdirat(fd, none.as_ptr(), 0o700), 0);
        }
    });
    let events = events_of(&mut live, pid);
    let (here, real) = (below(&base, ""), below(&base, "real"));
    let rename = only(&events, Kind::Renameat);
    assert_eq!(readings(&rename, "oldpath"), (real("a"), real("a")));
    assert_eq!(readings(&rename, "newpath"), (here("b"), here("b")));
    assert!(!rename.flags.contains(EventFlags::LATE));
    assert_eq!(readings(&only(&events, Kind::Unlinkat), "name"), (here("b"), here("b")));
    let made = super::of_kind(&events, Kind::Mkdirat);
    assert_eq!(readings(&made[0], "path"), (real("x"), "-".to_owned()));
    assert_eq!(readings(&made[1], "path"), (real("none"), real("none")));
}

/// Gives the calling process a mount namespace with a root of its own, as a container has: an overlay below `base`.
fn enter_container(base: &Path) {
    for name in ["lower", "upper", "work", "root"] {
        std::fs::create_dir(base.join(name)).unwrap();
    }
    let (root, base) = (c(base.join("root")), base.display());
    let options = c(format!("lowerdir={base}/lower,upperdir={base}/upper,workdir={base}/work"));
    // SAFETY: the strings end with a NUL and live through the calls.
    unsafe {
        assert_eq!(libc::unshare(libc::CLONE_NEWNS), 0);
        let (nothing, private) = (c"".as_ptr(), libc::MS_REC | libc::MS_PRIVATE);
        assert_eq!(libc::mount(nothing, c"/".as_ptr(), nothing, private, std::ptr::null()), 0);
        let overlay = c"overlay".as_ptr();
        assert_eq!(libc::mount(overlay, root.as_ptr(), overlay, 0, options.as_ptr().cast()), 0);
        assert_eq!(libc::chroot(root.as_ptr()), 0);
    }
    std::env::set_current_dir("/").unwrap();
}

/// The process that made a name has ended when that is read, and another one with the same root stands in for it.
#[test]
fn names_in_a_container_are_resolved_after_their_process_ended() {
    let Some(mut live) = start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let base = directory.path().canonicalize().unwrap();
    let gate = Gate::new();
    let pid = fork(|| {
        enter_container(&base);
        std::fs::create_dir_all("/usr/bin").unwrap();
        symlink("usr/bin", "/bin").unwrap();
        symlink("/bin", "/usr/way").unwrap();
        in_child(|| std::fs::create_dir("/usr/way/x").unwrap());
        gate.wait();
    });
    let of_child = |event: &EventRef| event.task.ppid == pid;
    let events = events_until(&mut live, of_child, |event| event.kind == Kind::Procexit);
    gate.open();
    wait(pid);
    let mkdir = only(&events, Kind::Mkdir);
    assert_eq!(readings(&mkdir, "path"), ("/usr/way/x".to_owned(), "/usr/bin/x".to_owned()));
}

/// What can't be looked up any more is counted, and only the given reading is left.
#[test]
fn what_is_gone_is_counted() {
    let Some(mut live) = start() else { return };
    let (_directory, base) = linked();
    let pid = in_child(|| {
        let path = c(base.join("real"));
        // SAFETY: the path ends with a NUL and lives through the call.
        assert_eq!(unsafe { libc::chroot(path.as_ptr()) }, 0);
        std::fs::remove_file("/./a").unwrap();
    });
    let events = events_of(&mut live, pid);
    assert_eq!(readings(&only(&events, Kind::Unlink), "path"), ("/a".to_owned(), "-".to_owned()));
    let missed = live.lost().partial.iter().any(|(what, _)| what.contains("looked up"));
    assert!(missed, "{:?}", live.lost());
}
