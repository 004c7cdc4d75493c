//! What is captured: the events that rules need.

use lanner_config::{DetectorSettings, Settings};
use lanner_detector::source::live;
use lanner_diagnostic::{Diagnostic, Node, nearest};
use lanner_event::{FieldFlags, Kind};
use lanner_rules::{KindSet, RuleSet};

/// The kinds of event that rules see which name none: all but what programs do all the time, or as configured.
pub fn broad(settings: &Settings) -> KindSet {
    let detector = &settings.detector;
    let mut broad: KindSet =
        KindSet::ALL.iter().filter(|kind| detector.all_events || !kind.row().is_heavy()).collect();
    for (kind, wanted) in custom_events(detector).filter_map(Result::ok) {
        let one: KindSet = [kind].into_iter().collect();
        broad = if wanted { broad.or(&one) } else { broad.and(&one.complement()) };
    }
    broad
}

/// The kinds of event that the rules need.
pub fn watched(settings: &Settings, rules: &RuleSet) -> KindSet {
    rules.watched(&broad(settings))
}

/// The events that `base_syscalls.custom_set` names, and whether they are wanted; the scalar of what is none.
fn custom_events(detector: &DetectorSettings) -> impl Iterator<Item = Result<(Kind, bool), &Node>> {
    detector.custom_events.iter().map(|node| {
        let text = node.as_str().unwrap_or_default();
        let name = text.trim_start_matches('!');
        let kind = KindSet::ALL.iter().find(|kind| kind.row().name == name);
        kind.map(|kind| (kind, name == text)).ok_or(node)
    })
}

/// Names in `base_syscalls.custom_set` that no event has.
pub fn unknown_events(detector: &DetectorSettings) -> Vec<Diagnostic> {
    let unknown = custom_events(detector).filter_map(Result::err).map(|node| {
        let name = node.as_str().unwrap_or_default();
        let near = nearest(name.trim_start_matches('!'), KindSet::ALL.iter().map(|kind| kind.row().name));
        let message = format!("there is no event type `{}`", name.trim_start_matches('!'));
        Diagnostic::warning("CONFIG_UNKNOWN_EVENT", message).at(node.place).help_nearest(near)
    });
    unknown.collect()
}

/// Starts to capture events of these kinds, with what is asked of the kernel besides.
pub fn start(
    settings: &Settings,
    wanted: impl Iterator<Item = Kind>,
    asked: FieldFlags,
) -> anyhow::Result<live::Live> {
    let wanted: Vec<Kind> = wanted.collect();
    let detector = &settings.detector;
    let DetectorSettings { buffer_size, poll_interval, .. } = *detector;
    let options = live::Settings { buffer_size, poll_interval, asked };
    Ok(live::Live::start(&wanted, &options)?)
}
