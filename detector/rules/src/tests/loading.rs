//! What a load says: every mistake of a rules file with its code, its place and what would be right.

use super::world::World;
use super::{Options, compile, hits, named, rule};

/// Says what a load of files says, line by line.
fn check(files: &[&str], expected: &[&str]) {
    let (_, said) = compile(files, &Options::default());
    assert_eq!(said, expected, "{}", files.join("---\n"));
}

const HEAD: &str = "- rule: r\n  desc: d\n  output: o\n  priority: info\n";
const EVENT: &str = "openat path=/etc/shadow proc=cat";

#[test]
fn conditions_are_wrong_where_they_are_wrong() {
    for (condition, expected) in [
        (
            "evt.type=openat and proc.nam = x",
            "0:5:34: there is no field `proc.nam` (did you mean `proc.name`?)",
        ),
        ("evt.type=opnat", "0:5:23: unknown event type `opnat` (did you mean `openat`?)"),
        ("evt.type=openat and spawned", "0:5:34: undefined macro `spawned` used in filter"),
        ("proc.name < 3 and evt.type=openat and", "0:5:50: expected a blank or `(` after `and`"),
        (
            "evt.type=openat and proc.tty contains 3",
            "0:5:43: `contains` doesn't work on `proc.tty`, which is a number",
        ),
        ("evt.type=openat and proc.tty = x", "0:5:45: this is no whole number"),
        ("evt.type=openat and fd.ip = 1.2", "0:5:42: this is no address"),
        ("evt.type=openat and fd.net = 10.0.0.0", "0:5:43: this is no network, such as `10.0.0.0/8`"),
        (
            "evt.type=openat and proc.name regex a\\d",
            "0:5:50: invalid regex pattern: `\\d` is not of POSIX syntax",
        ),
        ("evt.type=openat and proc.name = val(fd.ip)", "0:5:44: `fd.ip` can't stand on the right"),
        ("evt.type=openat and join(proc.name) = a", "0:5:34: `join` takes a separator and a list"),
        ("evt.type=openat and concat(proc.name) = a", "0:5:34: `concat` takes at least two texts"),
        (
            "evt.type=openat and getopt(proc.name, \"c:\") = a",
            "0:5:34: `getopt` takes a list of arguments and a text that names the options",
        ),
        ("evt.type=openat and tolower(proc.aname) = a", "0:5:34: `proc.aname` can't be transformed"),
        (
            "evt.type=openat and concat(proc.name, proc.pid) = a",
            "0:5:52: `concat` needs texts, which `proc.pid` isn't",
        ),
        (
            "evt.type=openat and evt.arg.flgs = a",
            "0:5:34: no event has a parameter `flgs` (did you mean `evt.arg.flags`?)",
        ),
    ] {
        check(
            &[&format!("{HEAD}  condition: {condition}\n")],
            &[&format!(
                "LOAD_ERR_{} {expected}",
                if expected.contains("macro") { "VALIDATE" } else { "COMPILE_CONDITION" }
            )],
        );
    }
}

/// All of them are found at once, each where it was written: through folding, macros and lists.
#[test]
fn places_lead_through_macros_and_lists() {
    let file = "\
- list: ports
  items: [80, htp]
- macro: web
  condition: >
    evt.type=connect and
    fd.sport in (ports)
- rule: a
  desc: d
  priority: info
  output: \"%proc.nme and %fd.name.\"
  condition: web and
    proc.nam = x
- rule: b
  desc: d
  priority: info
  output: o
  condition: |
    evt.type = connect and
      web
";
    check(
        &[file],
        &[
            "LOAD_ERR_COMPILE_CONDITION 0:2:15: this is no port, nor the name of a service",
            "LOAD_ERR_COMPILE_CONDITION 0:2:15: this is no port, nor the name of a service",
            "LOAD_ERR_COMPILE_OUTPUT 0:10:13: there is no field `proc.nme` (did you mean `proc.name`?)",
            "LOAD_ERR_COMPILE_CONDITION 0:12:5: there is no field `proc.nam` (did you mean `proc.name`?)",
        ],
    );
}

/// What is wrong in one rule doesn't take the others away, and what is unused is said.
#[test]
fn the_rest_still_works() {
    let file = rule("proc.nam = x") + &named("good", "evt.type=openat");
    let (set, said) = compile(&[&file], &Options::default());
    assert_eq!((hits(&set, &World::new(EVENT)).as_str(), said.len()), ("good", 1));
    // Nobody asks what the fields of an unused macro mean.
    check(
        &["- macro: m\n  condition: ka.verb in (l)\n- list: l\n  items: []\n- list: k\n  items: [a]\n"],
        &[
            "LOAD_UNUSED_MACRO 0:1:10: the macro `m` is not used by any rule",
            "LOAD_UNUSED_LIST 0:5:9: the list `k` is not used by any rule",
        ],
    );
}

/// Nesting has an end, however it is made.
#[test]
fn nesting_is_limited() {
    for condition in ["(".repeat(5000) + "evt.num=0", "not (".repeat(300) + "evt.num=0" + &")".repeat(300)] {
        let (set, said) = compile(&[&rule(&condition)], &Options::default());
        assert!(set.rules().is_empty() && said[0].contains("nested more than"), "{said:?}");
    }
    let mut file = "- macro: m0\n  condition: evt.type=open\n".to_owned();
    for at in 1..1000 {
        let before = at - 1;
        file += &format!("- macro: m{at}\n  condition: not (m{before} and proc.name=n{at}) or m{before}\n");
    }
    let (set, said) = compile(&[&file, &named("deep", "m999"), &named("flat", "m3")], &Options::default());
    assert!(said.iter().any(|line| line.contains("nested more than")), "{said:?}");
    assert_eq!(set.rules().len(), 1);
}
