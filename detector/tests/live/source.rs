//! The source itself: what is attached, what it leaves out, what it loses.

use std::time::Duration;

use lanner_detector::source::Source;
use lanner_detector::source::live::HookState;
use lanner_event::{EventBatch, Kind};

use super::{events_of, in_child, of_kind, start, start_with, text};

#[test]
fn every_hook_is_attached_and_old_processes_are_listed() {
    let Some(mut live) = start_with(&[Kind::Unlinkat, Kind::ExitGroup], 8 << 20) else { return };
    let refused: Vec<_> = live.coverage().iter().filter(|hook| hook.state != HookState::Attached).collect();
    assert!(refused.is_empty(), "{refused:?}");
    let mut batch = EventBatch::default();
    live.fill(&mut batch, Duration::ZERO).unwrap();
    let own = batch
        .iter()
        .find(|event| event.kind == Kind::Process && event.task.pid == std::process::id() as i32)
        .expect("this process was there before");
    let exe = std::env::current_exe().unwrap().canonicalize().unwrap();
    assert_eq!(text(&own, "trusted_exepath"), exe.display().to_string());
    assert_eq!(text(&own, "exe"), std::env::args().next().unwrap());
    assert_eq!(live.lost().total(), 0);
}

#[test]
fn only_what_is_wanted_is_seen() {
    let Some(mut live) = start_with(&[Kind::Mkdir], 1 << 20) else { return };
    let directory = tempfile::tempdir().unwrap();
    let pid = in_child(|| {
        std::fs::write(directory.path().join("file"), "x").unwrap();
        std::fs::create_dir(directory.path().join("a")).unwrap();
    });
    let events = events_of(&mut live, pid);
    let count = |kind| of_kind(&events, kind).len();
    assert_eq!((count(Kind::Mkdir), count(Kind::Openat)), (1, 0));

    let Some(live) = start_with(&[Kind::Procexit], 1 << 20) else { return };
    let state = |name: &str| &live.coverage().iter().find(|hook| hook.name == name).unwrap().state;
    assert_eq!(
        (state("sys_exit"), state("sched_process_exit")),
        (&HookState::NotWanted, &HookState::Attached)
    );
}

#[test]
fn the_own_process_is_left_out_and_counted() {
    let Some(mut live) = start() else { return };
    let before = live.self_excluded();
    let path = tempfile::tempdir().unwrap().path().join("none");
    assert!(std::fs::File::open(&path).is_err());
    assert!(live.self_excluded() > before);
    let pid = in_child(|| ());
    let path = path.display().to_string();
    let own = std::process::id() as i32;
    let is_end = |event: &lanner_event::EventRef| event.task.pid == pid && event.kind == Kind::Procexit;
    let events = super::events_until(&mut live, |_| true, is_end);
    let seen = of_kind(&events, Kind::Openat);
    assert!(seen.iter().all(|event| event.task.pid != own && text(event, "name") != path));
}

#[test]
fn what_does_not_fit_is_counted() {
    const OPENS: u64 = 500;
    let Some(mut live) = start_with(Kind::ALL, 4096) else { return };
    in_child(|| {
        for _ in 0..OPENS {
            let _ = std::fs::File::open("/none/such");
        }
    });
    let mut batch = EventBatch::default();
    live.fill(&mut batch, Duration::ZERO).unwrap();
    let lost = live.lost();
    let opens = lost.by_kind.iter().find(|(name, _)| *name == "openat").map_or(0, |(_, count)| *count);
    let seen = batch.iter().filter(|event| event.text("name") == Some(b"/none/such")).count() as u64;
    assert!(opens > 0 && opens + seen >= OPENS, "{opens} were lost and {seen} seen");
}
