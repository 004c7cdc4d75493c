//! What is said at the end: events seen and lost, alerts by rule, what was sent and what is pending.

use std::fmt::Write;

use lanner_detector::Report;
use lanner_router::OutputReport;

/// A number of things, by their name.
pub fn count(number: usize, name: &str) -> String {
    format!("{number} {name}{}", if number == 1 { "" } else { "s" })
}

/// The report, in lines.
pub fn report(detector: &Report, outputs: &[OutputReport], uncommitted: usize) -> String {
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
    let evicted = detector.state.evicted_processes;
    if evicted > 0 {
        row(format!("processes {evicted} were given up, as there were too many"));
    }
    for output in outputs {
        let pending = output.pending.map_or("an unknown number".to_owned(), |count| count.to_string());
        let mut line = format!("{:<9} {} sent, {pending} pending", output.name, output.sent);
        if output.refused > 0 {
            let _ = write!(line, ", {} refused", output.refused);
        }
        if output.retried > 0 {
            let _ = write!(line, ", {} attempts repeated", output.retried);
        }
        row(line);
    }
    if uncommitted > 0 {
        row(format!("journal   {uncommitted} entries could not be written"));
    }
    text
}
