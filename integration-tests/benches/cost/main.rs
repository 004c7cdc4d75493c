//! What watching costs the host, and how fast alerts pass: `make bench`.

mod road;
mod syscalls;
mod table;

use lanner_integration_tests::need::{WATCHING, can_run};

fn main() {
    if !can_run(&[WATCHING]) {
        return;
    }
    let mut rows = syscalls::measure();
    rows.push(road::latency());
    rows.push(road::rate());
    table::print(&rows);
}
