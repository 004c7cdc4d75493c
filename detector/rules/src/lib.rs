//! Falco's rule language: parser, loader, compiler, evaluator, output formats.
//!
//! Rules files are loaded ([`load`]) into lists, macros and rules; conditions are parsed into a tree in which
//! everything knows its place, lowered once into one graph of checks over all rules, and judged event by event.
//! Everything here is pure: files come as texts, and what is wrong comes back as diagnostics.

mod ast;
pub mod cases;
mod compile;
mod eval;
pub mod explain;
mod format;
mod kindset;
pub mod lint;
mod load;
mod parse;
mod ruleset;
mod sourced;
#[cfg(test)]
mod tests;
pub mod validation;

use lanner_event::glob;

pub use compile::check_condition;
pub use eval::{Hit, Scratch, Tri};
pub use format::Format;
pub use kindset::KindSet;
pub use ruleset::{
    AppendOutput, ExtraField, Matching, Options, Rendered, Rule, RuleId, RuleSet, Selection, Toggle,
};
pub use sourced::Sourced;
