//! Outputs filled in.

use lanner_alert::Value;
use lanner_event::FieldRef;
use lanner_event::fields::Fields;

use super::world::World;
use super::{Options, compiled, judge};
use crate::{RuleSet, Scratch};
use lanner_diagnostic::{SourceText, Sources};

fn file(output: &str) -> String {
    format!(
        "- rule: r\n  desc: d\n  priority: info\n  condition: evt.type=openat\n  tags: [t]\n  output: '{output}'\n"
    )
}

const EVENT: &str =
    "openat path=/etc/shadow real=/etc/x proc=cat parents=bash,sshd tty=5 container=box:busybox:1.36";

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
    let world = World::new(EVENT);
    let hits = judge(&set, &world);
    let facts = set.render(&hits[0], world.event(), &world.host, &mut Scratch::default()).facts;
    assert_eq!(facts["fd.name"], Value::Str("/etc/shadow".into()));
    assert_eq!(facts["proc.aname[1]"], Value::Str("bash".into()));
}
