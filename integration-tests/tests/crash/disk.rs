//! Disks that are full, and journals that can't be written: alerts wait, that is said, and nothing is lost.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use lanner_integration_tests::need::{SMALL_DISK, can_run};
use tempfile::TempDir;

use crate::stand::Stand;

/// Bytes of the disk: enough for the journal of a run and its write-ahead log.
const DISK_BYTES: u64 = 64 << 20;
/// What is said while the journal can't be written.
const WAITS: &str = "alerts wait in the channel until it can";

/// A small disk, for as long as it is held.
struct Disk(TempDir);

impl Disk {
    fn new() -> Disk {
        let disk = Disk(tempfile::tempdir().expect("a folder"));
        let image = disk.0.path().join("image");
        File::create(&image).and_then(|file| file.set_len(DISK_BYTES)).expect("an image");
        fs::create_dir(disk.path()).expect("a folder");
        run("mkfs.ext4", &["-q", "-F", "-m", "0"], &[&image]);
        run("mount", &["-o", "loop"], &[&image, &disk.path()]);
        disk
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("disk")
    }

    fn journal(&self) -> PathBuf {
        self.path().join("journal.db")
    }

    /// Takes all the room that is left.
    fn fill(&self) {
        let mut filler = File::create(self.path().join("filler")).expect("a file");
        for size in [64 << 10, 1 << 10] {
            let block = vec![0; size];
            let error = loop {
                if let Err(error) = filler.write_all(&block) {
                    break error;
                }
            };
            assert_eq!(error.kind(), ErrorKind::StorageFull);
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.path().join("filler")).expect("the filler");
    }

    /// Has the kernel refuse every write to the journal's files, or accept them again.
    fn protect(&self, on: bool) {
        let journal = self.journal();
        let beside = |suffix: &str| PathBuf::from(format!("{}{suffix}", journal.display()));
        let files: Vec<PathBuf> = ["", "-wal"].map(beside).into_iter().filter(|path| path.exists()).collect();
        let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
        run("chattr", &[if on { "+i" } else { "-i" }], &files);
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}

fn run(program: &str, arguments: &[&str], paths: &[&Path]) {
    let output = Command::new(program).args(arguments).args(paths).output().expect("it runs");
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_full_disk_loses_nothing() {
    if !can_run(&[SMALL_DISK]) {
        return;
    }
    let disk = Disk::new();
    let mut stand = Stand::new(1, Some(disk.journal()));
    let mut pipe = stand.start();
    stand.wait_accepted(0, 200, &pipe);
    disk.fill();
    stand.wait_said(WAITS, &pipe);
    pipe.process().kill();
    stand.check();

    // Without room from the start on.
    let mut pipe = stand.start();
    let full = || {
        let said = pipe.said();
        (said.contains(WAITS) || said.contains("there is no room on the disk")).then_some(())
    };
    lanner_integration_tests::wait_for("a full disk to be said", full, String::new);
    pipe.process().kill();
    stand.check();

    // It goes on when there is.
    let mut pipe = stand.start();
    disk.make_room();
    stand.wait_accepted(stand.accepted(), 200, &pipe);
    disk.fill();
    stand.wait_said(WAITS, &pipe);
    disk.make_room();
    stand.wait_said("the journal can be written again", &pipe);
    pipe.process().kill();
    stand.check();
    stand.finish();
}

#[test]
fn a_journal_that_can_not_be_written_loses_nothing() {
    if !can_run(&[SMALL_DISK]) {
        return;
    }
    let disk = Disk::new();
    let mut stand = Stand::new(2, Some(disk.journal()));
    let mut pipe = stand.start();
    stand.wait_accepted(0, 200, &pipe);
    disk.protect(true);
    stand.wait_said(WAITS, &pipe);
    disk.protect(false);
    stand.wait_said("the journal can be written again", &pipe);
    disk.protect(true);
    pipe.process().kill();
    stand.check();

    // It can't be put aside either: that is said, and it ends.
    let mut pipe = stand.start();
    assert!(!pipe.process().wait().success());
    let said = pipe.said();
    assert!(said.contains("journal.db can't be opened"), "{said}");
    stand.check();

    disk.protect(false);
    let mut pipe = stand.start();
    stand.wait_accepted(stand.accepted(), 200, &pipe);
    pipe.process().kill();
    stand.check();
    stand.finish();
}
