//! Conditions lowered into one graph over all rules, in which each distinct check stands once.

mod check;
mod graph;
mod lower;
mod operand;
mod predicate;
mod regex;
mod source;

pub use graph::{Graph, Node, NodeId};
pub use lower::{Lowering, check_condition};
pub use operand::{Fields, Stop, operand};
pub use source::Source;
