//! Standard output of commands, whose reader may have read enough: `lanner fields | head` is no error.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write};

/// Prints; ends the process where nobody reads any more, or where nothing can be written.
pub fn print(text: Arguments) {
    match std::io::stdout().write_fmt(text) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => {
            eprintln!("lanner: standard output can't be written: {error}");
            std::process::exit(1);
        }
    }
}

/// `print!` by [`print`].
macro_rules! out {
    ($($text:tt)*) => { $crate::out::print(format_args!($($text)*)) };
}

/// `println!` by [`print`].
macro_rules! outln {
    ($($text:tt)*) => {{
        $crate::out::print(format_args!($($text)*));
        $crate::out::print(format_args!("\n"));
    }};
}

pub(crate) use {out, outln};
