//! An event that no rule is true of is judged without an allocation.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::Path;

use lanner_diagnostic::{Severity, SourceText, Sources};
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
            details: None,
        });
    }
    batch
}

/// How often judging an event of each kind by these rules allocates, once the memory is there.
fn allocations(rules: &str) -> usize {
    let mut sources = Sources::default();
    let id = sources.add(SourceText::new("rules.yaml", rules));
    let (set, diagnostics) = RuleSet::compile(&sources, &[id], Fields::ALL, &[], &Options::default());
    assert!(diagnostics.iter().all(|said| said.severity != Severity::Error), "{diagnostics:?}");
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
    COUNT.with(Cell::get) - before
}

#[test]
fn a_miss_allocates_nothing() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/rules/lanner_rules.yaml");
    let text = std::fs::read_to_string(&path).expect("the rules are in the tree");
    assert_eq!(allocations(&text), 0);
}

#[test]
fn no_operator_and_no_transformer_allocates() {
    for check in [
        "evt.type contains x-x",
        "evt.type icontains X-x",
        "evt.type glob *-[x]?",
        "evt.type iglob *-[X]?",
        "evt.type regex \".*-.+x\"",
        "fs.path.name pmatch (/x, /h*/x)",
        "evt.type startswith anyof (x-, y-)",
        "evt.type = val(evt.hostname)",
        "evt.type icontains concat(\"X\", evt.type)",
        "evt.type glob concat(\"x\", evt.type)",
        "tolower(fs.path.name) = X",
        "basename(toupper(fs.path.name)) = x",
        "b64(evt.type) = x-x",
        "len(fs.path.name) = 1",
        "join(\"-\", (evt.type, evt.num, evt.failed, proc.aname)) = x",
        "getopt((\"-t\", evt.type, \"-v\"), \"t:v\")[t] = x-x",
        "getopt((\"-t\", evt.type, \"-v\"), \"t:v\") intersects (x-x)",
        "toupper((evt.type, evt.type)) intersects (x-x)",
        "evt.arg.flags contains x-x",
        "evt.rawarg.flags < 0",
        "fd.net in (10.0.0.0/8)",
        "proc.aname in (x-x)",
    ] {
        let rule = format!(
            "- rule: r\n  desc: d\n  priority: info\n  output: o\n  condition: '{check} or {check} and evt.num < 0'\n"
        );
        assert_eq!(allocations(&rule), 0, "{check}");
    }
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
