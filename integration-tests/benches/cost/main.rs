//! What watching costs the host, and how fast alerts pass: `make bench`.

mod road;
mod syscalls;
mod table;

use std::process::Command;

use lanner_integration_tests::need::{WATCHING, can_run};

fn main() {
    if !can_run(&[WATCHING]) {
        return;
    }
    if Command::new("pgrep").args(["-x", "lanner"]).output().is_ok_and(|output| output.status.success()) {
        eprintln!("another lanner is running: what is measured without one is measured with that one");
    }
    let mut rows = syscalls::measure();
    rows.push(road::latency());
    rows.push(road::rate());
    table::print(&rows);
}
