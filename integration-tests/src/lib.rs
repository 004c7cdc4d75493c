//! The real parts that tests and benchmarks use: each starts in a place of its own, says when it is ready, and is
//! gone when it is dropped.

pub mod client;
pub mod collector;
pub mod containerd;
pub mod cpu;
pub mod cri;
pub mod docker;
pub mod engines;
mod image;
pub mod kafka;
pub mod kubernetes;
pub mod lanner;
mod leftovers;
pub mod mailpit;
pub mod need;
pub mod peers;
pub mod pipe;
pub mod podman;
pub mod process;
pub mod program;
pub mod random;
pub mod receiver;
pub mod rsyslog;
mod server;
pub mod slack;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long anything may take before it counts as not happening.
pub const DEADLINE: Duration = Duration::from_secs(90);
/// How often it is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(20);

/// Waits until there is something, and gives it.
///
/// # Panics
/// When the deadline has passed, with what was waited for and what `state` says.
pub fn wait_for<T>(what: &str, look: impl FnMut() -> Option<T>, state: impl Fn() -> String) -> T {
    wait_within(DEADLINE, what, look, state)
}

/// Waits that long at the most until there is something, and gives it.
///
/// # Panics
/// As [`wait_for`].
pub fn wait_within<T>(
    limit: Duration,
    what: &str,
    mut look: impl FnMut() -> Option<T>,
    state: impl Fn() -> String,
) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}\n{}", state());
        std::thread::sleep(LOOK);
    }
}

/// A port of the loopback address that nobody listens on. It is below those that Linux gives to clients, which would
/// take it while a server is down.
///
/// # Panics
/// When there is none.
pub fn free_port() -> u16 {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 12_000;
    let start = (RandomState::new().build_hasher().finish() % u64::from(COUNT)) as u16;
    let ports = (0..COUNT).map(|at| FIRST + (start + at) % COUNT);
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    ports.into_iter().find(is_free).expect("a port is free")
}

/// Where the setup script puts what it builds and fetches.
///
/// # Panics
/// Without a home.
pub fn cache() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache/lanner");
    std::env::var_os("LANNER_CACHE").map_or_else(home, PathBuf::from)
}
