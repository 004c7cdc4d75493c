//! What Docker did, as an old Falco wrote it into captures: `Event:start;ID:0123…;name:web;Image:nginx`.

use crate::Type::CharBuf;
use crate::{Ctx, Field, FieldFlags, Kind, Val};

/// How many characters of an id are shown.
const SHORT_ID: usize = 12;

/// What stands behind a name and a colon in the event's description.
fn named<'a>(ctx: &Ctx<'a>, name: &str) -> Option<&'a [u8]> {
    let text = ctx.event.text("description").filter(|_| ctx.event.kind == Kind::Infra)?;
    let mut parts = text.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let part = parts.find(|part| part.starts_with(name.as_bytes()))?;
    let colon = part.iter().position(|byte| *byte == b':')?;
    Some(part[colon + 1..].trim_ascii())
}

/// The name of an image without its digest; a digest alone is all there is.
fn image(text: &[u8]) -> &[u8] {
    let name = text.split(|byte| *byte == b'@').next().unwrap_or_default();
    let digest = name.starts_with(b"sha256:");
    let end = name.iter().position(|byte| *byte == b':').filter(|_| !digest);
    &name[..end.unwrap_or(name.len())]
}

const TABLE_ONLY: FieldFlags = FieldFlags::TABLE_ONLY;

/// The family's rows.
pub const FIELDS: &[Field] = &[
    Field::new("evt.infra.docker.name", CharBuf, "What Docker did, in captures of an old Falco.", |ctx| {
        Val::text(named(ctx, "Event"))
    })
    .with(TABLE_ONLY),
    Field::new(
        "evt.infra.docker.container.id",
        CharBuf,
        "The first 12 characters of the container's id.",
        |ctx| Val::text(named(ctx, "ID").map(|id| &id[..id.len().min(SHORT_ID)])),
    )
    .with(TABLE_ONLY),
    Field::new("evt.infra.docker.container.name", CharBuf, "The container's name.", |ctx| {
        Val::text(named(ctx, "name"))
    })
    .with(TABLE_ONLY),
    Field::new("evt.infra.docker.container.image", CharBuf, "The container's image.", |ctx| {
        Val::text(named(ctx, "Image").map(image))
    })
    .with(TABLE_ONLY),
];

#[cfg(test)]
mod tests {
    use crate::Kind;
    use crate::sample::Sample;

    #[test]
    fn descriptions_are_taken_apart() {
        for (description, expected) in [
            (
                "Event: start; ID: 0123456789abcdef; name: web; Image: nginx:1.27",
                ["start", "0123456789ab", "web", "nginx"],
            ),
            ("Image:reg/nginx@sha256:00;ID:01", ["<NA>", "01", "<NA>", "reg/nginx"]),
            ("Image:sha256:00", ["<NA>", "<NA>", "<NA>", "sha256:00"]),
            ("Event;name", ["<NA>"; 4]),
            ("", ["<NA>"; 4]),
        ] {
            let mut sample = Sample::new(Kind::Infra);
            sample.set("evt.arg.description", description).unwrap();
            let fields = ["name", "container.id", "container.name", "container.image"];
            let values = fields.map(|field| sample.text(&format!("evt.infra.docker.{field}")));
            assert_eq!(values, expected, "{description}");
        }
    }
}
