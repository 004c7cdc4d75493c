//! Conditions lowered into one graph over all rules, in which each distinct check stands once.

mod check;
mod constant;
mod doubts;
mod foretold;
mod graph;
mod guard;
mod implies;
mod lower;
mod operand;
mod outline;
mod predicate;
mod program;
mod regex;
mod services;
mod source;
mod transform;

pub use graph::{Graph, NodeId};
pub use guard::Candidates;
pub use implies::{apart, implies};
pub use lower::{Lowering, check_condition};
pub use operand::{Stop, operand};
pub use outline::{Outline, Outliner, Part};
pub use program::{NO_SLOT, Program, StepId, StepOp};
pub use source::Source;
