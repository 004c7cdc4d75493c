//! Fields of the descriptors that poll(2) and ppoll(2) wait for.

use crate::Field;
use crate::Type::CharBuf;

/// Why they aren't filled.
const NO_POLL: &str =
    "Capture reports no poll(2) and ppoll(2), nor what descriptors other than an event's own stand for.";

/// The family's rows.
pub const FIELDS: &[Field] = &[
    Field::unfilled("fdlist.nums", CharBuf, "The numbers of the descriptors, a comma between.", NO_POLL),
    Field::unfilled("fdlist.names", CharBuf, "The names of the descriptors, a comma between.", NO_POLL),
    Field::unfilled("fdlist.cips", CharBuf, "The clients' addresses, a comma between.", NO_POLL),
    Field::unfilled("fdlist.sips", CharBuf, "The servers' addresses, a comma between.", NO_POLL),
    Field::unfilled("fdlist.cports", CharBuf, "The clients' ports, a comma between.", NO_POLL),
    Field::unfilled("fdlist.sports", CharBuf, "The servers' ports, a comma between.", NO_POLL),
];
