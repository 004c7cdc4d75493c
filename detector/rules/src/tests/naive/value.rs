//! What stands on a side of a comparison.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;

use lanner_event::fields::Fields;
use lanner_event::{Ctx, FieldFlags, FieldRef, Type, Val};

use crate::ast::{Call, CallArg, FieldName, Function, Operand};

/// A side's value, if there is one.
pub enum Side {
    Missing,
    Pending,
    Is(Values),
}

/// One value, several that may be the one, or a list.
#[derive(Debug)]
pub enum Values {
    One(Scalar),
    Any(Vec<Scalar>),
    List(Vec<Scalar>),
}

#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    Text(String),
    Number(i128),
    Bool(bool),
    Ip(IpAddr),
}

impl Scalar {
    pub fn text(&self) -> &str {
        match self {
            Scalar::Text(text) => text,
            other => panic!("{other:?} is no text"),
        }
    }

    fn written(&self) -> String {
        match self {
            Scalar::Text(text) => text.clone(),
            Scalar::Number(number) => number.to_string(),
            Scalar::Bool(value) => value.to_string(),
            Scalar::Ip(ip) => ip.to_string(),
        }
    }
}

fn scalar(value: Val) -> Scalar {
    match value {
        Val::Bool(value) => Scalar::Bool(value),
        Val::Int(value) => Scalar::Number(value.into()),
        Val::Uint(value) => Scalar::Number(value.into()),
        Val::Str(text) => Scalar::Text(String::from_utf8(text.to_vec()).expect("the tests' texts are UTF-8")),
        Val::Ip(ip) => Scalar::Ip(ip),
        other => panic!("{other:?} is not one value"),
    }
}

type Named = (String, Option<String>);

thread_local! {
    static KNOWN: RefCell<HashMap<Named, FieldRef>> = RefCell::default();
}

/// Looked up once: that takes longer than all else.
fn field(name: &FieldName) -> FieldRef {
    let key = (name.name.clone(), name.arg.clone());
    let parse = || FieldRef::parse(&name.name, name.arg.as_deref(), Fields::ALL).expect("a field");
    KNOWN.with_borrow_mut(|known| known.entry(key).or_insert_with(parse).clone())
}

pub fn type_of(operand: &Operand) -> Type {
    match operand {
        Operand::Field(name) => field(name).field.ty,
        Operand::Call(Call { function: Function::Len, .. }) => Type::Uint64,
        Operand::Call(_) => Type::CharBuf,
    }
}

pub fn both_ends(operand: &Operand) -> bool {
    matches!(operand, Operand::Field(name) if field(name).field.flags.contains(FieldFlags::FILTER_ONLY))
}

pub fn side(operand: &Operand, ctx: &Ctx<'_>) -> Side {
    match operand {
        Operand::Call(call) => called(call, ctx),
        Operand::Field(name) => {
            let known = field(name);
            let all = |values: &[Val]| values.iter().map(|value| scalar(*value)).collect();
            match ctx.get(&known) {
                Val::Missing => Side::Missing,
                Val::Pending => Side::Pending,
                Val::List(values) => Side::Is(Values::List(all(values))),
                Val::Any(values) => Side::Is(Values::Any(all(values))),
                value => Side::Is(Values::One(scalar(value))),
            }
        }
    }
}

fn argument(arg: &CallArg, ctx: &Ctx<'_>) -> Side {
    match arg {
        CallArg::Operand(operand) => side(operand, ctx),
        CallArg::Constant(text) => Side::Is(Values::One(Scalar::Text(text.text.clone()))),
        CallArg::List(items) => {
            let (mut values, mut pending) = (Vec::new(), false);
            for item in items {
                match argument(item, ctx) {
                    Side::Missing => return Side::Missing,
                    Side::Pending => pending = true,
                    Side::Is(Values::One(value)) => values.push(Scalar::Text(value.written())),
                    Side::Is(Values::List(more)) => values.extend(more),
                    Side::Is(Values::Any(more)) => {
                        let more: Vec<String> = more.iter().map(Scalar::written).collect();
                        values.push(Scalar::Text(more.join(" ")));
                    }
                }
            }
            if pending { Side::Pending } else { Side::Is(Values::List(values)) }
        }
    }
}

fn called(call: &Call, ctx: &Ctx<'_>) -> Side {
    let mut args = Vec::new();
    let mut pending = false;
    for arg in &call.args {
        match argument(arg, ctx) {
            Side::Missing => return Side::Missing,
            Side::Pending => pending = true,
            Side::Is(values) => args.push(values),
        }
    }
    if pending {
        return Side::Pending;
    }
    let texts = |values: &Values| match values {
        Values::One(value) => vec![value.written()],
        Values::Any(values) | Values::List(values) => values.iter().map(Scalar::written).collect(),
    };
    let text = |text: String| Side::Is(Values::One(Scalar::Text(text)));
    match (call.function, args.as_slice()) {
        (Function::Join, [separator, list]) => text(texts(list).join(&texts(separator)[0])),
        (Function::Concat, parts) => text(parts.iter().flat_map(texts).collect()),
        (Function::Getopt, [args, options]) => getopt(&texts(args), &texts(options)[0], call.key.as_deref()),
        (Function::Len, [Values::List(values)]) => {
            Side::Is(Values::One(Scalar::Number(values.len() as i128)))
        }
        (Function::Len, [values]) => Side::Is(Values::One(Scalar::Number(texts(values)[0].len() as i128))),
        (function, [Values::List(values)]) => {
            Side::Is(Values::List(values.iter().map(|value| changed(function, value.text())).collect()))
        }
        (function, [values]) => Side::Is(Values::One(changed(function, &texts(values)[0]))),
        other => panic!("{other:?}"),
    }
}

fn changed(function: Function, text: &str) -> Scalar {
    Scalar::Text(match function {
        Function::ToLower => text.to_lowercase(),
        Function::ToUpper => text.to_uppercase(),
        Function::Basename => text.split('/').next_back().unwrap_or_default().to_owned(),
        other => panic!("{other:?}"),
    })
}

/// The options in order, or the last value of one.
fn getopt(args: &[String], options: &str, wanted: Option<&str>) -> Side {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    let mut args = args.iter();
    'args: while let Some(arg) = args.next() {
        let Some(mut letters) = arg.strip_prefix('-').filter(|letters| !letters.is_empty()) else { break };
        if letters == "-" {
            break;
        }
        if letters.starts_with('-') {
            continue;
        }
        while !letters.is_empty() {
            let (letter, rest) = letters.split_at(1);
            letters = rest;
            if letter == ":" || !options.contains(letter) {
                found.push((String::new(), vec!["?".to_owned()]));
            } else if !options.contains(&format!("{letter}:")) {
                found.push((letter.to_owned(), vec![letter.to_owned()]));
            } else {
                let value =
                    Some(rest.to_owned()).filter(|rest| !rest.is_empty()).or_else(|| args.next().cloned());
                let texts = value.map_or(vec![String::new()], |value| vec![letter.to_owned(), value]);
                found.push((letter.to_owned(), texts));
                continue 'args;
            }
        }
    }
    let Some(wanted) = wanted else {
        let texts = found.into_iter().flat_map(|(_, texts)| texts).map(Scalar::Text);
        return Side::Is(Values::List(texts.collect()));
    };
    let last = found.into_iter().rfind(|(letter, _)| letter == wanted);
    match last.and_then(|(_, texts)| texts.into_iter().next_back()) {
        Some(value) => Side::Is(Values::One(Scalar::Text(value))),
        None => Side::Missing,
    }
}

/// A constant of a type.
pub fn read(text: &str, ty: Type) -> Scalar {
    let number = || match text {
        "ssh" => 22,
        "https" => 443,
        text => match text.strip_prefix("0x") {
            Some(hex) => i128::from_str_radix(hex, 16).expect("a number"),
            None => text.parse().expect("a number"),
        },
    };
    match ty {
        Type::CharBuf | Type::ByteBuf => Scalar::Text(text.to_owned()),
        Type::Bool => Scalar::Bool(text == "true"),
        Type::IpAddr => Scalar::Ip(text.parse().expect("an address")),
        Type::Uint32 if text.starts_with('-') => Scalar::Number(number() + 0x1_0000_0000),
        Type::Uint64 | Type::RelTime | Type::AbsTime if text.starts_with('-') => {
            Scalar::Number(number() + 0x1_0000_0000_0000_0000)
        }
        _ => Scalar::Number(number()),
    }
}
