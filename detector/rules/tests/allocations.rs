//! An event that no rule is true of is judged without an allocation.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::Path;

use lanner_diagnostic::{SourceText, Sources};
use lanner_event::fields::Fields;
use lanner_event::sample::Sample;
use lanner_event::{
    Arg, ArgRule, Ctx, Event, EventBatch, EventFlags, EventSource, FieldRef, Host, Kind, Param, ParamType,
    Process, Task,
};
use lanner_rules::{Options, RuleSet, Scratch};

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is handed on as it is; counting touches nothing but a cell of the thread.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: as the caller promised for this call.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promised for this call.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A batch with an event of each kind, all of whose paths are there.
fn batch() -> EventBatch {
    let mut batch = EventBatch::default();
    for kind in Kind::ALL {
        let given = batch.push_bytes(b"/home/user/project/src/main.rs");
        let real = Some(batch.push_bytes(b"/data/project/src/main.rs"));
        let path = lanner_event::Path { raw: given, given, real };
        let params = kind.row().params.iter().map(|row| match row.ty {
            ParamType::Path => Param::Path(path),
            ParamType::Flags(_) => Param::Uint(0o1101),
            ParamType::Errno => Param::Int(0),
            _ => Param::Missing,
        });
        let params: Vec<Param> = params.collect();
        let params = batch.push_params(&params);
        let task = Task { pid: 100, tid: 100, ppid: 1, ..Task::default() };
        let (kind, flags) = (*kind, EventFlags::empty());
        batch.events.push(Event {
            num: 1,
            time: 1,
            kind,
            flags,
            cpu: 0,
            res: 0,
            task,
            fd: None,
            params,
            document: None,
        });
    }
    batch
}

#[test]
fn a_miss_allocates_nothing() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/rules/lanner_rules.yaml");
    let text = std::fs::read_to_string(&path).expect("the rules are in the tree");
    let mut sources = Sources::default();
    let id = sources.add(SourceText::new("lanner_rules.yaml", text));
    let (set, _) = RuleSet::compile(&sources, &[id], Fields::ALL, &[], &Options::default());
    let mut host = Host::default();
    for pid in [1, 100] {
        host.processes.insert(Process { pid, ppid: pid - 1, ..Process::default() });
    }
    let batch = batch();
    let (mut scratch, mut hits) = (Scratch::default(), Vec::with_capacity(100));
    let mut judge = || {
        for event in batch.iter() {
            set.eval(event, &host, &mut scratch, &mut hits);
        }
    };
    // The first round makes the memory that all others use.
    judge();
    let before = COUNT.with(Cell::get);
    judge();
    assert_eq!(COUNT.with(Cell::get) - before, 0);
}

#[test]
fn reading_an_audit_event_allocates_nothing() {
    let mut sample = Sample::new(Kind::Pluginevent);
    sample.set_document(include_str!("../../event/src/fields/ka/everything.json")).expect("a document");
    let (batch, host) = sample.build();
    let fields = Fields::ALL.of(EventSource::K8sAudit).rows().map(|field| {
        let arg = match field.arg {
            ArgRule::KeyRequired => Arg::Key("/annotations/authorization.k8s.io~1reason".into()),
            _ => Arg::None,
        };
        FieldRef { field, arg }
    });
    let fields: Vec<FieldRef> = fields.collect();
    let mut scratch = bumpalo::Bump::new();
    let mut read = || {
        let before = COUNT.with(Cell::get);
        for field in &fields {
            scratch.reset();
            Ctx::new(batch.get(0), &host, &scratch).get(field);
        }
        COUNT.with(Cell::get) - before
    };
    // The first round makes the memory that all others use.
    read();
    assert_eq!(read(), 0);
}
