//! How the numbers of processes, and the leader of a session, are given values.

use super::setters::{Set, comm, index, name};
use super::{PID, Sample};
use crate::{Process, Processes, Task};

/// The fields of numbers.
pub const SETTERS: &[(&str, Set)] = &[
    ("proc.pid", |sample, _, value| renumber(sample, 0, value)),
    ("proc.ppid", |sample, _, value| renumber(sample, 1, value)),
    ("proc.apid", |sample, arg, value| renumber(sample, index(arg)?, value)),
    ("proc.sname", |sample, _, value| {
        let number = sample.event.task.sid;
        if number == PID {
            return name(sample, 0, value);
        }
        let known = sample.host.processes.remove(number).unwrap_or_default();
        let leader = Process { pid: number, sid: number, comm: comm(value)?, ..known };
        sample.host.processes.insert(leader);
        Some(())
    }),
];

/// Notes that the process, 0, or an ancestor has another number. Who had that one gets the number that is free then.
fn renumber(sample: &mut Sample, ancestor: u32, value: &str) -> Option<()> {
    let wanted = value.parse().ok().filter(|number| *number > 0)?;
    let own = sample.process(ancestor)?.pid;
    let number = swapped(&sample.swaps, own);
    sample.swaps.push((number, wanted));
    Some(())
}

/// The number that a process has instead of one.
fn swapped(swaps: &[(i32, i32)], number: i32) -> i32 {
    swaps.iter().fold(number, |number, swap| match *swap {
        (one, other) if number == one => other,
        (one, other) if number == other => one,
        _ => number,
    })
}

/// Gives the processes, and the thread that does it, the numbers that were said.
pub fn apply(swaps: &[(i32, i32)], task: &mut Task, processes: &mut Processes) {
    let new = |number: &mut i32| *number = swapped(swaps, *number);
    [&mut task.pid, &mut task.tid, &mut task.ppid, &mut task.sid, &mut task.pgid].into_iter().for_each(new);
    // In its own pid namespace it has the same numbers where none were said.
    for number in [&mut task.vpid, &mut task.vtid, &mut task.vsid, &mut task.vpgid] {
        if *number == PID {
            new(number);
        }
    }
    let all: Vec<Process> = processes.iter().cloned().collect();
    *processes = Processes::default();
    for mut process in all {
        [&mut process.pid, &mut process.ppid, &mut process.sid, &mut process.pgid].into_iter().for_each(new);
        processes.insert(process);
    }
}

#[cfg(test)]
mod tests {
    use crate::Kind;
    use crate::sample::Sample;

    #[test]
    fn numbers_are_those_that_are_said() {
        for given in [
            &[("proc.pid", "7"), ("proc.name", "cat"), ("proc.pname", "sh"), ("proc.aname[2]", "sshd")][..],
            &[("proc.pid", "999"), ("proc.pname", "sh"), ("proc.ppid", "1"), ("proc.cmdline", "cat a")],
            &[("proc.apid[2]", "1"), ("proc.aname[2]", "init"), ("proc.pid", "2"), ("proc.ppid", "3")],
            &[("proc.pid", "1"), ("proc.pid", "5"), ("proc.sname", "login"), ("proc.is_sid_leader", "false")],
            &[("proc.is_sid_leader", "true"), ("proc.pid", "5"), ("proc.sname", "login")],
            &[("proc.sname", "login"), ("proc.pname", "sh"), ("proc.pid", "1")],
            &[("proc.vpid", "1"), ("proc.pid", "70")],
        ] {
            let mut sample = Sample::new(Kind::Execve);
            given.iter().for_each(|(field, value)| assert_eq!(sample.set(field, value), Ok(()), "{field}"));
            let last = |field| given.iter().rfind(|(other, _)| *other == field);
            for (field, value) in given.iter().filter_map(|(field, _)| last(*field)) {
                assert_eq!(sample.text(field), *value, "{field} of {given:?}");
            }
        }
        let mut sample = Sample::new(Kind::Execve);
        sample.set("proc.pid", "7").unwrap();
        assert_eq!((sample.text("proc.vpid"), sample.text("thread.tid")), ("7".to_owned(), "7".to_owned()));
        for wrong in ["0", "-1", "x", "2147483648"] {
            assert!(sample.set("proc.pid", wrong).is_err(), "{wrong}");
        }
    }
}
