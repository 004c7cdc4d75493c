//! What is killed while a group waits.

use std::time::Duration;

use lanner_alert::Timestamp;
use lanner_bus::Stats;
use lanner_integration_tests::pipe::{FED, Feed};
use lanner_integration_tests::receiver::Counts;
use lanner_integration_tests::wait_for;

use crate::stand::Stand;

#[test]
fn a_thousand_alerts_killed_while_their_group_waits_are_one_notification() {
    const ALERTS: u64 = 1000;
    const WAIT: Duration = Duration::from_secs(3600);
    let mut stand = Stand::new(6, None);
    stand.expect_all();
    stand.only("grouped");
    stand.plan.outputs[0].group = Some((WAIT, WAIT));
    (stand.plan.feed.count, stand.plan.feed.keys, stand.plan.feed.per_second) = (Some(ALERTS), 1, None);
    // The first kill comes before all are accepted, the second when they are, the third when they are in the group.
    let mut pipe = stand.start();
    stand.wait_accepted(0, 300, &pipe);
    pipe.process().kill();
    stand.plan.feed.count = Some(ALERTS - stand.check().accepted);
    let mut pipe = stand.start();
    stand.wait_said(FED, &pipe);
    pipe.process().kill();
    stand.check();
    stand.plan.feed.count = Some(0);
    let mut pipe = stand.start();
    let routed = || {
        let stats = Stats::read(&stand.plan.journal, Timestamp(0)).expect("the journal");
        (stats.cursor == ALERTS).then_some(())
    };
    wait_for("all to be routed", routed, || pipe.said());
    pipe.process().kill();
    stand.check();
    assert_eq!(stand.seats[0].receiver.count(), 0, "the group waits");

    stand.plan.ahead += WAIT * 2;
    stand.plan.feed = Feed { count: Some(0), drain: true, ..Feed::default() };
    assert_eq!(stand.start().stopped().pending, 0);
    stand.check();
    let got: Vec<Counts> = stand.seats[0].got_once().into_values().collect();
    assert_eq!(got, [Counts::from([(String::new(), ALERTS)])]);
}
