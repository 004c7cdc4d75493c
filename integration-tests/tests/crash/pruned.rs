//! Bounds that let nothing stay: what was given up is counted and told, and nothing begins again.

use std::time::Duration;

use lanner_integration_tests::pipe::{FED, Feed};
use lanner_integration_tests::receiver::Mood;

use crate::snapshot::Snapshot;
use crate::stand::Stand;

#[test]
fn a_journal_that_was_pruned_to_nothing_goes_on() {
    const ALERTS: u64 = 300;
    let mut stand = Stand::new(5, None);
    stand.expect_all();
    let endless = stand.plan.feed.clone();
    stand.plan.feed.count = Some(ALERTS);
    stand.set(Mood::Down);
    let mut pipe = stand.start();
    stand.wait_said(FED, &pipe);
    pipe.process().kill();
    stand.check();

    // Nothing is young enough to stay, and soon not even what tells of that.
    stand.plan.feed = Feed::default();
    (stand.plan.feed.count, stand.plan.max_age) = (Some(0), Some(Duration::ZERO));
    let mut pipe = stand.start();
    let take = |stand: &Stand| Snapshot::take(&stand.plan.journal, stand.folder.path());
    let pruned = || {
        let snapshot = take(&stand);
        (snapshot.accepted > ALERTS && snapshot.alerts.is_empty()).then_some(snapshot.accepted)
    };
    let last = lanner_integration_tests::wait_for("the last to go", pruned, String::new);
    pipe.process().kill();

    (stand.plan.feed, stand.plan.max_age) = (endless, None);
    stand.plan.feed.count = Some(ALERTS);
    stand.set(Mood::Up);
    let mut pipe = stand.start();
    stand.wait_said(FED, &pipe);
    pipe.process().kill();
    let kept = take(&stand).alerts;
    assert!(kept.first().is_some_and(|(seq, _)| *seq > last), "no place is given twice");
    stand.check_copies();
    stand.drain();
    let snapshot = stand.check_copies();
    assert!(snapshot.accepted >= last + ALERTS);
    for seat in &stand.seats {
        let ledger = &snapshot.outputs[&seat.output.name];
        let delivered: u64 = seat.got_once().values().flat_map(|counts| counts.values()).sum();
        let dead: u64 = ledger.dead.values().flat_map(|counts| counts.values()).sum();
        let sum = delivered + dead + ledger.given_up + snapshot.given_up;
        assert_eq!(sum, snapshot.accepted, "{}", seat.output.name);
        assert!(ledger.given_up > 0, "{}", seat.output.name);
    }
}
