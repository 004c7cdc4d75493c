//! Opens and mounts.

use std::os::fd::AsRawFd;
use std::os::unix::fs::symlink;
use std::path::Path;

use lanner_event::{EventFlags, EventRef, FdKind, Kind, O_F_CREATED, OwnedEvent, Param};

use super::{c, events_of, in_child, of_kind, only, readings, start, text};

fn open(path: impl AsRef<Path>, flags: i32) -> i32 {
    let path = c(path);
    // SAFETY: the path ends with a NUL and lives through the call.
    unsafe { libc::open(path.as_ptr(), flags, 0o600) }
}

/// The opens of what is below a directory, or named so.
fn opens<'a>(events: &'a [OwnedEvent], below: &Path) -> Vec<EventRef<'a>> {
    let below = below.to_str().unwrap();
    of_kind(events, Kind::Openat).into_iter().filter(|event| text(event, "name").contains(below)).collect()
}

#[test]
fn opens_have_two_readings() {
    let Some(mut live) = start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let base = directory.path().canonicalize().unwrap();
    std::fs::write(base.join("file"), "x").unwrap();
    symlink(base.join("file"), base.join("link")).unwrap();
    let pid = in_child(|| {
        open(base.join("file"), libc::O_RDWR | libc::O_CREAT);
        open(base.join("link"), libc::O_RDONLY);
        open(format!("/proc/self/root{}", base.join("file").display()), libc::O_RDONLY);
        std::env::set_current_dir(&base).unwrap();
        open("./link", libc::O_RDONLY);
        open("./x/../file", libc::O_RDONLY);
        open(base.join("none"), libc::O_RDONLY);
    });
    let events = events_of(&mut live, pid);
    let here = |name: &str| base.join(name).display().to_string();
    let opens = opens(&events, &base);
    let found: Vec<_> = opens.iter().map(|event| (readings(event, "name"), event.res >= 0)).collect();
    let file = here("file");
    assert_eq!(
        found,
        [
            ((file.clone(), file.clone()), true),
            ((here("link"), file.clone()), true),
            ((format!("/proc/self/root{file}"), file.clone()), true),
            ((here("link"), file.clone()), true),
            ((file.clone(), "-".to_owned()), false),
            ((here("none"), "-".to_owned()), false),
        ]
    );
    assert_eq!(opens[0].param("flags"), Some(Param::Uint((libc::O_RDWR | libc::O_CREAT) as u64)));
    assert_eq!(opens[5].res, -i64::from(libc::ENOENT));
    assert!(opens.iter().all(|event| !event.flags.contains(EventFlags::LATE)));
}

#[test]
fn a_record_says_who_did_it() {
    let Some(mut live) = start() else { return };
    let pid = in_child(|| {
        open("/", libc::O_RDONLY);
    });
    let events = events_of(&mut live, pid);
    let task = only(&events, Kind::Openat).task;
    let own = std::process::id() as i32;
    // SAFETY: none of these can fail or touch memory.
    let (uid, gid, sid, pgid) =
        unsafe { (libc::getuid(), libc::getgid(), libc::getsid(0), libc::getpgid(0)) };
    assert_eq!((task.pid, task.tid, task.vpid, task.vtid, task.ppid), (pid, pid, pid, pid, own));
    assert_eq!((task.uid, task.euid, task.gid, task.egid), (uid, uid, gid, gid));
    assert_eq!((task.sid, task.pgid, task.vsid, task.vpgid), (sid, pgid, sid, pgid));
    let namespace = |name: &str| {
        let link = std::fs::read_link(format!("/proc/self/ns/{name}")).unwrap();
        let number =
            link.to_str().unwrap().trim_start_matches(|c: char| !c.is_ascii_digit()).trim_end_matches(']');
        number.parse::<u32>().unwrap()
    };
    assert_eq!(
        (task.mnt_ns, task.pid_ns, task.net_ns),
        (namespace("mnt"), namespace("pid"), namespace("net"))
    );
    let login = std::fs::read_to_string("/proc/self/loginuid").unwrap();
    assert_eq!(task.loginuid.to_string(), login.trim());
    let comm = std::fs::read("/proc/thread-self/comm").unwrap();
    assert_eq!(task.comm.as_bytes(), comm.trim_ascii_end());
}

#[test]
fn made_files_and_directories_are_told_apart() {
    let Some(mut live) = start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let base = directory.path().canonicalize().unwrap();
    let pid = in_child(|| {
        open(base.join("new"), libc::O_WRONLY | libc::O_CREAT);
        open(&base, libc::O_RDONLY | libc::O_DIRECTORY);
        let how = [libc::O_RDONLY as u64, 0, libc::RESOLVE_NO_SYMLINKS];
        let path = c(base.join("new"));
        // SAFETY: the path ends with a NUL, and `how` is an open_how; both live through the call.
        unsafe { libc::syscall(libc::SYS_openat2, libc::AT_FDCWD, path.as_ptr(), &raw const how, 24) };
        // Newer machines have no such call.
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        unsafe {
            libc::syscall(libc::SYS_creat, path.as_ptr(), 0o600)
        };
    });
    let events = events_of(&mut live, pid);
    let opens = opens(&events, &base);
    let created = libc::O_WRONLY as u64 | libc::O_CREAT as u64 | O_F_CREATED;
    assert_eq!(opens[0].param("flags"), Some(Param::Uint(created)));
    assert_eq!(opens[0].fd.unwrap().kind, Some(FdKind::File));
    assert_eq!(opens[1].fd.unwrap().kind, Some(FdKind::Directory));
    let about = std::fs::metadata(base.join("new")).unwrap();
    use std::os::unix::fs::MetadataExt;
    let ids = (Some(Param::Uint(about.dev())), Some(Param::Uint(about.ino())));
    assert_eq!((opens[0].param("dev"), opens[0].param("ino")), ids);
    let openat2 = only(&events, Kind::Openat2);
    assert_eq!(openat2.param("resolve"), Some(Param::Uint(libc::RESOLVE_NO_SYMLINKS)));
    let new = base.join("new").display().to_string();
    assert_eq!(readings(&openat2, "name"), (new.clone(), new.clone()));
    #[cfg(target_arch = "x86_64")]
    assert_eq!(readings(&only(&events, Kind::Creat), "name"), (new.clone(), new));
}

#[test]
fn what_is_in_no_directory_has_no_real_path() {
    let Some(mut live) = start() else { return };
    let mut path = String::new();
    let (read, _write) = std::io::pipe().unwrap();
    path.push_str(&format!("/proc/self/fd/{}", read.as_raw_fd()));
    let pid = in_child(|| {
        open(&path, libc::O_RDONLY);
    });
    let events = events_of(&mut live, pid);
    assert_eq!(readings(&only(&events, Kind::Openat), "name"), (path, "-".to_owned()));
}

#[test]
fn a_root_of_its_own_is_where_paths_begin() {
    let Some(mut live) = start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let base = directory.path().canonicalize().unwrap();
    std::fs::write(base.join("file"), "x").unwrap();
    let pid = in_child(|| {
        let path = c(&base);
        // SAFETY: the path ends with a NUL and lives through the call.
        assert_eq!(unsafe { libc::chroot(path.as_ptr()) }, 0);
        std::env::set_current_dir("/").unwrap();
        open("file", libc::O_RDONLY);
    });
    let events = events_of(&mut live, pid);
    let found = only(&events, Kind::Openat);
    assert_eq!(readings(&found, "name"), ("/file".to_owned(), "/file".to_owned()));
}

#[test]
fn deep_paths_are_whole() {
    let Some(mut live) = start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let base = directory.path().canonicalize().unwrap();
    let deep = base.join("d/".repeat(200)).join("n".repeat(255));
    std::fs::create_dir_all(deep.parent().unwrap()).unwrap();
    std::fs::write(&deep, "x").unwrap();
    let pid = in_child(|| {
        open(&deep, libc::O_RDONLY);
    });
    let events = events_of(&mut live, pid);
    let deep = deep.display().to_string();
    assert_eq!(readings(&opens(&events, &base)[0], "name"), (deep.clone(), deep));
}

/// Deeper than anything is walked: `...` stands for what isn't known of either reading, and the event says so.
#[test]
fn deeper_paths_are_marked() {
    let Some(mut live) = start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let base = directory.path().canonicalize().unwrap();
    let pid = in_child(|| {
        std::env::set_current_dir(&base).unwrap();
        for _ in 0..1000 {
            std::fs::create_dir("deep").unwrap();
            std::env::set_current_dir("deep").unwrap();
        }
        open("file", libc::O_WRONLY | libc::O_CREAT);
        std::fs::rename("file", "other").unwrap();
        std::fs::rename("./other", "../file").unwrap();
        open("../file", libc::O_RDONLY);
        open("/etc/passwd", libc::O_RDONLY);
        open("a/".repeat(2100), libc::O_RDONLY);
    });
    let events = events_of(&mut live, pid);
    let found = of_kind(&events, Kind::Openat).into_iter().filter(|event| event.res >= 0);
    let opens: Vec<_> = found.map(|event| (readings(&event, "name"), event.flags)).collect();
    for ((given, real), flags) in &opens[..2] {
        assert!(given.starts_with(".../deep/deep/") && given.ends_with("/deep/file"), "{given}");
        assert!(real.starts_with(".../deep/deep/") && real.ends_with("/deep/file"), "{real}");
        assert!(flags.contains(EventFlags::PATH_CUT));
    }
    let ((given, real), flags) = &opens[2];
    assert_eq!((&**given, &**real), ("/etc/passwd", "/etc/passwd"));
    assert!(!flags.contains(EventFlags::PATH_CUT));
    // A name of the directory itself is known, what would have to be looked up isn't.
    let renames: Vec<_> = of_kind(&events, Kind::Rename);
    let (given, real) = readings(&renames[0], "newpath");
    assert!(given.starts_with(".../deep/") && given == real, "{given} {real}");
    assert_eq!(readings(&renames[1], "newpath").1, "-");
    let long = of_kind(&events, Kind::Openat).into_iter().find(|event| event.res < 0).unwrap();
    assert_eq!(long.res, -i64::from(libc::ENAMETOOLONG));
    assert!(text(&long, "name").ends_with("/a/a..."), "{}", text(&long, "name"));
    assert!(long.flags.contains(EventFlags::PATH_CUT));
}

#[test]
fn mounts_are_seen_even_where_they_fail() {
    let Some(mut live) = start() else { return };
    let pid = in_child(|| {
        let (source, target, kind) = (c("none"), c("/none/such"), c("tmpfs"));
        // SAFETY: all strings end with a NUL and live through the call.
        unsafe {
            libc::mount(source.as_ptr(), target.as_ptr(), kind.as_ptr(), libc::MS_RDONLY, std::ptr::null())
        };
    });
    let events = events_of(&mut live, pid);
    let mount = only(&events, Kind::Mount);
    assert_eq!(readings(&mount, "dir"), ("/none/such".to_owned(), "-".to_owned()));
    assert_eq!(text(&mount, "type"), "tmpfs");
    assert_eq!(mount.param("flags"), Some(Param::Uint(1)));
    assert_eq!(mount.res, -i64::from(libc::ENOENT));
}

#[test]
fn what_is_mounted_where_has_two_readings() {
    let Some(mut live) = start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let base = directory.path().canonicalize().unwrap();
    std::fs::create_dir(base.join("real")).unwrap();
    std::fs::create_dir(base.join("target")).unwrap();
    symlink("real", base.join("link")).unwrap();
    let gate = super::Gate::new();
    let pid = super::fork(|| {
        let (source, target) = (c(base.join("link")), c(base.join("target")));
        // SAFETY: all strings end with a NUL and live through the calls.
        unsafe {
            assert_eq!(libc::unshare(libc::CLONE_NEWNS), 0);
            let private = libc::MS_REC | libc::MS_PRIVATE;
            assert_eq!(libc::mount(c"".as_ptr(), c"/".as_ptr(), c"".as_ptr(), private, std::ptr::null()), 0);
            let (from, to) = (source.as_ptr(), target.as_ptr());
            assert_eq!(libc::mount(from, to, std::ptr::null(), libc::MS_BIND, std::ptr::null()), 0);
        }
        gate.wait();
    });
    let is_bind =
        |event: &EventRef| event.kind == Kind::Mount && event.param("flags") == Some(Param::Uint(4096));
    let events = super::events_until(&mut live, |event| event.task.pid == pid, is_bind);
    gate.open();
    super::wait(pid);
    let mount = events.last().unwrap().as_ref();
    let here = |name: &str| base.join(name).display().to_string();
    assert_eq!(readings(&mount, "dev"), (here("link"), here("real")));
    assert_eq!(readings(&mount, "dir"), (here("target"), here("target")));
    assert!(mount.flags.contains(EventFlags::LATE));
}
