//! How what an open did, and the parts of a path, are given values.

use super::Sample;
use super::setters::{Set, descriptor, put};
use super::socket::socket;
use crate::flags::O_F_CREATED;
use crate::{Arg, EventFlags, FdKind, Kind, Param};

/// The bits of open(2): its access mode, and to make the file.
const O_ACCMODE: u64 = 0o3;
/// See [`O_ACCMODE`].
const O_CREAT: u64 = 0o100;
/// The bits of a mode with which somebody, and the owner, may execute a file.
const MODE_EXEC: u64 = 0o111;
/// See [`MODE_EXEC`].
const MODE_EXEC_OWNER: u64 = 0o100;
/// What a file is called of which only the directory is said.
const FILE: &str = "file";

/// The fields of files.
pub const SETTERS: &[(&str, Set)] = &[
    ("evt.is_open_read", |sample, _, value| {
        let reads = value.parse().ok()?;
        sample.reads = Some(reads);
        let writes = opened(sample)?.1;
        open(sample, reads, writes || !reads)
    }),
    ("evt.is_open_write", |sample, _, value| {
        let (was, writes): (_, bool) = (opened(sample)?, value.parse().ok()?);
        // What is only said to write doesn't read.
        let reads = if was.1 == writes { was.0 } else { sample.reads.unwrap_or(!writes) };
        open(sample, reads, writes)
    }),
    ("evt.is_open_exec", |sample, _, value| match value.parse().ok()? {
        true => {
            bits(sample, "mode", MODE_EXEC_OWNER, 0)?;
            makes(sample, O_CREAT)
        }
        false => bits(sample, "mode", 0, MODE_EXEC),
    }),
    ("evt.is_open_create", |sample, _, value| match value.parse().ok()? {
        true => makes(sample, O_CREAT | O_F_CREATED),
        false => bits(sample, "flags", 0, O_F_CREATED),
    }),
    ("fd.directory", |sample, _, value| {
        let path = path(sample)?;
        let name = path.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(FILE);
        let path = match is_directory(sample) {
            true => value.to_owned(),
            false => format!("{}/{name}", value.strip_suffix('/').unwrap_or(value)),
        };
        value.starts_with('/').then_some(())?;
        descriptor(sample, &Arg::None, &path)
    }),
    ("fd.filename", |sample, _, value| {
        let path = path(sample)?;
        let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
        (!value.is_empty() && !value.contains('/') && !is_directory(sample)).then_some(())?;
        descriptor(sample, &Arg::None, &format!("{directory}/{value}"))
    }),
    ("fd.is_upper_layer", |sample, _, value| layer(sample, EventFlags::UPPER_LAYER, value)),
    ("fd.is_lower_layer", |sample, _, value| layer(sample, EventFlags::LOWER_LAYER, value)),
    ("fd.type", |sample, _, value| {
        let kind = FdKind::ALL.iter().find(|(_, name, _)| *name == value)?.0;
        thing(sample, kind)
    }),
    ("fd.typechar", |sample, _, value| {
        let kind = FdKind::ALL.iter().find(|(.., letter)| value.as_bytes() == [*letter])?.0;
        thing(sample, kind)
    }),
];

/// Says in which layer of an overlay the file is.
fn layer(sample: &mut Sample, layer: EventFlags, value: &str) -> Option<()> {
    path(sample)?;
    sample.event.flags.set(layer, value.parse().ok()?);
    Some(())
}

/// Says what the descriptor stands for.
fn thing(sample: &mut Sample, kind: FdKind) -> Option<()> {
    if matches!(kind, FdKind::Ipv4 | FdKind::Ipv6 | FdKind::Unix | FdKind::Netlink) {
        socket(sample)?;
    }
    put(&mut sample.event.fd.as_mut()?.kind, Some(Some(kind)))
}

fn is_directory(sample: &Sample) -> bool {
    sample.event.fd.is_some_and(|fd| fd.kind == Some(FdKind::Directory))
}

/// The path that the descriptor has so far; `None` where it is a socket.
fn path(sample: &Sample) -> Option<String> {
    let fd = sample.event.fd.filter(|fd| fd.socket.is_none())?;
    let (start, len) = (fd.path.given.start as usize, fd.path.given.len as usize);
    let bytes = sample.batch.bytes.get(start..start + len)?;
    Some(String::from_utf8_lossy(bytes).into_owned())
}

/// Whether the event is an open that reads, and that writes.
fn opened(sample: &mut Sample) -> Option<(bool, bool)> {
    if sample.event.kind == Kind::Creat {
        return Some((false, true));
    }
    let kind = sample.event.kind;
    match sample.param_mut("flags").filter(|_| kind.is_open())? {
        Param::Uint(flags) => {
            Some((matches!(*flags & O_ACCMODE, 0 | 2), matches!(*flags & O_ACCMODE, 1 | 2)))
        }
        _ => None,
    }
}

fn open(sample: &mut Sample, reads: bool, writes: bool) -> Option<()> {
    if opened(sample)? == (reads, writes) {
        return Some(());
    }
    let mode = match (reads, writes) {
        (true, false) => 0,
        (false, true) => 1,
        (true, true) => 2,
        // Nothing but ioctl(2) can be done with such a descriptor.
        (false, false) => 3,
    };
    bits(sample, "flags", mode, O_ACCMODE)
}

/// Says that the open makes its file, as creat(2) always does.
fn makes(sample: &mut Sample, flags: u64) -> Option<()> {
    match sample.event.kind {
        Kind::Creat if flags & O_F_CREATED == 0 => Some(()),
        kind if kind.is_open() => bits(sample, "flags", flags, 0),
        _ => None,
    }
}

fn bits(sample: &mut Sample, param: &str, set: u64, clear: u64) -> Option<()> {
    let value = sample.param_mut(param)?;
    let bits = match value {
        Param::Uint(bits) => *bits,
        Param::Missing => 0,
        _ => return None,
    };
    put(value, Some(Param::Uint(bits & !clear | set)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_do_what_is_said() {
        for (given, flags) in [
            (&[("evt.is_open_read", "true")][..], "O_RDONLY"),
            (&[("evt.is_open_write", "true")], "O_WRONLY"),
            (&[("evt.is_open_read", "true"), ("evt.is_open_write", "true")], "O_RDWR"),
            (&[("evt.is_open_read", "false"), ("evt.is_open_write", "true")], "O_WRONLY"),
            (&[("evt.arg.flags", "O_RDWR"), ("evt.is_open_write", "true")], "O_RDWR"),
            (&[("evt.arg.flags", "O_RDWR"), ("evt.is_open_write", "false")], "O_RDONLY"),
            (&[("evt.is_open_exec", "true")], "O_CREAT|O_RDONLY"),
            (&[("evt.is_open_create", "true")], "O_CREAT|O_RDONLY|O_F_CREATED"),
        ] {
            let mut sample = Sample::new(Kind::Openat);
            given.iter().for_each(|(field, value)| assert_eq!(sample.set(field, value), Ok(()), "{field}"));
            for (field, value) in given.iter().filter(|(field, _)| *field != "evt.arg.flags") {
                assert_eq!(sample.text(field), *value, "{field} of {given:?}");
            }
            assert_eq!(sample.text("evt.arg.flags"), flags, "{given:?}");
        }
        let mut creat = Sample::new(Kind::Creat);
        assert_eq!(creat.set("evt.is_open_write", "true"), Ok(()));
        assert_eq!(creat.set("evt.is_open_exec", "true"), Ok(()));
        assert_eq!(creat.text("evt.is_open_exec"), "true");
        assert!(creat.set("evt.is_open_read", "true").is_err());
        assert!(Sample::new(Kind::Unlink).set("evt.is_open_read", "true").is_err());
    }

    #[test]
    fn a_path_is_put_together() {
        for (given, name) in [
            (&[("fd.directory", "/etc"), ("fd.filename", "shadow")][..], "/etc/shadow"),
            (&[("fd.filename", "shadow"), ("fd.directory", "/etc")], "/etc/shadow"),
            (&[("fd.directory", "/")], "/file"),
            (&[("fd.filename", "a")], "/a"),
            (&[("fd.name", "/a/b/c"), ("fd.directory", "/x")], "/x/c"),
            (&[("fd.typechar", "d"), ("fd.directory", "/etc")], "/etc"),
        ] {
            let mut sample = Sample::new(Kind::Openat);
            for (field, value) in given {
                assert_eq!(sample.set(field, value), Ok(()), "{field}");
            }
            for (field, value) in given.iter().filter(|(field, _)| *field != "fd.name") {
                assert_eq!(sample.text(field), *value, "{field} of {given:?}");
            }
            assert_eq!(sample.text("fd.name"), name);
        }
        let mut sample = Sample::new(Kind::Openat);
        for (field, value) in [("fd.directory", "etc"), ("fd.filename", "a/b"), ("fd.typechar", "4")] {
            assert!(sample.set(field, value).is_err(), "{field}");
        }
        assert!(Sample::new(Kind::Connect).set("fd.directory", "/etc").is_err());
    }
}
