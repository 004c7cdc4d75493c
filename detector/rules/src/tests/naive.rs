//! Conditions judged by walking their syntax tree, as the language is defined and without a thought for speed.
//! What is compiled must agree with it; it shares the parser and the fields with that, and nothing else.

use std::collections::BTreeMap;
use std::net::IpAddr;

use lanner_event::fields::Fields;
use lanner_event::{Ctx, FieldFlags, FieldRef, Type, Val};

use crate::Tri::{self, False, True, Unknown};
use crate::ast::{CallArg, Check, Expr, Function, Modifier, Op, Operand, Right};

/// Macros by name.
pub type Macros = BTreeMap<String, Expr>;

pub fn judge(expr: &Expr, macros: &Macros, ctx: &Ctx<'_>) -> Tri {
    match expr {
        Expr::And(items) => {
            let all: Vec<Tri> = items.iter().map(|item| judge(item, macros, ctx)).collect();
            match () {
                () if all.contains(&False) => False,
                () if all.contains(&Unknown) => Unknown,
                () => True,
            }
        }
        Expr::Or(items) => {
            let all: Vec<Tri> = items.iter().map(|item| judge(item, macros, ctx)).collect();
            match () {
                () if all.contains(&True) => True,
                () if all.contains(&Unknown) => Unknown,
                () => False,
            }
        }
        Expr::Not(inner) => match judge(inner, macros, ctx) {
            True => False,
            False => True,
            Unknown => Unknown,
        },
        Expr::Macro(name) => judge(&macros[&name.text], macros, ctx),
        Expr::Check(check) => comparison(check, ctx),
    }
}

/// What a side of a comparison is: values, of which one must fit, or all.
enum Side {
    Missing,
    Pending,
    Values(Vec<Scalar>),
}

#[derive(Clone, PartialEq)]
enum Scalar {
    Text(Vec<u8>),
    Number(i128),
    Bool(bool),
    Ip(IpAddr),
}

fn scalar(value: Val) -> Scalar {
    match value {
        Val::Bool(value) => Scalar::Bool(value),
        Val::Int(value) => Scalar::Number(value.into()),
        Val::Uint(value) => Scalar::Number(value.into()),
        Val::Str(text) => Scalar::Text(text.to_vec()),
        Val::Ip(ip) => Scalar::Ip(ip),
        other => panic!("{other:?} is not one value"),
    }
}

fn field(operand: &Operand) -> FieldRef {
    match operand {
        Operand::Field(name) => {
            FieldRef::parse(&name.name, name.arg.as_deref(), Fields::ALL).expect("a field")
        }
        Operand::Call(call) => match call.args.as_slice() {
            [CallArg::Operand(inner)] => field(inner),
            other => panic!("{other:?}"),
        },
    }
}

fn side(operand: &Operand, ctx: &Ctx<'_>) -> Side {
    let known = field(operand);
    let values = match ctx.get(&known) {
        Val::Missing => return Side::Missing,
        Val::Pending => return Side::Pending,
        Val::List(values) | Val::Any(values) => values.iter().map(|value| scalar(*value)).collect(),
        value => vec![scalar(value)],
    };
    let Operand::Call(call) = operand else { return Side::Values(values) };
    let change = |value: Scalar| match (call.function, value) {
        (Function::ToLower, Scalar::Text(text)) => Scalar::Text(text.to_ascii_lowercase()),
        (Function::ToUpper, Scalar::Text(text)) => Scalar::Text(text.to_ascii_uppercase()),
        (Function::Len, Scalar::Text(text)) => Scalar::Number(text.len() as i128),
        (Function::Basename, Scalar::Text(text)) => {
            let text = String::from_utf8(text).expect("the tests' texts are UTF-8");
            Scalar::Text(text.split('/').next_back().unwrap_or_default().into())
        }
        _ => panic!("not in these tests"),
    };
    Side::Values(values.into_iter().map(change).collect())
}

fn comparison(check: &Check, ctx: &Ctx<'_>) -> Tri {
    let values = match side(&check.left, ctx) {
        Side::Missing => return False,
        Side::Pending => return Unknown,
        Side::Values(values) => values,
    };
    let known = field(&check.left);
    let fits = |value: &Scalar| match &check.right {
        Right::None => True,
        Right::Constant(text) => Tri::from(constant(check.op, value, &text.text, known.field.ty)),
        Right::List(texts) => {
            let one = |text: &crate::ast::Text| match check.op {
                Op::PMatch => below(value, &text.text),
                _ => constant(Op::Eq, value, &text.text, known.field.ty),
            };
            Tri::from(texts.iter().any(one))
        }
        Right::Modified(modifier, texts) => {
            let count =
                texts.iter().filter(|text| constant(check.op, value, &text.text, known.field.ty)).count();
            Tri::from(match modifier {
                Modifier::One => count == 1,
                Modifier::Any => count > 0,
                Modifier::All => count == texts.len() && count > 0,
            })
        }
        Right::Operand(other) => match side(other, ctx) {
            Side::Missing => False,
            Side::Pending => Unknown,
            Side::Values(others) => Tri::from(others.iter().any(|other| compare(check.op, value, other))),
        },
    };
    let results: Vec<Tri> = values.iter().map(fits).collect();
    // Both ends of a connection differ, or it doesn't differ.
    if check.op == Op::Ne && known.field.flags.contains(FieldFlags::ALL_DIFFER) {
        return results.into_iter().fold(True, Tri::and);
    }
    results.into_iter().fold(False, Tri::or)
}

fn constant(op: Op, value: &Scalar, text: &str, ty: Type) -> bool {
    let other = match value {
        Scalar::Ip(ip) if ty == Type::IpNet => return in_network(*ip, text) != (op == Op::Ne),
        Scalar::Text(_) => Scalar::Text(text.as_bytes().to_vec()),
        Scalar::Number(_) => Scalar::Number(text.parse().expect("a number")),
        Scalar::Bool(_) => Scalar::Bool(text == "true"),
        Scalar::Ip(_) => Scalar::Ip(text.parse().expect("an address")),
    };
    compare(op, value, &other)
}

fn compare(op: Op, left: &Scalar, right: &Scalar) -> bool {
    match (op, left, right) {
        (Op::Eq | Op::EqEq, left, right) => left == right,
        (Op::Ne, left, right) => left != right,
        (_, Scalar::Number(left), Scalar::Number(right)) => match op {
            Op::Lt => left < right,
            Op::Le => left <= right,
            Op::Gt => left > right,
            Op::Ge => left >= right,
            _ => panic!("{op:?} of numbers"),
        },
        (_, Scalar::Text(left), Scalar::Text(right)) => {
            let left = std::str::from_utf8(left).expect("the tests' texts are UTF-8");
            let right = std::str::from_utf8(right).expect("the tests' texts are UTF-8");
            match op {
                Op::Contains => left.contains(right),
                Op::IContains => left.to_lowercase().contains(&right.to_lowercase()),
                Op::StartsWith => left.starts_with(right),
                Op::EndsWith => left.ends_with(right),
                Op::Glob => glob(right, left),
                Op::IGlob => glob(&right.to_lowercase(), &left.to_lowercase()),
                _ => panic!("{op:?} of texts"),
            }
        }
        _ => panic!("{op:?} of these"),
    }
}

/// Only `*` and `?`, which is all that the tests use.
fn glob(pattern: &str, text: &str) -> bool {
    match pattern.chars().next() {
        None => text.is_empty(),
        Some('*') => text
            .char_indices()
            .map(|(at, _)| at)
            .chain([text.len()])
            .any(|at| glob(&pattern[1..], &text[at..])),
        Some(c) => {
            text.starts_with(|first| c == '?' || first == c) && glob(&pattern[c.len_utf8()..], &text[1..])
        }
    }
}

fn below(value: &Scalar, prefix: &str) -> bool {
    let Scalar::Text(path) = value else { panic!("no path") };
    let path = std::str::from_utf8(path).expect("the tests' texts are UTF-8");
    path == prefix || path.starts_with(&format!("{prefix}/"))
}

fn in_network(ip: IpAddr, net: &str) -> bool {
    let (start, bits) = net.split_once('/').expect("a network");
    let bits: usize = bits.parse().expect("bits");
    let digits = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => ip.octets().iter().map(|octet| format!("{octet:08b}")).collect::<String>(),
        IpAddr::V6(ip) => ip.octets().iter().map(|octet| format!("{octet:08b}")).collect(),
    };
    let (ip, start) = (digits(ip), digits(start.parse().expect("an address")));
    ip.len() == start.len() && ip[..bits] == start[..bits]
}
