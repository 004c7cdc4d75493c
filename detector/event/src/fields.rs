//! The table of fields, by family.

mod evt;

use crate::Field;

/// All fields that rules can name, by family.
pub const FIELDS: &[&[Field]] = &[evt::FIELDS];
