//! Conditions lowered into one graph over all rules, in which each distinct check stands once.

mod asked;
mod candidates;
mod check;
mod constant;
mod doubts;
mod estimate;
mod filter;
mod foretold;
mod graph;
mod guard;
mod implies;
mod lookup;
mod lower;
mod need;
mod operand;
mod outline;
mod predicate;
mod program;
mod regex;
mod services;
mod source;
mod transform;

pub use candidates::Candidates;
pub use graph::{Graph, Node, NodeId};
pub use implies::{apart, implies};
pub use lower::{Lowering, check_condition};
pub use operand::{Names, Stop, operand};
pub use outline::{Outline, Outliner, Part};
pub use program::{NO_SLOT, Program, StepId, StepOp};
pub use source::Source;
