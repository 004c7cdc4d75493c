//! What a process uses: memory, descriptors, threads.

use crate::Type::{CharBuf, Double, Int64, Uint64};
use crate::fields::fdlist::NO_TABLE;
use crate::{Field, FieldFlags};

/// Why the use of memory isn't known.
const NO_MEMORY: &str = "Capture doesn't measure it yet.";
/// Why threads aren't counted.
const NO_THREADS: &str = "Capture doesn't count threads yet.";

/// The family's rows.
pub const FIELDS: &[Field] = &[
    Field::unfilled("proc.fdopencount", Uint64, "How many descriptors the process has.", NO_TABLE),
    Field::unfilled("proc.fdlimit", Int64, "How many descriptors the process may have.", NO_TABLE),
    Field::unfilled("proc.fdusage", Double, "How many of them it has, in percent.", NO_TABLE),
    Field::unfilled(
        "proc.vmsize",
        Uint64,
        "How much memory the process has asked for, in kilobytes.",
        NO_MEMORY,
    ),
    Field::unfilled("proc.vmrss", Uint64, "How much of it is in memory, in kilobytes.", NO_MEMORY),
    Field::unfilled("proc.vmswap", Uint64, "How much of it is swapped out, in kilobytes.", NO_MEMORY),
    Field::unfilled("thread.pfmajor", Uint64, "How many page faults had to read from a disk.", NO_MEMORY),
    Field::unfilled("thread.pfminor", Uint64, "How many page faults had not.", NO_MEMORY),
    Field::unfilled("proc.nthreads", Uint64, "How many threads the process has.", NO_THREADS),
    Field::unfilled("proc.nchilds", Uint64, "How many threads it has beside its first.", NO_THREADS),
    Field::unfilled("thread.vmsize", Uint64, "`proc.vmsize` for a first thread, 0 for others.", NO_MEMORY),
    Field::unfilled("thread.vmrss", Uint64, "`proc.vmrss` for a first thread, 0 for others.", NO_MEMORY),
    Field::unfilled("thread.vmsize.b", Uint64, "`thread.vmsize` in bytes.", NO_MEMORY)
        .with(FieldFlags::TABLE_ONLY),
    Field::unfilled("thread.vmrss.b", Uint64, "`thread.vmrss` in bytes.", NO_MEMORY)
        .with(FieldFlags::TABLE_ONLY),
    Field::unfilled("proc.stdin.type", CharBuf, "What the standard input stands for.", NO_TABLE),
    Field::unfilled("proc.stdout.type", CharBuf, "What the standard output stands for.", NO_TABLE),
    Field::unfilled("proc.stderr.type", CharBuf, "What the standard error output stands for.", NO_TABLE),
    Field::unfilled("proc.stdin.name", CharBuf, "The name of the standard input.", NO_TABLE),
    Field::unfilled("proc.stdout.name", CharBuf, "The name of the standard output.", NO_TABLE),
    Field::unfilled("proc.stderr.name", CharBuf, "The name of the standard error output.", NO_TABLE),
];
