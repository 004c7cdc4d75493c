//! The value of a field, while an event is judged.

use std::net::IpAddr;

/// The value of a field, borrowed from the event, the host, or the scratch memory of the judgement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Val<'a> {
    /// There is none: every comparison with it is false.
    Missing,
    /// It isn't known yet, and may be in a moment ([`crate::Late`]).
    Pending,
    /// A truth value.
    Bool(bool),
    /// A number with a sign.
    Int(i64),
    /// A number without.
    Uint(u64),
    /// A number with a fraction.
    Double(f64),
    /// A text, in whatever encoding the program used.
    Str(&'a [u8]),
    /// A path of which a part isn't known, since it was longer than what is read ([`crate::CUT`] stands in its place): a
    /// comparison that the rest could decide is neither true nor false.
    Cut(&'a [u8]),
    /// An internet address.
    Ip(IpAddr),
    /// Several values of a list field: `in` asks all of them, `intersects` any.
    List(&'a [Val<'a>]),
    /// Several values, any of which may be the one: ancestors, and both ends of a connection.
    Any(&'a [Val<'a>]),
}

impl<'a> Val<'a> {
    /// The text, or missing.
    pub fn text(text: Option<&'a [u8]>) -> Val<'a> {
        text.map_or(Val::Missing, Val::Str)
    }

    /// The number, or missing.
    pub fn uint(number: Option<u64>) -> Val<'a> {
        number.map_or(Val::Missing, Val::Uint)
    }

    /// The number, or missing.
    pub fn int(number: Option<i64>) -> Val<'a> {
        number.map_or(Val::Missing, Val::Int)
    }
}
