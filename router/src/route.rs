//! To whom an alert goes: a tree as Alertmanager's.

use lanner_alert::{Alert, Matcher};

/// A node of the tree. An alert that meets its conditions goes to the first of its routes that takes it, and to
/// those after that one where it says `continue`; where none does, to the node's own outputs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Route {
    /// All of these must hold.
    pub matchers: Vec<Matcher>,
    /// The outputs, by their place in the list of outputs; none to have the parent's.
    pub outputs: Option<Vec<usize>>,
    /// Whether the routes after this one are looked at too.
    pub continues: bool,
    /// The routes below.
    pub routes: Vec<Route>,
}

impl Route {
    /// The tree that sends everything to all of so many outputs.
    pub fn all(outputs: usize) -> Route {
        Route { outputs: Some((0..outputs).collect()), ..Route::default() }
    }

    /// Adds the outputs that an alert goes to, each once.
    pub fn outputs(&self, alert: &Alert, to: &mut Vec<usize>) {
        self.take(alert, &[], to);
    }

    fn take(&self, alert: &Alert, inherited: &[usize], to: &mut Vec<usize>) -> bool {
        if !self.matchers.iter().all(|matcher| matcher.matches(alert)) {
            return false;
        }
        let own = self.outputs.as_deref().unwrap_or(inherited);
        let mut taken = false;
        for route in &self.routes {
            if route.take(alert, own, to) {
                taken = true;
                if !route.continues {
                    break;
                }
            }
        }
        if !taken {
            for output in own {
                if !to.contains(output) {
                    to.push(*output);
                }
            }
        }
        true
    }
}
