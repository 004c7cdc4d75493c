//! To whom an alert goes: a tree as Alertmanager's.

use std::sync::Arc;

use jiff::tz::TimeZone;
use lanner_alert::{Alert, Calendar, Matcher, Priority, Timestamp};

use crate::group::GroupSettings;
use crate::template::RouteText;

/// A node of the tree. An alert that meets its conditions goes to the first of its routes that takes it, and to
/// those after that one where it says `continue`; where none does, to the node's own outputs.
///
/// Outputs and the least priority are inherited, times are not: they say when a node sends what ends at it, as in
/// Alertmanager. What a node doesn't send it takes all the same, so that nobody else gets it instead.
#[derive(Debug, Clone, Default)]
pub struct Route {
    /// Where it stands in the configuration, for those who ask; what its alerts are grouped by is remembered by it.
    pub name: Arc<str>,
    /// All of these must hold.
    pub matchers: Vec<Matcher>,
    /// The outputs, by their place in the list of outputs; none to have the parent's.
    pub outputs: Option<Vec<usize>>,
    /// What has a lower priority isn't sent; none to have the parent's.
    pub min_priority: Option<Priority>,
    /// It sends only at one of these times; always where there are none.
    pub active: Vec<Calendar>,
    /// It sends at none of these times.
    pub mute: Vec<Calendar>,
    /// How what it sends is grouped, as it has it from its parent too; not at all without.
    pub group: Option<Arc<GroupSettings>>,
    /// What its alerts say in place of their own text, as it has it from its parent too.
    pub text: Option<RouteText>,
    /// Whether the routes after this one are looked at too.
    pub continues: bool,
    /// The routes below.
    pub routes: Vec<Route>,
}

/// Why a route doesn't send what it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withheld {
    /// Its priority is below the least one.
    BelowMinimum,
    /// It is none of the active times.
    Inactive,
    /// It is one of the mute times.
    Muted,
}

impl Withheld {
    /// A few words, which also label the metric.
    pub fn reason(self) -> &'static str {
        match self {
            Withheld::BelowMinimum => "below the route's minimum priority",
            Withheld::Inactive => "outside the route's active times",
            Withheld::Muted => "in the route's mute times",
        }
    }
}

/// An output that an alert comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// Its place in the list of outputs.
    pub output: usize,
    /// Why it isn't sent the alert; none where one of the routes that lead to it sends.
    pub withheld: Option<Withheld>,
    /// The first route that sends it, or would, where that says how.
    pub route: Option<Arc<str>>,
}

/// What happens to an alert on its way through the tree.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    /// It comes to a route, so many levels down.
    At {
        /// The route.
        route: &'a Route,
        /// How deep it lies; 0 for the first.
        depth: usize,
        /// Whether all conditions hold, so that the route takes it.
        taken: bool,
    },
    /// The rest of the routes of a level isn't looked at: the one before took it.
    Rest {
        /// Those that are left out.
        routes: &'a [Route],
        /// How deep they lie.
        depth: usize,
    },
    /// No route below took it, so it ends at this one.
    End {
        /// The route.
        route: &'a Route,
        /// How deep it lies.
        depth: usize,
        /// Its outputs, own or inherited.
        outputs: &'a [usize],
        /// Its least priority, own or inherited.
        min_priority: Priority,
        /// Why nothing is sent, where that is so.
        withheld: Option<Withheld>,
    },
}

impl Route {
    /// The tree that sends everything to all of so many outputs.
    pub fn all(outputs: usize) -> Route {
        Route { outputs: Some((0..outputs).collect()), ..Route::default() }
    }

    /// Shows it and all routes below it.
    pub(crate) fn each(&self, see: &mut impl FnMut(&Route)) {
        see(self);
        self.routes.iter().for_each(|route| route.each(see));
    }

    /// Adds the outputs that an alert comes to now, each once. `host` is the zone of times that name none.
    pub fn outputs(&self, alert: &Alert, now: Timestamp, host: &TimeZone, to: &mut Vec<Reached>) {
        let see = |step: Step| {
            let Step::End { route, outputs, withheld, .. } = step else { return };
            let name = || (route.group.is_some() || route.text.is_some()).then(|| route.name.clone());
            for output in outputs {
                match to.iter_mut().find(|reached| reached.output == *output) {
                    Some(reached) if reached.withheld.is_some() && withheld.is_none() => {
                        *reached = Reached { output: *output, withheld, route: name() };
                    }
                    Some(_) => {}
                    None => to.push(Reached { output: *output, withheld, route: name() }),
                }
            }
        };
        Walk { alert, now, host, see }.to(self, Inherited::default());
    }

    /// The way of an alert through the tree, in order: the same that [`outputs`](Route::outputs) takes.
    pub fn explain(&self, alert: &Alert, now: Timestamp, host: &TimeZone) -> Vec<Step<'_>> {
        let mut steps = Vec::new();
        Walk { alert, now, host, see: |step| steps.push(step) }.to(self, Inherited::default());
        steps
    }

    fn withheld(&self, alert: &Alert, least: Priority, now: Timestamp, host: &TimeZone) -> Option<Withheld> {
        let within = |times: &[Calendar]| times.iter().any(|times| times.contains(now, host));
        if alert.priority < least {
            Some(Withheld::BelowMinimum)
        } else if !self.active.is_empty() && !within(&self.active) {
            Some(Withheld::Inactive)
        } else {
            within(&self.mute).then_some(Withheld::Muted)
        }
    }
}

/// What a route has from those above it.
#[derive(Clone, Copy)]
struct Inherited<'a> {
    outputs: &'a [usize],
    min_priority: Priority,
    depth: usize,
}

impl Default for Inherited<'_> {
    fn default() -> Self {
        Inherited { outputs: &[], min_priority: Priority::Debug, depth: 0 }
    }
}

/// One alert's way, and who is told of its steps.
struct Walk<'w, F> {
    alert: &'w Alert,
    now: Timestamp,
    host: &'w TimeZone,
    see: F,
}

impl<F> Walk<'_, F> {
    /// Comes to a route; whether it takes the alert.
    fn to<'a>(&mut self, route: &'a Route, inherited: Inherited<'a>) -> bool
    where
        F: FnMut(Step<'a>),
    {
        let depth = inherited.depth;
        let taken = Matcher::all(&route.matchers, self.alert);
        (self.see)(Step::At { route, depth, taken });
        if !taken {
            return false;
        }
        let outputs = route.outputs.as_deref().unwrap_or(inherited.outputs);
        let min_priority = route.min_priority.unwrap_or(inherited.min_priority);
        let below = Inherited { outputs, min_priority, depth: depth + 1 };
        let mut ends = true;
        for (at, child) in route.routes.iter().enumerate() {
            if !self.to(child, below) {
                continue;
            }
            ends = false;
            if !child.continues {
                let routes = route.routes.get(at + 1..).unwrap_or_default();
                (self.see)(Step::Rest { routes, depth: depth + 1 });
                break;
            }
        }
        if ends {
            let withheld = route.withheld(self.alert, min_priority, self.now, self.host);
            (self.see)(Step::End { route, depth, outputs, min_priority, withheld });
        }
        true
    }
}
