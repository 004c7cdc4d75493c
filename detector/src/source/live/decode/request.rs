//! What is told of in two records, joined: requests of io_uring, as the kernel took them and as they were done; and
//! calls whose object is gone when they return.

use std::collections::{HashMap, VecDeque};

use lanner_bpf::layout::{
    ARG_QUEUE, ARG_QUEUE_MAX, FLAG_DIRECT, PART_KINDS, PART_SEVERAL, Record, SeveralRecord,
};
use lanner_event::Kind;

use super::super::record::{Parts, read};
use super::super::syscalls::{RESULT, row_of};

/// Most requests that are waited for; past that the oldest is given up, and counted.
const REQUESTS_MAX: usize = 16_384;

/// What tells apart the requests that may be done several times: their ring, and a number that the program chose.
type Several = (u64, u64);

/// A request that was taken: its record, and its parts by kind.
struct Taken {
    record: Record,
    parts: Vec<(u32, Vec<u8>)>,
    several: Option<Several>,
}

/// The requests that aren't done.
#[derive(Default)]
pub struct Requests {
    taken: HashMap<u64, Taken>,
    /// Those that may be done several times.
    several: HashMap<Several, u64>,
    /// In the order in which they were taken; some may be done.
    order: VecDeque<u64>,
    /// Those that were given up, and those of which the beginning wasn't seen.
    pub lost: u64,
}

impl Requests {
    /// A request was taken, or a thread called; what it is known by.
    pub fn take(&mut self, key: u64, record: &Record, parts: &Parts) {
        let several = parts.get(PART_SEVERAL).and_then(several_of);
        let parts = (0..PART_KINDS).filter_map(|kind| Some((kind, parts.get(kind)?.to_vec())));
        let taken = Taken { record: *record, parts: parts.collect(), several };
        if self.remove(key).is_some() {
            // The kernel uses the memory of a request again, of which the end wasn't seen.
            self.lost += 1;
        } else {
            self.order.push_back(key);
        }
        self.several.extend(several.map(|several| (several, key)));
        self.taken.insert(key, taken);
        while self.taken.len() > REQUESTS_MAX || self.order.len() > 2 * REQUESTS_MAX {
            let Some(oldest) = self.order.pop_front() else { break };
            self.lost += u64::from(self.remove(oldest).is_some());
        }
    }

    fn remove(&mut self, key: u64) -> Option<Taken> {
        let taken = self.taken.remove(&key)?;
        if let Some(several) = &taken.several {
            self.several.remove(several);
        }
        Some(taken)
    }

    /// A request is done, or a call has returned: what the record of the syscall would be.
    pub fn done(&mut self, key: u64, record: &Record, parts: &Parts, see: impl FnOnce(&Record, &Parts)) {
        let Some(taken) = self.remove(key) else {
            self.lost += 1;
            return;
        };
        if self.taken.is_empty() {
            self.order.clear();
        }
        taken.join(record, parts, see);
    }

    /// A request is done, and will be again. Of others than were taken nothing is told. What was told of as the file of
    /// the result is one only where the result is a descriptor.
    pub fn done_again(
        &self,
        several: Several,
        record: &Record,
        parts: &Parts,
        see: impl FnOnce(&Record, &Parts),
    ) {
        let Some(taken) = self.several.get(&several).and_then(|key| self.taken.get(key)) else { return };
        let kind = Kind::ALL.get(usize::from(taken.record.event));
        let makes = kind.and_then(|kind| row_of(*kind)).is_some_and(|row| row.fd == RESULT);
        match makes && taken.record.flags & FLAG_DIRECT == 0 {
            true => taken.join(record, parts, see),
            false => taken.join(&Record { fd: taken.record.fd, ..*record }, &Parts::default(), see),
        }
    }
}

impl Taken {
    /// The file is the one that was told of at the end, if any was then.
    fn join(&self, record: &Record, parts: &Parts, see: impl FnOnce(&Record, &Parts)) {
        let of = if record.fd.mode == 0 { &self.record } else { record };
        // What is only known at the end: the queue of a socket that accepts.
        let mut args = self.record.args;
        for at in [ARG_QUEUE, ARG_QUEUE_MAX] {
            args[at] |= record.args[at];
        }
        let whole = Record {
            res: record.res,
            args,
            flags: self.record.flags | record.flags,
            file_mode: of.file_mode,
            fd: of.fd,
            time: record.time,
            cpu: record.cpu,
            ..self.record
        };
        let missing = self.parts.iter().filter(|(kind, _)| parts.get(*kind).is_none());
        see(&whole, &missing.fold(*parts, |all, (kind, part)| all.with(*kind, part)));
    }
}

fn several_of(bytes: &[u8]) -> Option<Several> {
    let several: SeveralRecord = read(bytes)?;
    Some((several.ring, several.user_data))
}
