//! Conditions judged by walking their syntax tree, as the language is defined and without a thought for speed.
//! What is compiled must agree with it; it shares the parser and the fields with that, and nothing else.

mod text;
mod value;

use std::collections::BTreeMap;

use lanner_event::{Ctx, Reading, Type};

use crate::Tri::{self, False, True, Unknown};
use crate::ast::{Check, Expr, Modifier, Op, Right};
use value::{Scalar, Side, Values, both_ends, read, side, type_of};

/// Macros by name.
pub type Macros = BTreeMap<String, Expr>;

pub fn judge(expr: &Expr, macros: &Macros, ctx: &Ctx<'_>) -> Tri {
    // Until one decides.
    let chain = |items: &[Expr], decides: Tri, otherwise: Tri| {
        let mut result = otherwise;
        for item in items {
            match judge(item, macros, ctx) {
                Unknown => result = Unknown,
                found if found == decides => return decides,
                _ => {}
            }
        }
        result
    };
    match expr {
        Expr::And(items) => chain(items, False, True),
        Expr::Or(items) => chain(items, True, False),
        Expr::Not(inner) => match judge(inner, macros, ctx) {
            True => False,
            False => True,
            Unknown => Unknown,
        },
        Expr::Macro(name) => judge(&macros[&name.text], macros, ctx),
        Expr::Check(check) => comparison(check, ctx),
    }
}

/// What a condition is: under the given reading, or the real one if it is more true there.
pub fn under_both(expr: &Expr, macros: &Macros, given: &Ctx<'_>) -> (Tri, Reading) {
    match (judge(expr, macros, given), judge(expr, macros, &given.reading(Reading::Real))) {
        (True, _) => (True, Reading::Given),
        (_, True) => (True, Reading::Real),
        (Unknown, _) => (Unknown, Reading::Given),
        (False, other) => (other, Reading::Real),
    }
}

fn comparison(check: &Check, ctx: &Ctx<'_>) -> Tri {
    let ty = type_of(&check.left);
    let left = match side(&check.left, ctx) {
        Side::Missing => return False,
        Side::Pending => return Unknown,
        Side::Is(values) => values,
    };
    // What the two ends of a connection are asked to differ from, both must.
    let all_differ = both_ends(&check.left);
    let against = |right: &dyn Fn(&Scalar) -> bool| Tri::from(holds(check.op, &left, right, all_differ));
    match &check.right {
        Right::None => True,
        Right::Constant(text) => against(&|value| one(check.op, value, &text.text, ty)),
        Right::List(texts) => against(&|value| {
            let each = |text: &crate::ast::Text| match check.op {
                Op::PMatch => text::below(value.text(), &text.text),
                _ => one(Op::Eq, value, &text.text, ty),
            };
            texts.iter().any(each)
        }),
        Right::Modified(modifier, texts) => {
            let fits = |text: &&crate::ast::Text| {
                holds(check.op, &left, &|value| one(check.op, value, &text.text, ty), all_differ)
            };
            let count = texts.iter().filter(fits).count();
            let enough = match modifier {
                Modifier::One => count == 1,
                Modifier::Any => count > 0,
                Modifier::All => count == texts.len(),
            };
            Tri::from(enough && !texts.is_empty())
        }
        Right::Operand(other) => match side(other, ctx) {
            Side::Missing => False,
            Side::Pending => Unknown,
            Side::Is(others) => against(&|value| match (&others, check.op) {
                (Values::One(other), op) => compare(op, value, other),
                (Values::Any(others) | Values::List(others), _) => others.contains(value),
            }),
        },
    }
}

/// Whether a comparison is true of a side's values: of the one, of any, or, for `in`, of all that are in a list.
fn holds(op: Op, values: &Values, fits: &dyn Fn(&Scalar) -> bool, all_differ: bool) -> bool {
    match values {
        Values::One(value) => fits(value),
        Values::Any(values) if op == Op::Ne && all_differ => values.iter().all(fits),
        Values::List(values) if op == Op::In => values.iter().all(fits),
        Values::Any(values) | Values::List(values) => values.iter().any(fits),
    }
}

/// One value against a constant.
fn one(op: Op, value: &Scalar, constant: &str, ty: Type) -> bool {
    match (op, value, ty) {
        (_, Scalar::Ip(ip), Type::IpNet) => text::in_network(*ip, constant) != (op == Op::Ne),
        (Op::Regex, value, _) => text::regex(constant, value.text()),
        _ => compare(op, value, &read(constant, ty)),
    }
}

fn compare(op: Op, left: &Scalar, right: &Scalar) -> bool {
    let order = match (left, right) {
        (Scalar::Number(left), Scalar::Number(right)) => Some(left.cmp(right)),
        (Scalar::Text(left), Scalar::Text(right)) => Some(left.cmp(right)),
        _ => None,
    };
    match op {
        Op::Eq | Op::EqEq | Op::In | Op::Intersects => left == right,
        Op::Ne => left != right,
        Op::Lt => order.unwrap().is_lt(),
        Op::Le => order.unwrap().is_le(),
        Op::Gt => order.unwrap().is_gt(),
        Op::Ge => order.unwrap().is_ge(),
        _ => text::compare(op, left.text(), right.text()),
    }
}
