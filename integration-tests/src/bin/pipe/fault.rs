//! Death in the middle of a write: SQLite's own interface for tests puts another function in the place of a system call,
//! so that the program under test needs no hook for it.

use std::ffi::{CStr, c_int, c_void};
use std::sync::atomic::{AtomicI64, Ordering};

use libc::{off_t, size_t, ssize_t};
use rusqlite::ffi::{sqlite3_syscall_ptr, sqlite3_vfs_find};

/// Writes until then.
static LEFT: AtomicI64 = AtomicI64::new(i64::MAX);

/// Has this process die in SQLite's so manieth write from now on, half of which is written.
pub fn die_at_write(nth: u64) {
    LEFT.store(i64::try_from(nth).unwrap_or(i64::MAX), Ordering::SeqCst);
    let calls: [(&CStr, *const c_void); 3] = [
        (c"write", write as *const c_void),
        (c"pwrite", pwrite as *const c_void),
        (c"pwrite64", pwrite as *const c_void),
    ];
    for (name, call) in calls {
        // SAFETY: the functions have the types of the calls that they stand for, and the default file system of
        // SQLite outlives the process. A call that SQLite wasn't built with is refused, and nothing is done.
        unsafe {
            let vfs = sqlite3_vfs_find(std::ptr::null());
            let set = (*vfs).xSetSystemCall.expect("SQLite for Unix can be given other calls");
            set(vfs, name.as_ptr(), std::mem::transmute::<*const c_void, sqlite3_syscall_ptr>(call));
        }
    }
}

/// How much of a write is made, and whether it is the last.
fn part(count: size_t) -> (size_t, bool) {
    let last = LEFT.fetch_sub(1, Ordering::SeqCst) <= 1;
    (if last { count / 2 } else { count }, last)
}

fn end(written: ssize_t, last: bool) -> ssize_t {
    if last {
        // SAFETY: kill touches no memory.
        unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
    }
    written
}

unsafe extern "C" fn write(file: c_int, from: *const c_void, count: size_t) -> ssize_t {
    let (count, last) = part(count);
    // SAFETY: SQLite's own arguments, of which no more is read than it gave.
    end(unsafe { libc::write(file, from, count) }, last)
}

unsafe extern "C" fn pwrite(file: c_int, from: *const c_void, count: size_t, at: off_t) -> ssize_t {
    let (count, last) = part(count);
    // SAFETY: SQLite's own arguments, of which no more is read than it gave.
    end(unsafe { libc::pwrite(file, from, count, at) }, last)
}
