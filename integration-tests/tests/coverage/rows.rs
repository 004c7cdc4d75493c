//! What is performed for each rule, and beside it what only looks like it.

mod deprecated;
mod incubating;
mod sandbox;
mod stable;

/// Where something is performed.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    /// On the host, in a mount and a network namespace of its own.
    Host,
    /// In a running container.
    Container,
    /// In a running container that may do most of what the host's root may.
    Capable,
    /// In a running container, with a terminal.
    Terminal,
    /// In a running container with a pod's labels.
    Pod,
    /// In a container that is started for it, with these options.
    Started(&'static [&'static str]),
    /// In a container that is started for it with all privileges that are to be had: containerd asks for no others.
    Privileged,
}

/// What is performed, as a shell script, and where. It finds `act` and its other names on the path, a folder of its own
/// in `$W`, and [`crate::stand::FILES`].
#[derive(Debug, Clone, Copy)]
pub struct Deed {
    pub place: Place,
    pub script: &'static str,
}

/// What must fire a rule, and the closest thing that must not.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    pub attack: Deed,
    pub miss: Deed,
}

/// A rule.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub rule: &'static str,
    pub host: Option<Pair>,
    pub container: Option<Pair>,
}

/// The rules by the maturity that upstream gives them.
pub const SETS: &[(&str, &[Row])] = &[
    ("stable", stable::ROWS),
    ("incubating", incubating::ROWS),
    ("sandbox", sandbox::ROWS),
    ("deprecated", deprecated::ROWS),
];

const fn pair(attack: Deed, miss: Deed) -> Option<Pair> {
    Some(Pair { attack, miss })
}

const fn deed(place: Place, script: &'static str) -> Deed {
    Deed { place, script }
}

/// A rule that is tried in both places in the same way.
const fn both(rule: &'static str, attack: &'static str, miss: &'static str) -> Row {
    let host = on_host(rule, attack, miss).host;
    Row { host, ..inside(rule, attack, miss) }
}

/// A rule of the host alone.
const fn on_host(rule: &'static str, attack: &'static str, miss: &'static str) -> Row {
    Row { rule, host: pair(deed(Place::Host, attack), deed(Place::Host, miss)), container: None }
}

/// A rule of containers alone.
const fn inside(rule: &'static str, attack: &'static str, miss: &'static str) -> Row {
    within(rule, deed(Place::Container, attack), deed(Place::Container, miss))
}

/// A rule of containers alone, which need to be special.
const fn within(rule: &'static str, attack: Deed, miss: Deed) -> Row {
    Row { rule, host: None, container: pair(attack, miss) }
}

impl Row {
    /// The same rule tried in another way in a container.
    const fn and_within(self, attack: Deed, miss: Deed) -> Row {
        Row { container: pair(attack, miss), ..self }
    }
}
