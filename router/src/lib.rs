//! The stages between the journal and the outputs, and the delivery worker
