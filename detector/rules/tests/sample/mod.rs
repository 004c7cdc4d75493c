//! Events written as the values that fields have.

use lanner_diagnostic::Node;
use lanner_event::sample::Sample;
use lanner_event::{ContainerState, Kind};

fn text(node: &Node) -> Result<&str, String> {
    node.as_str().ok_or_else(|| format!("a text or a number is wanted, not {}", node.kind()))
}

/// The event of a mapping of fields to values. `real` holds the real readings of paths, `container` says that what
/// the container is is `pending`, or `gone`.
pub fn sample(event: &Node) -> Result<Sample, String> {
    let pairs = event.as_mapping().ok_or("an event is a mapping of fields to values")?;
    let kind = event.get("evt.type").and_then(Node::as_str).ok_or("`evt.type` is missing")?;
    let kind = Kind::by_name(kind).ok_or_else(|| format!("there is no event `{kind}`"))?;
    let mut sample = Sample::new(kind);
    let set = |sample: &mut Sample, name: &str, value: &str| sample.set(name, value);
    for (field, value) in pairs.iter().filter(|(_, value)| value.as_mapping().is_none()) {
        match (text(field)?, text(value)?) {
            ("evt.type", _) => {}
            ("container", state) => {
                set(&mut sample, "container.id", "0123456789ab").map_err(|error| error.to_string())?;
                sample.container = match state {
                    "pending" => ContainerState::Pending,
                    "gone" => ContainerState::Unavailable,
                    other => return Err(format!("a container can be `pending` or `gone`, not `{other}`")),
                };
            }
            (field, value) => set(&mut sample, field, value).map_err(|error| error.to_string())?,
        }
    }
    for (field, value) in event.get("real").and_then(Node::as_mapping).unwrap_or_default() {
        sample.set_real(text(field)?, text(value)?).map_err(|error| error.to_string())?;
    }
    Ok(sample)
}
