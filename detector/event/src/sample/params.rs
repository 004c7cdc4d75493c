//! How a parameter is given a value: by the text that it is written as, or by its raw text.

use super::Sample;
use super::setters::{self, descriptor};
use crate::fields::{errno, signal};
use crate::{Arg, Param, ParamType, Radix, flag_number};

/// Nanoseconds in a second.
const SECOND: f64 = 1e9;

/// Gives a parameter a value; `None` where the event has none of that name, or it can't have that value.
pub fn set(sample: &mut Sample, name: &str, text: &str) -> Option<()> {
    let kind = sample.event.kind;
    let row = &kind.row().params[kind.row().position(name)?];
    let value = match row.ty {
        // It follows from `evt.res`, and the descriptor from what it stands for.
        ParamType::Errno if row.name == "res" => return None,
        ParamType::SockAddr | ParamType::SockTuple => return descriptor(sample, &Arg::None, text),
        ParamType::Path if kind.is_open() => return descriptor(sample, &Arg::None, text),
        ParamType::Fd if text.starts_with('<') => {
            return descriptor(sample, &Arg::None, text.split_once('>')?.1);
        }
        ParamType::Fd if row.name == "fd" && sample.event.fd.is_some() => {
            return descriptor_number(sample, text);
        }
        ParamType::Path => Param::Path(sample.path(text)),
        ParamType::Fd if text == "AT_FDCWD" => Param::Int(-100),
        ParamType::Errno | ParamType::Fd => Param::Int(signed(text).or_else(|| errno::result(text))?),
        ParamType::Pid => Param::Int(signed(text)?),
        ParamType::Uid if text == "<NONE>" => Param::Int(-1),
        ParamType::Gid if text == "<NONE>" => Param::Int(-1),
        ParamType::Uid => match signed(text) {
            Some(number) => Param::Int(number),
            None => Param::Int(setters::user(sample, text)?.into()),
        },
        ParamType::Gid => match signed(text) {
            Some(number) => Param::Int(number),
            None => Param::Int(setters::group(sample, text)?.into()),
        },
        ParamType::Int(number) if number.radix == Radix::Hex => Param::Int(digits(text, Radix::Hex)? as i64),
        ParamType::Int(_) => Param::Int(signed(text)?),
        ParamType::Uint(number) => Param::Uint(digits(text, number.radix)?),
        ParamType::Mode(names) => {
            Param::Uint(digits(text, Radix::Octal).or_else(|| flag_number(text, names))?)
        }
        ParamType::Flags(flags) | ParamType::Enum(flags) => {
            Param::Uint(flag_number(text, flags.names).or_else(|| digits(text, Radix::Decimal))?)
        }
        ParamType::Signal => Param::Uint(signal::number(text).or_else(|| digits(text, Radix::Decimal))?),
        ParamType::RelTime => Param::Uint(duration(text)?),
        ParamType::AbsTime => Param::Uint(digits(text, Radix::Decimal).or_else(|| moment(text))?),
        ParamType::SigSet => Param::Uint(signals(text).or_else(|| digits(text, Radix::Decimal))?),
        ParamType::SyscallId => Param::Uint(digits(text, Radix::Decimal)?),
        ParamType::Str | ParamType::Bytes | ParamType::RealPath | ParamType::FdList | ParamType::Dyn => {
            Param::Bytes(sample.batch.push_bytes(text.as_bytes()))
        }
        ParamType::StrList => {
            Param::Bytes(sample.batch.push_bytes((text.replace(' ', "\0") + "\0").as_bytes()))
        }
    };
    sample.param(name, value)
}

/// Gives a parameter its raw value: a number in decimal digits, or the same as [`set`] takes.
pub fn set_raw(sample: &mut Sample, name: &str, text: &str) -> Option<()> {
    let row = sample.event.kind.row();
    let value = match row.params[row.position(name)?].ty {
        ParamType::Int(_) => Param::Int(signed(text)?),
        ParamType::Uint(_) | ParamType::Mode(_) => Param::Uint(digits(text, Radix::Decimal)?),
        _ => return set(sample, name, text),
    };
    sample.param(name, value)
}

/// The number of the event's descriptor, which is the result where the event makes it.
fn descriptor_number(sample: &mut Sample, text: &str) -> Option<()> {
    let number = signed(text).or_else(|| errno::result(text))?;
    let event = &mut sample.event;
    if event.kind.row().position("fd") == Some(0) {
        event.res = number;
    }
    event.fd.as_mut()?.num = number;
    Some(())
}

fn signed(text: &str) -> Option<i64> {
    text.parse().ok()
}

fn digits(text: &str, radix: Radix) -> Option<u64> {
    let radix = match radix {
        Radix::Octal => 8,
        Radix::Decimal => 10,
        Radix::Hex => 16,
    };
    u64::from_str_radix(text, radix).ok()
}

/// The set of the signals of these names.
fn signals(text: &str) -> Option<u64> {
    text.split(' ').try_fold(0, |set, name| Some(set | 1 << (signal::number(name)? - 1)))
}

/// `1.5s`, nanoseconds, or `none`.
fn duration(text: &str) -> Option<u64> {
    match text.strip_suffix('s') {
        Some(seconds) => Some((seconds.parse::<f64>().ok()? * SECOND).round() as u64),
        None if text == "none" => Some(u64::MAX),
        None => digits(text, Radix::Decimal),
    }
}

/// The nanoseconds since 1970 of `2026-11-24 08:00:00.000000000 +0000`. The calendar is that of Howard Hinnant's
/// `days_from_civil`.
fn moment(text: &str) -> Option<u64> {
    let mut parts = text.split(' ');
    let (date, clock, zone) = (parts.next()?, parts.next()?, parts.next()?);
    let mut date = date.splitn(3, '-').map(signed);
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (clock, fraction) = clock.split_once('.')?;
    let mut clock = clock.splitn(3, ':').map(signed);
    let second = clock.next()?? * 3600 + clock.next()?? * 60 + clock.next()??;
    let zone = signed(zone).filter(|_| zone.len() == 5)?;
    let offset = zone / 100 * 3600 + zone % 100 * 60;
    if !((1970..=2554).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && fraction.len() == 9)
    {
        return None;
    }
    let year = year - i64::from(month <= 2);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468;
    let seconds = u64::try_from(days * 86_400 + second - offset).ok()?;
    seconds.checked_mul(1_000_000_000)?.checked_add(fraction.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, KindRow, ParamRow};

    /// A text that a parameter of each type is written as.
    fn written(kind: &KindRow, row: &ParamRow) -> String {
        match row.ty {
            ParamType::Errno => "ENOENT".to_owned(),
            ParamType::Fd if row.name == "fd" => "7".to_owned(),
            ParamType::Fd => "AT_FDCWD".to_owned(),
            ParamType::Pid => "4711".to_owned(),
            ParamType::Uid | ParamType::Gid => "nobody".to_owned(),
            ParamType::Int(number) | ParamType::Uint(number) => match number.radix {
                Radix::Octal => "0640",
                Radix::Decimal => "17",
                Radix::Hex => "A4",
            }
            .to_owned(),
            ParamType::Flags(flags) | ParamType::Enum(flags) => {
                let mut text = String::new();
                crate::flag_text(flags.names.last().unwrap().bits, flags.names, &mut text);
                assert!(text.contains(flags.names.last().unwrap().name), "{}.{}", kind.name, row.name);
                text
            }
            ParamType::Mode(_) => "S_IRUSR|S_ISUID".to_owned(),
            ParamType::Signal => "SIGKILL".to_owned(),
            ParamType::RelTime => "1.5s".to_owned(),
            ParamType::StrList => "a b".to_owned(),
            ParamType::Path | ParamType::RealPath => "/a/b".to_owned(),
            ParamType::SockAddr | ParamType::SockTuple => "10.0.0.2:443".to_owned(),
            ParamType::Str | ParamType::Bytes | ParamType::FdList | ParamType::Dyn => "text".to_owned(),
            ParamType::SigSet => "SIGHUP SIGQUIT".to_owned(),
            ParamType::SyscallId => "9".to_owned(),
            ParamType::AbsTime => "1970-01-01 00:00:01.500000000 +0000".to_owned(),
        }
    }

    #[test]
    fn every_parameter_is_read_as_it_was_set() {
        for kind in Kind::ALL {
            let row = kind.row();
            for (at, param) in
                row.params.iter().enumerate().filter(|(_, param)| !row.internal && param.name != "res")
            {
                let mut sample = Sample::new(*kind);
                let (field, text) = (format!("evt.arg.{}", param.name), written(row, param));
                assert_eq!(sample.set(&field, &text), Ok(()), "{} {field} {text}", row.name);
                // Of several texts the ends are shown as points.
                let text = if param.ty == ParamType::StrList { "a.b.".to_owned() } else { text };
                let said = sample.text(&field);
                // What a descriptor stands for is said instead of its number.
                assert!(
                    said == text || param.name == "fd" && said.starts_with('<'),
                    "{} {field} {said}",
                    row.name
                );
                assert_eq!(sample.text(&format!("evt.arg[{at}]")), said, "{} {field}", row.name);
                assert_ne!(
                    sample.text(&format!("evt.rawarg.{}", param.name)),
                    "<NA>",
                    "{} {field}",
                    row.name
                );
            }
        }
    }

    #[test]
    fn raw_texts_are_understood_too() {
        for (kind, field, value, expected) in [
            (Kind::Chmod, "evt.arg.mode", "4400", "S_IRUSR|S_ISUID"),
            (Kind::Socket, "evt.arg.domain", "AF_UNIX", "AF_LOCAL|AF_UNIX"),
            (Kind::Kill, "evt.arg.sig", "64", "64"),
            (Kind::Setuid, "evt.arg.uid", "0", "root"),
            (Kind::Setuid, "evt.arg.uid", "<NONE>", "<NONE>"),
            (Kind::Nanosleep, "evt.arg.interval", "1000", "1e-06s"),
            (Kind::Nanosleep, "evt.arg.interval", "123456789012", "123.457s"),
            (Kind::Nanosleep, "evt.arg.interval", "0", "0s"),
            (Kind::Nanosleep, "evt.arg.interval", "none", "none"),
            (Kind::Execve, "evt.arg.exe_ino_mtime", "0", "1970-01-01 00:00:00.000000000 +0000"),
            (
                Kind::Execve,
                "evt.arg.exe_ino_mtime",
                "2024-02-29 23:59:59.000000001 -0130",
                "2024-03-01 01:29:59.000000001 +0000",
            ),
            (Kind::Read, "evt.arg.data", "a\u{e9}\n", "a..."),
            (Kind::Setns, "evt.arg.nstype", "CLONE_NEWNET", "CLONE_NEWNET"),
            (Kind::Ptrace, "evt.arg.request", "PTRACE_ATTACH", "PTRACE_ATTACH"),
            (Kind::Chmod, "evt.arg[2]", "S_IRUSR", "S_IRUSR"),
            (Kind::Chmod, "evt.rawarg.mode", "256", "256"),
            (Kind::Semget, "evt.rawarg.key", "-1", "-1"),
            (Kind::Openat, "evt.rawarg.flags", "65", "65"),
            (Kind::Openat, "evt.arg.fd", "<f>/etc/passwd", "<f>/etc/passwd"),
        ] {
            let mut sample = Sample::new(kind);
            assert_eq!(sample.set(field, value), Ok(()), "{field}");
            assert_eq!(sample.text(field), expected, "{field}");
        }
    }
}
