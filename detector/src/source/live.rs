//! The live kernel as a source: programs attached to its tracepoints, and their records read from a ring buffer.
//!
//! The ring buffer is read by the clock: waking a sleeping reader costs an event more than everything else
//! together. The interval bounds how late an alert is.

mod clock;
mod decode;
mod load;
mod path;
mod record;
mod resolve;
mod syscalls;

use std::time::{Duration, Instant};

use lanner_bpf::layout::{COUNTER_SELF_EXCLUDED, COUNTER_TRUNCATED, RECORD_KINDS};
use lanner_event::{EventBatch, Kind};

pub use load::{Hook, HookState};

use super::{Losses, Source, SourceError, Status};
use clock::Clock;
use decode::Decoder;
use load::Loaded;
use resolve::Resolver;

/// How the live source captures.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The size of the ring buffer in bytes: a power of two, and a multiple of the page size.
    pub buffer_size: u32,
    /// How often the ring buffer is read.
    pub poll_interval: Duration,
}

/// How many events a batch takes before the rules see it.
const BATCH_EVENTS_MAX: usize = 4096;

/// The live kernel.
pub struct Live {
    loaded: Loaded,
    decoder: Decoder,
    poll_interval: Duration,
    processes_given: bool,
}

impl Live {
    /// Loads the programs and attaches what these kinds of event need; from here on events are captured.
    ///
    /// # Errors
    /// Where the privileges, the kernel's types, or every hook are missing: in one sentence.
    pub fn start(wanted: &[Kind], settings: &Settings) -> Result<Live, SourceError> {
        let loaded = load::load(wanted, settings)?;
        let decoder = Decoder { clock: Clock::new(), resolver: Resolver::default(), num: 0, malformed: 0 };
        Ok(Live { loaded, decoder, poll_interval: settings.poll_interval, processes_given: false })
    }

    /// What is attached, and what could not be.
    pub fn coverage(&self) -> &[Hook] {
        &self.loaded.coverage
    }

    /// Events of Lanner's own process, which the kernel side leaves out.
    pub fn self_excluded(&self) -> u64 {
        self.counter(COUNTER_SELF_EXCLUDED)
    }

    /// Events with a text that was longer than its limit.
    pub fn truncated(&self) -> u64 {
        self.counter(COUNTER_TRUNCATED)
    }

    /// Real directories that could not be looked up any more.
    pub fn unresolved(&self) -> u64 {
        self.decoder.resolver.missed
    }

    fn counter(&self, counter: u32) -> u64 {
        self.loaded.counters.get(&counter, 0).map_or(0, |values| values.iter().sum())
    }

    fn give_processes(&mut self, batch: &mut EventBatch) {
        let mut rest = std::mem::take(&mut self.loaded.processes);
        let mut at = 0;
        while let Some((record, parts)) = record::split(&rest[at..]) {
            self.decoder.push(batch, &record, &parts);
            at += record.size as usize;
        }
        rest.clear();
        self.processes_given = true;
    }

    fn drain(&mut self, batch: &mut EventBatch) {
        while batch.events.len() < BATCH_EVENTS_MAX {
            let Some(item) = self.loaded.records.next() else { return };
            match record::split(&item) {
                Some((record, parts)) => self.decoder.push(batch, &record, &parts),
                None => self.decoder.malformed += 1,
            }
        }
    }
}

impl Source for Live {
    fn fill(&mut self, batch: &mut EventBatch, wait: Duration) -> Result<Status, SourceError> {
        if !self.processes_given {
            self.give_processes(batch);
        }
        self.decoder.clock.refresh();
        let deadline = Instant::now() + wait;
        loop {
            self.drain(batch);
            let left = deadline.saturating_duration_since(Instant::now());
            if !batch.events.is_empty() || left.is_zero() {
                return Ok(Status::More);
            }
            std::thread::sleep(self.poll_interval.min(left));
        }
    }

    fn lost(&self) -> Losses {
        let mut losses = Losses::default();
        let fixed = ["syscall", "execve", "clone", "procexit", "cgroup_mkdir", "process"];
        let kinds = Kind::ALL.iter().map(|kind| kind.row().name);
        for (index, name) in fixed.into_iter().chain(kinds).enumerate().take(RECORD_KINDS as usize + 128) {
            let count = self.loaded.lost.get(&(index as u32), 0).map_or(0, |values| values.iter().sum());
            if count > 0 {
                losses.by_kind.push((name, count));
            }
        }
        if self.decoder.malformed > 0 {
            losses.by_kind.push(("malformed", self.decoder.malformed));
        }
        losses
    }
}

/// Whether containers are told apart by cgroups of version 2: where version 1 has no memory controller.
pub fn cgroups_are_v2() -> bool {
    let own = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    !own.lines()
        .any(|line| line.split(':').nth(1).is_some_and(|names| names.split(',').any(|n| n == "memory")))
}
