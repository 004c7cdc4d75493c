//! The file that a process runs.

use super::own;
use crate::Type::{AbsTime, Bool, Int64};
use crate::{Ctx, ExeFlags, Field, Process, Val};

/// The path that the kernel gives to what was made by memfd_create(2), before the name that it was given.
const MEMFD: &[u8] = b"/memfd:";

fn flag<'a>(ctx: &Ctx<'a>, flag: ExeFlags) -> Val<'a> {
    match ctx.process().and_then(|process| process.exe_flags) {
        Some(flags) => Val::Bool(flags.contains(flag)),
        None => Val::Missing,
    }
}

fn from_memfd<'a>(_: &Ctx<'a>, process: &'a Process) -> Val<'a> {
    let flagged = process.exe_flags.is_some_and(|flags| flags.contains(ExeFlags::FROM_MEMFD));
    Val::Bool(flagged || process.exepath.starts_with(MEMFD))
}

/// A number of the executable's file, 0 where it isn't known.
fn number<'a>(ctx: &Ctx<'a>, read: fn(&Process) -> u64) -> Val<'a> {
    Val::uint(ctx.process().map(read).filter(|number| *number != 0))
}

/// The family's rows.
pub const FIELDS: &[Field] = &[
    Field::new(
        "proc.is_exe_writable",
        Bool,
        "Whether the user who runs the executable may write to it.",
        |ctx| flag(ctx, ExeFlags::WRITABLE),
    ),
    Field::new(
        "proc.is_exe_upper_layer",
        Bool,
        "Whether the executable isn't of the container's image, or was changed: it is in the upper layer of an overlay.",
        |ctx| flag(ctx, ExeFlags::UPPER_LAYER),
    ),
    Field::new(
        "proc.is_exe_lower_layer",
        Bool,
        "Whether the executable is of the container's image, unchanged: it is in a lower layer of an overlay.",
        |ctx| flag(ctx, ExeFlags::LOWER_LAYER),
    ),
    Field::new(
        "proc.is_exe_from_memfd",
        Bool,
        "Whether the executable has no file: it was written to memory (memfd_create(2)).",
        |ctx| own(ctx, from_memfd),
    ),
    Field::new("proc.exe_ino", Int64, "The inode of the executable.", |ctx| {
        number(ctx, |process| process.exe_ino)
    }),
    Field::new(
        "proc.exe_ino.ctime",
        AbsTime,
        "When the executable was last changed in any way, in nanoseconds since 1970-01-01 UTC.",
        |ctx| number(ctx, |process| process.exe_ctime),
    ),
    Field::new(
        "proc.exe_ino.mtime",
        AbsTime,
        "When the executable's content was last changed, in nanoseconds since 1970-01-01 UTC.",
        |ctx| number(ctx, |process| process.exe_mtime),
    ),
];

#[cfg(test)]
mod tests {
    use crate::Kind;
    use crate::sample::Sample;

    #[test]
    fn executables_are_told_apart() {
        for (field, value, expected) in [
            ("proc.exepath", "/bin/sh", ["<NA>", "false"]),
            ("proc.exepath", "/memfd:x", ["<NA>", "true"]),
            ("proc.is_exe_from_memfd", "true", ["false", "true"]),
            ("proc.is_exe_upper_layer", "true", ["true", "false"]),
            ("proc.is_exe_upper_layer", "false", ["false", "false"]),
            ("proc.is_exe_lower_layer", "true", ["false", "false"]),
            ("proc.is_exe_writable", "true", ["false", "false"]),
        ] {
            let mut sample = Sample::new(Kind::Execve);
            sample.set(field, value).unwrap();
            let fields = ["proc.is_exe_upper_layer", "proc.is_exe_from_memfd"];
            assert_eq!(fields.map(|field| sample.text(field)), expected, "{field} {value}");
            assert_eq!(sample.text(field), value);
        }
    }
}
