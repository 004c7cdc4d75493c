//! What a configuration makes its user read, case by case.

mod cases;
mod memory;
mod settings;
mod whole;
