//! What is told of in two records, joined: requests of io_uring, as the kernel took them and as they were done; and
//! calls whose object is gone when they return.

use std::collections::{HashMap, VecDeque};

use lanner_bpf::layout::{
    ARG_QUEUE, ARG_QUEUE_MAX, FLAG_DIRECT, PART_KINDS, PART_SEVERAL, RECORD_REQUEST, RECORD_RETURNED, Record,
    SeveralRecord,
};
use lanner_event::Kind;

use super::super::record::{Parts, read};
use super::super::syscalls::{RESULT, row_of};

/// Most requests that are waited for; past that the oldest is given up, and counted.
const REQUESTS_MAX: usize = 16_384;

/// What tells apart the requests that may be done several times: their ring, and a number that the program chose.
type Several = (u64, u64);

/// A request that was taken: its record, its parts by kind, and how many were before it.
struct Taken {
    record: Record,
    parts: Vec<(u32, Vec<u8>)>,
    several: Option<Several>,
    before: u64,
}

impl Taken {
    /// Whether that its end wasn't seen is a loss: of a call the end is told of by itself.
    fn is_loss(&self) -> bool {
        u32::from(self.record.kind) == RECORD_REQUEST
    }
}

/// The requests that aren't done.
#[derive(Default)]
pub struct Requests {
    taken: HashMap<u64, Taken>,
    /// Those that may be done several times.
    several: HashMap<Several, u64>,
    /// In the order in which they were taken, each with how many were before it; some may be done.
    order: VecDeque<(u64, u64)>,
    count: u64,
    /// Those that were given up, and those of which the beginning wasn't seen.
    pub lost: u64,
}

/// Whether a request isn't done, and no other has its key by now.
fn is_waiting(taken: &HashMap<u64, Taken>, key: u64, before: u64) -> bool {
    taken.get(&key).is_some_and(|taken| taken.before == before)
}

impl Requests {
    /// A request was taken, or a thread called; what it is known by.
    pub fn take(&mut self, key: u64, record: &Record, parts: &Parts) {
        let several = parts.get(PART_SEVERAL).and_then(several_of);
        let parts = (0..PART_KINDS).filter_map(|kind| Some((kind, parts.get(kind)?.to_vec())));
        let taken = Taken { record: *record, parts: parts.collect(), several, before: self.count };
        self.order.push_back((key, self.count));
        self.count += 1;
        // The kernel uses the memory of a request again, and a thread its number, of which the end wasn't seen.
        let old = self.remove(key);
        self.lost += u64::from(old.is_some_and(|old| old.is_loss()));
        self.several.extend(several.map(|several| (several, key)));
        self.taken.insert(key, taken);
        while self.taken.len() > REQUESTS_MAX {
            let Some((key, before)) = self.order.pop_front() else { break };
            if is_waiting(&self.taken, key, before) {
                let old = self.remove(key);
                self.lost += u64::from(old.is_some_and(|old| old.is_loss()));
            }
        }
        if self.order.len() > 2 * REQUESTS_MAX {
            self.order.retain(|(key, before)| is_waiting(&self.taken, *key, *before));
        }
    }

    fn remove(&mut self, key: u64) -> Option<Taken> {
        let taken = self.taken.remove(&key)?;
        if let Some(several) = &taken.several {
            self.several.remove(several);
        }
        Some(taken)
    }

    /// A request is done, or a call has returned: what the record of the syscall would be. Of a call of which only the
    /// end was seen that is told; of a request nothing, and it is counted.
    pub fn done(&mut self, key: u64, record: &Record, parts: &Parts, see: impl FnOnce(&Record, &Parts)) {
        match self.remove(key) {
            Some(taken) => taken.join(record, parts, see),
            None if u32::from(record.kind) == RECORD_RETURNED => see(record, parts),
            None => self.lost += 1,
        }
        if self.taken.is_empty() {
            self.order.clear();
        }
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

#[cfg(test)]
mod tests {
    use lanner_bpf::layout::RECORD_CALLED;

    use super::super::super::record;
    use super::*;

    fn record(kind: u32, res: i64) -> Record {
        let bytes = record::bytes(&[]);
        let (record, _) = record::split(&bytes).unwrap();
        Record { kind: kind as u16, res, ..record }
    }

    /// How many of these ends are told of.
    fn told(requests: &mut Requests, key: u64, end: &Record) -> usize {
        let mut told = 0;
        requests.done(key, end, &Parts::default(), |_, _| told += 1);
        told
    }

    #[test]
    fn who_waits_long_is_not_given_up_for_who_comes_often() {
        let (mut requests, request) = (Requests::default(), record(RECORD_REQUEST, 0));
        requests.take(1, &request, &Parts::default());
        for _ in 0..3 * REQUESTS_MAX {
            requests.take(2, &request, &Parts::default());
            assert_eq!(told(&mut requests, 2, &request), 1);
        }
        assert!(requests.order.len() <= 2 * REQUESTS_MAX);
        assert_eq!((told(&mut requests, 1, &request), requests.lost), (1, 0));
    }

    #[test]
    fn what_is_never_done_is_given_up_and_counted() {
        let (mut requests, request) = (Requests::default(), record(RECORD_REQUEST, 0));
        for key in 0..REQUESTS_MAX as u64 + 5 {
            requests.take(key, &request, &Parts::default());
        }
        assert_eq!((requests.taken.len(), requests.lost), (REQUESTS_MAX, 5));
        assert_eq!((told(&mut requests, 0, &request), requests.lost), (0, 6));
    }

    #[test]
    fn the_end_of_a_call_is_told_by_itself() {
        let (mut requests, call) = (Requests::default(), record(RECORD_CALLED, 0));
        let end = record(RECORD_RETURNED, -9);
        assert_eq!(told(&mut requests, 7, &end), 1);
        requests.take(7, &call, &Parts::default());
        requests.take(7, &call, &Parts::default());
        assert_eq!((told(&mut requests, 7, &end), requests.lost), (1, 0));
    }
}
