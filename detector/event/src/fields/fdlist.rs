//! Fields of the descriptors that poll(2) and ppoll(2) wait for.

use super::text::Text;
use crate::Type::CharBuf;
use crate::{Ctx, Field, Kind, Val};

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

/// Why fields about all descriptors of a process aren't filled.
pub(super) const NO_TABLE: &str =
    "Capture reports the descriptor that an event is about, not all that a process has.";

/// The family's rows.
pub const FIELDS: &[Field] = &[
    Field::new("fdlist.nums", CharBuf, "The numbers of the descriptors, a comma between.", numbers),
    Field::unfilled("fdlist.names", CharBuf, "The names of the descriptors, a comma between.", NO_TABLE),
    Field::unfilled("fdlist.cips", CharBuf, "The clients' addresses, a comma between.", NO_TABLE),
    Field::unfilled("fdlist.sips", CharBuf, "The servers' addresses, a comma between.", NO_TABLE),
    Field::unfilled("fdlist.cports", CharBuf, "The clients' ports, a comma between.", NO_TABLE),
    Field::unfilled("fdlist.sports", CharBuf, "The servers' ports, a comma between.", NO_TABLE),
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
}
