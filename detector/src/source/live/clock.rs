//! Times of day from the kernel's time since boot.

use std::time::{Duration, Instant};

/// How often the difference between the two clocks is looked at: the time of day may be set.
const REFRESH: Duration = Duration::from_secs(1);

/// Turns time since boot into time of day.
pub struct Clock {
    offset: u64,
    read: Instant,
}

/// A clock of now.
impl Default for Clock {
    fn default() -> Self {
        Clock { offset: offset(), read: Instant::now() }
    }
}

impl Clock {
    /// Looks at the clocks again, where that is due.
    pub fn refresh(&mut self) {
        if self.read.elapsed() > REFRESH {
            *self = Clock::default();
        }
    }

    /// The time of day, in nanoseconds since 1970-01-01 UTC, of a time since boot.
    pub fn wall(&self, boot: u64) -> u64 {
        self.offset.wrapping_add(boot)
    }
}

fn offset() -> u64 {
    now(libc::CLOCK_REALTIME).wrapping_sub(now(libc::CLOCK_BOOTTIME))
}

fn now(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a timespec of this frame; both clocks exist on every kernel with BTF.
    unsafe { libc::clock_gettime(clock, &mut time) };
    (time.tv_sec as u64) * 1_000_000_000 + time.tv_nsec as u64
}
