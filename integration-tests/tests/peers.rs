//! What the peers were measured by, in sizes that don't take long; `make bench` has the whole ones.

use std::time::Duration;

use lanner_integration_tests::peers::{Stand, storm};
use lanner_integration_tests::receiver::Mood;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pipe");
/// The most memory that may be resident, in bytes.
const RESIDENT_MAX: u64 = 100 << 20;

fn stand(alerts: u64) -> Stand {
    Stand::new(PROGRAM, alerts, None).with_breaker(1, Duration::from_millis(20))
}

#[test]
fn all_come_once() {
    stand(5_000).rate();
}

#[test]
fn a_receiver_that_is_down_loses_nothing() {
    let outcome = stand(5_000).with_receiver(Mood::Down);
    assert_eq!((outcome.lost, outcome.again), (0, 0), "{outcome:?}");
    assert!(outcome.accepted >= 5_000 && outcome.resident <= RESIDENT_MAX, "{outcome:?}");
}

#[test]
fn a_slow_receiver_takes_no_memory() {
    let outcome = stand(10_000).with_receiver(Mood::Slow(Duration::from_millis(200)));
    assert_eq!((outcome.lost, outcome.again), (0, 0), "{outcome:?}");
    assert!(outcome.resident <= RESIDENT_MAX, "{outcome:?}");
}

#[test]
fn a_kill_loses_nothing() {
    let outcome = stand(5_000).killed_after(2_000);
    assert_eq!(outcome.lost, 0, "{outcome:?}");
    assert!(outcome.accepted >= 2_000, "{outcome:?}");
}

#[test]
fn a_storm_reaches_slack_within_its_limits_and_adds_up() {
    let storm = storm(PROGRAM, 50_000, 500);
    assert!(storm.messages <= storm.allowed, "{storm:?}");
    assert_eq!(storm.counted, 50_000, "{storm:?}");
}
