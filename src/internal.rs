//! The alerts that Lanner raises of itself: that something isn't watched, or nothing any more.

use lanner_alert::Priority;
use lanner_detector::source::live::{Hook, HookState};

/// An alert of Lanner's own.
#[derive(Debug, PartialEq)]
pub struct Internal {
    /// Its rule.
    pub rule: &'static str,
    /// Its priority.
    pub priority: Priority,
    /// What it says.
    pub output: String,
}

/// Says what isn't seen, where the kernel refused programs.
pub fn blind(host: &str, coverage: &[Hook]) -> Option<Internal> {
    let missing: Vec<String> = coverage
        .iter()
        .filter_map(|hook| match &hook.state {
            HookState::Refused(cause) => Some(format!("{} ({}: {cause})", hook.sees, hook.name)),
            HookState::Attached | HookState::NotWanted => None,
        })
        .collect();
    (!missing.is_empty()).then(|| Internal {
        rule: "Lanner internal: not all is watched",
        priority: Priority::Critical,
        output: format!("Lanner on {host} doesn't see: {}", missing.join("; ")),
    })
}

/// Says that Lanner stops: because it was told to, or because it can't go on.
pub fn stops(host: &str, error: Option<&anyhow::Error>) -> Internal {
    let (priority, cause) = match error {
        Some(error) => (Priority::Critical, format!(", because {error}")),
        None => (Priority::Warning, String::new()),
    };
    let output = format!("Lanner on {host} stops{cause}; nothing is watched until it is started again");
    Internal { rule: "Lanner internal: stops", priority, output }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_watched_is_said() {
        let hook = |name, state| Hook { name, sees: "programs that start", state };
        let coverage = [hook("a", HookState::Attached), hook("b", HookState::NotWanted)];
        assert_eq!(blind("web-1", &coverage), None);
        let said = blind("web-1", &[hook("c", HookState::Refused("no".into()))]).expect("an alert");
        assert_eq!(said.output, "Lanner on web-1 doesn't see: programs that start (c: no)");
        let error = anyhow::anyhow!("the kernel is old");
        assert_eq!(
            stops("web-1", Some(&error)).output,
            "Lanner on web-1 stops, because the kernel is old; nothing is watched until it is started again"
        );
        assert_eq!(stops("web-1", None).priority, Priority::Warning);
    }
}
