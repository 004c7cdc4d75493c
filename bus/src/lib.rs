//! The bounded channel and the journal: where an alert becomes accepted
