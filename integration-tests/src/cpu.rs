//! CPU time, to which other programs on the same machine add less than to time.

/// What this thread has used, in s.
pub fn thread() -> f64 {
    read(libc::CLOCK_THREAD_CPUTIME_ID)
}

/// What all threads of this process have used, in s.
pub fn process() -> f64 {
    read(libc::CLOCK_PROCESS_CPUTIME_ID)
}

fn read(clock: libc::clockid_t) -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the clock exists on every Linux, and the time is ours.
    let read = unsafe { libc::clock_gettime(clock, &mut time) };
    assert_eq!(read, 0, "the clock can be read");
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
