//! Users of containers, read through the root of a process that lives there: here, one that has a root of its own.

use std::ffi::CString;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lanner_detector::container_users::{ContainerUsers, Inhabitant};
use lanner_event::Users;

/// Longer than any answer takes that comes at all.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process in a root of its own, until it is dropped.
struct Process(i32);

impl Process {
    /// `prepare` is called in it before it changes its root, and must be nothing but system calls.
    fn in_root(root: &Path, prepare: impl FnOnce()) -> Process {
        let root = CString::new(root.as_os_str().as_encoded_bytes()).unwrap();
        let (mut read, write) = std::io::pipe().unwrap();
        // SAFETY: the child makes nothing but system calls.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            prepare();
            // SAFETY: the path ends with a NUL and lives through the call; the others touch no memory.
            unsafe {
                let done = libc::chroot(root.as_ptr());
                libc::write(write.as_raw_fd(), c"".as_ptr().cast(), usize::from(done == 0));
                libc::close(write.as_raw_fd());
                loop {
                    libc::pause();
                }
            }
        }
        drop(write);
        std::io::Read::read_exact(&mut read, &mut [0]).expect("the child has its root");
        Process(pid)
    }

    fn lives_in(&self, container: &str) -> Inhabitant {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0)).unwrap();
        let columns = stat.rsplit_once(')').unwrap().1;
        let ticks: u64 = columns.split_ascii_whitespace().nth(19).unwrap().parse().unwrap();
        // SAFETY: sysconf reads nothing of ours.
        let per_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as u64;
        Inhabitant { container: container.into(), pid: self.0, start: ticks * (1_000_000_000 / per_second) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // SAFETY: the child is this one's, and wasn't waited for.
        unsafe {
            libc::kill(self.0, libc::SIGKILL);
            libc::waitpid(self.0, std::ptr::null_mut(), 0);
        }
    }
}

/// A root with these files.
fn root(passwd: &str, group: &str) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("etc")).unwrap();
    std::fs::write(root.path().join("etc/passwd"), passwd).unwrap();
    std::fs::write(root.path().join("etc/group"), group).unwrap();
    root
}

fn answer(users: &mut ContainerUsers, container: &str) -> Option<Arc<Users>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some((of, users)) = users.answer() {
            assert_eq!(&*of, container);
            return users;
        }
        assert!(Instant::now() < deadline, "nothing was said of {container}");
        std::thread::yield_now();
    }
}

fn read(users: &mut ContainerUsers, inhabitant: &Inhabitant) -> Option<Arc<Users>> {
    assert!(users.read(inhabitant.clone()));
    answer(users, &inhabitant.container)
}

fn name(users: &Users, uid: u32) -> String {
    users.user(uid).map_or("-".to_owned(), |user| String::from_utf8_lossy(&user.name).into_owned())
}

#[test]
fn a_container_has_users_of_its_own_and_they_change() {
    let root = root("admin:x:0:0::/:/sh\nweb:x:1234:1::/srv:/sh\n", "www:x:1:\n");
    let process = Process::in_root(root.path(), || {});
    let inhabitant = process.lives_in("a");
    let mut users = ContainerUsers::start(PATIENCE).unwrap();
    let found = read(&mut users, &inhabitant).expect("they can be read");
    assert_eq!((name(&found, 0), name(&found, 1234)), ("admin".to_owned(), "web".to_owned()));
    assert_eq!(found.group(1), Some(&b"www"[..]));
    // What hasn't changed isn't told again: the next that is told of is the change.
    assert!(users.read(inhabitant.clone()));
    std::fs::write(root.path().join("etc/new"), "app:x:1234:1::/srv:/sh\n").unwrap();
    std::fs::rename(root.path().join("etc/new"), root.path().join("etc/passwd")).unwrap();
    let changed = loop {
        let next = read(&mut users, &inhabitant).expect("they can be read");
        if next != found {
            break next;
        }
    };
    assert_eq!((name(&changed, 0), name(&changed, 1234)), ("root".to_owned(), "app".to_owned()));
}

#[test]
fn links_stay_inside_and_what_is_no_file_is_not_read() {
    let root = root("", "");
    let etc = root.path().join("etc");
    std::fs::rename(etc.join("passwd"), root.path().join("users")).unwrap();
    std::fs::write(root.path().join("users"), "web:x:7:7::/:/\n").unwrap();
    symlink("../../../../../../users", etc.join("passwd")).unwrap();
    std::fs::remove_file(etc.join("group")).unwrap();
    let pipe = CString::new(etc.join("group").as_os_str().as_encoded_bytes()).unwrap();
    // SAFETY: the path ends with a NUL and lives through the call.
    assert_eq!(unsafe { libc::mkfifo(pipe.as_ptr(), 0o600) }, 0);
    let process = Process::in_root(root.path(), || {});
    let mut users = ContainerUsers::start(PATIENCE).unwrap();
    let found = read(&mut users, &process.lives_in("a")).expect("they can be read");
    assert_eq!((name(&found, 7), found.groups.len()), ("web".to_owned(), 0));
    // A link to a file of the host leads nowhere.
    let own = root.path().join("own");
    std::fs::write(&own, "own:x:8:8::/:/\n").unwrap();
    std::fs::remove_file(etc.join("passwd")).unwrap();
    symlink(&own, etc.join("passwd")).unwrap();
    let found = read(&mut users, &process.lives_in("b")).expect("they can be read");
    assert_eq!(found.users.len(), 0);
}

#[test]
fn what_the_host_or_nobody_has_is_no_container_s() {
    let mut users = ContainerUsers::start(Duration::from_millis(50)).unwrap();
    let process = Process::in_root(Path::new("/"), || {});
    assert_eq!(read(&mut users, &process.lives_in("a")), None);
    let root = root("web:x:7:7::/:/\n", "");
    let process = Process::in_root(root.path(), || {});
    let mut other = process.lives_in("b");
    other.start += 3_600_000_000_000;
    assert_eq!(read(&mut users, &other), None, "the number is another's by now");
    let long = "x".repeat(2 << 20);
    std::fs::write(root.path().join("etc/passwd"), long).unwrap();
    assert_eq!(read(&mut users, &process.lives_in("c")), None);
}

/// An engine's process gets its root only after it was seen.
#[test]
fn a_root_may_come_late() {
    let mut users = ContainerUsers::start(PATIENCE).unwrap();
    let root = root("web:x:7:7::/:/\n", "");
    let host = Process::in_root(Path::new("/"), || {});
    let inside = Process::in_root(root.path(), || {});
    assert!(users.read(host.lives_in("a")));
    assert!(users.read(inside.lives_in("a")));
    drop(host);
    let found = answer(&mut users, "a").expect("they can be read");
    assert_eq!(name(&found, 7), "web");
}

#[test]
fn numbers_are_those_of_the_host() {
    let root = root("root:x:0:0::/:/\nweb:x:7:7::/:/\nfar:x:70000:1::/:/\n", "www:x:7:\n");
    let process = Process::in_root(root.path(), || {
        // SAFETY: it touches no memory.
        unsafe { libc::unshare(libc::CLONE_NEWUSER) };
    });
    std::fs::write(format!("/proc/{}/uid_map", process.0), "0 0 1\n1 100001 65535\n").unwrap();
    std::fs::write(format!("/proc/{}/gid_map", process.0), "0 0 1\n1 200001 65535\n").unwrap();
    let mut users = ContainerUsers::start(PATIENCE).unwrap();
    let found = read(&mut users, &process.lives_in("a")).expect("they can be read");
    assert_eq!((name(&found, 7), name(&found, 100_007)), ("-".to_owned(), "web".to_owned()));
    assert_eq!((found.group(200_007), found.users.len()), (Some(&b"www"[..]), 2));
}

/// A file system in which every question stays unanswered: a program would answer, and there is none.
struct Silent {
    _device: File,
    at: CString,
}

impl Silent {
    fn mount(at: &Path) -> Silent {
        let device = File::options().read(true).write(true).open("/dev/fuse").expect("the kernel has FUSE");
        let options = format!("fd={},rootmode=40000,user_id=0,group_id=0", device.as_raw_fd());
        let options = CString::new(options).unwrap();
        let at = CString::new(at.as_os_str().as_encoded_bytes()).unwrap();
        let kind = c"fuse".as_ptr();
        // SAFETY: all texts end with a NUL and live through the call.
        let done = unsafe { libc::mount(kind, at.as_ptr(), kind, 0, options.as_ptr().cast()) };
        assert_eq!(done, 0, "{}", std::io::Error::last_os_error());
        Silent { _device: device, at }
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        // SAFETY: the path ends with a NUL and lives through the call.
        unsafe { libc::umount2(self.at.as_ptr(), libc::MNT_FORCE | libc::MNT_DETACH) };
    }
}

#[test]
fn a_file_system_that_does_not_answer_delays_no_other() {
    let silent = root("", "");
    let mounted = Silent::mount(&silent.path().join("etc"));
    let stuck = Process::in_root(silent.path(), || {});
    let other = root("web:x:7:7::/:/\n", "");
    let process = Process::in_root(other.path(), || {});
    let mut users = ContainerUsers::start(PATIENCE).unwrap();
    assert!(users.read(stuck.lives_in("stuck")));
    let found = read(&mut users, &process.lives_in("a")).expect("they can be read");
    assert_eq!(name(&found, 7), "web");
    let mut hasty = ContainerUsers::start(Duration::from_millis(50)).unwrap();
    assert_eq!(read(&mut hasty, &stuck.lives_in("stuck")), None);
    drop(mounted);
}
