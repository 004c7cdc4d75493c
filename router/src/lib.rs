//! The stages between the journal and the outputs, and the delivery worker.

mod output;

pub use output::{DeliveryError, Output, Receipt};
