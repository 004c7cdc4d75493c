//! What a program pays for being watched: the same syscalls while lanner runs and while it doesn't, in pairs
//! whose order alternates, so that a machine that becomes slower or faster meanwhile adds to neither side. It is
//! the program's own CPU time that is taken, to which other programs on the same CPU add nothing.

use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;

use lanner_integration_tests::cpu;
use lanner_integration_tests::lanner::Lanner;
use tempfile::TempDir;

use crate::table::{Row, quantile};

const PAIRS: usize = 15;
/// A run's value is the median of so many blocks.
const BLOCKS: usize = 15;
/// Operations of a block: some 10 ms.
const BLOCK: u32 = 20_000;

type Operation = Box<dyn Fn()>;

/// ns per operation with lanner off and on, and what that costs: the differences and ratios within the pairs.
pub fn measure() -> Vec<Row> {
    let folder = tempfile::tempdir().expect("a folder");
    let configuration = folder.path().join("lanner.yaml");
    let journal = folder.path().join("journal.db");
    std::fs::write(&configuration, format!("journal: {{path: {}}}\n", journal.display())).expect("a file");
    let operations = operations(&folder);
    let (mut off, mut on) = (vec![Vec::new(); operations.len()], vec![Vec::new(); operations.len()]);
    let mut disturbed = 0;
    for pair in 0..PAIRS {
        eprintln!("pair {} of {PAIRS}", pair + 1);
        let before = another_watches();
        if pair % 2 == 0 {
            run(&operations, &mut off);
            watched(&configuration, &operations, &mut on);
        } else {
            watched(&configuration, &operations, &mut on);
            run(&operations, &mut off);
        }
        disturbed += usize::from(before || another_watches());
    }
    if disturbed > 0 {
        eprintln!(
            "another lanner ran beside {disturbed} of {PAIRS} pairs: what is off there was not unwatched"
        );
    }
    let mut rows = Vec::new();
    for (((name, _), off), on) in operations.iter().zip(off).zip(on) {
        let costs = on.iter().zip(&off).map(|(on, off)| on - off).collect();
        let ratios = on.iter().zip(&off).map(|(on, off)| on / off).collect();
        rows.push(Row::new(format!("{name}, lanner off, ns"), off));
        rows.push(Row::new(format!("{name}, lanner on, ns"), on));
        rows.push(Row::new(format!("{name}, added within a pair, ns"), costs));
        rows.push(Row::new(format!("{name}, on / off within a pair"), ratios));
    }
    rows
}

/// Whether a lanner runs, while none of ours does.
fn another_watches() -> bool {
    Command::new("pgrep").args(["-x", "lanner"]).output().is_ok_and(|output| output.status.success())
}

/// The operations: none is of interest to a rule.
fn operations(folder: &TempDir) -> Vec<(&'static str, Operation)> {
    let deep = folder.path().join("a/b/c/d");
    std::fs::create_dir_all(&deep).expect("folders");
    let file = deep.join("file");
    std::fs::write(&file, "").expect("a file");
    let file = CString::new(file.as_os_str().as_bytes()).expect("a path without zeros");
    vec![("getppid", Box::new(getppid)), ("open+close", Box::new(move || open_and_close(&file)))]
}

fn getppid() {
    // SAFETY: getppid can't fail and touches no memory.
    unsafe { libc::getppid() };
}

fn open_and_close(path: &CStr) {
    // SAFETY: the path ends with a zero, and the descriptor is ours.
    let closed = unsafe { libc::close(libc::open(path.as_ptr(), libc::O_RDONLY)) };
    assert_eq!(closed, 0, "the file opens");
}

/// One run while lanner watches.
fn watched(configuration: &Path, operations: &[(&str, Operation)], values: &mut [Vec<f64>]) {
    let lanner = Lanner::start(configuration, &configuration.with_extension("log"));
    run(operations, values);
    let (status, said) = lanner.stop();
    assert!(status.success(), "{said}");
}

/// One run: a value for each operation, in ns.
fn run(operations: &[(&str, Operation)], values: &mut [Vec<f64>]) {
    for ((_, operation), values) in operations.iter().zip(values) {
        let blocks: Vec<f64> = (0..BLOCKS).map(|_| block(operation)).collect();
        values.push(quantile(&blocks, 0.5));
    }
}

fn block(operation: &dyn Fn()) -> f64 {
    let start = cpu::thread();
    (0..BLOCK).for_each(|_| operation());
    (cpu::thread() - start) * 1e9 / f64::from(BLOCK)
}
