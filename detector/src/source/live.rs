//! The live kernel as a source: programs attached to its tracepoints, and their records read from a ring buffer.
//!
//! The ring buffer is read by the clock: waking a sleeping reader costs an event more than everything else
//! together. The interval bounds how late an alert is.
//!
//! What it can't see: the real path of an open is read as the syscall returns, from the descriptor it returned.
//! A thread that shares the descriptors may have put another file in its place by then.

mod clock;
mod decode;
mod load;
mod path;
mod record;
mod resolve;
mod syscalls;

use std::time::{Duration, Instant};

use aya::maps::{MapData, PerCpuArray};
use lanner_bpf::layout::{
    COUNTER_FAULTS, COUNTER_RACED, COUNTER_SELF_EXCLUDED, COUNTER_TRUNCATED, EVENT_KINDS_MAX,
    RECORD_CGROUP_MKDIR, RECORD_EXEC, RECORD_EXIT, RECORD_FORK, RECORD_KINDS,
};
use lanner_event::{EventBatch, FieldFlags, Kind};

pub use load::{Hook, HookState};

use super::{Losses, Source, SourceError, Status};
use decode::Decoder;
use load::Loaded;

/// How the live source captures.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The size of the ring buffer in bytes: a power of two, and a multiple of the page size.
    pub buffer_size: u32,
    /// How often the ring buffer is read.
    pub poll_interval: Duration,
    /// What is asked of every event besides ([`FieldFlags::ASKED`]).
    pub asked: FieldFlags,
}

/// How many events a batch takes before the rules see it.
const BATCH_EVENTS_MAX: usize = 4096;
/// How many bytes of texts a batch takes, give or take one event.
const BATCH_BYTES_MAX: usize = 16 << 20;

/// Which kinds of event have records of their own; of all others a syscall's record tells.
const RECORDS: [(u32, Kind); 4] = [
    (RECORD_EXEC, Kind::Execve),
    (RECORD_FORK, Kind::Clone),
    (RECORD_EXIT, Kind::Procexit),
    (RECORD_CGROUP_MKDIR, Kind::CgroupMkdir),
];

// Losses are counted by kind.
const _: () = assert!(Kind::ALL.len() <= EVENT_KINDS_MAX);

/// The kinds of event that can be captured, of those that rules can name.
pub fn captured() -> impl Iterator<Item = Kind> {
    // That a container was started is told by the detector itself.
    let told = RECORDS.iter().map(|(_, kind)| *kind).chain([Kind::Execveat, Kind::Container]);
    let all = told.chain(syscalls::SYSCALLS.iter().map(|row| row.kind));
    all.filter(|kind| !kind.row().internal)
}

/// The live kernel.
pub struct Live {
    loaded: Loaded,
    decoder: Decoder,
    poll_interval: Duration,
    /// Whether there was nothing left in the ring buffer when it was last read.
    emptied: bool,
}

impl Live {
    /// Loads the programs and attaches what these kinds of event need; from here on events are captured.
    ///
    /// # Errors
    /// Where the privileges, the kernel's types, or every hook are missing: in one sentence.
    pub fn start(wanted: &[Kind], settings: &Settings) -> Result<Live, SourceError> {
        let loaded = load::load(wanted, settings)?;
        let decoder = Decoder::default();
        Ok(Live { loaded, decoder, poll_interval: settings.poll_interval, emptied: false })
    }

    /// What is attached, and what could not be.
    pub fn coverage(&self) -> &[Hook] {
        &self.loaded.coverage
    }

    /// Events of Lanner's own process, which the kernel side leaves out.
    pub fn self_excluded(&self) -> u64 {
        self.counter(COUNTER_SELF_EXCLUDED)
    }

    fn counter(&self, counter: u32) -> u64 {
        sum(&self.loaded.counters, counter)
    }

    /// The processes that were there before.
    fn give_processes(&mut self, batch: &mut EventBatch) {
        let records = std::mem::take(&mut self.loaded.processes);
        let mut rest = records.as_slice();
        while let Some((record, parts)) = record::split(rest) {
            self.decoder.push(batch, &record, &parts);
            rest = &rest[record.size as usize..];
        }
    }

    fn drain(&mut self, batch: &mut EventBatch) {
        self.emptied = false;
        while batch.events.len() < BATCH_EVENTS_MAX && batch.bytes.len() < BATCH_BYTES_MAX {
            let Some(item) = self.loaded.records.next() else {
                self.emptied = true;
                break;
            };
            match record::split(&item) {
                Some((record, parts)) => self.decoder.push(batch, &record, &parts),
                None => self.decoder.malformed += 1,
            }
        }
        self.decoder.resolver.end_batch();
    }
}

impl Source for Live {
    fn fill(&mut self, batch: &mut EventBatch, wait: Duration) -> Result<Status, SourceError> {
        self.give_processes(batch);
        self.decoder.clock.refresh();
        let deadline = Instant::now() + wait;
        loop {
            // A buffer that was just emptied is left to fill for a while: one event at a time costs most.
            let left = deadline.saturating_duration_since(Instant::now());
            if self.emptied && batch.events.is_empty() && !left.is_zero() {
                std::thread::sleep(self.poll_interval.min(left));
            }
            self.drain(batch);
            if !batch.events.is_empty() || left.is_zero() {
                return Ok(Status::More);
            }
        }
    }

    fn lost(&self) -> Losses {
        let mut losses = Losses::default();
        for kind in Kind::ALL {
            let of_record = RECORDS.iter().filter(|(_, of)| of == kind).map(|(record, _)| *record);
            let indices = of_record.chain([RECORD_KINDS + kind.index() as u32]);
            let count = indices.map(|index| sum(&self.loaded.lost, index)).sum();
            if count > 0 {
                losses.by_kind.push((kind.row().name, count));
            }
        }
        for (what, count) in
            [("malformed", self.decoder.malformed), ("io_uring requests", self.decoder.requests.lost)]
        {
            if count > 0 {
                losses.by_kind.push((what, count));
            }
        }
        losses.partial = [
            ("a text was longer than its limit", self.counter(COUNTER_TRUNCATED)),
            ("a text could not be read any more", self.counter(COUNTER_FAULTS)),
            ("a path was changed while it was read", self.counter(COUNTER_RACED)),
            ("an opened file was gone before it was seen", self.decoder.gone),
            ("a real path could not be looked up any more", self.decoder.resolver.missed),
        ]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .collect();
        losses
    }
}

/// A counter, over all processors.
fn sum(counters: &PerCpuArray<MapData, u64>, index: u32) -> u64 {
    counters.get(&index, 0).map_or(0, |values| values.iter().sum())
}

/// Whether containers are told apart by cgroups of version 2: where version 1 has no memory controller.
pub fn cgroups_are_v2() -> bool {
    let own = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    !own.lines()
        .any(|line| line.split(':').nth(1).is_some_and(|names| names.split(',').any(|n| n == "memory")))
}
