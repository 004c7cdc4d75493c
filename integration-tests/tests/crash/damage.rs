//! Journals that are damaged under load, or may only be read: put aside, said, and a new one begun.

use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use lanner_integration_tests::need::{Need, can_run};
use uuid::Uuid;

use crate::stand::{PROGRAM, Stand};

/// What says where the old journal is.
const ANEW: &str = "Lanner internal: journal begun anew";

/// A process that may do less than root, so that permissions count for it.
const SETPRIV: Need = Need {
    what: "root and setpriv, to have permissions count",
    there: || {
        let tried = Command::new("setpriv").args(["--bounding-set", "-dac_override", "true"]).output();
        tried.is_ok_and(|tried| tried.status.success())
    },
};

/// Writes over all of a file but its beginning.
fn damage(path: &Path) {
    const BEGIN: u64 = 100;
    let file = OpenOptions::new().write(true).open(path).expect("a file");
    let length = file.metadata().expect("a length").len();
    let garbage = vec![0xee; length.saturating_sub(BEGIN) as usize];
    file.write_all_at(&garbage, BEGIN).expect("it is written over");
}

/// All of these alerts came to each output that is sent each by itself, or were refused there.
fn check_came(stand: &mut Stand, ids: &[Uuid]) {
    stand.check_copies();
    for seat in stand.seats.iter().filter(|seat| seat.sends_each()) {
        let got = seat.got_once();
        let missing: Vec<_> = ids.iter().filter(|id| !got.contains_key(id) && !seat.refuses(**id)).collect();
        assert!(
            missing.is_empty(),
            "{}: accepted by the new journal, and lost: {missing:?}",
            seat.output.name
        );
    }
}

/// That a new journal was begun is told to each output.
fn check_told(stand: &Stand) {
    for seat in stand.seats.iter().filter(|seat| seat.sends_each()) {
        let told = seat.got_once().values().filter(|counts| counts.contains_key(ANEW)).count();
        assert_eq!(told, 1, "{}", seat.output.name);
    }
}

#[test]
fn damage_under_load_is_put_aside() {
    let mut stand = Stand::new(3, None);
    stand.expect_all();
    let mut pipe = stand.start();
    stand.wait_accepted(0, 500, &pipe);
    let journal = stand.plan.journal.clone();
    damage(&journal);
    damage(Path::new(&format!("{}-wal", journal.display())));
    stand.wait_said("is kept as", &pipe);
    // What was accepted meanwhile may be in either.
    let before = stand.accepted();
    stand.wait_accepted(before, 100, &pipe);
    let surely = stand.accepted();
    stand.wait_accepted(surely, 300, &pipe);
    pipe.process().kill();
    stand.check_copies();
    stand.drain();
    let ids = stand.written_ids();
    check_came(&mut stand, &ids[surely..]);
    check_told(&stand);
}

#[test]
fn a_journal_that_may_only_be_read_is_put_aside() {
    if !can_run(&[SETPRIV]) {
        return;
    }
    let mut stand = Stand::new(4, None);
    stand.expect_all();
    let mut pipe = stand.start();
    stand.wait_accepted(0, 100, &pipe);
    pipe.process().kill();
    stand.check();
    let first = stand.accepted();
    fs::set_permissions(&stand.plan.journal, Permissions::from_mode(0o444)).expect("it is ours");
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set", "-dac_override", PROGRAM]);
    let mut pipe = stand.start_by(command);
    stand.wait_accepted(first, 100, &pipe);
    pipe.process().kill();
    stand.check_copies();
    stand.drain();
    let ids = stand.written_ids();
    check_came(&mut stand, &ids[first..]);
    check_told(&stand);
}
