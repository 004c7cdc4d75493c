//! Random rules judged of random events, compiled and by walking their trees: both must agree.

use lanner_event::{Ctx, Reading};
use proptest::prelude::*;

use super::naive::{self, Macros};
use super::world::World;
use super::{Options, compiled, judge, named};
use crate::{Matching, Tri, parse};

/// What can be compared, with the operators of its type besides `in`, `intersects` and `exists`, and constants that
/// occur in the events below or nearly do.
const FIELDS: &[(&str, &[&str], &[&str])] = &[
    ("evt.type", EQUAL, KINDS),
    ("syscall.type", EQUAL, KINDS),
    ("proc.name", TEXT, NAMES),
    ("proc.name", ORDER, NUMBERS),
    ("proc.name", &["regex"], PATTERNS),
    ("proc.aname", &["regex"], PATTERNS),
    ("fd.name", &["regex"], PATTERNS),
    ("concat(proc.name, container.name)", &["regex"], PATTERNS),
    ("proc.pname", TEXT, NAMES),
    ("proc.aname", TEXT, NAMES),
    ("proc.aname[2]", TEXT, NAMES),
    ("tolower(fd.name)", TEXT, PATHS),
    ("toupper(basename(fd.name))", TEXT, NAMES),
    ("basename(fd.name)", TEXT, NAMES),
    ("fd.name", TEXT, PATHS),
    ("fd.directory", TEXT, PATHS),
    ("fs.path.name", TEXT, PATHS),
    ("concat(proc.name, \"/\", tolower(proc.pname))", TEXT, &["sh/sh", "vim", "/s", "*/*"]),
    ("join(\"-\", (proc.name, evt.rawres, fd.name))", TEXT, &["sh-0-/etc/sh", "-2-", "vim-3", "*-*"]),
    ("join(proc.name, (fd.port, container.name))", TEXT, &["sh", "40000", "*vim*"]),
    ("getopt((\"-s\", proc.name, \"-v\"), \"s:v\")[s]", TEXT, NAMES),
    ("getopt((\"-v\", container.name), \"v\")[v]", TEXT, &["v", "sh"]),
    ("container.image.repository", TEXT, NAMES),
    ("container.name", TEXT, NAMES),
    ("user.name", TEXT, &["root", "ro"]),
    ("proc.tty", NUMBER, &["0", "1", "2", "34816", "-1", "0x8800"]),
    ("proc.pid", NUMBER, &["100", "99", "-1"]),
    ("proc.apid", NUMBER, &["100", "101", "102"]),
    ("len(proc.name)", NUMBER, &["2", "3", "4", "-1"]),
    ("len((proc.name, proc.aname))", NUMBER, &["1", "2", "3"]),
    ("evt.rawres", NUMBER, &["0", "-2", "3"]),
    ("evt.rawtime", NUMBER, &["0", "1700000000000000000", "-1"]),
    ("evt.cpu", NUMBER, &["0", "1", "-1"]),
    ("fd.port", NUMBER, PORTS),
    ("fd.sport", NUMBER, PORTS),
    ("evt.num", NUMBER, &["0", "1", "2"]),
    ("fd.ip", EQUAL, ADDRESSES),
    ("fd.sip", EQUAL, ADDRESSES),
    ("fd.net", EQUAL, NETWORKS),
    ("fd.snet", EQUAL, NETWORKS),
    ("evt.failed", EQUAL, &["true", "false"]),
    ("toupper((proc.name, proc.pname))", &[], &["SH", "BASH", "VIM", "SSHD"]),
    ("getopt((\"-s\", proc.name, \"-vx\"), \"s:v\")", &[], &["s", "v", "?", "sh", "vim"]),
];
const KINDS: &[&str] = &["open", "openat", "execve", "connect", "container", "procexit"];
const EQUAL: &[&str] = &["=", "==", "!="];
const TEXT: &[&str] = &["=", "==", "!=", "contains", "icontains", "startswith", "endswith", "glob", "iglob"];
const PATTERNS: &[&str] = &["sh", "s.*|vim", ".im", "x*", ".*sh", "/.*/sh", "vim|/etc/.*|bash.*"];
const NUMBER: &[&str] = &["=", "==", "!=", "<", "<=", ">", ">="];
const ORDER: &[&str] = &["<", "<=", ">", ">="];
const NAMES: &[&str] = &["sh", "bash", "sshd", "vim", "*s*", "?im", "[!v]*", "SH"];
const NUMBERS: &[&str] = &["0", "7", "0x7"];
const PATHS: &[&str] = &["/etc", "/etc/sh", "/tmp", "/etc/*", "sh", "/TMP/sh"];
const PORTS: &[&str] = &["22", "443", "https", "ssh", "40000"];
const ADDRESSES: &[&str] = &["10.0.0.5", "1.2.3.4", "::1"];
const NETWORKS: &[&str] = &["10.0.0.0/8", "1.2.0.0/16", "::/0", "0.0.0.0/0"];
/// Both sides fields.
const PAIRS: &[(&str, &[&str], &str)] = &[
    ("proc.pname", COMPARED, "val(proc.name)"),
    ("proc.exe", COMPARED, "val(proc.name)"),
    ("fd.name", COMPARED, "val(proc.name)"),
    ("fd.name", COMPARED, "concat(\"/etc/\", proc.name)"),
    ("container.name", COMPARED, "tolower(container.image.repository)"),
    ("proc.pid", NUMBER, "val(proc.ppid)"),
    ("len(proc.name)", NUMBER, "len(proc.pname)"),
    ("fd.sip", EQUAL, "val(fd.rip)"),
    ("evt.failed", EQUAL, "val(fd.is_server)"),
    ("toupper((proc.name, proc.pname))", &["in", "intersects"], "toupper((proc.pname, proc.exe))"),
];
const COMPARED: &[&str] = &[
    "=",
    "!=",
    "<",
    ">=",
    "contains",
    "icontains",
    "startswith",
    "endswith",
    "glob",
    "iglob",
    "in",
    "intersects",
];

/// A place in a list that is known only where it is picked from.
fn pick() -> impl Strategy<Value = prop::sample::Index> {
    any::<prop::sample::Index>()
}

fn check() -> impl Strategy<Value = String> {
    let scalars = || FIELDS.iter().filter(|(_, ops, _)| !ops.is_empty()).collect::<Vec<_>>();
    let constant =
        (prop::sample::select(scalars()), pick(), pick()).prop_map(|((field, ops, values), op, value)| {
            let (op, value) = (*op.get(ops), value.get(values));
            // The grammar has only numbers behind `<` and its like.
            let fits =
                !op.contains(['<', '>']) || value.starts_with(|c: char| c == '-' || c.is_ascii_digit());
            format!("{field} {} {value}", if fits { op } else { "!=" })
        });
    let picked = || prop::collection::vec(pick(), 0..4);
    let list = (prop::sample::select(FIELDS), prop::sample::select(vec!["in", "intersects"]), picked())
        .prop_map(|((field, _, values), op, picked)| {
            let values: Vec<_> = picked.iter().map(|at| format!("\"{}\"", at.get(values))).collect();
            format!("{field} {op} ({})", values.join(", "))
        });
    let below = (prop::sample::select(vec!["fd.name", "proc.aname", "proc.name"]), picked()).prop_map(
        |(field, picked)| {
            let paths: &[&str] = &["/etc", "/tmp/sh", "/*/sh", "vim", "/s?", "/", "/etc/[!v]*"];
            let paths: Vec<_> = picked.iter().map(|at| *at.get(paths)).collect();
            format!("{field} pmatch ({})", paths.join(", "))
        },
    );
    // The grammar has no modifier behind `<` and its like.
    let modified = (prop::sample::select(scalars()), pick(), pick(), picked()).prop_filter_map(
        "ordered",
        |((field, ops, values), op, modifier, picked)| {
            let (op, modifier) = (op.get(ops), modifier.get(&["oneof", "anyof", "allof"]));
            let values: Vec<_> = picked.iter().map(|at| *at.get(values)).collect();
            (!op.contains(['<', '>'])).then(|| format!("{field} {op} {modifier} ({})", values.join(",")))
        },
    );
    let exists = (0..FIELDS.len()).prop_map(|field| format!("{} exists", FIELDS[field].0));
    let other = (prop::sample::select(PAIRS), pick())
        .prop_map(|((left, ops, right), op)| format!("{left} {} {right}", op.get(ops)));
    prop_oneof![6 => constant, 2 => list, 1 => below, 2 => modified, 1 => exists, 2 => other]
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

/// What each rule is by its tree.
fn expected(conditions: &[String], macros: &Macros, world: &World) -> Vec<(Tri, Reading)> {
    let bump = bumpalo::Bump::new();
    let given = Ctx::new(world.event(), &world.host, &bump);
    let judged = conditions.iter().map(|condition| {
        let expr = parse::condition(condition).expect("a condition");
        naive::under_both(&expr, macros, &given)
    });
    judged.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn both_agree(
        bodies in (condition(0), condition(1), condition(2)),
        conditions in prop::collection::vec(rule_condition(), 1..20),
        events in prop::collection::vec(event(), 1..12),
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
        // To compile takes longest.
        let first = (conditions.len() < 6).then(|| compiled(&[&yaml], &Options::default()));
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
            if let Some(first) = &first {
                prop_assert_eq!(judge(first, &world), hits.into_iter().take(1).collect::<Vec<_>>());
            }
        }
    }
}
