//! Fields of Kubernetes audit events, as Falco's k8saudit plugin reads them from the event's document.
//!
//! What isn't an audit event has none of them. A text is given as it is, every other value
//! as JSON. A list that would be empty is missing.

mod binding;
mod containers;
mod event;
mod pod;
mod role;

use super::json::{list, value};
use super::{count, joined};
use crate::{Arg, Ctx, Document, Field, Json, Val};

/// Where the value of a field stands in the document, for those of which it stands there as it is: a test author's
/// value is put there.
#[derive(Clone, Copy)]
pub enum Place {
    /// At the end of a path.
    One(&'static [&'static str]),
    /// There, as an array.
    Many(&'static [&'static str]),
    /// In an array, and in each of its elements at the end of a path.
    Each(&'static [&'static str], &'static [&'static str]),
}

/// A field's name, and its place.
pub type Placed = (&'static str, Place);

/// Makes rows of fields that are what stands at one place, `one` value, or `many` in an array; and lists the places.
macro_rules! placed {
    (@row one $name:literal $doc:literal $place:expr) => {
        Field::new($name, CharBuf, $doc, |ctx| super::one(ctx, $place))
    };
    (@row many $name:literal $doc:literal $place:expr) => {
        Field::new($name, CharBuf, $doc, |ctx| super::many(ctx, $place)).with(FieldFlags::LIST)
    };
    (@place one $place:expr) => { super::Place::One($place) };
    (@place many $place:expr) => { super::Place::Many($place) };
    ($($how:ident $name:literal $doc:literal [$($key:literal),+])*) => {
        /// Rows of fields that are what stands at one place.
        pub const PLACED: &[Field] = &[$(placed!(@row $how $name $doc &[$($key),+])),*];
        /// The places.
        pub const PLACES: &[super::Placed] = &[$(($name, placed!(@place $how &[$($key),+]))),*];
    };
}
use placed;

/// The audit event's document.
fn audit<'a>(ctx: &Ctx<'a>) -> Option<Json<'a>> {
    ctx.event.document().filter(|document| document.is_audit_event()).map(Document::root)
}

/// The value at a place.
fn one<'a>(ctx: &Ctx<'a>, place: &[&str]) -> Val<'a> {
    audit(ctx).and_then(|audit| audit.at(place)).map_or(Val::Missing, |json| value(ctx, json))
}

/// The elements of the array at a place.
fn many<'a>(ctx: &Ctx<'a>, place: &[&str]) -> Val<'a> {
    match audit(ctx).and_then(|audit| audit.at(place)) {
        Some(array) => list(ctx, array.elements().map(|json| value(ctx, json))),
        None => Val::Missing,
    }
}

fn index(ctx: &Ctx) -> Option<u32> {
    match ctx.arg {
        Arg::Index(number) => Some(*number),
        _ => None,
    }
}

/// The elements of an array, or the one of the argument's number.
fn numbered<'a>(ctx: &Ctx<'a>, array: Option<Json<'a>>) -> impl Iterator<Item = Json<'a>> {
    let (skipped, count) = index(ctx).map_or((0, usize::MAX), |number| (number as usize, 1));
    array.into_iter().flat_map(Json::elements).skip(skipped).take(count)
}

/// The values at a place that arrays are on the way to: of each element, or of the one of that number. Where an
/// element has no such value, `None` stands for it. `None` as a whole where not even an array is found.
fn each<'a>(
    json: Json<'a>,
    index: Option<u32>,
    place: &[&str],
    found: &mut dyn FnMut(Option<Json<'a>>),
) -> Option<()> {
    let mut json = json;
    for (at, key) in place.iter().enumerate() {
        if json.is_array() {
            match index {
                Some(number) => json = json.elements().nth(number as usize)?,
                None => {
                    for element in json.elements() {
                        if each(element, None, &place[at..], found).is_none() {
                            found(None);
                        }
                    }
                    return Some(());
                }
            }
        }
        json = json.get(key)?;
    }
    found(Some(json));
    Some(())
}

/// What [`each`] finds below a place, in the scratch memory; `None` where it finds nothing at all.
fn found<'a>(ctx: &Ctx<'a>, base: &[&str], place: &[&str]) -> Option<&'a [Option<Json<'a>>]> {
    let mut values = bumpalo::collections::Vec::new_in(ctx.scratch);
    each(audit(ctx)?.at(base)?, index(ctx), place, &mut |value| values.push(value))?;
    Some(values.into_bump_slice())
}

const PARTS: &[&[Field]] = &[
    event::PLACED,
    event::FIELDS,
    binding::PLACED,
    binding::FIELDS,
    role::PLACED,
    role::FIELDS,
    pod::PLACED,
    pod::FIELDS,
    containers::ORDINARY,
    containers::INIT,
    containers::EPHEMERAL,
    containers::FIELDS,
];

/// The family's rows.
pub const FIELDS: &[Field] = &joined::<{ count(PARTS) }>(PARTS);

/// Where the value of a field stands, for those of which it stands somewhere as it is.
pub fn place(name: &str) -> Option<Place> {
    let all = [
        event::PLACES,
        event::OTHER_PLACES,
        binding::PLACES,
        role::PLACES,
        role::RULE_PLACES,
        pod::PLACES,
        pod::VOLUME_PLACES,
        containers::ORDINARY_PLACES,
        containers::INIT_PLACES,
        containers::EPHEMERAL_PLACES,
        containers::FIRST_PLACES,
    ];
    all.into_iter().flatten().find(|(known, _)| *known == name).map(|(_, place)| *place)
}

#[cfg(test)]
mod tests;
