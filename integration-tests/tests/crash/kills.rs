//! Kills at moments that are chosen at random, with receivers that are up, down, flapping and slow.

use std::path::Path;
use std::time::{Duration, Instant};

use lanner_integration_tests::pipe::Pipe;
use lanner_integration_tests::random::Random;
use lanner_integration_tests::receiver::{Mood, Trap};

use crate::stand::{Stand, choose};

/// Runs without more being asked for.
const RUNS: usize = 20;
/// So many runs share a journal.
const RUNS_PER_JOURNAL: usize = 20;
/// What hasn't come by then is not waited for.
const LIFE_MAX: Duration = Duration::from_millis(400);

/// When a process is killed.
#[derive(Debug)]
enum Moment {
    /// When it has written down so many more as accepted.
    Accepted(usize),
    /// When the write-ahead log has grown so often.
    Log(u64),
    /// In the middle of such a write to the journal's files: in a commit, or while the log is worked in.
    Write(u64),
    /// With a request that this receiver takes: before it is answered, or just afterwards.
    Taken { seat: usize, nth: u64, made: bool, answered: bool },
    /// So long after its start.
    After(Duration),
}

impl Moment {
    fn any(random: &mut Random, seats: usize) -> Moment {
        match random.below(10) {
            0 | 1 => Moment::Accepted(1 + random.below(600) as usize),
            2 => Moment::Log(1 + random.below(40)),
            3..=5 => {
                let end = *choose(random, &[30, 300, 3000]);
                Moment::Write(1 + random.below(end))
            }
            6..=8 => Moment::Taken {
                seat: random.below(seats as u64) as usize,
                nth: 1 + random.below(20),
                made: random.below(2) == 0,
                answered: random.below(2) == 0,
            },
            _ => Moment::After(Duration::from_micros(random.below(60_000))),
        }
    }
}

#[test]
fn what_is_accepted_is_accounted_for_whenever_it_is_killed() {
    let runs = std::env::var("CRASH_RUNS").map_or(RUNS, |runs| runs.parse().expect("a number of runs"));
    let seed = Random::seed("CRASH_SEED");
    println!("{runs} runs, CRASH_SEED={seed}");
    let mut random = Random::new(seed);
    for first in (0..runs).step_by(RUNS_PER_JOURNAL) {
        let mut stand = Stand::new(random.below(u64::MAX), None);
        for run in first..runs.min(first + RUNS_PER_JOURNAL) {
            let moment = Moment::any(&mut random, stand.seats.len());
            println!("run {run}: {moment:?}");
            kill_once(&mut stand, &mut random, &moment);
        }
        println!("{} accepted", stand.accepted());
        stand.finish();
    }
}

/// One life, and what is left of it.
fn kill_once(stand: &mut Stand, random: &mut Random, moment: &Moment) {
    for seat in &mut stand.seats {
        let slow = Mood::Slow(Duration::from_millis(random.below(30)));
        seat.receiver.set(*choose(random, &[Mood::Up, Mood::Up, Mood::Down, Mood::Flapping, slow]));
    }
    stand.plan.ahead += Duration::from_secs(random.below(90));
    stand.plan.die_at_write = if let Moment::Write(nth) = moment { Some(*nth) } else { None };
    let accepted = stand.accepted();
    let mut pipe = stand.start();
    wait(stand, &mut pipe, moment, accepted);
    for seat in &stand.seats {
        seat.receiver.trap(None);
    }
    pipe.process().kill();
    stand.check();
}

/// Waits for the moment; it may have died by itself then.
fn wait(stand: &Stand, pipe: &mut Pipe, moment: &Moment, accepted: usize) {
    let start = Instant::now();
    let until = |is_so: &mut dyn FnMut(&mut Pipe) -> bool, pipe: &mut Pipe| {
        while start.elapsed() < LIFE_MAX && !is_so(pipe) {
            std::thread::yield_now();
        }
    };
    match *moment {
        Moment::Accepted(more) => until(&mut |_| stand.accepted() >= accepted + more, pipe),
        Moment::Log(times) => {
            let (mut grown, mut length) = (0, 0);
            let log = format!("{}-wal", stand.plan.journal.display());
            let mut is_so = |_: &mut Pipe| {
                let now = std::fs::metadata(Path::new(&log)).map_or(0, |data| data.len());
                grown += u64::from(now > length);
                length = now;
                grown >= times
            };
            until(&mut is_so, pipe);
        }
        Moment::Write(_) => until(&mut |pipe| !pipe.process().runs(), pipe),
        Moment::Taken { seat, nth, made, answered } => {
            let receiver = &stand.seats[seat].receiver;
            let kill = (!answered).then(|| pipe.process().id());
            receiver.trap(Some(Trap { nth, made, kill }));
            match answered {
                true => drop(receiver.trapped(LIFE_MAX)),
                false => until(&mut |pipe| !pipe.process().runs(), pipe),
            }
        }
        Moment::After(life) => until(&mut |_| start.elapsed() >= life, pipe),
    }
}
