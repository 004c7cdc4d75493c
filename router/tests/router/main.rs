//! The router and its workers, from the journal on.

mod common;
mod correlate;
mod delivery;
mod groups;
mod model;
mod routes;
mod stages;
