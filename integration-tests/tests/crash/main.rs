//! The promise, under `kill -9`: what is accepted is delivered, held, refused or announced as given up, each alert once,
//! and only what was in flight comes twice.
//!
//! `make test-crash` makes hundreds of runs (`CRASH_RUNS`); `CRASH_SEED` makes those of an earlier one again.

mod damage;
mod disk;
mod grouped;
mod kills;
mod pruned;
mod snapshot;
mod stand;
