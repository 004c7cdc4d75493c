//! What watching costs the host, and how fast alerts pass: `make bench`.

mod cpu;
mod peers;
mod road;
mod syscalls;
mod table;

use lanner_integration_tests::need::{WATCHING, can_run};

fn main() {
    let mut rows = Vec::new();
    if can_run(&[WATCHING]) {
        rows.extend(syscalls::measure());
        rows.push(road::latency());
    }
    rows.extend(peers::measure());
    table::print(&rows);
}
