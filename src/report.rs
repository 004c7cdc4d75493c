//! What is said at the end: events seen and lost, alerts by rule, what was sent and what is pending.

use std::fmt::Write;

use jiff::tz::TimeZone;
use lanner_alert::Timestamp;
use lanner_detector::Report;
use lanner_outputs::Templates;
use lanner_router::OutputReport;

/// A number of things, by their name.
pub fn count(number: usize, name: &str) -> String {
    format!("{number} {name}{}", if number == 1 { "" } else { "s" })
}

/// A point in time to the second, as tables show it.
pub fn moment(time: Timestamp) -> String {
    time.zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The report, in lines.
pub fn report(
    detector: &Report,
    outputs: &[OutputReport],
    templates: &[Templates],
    uncommitted: usize,
) -> String {
    let mut text = String::from("lanner has stopped\n");
    // Writing to a string can't fail.
    let mut row = |line: String| {
        let _ = writeln!(text, "  {line}");
    };
    let seen: u64 = detector.events.values().sum();
    let lost: u64 = detector.lost.iter().map(|(_, count)| count).sum();
    row(format!("events    {seen} seen, {lost} lost"));
    for (kind, count) in &detector.lost {
        row(format!("          {count} lost of {kind}"));
    }
    for (what, count) in &detector.partial {
        row(format!("          {count} not whole: {what}"));
    }
    let alerts: u64 = detector.alerts.values().sum();
    row(format!("alerts    {alerts}"));
    for (rule, count) in &detector.alerts {
        row(format!("          {count} of {rule}"));
    }
    if detector.held > 0 {
        row(format!("held      {} waited for a container, {} in vain", detector.held, detector.expired));
    }
    if detector.not_held > 0 {
        row(format!("          {} could not wait", detector.not_held));
    }
    containers(detector, &mut row);
    for (at, output) in outputs.iter().enumerate() {
        let pending = output.pending.map_or("an unknown number".to_owned(), |count| count.to_string());
        let mut line = format!("{:<9} {} sent, {pending} pending", output.name, output.sent);
        if output.refused > 0 {
            let _ = write!(line, ", {} refused", output.refused);
        }
        if output.retried > 0 {
            let _ = write!(line, ", {} attempts repeated", output.retried);
        }
        if output.redacted > 0 {
            let _ = write!(line, ", {} without their secrets", output.redacted);
        }
        let failures = templates.get(at).map_or(0, Templates::failures);
        if failures > 0 {
            let _ = write!(line, ", {failures} times a template failed");
        }
        if output.failing {
            line.push_str(", failing: only probes were sent at the end");
        }
        row(line);
    }
    if uncommitted > 0 {
        row(format!("journal   {uncommitted} entries could not be written"));
    }
    text
}

/// What was known of containers and processes, and what wasn't, and why.
fn containers(detector: &Report, row: &mut impl FnMut(String)) {
    let known: Vec<String> =
        detector.containers_known.iter().map(|(engine, count)| format!("{count} of {engine}")).collect();
    if !known.is_empty() {
        row(format!("known     containers: {}", known.join(", ")));
    }
    for ((engine, reason), count) in &detector.containers_unanswered {
        row(format!("unknown   {count} containers, as {engine} {}", reason.words()));
    }
    for (count, what) in [
        (detector.containers_cut, "containers of which not all was kept, as it was too long"),
        (detector.containers_unknown, "containers that no engine knows"),
        (detector.containers_refused, "containers not asked for, as too many waited"),
        (detector.containers_not_raised, "containers whose start wasn't told of"),
        (detector.users_missed, "times the users of a container could not be read"),
        (detector.state.missed_processes, "processes that were gone before they were known"),
        (detector.state.evicted_processes, "processes given up, as there were too many"),
        (detector.state.evicted_cgroups, "cgroups given up, as there were too many"),
        (detector.state.evicted_containers, "containers given up, as there were too many"),
    ] {
        if count > 0 {
            row(format!("unknown   {count} {what}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use lanner_detector::containers::Reason;

    use super::*;

    #[test]
    fn everything_that_was_counted_is_said() {
        let mut detector = Report {
            events: [("openat", 5), ("execve", 2)].into(),
            lost: vec![("openat", 3)],
            partial: vec![("unresolved", 4)],
            alerts: [("A rule".into(), 6)].into(),
            held: 7,
            expired: 8,
            not_held: 9,
            containers_known: [("docker".into(), 18)].into(),
            containers_unanswered: [(("podman", Reason::Silent), 10)].into(),
            ..Report::default()
        };
        detector.state.evicted_processes = 11;
        let output = OutputReport {
            name: "soc".to_owned(),
            sent: 12,
            retried: 13,
            refused: 14,
            failing: true,
            redacted: 17,
            pending: Some(15),
        };
        let said = report(&detector, &[output], &[], 16);
        for part in [
            "7 seen, 3 lost",
            "3 lost of openat",
            "4 not whole: unresolved",
            "6 of A rule",
            "7 waited for a container, 8 in vain",
            "9 could not wait",
            "containers: 18 of docker",
            "10 containers, as podman didn't answer in time",
            "11 processes given up",
            "12 sent, 15 pending, 14 refused, 13 attempts repeated, 17 without their secrets, failing",
            "16 entries could not be written",
        ] {
            assert!(said.contains(part), "`{part}` isn't said:\n{said}");
        }
        let quiet = report(&Report::default(), &[], &[], 0);
        assert_eq!(quiet.lines().count(), 3, "{quiet}");
    }
}
