//! The path of an event that no rule is true of, which is nearly all of them: nothing is allocated on it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use lanner_detector::state::State;
use lanner_diagnostic::{SourceText, Sources};
use lanner_event::fields::Fields;
use lanner_event::sample::Sample;
use lanner_event::{EventBatch, Kind};
use lanner_rules::{Options, RuleSet, Scratch};

thread_local! {
    static ALLOCATED: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, with a count for each thread.
struct Counting;

// SAFETY: all is done by the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.with(|allocated| allocated.set(allocated.get() + 1));
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The rules that are shipped.
fn rules() -> RuleSet {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/rules/lanner_rules.yaml");
    let mut sources = Sources::default();
    let file = sources.add(SourceText::new(path, std::fs::read_to_string(path).unwrap()));
    RuleSet::compile(&sources, &[file], Fields::ALL, &[], &Options::default()).0
}

fn batch(kind: Kind, fields: &[(&str, &str)]) -> EventBatch {
    let mut sample = Sample::new(kind);
    for (field, value) in fields {
        sample.set(field, value).unwrap();
    }
    sample.build().0
}

#[test]
fn events_that_no_rule_is_true_of_allocate_nothing() {
    let rules = rules();
    assert!(rules.enabled() > 0);
    let mut state = State::new("host", false);
    let program = [("proc.name", "cc1"), ("proc.exepath", "/usr/bin/cc1"), ("user.uid", "1000")];
    state.apply(batch(Kind::Execve, &program).get(0));
    let batches = [
        batch(Kind::Openat, &[("proc.name", "cc1"), ("fd.name", "/usr/include/stdio.h")]),
        batch(Kind::Openat, &[("proc.name", "cc1"), ("fd.name", "/etc/ld.so.cache")]),
        batch(Kind::Unlink, &[("proc.name", "cc1"), ("fs.path.name", "/tmp/a.o")]),
        batch(Kind::Procexit, &[("proc.name", "other")]),
    ];
    let (mut scratch, mut hits) = (Scratch::default(), Vec::new());
    let mut pass = || {
        for batch in &batches {
            for event in batch.iter() {
                state.apply(event);
                rules.eval(event, &state.host, &mut scratch, &mut hits);
            }
        }
    };
    // Buffers grow to what they need.
    (0..10).for_each(|_| pass());
    let before = ALLOCATED.with(Cell::get);
    (0..100).for_each(|_| pass());
    assert_eq!(ALLOCATED.with(Cell::get) - before, 0);
    assert_eq!(hits, []);
}
