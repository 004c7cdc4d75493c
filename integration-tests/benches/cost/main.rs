//! What watching costs the host, and how fast alerts pass: `make bench`.

mod cpu;
mod road;
mod syscalls;
mod table;

use std::process::Command;

use lanner_integration_tests::need::{WATCHING, can_run};

fn main() {
    let mut rows = Vec::new();
    if can_run(&[WATCHING]) {
        if Command::new("pgrep").args(["-x", "lanner"]).output().is_ok_and(|output| output.status.success()) {
            eprintln!("another lanner is running: what is measured without one is measured with that one");
        }
        rows.extend(syscalls::measure());
        rows.push(road::latency());
    }
    rows.extend(road::throughput());
    table::print(&rows);
}
