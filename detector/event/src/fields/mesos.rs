//! Fields of tasks of Mesos and applications of Marathon, from the variables that these set in a container's
//! environment, or from labels of the same names. An older Falco asked Mesos itself, and had the same fields.

use super::container::record;
use super::text::Text;
use crate::Type::CharBuf;
use crate::{Arg, ArgRule, Container, Ctx, Field, FieldFlags, Val};

const LATE: FieldFlags = FieldFlags::LATE;
const APP_ID: &str = "MARATHON_APP_ID";
/// Before the name of a label in the name of a variable.
const LABEL: &str = "MARATHON_APP_LABEL_";
/// How many levels of groups an application's id may have, for a task's name.
const GROUPS_MAX: usize = 32;

fn variable<'a>(container: &'a Container, name: &str) -> Option<&'a str> {
    container.environment.get(name).or_else(|| container.labels.get(name)).map(|value| &**value)
}

fn text<'a>(ctx: &Ctx<'a>, read: impl FnOnce(&'a Container) -> Option<&'a str>) -> Val<'a> {
    record(ctx, |container| Val::text(read(container).map(str::as_bytes)))
}

/// The group that an application is in, and its name there: `/group/app`.
fn app(container: &Container) -> Option<(&str, &str)> {
    variable(container, APP_ID)?.rsplit_once('/')
}

/// Marathon names a task after its application, the innermost group last: `app.group`.
fn task_name<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    record(ctx, |container| {
        if let Some(name) = variable(container, "MESOS_TASK_NAME") {
            return Val::Str(name.as_bytes());
        }
        let Some(id) = variable(container, APP_ID) else { return Val::Missing };
        let mut out = Text::new(ctx);
        for name in id.rsplit('/').filter(|name| !name.is_empty()).take(GROUPS_MAX) {
            if out.len() > 0 {
                out.push(b".");
            }
            out.push(name.as_bytes());
        }
        out.val()
    })
}

/// Whether a label's name becomes that in the name of a variable: in capitals, `_` for what no such name may have.
fn is_label(variable: &str, name: &str) -> bool {
    let as_variable = |byte: u8| if byte.is_ascii_alphanumeric() { byte.to_ascii_uppercase() } else { b'_' };
    variable.bytes().eq(name.bytes().map(as_variable))
}

fn own_labels(container: &Container) -> impl Iterator<Item = (&str, &str)> {
    let all = container.environment.iter().chain(&container.labels);
    all.filter_map(|(name, value)| Some((name.strip_prefix(LABEL)?, &**value)))
}

fn label<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    record(ctx, |container| {
        let Arg::Key(key) = ctx.arg else { return Val::Missing };
        let found = own_labels(container).find(|(name, _)| is_label(name, key));
        Val::text(found.map(|(_, value)| value.as_bytes()))
    })
}

fn labels<'a>(ctx: &Ctx<'a>) -> Val<'a> {
    record(ctx, |container| {
        let mut out = Text::new(ctx);
        for (name, value) in own_labels(container) {
            if out.len() > 0 {
                out.push(b", ");
            }
            out.format(format_args!("{name}:{value}"));
        }
        if out.len() == 0 { Val::Missing } else { out.val() }
    })
}

/// Tasks' rows.
pub const MESOS: &[Field] = &[
    Field::new("mesos.task.id", CharBuf, "The task's id, from `MESOS_TASK_ID`.", |ctx| {
        text(ctx, |container| variable(container, "MESOS_TASK_ID"))
    })
    .with(LATE),
    Field::new(
        "mesos.task.name",
        CharBuf,
        "The task's name, from `MESOS_TASK_NAME`, or as Marathon names tasks: `app.group`.",
        task_name,
    )
    .with(LATE),
    Field::new(
        "mesos.task.label",
        CharBuf,
        "A label of the task by name; Marathon gives tasks those of their application.",
        label,
    )
    .arg(ArgRule::KeyRequired)
    .with(LATE),
    Field::new("mesos.task.labels", CharBuf, "All labels of the task, each as `NAME:value`.", labels)
        .with(LATE),
    Field::new("mesos.framework.id", CharBuf, "The framework's id, from `MESOS_FRAMEWORK_ID`.", |ctx| {
        text(ctx, |container| variable(container, "MESOS_FRAMEWORK_ID"))
    })
    .with(LATE),
    Field::new(
        "mesos.framework.name",
        CharBuf,
        "The framework's name, from `MESOS_FRAMEWORK_NAME`; `marathon` for an application of Marathon.",
        |ctx| {
            text(ctx, |container| {
                let own = variable(container, "MESOS_FRAMEWORK_NAME");
                own.or_else(|| variable(container, APP_ID).map(|_| "marathon"))
            })
        },
    )
    .with(LATE),
];

/// Applications' rows.
pub const MARATHON: &[Field] = &[
    Field::new(
        "marathon.app.id",
        CharBuf,
        "The application's id, from `MARATHON_APP_ID`: `/group/app`.",
        |ctx| text(ctx, |container| variable(container, APP_ID)),
    )
    .with(LATE),
    Field::new("marathon.app.name", CharBuf, "The application's name: the last part of its id.", |ctx| {
        text(ctx, |container| app(container).map(|(_, name)| name))
    })
    .with(LATE),
    Field::new(
        "marathon.app.label",
        CharBuf,
        "A label of the application by name, from `MARATHON_APP_LABEL_…`.",
        label,
    )
    .arg(ArgRule::KeyRequired)
    .with(LATE),
    Field::new(
        "marathon.app.labels",
        CharBuf,
        "All labels of the application, each as `NAME:value`. Marathon writes their names in capitals.",
        labels,
    )
    .with(LATE),
    Field::new(
        "marathon.group.id",
        CharBuf,
        "The id of the application's group; `/` for the outermost.",
        |ctx| {
            text(ctx, |container| app(container).map(|(group, _)| if group.is_empty() { "/" } else { group }))
        },
    )
    .with(LATE),
    Field::new(
        "marathon.group.name",
        CharBuf,
        "The name of the application's group: the last part of its id.",
        |ctx| text(ctx, |container| app(container)?.0.rsplit('/').next().filter(|name| !name.is_empty())),
    )
    .with(LATE),
];

#[cfg(test)]
mod tests {
    use crate::Kind;
    use crate::sample::Sample;

    #[test]
    fn tasks_are_read_from_environment_and_labels() {
        let mut sample = Sample::new(Kind::Openat);
        assert_eq!(sample.text("mesos.task.id"), "<NA>");
        for (field, value) in [
            ("mesos.task.id", "shop_web.1234"),
            ("marathon.app.id", "/shop/eu/web"),
            ("marathon.app.label[traefik.enable]", "true"),
        ] {
            sample.set(field, value).unwrap();
        }
        sample.set("container.label[MESOS_FRAMEWORK_ID]", "f-1").unwrap();
        for (field, known) in [
            ("mesos.task.id", "shop_web.1234"),
            ("mesos.task.name", "web.eu.shop"),
            ("mesos.task.label[traefik.enable]", "true"),
            ("mesos.task.labels", "TRAEFIK_ENABLE:true"),
            ("mesos.framework.id", "f-1"),
            ("mesos.framework.name", "marathon"),
            ("marathon.app.id", "/shop/eu/web"),
            ("marathon.app.name", "web"),
            ("marathon.app.label[TRAEFIK_ENABLE]", "true"),
            ("marathon.app.label[none]", "<NA>"),
            ("marathon.app.labels", "TRAEFIK_ENABLE:true"),
            ("marathon.group.id", "/shop/eu"),
            ("marathon.group.name", "eu"),
        ] {
            assert_eq!(sample.text(field), known, "{field}");
        }
        sample.set("marathon.app.id", "/web").unwrap();
        assert_eq!(
            (sample.text("marathon.group.id"), sample.text("marathon.group.name")),
            ("/".into(), "<NA>".into())
        );
    }
}
