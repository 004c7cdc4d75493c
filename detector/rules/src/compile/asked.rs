//! Which events a condition asks for by their type, so that one which asks for too many is warned of, as in Falco.

use super::check::Check;
use crate::ast::{self, Op, Right};
use crate::kindset::KindSet;

/// The event kinds of which a condition can be true or false, as far as it names them. What else is known of it, such
/// as that `evt.num=0` is never true, doesn't count.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    yes: KindSet,
    no: KindSet,
}

impl Asked {
    /// A comparison that names no event type.
    pub const ANYTHING: Asked = Asked { yes: KindSet::ALL, no: KindSet::ALL };

    /// What a comparison asks for: only equality with constants counts (libs, `ppm_codes.cpp`).
    pub fn of(check: &Check, ast: &ast::Check) -> Asked {
        let constants = matches!(ast.right, Right::Constant(_) | Right::List(_));
        match check.kinds {
            Some(kinds) if constants && matches!(ast.op.canonical(), Op::Eq | Op::Ne | Op::In) => {
                Asked { yes: kinds, no: kinds.complement() }
            }
            _ => Asked::ANYTHING,
        }
    }

    /// All of them must be true.
    pub fn all(items: impl Iterator<Item = Asked>) -> Asked {
        let none = Asked { yes: KindSet::ALL, no: KindSet::default() };
        items.fold(none, |sum, item| Asked { yes: sum.yes.and(&item.yes), no: sum.no.or(&item.no) })
    }

    /// One of them must be true.
    pub fn any(items: impl Iterator<Item = Asked>) -> Asked {
        Asked::all(items.map(Asked::not)).not()
    }

    /// It must be false.
    pub fn not(self) -> Asked {
        Asked { yes: self.no, no: self.yes }
    }

    /// Whether it asks for no kind at all.
    pub fn is_nothing(&self) -> bool {
        self.yes == KindSet::default()
    }

    /// Whether it asks for more kinds than that, or for all.
    pub fn is_more_than(&self, count: usize) -> bool {
        self.yes == KindSet::ALL || self.yes.iter().count() > count
    }
}
