//! Conditions lowered into one graph over all rules, in which each distinct check stands once.

mod check;
mod graph;
mod lower;
mod predicate;
mod regex;
mod source;

pub use graph::{Graph, Node, NodeId};
pub use lower::{Fields, Lowering, Stop, check_condition};
pub use source::Source;
