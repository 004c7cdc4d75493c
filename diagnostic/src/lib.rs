//! Source texts, the places in them, what there is to say about those places, and the YAML tree.
//!
//! Configuration and rules are both read from YAML, and both must tell their user where something is
//! wrong: file, line, column, the source line with a caret, and the nearest right thing. This crate holds
//! what they share. It does no I/O.

mod diagnostic;
mod nearest;
mod node;
mod render;
mod source;
mod yaml;

pub use diagnostic::{Diagnostic, Item, Severity};
pub use nearest::nearest;
pub use node::{Node, NodeError, Value};
pub use render::{Renderer, plain};
pub use source::{LineColumn, Place, SourceId, SourceText, Sources, Span};
pub use yaml::{parse, parse_first};
