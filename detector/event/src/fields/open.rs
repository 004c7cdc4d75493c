//! What an open did: read, write, made a file.

use crate::flags::O_F_CREATED;
use crate::{Ctx, Kind, Param, Val};

/// The access mode of open(2), which is read, write or both.
const O_ACCMODE: u64 = 0o3;
/// The flags of open(2) with which a file is made; that of a file without a name has two bits.
const O_CREAT: u64 = 0o100;
const O_TMPFILE: u64 = 0o20_200_000;
/// The bits of a mode with which somebody may execute a file.
const MODE_EXEC: u64 = 0o111;

/// The flags of an open, where the event is one.
fn open_flags(ctx: &Ctx) -> Option<u64> {
    match ctx.event.param("flags") {
        Some(Param::Uint(flags)) if ctx.event.kind.is_open() => Some(flags),
        // creat(2) is open(2) with O_CREAT|O_WRONLY|O_TRUNC.
        _ if ctx.event.kind == Kind::Creat => Some(0o1101),
        _ => None,
    }
}

/// Whether the event is an open whose access mode is so: 0 reads, 1 writes, 2 does both.
pub fn opened<'a>(ctx: &Ctx<'a>, so: fn(u64) -> bool) -> Val<'a> {
    Val::Bool(open_flags(ctx).is_some_and(|flags| so(flags & O_ACCMODE)))
}

/// Whether the open made, or would have made, a file that somebody may execute.
pub fn makes_executable(ctx: &Ctx) -> bool {
    let mode = match ctx.event.param("mode") {
        Some(Param::Uint(mode)) => mode,
        _ => 0,
    };
    let makes = |flags: u64| flags & O_CREAT != 0 || flags & O_TMPFILE == O_TMPFILE;
    open_flags(ctx).is_some_and(makes) && mode & MODE_EXEC != 0
}

/// Whether the open made its file: a named one, or one of its own without a name.
pub fn created(ctx: &Ctx) -> bool {
    let made = |flags: u64| flags & O_F_CREATED != 0 || flags & O_TMPFILE == O_TMPFILE && ctx.event.res >= 0;
    open_flags(ctx).is_some_and(made)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Sample;

    #[test]
    fn opens_are_told_apart() {
        for (flags, mode, res, expected) in [
            (0, 0, 3, [true, false, false, false]),
            (0o1, 0, 3, [false, true, false, false]),
            (0o2, 0o777, 3, [true, true, false, false]),
            (0o101, 0o644, 3, [false, true, false, false]),
            (0o101 | O_F_CREATED, 0o744, 3, [false, true, true, true]),
            (O_TMPFILE | 0o2, 0o600, 3, [true, true, true, false]),
            (O_TMPFILE | 0o2, 0o600, -1, [true, true, false, false]),
        ] {
            let mut sample = Sample::new(Kind::Openat);
            sample.param("flags", Param::Uint(flags));
            sample.param("mode", Param::Uint(mode));
            sample.event.res = res;
            let fields = ["read", "write", "create", "exec"];
            let opened = fields.map(|field| sample.text(&format!("evt.is_open_{field}")) == "true");
            assert_eq!(opened, expected, "{flags:o} {mode:o}");
        }
    }
}
