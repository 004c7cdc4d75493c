//! What the kernel is asked besides, where a rule reads it.

use serde::{Deserialize, Serialize};

use super::Slice;

/// What a process uses, as it was at the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// How many descriptors it has, and how many it may have.
    pub descriptors: u64,
    /// See `descriptors`.
    pub descriptors_max: u64,
    /// How much memory it has asked for, how much of it is in memory, and how much is swapped out, in kilobytes.
    pub vm_size: u64,
    /// See `vm_size`.
    pub vm_rss: u64,
    /// See `vm_size`.
    pub vm_swap: u64,
    /// How many page faults of the thread had to read from a disk, and how many had not.
    pub faults_major: u64,
    /// See `faults_major`.
    pub faults_minor: u64,
    /// How many threads it has.
    pub threads: u64,
}

/// What the kernel was asked of an event's process besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Details {
    /// What it uses.
    pub usage: Option<Usage>,
    /// The descriptors that the event waits for, among [`super::EventBatch::fds`].
    pub polled: Slice,
    /// The standard input, output and error output, likewise; none where they weren't asked for.
    pub standard: Slice,
    /// Its cgroups, each as `hierarchy=path` with a NUL after it.
    pub cgroups: Slice,
}
