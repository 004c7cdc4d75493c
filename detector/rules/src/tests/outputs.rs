//! Outputs filled in.

use lanner_alert::Value;
use lanner_event::FieldRef;
use lanner_event::fields::Fields;

use super::world::World;
use super::{Options, compiled, judge};
use crate::{AppendOutput, ExtraField, RuleSet, Scratch};
use lanner_diagnostic::{SourceText, Sources};

fn file(output: &str) -> String {
    format!(
        "- rule: r\n  desc: d\n  priority: info\n  condition: evt.type=openat\n  tags: [t]\n  output: '{output}'\n"
    )
}

const EVENT: &str =
    "openat path=/etc/shadow real=/etc/x proc=cat parents=bash,sshd tty=5 container=box:busybox:1.36";

fn render(set: &RuleSet, world: &World) -> crate::Rendered {
    let hits = judge(set, world);
    set.render(&hits[0], world.event(), &world.host, &mut Scratch::default())
}

#[test]
fn texts() {
    let world = World::new(EVENT);
    for (output, expected) in [
        ("plain", "plain"),
        ("a %proc.name b", "a cat b"),
        ("%proc.name.", "cat."),
        ("%proc.name,%proc.tty", "cat,5"),
        ("(%proc.aname[2])", "(sshd)"),
        ("%proc.aname", "bash sshd"),
        ("%proc.aname[7]|", "<NA>|"),
        ("%6proc.name|", "cat   |"),
        ("%2proc.name|", "ca|"),
        ("%toupper(proc.name)", "CAT"),
        ("%evt.arg.dirfd|", "<NA>|"),
        ("%fd.name %evt.type", "/etc/shadow openat"),
        ("x%container.info y", "x y"),
        ("%container.name=%container.image.repository:%container.image.tag", "box=busybox:1.36"),
    ] {
        assert_eq!(
            render(&compiled(&[&file(output)], &Options::default()), &world).output,
            expected,
            "{output}"
        );
    }
}

/// The values are typed, and named as they were written; what is transformed is only text.
#[test]
fn values() {
    let set = compiled(
        &[&file("%proc.tty %proc.aname[1] %fd.sip %evt.failed %toupper(proc.name)")],
        &Options::default(),
    );
    let fields = render(&set, &World::new(EVENT)).output_fields;
    let found: Vec<(&str, &Value)> = fields.iter().map(|(name, value)| (name.as_str(), value)).collect();
    assert_eq!(
        found,
        [
            ("evt.failed", &Value::Bool(false)),
            ("fd.sip", &Value::Null),
            ("proc.aname[1]", &Value::Str("bash".into())),
            ("proc.tty", &Value::Uint(5)),
        ]
    );
}

#[test]
fn outputs_are_appended_to() {
    let append = |tags: &[&str]| AppendOutput {
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        extra_output: Some("host=%evt.hostname".into()),
        extra_fields: vec![ExtraField { name: "proc.pid".into(), format: None }],
        suggested_output: true,
        ..AppendOutput::default()
    };
    let options = Options { append_output: vec![append(&["t"]), append(&["other"])], ..Options::default() };
    let rendered = render(&compiled(&[&file("o")], &options), &World::new(EVENT));
    assert_eq!(
        rendered.output,
        "o host=box container_id=3ad7b26ded6d container_name=box container_image_repository=busybox \
         container_image_tag=1.36 k8s_pod_name=<NA> k8s_ns_name=<NA>"
    );
    assert_eq!(rendered.output_fields["proc.pid"], Value::Uint(100));
    assert_eq!(rendered.output_fields["k8s.ns.name"], Value::Null);
    let wrong = ExtraField { name: "proc.pod".into(), format: None };
    let wrong = AppendOutput { extra_fields: vec![wrong], ..AppendOutput::default() };
    let (_, said) =
        super::compile(&[&file("o")], &Options { append_output: vec![wrong], ..Options::default() });
    assert_eq!(
        said,
        ["LOAD_ERR_COMPILE_OUTPUT append_output: there is no field `proc.pod` (did you mean `proc.pid`?)"]
    );
}

/// A hit is pending while anything that its alert shows hasn't come: output, added fields, and wanted ones.
#[test]
fn alerts_wait_for_what_they_show() {
    let world = World::new("openat path=/x container=pending");
    let wanted = |name: &str| FieldRef::from_name(name).expect("a field");
    for (output, wanted, expected) in [
        ("%container.name", vec![], true),
        ("%container.id", vec![], false),
        ("o", vec![wanted("container.image")], true),
        ("o", vec![wanted("container.id")], false),
    ] {
        let mut sources = Sources::default();
        let id = sources.add(SourceText::new("f", file(output)));
        let (set, _) = RuleSet::compile(&sources, &[id], Fields::ALL, &wanted, &Options::default());
        assert_eq!(judge(&set, &world)[0].pending, expected, "{output} {wanted:?}");
    }
    // On the host nothing is late.
    let set = compiled(&[&file("%container.name")], &Options::default());
    assert!(!judge(&set, &World::new("openat path=/x"))[0].pending);
}

#[test]
fn facts_are_what_was_wanted() {
    let mut sources = Sources::default();
    let id = sources.add(SourceText::new("f", file("o")));
    let wanted = ["fd.name", "proc.aname[1]"].map(|name| FieldRef::from_name(name).expect("a field"));
    let (set, _) = RuleSet::compile(&sources, &[id], Fields::ALL, &wanted, &Options::default());
    let facts = render(&set, &World::new(EVENT)).facts;
    assert_eq!(facts["fd.name"], Value::Str("/etc/shadow".into()));
    assert_eq!(facts["proc.aname[1]"], Value::Str("bash".into()));
}
