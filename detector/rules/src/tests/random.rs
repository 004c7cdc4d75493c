//! Random rules judged of random events, compiled and by walking their trees: both must agree.

use lanner_event::{Ctx, Reading};
use proptest::prelude::*;

use super::naive::{self, Macros};
use super::world::World;
use super::{Options, compiled, judge, named};
use crate::{Matching, Tri, parse};

/// Comparisons, each over what the events below hold.
const FIELDS: &[(&str, &[&str], &[&str])] = &[
    ("evt.type", &["=", "!="], KINDS),
    ("syscall.type", &["=", "!="], KINDS),
    ("proc.name", TEXT, NAMES),
    ("proc.pname", TEXT, NAMES),
    ("proc.aname", TEXT, NAMES),
    ("proc.aname[2]", TEXT, NAMES),
    ("tolower(fd.name)", TEXT, PATHS),
    ("basename(fd.name)", TEXT, NAMES),
    ("fd.name", TEXT, PATHS),
    ("fd.directory", TEXT, PATHS),
    ("fs.path.name", TEXT, PATHS),
    ("container.image.repository", TEXT, NAMES),
    ("container.name", TEXT, NAMES),
    ("proc.tty", NUMBER, &["0", "1", "2", "34816"]),
    ("len(proc.name)", NUMBER, &["2", "3", "4"]),
    ("evt.rawres", NUMBER, &["0", "-2", "3"]),
    ("fd.port", NUMBER, &["22", "443", "40000"]),
    ("fd.sport", NUMBER, &["22", "443", "40000"]),
    ("evt.num", NUMBER, &["0", "1", "2"]),
    ("fd.ip", &["=", "!="], &["10.0.0.5", "1.2.3.4", "::1"]),
    ("fd.sip", &["=", "!="], &["10.0.0.5", "1.2.3.4", "::1"]),
    ("fd.net", &["=", "!="], &["10.0.0.0/8", "1.2.0.0/16", "::/0"]),
    ("fd.snet", &["=", "!="], &["10.0.0.0/8", "1.2.0.0/16", "::/0"]),
    ("evt.failed", &["=", "!="], &["true", "false"]),
];
const KINDS: &[&str] = &["open", "openat", "execve", "connect", "container", "procexit"];
const TEXT: &[&str] = &["=", "==", "!=", "contains", "icontains", "startswith", "endswith", "glob", "iglob"];
const NUMBER: &[&str] = &["=", "!=", "<", "<=", ">", ">="];
const NAMES: &[&str] = &["sh", "bash", "sshd", "vim", "*s*", "?im", "SH"];
const PATHS: &[&str] = &["/etc", "/etc/sh", "/tmp", "/etc/*", "sh", "/TMP/sh"];

fn check() -> impl Strategy<Value = String> {
    let constant = (0..FIELDS.len(), any::<prop::sample::Index>(), any::<prop::sample::Index>()).prop_map(
        |(field, op, value)| {
            let (field, ops, values) = FIELDS[field];
            format!("{field} {} {}", op.get(ops), value.get(values))
        },
    );
    let list = (0..FIELDS.len(), prop::collection::vec(any::<prop::sample::Index>(), 0..4)).prop_map(
        |(field, picked)| {
            let (field, _, values) = FIELDS[field];
            let values: Vec<_> = picked.iter().map(|at| *at.get(values)).collect();
            format!("{field} in ({})", values.join(", "))
        },
    );
    let modified = (
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    )
        .prop_map(|(op, modifier, picked)| {
            let values: Vec<_> = picked.iter().map(|at| *at.get(PATHS)).collect();
            format!(
                "fd.name {} {} ({})",
                op.get(TEXT),
                modifier.get(&["oneof", "anyof", "allof"]),
                values.join(",")
            )
        });
    let exists = (0..FIELDS.len()).prop_map(|field| format!("{} exists", FIELDS[field].0));
    let other = prop_oneof![
        Just("proc.name = val(proc.pname)".to_owned()),
        Just("proc.exe = val(proc.name)".to_owned()),
        Just("fd.name endswith val(proc.name)".to_owned()),
        Just("fd.name pmatch (/etc, /tmp/sh)".to_owned()),
    ];
    prop_oneof![6 => constant, 2 => list, 1 => modified, 1 => exists, 1 => other]
}

fn condition(macros: usize) -> impl Strategy<Value = String> {
    let leaf = if macros == 0 {
        check().boxed()
    } else {
        prop_oneof![4 => check(), 1 => (0..macros).prop_map(|at| format!("m{at}"))].boxed()
    };
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|items| format!("({})", items.join(" and "))),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|items| format!("({})", items.join(" or "))),
            inner.prop_map(|item| format!("not ({item})")),
        ]
    })
}

/// A condition as rules have them: half of them need a text of a source that others need, too.
fn rule_condition() -> impl Strategy<Value = String> {
    let needs = prop::sample::select(vec![
        "fd.name startswith /etc",
        "fd.name startswith /etc/s",
        "fd.name startswith /etc/sh",
        "fd.name in (/etc/vim, /tmp/SH)",
        "(fd.name = sh or fd.name startswith /tmp)",
        "proc.name in (sh, vim)",
    ]);
    prop_oneof![condition(3), (needs, condition(3)).prop_map(|(needs, rest)| format!("{needs} and ({rest})"))]
}

fn event() -> impl Strategy<Value = String> {
    let kind =
        prop::sample::select(vec!["open", "openat", "execve", "connect", "unlink", "container", "procexit"]);
    let name = || prop::sample::select(vec!["sh", "bash", "sshd", "vim"]);
    let path =
        || prop::option::of(prop::sample::select(vec!["/etc/sh", "/etc/vim", "/tmp/SH", "/etc", "sh"]));
    let ends = prop::option::of(prop::sample::select(vec![
        "local=10.0.0.5:40000 peer=1.2.3.4:443 role=client",
        "local=10.0.0.5:22 peer=1.2.3.4:40000 role=server",
        "local=[::1]:22",
    ]));
    let container =
        prop::option::of(prop::sample::select(vec!["pending", "gone", "bash:vim:1", "sh:x/sh:2"]));
    let number = prop::sample::select(vec!["res=0 tty=34816", "res=-2", "res=3 tty=1"]);
    let parents = prop::collection::vec(name(), 0..4);
    (kind, name(), path(), path(), ends, container, number, parents).prop_map(
        |(kind, name, path, real, ends, container, number, parents)| {
            let given = |key: &str, value: Option<&str>| {
                value.map(|value| format!(" {key}={value}")).unwrap_or_default()
            };
            let mut line = format!("{kind} proc={name} {number} parents={}", parents.join(","));
            line += &given("path", path);
            line += &given("real", real.filter(|_| path.is_some()));
            line += &ends.map(|ends| format!(" {ends}")).unwrap_or_default();
            line + &given("container", container)
        },
    )
}

/// What each rule is by its tree: under the given reading, or the real one if it is more true there.
fn expected(conditions: &[String], macros: &Macros, world: &World) -> Vec<(Tri, Reading)> {
    let bump = bumpalo::Bump::new();
    let given = Ctx::new(world.event(), &world.host, &bump);
    let judged = conditions.iter().map(|condition| {
        let expr = parse::condition(condition).expect("a condition");
        let under_given = naive::judge(&expr, macros, &given);
        let under_real = naive::judge(&expr, macros, &given.reading(Reading::Real));
        match (under_given, under_real) {
            (Tri::True, _) => (Tri::True, Reading::Given),
            (_, Tri::True) => (Tri::True, Reading::Real),
            (Tri::Unknown, _) => (Tri::Unknown, Reading::Given),
            (Tri::False, other) => (other, Reading::Real),
        }
    });
    judged.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn both_agree(
        bodies in (condition(0), condition(1), condition(2)),
        conditions in prop::collection::vec(rule_condition(), 1..9),
        events in prop::collection::vec(event(), 1..4),
    ) {
        let bodies = [bodies.0, bodies.1, bodies.2];
        let mut yaml = String::new();
        let mut macros = Macros::new();
        for (at, body) in bodies.iter().enumerate() {
            yaml += &format!("- macro: m{at}\n  condition: '{body}'\n");
            macros.insert(format!("m{at}"), parse::condition(body).expect("a condition"));
        }
        for (at, condition) in conditions.iter().enumerate() {
            yaml += &named(&format!("r{at}"), condition);
        }
        let all = compiled(&[&yaml], &Options { matching: Matching::All, ..Options::default() });
        let first = compiled(&[&yaml], &Options::default());
        for line in &events {
            let world = World::new(line);
            let expected = expected(&conditions, &macros, &world);
            let hits = judge(&all, &world);
            let found = (0..conditions.len()).map(|at| {
                hits.iter().find(|hit| hit.rule.0 as usize == at).map(|hit| (hit.pending, hit.reading))
            });
            let found: Vec<_> = found.collect();
            let wanted: Vec<_> = expected
                .iter()
                .map(|(result, reading)| (*result != Tri::False).then_some((*result == Tri::Unknown, *reading)))
                .collect();
            prop_assert_eq!(&found, &wanted, "{}\n{}", line, yaml);
            prop_assert_eq!(judge(&first, &world), hits.into_iter().take(1).collect::<Vec<_>>());
        }
    }
}
