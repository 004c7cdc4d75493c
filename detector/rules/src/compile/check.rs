//! A comparison whose types fit: made from the syntax tree, with its constants read by the field's type.

use std::ops::Range;

use aho_corasick::AhoCorasick;
use lanner_event::{Ctx, FieldFlags, FieldRef, Type};
use memchr::memmem::Finder;

use super::constant;
use super::estimate::{chance, cost};
use super::foretold::{event_number, kinds, known_kinds};
use super::predicate::{Predicate, TextTest, test};
use super::regex;
use super::source::Source;
use crate::ast::{Op, Right, Text};
use crate::eval::Tri;
use crate::kindset::KindSet;

/// A comparison.
#[derive(Debug)]
pub struct Check {
    /// What is compared.
    pub source: Source,
    /// With what.
    pub predicate: Predicate,
    /// Whether one element of a list that fits is enough.
    pub list_any: bool,
    /// Whether `!=` wants all of several values to differ.
    pub all_differ: bool,
    /// The event kinds it holds for, where it asks for the event's kind.
    pub kinds: Option<KindSet>,
    /// What it is always, where that is known.
    pub constant: Option<bool>,
    /// How much work it is, and how likely it is true of an ordinary event: what decides with little work is judged
    /// first.
    pub cost: f32,
    /// See `cost`.
    pub chance: f32,
}

impl Check {
    /// Judges the event in the context.
    pub fn judge<'a>(&'a self, ctx: &Ctx<'a>) -> Tri {
        test(&self.predicate, self.source.get(ctx), self.list_any, self.all_differ, ctx)
    }

    /// Checks of one source of texts, of which any is to be true, as one check. What each of them says of several
    /// values, a missing or a pending one is the same for all.
    pub fn any(checks: &[&Check]) -> Option<Check> {
        let [first, ..] = checks else { return None };
        let test = |check: &&Check| match &check.predicate {
            Predicate::Text(test) => Some(test.clone()),
            _ => None,
        };
        let tests: Vec<TextTest> = checks.iter().map(test).collect::<Option<_>>()?;
        Some(Check {
            source: first.source.clone(),
            predicate: Predicate::Text(TextTest::any(&tests)),
            cost: checks.iter().map(|check| check.cost).sum(),
            kinds: None,
            constant: None,
            ..**first
        })
    }

    /// Whether it can be made one with other checks of its source. A regular expression takes memory of its own.
    pub fn is_mergeable(&self) -> bool {
        let text = matches!(&self.predicate, Predicate::Text(test) if !matches!(test, TextTest::Regex(_)));
        text && self.kinds.is_none() && !self.source.is_list()
    }

    /// The fields that it reads.
    pub fn fields(&self) -> Vec<&FieldRef> {
        let mut fields = self.source.fields();
        if let Predicate::Field(_, other) = &self.predicate {
            fields.extend(other.fields());
        }
        fields
    }

    /// Whether it depends on the reading of paths.
    pub fn is_path(&self) -> bool {
        let other = match &self.predicate {
            Predicate::Field(_, other) => other.is_path(),
            _ => false,
        };
        other || self.source.is_path()
    }
}

/// Why a comparison doesn't work, and where.
pub struct Mismatch {
    /// What is wrong.
    pub message: String,
    /// The bytes of the condition.
    pub range: Range<usize>,
    /// What would be right.
    pub near: Option<String>,
    /// Whether it is about an unknown event type.
    pub unknown_event: bool,
}

pub(super) fn mismatch(message: impl Into<String>, range: Range<usize>) -> Mismatch {
    Mismatch { message: message.into(), range, near: None, unknown_event: false }
}

/// Makes a check of a comparison; `other` is the right side, where that is a field.
pub fn check(
    source: Source,
    op: Op,
    op_range: Range<usize>,
    right: &Right,
    other: Option<Source>,
) -> Result<Check, Mismatch> {
    let op = op.canonical();
    allowed(&source, op).map_err(|message| mismatch(message, op_range.clone()))?;
    let predicate = match (right, other) {
        (Right::None, _) => Predicate::Exists,
        (_, Some(other)) => field_predicate(&source, op, op_range, other)?,
        (Right::Constant(text), None) => one(&source, op, text)?,
        (Right::List(texts), None) => many(&source, op, texts)?,
        (Right::Modified(modifier, texts), None) => {
            let inner: Result<Vec<_>, _> = texts.iter().map(|text| one(&source, op, text)).collect();
            Predicate::Modified(*modifier, inner?.into())
        }
        (Right::Operand(_), None) => return Err(mismatch("the right side isn't understood", op_range)),
    };
    known_kinds(&source, op, right)?;
    let constant = event_number(&source, &predicate);
    let (cost, chance) = (cost(&source, &predicate), chance(&source, &predicate));
    let all_differ = source.has(FieldFlags::ALL_DIFFER);
    let list_any = op == Op::Intersects;
    let mut check = Check { source, predicate, list_any, all_differ, kinds: None, constant, cost, chance };
    check.kinds = kinds(&check);
    Ok(check)
}

/// Whether the operator suits the type (libs, `filter_compare.cpp`).
fn allowed(source: &Source, op: Op) -> Result<(), String> {
    let name = source.to_string();
    if op == Op::Exists {
        return Ok(());
    }
    if source.is_list() {
        return match op {
            Op::In | Op::Intersects => Ok(()),
            _ => Err(format!(
                "`{name}` is a list: it can only be compared with `in`, `intersects` and `exists`"
            )),
        };
    }
    if source.has(FieldFlags::AT_MOST) {
        return match op {
            Op::Eq => Ok(()),
            _ => Err(format!("`{name}` can only be compared with `=`, which says at most")),
        };
    }
    let set = matches!(op, Op::Eq | Op::Ne | Op::In | Op::Intersects);
    let suits = match source.ty() {
        Type::CharBuf => !matches!(op, Op::BContains | Op::BStartsWith),
        Type::ByteBuf => {
            let bytes = matches!(op, Op::BContains | Op::BStartsWith);
            set || bytes || matches!(op, Op::Contains | Op::StartsWith | Op::EndsWith)
        }
        Type::Bool => matches!(op, Op::Eq | Op::Ne | Op::In | Op::Intersects),
        Type::IpAddr | Type::IpNet => set,
        Type::Uid | Type::Gid | Type::Opaque => false,
        _ => set || op.takes_number(),
    };
    match suits {
        true => Ok(()),
        false => Err(format!("`{}` doesn't work on `{name}`, which is {}", op.name(), describe(source.ty()))),
    }
}

fn describe(ty: Type) -> &'static str {
    match ty {
        Type::CharBuf => "a text",
        Type::ByteBuf => "bytes",
        Type::Bool => "a truth value",
        Type::IpAddr => "an address",
        Type::IpNet => "a network",
        Type::Port => "a port",
        Type::RelTime => "a duration",
        Type::AbsTime => "a time",
        Type::Uid => "the number of a user",
        Type::Gid => "the number of a group",
        Type::Opaque => "not comparable",
        _ => "a number",
    }
}

fn field_predicate(
    source: &Source,
    op: Op,
    range: Range<usize>,
    other: Source,
) -> Result<Predicate, Mismatch> {
    if other.is(FieldFlags::NO_RHS) {
        return Err(mismatch(format!("`{other}` can't stand on the right"), range));
    }
    if source.is(FieldFlags::NO_RHS) {
        return Err(mismatch(format!("`{source}` can only be compared with constants"), range));
    }
    if matches!(op, Op::PMatch | Op::Regex) || source.ty() == Type::IpNet {
        return Err(mismatch(format!("`{}` needs a constant on the right", op.name()), range));
    }
    if source.ty() != other.ty() || source.is_list() != other.is_list() {
        let what = |source: &Source| match source.is_list() {
            true => format!("`{source}` is a list of {:?}", source.ty()),
            false => format!("`{source}` is {:?}", source.ty()),
        };
        return Err(mismatch(
            format!("both sides must have one type: {}, {}", what(source), what(&other)),
            range,
        ));
    }
    Ok(Predicate::Field(op, other))
}

fn many(source: &Source, op: Op, texts: &[Text]) -> Result<Predicate, Mismatch> {
    fn all<T>(texts: &[Text], read: impl Fn(&Text) -> Result<T, Mismatch>) -> Result<Vec<T>, Mismatch> {
        texts.iter().map(read).collect()
    }
    if op == Op::PMatch {
        let paths = all(texts, constant::text)?;
        return Ok(Predicate::Text(TextTest::below(paths.iter().map(|path| &**path))));
    }
    Ok(match source.ty() {
        Type::CharBuf | Type::ByteBuf => {
            Predicate::Text(TextTest::In(all(texts, constant::text)?.into_iter().collect()))
        }
        Type::IpAddr => Predicate::Ip(all(texts, constant::address)?.into()),
        Type::IpNet => Predicate::Net(all(texts, constant::network)?.into()),
        Type::Bool | Type::Double => Predicate::Any(all(texts, |text| one(source, Op::Eq, text))?.into()),
        ty => {
            let mut numbers = all(texts, |text| constant::number(text, ty))?;
            numbers.sort_unstable();
            Predicate::NumberIn(numbers.into())
        }
    })
}

fn one(source: &Source, op: Op, text: &Text) -> Result<Predicate, Mismatch> {
    if op == Op::Ne {
        return Ok(Predicate::Ne(Box::new(one(source, Op::Eq, text)?)));
    }
    match source.ty() {
        Type::CharBuf | Type::ByteBuf => text_predicate(op, text),
        Type::Bool => constant::boolean(text).map(Predicate::Bool),
        Type::IpAddr => Ok(Predicate::Ip([constant::address(text)?].into())),
        Type::IpNet => Ok(Predicate::Net([constant::network(text)?].into())),
        Type::Double => Ok(Predicate::Real(op, constant::real(text)?)),
        ty => {
            let op = if source.has(FieldFlags::AT_MOST) { Op::Le } else { op };
            Ok(Predicate::Number(op, constant::number(text, ty)?))
        }
    }
}

fn text_predicate(op: Op, text: &Text) -> Result<Predicate, Mismatch> {
    let bytes = match op {
        Op::BContains | Op::BStartsWith => constant::bytes(text)?,
        _ => constant::text(text)?,
    };
    Ok(Predicate::Text(match op {
        Op::Contains | Op::BContains => TextTest::Contains(Box::new(Finder::new(&bytes).into_owned())),
        Op::IContains => {
            let finder = AhoCorasick::builder().ascii_case_insensitive(true).build([&bytes]);
            let finder = finder.map_err(|error| mismatch(error.to_string(), text.range.clone()))?;
            TextTest::IContains(bytes, Box::new(finder))
        }
        Op::StartsWith | Op::BStartsWith => TextTest::starts_with(vec![bytes]),
        Op::EndsWith => TextTest::EndsWith([bytes].into()),
        Op::Glob => TextTest::Glob(bytes, false),
        Op::IGlob => TextTest::Glob(bytes, true),
        Op::Regex => TextTest::Regex(Box::new(
            regex::compile(&text.text).map_err(|message| mismatch(message, text.range.clone()))?,
        )),
        Op::Lt | Op::Le | Op::Gt | Op::Ge => TextTest::Order(op, bytes),
        _ => TextTest::In([bytes].into_iter().collect()),
    }))
}
