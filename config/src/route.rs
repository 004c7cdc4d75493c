//! `router.route`: to whom an alert goes.

use std::time::Duration;

use lanner_alert::{Calendar, Matcher, Priority};
use lanner_diagnostic::{Diagnostic, Node, Place, nearest};

use crate::calendar;
use crate::matchers;
use crate::settings::OutputEntry;
use crate::values::Values;

/// The code of an output that a route names and nobody has.
pub(crate) const UNKNOWN_OUTPUT: &str = "CONFIG_UNKNOWN_OUTPUT";

/// A node of the tree that says to whom an alert goes: to the first of its routes that takes it, and where none
/// does, to its own outputs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RouteSettings {
    /// Where it stands, such as `router.route.routes[0]`.
    pub name: String,
    /// All of these must hold.
    pub matchers: Vec<Matcher>,
    /// The outputs, by their place in [`Settings::outputs`](crate::Settings::outputs); none to have the parent's.
    pub outputs: Option<Vec<usize>>,
    /// What has a lower priority isn't sent; none to have the parent's.
    pub min_priority: Option<Priority>,
    /// It sends only at one of these times; always where there are none.
    pub active: Vec<Calendar>,
    /// It sends at none of these times.
    pub mute: Vec<Calendar>,
    /// How what it sends is grouped, its own or its parent's; none where it isn't.
    pub group: Option<GroupSettings>,
    /// The template of what its alerts say, its own or its parent's: a scalar.
    pub template: Option<Node>,
    /// Whether the routes after this one are looked at too.
    pub continues: bool,
    /// The routes below.
    pub routes: Vec<RouteSettings>,
}

/// How a route groups what it sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupSettings {
    /// The fields whose values the alerts of a group have in common.
    pub by: Vec<String>,
    /// How long a group waits for what comes with what is new.
    pub wait: Duration,
    /// How far its notifications are apart.
    pub interval: Duration,
    /// How long after its last alert it closes.
    pub idle: Duration,
}

/// What a route has from its parent, as far as it is said here.
#[derive(Clone)]
struct Inherited {
    /// None where nothing is grouped.
    by: Option<Vec<String>>,
    wait: Duration,
    interval: Duration,
    idle: Duration,
    template: Option<Node>,
}

/// The word that ends what a parent groups by.
const OFF: &str = "off";

/// The tree of the configuration; without one, everything goes to every output. Falco's own outputs get
/// everything, as in Falco, unless a route names them.
pub(crate) fn read(
    root: &Node,
    outputs: &[OutputEntry],
    fields: &mut Vec<(String, Place)>,
    diagnostics: &mut Vec<Diagnostic>,
) -> RouteSettings {
    let everything = || Some((0..outputs.len()).collect());
    let Some(node) = Values::root(root).node("router.route") else {
        let name = "no `router.route`".to_owned();
        return RouteSettings { name, outputs: everything(), ..RouteSettings::default() };
    };
    let mut reader = Reader { outputs, named: vec![false; outputs.len()], fields, diagnostics };
    let defaults = Values::of(node, "router.route.");
    let top = Inherited {
        by: None,
        wait: defaults.duration("group_wait"),
        interval: defaults.duration("group_interval"),
        idle: defaults.duration("group_idle"),
        template: None,
    };
    let mut tree = reader.route("router.route".to_owned(), node, &top);
    let named = reader.named;
    tree.outputs = tree.outputs.or_else(everything);
    let falco: Vec<usize> = (0..outputs.len()).filter(|at| outputs[*at].fixed && !named[*at]).collect();
    if falco.is_empty() {
        return tree;
    }
    let name = "Falco's outputs that no route names".to_owned();
    let always = RouteSettings { name, outputs: Some(falco), continues: true, ..RouteSettings::default() };
    let name = "all alerts".to_owned();
    RouteSettings { name, routes: vec![always, tree], ..RouteSettings::default() }
}

struct Reader<'a> {
    outputs: &'a [OutputEntry],
    /// Which outputs some route names.
    named: Vec<bool>,
    fields: &'a mut Vec<(String, Place)>,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    fn route(&mut self, name: String, node: &Node, parent: &Inherited) -> RouteSettings {
        let values = Values::of(node, "router.route.");
        let own = self.own(values, parent);
        let outputs = values.node("outputs").and_then(Node::as_sequence);
        let routes = values.node("routes").and_then(Node::as_sequence).unwrap_or_default();
        let below = |(at, route)| self.route(format!("{name}.routes[{at}]"), route, &own);
        let routes = routes.iter().enumerate().map(below).collect();
        RouteSettings {
            matchers: self.matchers(values),
            outputs: outputs.map(|names| names.iter().filter_map(|name| self.output(name)).collect()),
            min_priority: values.set_priority("min_priority"),
            active: self.times(values, "active"),
            mute: self.times(values, "mute"),
            group: own.by.clone().map(|by| GroupSettings {
                by,
                wait: own.wait,
                interval: own.interval,
                idle: own.idle,
            }),
            template: own.template,
            continues: values.bool("continue"),
            routes,
            name,
        }
    }

    /// What the route and those below it have.
    fn own(&mut self, values: Values, parent: &Inherited) -> Inherited {
        let by = values.node("group_by").map(|_| values.texts("group_by"));
        let off = |by: &Vec<&Node>| matches!(by[..], [word] if word.as_str() == Some(OFF));
        let by = match by {
            None => parent.by.clone(),
            Some(by) if off(&by) => None,
            Some(by) => Some(matchers::fields(&by, self.fields, self.diagnostics)),
        };
        let duration = |key, inherited| values.node(key).map_or(inherited, |_| values.duration(key));
        Inherited {
            by,
            wait: duration("group_wait", parent.wait),
            interval: duration("group_interval", parent.interval),
            idle: duration("group_idle", parent.idle),
            template: values.node("template").cloned().or_else(|| parent.template.clone()),
        }
    }

    fn matchers(&mut self, values: Values) -> Vec<Matcher> {
        values.node("match").map(|node| matchers::collect(node, self.fields)).unwrap_or_default()
    }

    fn times(&mut self, values: Values, key: &str) -> Vec<Calendar> {
        let nodes = values.node(key).and_then(Node::as_sequence).unwrap_or_default();
        nodes.iter().map(|node| calendar::read(node, self.diagnostics)).collect()
    }

    fn output(&mut self, node: &Node) -> Option<usize> {
        let name = node.as_str().unwrap_or_default();
        let found = self.outputs.iter().position(|output| output.name == name);
        match found {
            Some(at) => self.named[at] = true,
            None => {
                let near = nearest(name, self.outputs.iter().map(|output| &*output.name));
                let message = format!("there is no output with the name `{name}`");
                let diagnostic = Diagnostic::error(UNKNOWN_OUTPUT, message).at(node.place);
                self.diagnostics.push(diagnostic.help_nearest(near));
            }
        }
        found
    }
}
