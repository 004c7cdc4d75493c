//! Programs that start, or can't; processes; cgroups.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;

use lanner_event::{EventFlags, EventRef, ExeFlags, Kind, Param};

use super::parameters::said;
use super::{c, events_of, events_until, in_child, of_kind, only, readings, start, start_with, text};

#[test]
fn programs_start_and_end() {
    let Some(mut live) = start() else { return };
    let mut child = Command::new("/bin/sh").args(["-c", "exit 3", "two words"]).spawn().unwrap();
    let pid = child.id() as i32;
    child.wait().unwrap();
    let events = events_of(&mut live, pid);
    let exec = only(&events, Kind::Execve);
    assert_eq!((text(&exec, "exe"), text(&exec, "comm")), ("/bin/sh".to_owned(), "sh".to_owned()));
    assert_eq!(text(&exec, "args"), "-c\0exit 3\0two words\0");
    assert_eq!(text(&exec, "cwd"), std::env::current_dir().unwrap().display().to_string());
    let shell = std::fs::canonicalize("/bin/sh").unwrap();
    assert_eq!(readings(&exec, "filename"), ("/bin/sh".to_owned(), shell.display().to_string()));
    assert_eq!(text(&exec, "trusted_exepath"), shell.display().to_string());
    assert_eq!(exec.param("exe_ino"), Some(Param::Uint(shell.metadata().unwrap().ino())));
    assert!(!text(&exec, "cgroups").is_empty());
    let clone = only(&events, Kind::Clone);
    assert_eq!(clone.param("ptid"), Some(Param::Int(i64::from(std::process::id()))));
    let exit = only(&events, Kind::Procexit);
    assert_eq!((exit.param("ret"), exit.param("sig")), (Some(Param::Int(3)), Some(Param::Uint(0))));
    assert_eq!((clone.task.start, exit.task.start), (exec.task.start, exec.task.start));
}

/// What it was to be given is told of a program that can't be started, too.
#[test]
fn a_failed_start_says_what_was_to_be_started() {
    let Some(mut live) = start() else { return };
    let long = "x".repeat(5000);
    let pid = in_child(|| {
        let (path, first, second, variable, long) = (c("/none/sh"), c("sh"), c("-c"), c("A=b"), c(&long));
        let list = |texts: &[&std::ffi::CStr]| -> Vec<*const libc::c_char> {
            texts.iter().map(|text| text.as_ptr()).chain([std::ptr::null()]).collect()
        };
        let (args, env) = (list(&[&first, &second]), list(&[&variable]));
        let many = list(&[&first, &long, &second]);
        // SAFETY: the strings end with a NUL, the lists with a null pointer; all live through the calls.
        unsafe {
            libc::execve(path.as_ptr(), args.as_ptr(), env.as_ptr());
            let (dirfd, flags) = (libc::AT_FDCWD, 0);
            libc::syscall(libc::SYS_execveat, dirfd, path.as_ptr(), many.as_ptr(), env.as_ptr(), flags);
        }
    });
    let events = events_of(&mut live, pid);
    let (execve, execveat) = (only(&events, Kind::Execve), only(&events, Kind::Execveat));
    for event in [execve, execveat] {
        assert_eq!(event.res, -i64::from(libc::ENOENT));
        assert_eq!((text(&event, "exe"), text(&event, "env")), ("sh".to_owned(), "A=b\0".to_owned()));
        assert_eq!(event.param("pid"), Some(Param::Int(pid.into())));
        assert_eq!(event.param("uid"), Some(Param::Int(0)));
    }
    assert_eq!(text(&execve, "args"), "-c\0");
    // As many bytes as there is room for.
    assert_eq!(text(&execveat, "args"), "x".repeat(4096 - "sh\0".len()));
    assert!(execveat.flags.contains(EventFlags::TRUNCATED) && !execve.flags.contains(EventFlags::TRUNCATED));
    assert_eq!(execveat.param("dirfd"), Some(Param::Int(libc::AT_FDCWD.into())));
}

/// How a process was made: with a copy of its parent's memory, or in it until it starts a program.
#[test]
fn a_new_process_says_what_it_shares() {
    let Some(mut live) = start() else { return };
    let forked = in_child(|| ());
    // SAFETY: it takes numbers, and makes a child that runs on with a stack of its own copy.
    let shares = |flags: i64| {
        in_child(|| unsafe {
            let child = libc::syscall(libc::SYS_clone, flags | i64::from(libc::SIGCHLD), 0, 0, 0, 0);
            if child == 0 {
                libc::_exit(0);
            }
            libc::waitpid(child as i32, std::ptr::null_mut(), 0);
        })
    };
    let parent = shares(i64::from(libc::CLONE_FS | libc::CLONE_FILES));
    let made = events_until(
        &mut live,
        |event| {
            event.kind == Kind::Clone && [event.task.pid, event.task.ppid].contains(&parent)
                || event.task.pid == forked
        },
        |event| event.kind == Kind::Clone && event.task.ppid == parent,
    );
    let flags = |of: &dyn Fn(&EventRef) -> bool| {
        let clone = made.iter().find(|event| event.as_ref().kind == Kind::Clone && of(&event.as_ref()));
        said(clone.expect("it was seen").as_ref(), "evt.arg.flags")
    };
    assert_eq!(flags(&|event| event.task.pid == forked), "CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID");
    assert_eq!(flags(&|event| event.task.ppid == parent), "CLONE_FILES|CLONE_FS");
}

#[test]
fn capabilities_are_those_of_the_thread() {
    let Some(mut live) = start() else { return };
    const CAP_SYS_BOOT: u64 = 22;
    let pid = in_child(|| {
        // SAFETY: takes numbers alone.
        unsafe { libc::prctl(libc::PR_CAPBSET_DROP, CAP_SYS_BOOT) };
        let path = c("/bin/true");
        // SAFETY: the strings end with a NUL, the list with a null pointer; all live through the call.
        unsafe { libc::execv(path.as_ptr(), [path.as_ptr(), std::ptr::null()].as_ptr()) };
    });
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let own = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        u64::from_str_radix(line.trim(), 16).unwrap()
    };
    let events = events_of(&mut live, pid);
    let (before, after) = (only(&events, Kind::Clone), only(&events, Kind::Execve));
    let (before, after) = (before.task.caps.unwrap(), after.task.caps.unwrap());
    assert_eq!(before.permitted, own("CapPrm:"));
    assert_eq!(before.effective, own("CapEff:"));
    assert_eq!(before.inheritable, own("CapInh:"));
    assert_eq!(after.permitted, own("CapBnd:") & !(1 << CAP_SYS_BOOT));
    assert_eq!(after.effective, after.permitted);
}

#[test]
fn a_program_comes_with_its_environment_and_what_its_file_is() {
    let Some(mut live) = start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("program");
    std::fs::copy("/bin/true", &program).unwrap();
    let mut child = Command::new(&program).env_clear().env("ONE", "1").env("TWO", "2 3").spawn().unwrap();
    let pid = child.id() as i32;
    child.wait().unwrap();
    let events = events_of(&mut live, pid);
    let exec = only(&events, Kind::Execve);
    assert_eq!(text(&exec, "env"), "ONE=1\0TWO=2 3\0");
    let file = program.metadata().unwrap();
    let time =
        |seconds: i64, nanoseconds: i64| Some(Param::Uint((seconds * 1_000_000_000 + nanoseconds) as u64));
    assert_eq!(exec.param("exe_ino_ctime"), time(file.ctime(), file.ctime_nsec()));
    assert_eq!(exec.param("exe_ino_mtime"), time(file.mtime(), file.mtime_nsec()));
    let Some(Param::Uint(flags)) = exec.param("flags") else { panic!("{exec:?}") };
    let flags = ExeFlags::from_bits_truncate(flags as u32);
    assert!(flags.contains(ExeFlags::WRITABLE) && !flags.contains(ExeFlags::FROM_MEMFD), "{flags:?}");
    assert_eq!(exec.param("cap_effective"), Some(Param::Uint(exec.task.caps.unwrap().effective)));
}

#[test]
fn a_working_directory_is_told_when_it_changes() {
    let Some(mut live) = start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().canonicalize().unwrap();
    std::fs::create_dir(base.join("below")).unwrap();
    std::os::unix::fs::symlink("below", base.join("link")).unwrap();
    let pid = in_child(|| {
        std::env::set_current_dir(&base).unwrap();
        assert!(std::env::set_current_dir("none").is_err());
        std::env::set_current_dir("link").unwrap();
        let root = std::fs::File::open("/").unwrap();
        // SAFETY: it takes a number.
        assert_eq!(unsafe { libc::fchdir(root.as_raw_fd()) }, 0);
    });
    let events = events_of(&mut live, pid);
    let told: Vec<String> = of_kind(&events, Kind::Cwd).iter().map(|event| text(event, "path")).collect();
    let expected = [base.clone(), base.join("below"), "/".into()];
    assert_eq!(told, expected.map(|path| path.display().to_string()));
}

#[test]
fn what_does_not_return_is_told_when_it_is_called() {
    let wanted = [Kind::ExitGroup, Kind::Procexit];
    let Some(mut live) = start_with(&wanted, 1 << 20) else { return };
    // SAFETY: it ends the child.
    let pid = in_child(|| unsafe { libc::_exit(0) });
    let events = events_of(&mut live, pid);
    assert_eq!(
        only(&events, Kind::ExitGroup).param("nativeID"),
        Some(Param::Uint(libc::SYS_exit_group as u64))
    );
}

#[test]
fn a_signal_ends_a_process() {
    let Some(mut live) = start() else { return };
    let mut child = Command::new("/bin/sh").args(["-c", "kill -9 $$"]).spawn().unwrap();
    let pid = child.id() as i32;
    child.wait().unwrap();
    let events = events_of(&mut live, pid);
    let exit = only(&events, Kind::Procexit);
    assert_eq!((exit.param("ret"), exit.param("sig")), (Some(Param::Int(0)), Some(Param::Uint(9))));
}

#[test]
fn a_failed_start_is_told_by_its_syscall() {
    let Some(mut live) = start() else { return };
    let pid = in_child(|| {
        std::env::set_current_dir("/usr").unwrap();
        let path = c("../none/such");
        // SAFETY: the strings end with a NUL, the list with a null pointer; all live through the call.
        unsafe { libc::execv(path.as_ptr(), [path.as_ptr(), std::ptr::null()].as_ptr()) };
    });
    let events = events_of(&mut live, pid);
    let exec = only(&events, Kind::Execve);
    assert_eq!((exec.res, text(&exec, "filename")), (-i64::from(libc::ENOENT), "/none/such".to_owned()));
}

#[test]
fn a_script_is_not_its_interpreter() {
    let Some(mut live) = start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let script = directory.path().canonicalize().unwrap().join("script");
    std::fs::write(&script, "#!/bin/sh\nexit 0\n").unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let pid = in_child(|| {
        let path = c(&script);
        // SAFETY: the strings end with a NUL, the list with a null pointer; all live through the call.
        unsafe { libc::execv(path.as_ptr(), [path.as_ptr(), std::ptr::null()].as_ptr()) };
    });
    let events = events_of(&mut live, pid);
    let exec = only(&events, Kind::Execve);
    let path = script.display().to_string();
    assert_eq!(readings(&exec, "filename"), (path.clone(), "-".to_owned()));
    let shell = std::fs::canonicalize("/bin/sh").unwrap().display().to_string();
    assert_eq!(text(&exec, "trusted_exepath"), shell);
    assert_eq!((text(&exec, "exe"), text(&exec, "args")), ("/bin/sh".to_owned(), format!("{path}\0")));
}

#[test]
fn a_program_that_is_only_in_memory_has_its_name() {
    let Some(mut live) = start() else { return };
    let program = std::fs::read("/bin/true").unwrap();
    // SAFETY: the name ends with a NUL.
    let fd = unsafe { libc::memfd_create(c"hidden".as_ptr(), 0) };
    std::fs::File::create(format!("/proc/self/fd/{fd}")).unwrap().write_all(&program).unwrap();
    let pid = in_child(|| {
        // SAFETY: the strings end with a NUL, the lists with a null pointer; all live through the call.
        unsafe {
            let list = [c"hidden".as_ptr(), std::ptr::null()];
            libc::fexecve(fd, list.as_ptr(), [std::ptr::null()].as_ptr());
        }
    });
    let events = events_of(&mut live, pid);
    let exec = only(&events, Kind::Execve);
    assert_eq!(text(&exec, "trusted_exepath"), "/memfd:hidden");
}

#[test]
fn long_arguments_are_cut_and_counted() {
    let Some(mut live) = start() else { return };
    let mut child = Command::new("/bin/true").arg("x".repeat(10_000)).spawn().unwrap();
    let pid = child.id() as i32;
    child.wait().unwrap();
    let events = events_of(&mut live, pid);
    let exec = only(&events, Kind::Execve);
    assert!(exec.flags.contains(EventFlags::TRUNCATED));
    assert_eq!(text(&exec, "exe").len() + 1 + text(&exec, "args").len(), 4096);
}

#[test]
fn a_thread_is_no_process() {
    let Some(mut live) = start() else { return };
    let pid = in_child(|| {
        let thread = std::thread::spawn(|| std::fs::File::open("/").map(|file| file.as_raw_fd()));
        thread.join().unwrap().unwrap();
    });
    let events = events_of(&mut live, pid);
    assert_eq!((of_kind(&events, Kind::Clone).len(), of_kind(&events, Kind::Procexit).len()), (1, 1));
    let open = of_kind(&events, Kind::Openat).into_iter().find(|event| text(event, "name") == "/").unwrap();
    assert!(open.task.pid == pid && open.task.tid != pid);
}

#[test]
fn cgroups_are_known_when_they_are_made() {
    let Some(mut live) = start() else { return };
    let v2 = lanner_detector::source::live::cgroups_are_v2();
    let root = if v2 { "/sys/fs/cgroup" } else { "/sys/fs/cgroup/memory" };
    let name = format!("lanner-test-{}", std::process::id());
    let path = std::path::Path::new(root).join(&name);
    if let Err(error) = std::fs::create_dir(&path) {
        eprintln!("skipped: no cgroup can be made in {root}: {error}");
        return;
    }
    let number = path.metadata().unwrap().ino();
    let pid = in_child(|| std::fs::write(path.join("cgroup.procs"), "0").unwrap());
    let wanted = format!("/{name}");
    let events =
        events_until(&mut live, |_| true, |event| event.task.pid == pid && event.kind == Kind::Procexit);
    std::fs::remove_dir(&path).unwrap();
    let made = of_kind(&events, Kind::CgroupMkdir);
    let made = made.iter().find(|event| text(event, "path") == wanted).expect("the cgroup is told of");
    assert_eq!(made.param("cgroup"), Some(Param::Uint(number)));
    let exit = events.last().unwrap().as_ref();
    assert_eq!(exit.task.cgroup, number);
}
