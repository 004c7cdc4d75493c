//! What works and is hardly meant so: constants that look like fields, expressions that need be none (libs,
//! `filter.cpp`; Falco, `filter_warning_resolver.cpp`).

use std::ops::Range;

use lanner_diagnostic::Diagnostic;
use lanner_event::FieldRef;

use super::operand::{Names, Stop};
use super::source::Source;
use crate::ast::{Function, Op, Operand, Right, Text};
use crate::parse;
use crate::sourced::Sourced;

/// The families in which Falco takes `<NA>` for missing.
const MISSING_AS_TEXT: &[&str] = &["ka.", "jevt."];

/// What there is to doubt in a comparison.
pub fn doubts(source: &Source, op: Op, right: &Right, names: Names, text: &Sourced) -> Vec<Stop> {
    let constants = match right {
        Right::Constant(constant) => std::slice::from_ref(constant),
        Right::List(constants) | Right::Modified(_, constants) => constants,
        Right::None | Right::Operand(_) => return Vec::new(),
    };
    let doubt = |code: &'static str, message: String, range: &Range<usize>| {
        let place = text.place(range.start, range.end);
        Stop { diagnostic: Diagnostic::warning(code, message).at(place), unknown: false }
    };
    let mut found = Vec::new();
    for Text { text: constant, range } in constants {
        let said = [
            Some(constant).filter(|_| op == Op::Regex).and_then(|constant| simple(constant)),
            field(constant, names),
            transformer(constant),
        ];
        found.extend(
            said.into_iter().flatten().map(|message| doubt("LOAD_COMPILE_CONDITION", message, range)),
        );
        if constant == "<NA>" && takes_missing_as_text(source, op) {
            let message = "a missing value is no `<NA>`: it can be asked for with `exists`".to_owned();
            found.push(doubt("LOAD_UNSAFE_NA_CHECK", message, range));
        }
    }
    found
}

fn takes_missing_as_text(source: &Source, op: Op) -> bool {
    let equality = matches!(op.canonical(), Op::Eq | Op::Ne | Op::In | Op::Intersects | Op::PMatch);
    let Source::Field(field) = source else { return false };
    equality && MISSING_AS_TEXT.iter().any(|prefix| field.field.name.starts_with(prefix))
}

fn field(constant: &str, names: Names) -> Option<String> {
    let bare = without_blanks(constant);
    let (operand, length) = parse::operand(&bare).ok()?;
    let Operand::Field(name) = operand else { return None };
    FieldRef::parse(&name.name, name.arg.as_deref(), names.fields).ok().filter(|_| length == bare.len())?;
    Some(format!("`{constant}` is a text here: the field would be `val({bare})`"))
}

fn transformer(constant: &str) -> Option<String> {
    let bare = without_blanks(constant);
    let name = bare.strip_suffix(')')?.split_once('(')?.0;
    let known = name == "val" || Function::ALL.iter().any(|function| function.name() == name);
    known.then(|| format!("`{constant}` is a text here, and no transformer"))
}

fn without_blanks(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_whitespace()).collect()
}

/// Whether an expression has nothing in it that needs one: besides a beginning or an end that can be anything.
fn simple(pattern: &str) -> Option<String> {
    let bytes = pattern.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let (first, last) = (at == 0, at + 1 == bytes.len());
        let anything = bytes[at] == b'.' && bytes.get(at + 1).is_some_and(|next| b"+*?".contains(next));
        match bytes[at] {
            b'^' if first => at += 1,
            b'$' if last => at += 1,
            _ if anything && (first || at + 2 == bytes.len()) => at += 2,
            byte if b".+*?^$()[]{}|\\".contains(&byte) => return None,
            _ => at += 1,
        }
    }
    Some(format!(
        "`{pattern}` needs no regular expression: `=`, `contains`, `startswith` or `endswith` would do"
    ))
}
