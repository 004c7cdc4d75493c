//! How what a process uses, its first descriptors, those that it waits for, and its cgroups are given values.

use super::Sample;
use super::setters::{Set, descriptor, put};
use crate::{Arg, Fd, FdKind, Slice, Socket, Usage};

/// The fields of details.
pub const SETTERS: &[(&str, Set)] = &[
    ("proc.fdopencount", |sample, _, value| used(sample, value, |usage| &mut usage.descriptors)),
    ("proc.fdlimit", |sample, _, value| used(sample, value, |usage| &mut usage.descriptors_max)),
    ("proc.vmsize", |sample, _, value| used(sample, value, |usage| &mut usage.vm_size)),
    ("proc.vmrss", |sample, _, value| used(sample, value, |usage| &mut usage.vm_rss)),
    ("proc.vmswap", |sample, _, value| used(sample, value, |usage| &mut usage.vm_swap)),
    ("thread.pfmajor", |sample, _, value| used(sample, value, |usage| &mut usage.faults_major)),
    ("thread.pfminor", |sample, _, value| used(sample, value, |usage| &mut usage.faults_minor)),
    ("proc.nthreads", |sample, _, value| used(sample, value, |usage| &mut usage.threads)),
    ("proc.stdin.name", |sample, _, value| standard(sample, 0, value)),
    ("proc.stdout.name", |sample, _, value| standard(sample, 1, value)),
    ("proc.stderr.name", |sample, _, value| standard(sample, 2, value)),
    ("proc.stdin.type", |sample, _, value| standard_kind(sample, 0, value)),
    ("proc.stdout.type", |sample, _, value| standard_kind(sample, 1, value)),
    ("proc.stderr.type", |sample, _, value| standard_kind(sample, 2, value)),
    ("fdlist.names", |sample, _, value| {
        let names = value.split(',').enumerate();
        let fds = names.map(|(at, name)| stands_for(sample, at as i64, name)).collect::<Option<Vec<Fd>>>()?;
        let list = Slice { start: sample.batch.fds.len() as u32, len: fds.len() as u32 };
        sample.batch.fds.extend(fds);
        sample.details.get_or_insert_default().polled = list;
        Some(())
    }),
    ("thread.cgroups", |sample, _, value| {
        let cgroups = sample.batch.push_bytes((value.replace(' ', "\0") + "\0").as_bytes());
        sample.details.get_or_insert_default().cgroups = cgroups;
        Some(())
    }),
    ("thread.cgroup", |sample, arg, value| {
        let Arg::Key(hierarchy) = arg else { return None };
        let known = sample.details.map_or(Slice::default(), |details| details.cgroups);
        let mut cgroups = sample.batch.bytes[known.start as usize..][..known.len as usize].to_vec();
        cgroups.extend_from_slice(format!("{hierarchy}={value}\0").as_bytes());
        sample.details.get_or_insert_default().cgroups = sample.batch.push_bytes(&cgroups);
        Some(())
    }),
];

fn used(sample: &mut Sample, value: &str, of: fn(&mut Usage) -> &mut u64) -> Option<()> {
    let usage = sample.details.get_or_insert_default().usage.get_or_insert_default();
    put(of(usage), value.parse().ok())
}

/// What a descriptor with a name stands for: a file, or a socket.
fn stands_for(sample: &mut Sample, num: i64, name: &str) -> Option<Fd> {
    let socket = (!name.starts_with('/')).then(Socket::default);
    let own = sample.event.fd.replace(Fd { num, socket, ..Fd::default() });
    let done = descriptor(sample, &Arg::None, name);
    let fd = std::mem::replace(&mut sample.event.fd, own);
    done.and(fd)
}

/// One of the first three descriptors.
fn standard_mut(sample: &mut Sample, number: usize) -> Option<&mut Fd> {
    let details = sample.details.get_or_insert_default();
    if details.standard.len == 0 {
        details.standard = Slice { start: sample.batch.fds.len() as u32, len: 3 };
        sample.batch.fds.extend((0..3).map(|num| Fd { num, ..Fd::default() }));
    }
    sample.batch.fds.get_mut(details.standard.start as usize + number)
}

fn standard(sample: &mut Sample, number: usize, name: &str) -> Option<()> {
    let fd = stands_for(sample, number as i64, name);
    put(standard_mut(sample, number)?, fd)
}

fn standard_kind(sample: &mut Sample, number: usize, name: &str) -> Option<()> {
    let kind = FdKind::ALL.iter().find(|(_, known, _)| *known == name).map(|(kind, ..)| Some(*kind));
    put(&mut standard_mut(sample, number)?.kind, kind)
}
