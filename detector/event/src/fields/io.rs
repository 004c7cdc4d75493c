//! The data that an event moved.

use crate::Type::{Bool, ByteBuf, CharBuf, Uint32, Uint64};
use crate::{Field, FieldFlags};

/// Why data aren't known.
const NO_DATA: &str = "No event that reads, writes or waits is captured yet.";

/// The family's rows.
pub const FIELDS: &[Field] = &[
    Field::unfilled("evt.category", CharBuf, "What sort of thing the event is.", NO_DATA),
    Field::unfilled("evt.buffer", ByteBuf, "The data that were read or written.", NO_DATA),
    Field::unfilled("evt.buflen", Uint64, "How many bytes were read or written.", NO_DATA),
    Field::unfilled("evt.buflen.in", Uint64, "How many bytes were read.", NO_DATA)
        .with(FieldFlags::TABLE_ONLY),
    Field::unfilled("evt.buflen.out", Uint64, "How many bytes were written.", NO_DATA)
        .with(FieldFlags::TABLE_ONLY),
    Field::unfilled(
        "evt.buflen.file",
        Uint64,
        "How many bytes were read from or written to a file.",
        NO_DATA,
    )
    .with(FieldFlags::TABLE_ONLY),
    Field::unfilled("evt.buflen.file.in", Uint64, "How many bytes were read from a file.", NO_DATA)
        .with(FieldFlags::TABLE_ONLY),
    Field::unfilled("evt.buflen.file.out", Uint64, "How many bytes were written to a file.", NO_DATA)
        .with(FieldFlags::TABLE_ONLY),
    Field::unfilled(
        "evt.buflen.net",
        Uint64,
        "How many bytes were received from or sent to the network.",
        NO_DATA,
    )
    .with(FieldFlags::TABLE_ONLY),
    Field::unfilled("evt.buflen.net.in", Uint64, "How many bytes were received from the network.", NO_DATA)
        .with(FieldFlags::TABLE_ONLY),
    Field::unfilled("evt.buflen.net.out", Uint64, "How many bytes were sent to the network.", NO_DATA)
        .with(FieldFlags::TABLE_ONLY),
    Field::unfilled("evt.is_io", Bool, "Whether it read or wrote.", NO_DATA),
    Field::unfilled("evt.is_io_read", Bool, "Whether it read.", NO_DATA),
    Field::unfilled("evt.is_io_write", Bool, "Whether it wrote.", NO_DATA),
    Field::unfilled("evt.io_dir", CharBuf, "`read` or `write`.", NO_DATA),
    Field::unfilled("evt.is_wait", Bool, "Whether it waited for something.", NO_DATA),
    Field::unfilled("evt.is_syslog", Bool, "Whether it wrote to the system's log.", NO_DATA),
    Field::unfilled(
        "evt.count.error.memory",
        Uint32,
        "1 where memory couldn't be had, 0 where it could.",
        NO_DATA,
    ),
];
