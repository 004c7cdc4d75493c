//! A route's own text in place of what its alerts say.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use lanner_alert::{Notification, Timestamp};

use crate::stage::{Stage, Verdict};

/// Makes a text of an alert that is sent by itself; nothing where it can't.
type MakeText = dyn Fn(&Notification) -> Option<String> + Send + Sync;

/// What a route's alerts say.
#[derive(Clone)]
pub struct RouteText(pub Arc<MakeText>);

impl fmt::Debug for RouteText {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("RouteText")
    }
}

/// Gives alerts the texts of the routes that they took. An output shows it where it would show the alert's own, with the
/// escaping that it has for that.
pub struct Template(BTreeMap<Arc<str>, RouteText>);

impl Template {
    /// The texts by the name of the route.
    pub fn new(texts: BTreeMap<Arc<str>, RouteText>) -> Template {
        Template(texts)
    }
}

impl Stage<Notification> for Template {
    fn name(&self) -> &'static str {
        "template"
    }

    fn judge(&mut self, item: &mut Notification, _: Timestamp) -> Verdict {
        let mut reason = "no template";
        for alert in &mut item.alerts {
            let Some(text) = alert.route.as_ref().and_then(|route| self.0.get(route)) else { continue };
            match (text.0)(&Notification::of(alert.clone(), item.time)) {
                Some(text) => {
                    Arc::make_mut(alert).output = text;
                    reason = "own text";
                }
                None => reason = "a template failed",
            }
        }
        Verdict::Pass(reason)
    }
}
