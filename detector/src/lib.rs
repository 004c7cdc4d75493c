//! Sources of events, the state they keep, and the loop that matches rules.

pub mod source;
