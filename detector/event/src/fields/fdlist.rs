//! Fields of the descriptors that poll(2) and ppoll(2) wait for.

use super::params::{self, UNKNOWN, ends};
use super::text::Text;
use crate::Type::CharBuf;
use crate::{Ctx, Endpoint, Fd, Field, Kind, Val};

/// The numbers in a list such as `3:p1 4:41`: each descriptor has its number, what it stands for and what is waited for.
fn numbers<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    let list = ctx.event.text("fds").filter(|_| matches!(ctx.event.kind, Kind::Poll | Kind::Ppoll));
    let Some(list) = list else { return Val::Missing };
    let mut text = Text::new(ctx);
    for descriptor in list.split(|byte| *byte == b' ').filter(|descriptor| !descriptor.is_empty()) {
        if text.len() > 0 {
            text.push(b",");
        }
        text.push(descriptor.split(|byte| *byte == b':').next().unwrap_or_default());
    }
    if text.len() == 0 { Val::Missing } else { text.val() }
}

/// Something of each descriptor that has it, a comma between.
fn each<'a>(ctx: &Ctx<'a>, push: impl Fn(&mut Text<'a>, &Fd) -> bool) -> Val<'a> {
    let Some(details) = ctx.event.details() else { return Val::Missing };
    let mut text = Text::new(ctx);
    for fd in ctx.event.fds(details.polled) {
        let end = text.len();
        if end > 0 {
            text.push(b",");
        }
        if !push(&mut text, fd) {
            text.cut(end);
        }
    }
    if text.len() == 0 { Val::Missing } else { text.val() }
}

/// The same of an end of each connection.
fn of_end<'a>(ctx: &Ctx<'a>, end: fn(&Fd) -> Option<Endpoint>, push: fn(&mut Text, Endpoint)) -> Val<'a> {
    each(ctx, |text, fd| end(fd).map(|end| push(text, end)).is_some())
}

fn push_ip(text: &mut Text, end: Endpoint) {
    text.format(format_args!("{}", end.ip));
}

fn push_port(text: &mut Text, end: Endpoint) {
    text.format(format_args!("{}", end.port));
}

/// The family's rows.
pub const FIELDS: &[Field] = &[
    Field::new("fdlist.nums", CharBuf, "The numbers of the descriptors, a comma between.", numbers),
    Field::new("fdlist.names", CharBuf, "The names of the descriptors, a comma between.", |ctx| {
        each(ctx, |text, fd| {
            let start = text.len();
            params::push_name(text, ctx, fd);
            if text.len() == start {
                text.push(UNKNOWN);
            }
            true
        })
    }),
    Field::new("fdlist.cips", CharBuf, "The clients' addresses, a comma between.", |ctx| {
        of_end(ctx, |fd| ends(fd).0, push_ip)
    }),
    Field::new("fdlist.sips", CharBuf, "The servers' addresses, a comma between.", |ctx| {
        of_end(ctx, |fd| ends(fd).1, push_ip)
    }),
    Field::new("fdlist.cports", CharBuf, "The clients' ports, a comma between.", |ctx| {
        of_end(ctx, |fd| ends(fd).0, push_port)
    }),
    Field::new("fdlist.sports", CharBuf, "The servers' ports, a comma between.", |ctx| {
        of_end(ctx, |fd| ends(fd).1, push_port)
    }),
];

#[cfg(test)]
mod tests {
    use crate::Kind;
    use crate::sample::Sample;

    #[test]
    fn numbers_are_listed() {
        for (list, expected) in [("3:p1 4:41", "3,4"), ("7", "7"), ("", "<NA>")] {
            let mut sample = Sample::new(Kind::Poll);
            sample.set("evt.arg.fds", list).unwrap();
            assert_eq!(sample.text("fdlist.nums"), expected, "{list}");
        }
        assert_eq!(Sample::new(Kind::Openat).text("fdlist.nums"), "<NA>");
    }

    #[test]
    fn each_is_named() {
        let mut sample = Sample::new(Kind::Poll);
        sample.set("fdlist.names", "/dev/null,10.0.0.1:40000->10.0.0.2:443,::1:1->::1:2").unwrap();
        for (field, expected) in [
            ("fdlist.names", "/dev/null,10.0.0.1:40000->10.0.0.2:443,::1:1->::1:2"),
            ("fdlist.cips", "10.0.0.1,::1"),
            ("fdlist.sips", "10.0.0.2,::1"),
            ("fdlist.cports", "40000,1"),
            ("fdlist.sports", "443,2"),
        ] {
            assert_eq!(sample.text(field), expected, "{field}");
        }
    }
}
