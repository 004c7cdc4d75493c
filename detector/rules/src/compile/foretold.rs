//! What is known of a check before there is an event: of which kinds it is true, and whether it is true at all.

use bumpalo::Bump;
use lanner_diagnostic::nearest;
use lanner_event::{Ctx, Event, EventBatch, EventFlags, Host, Kind, Slice, Task};

use super::check::{Check, Mismatch, mismatch};
use super::predicate::Predicate;
use super::source::Source;
use crate::ast::{Op, Right};
use crate::eval::Tri;
use crate::kindset::KindSet;

/// Whether a source says nothing but the event's kind.
fn says_kind(source: &Source) -> bool {
    is(source, "evt.type") || is(source, "syscall.type")
}

fn is(source: &Source, name: &str) -> bool {
    matches!(source, Source::Field(field) if field.field.name == name)
}

/// That the constants which a check compares `evt.type` with are kinds (libs, `event.cpp`); those of `syscall.type` can
/// be anything.
pub fn known_kinds(source: &Source, op: Op, right: &Right) -> Result<(), Mismatch> {
    let texts = match right {
        Right::Constant(text) => std::slice::from_ref(text),
        Right::List(texts) | Right::Modified(_, texts) => texts,
        Right::None | Right::Operand(_) => return Ok(()),
    };
    let whole = matches!(op, Op::Eq | Op::Ne | Op::In | Op::Intersects) && is(source, "evt.type");
    match texts.iter().find(|text| whole && Kind::by_name(&text.text).is_none()) {
        None => Ok(()),
        Some(text) => {
            let names = Kind::ALL.iter().map(|kind| kind.row()).filter(|row| !row.internal);
            Err(Mismatch {
                near: nearest(&text.text, names.map(|row| row.name)).map(str::to_owned),
                unknown_event: true,
                ..mismatch(format!("unknown event type `{}`", text.text), text.range.clone())
            })
        }
    }
}

/// The kinds of which a check that says nothing but the kind is true: it is asked.
pub fn kinds(check: &Check) -> Option<KindSet> {
    let other = match &check.predicate {
        Predicate::Field(_, other) => says_kind(other),
        _ => true,
    };
    if !says_kind(&check.source) || !other {
        return None;
    }
    let (host, bump) = (Host::default(), Bump::new());
    let mut batch = EventBatch::default();
    batch.events.push(Event {
        num: 1,
        time: 0,
        kind: Kind::Execve,
        flags: EventFlags::empty(),
        cpu: 0,
        res: 0,
        task: Task::default(),
        fd: None,
        params: Slice::default(),
        document: None,
        details: None,
    });
    let holds = |kind: &Kind| {
        batch.events[0].kind = *kind;
        check.judge(&Ctx::new(batch.get(0), &host, &bump)) == Tri::True
    };
    Some(KindSet::ALL.iter().filter(holds).collect())
}

/// Events are numbered from 1, and all rules files have `evt.num=0` for what is never true.
pub fn event_number(source: &Source, predicate: &Predicate) -> Option<bool> {
    if !is(source, "evt.num") {
        return None;
    }
    let never = |predicate: &Predicate| match predicate {
        Predicate::Number(Op::Eq | Op::Le, number) => *number < 1,
        Predicate::Number(Op::Lt, number) => *number <= 1,
        _ => false,
    };
    match predicate {
        Predicate::Number(Op::Ge, number) if *number <= 1 => Some(true),
        Predicate::Number(Op::Gt, number) if *number < 1 => Some(true),
        Predicate::Ne(inner) if never(inner) => Some(true),
        predicate if never(predicate) => Some(false),
        _ => None,
    }
}
