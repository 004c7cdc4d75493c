//! Requests of io_uring: what was told when the kernel took one, joined with what came of it.

use std::collections::{HashMap, VecDeque};

use lanner_bpf::layout::{ARG_QUEUE, ARG_QUEUE_MAX, PART_KINDS, Record};

use super::super::record::Parts;

/// Most requests that are waited for; past that the oldest is given up, and counted.
const REQUESTS_MAX: usize = 16_384;

/// A request that was taken: its record, and its parts by kind.
struct Taken {
    record: Record,
    parts: Vec<(u32, Vec<u8>)>,
}

/// The requests that aren't done.
#[derive(Default)]
pub struct Requests {
    taken: HashMap<u64, Taken>,
    /// In the order in which they were taken; some may be done.
    order: VecDeque<u64>,
    /// Those that were given up, and those of which the beginning wasn't seen.
    pub lost: u64,
}

impl Requests {
    /// A request was taken.
    pub fn take(&mut self, record: &Record, parts: &Parts) {
        let request = record.res as u64;
        let parts = (0..PART_KINDS).filter_map(|kind| Some((kind, parts.get(kind)?.to_vec())));
        let taken = Taken { record: *record, parts: parts.collect() };
        if self.taken.insert(request, taken).is_none() {
            self.order.push_back(request);
        } else {
            // The kernel uses the memory of a request again, of which the end wasn't seen.
            self.lost += 1;
        }
        while self.taken.len() > REQUESTS_MAX || self.order.len() > 2 * REQUESTS_MAX {
            let Some(oldest) = self.order.pop_front() else { break };
            self.lost += u64::from(self.taken.remove(&oldest).is_some());
        }
    }

    /// A request is done: what the syscall's record would be.
    pub fn done(&mut self, record: &Record, parts: &Parts, see: impl FnOnce(&Record, &Parts)) {
        let Some(taken) = self.taken.remove(&record.args[0]) else {
            self.lost += 1;
            return;
        };
        if self.taken.is_empty() {
            self.order.clear();
        }
        // What is only known at the end: the queue of a socket that accepts.
        let mut args = taken.record.args;
        for at in [ARG_QUEUE, ARG_QUEUE_MAX] {
            args[at] |= record.args[at];
        }
        let whole = Record {
            res: record.res,
            args,
            flags: taken.record.flags | record.flags,
            file_mode: record.file_mode,
            fd: record.fd,
            time: record.time,
            cpu: record.cpu,
            ..taken.record
        };
        let all = taken.parts.iter().fold(*parts, |all, (kind, part)| all.with(*kind, part));
        see(&whole, &all);
    }
}
