//! Runs and notifications as a few lines, for those who read why something failed.

use std::fmt;

use lanner_alert::{Alert, Notification};

use super::case::{Came, Configuration, Happening, RouteTo, Run};
use super::is_heartbeat;

/// What a receiver is told, in a line; of ids, which are made of chance, only whether it is the alert's own.
pub fn told(output: usize, item: &Notification) -> String {
    if is_heartbeat(item) {
        return format!("{output} < heartbeat at {}", item.time);
    }
    let own = item.alerts.first().is_some_and(|alert| alert.id == item.id);
    let alerts: Vec<String> = item.alerts.iter().map(|alert| shown(alert)).collect();
    let mut text = format!("{output} < {:?} at {} {}", item.kind, item.time, item.priority);
    text += &format!(" x{} own id {own} [{}]", item.count(), alerts.join(", "));
    if let Some(group) = &item.group {
        text += &format!(" update {} new {} by {:?}", group.update, group.new, group.by);
    }
    if !item.tally.rules.is_empty() {
        text += &format!(" {:?}", item.tally);
    }
    text
}

fn shown(alert: &Alert) -> String {
    let Alert { id, rule, priority, output, count, first_seen, last_seen, silenced, route, tags, .. } = alert;
    let id = id.as_u128();
    format!(
        "#{id} {rule} {priority} x{count} {first_seen}..{last_seen} '{output}' {silenced:?} via {route:?} {tags:?}"
    )
}

impl fmt::Debug for Came {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let [rule, host, container] = ["rule", "hostname", "container.name"].map(|field| self.value(field));
        write!(f, "{} on {} in {}", rule.unwrap_or("-"), host.unwrap_or("-"), container.unwrap_or("-"))?;
        write!(f, " {} x{} {}s ago", self.priority(), self.count, self.lag)
    }
}

fn write_route(route: &RouteTo, depth: usize, f: &mut fmt::Formatter) -> fmt::Result {
    let conditions: Vec<String> = route.conditions.iter().map(ToString::to_string).collect();
    let RouteTo { outputs, min_priority, active, mute, group, text, continues, .. } = route;
    write!(f, "{:width$}route [{}] to {outputs:?}", "", conditions.join(" & "), width = 2 * depth)?;
    write!(f, " min {min_priority:?} active {active:?} mute {mute:?} group {group:?} text {text:?}")?;
    writeln!(f, "{}", if *continues { " continue" } else { "" })?;
    route.routes.iter().try_for_each(|below| write_route(below, depth + 1, f))
}

impl fmt::Debug for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write_route(&self.route, 1, f)?;
        self.outputs
            .iter()
            .enumerate()
            .try_for_each(|(at, output)| writeln!(f, "  output {at} {output:?}"))?;
        self.silences.iter().try_for_each(|silence| writeln!(f, "  {silence:?}"))?;
        self.inhibit.iter().try_for_each(|rule| writeln!(f, "  {rule:?}"))
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let restless = if self.restless { ", started again after each step" } else { "" };
        write!(f, "a run, not owed up to {:?}{restless}\n{:?}", self.since, self.configuration)?;
        for happening in &self.happenings {
            match happening {
                Happening::Change(other) => write!(f, "  > started with\n{other:?}")?,
                other => writeln!(f, "  > {}", format!("{other:?}").replace('\n', " "))?,
            }
        }
        Ok(())
    }
}
