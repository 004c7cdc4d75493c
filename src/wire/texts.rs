//! Own texts, of outputs and of routes: made, with what is wrong with them and the fields that they name.

use std::sync::Arc;

use lanner_config::{Loaded, RouteSettings};
use lanner_diagnostic::{Diagnostic, Node, Place, Value};
use lanner_event::FieldRef;
use lanner_outputs::{Common, ROUTE, TemplateError, Templates};
use lanner_router::{GroupSettings, Route, RouteText};

/// The templates of all outputs: what each output is told, and its settings without them.
pub fn of_outputs(loaded: &mut Loaded) -> Vec<(Node, Common)> {
    let mut reader = Reader::default();
    let texts = loaded.settings.outputs.iter().map(|entry| {
        let (mut node, mut common) =
            (entry.node.clone(), super::common(&entry.name, entry.batch, &loaded.settings));
        let (templates, wrong) = lanner_outputs::take_templates(&entry.kind, &mut node, &common);
        common.templates = reader.heard(loaded, &entry.node, templates, wrong);
        (node, common)
    });
    let texts = texts.collect();
    reader.tell(loaded);
    texts
}

/// The tree of routes, with the templates of what their alerts say.
pub fn of_routes(loaded: &mut Loaded) -> Route {
    let mut reader = Reader::default();
    let route = reader.route(loaded, &loaded.settings.route);
    reader.tell(loaded);
    route
}

/// What was found on the way.
#[derive(Default)]
struct Reader {
    fields: Vec<(String, Place)>,
    diagnostics: Vec<Diagnostic>,
}

impl Reader {
    /// Takes note of what is wrong with templates and of the fields that they name; the templates.
    fn heard(
        &mut self,
        loaded: &Loaded,
        node: &Node,
        made: Templates,
        wrong: Vec<TemplateError>,
    ) -> Templates {
        for (key, named) in made.fields() {
            let Some(scalar) = node.get(key) else { continue };
            if named.sure || FieldRef::from_name(&named.name).is_ok() {
                let value = scalar.as_str().unwrap_or_default();
                let place = loaded.sources.inside(scalar.place, value, named.part.clone());
                self.fields.push((named.name.clone(), place));
            }
        }
        for error in wrong {
            let place = loaded.sources.inside(error.place, &error.text, error.part);
            let mut diagnostic = Diagnostic::error("CONFIG_TEMPLATE", error.message).at(place);
            diagnostic.help = error.help;
            let diagnostic = loaded.secrets.hide_in(diagnostic);
            // A route's template is that of those below it too.
            if !self.diagnostics.contains(&diagnostic) {
                self.diagnostics.push(diagnostic);
            }
        }
        made
    }

    fn tell(self, loaded: &mut Loaded) {
        loaded.settings.fields.extend(self.fields);
        loaded.diagnostics.extend(self.diagnostics);
    }

    fn route(&mut self, loaded: &Loaded, settings: &RouteSettings) -> Route {
        let group = settings.group.clone().map(|group| {
            let lanner_config::GroupSettings { by, wait, interval, idle } = group;
            Arc::new(GroupSettings { by, wait, interval, idle })
        });
        Route {
            name: settings.name.as_str().into(),
            matchers: settings.matchers.clone(),
            outputs: settings.outputs.clone(),
            min_priority: settings.min_priority,
            active: settings.active.clone(),
            mute: settings.mute.clone(),
            group,
            text: settings.template.as_ref().map(|template| self.text(loaded, &settings.name, template)),
            continues: settings.continues,
            routes: settings.routes.iter().map(|route| self.route(loaded, route)).collect(),
        }
    }

    fn text(&mut self, loaded: &Loaded, route: &str, template: &Node) -> RouteText {
        let common = super::common(route, 1, &loaded.settings);
        let key = Node { place: template.place, value: Value::Plain(ROUTE[0].key.to_owned()) };
        let node = Node { place: template.place, value: Value::Mapping(vec![(key, template.clone())]) };
        let (templates, wrong) = Templates::take(ROUTE, &mut node.clone(), &common);
        let templates = self.heard(loaded, &node, templates, wrong);
        RouteText(Arc::new(move |notification| templates.render(ROUTE[0].key, notification, &common)))
    }
}
