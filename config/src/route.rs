//! `router.route`: to whom an alert goes.

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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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
    /// Whether the routes after this one are looked at too.
    pub continues: bool,
    /// The routes below.
    pub routes: Vec<RouteSettings>,
}

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
    let mut tree = reader.route("router.route".to_owned(), node);
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
    fn route(&mut self, name: String, node: &Node) -> RouteSettings {
        let values = Values::of(node, "router.route.");
        let outputs = values.node("outputs").and_then(Node::as_sequence);
        let routes = values.node("routes").and_then(Node::as_sequence).unwrap_or_default();
        let below = |(at, route)| self.route(format!("{name}.routes[{at}]"), route);
        let routes = routes.iter().enumerate().map(below).collect();
        RouteSettings {
            matchers: self.matchers(values),
            outputs: outputs.map(|names| names.iter().filter_map(|name| self.output(name)).collect()),
            min_priority: values.set_priority("min_priority"),
            active: self.times(values, "active"),
            mute: self.times(values, "mute"),
            continues: values.bool("continue"),
            routes,
            name,
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
