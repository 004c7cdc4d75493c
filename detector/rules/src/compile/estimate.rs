//! How much work a check is, and how likely it is true of an ordinary event: what decides with little work is judged
//! first. Both are rough; a wrong one makes judging slower, never wrong.

use lanner_event::{FieldFlags, FieldRef};

use super::need::Position;
use super::predicate::{Predicate, TextTest};
use super::source::Source;
use crate::ast::Op;

/// How long a check takes, in nanoseconds.
pub fn cost(source: &Source, predicate: &Predicate) -> f32 {
    let test = match predicate {
        Predicate::Exists
        | Predicate::Bool(_)
        | Predicate::Number(..)
        | Predicate::Real(..)
        | Predicate::NumberIn(_) => 1.0,
        Predicate::Text(TextTest::In(_) | TextTest::StartsWith(_) | TextTest::EndsWith(_)) => 6.0,
        Predicate::Text(TextTest::Regex(_)) => 100.0,
        Predicate::Ne(inner) => return cost(source, inner),
        Predicate::Modified(_, inner) | Predicate::Any(inner) => {
            inner.iter().map(|inner| cost(source, inner)).sum()
        }
        _ => 15.0,
    };
    test + read_cost(source)
}

/// How long it takes to look for constants in a source's value, in nanoseconds.
pub fn lookup_cost(source: &Source, position: Position) -> f32 {
    let walk = match position {
        Position::Whole | Position::Start | Position::End => 8.0,
        Position::Inside | Position::InsideAnyCase => 20.0,
    };
    walk + read_cost(source)
}

fn read_cost(source: &Source) -> f32 {
    let read = |field: &&FieldRef| match field.field.name {
        "evt.type" | "evt.num" | "evt.rawres" | "container.id" => 1.0,
        name if name.starts_with("proc.a") || name.starts_with("evt.arg") => 60.0,
        _ if field.field.flags.contains(FieldFlags::FILTER_ONLY) => 40.0,
        _ if field.field.flags.contains(FieldFlags::LATE) => 20.0,
        _ => 6.0,
    };
    source.fields().iter().map(read).sum()
}

/// How likely a check is true of an ordinary event.
pub fn chance(source: &Source, predicate: &Predicate) -> f32 {
    if let Predicate::Ne(inner) = predicate {
        return 1.0 - chance(source, inner);
    }
    let name = match source {
        Source::Field(field) => field.field.name,
        _ => "",
    };
    match (name, predicate) {
        // What has few values, each of them ordinary.
        ("container.id", Predicate::Text(TextTest::In(_))) => 0.7,
        ("fd.typechar" | "fd.type" | "fd.l4proto" | "fd.sockfamily" | "evt.res", _) => 0.7,
        ("evt.is_open_read", Predicate::Bool(wanted)) => {
            if *wanted {
                0.8
            } else {
                0.2
            }
        }
        (_, Predicate::Exists) => 0.9,
        (_, Predicate::Bool(_)) => 0.2,
        (_, Predicate::Number(Op::Eq, _) | Predicate::NumberIn(_)) => 0.1,
        (_, Predicate::Number(..) | Predicate::Real(..)) => 0.5,
        (_, Predicate::Modified(..) | Predicate::Any(_) | Predicate::Field(..)) => 0.2,
        (_, Predicate::Text(test)) => text_chance(test),
        (_, Predicate::Ne(_) | Predicate::Ip(_) | Predicate::Net(_)) => 0.05,
    }
}

/// A rule looks for something out of the ordinary: hardly any value has what it names, but where that is short.
fn text_chance(test: &TextTest) -> f32 {
    let by_length = |text: &[u8]| match text.len() {
        0..=1 => 0.9,
        2..=3 => 0.2,
        _ => 0.05,
    };
    match test {
        TextTest::Contains(finder) => by_length(finder.needle()),
        TextTest::IContains(wanted, _) => by_length(wanted),
        TextTest::StartsWith(wanted) | TextTest::EndsWith(wanted) => {
            wanted.iter().map(|text| by_length(text)).fold(0.0, f32::max)
        }
        _ => 0.05,
    }
}
