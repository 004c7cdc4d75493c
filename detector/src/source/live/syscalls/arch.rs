//! The numbers of syscalls on the machine that Lanner is built for.

#[cfg(target_arch = "aarch64")]
pub use syscalls::{aarch64::Sysno as Wide, arm::Sysno as Narrow};
#[cfg(target_arch = "x86_64")]
pub use syscalls::{x86::Sysno as Narrow, x86_64::Sysno as Wide};
